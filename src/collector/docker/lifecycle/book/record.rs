//! What is known of one container beside what others see of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::reason::Nanos;
use super::run::Note;
use super::runs::{Counted, Runs, Seen};
use super::{Ask, Moment};
use crate::collector::docker::container::{Container, Health, RunState};
use crate::collector::docker::engine::{Age, Inspected, Listed};

/// For so long after an event a list may still show what was before it: the engine's list follows its events.
const SETTLING: Duration = Duration::from_secs(2);

/// By so much the engine's words for a time span may be behind.
const SLACK: Duration = Duration::from_secs(2);

/// When a container that goes on as it did is inspected again.
const REFRESH: Duration = Duration::from_mins(5);

/// The first pause after an inspection that failed; it doubles with each further one, up to [`REFRESH`].
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// One container.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) container: Container,
    pub(super) runs: Runs,
    /// The newest event that says how it is.
    pub(super) event: Option<Note>,
    /// When it became known, in the order of notes: of two with one name the later one has it.
    pub(super) born: u64,
    pub(super) removed: Option<Instant>,
    /// Whether another container has had its name since it was removed: it is not shown again when that one goes.
    pub(super) is_replaced: bool,
    pub(super) forged: Forged,
    /// Whether it was ever seen to run.
    is_seen: bool,
    age: Option<(Age, Instant)>,
    inspected_at: Option<Instant>,
    /// When the last inspection that told something was asked, in the order of notes.
    inspection_asked: u64,
    failures: u32,
    not_before: Option<Instant>,
    /// Whether events may have been missed since the last inspection.
    pub(super) is_blind: bool,
}

/// Docker labels that take the place of attributes of events. Until it is known that there is none, there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forged {
    pub(super) exit_code: bool,
    pub(super) signal: bool,
}

impl Forged {
    pub(super) const UNKNOWN: Self = Self { exit_code: true, signal: true };

    /// By the Docker labels.
    pub(super) fn by(labels: &BTreeMap<String, String>) -> Self {
        Self {
            exit_code: labels.contains_key("exitCode") || labels.contains_key("containerExitCode"),
            signal: labels.contains_key("signal"),
        }
    }
}

impl Record {
    pub(super) fn new(id: &str, name: &str, state: RunState, note: Note, seen: SystemTime) -> Self {
        Self {
            container: Container {
                id: id.to_owned(),
                name: name.to_owned(),
                image: String::new(),
                labels: Arc::new([]),
                state,
                health: Health::None,
                shares_network: false,
                created: None,
                started: None,
                seen,
                inspected: None,
            },
            runs: Runs::default(),
            event: None,
            born: note.seq,
            removed: None,
            is_replaced: false,
            forged: Forged::UNKNOWN,
            is_seen: false,
            age: None,
            inspected_at: None,
            inspection_asked: 0,
            failures: 0,
            not_before: None,
            is_blind: false,
        }
    }

    /// Takes note that it runs, or has until now.
    pub(super) fn see(&mut self, wall: SystemTime) {
        self.container.seen = wall;
        self.is_seen = true;
    }

    /// Takes the labels that the configuration exports.
    pub(super) fn set_labels(&mut self, labels: Vec<(String, String)>) {
        if *self.container.labels != *labels {
            self.container.labels = labels.into();
        }
    }

    /// Whether a list that was asked at that moment may be older than what events and inspections told.
    pub(super) fn is_newer_than(&self, asked: &Ask) -> bool {
        let by_event = self.event.is_some_and(|event| event.seq > asked.seq || event.now + SETTLING > asked.at);
        by_event || self.inspection_asked > asked.seq
    }

    /// Takes note of an event that says how it is.
    pub(super) fn note_event(&mut self, state: Option<RunState>, note: Note) {
        self.event = Some(note);
        if let Some(state) = state {
            self.container.state = state;
        }
    }

    /// A run begins, by its event.
    pub(super) fn begin(&mut self, at: Nanos, note: Note) {
        self.note_event(Some(RunState::Running), note);
        if !self.runs.knows_start() {
            self.container.started = time_of(at);
        }
        self.age = Some((Age { at_least: Duration::ZERO, below: Duration::ZERO }, note.now));
        if self.container.health != Health::None {
            self.container.health = Health::Starting;
        }
    }

    /// A run has ended, by its event.
    pub(super) fn end(&mut self, note: Note) {
        self.note_event(Some(RunState::Exited), note);
        self.age = Some((Age { at_least: Duration::ZERO, below: Duration::ZERO }, note.now));
    }

    /// Takes what a list shows that is not older; whether an inspection should tell more.
    pub(super) fn list(&mut self, listed: &Listed, may_inspect: bool, note: Note) -> (Counted, bool) {
        let state = RunState::named(&listed.state);
        let was_live = self.runs.is_live();
        let jumped = self.jumped(listed.age, state, note.now);
        let mut counted = Counted::default();
        match liveness(state) {
            Some(true) if !was_live => counted = self.runs.listed_live(note),
            Some(true) if jumped && !may_inspect => counted = self.runs.listed_another(false, None, note),
            Some(false) if jumped && !may_inspect && !was_live => {
                counted = self.runs.listed_another(true, listed.exit_code, note);
            }
            Some(false) if state != RunState::Created => counted = self.runs.listed_ended(listed.exit_code, note),
            _ => {}
        }
        let changed = state != self.container.state || was_live != self.runs.is_live();
        self.container.state = state;
        // Before API 1.52 the words for a paused container leave no room for its health.
        if listed.health.is_some() || state != RunState::Paused {
            self.container.health = listed.health.as_deref().map_or(Health::None, Health::named);
        }
        self.age = listed.age.map(|age| (age, note.now));
        (counted, changed || jumped)
    }

    /// Takes what the list shows of a container that was there before the agent looked.
    pub(super) fn adopt(&mut self, listed: &Listed, note: Note) -> Counted {
        self.container.health = listed.health.as_deref().map_or(Health::None, Health::named);
        self.age = listed.age.map(|age| (age, note.now));
        match liveness(self.container.state) {
            Some(live) if self.container.state != RunState::Created => self.runs.found(!live, listed.exit_code, note),
            _ => Counted::default(),
        }
    }

    /// Whether it has been in its state for a shorter time than it must have been, had nothing happened.
    fn jumped(&self, age: Option<Age>, state: RunState, now: Instant) -> bool {
        let (Some(age), Some((before, at))) = (age, self.age) else { return false };
        let expected = before.at_least + now.saturating_duration_since(at);
        liveness(state) == liveness(self.container.state) && age.below + SLACK < expected
    }

    /// Whether it is time to inspect it again.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        if self.removed.is_some() || self.not_before.is_some_and(|at| now < at) {
            return false;
        }
        match self.inspected_at {
            None => true,
            Some(at) => self.runs.is_waiting() || (self.runs.is_live() && now >= at + REFRESH),
        }
    }

    /// Takes what an inspection told.
    pub(super) fn inspect(&mut self, inspected: Box<Inspected>, asked: &Ask, note: Note) -> Counted {
        let state = RunState::named(&inspected.state);
        // What an event told since then is newer; but it may tell of the run that the event began.
        let is_late = self.event.is_some_and(|event| event.seq > asked.seq);
        let mut counted = Counted::default();
        if let Some(started) = inspected.started.and_then(nanos_of) {
            let seen = Seen {
                started,
                ended: liveness(state).map(|live| !live),
                exit_code: inspected.exit_code,
                oom_killed: inspected.oom_killed,
                // The restart that is waited for is counted already.
                by_policy: inspected.restarts.saturating_sub(u64::from(state == RunState::Restarting)),
            };
            counted = self.runs.inspected(seen, asked.seq, is_late, self.is_blind, note);
            self.is_blind = note.live_since.is_none();
        }
        (self.failures, self.not_before, self.inspected_at) = (0, None, Some(note.now));
        self.inspection_asked = asked.seq;
        let container = &mut self.container;
        container.created = inspected.created.or(container.created);
        if let Some(finished) = inspected.finished.filter(|_| !self.is_seen && liveness(state) == Some(false)) {
            container.seen = finished;
        }
        if !inspected.image.is_empty() {
            container.image.clone_from(&inspected.image);
        }
        container.shares_network |= inspected.network_mode.starts_with("container:");
        if !is_late && self.removed.is_none() {
            if liveness(container.state) != liveness(state) {
                self.age = None;
            }
            container.state = state;
            container.started = inspected.started;
            container.health = inspected.health.as_deref().map_or(Health::None, Health::named);
        }
        container.inspected = Some(Arc::from(inspected));
        counted
    }

    /// An inspection did not tell anything: the next one has time.
    pub(super) fn miss_inspection(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        let doublings = self.failures.min(16) - 1;
        self.not_before = Some(now + FIRST_PAUSE.saturating_mul(1 << doublings).min(REFRESH));
    }

    /// It is not there any more.
    pub(super) fn remove(&mut self, moment: Moment, note: Note) {
        self.note_event(Some(RunState::Removed), note);
        self.removed = Some(moment.at);
        self.runs.gone(note);
    }
}

/// Whether a run goes on in that state; `None` where it cannot be said.
pub(super) const fn liveness(state: RunState) -> Option<bool> {
    match state {
        RunState::Running | RunState::Paused => Some(true),
        RunState::Unknown => None,
        _ => Some(false),
    }
}

pub(super) fn nanos_of(time: SystemTime) -> Option<Nanos> {
    time.duration_since(UNIX_EPOCH).ok().and_then(|since| Nanos::try_from(since.as_nanos()).ok())
}

pub(super) fn time_of(nanos: Nanos) -> Option<SystemTime> {
    u64::try_from(nanos).ok().and_then(|nanos| UNIX_EPOCH.checked_add(Duration::from_nanos(nanos)))
}

/// The number of a signal as an event names it: Docker writes numbers, Podman words.
pub(super) fn signal_number(text: &str) -> Option<i64> {
    let named = |name: &str| match name {
        "HUP" => Some(1),
        "INT" => Some(2),
        "QUIT" => Some(3),
        "KILL" => Some(9),
        "USR1" => Some(10),
        "USR2" => Some(12),
        "TERM" => Some(15),
        _ => None,
    };
    text.parse().ok().or_else(|| named(text.strip_prefix("SIG").unwrap_or(text)))
}
