//! What is known of the containers, their runs and their totals.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::watch;

use crate::collector::docker::logs::ReadFrom;
use crate::collector::docker::logs::cursor::Cursor;
use crate::collector::docker::logs::excerpts::Excerpts;
use crate::collector::docker::logs::follow::Signal;
use crate::collector::docker::logs::metrics::Skipped;
use crate::collector::docker::logs::reader::{Binding, LazyMatcher};
use crate::collector::docker::logs::totals::Totals;
use crate::logpattern::{Patterns, Selection};

/// Containers whose place in their log is remembered, and names whose totals are. The lifecycle forgets them long before.
const MAX_KNOWN: usize = 4096;

/// Matchers that are kept although no container needs them now.
const MAX_MATCHERS: usize = 16;

#[derive(Default)]
pub(super) struct State {
    pub(super) runs: HashMap<String, Entry>,
    pub(super) totals: BTreeMap<String, Arc<Totals>>,
    pub(super) matchers: HashMap<Selection, Arc<LazyMatcher>>,
    /// Counts the runs that were placed, so that the first one waits the shortest.
    pub(super) placed: u64,
    pub(super) collecting: bool,
}

/// What is known of one container.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) from: ReadFrom,
    /// Counts its runs.
    pub(super) run: u64,
    pub(super) is_alive: bool,
    pub(super) stage: Stage,
    pub(super) cursor: Option<Cursor>,
    /// Whether it is known to have a terminal.
    pub(super) has_terminal: bool,
    pub(super) placed: u64,
}

pub(super) enum Stage {
    /// Nothing is to be done.
    Idle,
    /// A task follows it, or drains what is left of it.
    Following(watch::Sender<Signal>, Arc<AtomicBool>),
    /// It should be followed, and is not.
    Skipped(Skipped),
}

impl Entry {
    pub(super) const fn is_followed(&self) -> bool {
        matches!(self.stage, Stage::Following(..))
    }
}

impl State {
    /// Whether no more runs are to be followed. Those that are over and are read to their end do not count, within bounds.
    pub(super) fn is_full(&self, max: usize) -> bool {
        let followed = || self.runs.values().filter(|entry| entry.is_followed());
        followed().filter(|entry| entry.is_alive).count() >= max || followed().count() >= max.saturating_mul(4)
    }

    /// Where the lines of the container of that name are counted, and what for.
    pub(super) fn binding(
        &mut self,
        name: &str,
        patterns: &Arc<Patterns>,
        excerpts: Option<&Arc<Excerpts>>,
    ) -> Arc<Binding> {
        let matcher = self.matcher(patterns, patterns.select(name));
        let totals = self.totals.entry(name.to_owned()).or_insert_with(|| Arc::new(Totals::new(patterns.len())));
        let excerpts = excerpts.map(|excerpts| excerpts.of(name));
        Arc::new(Binding { totals: Arc::clone(totals), matcher, events: patterns.events(name), excerpts })
    }

    /// What matches the lines of containers with these patterns.
    pub(super) fn matcher(&mut self, patterns: &Arc<Patterns>, selection: Selection) -> Arc<LazyMatcher> {
        if self.matchers.len() > MAX_MATCHERS {
            self.matchers.retain(|_, matcher| Arc::strong_count(matcher) > 1);
        }
        let new = || Arc::new(LazyMatcher::new(Arc::clone(patterns), selection));
        Arc::clone(self.matchers.entry(selection).or_insert_with(new))
    }

    /// Gives up what has been of no use for the longest time where there is too much.
    pub(super) fn make_room(&mut self) {
        while self.runs.len() >= MAX_KNOWN {
            let useless = self.runs.iter().filter(|(_, entry)| !entry.is_alive && !entry.is_followed());
            let Some(oldest) = useless.min_by_key(|(_, entry)| entry.placed).map(|(id, _)| id.clone()) else { break };
            self.runs.remove(&oldest);
        }
        if self.totals.len() >= MAX_KNOWN {
            let known: HashSet<&str> = self.runs.values().map(|entry| entry.name.as_str()).collect();
            self.totals.retain(|name, _| known.contains(name.as_str()));
        }
    }
}
