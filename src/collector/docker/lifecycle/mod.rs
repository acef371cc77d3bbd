//! The lives of the containers: states, starts, exits and OOM kills, from the event stream and from lists.
//!
//! The [`Book`] knows what there is and what it means; here it is fed. Events come while the stream is up, and are read as
//! fast as they come: an engine drops those that wait for longer than a tenth of a second. A list corrects what is known
//! after each subscription and at each poll, and an inspection tells what neither of them does.

mod action;
mod book;
#[cfg(any(test, fuzzing))]
pub(super) use self::book::fuzz;
mod export;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

pub(super) use self::book::ExitReason;
use self::book::{Book, Effect, Inspection, Moment, Request};
use super::container::Container;
use super::engine::{Endpoint, Engine, EngineError};
use super::logs::Logs;
use crate::collector::docker::DockerTarget;
use crate::metric::{Families, MetricInfo};
use parking_lot::{Mutex, MutexGuard};

/// Inspections that are under way at a time, of the polls and of the event stream each.
const IN_FLIGHT: usize = 8;

/// The part of a poll's time that inspections may take; what is left is inspected afterwards.
const SHARE: u32 = 4;

/// Everything that is known of the watched containers of one engine.
pub(super) struct Lifecycle {
    engine: Engine,
    logs: Arc<Logs>,
    book: Mutex<Book>,
    /// The most that the inspections of one poll may take.
    budget: Duration,
    /// There are inspections to be made for which a poll had no time.
    due: Notify,
    /// The engine has answered.
    answered: Notify,
    /// Whether the last poll had an answer: a connection to an engine that hangs stays open.
    answers: AtomicBool,
    /// An inspection is over.
    told: Notify,
}

impl Lifecycle {
    pub(super) fn new(target: &DockerTarget, engine: Engine, logs: Arc<Logs>) -> Self {
        Self {
            engine,
            logs,
            book: Mutex::new(Book::new(target)),
            budget: target.deadline / SHARE,
            due: Notify::new(),
            answered: Notify::new(),
            answers: AtomicBool::new(false),
            told: Notify::new(),
        }
    }

    /// Compares what is known with the engine's list, and inspects what is new or has changed.
    pub(super) async fn resync(&self) -> Result<(), EngineError> {
        // A poll that is given up meanwhile had none.
        self.answers.store(false, Ordering::Relaxed);
        self.list().await?;
        self.answers.store(true, Ordering::Relaxed);
        self.answered.notify_waiters();
        let until = Instant::now() + self.budget;
        let mut asking = FuturesUnordered::new();
        loop {
            while asking.len() < IN_FLIGHT
                && Instant::now() < until
                && let Some(ask) = self.next_inspection()
            {
                asking.push(self.inspect(ask, Some(until)));
            }
            if !asking.is_empty() {
                asking.next().await;
                continue;
            }
            // What is being asked beside the event stream belongs to this poll as well.
            let told = self.told.notified();
            if !self.book().is_inspecting() || timeout_at(until, told).await.is_err() {
                break;
            }
        }
        self.due.notify_one();
        Ok(())
    }

    /// Whether the engine answered the last poll.
    pub(super) fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// The watched containers, also those that were removed a short time ago.
    pub(super) fn containers(&self) -> Vec<Container> {
        self.book().containers(Moment::now())
    }

    /// The kernel killed a process of a container for want of memory at that time; `count` are all of its run so far, where
    /// its control group has told.
    pub(super) fn oom_killed(&self, id: &str, at: SystemTime, count: Option<u64>) {
        self.change(|book, now| book.oom_killed(id, at, count, now));
    }

    /// Reads the event stream for ever, and subscribes anew whenever it ends.
    pub(super) async fn watch(&self) {
        watch::watch(self).await;
    }

    /// Names what it counted since the agent started, whether or not the engine is there.
    pub(super) fn export_totals(&self, out: &mut Families) {
        let mut book = self.book();
        book.settle(Moment::now());
        export::totals(&book, self.answers(), out);
    }

    async fn list(&self) -> Result<(), EngineError> {
        let asked = self.book().begin_list(Moment::now());
        let list = self.engine.list().await?;
        self.change(|book, now| book.list(asked, &list, now));
        Ok(())
    }

    fn next_inspection(&self) -> Option<Request> {
        self.book().next_inspection(Moment::now())
    }

    /// Asks for one inspection, and takes what it tells.
    async fn inspect(&self, ask: Request, until: Option<Instant>) {
        let mut asking = Asking { lifecycle: self, ask: Some(ask) };
        let Some(ask) = asking.ask.clone() else { return };
        let inspection = self.engine.inspect(&ask.id);
        let reply = match until {
            Some(until) => timeout_at(until, inspection).await.ok(),
            None => Some(inspection.await),
        };
        let answer = match reply {
            Some(Ok(inspected)) => Inspection::Told(Box::new(inspected)),
            Some(Err(error)) if error.is_denied() || error.status == Some(404) => Inspection::Never,
            Some(Err(error)) => {
                tracing::debug!(%error, "inspection failed");
                Inspection::Failed
            }
            // Whoever reads the events has more time than a poll.
            None if self.book().is_live() => return,
            None => Inspection::Failed,
        };
        asking.ask = None;
        self.change(|book, now| book.inspected(&ask, answer, now));
    }

    /// Changes the book and tells the logs, in one step: they must hear of things in the order in which they happen.
    fn change(&self, change: impl FnOnce(&mut Book, Moment) -> Vec<Effect>) {
        let mut book = self.book();
        for effect in change(&mut book, Moment::now()) {
            match effect {
                Effect::Begin(run) => self.logs.begin(run),
                Effect::End(id) => self.logs.end(&id),
                Effect::Rename { id, name } => self.logs.rename(&id, &name),
                Effect::Forget(name) => self.logs.forget(&name),
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        let mut book = self.book.lock();
        book.set_may_inspect(self.engine.may(Endpoint::Inspect));
        book
    }
}

/// An inspection that is under way. Whoever stops waiting for it leaves it to others.
struct Asking<'a> {
    lifecycle: &'a Lifecycle,
    ask: Option<Request>,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if let Some(ask) = &self.ask {
            self.lifecycle.book().give_up(ask);
        }
        self.lifecycle.told.notify_waiters();
    }
}

/// Names the states of the containers that a poll saw.
pub(super) fn export(containers: &[Container], out: &mut Families) {
    export::containers(containers, out);
}

/// Everything that is exported of it.
pub(super) fn metrics() -> Vec<MetricInfo> {
    export::metrics()
}
