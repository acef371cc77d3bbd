//! What is known of the containers of one engine, and how it changes: events, lists and inspections go in, what is to be
//! done and counted comes out. Pure: it asks nothing and looks at no clock.

mod events;
#[cfg(any(test, fuzzing))]
pub(in crate::collector::docker) mod fuzz;
mod inspections;
mod lists;
mod names;
mod reason;
mod recent;
mod record;
mod run;
mod runs;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::SystemTime;

use tokio::time::Instant;

pub(super) use self::inspections::Inspection;
use self::names::Names;
pub(super) use self::names::Totals;
pub(in crate::collector::docker) use self::reason::ExitReason;
pub(super) use self::reason::Nanos;
use self::recent::Recent;
use self::record::{Record, nanos_of};
use self::run::Stamp;
use super::action::Action;
use crate::collector::docker::DockerTarget;
use crate::collector::docker::container::Container;
use crate::collector::docker::logs::{ReadFrom, RunLog};

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
pub(super) struct Request {
    /// The container, of an inspection.
    pub(super) id: String,
    seq: u64,
    at: Instant,
}

/// What the logs are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    Begin(RunLog),
    End(String),
    Rename { id: String, name: String },
    Forget(String),
}

/// Kills that the kernel told and nobody else so far: those that an engine tells late are seconds old.
const UNCLAIMED_KILLS: usize = 64;

/// What is counted of the engine as a whole.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    /// By action, in the order of [`Action::ALL`].
    pub(super) events: [u64; Action::ALL.len()],
    pub(super) undecodable_events: u64,
    pub(super) undecodable_items: u64,
    pub(super) subscriptions: u64,
    pub(super) failed_inspections: u64,
    /// Removed containers and unused names that were given up early, because there were too many.
    pub(super) forgotten: u64,
}

/// Everything that is known of the watched containers of one engine. [`events`], [`lists`] and [`inspections`] are its three
/// sources; what they change ends in [`Book::finish`].
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
    listed: Option<Request>,
    /// When the engine was subscribed to, if events come.
    live: Option<Moment>,
    may_inspect: bool,
    /// Containers beyond the limit.
    ignored: BTreeSet<String>,
    /// What the kernel killed in containers of which no run at that time is known yet.
    unclaimed_kills: VecDeque<(String, Nanos)>,
    /// What the change that is being made has for the logs.
    effects: Vec<Effect>,
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
            ignored: BTreeSet::new(),
            unclaimed_kills: VecDeque::new(),
            effects: Vec::new(),
        }
    }

    /// Events come from now on.
    pub(super) const fn subscribed(&mut self, now: Moment) {
        self.counters.subscriptions += 1;
        self.live = Some(now);
    }

    /// Events do not come any more.
    pub(super) const fn unsubscribed(&mut self) {
        self.live = None;
    }

    /// Whether events come.
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
        by_name.into_values().map(Record::shown).collect()
    }

    /// The totals of every name.
    pub(super) fn totals(&self) -> impl Iterator<Item = (&str, &Totals)> {
        self.names.totals()
    }

    /// Containers that are there and watched, and those beyond the limit.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.present(), self.ignored.len())
    }

    /// Counts the ends that have waited long enough for what tells why. Needs no timer of its own: it is enough that it is
    /// done before the totals are shown, and before anything is added to what is known of a run.
    pub(super) fn settle(&mut self, now: Moment) {
        let stamp = self.stamp(now);
        for record in self.records.values_mut() {
            record.runs.settle(stamp);
            self.names.add(&record.container, &record.runs.take_counted());
        }
    }

    /// A moment, with its place in the order of all that is told.
    fn stamp(&mut self, now: Moment) -> Stamp {
        self.seq += 1;
        Stamp {
            wall: now.wall,
            at: now.at,
            seq: self.seq,
            live_since: self.live.map(|live| live.at),
            awaits_events: self.live.is_some() || self.last_event.is_some(),
        }
    }

    fn request(&mut self, id: String, now: Moment) -> Request {
        Request { id, seq: self.stamp(now).seq, at: now.at }
    }

    fn present(&self) -> usize {
        self.records.values().filter(|record| record.removed.is_none()).count()
    }

    /// A container's record has been changed: the logs hear of a run that has begun or ended, and what is to be counted is
    /// counted.
    fn finish(&mut self, id: &str, was_live: bool, from: ReadFrom, stamp: Stamp) {
        let Some(record) = self.records.get_mut(id) else { return };
        self.unclaimed_kills.retain(|(of, at)| of != id || !record.runs.oom_known(*at));
        let name = &record.container.name;
        match (was_live, record.runs.is_live()) {
            (true, false) => self.effects.push(Effect::End(id.to_owned())),
            // Also another run in place of the one that was followed.
            (_, true) if !was_live || record.runs.has_begun() => {
                self.effects.push(Effect::Begin(RunLog { id: id.to_owned(), name: name.clone(), from }));
            }
            _ => {}
        }
        if !self.may_inspect {
            record.runs.lose_inspections();
        }
        record.runs.settle(stamp);
        self.names.add(&record.container, &record.runs.take_counted());
    }

    /// A container has that name from now on.
    fn claim(&mut self, name: &str) {
        if self.names.claim(name) {
            for record in self.records.values_mut().filter(|record| record.removed.is_some()) {
                record.is_replaced |= record.container.name == name;
            }
        }
    }

    /// Gives a container another name.
    fn rename(&mut self, id: &str, name: &str) {
        let Some(record) = self.records.get_mut(id).filter(|_| !name.is_empty()) else { return };
        let old = std::mem::replace(&mut record.container.name, name.to_owned());
        record.born = self.seq;
        let shares = self.records.values().any(|other| other.container.name == old && !other.is_replaced);
        self.names.rename(&old, name, shares);
        self.claim(name);
        self.effects.push(Effect::Rename { id: id.to_owned(), name: name.to_owned() });
    }

    /// Gives up a container, and counts what is left of it.
    fn drop_record(&mut self, id: &str) {
        if let Some(mut record) = self.records.remove(id) {
            record.runs.settle_all();
            self.names.add(&record.container, &record.runs.take_counted());
        }
    }

    /// Gives up what is oldest of what is kept of removed containers, if it is too much.
    fn keep_bounds(&mut self) {
        let limit = self.target.max_containers.saturating_mul(2);
        while self.records.len() > limit {
            let removed = self.records.iter().filter_map(|(id, record)| Some((record.removed?, id)));
            let Some(oldest) = removed.min().map(|(_, id)| id.clone()) else { break };
            self.drop_record(&oldest);
            self.counters.forgotten += 1;
        }
        if self.names.len() > limit {
            let dropped = self.names.keep(&used_names(&self.records), limit);
            self.counters.forgotten += dropped.len() as u64;
            self.effects.extend(dropped.into_iter().map(Effect::Forget));
        }
    }
}

/// The names of the containers that are there.
fn used_names(records: &BTreeMap<String, Record>) -> HashSet<&str> {
    records.values().filter(|record| record.removed.is_none()).map(|record| record.container.name.as_str()).collect()
}

#[cfg(test)]
mod tests;
