//! Edges that were seen, for as long as they are believed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::graph::{Node, Via};

/// For so long an edge is believed after it was last seen; longer only while one of its ends is down.
const MEMORY: Duration = Duration::from_hours(24);

/// Edges that are kept of one target. What uses more than that is no service of theirs, but what looks at all of them.
pub(super) const MOST_OF_ONE: usize = 64;

/// Edges that are kept in all.
pub(super) const MOST: usize = 10_000;

/// An edge as it is found: what it is, without how it is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Found {
    /// The target that stands.
    pub from: String,
    /// What it stands on.
    pub on: Node,
    /// How that is seen.
    pub via: Via,
}

/// What is known of an edge beside what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// What shows it, for people.
    pub reason: String,
    /// When it was last seen.
    pub seen: SystemTime,
}

/// The edges that are seen or were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Found, Trace)>", into = "Vec<(Found, Trace)>")]
pub struct Kept(BTreeMap<Found, Trace>);

impl Kept {
    /// Whether the edges are the same, whenever they were seen.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.0.keys().eq(other.0.keys())
    }

    /// What is believed.
    pub(super) fn edges(&self) -> impl Iterator<Item = (&Found, &Trace)> {
        self.0.iter()
    }

    /// Takes in what is seen at `now`, and lets go of what was seen long ago or does not concern anybody any more.
    pub(super) fn advance(
        &mut self,
        found: BTreeMap<Found, String>,
        now: SystemTime,
        is_wanted: impl Fn(&Found) -> bool,
        is_down: impl Fn(&Node) -> bool,
    ) {
        let moved: Vec<&str> =
            found.keys().filter(|edge| edge.via == Via::Address).map(|edge| edge.from.as_str()).collect();
        self.0.retain(|edge, trace| {
            // A target is one container: where it is seen to be another one, it has moved.
            let is_elsewhere = edge.via == Via::Address && moved.binary_search(&edge.from.as_str()).is_ok();
            // A clock that was set back makes nothing old.
            let is_old = now.duration_since(trace.seen).is_ok_and(|age| age > MEMORY);
            is_wanted(edge) && !is_elsewhere && (!is_old || is_down(&Node::target(&edge.from)) || is_down(&edge.on))
        });
        let seen = found.into_iter().map(|(edge, reason)| (edge, Trace { reason, seen: now }));
        self.0.extend(seen.filter(|(edge, _)| is_wanted(edge)));
        self.bound();
    }

    /// Lets go of what is too much: of each target and of all the edges that were seen longest ago, else the last by name.
    fn bound(&mut self) {
        let mut newest: Vec<(SystemTime, &Found)> = self.0.iter().map(|(edge, trace)| (trace.seen, edge)).collect();
        newest.sort_by_key(|(seen, edge)| (Reverse(*seen), *edge));
        let mut of_one: BTreeMap<&str, usize> = BTreeMap::new();
        newest.retain(|(_, edge)| {
            let count = of_one.entry(edge.from.as_str()).or_default();
            *count += 1;
            *count <= MOST_OF_ONE
        });
        newest.truncate(MOST);
        if newest.len() < self.0.len() {
            let stay: BTreeSet<Found> = newest.into_iter().map(|(_, edge)| edge.clone()).collect();
            self.0.retain(|edge, _| stay.contains(edge));
        }
    }
}

impl From<Vec<(Found, Trace)>> for Kept {
    fn from(edges: Vec<(Found, Trace)>) -> Self {
        Self(edges.into_iter().collect())
    }
}

impl From<Kept> for Vec<(Found, Trace)> {
    fn from(kept: Kept) -> Self {
        kept.0.into_iter().collect()
    }
}
