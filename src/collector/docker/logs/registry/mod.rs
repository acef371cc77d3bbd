//! Which runs there are, whose logs are followed, and what all of them add up to.

mod export;
mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::state::{Entry, Stage, State};
use super::cursor::Cursor;
use super::follow::{After, Signal, Verdict, follow};
use super::metrics::{Reopened, Skipped};
use super::samples::Samples;
use super::source::Source;
use super::{ReadFrom, RunLog};
use crate::hub::Excerpt;
use crate::logpattern::{FollowSettings, Patterns};
use parking_lot::Mutex;

/// How far the clock of an engine elsewhere may be behind.
const CLOCK_SLACK: u64 = 60_000_000_000;

/// The logs of one engine.
pub(super) struct Registry<S> {
    source: S,
    settings: FollowSettings,
    patterns: Arc<Patterns>,
    /// What was written before is not read: it belongs to earlier runs of a container that is started again.
    floor: u64,
    state: Mutex<State>,
    reopened: [AtomicU64; Reopened::ALL.len()],
    samples: Option<Arc<Samples>>,
    /// Ends every task.
    stop: CancellationToken,
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
            source,
            patterns,
            samples: settings.samples.then(|| Arc::new(Samples::new())),
            settings,
            state: Mutex::new(state),
            reopened: [const { AtomicU64::new(0) }; Reopened::ALL.len()],
            stop: CancellationToken::new(),
        }
    }

    pub(super) const fn source(&self) -> &S {
        &self.source
    }

    pub(super) const fn settings(&self) -> &FollowSettings {
        &self.settings
    }

    /// Takes note that a log was opened again.
    pub(super) fn reopened(&self, reason: Reopened) {
        self.reopened[reason as usize].fetch_add(1, Relaxed);
    }

    /// Ends every task.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// A run has begun, or is known to go on.
    pub(super) fn begin(self: &Arc<Self>, run: RunLog) {
        self.collect_samples();
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
            if let Some(samples) = &self.samples {
                samples.forget(name);
            }
        }
    }

    /// A follower has done with a run.
    pub(super) fn finish(self: &Arc<Self>, id: &str, run: u64, verdict: Verdict, cursor: Option<Cursor>) -> After {
        let mut state = self.state.lock();
        let Some(entry) = state.runs.get_mut(id) else { return After::Nothing };
        entry.cursor = cursor;
        entry.has_terminal |= verdict == Verdict::Terminal;
        let is_wanted = entry.is_alive && self.wants(&entry.name);
        // Its next run has begun, or it has a name again under which it is wanted.
        let goes_on = entry.run != run || verdict == Verdict::Unwanted;
        if is_wanted && goes_on && !matches!(verdict, Verdict::Terminal | Verdict::Unreadable) {
            return After::NextRun(self.beginning(entry));
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
        After::Nothing
    }

    /// The last matching lines, the newest first.
    pub(super) fn samples(&self) -> Vec<Excerpt> {
        self.samples.as_ref().map(|samples| samples.list()).unwrap_or_default()
    }

    /// Finds out what is to be done for a run, and does it.
    fn place(self: &Arc<Self>, state: &mut State, id: &str) {
        let Some(entry) = state.runs.get(id) else { return };
        let (name, is_followed) = (entry.name.clone(), entry.is_followed());
        let is_wanted = self.wants(&name);
        let has_place = is_followed || !state.is_full(self.settings.max_followed);
        let binding = (is_wanted && has_place).then(|| state.binding(&name, self));
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
            _ if entry.has_terminal && !self.settings.tty => Stage::Skipped(Skipped::Terminal),
            None => Stage::Skipped(Skipped::Limit),
            Some(binding) => {
                let signal = Signal { run: entry.run, ended: false, unwanted: false, binding };
                let (sender, receiver) = watch::channel(signal);
                let is_open = Arc::new(AtomicBool::new(false));
                let cursor = self.beginning(entry);
                let following = follow(Arc::clone(self), id.to_owned(), receiver, Arc::clone(&is_open), cursor);
                tokio::spawn(self.stop.clone().run_until_cancelled_owned(following));
                Stage::Following(sender, is_open)
            }
        };
    }

    /// Gives the places that are free to the runs that wait the longest.
    fn place_next(self: &Arc<Self>, state: &mut State) {
        let waits = |entry: &Entry| matches!(entry.stage, Stage::Skipped(Skipped::Limit));
        while !state.is_full(self.settings.max_followed) {
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
        let Self { settings, .. } = self;
        (settings.containers.is_empty() || settings.containers.matches(name)) && !settings.exclude.matches(name)
    }

    /// Starts the task that masks samples, once there is a runtime for sure.
    fn collect_samples(self: &Arc<Self>) {
        let Some(samples) = &self.samples else { return };
        if std::mem::replace(&mut self.state.lock().collecting, true) {
            return;
        }
        let (registry, samples) = (Arc::clone(self), Arc::clone(samples));
        let collecting = async move { samples.collect(&registry.patterns).await };
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(collecting));
    }
}
