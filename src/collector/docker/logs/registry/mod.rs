//! Which runs there are, whose logs are followed, and what all of them add up to.

mod export;
mod state;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::state::{Entry, Stage, State};
use super::cursor::Cursor;
use super::excerpts::Excerpts;
use super::follow::{Follower, Shared, Signal, Verdict};
use super::metrics::Skipped;
use super::source::Source;
use super::{ReadFrom, RunLog};
use crate::hub::Excerpt;
use crate::logpattern::{FollowSettings, Patterns};
use parking_lot::Mutex;

/// How far the clock of an engine elsewhere may be behind.
const CLOCK_SLACK: u64 = 60_000_000_000;

/// The logs of one engine.
pub(super) struct Registry<S> {
    shared: Arc<Shared<S>>,
    patterns: Arc<Patterns>,
    /// What was written before is not read: it belongs to earlier runs of a container that is started again.
    floor: u64,
    state: Mutex<State>,
    excerpts: Option<Arc<Excerpts>>,
    /// Ends every task.
    stop: CancellationToken,
}

/// What a follower that has done with a run is to do.
enum Next {
    /// It follows the container's next run from there on, or from now on.
    Run(Option<Cursor>),
    Nothing,
}

impl<S: Source> Registry<S> {
    pub(super) fn new(source: S, settings: FollowSettings) -> Self {
        let slack = if source.has_our_clock() { 0 } else { CLOCK_SLACK };
        let patterns = Arc::new(Patterns::new(&settings));
        let mut state = State::default();
        // That of most containers, made now and not while the first of them waits.
        state.matcher(&patterns, patterns.select("")).get();
        Self {
            floor: source.now().saturating_sub(slack),
            patterns,
            excerpts: settings.samples.then(|| Arc::new(Excerpts::new())),
            shared: Arc::new(Shared { source, settings, reopened: Default::default() }),
            state: Mutex::new(state),
            stop: CancellationToken::new(),
        }
    }

    /// Ends every task.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// A run has begun, or is known to go on.
    pub(super) fn begin(self: &Arc<Self>, run: RunLog) {
        self.collect_excerpts();
        let mut state = self.state.lock();
        let known = state.runs.get(&run.id);
        if known.is_some_and(|entry| entry.is_alive) {
            drop(state);
            self.rename(&run.id, &run.name);
            return;
        }
        state.make_room();
        let entry = state.runs.entry(run.id.clone()).or_insert_with(|| Entry {
            name: run.name.clone(),
            from: run.from,
            run: 0,
            is_alive: false,
            stage: Stage::Idle,
            cursor: None,
            has_terminal: false,
            placed: 0,
        });
        entry.name = run.name;
        entry.from = run.from;
        entry.run += 1;
        entry.is_alive = true;
        self.place(&mut state, &run.id);
    }

    /// A run is over.
    pub(super) fn end(self: &Arc<Self>, id: &str) {
        let mut state = self.state.lock();
        let Some(entry) = state.runs.get_mut(id) else { return };
        entry.is_alive = false;
        match &entry.stage {
            Stage::Following(signal, _) => signal.send_modify(|signal| signal.ended = true),
            _ => entry.stage = Stage::Idle,
        }
    }

    pub(super) fn rename(self: &Arc<Self>, id: &str, name: &str) {
        let mut state = self.state.lock();
        let Some(entry) = state.runs.get_mut(id).filter(|entry| entry.name != name) else { return };
        name.clone_into(&mut entry.name);
        match &entry.stage {
            Stage::Following(..) if entry.is_alive => self.place(&mut state, id),
            Stage::Idle if entry.is_alive => {
                // It was not wanted under its old name, and what it logged under that does not matter.
                entry.from = ReadFrom::Now;
                self.place(&mut state, id);
            }
            _ => {}
        }
    }

    /// The container of that name was removed some time ago.
    pub(super) fn forget(&self, name: &str) {
        let mut state = self.state.lock();
        state.runs.retain(|_, entry| entry.is_alive || entry.is_followed() || entry.name != name);
        if !state.runs.values().any(|entry| entry.name == name) {
            state.totals.remove(name);
            if let Some(excerpts) = &self.excerpts {
                excerpts.forget(name);
            }
        }
    }

    /// A follower has done with a run; what it is to do next.
    fn finish(self: &Arc<Self>, id: &str, (run, verdict, cursor): (u64, Verdict, Option<Cursor>)) -> Next {
        let mut state = self.state.lock();
        let Some(entry) = state.runs.get_mut(id) else { return Next::Nothing };
        entry.cursor = cursor;
        entry.has_terminal |= verdict == Verdict::Terminal;
        let is_wanted = entry.is_alive && self.wants(&entry.name);
        // Its next run has begun, or it has a name again under which it is wanted.
        let goes_on = entry.run != run || verdict == Verdict::Unwanted;
        if is_wanted && goes_on && !matches!(verdict, Verdict::Terminal | Verdict::Unreadable) {
            return Next::Run(self.beginning(entry));
        }
        entry.stage = match verdict {
            Verdict::Terminal if is_wanted => Stage::Skipped(Skipped::Terminal),
            Verdict::Unreadable if is_wanted => {
                tracing::info!(
                    container = %entry.name,
                    "its log driver cannot be read, so its log is not followed; use json-file, local or journald",
                );
                Stage::Skipped(Skipped::Driver)
            }
            _ => Stage::Idle,
        };
        let name = entry.name.clone();
        if let Some(totals) = state.totals.get(&name) {
            totals.forget_readings();
        }
        self.place_next(&mut state);
        Next::Nothing
    }

    /// The last matching lines, the newest first.
    pub(super) fn samples(&self) -> Vec<Excerpt> {
        self.excerpts.as_ref().map(|excerpts| excerpts.list()).unwrap_or_default()
    }

    /// Finds out what is to be done for a run, and does it.
    fn place(self: &Arc<Self>, state: &mut State, id: &str) {
        let Some(entry) = state.runs.get(id) else { return };
        let (name, is_followed) = (entry.name.clone(), entry.is_followed());
        let is_wanted = self.wants(&name);
        let has_place = is_followed || !state.is_full(self.shared.settings.max_followed);
        let binding = (is_wanted && has_place).then(|| state.binding(&name, &self.patterns, self.excerpts.as_ref()));
        state.placed += 1;
        let placed = state.placed;
        let Some(entry) = state.runs.get_mut(id) else { return };
        entry.placed = placed;
        if let Stage::Following(signal, _) = &entry.stage {
            signal.send_modify(|signal| {
                signal.unwanted = binding.is_none();
                if let Some(binding) = binding {
                    signal.binding = binding;
                    signal.ended &= signal.run == entry.run;
                    signal.run = entry.run;
                }
            });
            return;
        }
        entry.stage = match binding {
            None if !is_wanted => Stage::Idle,
            _ if entry.has_terminal && !self.shared.settings.tty => Stage::Skipped(Skipped::Terminal),
            None => Stage::Skipped(Skipped::Limit),
            Some(binding) => {
                let signal = Signal { run: entry.run, ended: false, unwanted: false, binding };
                let (sender, receiver) = watch::channel(signal);
                let is_open = Arc::new(AtomicBool::new(false));
                let follower = Follower::new(Arc::clone(&self.shared), id.to_owned(), receiver, Arc::clone(&is_open));
                let following = Arc::clone(self).follow(id.to_owned(), follower, self.beginning(entry));
                tokio::spawn(self.stop.clone().run_until_cancelled_owned(following));
                Stage::Following(sender, is_open)
            }
        };
    }

    /// Has a container's log followed, run after run, until there is no more use for it.
    async fn follow(self: Arc<Self>, id: String, mut follower: Follower<S>, mut cursor: Option<Cursor>) {
        loop {
            let done = follower.follow(cursor.take()).await;
            match self.finish(&id, done) {
                Next::Run(beginning) => cursor = beginning,
                Next::Nothing => return,
            }
        }
    }

    /// Gives the places that are free to the runs that wait the longest.
    fn place_next(self: &Arc<Self>, state: &mut State) {
        let waits = |entry: &Entry| matches!(entry.stage, Stage::Skipped(Skipped::Limit));
        while !state.is_full(self.shared.settings.max_followed) {
            let waiting = state.runs.iter().filter(|(_, entry)| waits(entry));
            let Some(id) = waiting.min_by_key(|(_, entry)| entry.placed).map(|(id, _)| id.clone()) else { return };
            self.place(state, &id);
        }
    }

    /// Where reading a run begins.
    fn beginning(&self, entry: &mut Entry) -> Option<Cursor> {
        match entry.from {
            ReadFrom::Now => None,
            ReadFrom::Start => Some(entry.cursor.take().unwrap_or_else(|| Cursor::new(self.floor))),
        }
    }

    fn wants(&self, name: &str) -> bool {
        let settings = &self.shared.settings;
        (settings.containers.is_empty() || settings.containers.matches(name)) && !settings.exclude.matches(name)
    }

    /// Starts the task that masks excerpts, once there is a runtime for sure.
    fn collect_excerpts(self: &Arc<Self>) {
        let Some(excerpts) = &self.excerpts else { return };
        if std::mem::replace(&mut self.state.lock().collecting, true) {
            return;
        }
        let (registry, excerpts) = (Arc::clone(self), Arc::clone(excerpts));
        let collecting = async move { excerpts.collect(&registry.patterns).await };
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(collecting));
    }
}
