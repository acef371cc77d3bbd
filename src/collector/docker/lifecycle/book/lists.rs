//! What lists tell.

use std::collections::HashSet;
use std::time::Duration;

use super::record::{Forged, Record, liveness};
use super::run::Note;
use super::{Ask, Book, Effect, Moment};
use crate::collector::docker::container::RunState;
use crate::collector::docker::engine::{List, Listed};
use crate::collector::docker::logs::{From, Run};
use crate::collector::docker::select;

/// A removed container is remembered for at least so long, so that a list which is older cannot bring it back.
const REMEMBERED: Duration = Duration::from_mins(1);

impl Book {
    /// The list is asked now.
    pub(in super::super) fn begin_list(&mut self, now: Moment) -> Ask {
        Ask { id: String::new(), seq: self.note(now).seq, at: now.at }
    }

    /// Takes a list.
    pub(in super::super) fn list(&mut self, asked: Ask, list: &List, now: Moment) -> Vec<Effect> {
        self.counters.undecodable_items += list.undecodable;
        let mut effects = Vec::new();
        // Of two that were asked at the same time the newer one may have been answered first.
        if self.listed.as_ref().is_some_and(|newest| newest.seq > asked.seq) {
            return effects;
        }
        self.settle(now);
        let note = self.note(now);
        let chosen = self.choose(&list.containers);
        for listed in &chosen {
            self.list_one(listed, &asked, now, note, &mut effects);
        }
        let chosen: HashSet<&str> = chosen.iter().map(|listed| listed.id.as_str()).collect();
        let there: HashSet<&str> = list.containers.iter().map(|listed| listed.id.as_str()).collect();
        let missing: Vec<String> = self
            .records
            .iter()
            .filter(|(id, record)| {
                !chosen.contains(id.as_str()) && record.removed.is_none() && !record.is_newer_than(&asked)
            })
            .map(|(id, _)| id.clone())
            .collect();
        // An item that could not be read may be any of them.
        for id in missing.into_iter().filter(|id| list.undecodable == 0 || there.contains(id.as_str())) {
            effects.push(Effect::End(id.clone()));
            if there.contains(id.as_str()) {
                self.drop_record(&id);
            } else if let Some(record) = self.records.get_mut(&id) {
                record.remove(now, note);
            }
        }
        for (id, record) in &mut self.records {
            if !self.may_inspect {
                record.runs.lose_inspections();
            } else if record.is_due(now.at) {
                self.due.insert(id.clone());
            }
            record.is_blind |= note.live_since.is_none();
            let counted = record.runs.settle(note);
            self.names.count(&record.container.name, counted);
        }
        self.listed = Some(asked);
        self.purge(now, &mut effects);
        effects
    }

    /// The containers of a list that are watched: all that are wanted, and of too many those that run, and the first by
    /// name.
    fn choose<'a>(&mut self, listed: &'a [Listed]) -> Vec<&'a Listed> {
        let is_wanted = |listed: &&Listed| select::is_wanted(&self.target, &listed.name, &listed.labels);
        let mut wanted: Vec<&Listed> = listed.iter().filter(is_wanted).collect();
        self.ignored.clear();
        if wanted.len() > self.target.max_containers {
            let rests = |listed: &Listed| liveness(RunState::named(&listed.state)) == Some(false);
            wanted.sort_by_key(|listed| (rests(listed), &listed.name));
            self.ignored.extend(wanted.drain(self.target.max_containers..).map(|listed| listed.id.clone()));
        }
        wanted
    }

    fn list_one(&mut self, listed: &Listed, asked: &Ask, now: Moment, note: Note, effects: &mut Vec<Effect>) {
        let id = &listed.id;
        let state = RunState::named(&listed.state);
        let before = match self.records.get_mut(id) {
            Some(record) if record.is_newer_than(asked) => {
                if record.runs.is_live() {
                    record.see(now.wall);
                }
                return;
            }
            Some(record) if record.removed.is_some() => return,
            Some(record) => Some((record.runs.is_live(), record.container.name.clone())),
            None => None,
        };
        // Whether it can have begun only after the list before this one.
        let gap = self.listed.as_ref().map(|last| asked.at.saturating_duration_since(last.at));
        let is_recent = gap.is_some_and(|gap| listed.age.is_some_and(|age| age.at_least <= gap));
        let target = &self.target;
        let record = self.records.entry(id.clone()).or_insert_with(|| {
            let mut record = Record::new(id, &listed.name, state, note, now.wall);
            record.container.image.clone_from(&listed.image);
            record
        });
        record.forged = Forged::by(&listed.labels);
        record.set_labels(select::exported(target, &listed.labels));
        record.container.created = record.container.created.or(listed.created);
        record.container.shares_network = listed.network_mode.starts_with("container:");
        let (counted, should_inspect) = if before.is_some() || is_recent {
            record.list(listed, self.may_inspect, note)
        } else {
            (record.adopt(listed, note), true)
        };
        let is_live = record.runs.is_live();
        if is_live {
            record.see(now.wall);
        }
        let name = record.container.name.clone();
        match (before.as_ref().is_some_and(|(live, _)| *live), is_live) {
            (false, true) => {
                let from = if before.is_some() || is_recent { From::Start } else { From::Now };
                effects.push(Effect::Begin(Run { id: id.clone(), name: listed.name.clone(), from }));
            }
            (true, false) => effects.push(Effect::End(id.clone())),
            // Another run in place of the one that was followed.
            (true, true) if counted.starts > 0 => {
                effects.push(Effect::Begin(Run { id: id.clone(), name: listed.name.clone(), from: From::Start }));
            }
            _ => {}
        }
        if should_inspect {
            self.due.insert(id.clone());
        }
        if before.is_some() && name != listed.name {
            self.rename(id, &listed.name, effects);
        }
        if before.is_none() {
            self.hold(&listed.name);
        }
        self.names.count(&listed.name, counted);
    }

    /// Forgets what was removed long enough ago.
    fn purge(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let keep = self.target.keep_removed.max(REMEMBERED);
        let old = |record: &Record| record.removed.is_some_and(|at| now.at >= at + keep);
        let gone: Vec<String> =
            self.records.iter().filter(|(_, record)| old(record)).map(|(id, _)| id.clone()).collect();
        for id in gone {
            self.drop_record(&id);
        }
        let held = self.records.values().filter(|record| record.removed.is_none());
        let held: HashSet<&str> = held.map(|record| record.container.name.as_str()).collect();
        let forgotten = self.names.purge(&held, now.at, self.target.keep_removed);
        effects.extend(forgotten.into_iter().map(Effect::Forget));
        self.keep_bounds(effects);
    }
}
