//! What lists tell.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::record::{Forged, Record, liveness};
use super::run::Stamp;
use super::{Book, Effect, Moment, Request, used_names};
use crate::collector::docker::container::{RunState, shares_network};
use crate::collector::docker::engine::{List, Listed};
use crate::collector::docker::logs::ReadFrom;
use crate::collector::docker::select;

/// A removed container is remembered for at least so long, so that a list which is older cannot bring it back.
const REMEMBERED: Duration = Duration::from_mins(1);

impl Book {
    /// The list is asked now.
    pub(in super::super) fn begin_list(&mut self, now: Moment) -> Request {
        self.request(String::new(), now)
    }

    /// Takes a list.
    pub(in super::super) fn list(&mut self, asked: Request, list: &List, now: Moment) -> Vec<Effect> {
        self.counters.undecodable_items += list.undecodable;
        // Of two that were asked at the same time the newer one may have been answered first.
        if self.listed.as_ref().is_some_and(|newest| newest.seq > asked.seq) {
            return Vec::new();
        }
        self.settle(now);
        let stamp = self.stamp(now);
        let chosen = self.choose(&list.containers);
        for listed in &chosen {
            self.list_one(listed, &asked, stamp);
        }
        let chosen: HashSet<&str> = chosen.iter().map(|listed| listed.id.as_str()).collect();
        self.list_missing(&chosen, list, &asked, stamp);
        for record in self.records.values_mut() {
            record.inspections.is_due |= self.may_inspect && record.needs_inspection(now.at);
            record.is_after_gap |= stamp.live_since.is_none();
            if !self.may_inspect {
                record.runs.lose_inspections();
            }
        }
        self.settle(now);
        self.listed = Some(asked);
        self.purge(now);
        std::mem::take(&mut self.effects)
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

    fn list_one(&mut self, listed: &Listed, asked: &Request, stamp: Stamp) {
        let id = &listed.id;
        let is_new = match self.records.get_mut(id) {
            Some(record) if record.is_newer_than(asked) => {
                if record.runs.is_live() {
                    record.seen_running(stamp);
                }
                return;
            }
            Some(record) if record.removed.is_some() => return,
            known => known.is_none(),
        };
        // Whether it can have begun only after the list before this one.
        let gap = self.listed.as_ref().map(|last| asked.at.saturating_duration_since(last.at));
        let is_recent = gap.is_some_and(|gap| listed.age.is_some_and(|age| age.at_least <= gap));
        let record = self
            .records
            .entry(id.clone())
            .or_insert_with(|| Record::new(id, &listed.name, &listed.image, RunState::named(&listed.state), stamp));
        record.forged = Forged::by(&listed.labels);
        record.set_labels(&self.target, &listed.labels);
        record.container.created = record.container.created.or(listed.created);
        record.container.shares_network = shares_network(&listed.network_mode);
        record.container.reach = Arc::clone(&listed.reach);
        let was_live = record.runs.is_live();
        // What was there before the agent looked is not counted, and what it logged until now alarms nobody.
        let existed = is_new && !is_recent;
        // A list tells what was so when it was asked: an inspection that was asked later and answered sooner is newer.
        let told = Stamp { seq: asked.seq, ..stamp };
        if existed {
            record.existed(listed, told);
        } else {
            record.listed(listed, self.may_inspect, told);
        }
        if record.runs.is_live() {
            record.seen_running(stamp);
        }
        if is_new {
            self.claim(&listed.name);
        } else if record.container.name != listed.name {
            self.rename(id, &listed.name);
        }
        self.finish(id, was_live, if existed { ReadFrom::Now } else { ReadFrom::Start }, stamp);
    }

    /// What is not on the list any more is removed, or not watched any longer.
    fn list_missing(&mut self, chosen: &HashSet<&str>, list: &List, asked: &Request, stamp: Stamp) {
        let there: HashSet<&str> = list.containers.iter().map(|listed| listed.id.as_str()).collect();
        let is_missing = |(id, record): &(&String, &Record)| {
            let is_known_to_be = record.removed.is_none() && !record.is_newer_than(asked);
            // An item that could not be read may be any of them.
            let is_clear = list.undecodable == 0 || there.contains(id.as_str());
            !chosen.contains(id.as_str()) && is_known_to_be && is_clear
        };
        let missing: Vec<String> = self.records.iter().filter(is_missing).map(|(id, _)| id.clone()).collect();
        for id in missing {
            if there.contains(id.as_str()) {
                self.drop_record(&id);
            } else if let Some(record) = self.records.get_mut(&id) {
                record.removed(stamp);
            }
            self.effects.push(Effect::End(id));
        }
    }

    /// Forgets what was removed long enough ago.
    fn purge(&mut self, now: Moment) {
        let keep = self.target.keep_removed.max(REMEMBERED);
        let is_old = |record: &Record| record.removed.is_some_and(|at| now.at >= at + keep);
        let old = self.records.iter().filter(|(_, record)| is_old(record));
        for id in old.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.drop_record(&id);
        }
        let forgotten = self.names.purge(&used_names(&self.records), now.at, self.target.keep_removed);
        self.effects.extend(forgotten.into_iter().map(Effect::Forget));
        self.keep_bounds();
    }
}
