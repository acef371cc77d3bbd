//! Follows the log of one container. Knows its source and where it counts, not who wants it followed: the registry signals,
//! and is told a verdict.

mod read;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use self::read::End;
use super::cursor::Cursor;
use super::metrics::Reopened;
use super::reader::Binding;
use super::source::{Refused, Source};
use crate::collector::docker::backoff::{HEALTHY, reopening};
use crate::collector::lines::Bucket;
use crate::logpattern::FollowSettings;
use crate::net::jittered;

/// How long what is left of the log of a run that is over may let wait for itself.
const DRAIN: Duration = Duration::from_secs(30);

/// How long the engine may take to tell that the container of a log that has ended is over.
const SETTLED: Duration = Duration::from_secs(1);

/// Between two looks at whether logs may be read.
const DENIED: Duration = Duration::from_mins(1);

/// What the follower of a container is told.
#[derive(Debug, Clone)]
pub(super) struct Signal {
    /// Counts the container's runs.
    pub(super) run: u64,
    /// Whether that run is over.
    pub(super) ended: bool,
    /// Whether the log is not to be followed any more at all.
    pub(super) unwanted: bool,
    pub(super) binding: Arc<Binding>,
}

/// Why a run is not followed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is over, and all of its log was read.
    Ended,
    /// There is no such container any more.
    Gone,
    /// It has a terminal, and those are left out.
    Terminal,
    /// Its log driver cannot be read.
    Unreadable,
    Unwanted,
}

/// What all followers of one engine's logs have in common.
pub(super) struct Shared<S> {
    pub(super) source: S,
    pub(super) settings: FollowSettings,
    /// Logs that were opened again.
    pub(super) reopened: [AtomicU64; Reopened::ALL.len()],
}

/// Follows the log of one container.
pub(super) struct Follower<S: Source> {
    shared: Arc<Shared<S>>,
    id: String,
    signal: watch::Receiver<Signal>,
    is_open: Arc<AtomicBool>,
    /// The run that is followed, of those that the signal counts.
    run: u64,
    /// How far it was read; `None` if it is to be read from now on.
    cursor: Option<Cursor>,
    bucket: Bucket,
    /// Why the log is not open, and since when.
    lost: Option<(Reopened, Instant)>,
}

impl<S: Source> Follower<S> {
    pub(super) fn new(
        shared: Arc<Shared<S>>,
        id: String,
        signal: watch::Receiver<Signal>,
        is_open: Arc<AtomicBool>,
    ) -> Self {
        let bucket = Bucket::new(shared.settings.lines_per_second, shared.settings.burst, Instant::now());
        Self { shared, id, signal, is_open, run: 0, cursor: None, bucket, lost: None }
    }

    /// Follows the run that is on now, from `cursor` on or from now on; which one it was, why it is not followed any more, and
    /// how far it was read.
    pub(super) async fn follow(&mut self, cursor: Option<Cursor>) -> (u64, Verdict, Option<Cursor>) {
        let Shared { settings, .. } = self.shared.as_ref();
        self.run = self.signal.borrow().run;
        self.bucket = Bucket::new(settings.lines_per_second, settings.burst, Instant::now());
        (self.cursor, self.lost) = (cursor, None);
        let verdict = self.run().await;
        (self.run, verdict, self.cursor.take())
    }

    async fn run(&mut self) -> Verdict {
        let mut backoff = reopening();
        // Whether the log had ended when it was opened last.
        let mut is_second_look = false;
        loop {
            if self.is_superseded() {
                return Verdict::Ended;
            }
            // Asked now and not at the end: of a run that is over by now the engine sends all that there is, so that this
            // look is the last one.
            let is_last = self.is_over();
            if !self.shared.source.may() {
                if is_last {
                    return Verdict::Ended;
                }
                self.pause(DENIED).await;
                continue;
            }
            let since = self.since();
            let mut finished = false;
            match self.shared.source.open(&self.id, since).await {
                Ok(body) => {
                    if let Some((reason, _)) = self.lost.take().filter(|_| !is_last) {
                        self.shared.reopened[reason as usize].fetch_add(1, Relaxed);
                    }
                    let opened = Instant::now();
                    self.is_open.store(true, Relaxed);
                    let end = self.read(body).await;
                    self.is_open.store(false, Relaxed);
                    if opened.elapsed() >= HEALTHY {
                        backoff.succeeded();
                    }
                    match end {
                        End::Stop(verdict) => return verdict,
                        End::Drained => return Verdict::Ended,
                        // A connection that is dead without a sign shows no lines either: a new one tells.
                        End::Idle => {
                            is_second_look = false;
                            self.lose(Reopened::IdleRefresh);
                            continue;
                        }
                        End::Finished => finished = true,
                        End::Broken(reason) => self.lose(reason),
                    }
                }
                Err(Refused::Gone) => return Verdict::Gone,
                Err(Refused::Unreadable) => return Verdict::Unreadable,
                // The next look at whether logs may be read waits.
                Err(Refused::Denied) => continue,
                Err(Refused::Failed(_)) => self.lose(Reopened::Error),
            }
            if finished && !is_last && !is_second_look && self.can_tell_lines_apart() {
                // An engine before 23 may end a log before it has sent the last lines. It must be asked at once: the log of
                // a container that is removed when it ends is there for some milliseconds more.
                is_second_look = true;
                continue;
            }
            is_second_look = false;
            if finished {
                // Of a run that goes on the engine has ended the log for reasons of its own.
                self.settle().await;
                if is_last || self.is_over() {
                    return Verdict::Ended;
                }
                self.lose(Reopened::Error);
            }
            if self.is_over() && self.lost.is_some_and(|(_, since)| since.elapsed() >= DRAIN) {
                return Verdict::Ended;
            }
            self.pause(jittered(backoff.failed())).await;
        }
    }

    /// The second from which on the engine is to be asked; `None` for now.
    fn since(&mut self) -> Option<u64> {
        let Shared { source, settings, .. } = self.shared.as_ref();
        // What an outage of that length has left unread is old news: reading it would take the engine long.
        let gap = self.lost.is_some_and(|(_, since)| since.elapsed() > settings.max_gap);
        if gap && !self.is_over() {
            self.cursor = None;
            self.lost = self.lost.map(|(_, since)| (Reopened::Gap, since));
        }
        let now = source.now();
        if let Some(cursor) = &mut self.cursor {
            return Some(cursor.resume(if source.has_our_clock() { now } else { u64::MAX }));
        }
        self.cursor = Some(Cursor::new(now));
        None
    }

    fn lose(&mut self, reason: Reopened) {
        if self.lost.is_none() {
            self.lost = Some((reason, Instant::now()));
        }
    }

    /// Whether the run is over.
    fn is_over(&self) -> bool {
        self.signal.borrow().ended || self.is_superseded()
    }

    /// Whether the next run has begun.
    fn is_superseded(&self) -> bool {
        self.signal.borrow().run != self.run
    }

    /// Whether lines that come again are recognised.
    fn can_tell_lines_apart(&self) -> bool {
        self.cursor.as_ref().is_some_and(Cursor::can_tell_apart)
    }

    /// The end of a log and the news that its container is over come by different ways: waits for the latter.
    async fn settle(&mut self) {
        let until = Instant::now() + SETTLED;
        while !self.is_over() {
            tokio::select! {
                () = sleep_until(until) => return,
                changed = self.signal.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Waits, unless there is news.
    async fn pause(&mut self, time: Duration) {
        tokio::select! {
            () = sleep(time) => {}
            Ok(()) = self.signal.changed() => {}
        }
    }
}
