//! What is counted by container name. It outlives the containers of that name: a re-created one goes on where the last one
//! ended, and a counter never goes back.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::reason::{Evidence, ExitReason};
use crate::collector::docker::container::{Container, RunState};

/// What was counted under one name since the agent started, or of one container since it was added to that.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in super::super) struct Totals {
    pub(in super::super) starts: u64,
    /// Those of the starts that were not the container's first one.
    pub(in super::super) restarts: u64,
    pub(in super::super) ooms: u64,
    /// In the order of [`ExitReason::ALL`].
    pub(in super::super) exits: [u64; ExitReason::ALL.len()],
    /// Of the last run that ended.
    pub(in super::super) exit_code: Option<i64>,
    /// Of the last container.
    pub(in super::super) image: String,
}

impl Totals {
    pub(super) fn add_exit(&mut self, evidence: Evidence) {
        self.exits[evidence.reason() as usize] += 1;
        self.exit_code = evidence.code.or(self.exit_code);
    }

    fn add(&mut self, later: &Self) {
        self.starts += later.starts;
        self.restarts += later.restarts;
        self.ooms += later.ooms;
        for (sum, exits) in self.exits.iter_mut().zip(later.exits) {
            *sum += exits;
        }
        self.exit_code = later.exit_code.or(self.exit_code);
    }
}

#[derive(Debug, Default)]
struct Name {
    totals: Totals,
    unused_since: Option<Instant>,
    /// Whether its container has another name now: what was counted is shown there, and kept for whoever takes the name
    /// next, whose counters must not begin below it.
    is_left: bool,
    /// The order in which names came.
    born: u64,
}

/// The totals of every name.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: BTreeMap<String, Name>,
    born: u64,
}

impl Names {
    pub(super) fn totals(&self) -> impl Iterator<Item = (&str, &Totals)> {
        self.names.iter().filter(|(_, entry)| !entry.is_left).map(|(name, entry)| (name.as_str(), &entry.totals))
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// A container has that name: its counters are there from now on. Whether they were before.
    pub(super) fn claim(&mut self, name: &str) -> bool {
        if let Some(entry) = self.names.get_mut(name) {
            entry.unused_since = None;
            entry.is_left = false;
            return true;
        }
        self.born += 1;
        self.names.insert(name.to_owned(), Name { born: self.born, ..Name::default() });
        false
    }

    /// Adds what was counted of a container.
    pub(super) fn add(&mut self, container: &Container, counted: &Totals) {
        // What is told later of a container whose name is forgotten is not counted any more.
        if let Some(entry) = self.names.get_mut(&container.name) {
            entry.totals.add(counted);
            if container.state != RunState::Removed && entry.totals.image != container.image {
                entry.totals.image.clone_from(&container.image);
            }
        }
    }

    /// A container takes its totals along to a new name; a name that has totals goes on from those, as it does when a
    /// container is re-created under it. Under the old name nothing is shown, unless another container `shares` it.
    pub(super) fn rename(&mut self, old: &str, new: &str, shares: bool) {
        if old == new {
            return;
        }
        let totals = self.names.get_mut(old).map(|entry| {
            entry.is_left = !shares;
            entry.totals.clone()
        });
        let is_known = self.claim(new);
        if let Some(entry) = self.names.get_mut(new).filter(|_| !is_known && !shares) {
            entry.totals = totals.unwrap_or_default();
        }
    }

    /// Forgets the names that no container of `held` has had for as long as `keep`; those that were forgotten.
    pub(super) fn purge(&mut self, held: &HashSet<&str>, now: Instant, keep: Duration) -> Vec<String> {
        let mut forgotten = Vec::new();
        self.names.retain(|name, entry| {
            if held.contains(name.as_str()) {
                entry.unused_since = None;
                return true;
            }
            let since = *entry.unused_since.get_or_insert(now);
            let stays = now < since + keep;
            if !stays {
                forgotten.push(name.clone());
            }
            stays
        });
        forgotten
    }

    /// Forgets the oldest names that are not in `held` until there are no more than `limit`; those that were forgotten.
    pub(super) fn keep(&mut self, held: &HashSet<&str>, limit: usize) -> Vec<String> {
        let unused = self.names.iter().filter(|(name, _)| !held.contains(name.as_str()));
        let mut unused: Vec<(Option<Instant>, u64, String)> =
            unused.map(|(name, entry)| (entry.unused_since, entry.born, name.clone())).collect();
        // Those whose end no list has shown yet are the newest.
        unused.sort_by_key(|(since, born, _)| (since.is_none(), *since, *born));
        unused.truncate(self.names.len().saturating_sub(limit));
        for (_, _, name) in &unused {
            self.names.remove(name);
        }
        unused.into_iter().map(|(_, _, name)| name).collect()
    }
}
