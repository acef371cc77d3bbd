//! What is known of one container beside what others see of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::Request;
use super::reason::Nanos;
use super::run::Stamp;
use super::runs::{Runs, Seen};
use crate::collector::docker::container::{Container, Health, RunState, shares_network};
use crate::collector::docker::engine::{Age, Inspected, Listed};
use crate::collector::docker::{DockerTarget, select};
use crate::net::Backoff;

/// For so long after an event a list may still show what was before it: the engine's list follows its events.
const SETTLING: Duration = Duration::from_secs(2);

/// Between the end and the removal of what `docker rm --force` removes, at most.
const TEARING: Duration = Duration::from_secs(10);

/// By so much the engine's words for a time span may be behind.
const SLACK: Duration = Duration::from_secs(2);

/// When a container that goes on as it did is inspected again, and the longest pause after inspections that failed.
const REFRESH: Duration = Duration::from_mins(5);

/// The first pause after an inspection that failed.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// One container.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) container: Container,
    pub(super) runs: Runs,
    /// The newest event that says how it is.
    pub(super) event: Option<Stamp>,
    /// When it became known, in the order of stamps: of two with one name the later one has it.
    pub(super) born: u64,
    pub(super) removed: Option<Instant>,
    /// Whether another container has had its name since it was removed: it is not shown again when that one goes.
    pub(super) is_replaced: bool,
    pub(super) forged: Forged,
    pub(super) inspections: Inspections,
    /// Whether events may have been missed since the last inspection.
    pub(super) is_after_gap: bool,
    /// When someone has had the engine stop it, since its last start.
    pub(super) stopped: Option<Instant>,
    /// Whether it was ever seen to run.
    has_run: bool,
    /// How long it had been in its state, and when.
    age: Option<(Age, Instant)>,
}

/// When a container is to be inspected.
#[derive(Debug)]
pub(super) struct Inspections {
    pub(super) is_due: bool,
    pub(super) is_under_way: bool,
    last: Option<Instant>,
    /// When the last one that told something was asked, in the order of stamps.
    asked: u64,
    backoff: Backoff,
    not_before: Option<Instant>,
}

/// Docker labels that take the place of attributes of events. Until it is known that there are none, there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forged {
    pub(super) exit_code: bool,
    pub(super) signal: bool,
}

impl Forged {
    /// By the Docker labels.
    pub(super) fn by(labels: &BTreeMap<String, String>) -> Self {
        Self {
            exit_code: labels.contains_key("exitCode") || labels.contains_key("containerExitCode"),
            signal: labels.contains_key("signal"),
        }
    }
}

impl Record {
    pub(super) fn new(id: &str, name: &str, image: &str, state: RunState, stamp: Stamp) -> Self {
        Self {
            container: Container::new(id, name, image, state, stamp.wall),
            runs: Runs::default(),
            event: None,
            born: stamp.seq,
            removed: None,
            is_replaced: false,
            forged: Forged { exit_code: true, signal: true },
            inspections: Inspections {
                is_due: false,
                is_under_way: false,
                last: None,
                asked: 0,
                backoff: Backoff::new(FIRST_PAUSE, REFRESH),
                not_before: None,
            },
            is_after_gap: false,
            stopped: None,
            has_run: false,
            age: None,
        }
    }

    /// The container as it is now.
    pub(super) fn shown(&self) -> Container {
        let (ended, ended_before) = self.runs.last_end().unzip();
        Container { ended, ended_before: ended_before.unwrap_or(false), ..self.container.clone() }
    }

    /// It runs, or has until now.
    pub(super) fn seen_running(&mut self, stamp: Stamp) {
        self.container.seen = stamp.wall;
        self.has_run = true;
    }

    /// Takes what the Docker labels say: those that the configuration exports, and those of Compose.
    pub(super) fn set_labels(&mut self, target: &DockerTarget, labels: &BTreeMap<String, String>) {
        let exported = select::exported(target, labels);
        if *self.container.labels != *exported {
            self.container.labels = exported.into();
        }
        self.container.project = select::project(labels);
    }

    /// Whether a list that was asked at that moment may be older than what events and inspections told.
    pub(super) fn is_newer_than(&self, asked: &Request) -> bool {
        let by_event = self.event.is_some_and(|event| event.seq > asked.seq || event.at + SETTLING > asked.at);
        by_event || self.inspections.asked > asked.seq
    }

    /// An event says how it is.
    pub(super) const fn set_state(&mut self, state: RunState, stamp: Stamp) {
        self.event = Some(stamp);
        self.container.state = state;
    }

    /// A run begins, by its event.
    pub(super) fn begin(&mut self, at: Nanos, stamp: Stamp) {
        self.turn(RunState::Running, stamp);
        if !self.runs.knows_start() {
            self.container.started = time_of(at);
        }
        if self.container.health != Health::None {
            self.container.health = Health::Starting;
        }
        self.stopped = None;
    }

    /// An event says that it has begun to run, or has ended: from now on its time in that state counts.
    pub(super) const fn turn(&mut self, state: RunState, stamp: Stamp) {
        self.set_state(state, stamp);
        self.age = Some((Age { at_least: Duration::ZERO, below: Duration::ZERO }, stamp.at));
    }

    /// Takes what a list shows that is not older than what is known.
    pub(super) fn listed(&mut self, listed: &Listed, may_inspect: bool, stamp: Stamp) {
        let state = RunState::named(&listed.state);
        let was_live = self.runs.is_live();
        let has_jumped = self.has_jumped(listed.age, state, stamp.at);
        // Without inspections that would tell more, another run has been there.
        let is_another = |is_live: bool| has_jumped && !may_inspect && was_live == is_live;
        match liveness(state) {
            Some(is_live) if state != RunState::Created => {
                self.runs.listed(is_live, listed.exit_code, is_another(is_live), stamp);
            }
            _ => {}
        }
        let has_changed = state != self.container.state || was_live != self.runs.is_live();
        self.inspections.is_due |= has_changed || has_jumped;
        self.container.state = state;
        // Before API 1.52 the words for a paused container leave no room for its health.
        if listed.health.is_some() || state != RunState::Paused {
            self.container.health = health(listed.health.as_deref());
        }
        self.age = listed.age.map(|age| (age, stamp.at));
    }

    /// Takes what the list shows of a container that was there before the agent looked.
    pub(super) fn existed(&mut self, listed: &Listed, stamp: Stamp) {
        self.container.health = health(listed.health.as_deref());
        self.age = listed.age.map(|age| (age, stamp.at));
        self.inspections.is_due = true;
        if let Some(is_live) = liveness(self.container.state).filter(|_| self.container.state != RunState::Created) {
            self.runs.existed(!is_live, listed.exit_code, stamp);
        }
    }

    /// Whether it has been in its state for a shorter time than it must have been, had nothing happened.
    fn has_jumped(&self, age: Option<Age>, state: RunState, now: Instant) -> bool {
        let (Some(age), Some((before, at))) = (age, self.age) else { return false };
        let expected = before.at_least + now.saturating_duration_since(at);
        liveness(state) == liveness(self.container.state) && age.below + SLACK < expected
    }

    /// Whether it is time to inspect it again although nothing has changed.
    pub(super) fn needs_inspection(&self, now: Instant) -> bool {
        if self.removed.is_some() || self.inspections.not_before.is_some_and(|at| now < at) {
            return false;
        }
        match self.inspections.last {
            None => true,
            Some(at) => self.runs.needs_inspection() || (self.runs.is_live() && now >= at + REFRESH),
        }
    }

    /// Takes what an inspection told.
    pub(super) fn inspected(&mut self, inspected: Box<Inspected>, asked: &Request, stamp: Stamp) {
        let state = RunState::named(&inspected.state);
        // What an event told since then is newer; but it may tell of the run that the event began.
        let is_late = self.event.is_some_and(|event| event.seq > asked.seq);
        if let Some(started) = inspected.started.and_then(nanos_of) {
            let seen = Seen {
                started,
                ended: liveness(state).map(|live| !live),
                exit_code: inspected.exit_code,
                oom_killed: inspected.oom_killed,
                // The restart that is waited for is counted already.
                by_policy: inspected.restarts.saturating_sub(u64::from(state == RunState::Restarting)),
                asked: asked.seq,
                is_late,
                is_after_gap: self.is_after_gap,
            };
            self.runs.inspected(seen, stamp);
            self.is_after_gap = stamp.live_since.is_none();
        }
        self.inspections.backoff.succeeded();
        self.inspections.not_before = None;
        self.inspections.last = Some(stamp.at);
        self.inspections.asked = asked.seq;
        let container = &mut self.container;
        container.created = inspected.created.or(container.created);
        if let Some(finished) = inspected.finished.filter(|_| !self.has_run && liveness(state) == Some(false)) {
            container.seen = finished;
        }
        if !inspected.image.is_empty() {
            container.image.clone_from(&inspected.image);
        }
        container.shares_network |= shares_network(&inspected.network_mode);
        if !is_late && self.removed.is_none() {
            if liveness(container.state) != liveness(state) {
                self.age = None;
            }
            container.state = state;
            container.started = inspected.started;
            container.health = health(inspected.health.as_deref());
        }
        container.inspected = Some(Arc::from(inspected));
    }

    /// An inspection did not tell anything: the next one has time.
    pub(super) fn not_inspected(&mut self, stamp: Stamp) {
        self.inspections.not_before = Some(stamp.at + self.inspections.backoff.failed());
    }

    /// Whether one that is removed now ran until then and nobody stopped it: `docker rm --force`, which Compose does not use.
    pub(super) fn is_torn_away(&self, stamp: Stamp) -> bool {
        let since = stamp.wall.duration_since(self.container.seen).unwrap_or_default();
        self.has_run && self.stopped.is_none() && since < TEARING
    }

    /// It is not there any more.
    pub(super) fn removed(&mut self, stamp: Stamp) {
        self.set_state(RunState::Removed, stamp);
        self.removed = Some(stamp.at);
        self.inspections.is_due = false;
        self.runs.removed(stamp);
    }
}

fn health(word: Option<&str>) -> Health {
    word.map_or(Health::None, Health::named)
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
