//! What is known of the containers of one engine, and how it changes: events, lists and inspections go in, what is to be
//! done and counted comes out. Pure: it asks nothing and looks at no clock.

mod events;
mod lists;
mod names;
mod reason;
mod recent;
mod record;
mod run;
mod runs;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::SystemTime;

use tokio::time::Instant;

use self::names::Names;
pub(super) use self::names::Totals;
pub(super) use self::reason::{ExitReason, Nanos};
use self::recent::Recent;
use self::record::{Record, nanos_of};
use self::run::Note;
use self::runs::Counted;
use super::action::Action;
use crate::collector::docker::DockerTarget;
use crate::collector::docker::container::Container;
use crate::collector::docker::engine::Inspected;
use crate::collector::docker::logs::{From, Run};

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) wall: SystemTime,
    pub(super) at: Instant,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { wall: SystemTime::now(), at: Instant::now() }
    }
}

/// A request, and when it was made: what changes while it is under way is newer than its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// The container, of an inspection.
    pub(super) id: String,
    seq: u64,
    at: Instant,
}

/// The answer to an inspection.
#[derive(Debug)]
pub(super) enum Answer {
    Told(Box<Inspected>),
    /// There is no such container, or it may not be inspected.
    Never,
    /// It may tell next time.
    Failed,
}

/// What the logs are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    Begin(Run),
    End(String),
    Rename { id: String, name: String },
    Forget(String),
}

/// What is counted of the engine as a whole.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    /// By action, in the order of [`Action::LABELS`].
    pub(super) events: [u64; Action::LABELS.len()],
    pub(super) undecodable_events: u64,
    pub(super) undecodable_items: u64,
    pub(super) subscriptions: u64,
    pub(super) failed_inspections: u64,
    /// Removed containers and unused names that were given up early, because there were too many.
    pub(super) forgotten: u64,
}

/// Everything that is known of the watched containers of one engine.
#[derive(Debug)]
pub(super) struct Book {
    target: DockerTarget,
    records: BTreeMap<String, Record>,
    names: Names,
    pub(super) counters: Counters,
    seq: u64,
    recent: Recent,
    last_event: Option<Nanos>,
    /// The newest list that was taken.
    listed: Option<Ask>,
    /// When the engine was subscribed to, if events come: on the agent's clock, and as a time.
    live: Option<(Instant, Nanos)>,
    may_inspect: bool,
    due: BTreeSet<String>,
    asking: HashSet<String>,
    /// Containers beyond the limit.
    ignored: BTreeSet<String>,
}

impl Book {
    pub(super) fn new(target: &DockerTarget) -> Self {
        Self {
            target: target.clone(),
            records: BTreeMap::new(),
            names: Names::default(),
            counters: Counters::default(),
            seq: 0,
            recent: Recent::default(),
            last_event: None,
            listed: None,
            live: None,
            may_inspect: target.inspect,
            due: BTreeSet::new(),
            asking: HashSet::new(),
            ignored: BTreeSet::new(),
        }
    }

    /// Takes note that events come from now on.
    pub(super) fn subscribed(&mut self, now: Moment) {
        self.counters.subscriptions += 1;
        self.live = Some((now.at, nanos_of(now.wall).unwrap_or(0)));
    }

    /// Takes note that events do not come any more.
    pub(super) const fn unsubscribed(&mut self) {
        self.live = None;
    }

    pub(super) const fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// The time of the newest event: a new subscription begins there.
    pub(super) const fn last_event(&self) -> Option<Nanos> {
        self.last_event
    }

    /// Whether inspections may be made now.
    pub(super) const fn set_may_inspect(&mut self, may: bool) {
        self.may_inspect = may;
    }

    /// The watched containers by name, also those that were removed a short time ago. Of two with one name it is the one
    /// that is there, and then the newer one.
    pub(super) fn containers(&self, now: Moment) -> Vec<Container> {
        let mut by_name: BTreeMap<&str, &Record> = BTreeMap::new();
        let is_kept = |at: Instant| now.at < at + self.target.keep_removed;
        let is_shown = |record: &&Record| record.removed.is_none_or(|at| !record.is_replaced && is_kept(at));
        for record in self.records.values().filter(is_shown) {
            let shown = by_name.entry(&record.container.name).or_insert(record);
            if (record.removed.is_none(), record.born) > (shown.removed.is_none(), shown.born) {
                *shown = record;
            }
        }
        by_name.into_values().map(|record| record.container.clone()).collect()
    }

    /// The totals of every name.
    pub(super) fn totals(&self) -> impl Iterator<Item = (&str, &Totals)> {
        self.names.totals()
    }

    /// Containers that are there and watched, and those beyond the limit.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.present(), self.ignored.len())
    }

    /// The next inspection that is to be made, if there is one.
    pub(super) fn next_inspection(&mut self, now: Moment) -> Option<Ask> {
        if !self.may_inspect {
            self.due.clear();
            return None;
        }
        let id = self.due.iter().find(|id| !self.asking.contains(*id))?.clone();
        self.due.remove(&id);
        self.asking.insert(id.clone());
        Some(Ask { id, seq: self.note(now).seq, at: now.at })
    }

    /// Whether an inspection is under way.
    pub(super) fn is_asking(&self) -> bool {
        !self.asking.is_empty()
    }

    /// An inspection was given up without an answer.
    pub(super) fn give_up(&mut self, ask: &Ask) {
        if self.asking.remove(&ask.id) && self.records.contains_key(&ask.id) {
            self.due.insert(ask.id.clone());
        }
    }

    /// Takes the answer to an inspection.
    pub(super) fn inspected(&mut self, ask: &Ask, answer: Answer, now: Moment) -> Vec<Effect> {
        self.asking.remove(&ask.id);
        let note = self.note(now);
        let mut effects = Vec::new();
        if matches!(answer, Answer::Failed) {
            self.counters.failed_inspections += 1;
        }
        let Some(record) = self.records.get_mut(&ask.id) else { return effects };
        let was_live = record.runs.is_live();
        let mut counted = match answer {
            Answer::Told(inspected) => record.inspect(inspected, ask, note),
            Answer::Never => {
                record.miss_inspection(true, now.at);
                Counted::default()
            }
            Answer::Failed => {
                record.miss_inspection(false, now.at);
                Counted::default()
            }
        };
        let id = &ask.id;
        match (was_live, record.runs.is_live()) {
            (true, false) => effects.push(Effect::End(id.clone())),
            (_, true) if counted.starts > 0 || !was_live => {
                effects.push(Effect::Begin(Run {
                    id: id.clone(),
                    name: record.container.name.clone(),
                    from: From::Start,
                }));
            }
            _ => {}
        }
        counted.add(record.runs.settle(note));
        self.names.count(&record.container.name, counted);
        effects
    }

    fn note(&mut self, now: Moment) -> Note {
        self.seq += 1;
        Note { now: now.at, seq: self.seq, live_since: self.live.map(|(at, _)| at) }
    }

    fn present(&self) -> usize {
        self.records.values().filter(|record| record.removed.is_none()).count()
    }

    /// A container has that name from now on.
    fn hold(&mut self, name: &str) {
        if self.names.hold(name) {
            for record in self.records.values_mut().filter(|record| record.removed.is_some()) {
                record.is_replaced |= record.container.name == name;
            }
        }
    }

    /// Gives a container another name.
    fn rename(&mut self, id: &str, name: &str, effects: &mut Vec<Effect>) {
        let Some(record) = self.records.get_mut(id).filter(|_| !name.is_empty()) else { return };
        let old = std::mem::replace(&mut record.container.name, name.to_owned());
        record.born = self.seq;
        self.names.rename(&old, name);
        self.hold(name);
        effects.push(Effect::Rename { id: id.to_owned(), name: name.to_owned() });
    }

    /// Does not watch a container any longer that is there.
    fn drop_record(&mut self, id: &str) {
        self.due.remove(id);
        if let Some(mut record) = self.records.remove(id) {
            let counted = record.runs.settle_all();
            self.names.count(&record.container.name, counted);
        }
    }

    /// Gives up what is oldest of what is kept of removed containers, if it is too much.
    fn keep_bounds(&mut self, effects: &mut Vec<Effect>) {
        let limit = self.target.max_containers;
        while self.records.len() > limit.saturating_mul(2) {
            let removed = self.records.iter().filter_map(|(id, record)| Some((record.removed?, id)));
            let Some(oldest) = removed.min().map(|(_, id)| id.clone()) else { break };
            self.drop_record(&oldest);
            self.counters.forgotten += 1;
        }
        if self.names.len() > limit.saturating_mul(2) {
            let held = self.records.values().filter(|record| record.removed.is_none());
            let held: HashSet<&str> = held.map(|record| record.container.name.as_str()).collect();
            let dropped = self.names.keep(&held, limit.saturating_mul(2));
            self.counters.forgotten += dropped.len() as u64;
            effects.extend(dropped.into_iter().map(Effect::Forget));
        }
    }
}

#[cfg(test)]
mod tests;
