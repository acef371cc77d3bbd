//! From the slow log's pages to counters.

use std::collections::BTreeMap;

use super::{CommandTotal, FIRST_PAGE, MAX_PAGE, Slowlog, SlowlogEntry};
use crate::collector::redis::last_run::LastRun;
use crate::metric::OTHER;

/// Commands that are told apart by name; the rest counts as `__other__`.
const MAX_COMMANDS: usize = 64;

/// Present from the start, so that the first slow one is an increase that a rule can see.
const EXPECTED: &str = "publish";

/// Counts each entry of one server's slow log once.
///
/// The first sight of a server is a baseline: what is in its log already is not counted. A new run id means that the
/// server began anew, and everything in its log is new; so do ids that fall, for servers that hide their run id.
#[derive(Debug)]
pub struct SlowlogTracker {
    seen: Option<Seen>,
    by_command: BTreeMap<String, (u64, u64)>,
    missed: u64,
}

/// How far the log was read.
#[derive(Debug)]
struct Seen {
    run: LastRun,
    /// The id of the next entry; unknown while a log that was empty at first sight stays empty, for SLOWLOG RESET does
    /// not reset ids.
    next_id: Option<u64>,
}

impl Seen {
    fn is_other_run(&self, run_id: Option<&str>, newest: Option<&SlowlogEntry>) -> bool {
        // A server that hides its run id is told by its ids, which begin again at 0.
        let fell = self.next_id.zip(newest).is_some_and(|(next_id, newest)| newest.id.saturating_add(1) < next_id);
        self.run.differs(run_id) || fell
    }
}

impl Default for SlowlogTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl SlowlogTracker {
    /// A tracker that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { seen: None, by_command: BTreeMap::from([(EXPECTED.to_owned(), (0, 0))]), missed: 0 }
    }

    /// How many entries a second SLOWLOG GET should ask for, when a first page of [`FIRST_PAGE`] did not reach back to
    /// what was read before; `None` when it did. At most [`MAX_PAGE`].
    #[must_use]
    pub fn wanted(&self, run_id: Option<&str>, first_page: &[SlowlogEntry]) -> Option<usize> {
        let seen = self.seen.as_ref()?;
        let (newest, oldest) = (first_page.first()?, first_page.last()?);
        // Of another run everything is new; of a log that was empty so far as well, but nothing tells from which id on.
        let next_id = if seen.is_other_run(run_id, Some(newest)) { 0 } else { seen.next_id.unwrap_or(0) };
        // A page that is not full is the whole log.
        if first_page.len() < FIRST_PAGE || oldest.id <= next_id {
            return None;
        }
        // A page more than needed now, for what enters the log before the second call.
        let new = usize::try_from(newest.id - next_id).unwrap_or(MAX_PAGE);
        Some(new.saturating_add(1 + FIRST_PAGE).min(MAX_PAGE))
    }

    /// Counts what is new in `entries`, the newest first.
    pub fn update(&mut self, run_id: Option<&str>, entries: &[SlowlogEntry]) -> Slowlog {
        let newest = entries.first();
        let following = newest.map(|newest| newest.id.saturating_add(1));
        let mut seen = match self.seen.take() {
            // What is in the log at first sight entered it before anybody watched.
            None => Seen { run: LastRun::default(), next_id: following },
            Some(mut seen) => {
                if seen.is_other_run(run_id, newest) {
                    // Ids begin again with the server, and so does its log: all of it is new.
                    seen.next_id = Some(0);
                }
                self.count_from(seen.next_id, entries);
                // An empty log was reset, and the ids go on from where they were.
                seen.next_id = following.or(seen.next_id);
                seen
            }
        };
        seen.run.observe(run_id);
        self.seen = Some(seen);
        Slowlog { newest: newest.cloned(), by_command: self.totals(), missed: self.missed }
    }

    /// Forgets how far the log was read, for another server behind the same address: what is in its log is old.
    pub fn rebase(&mut self) {
        self.seen = None;
    }

    fn count_from(&mut self, next_id: Option<u64>, entries: &[SlowlogEntry]) {
        let mut counted = 0;
        // Without a next id the log was empty until now: whatever is in it is new.
        for entry in entries.iter().take_while(|entry| next_id.is_none_or(|next_id| entry.id >= next_id)) {
            counted += 1;
            if entry.own {
                continue;
            }
            let (entries, duration_us) = self.total(&entry.command);
            *entries += 1;
            *duration_us = duration_us.saturating_add(entry.duration_us);
        }
        if let Some((next_id, newest)) = next_id.zip(entries.first()) {
            // Ids have no gaps: those between the last one read and the newest that are not here have left the log.
            let new = newest.id.saturating_add(1).saturating_sub(next_id);
            self.missed = self.missed.saturating_add(new.saturating_sub(counted));
        }
    }

    fn total(&mut self, command: &str) -> &mut (u64, u64) {
        let named = self.by_command.contains_key(command) || self.by_command.len() < MAX_COMMANDS;
        self.by_command.entry(if named { command } else { OTHER }.to_owned()).or_default()
    }

    fn totals(&self) -> Vec<CommandTotal> {
        let total = |(command, &(entries, duration_us)): (&String, &(u64, u64))| CommandTotal {
            command: command.clone(),
            entries,
            duration_us,
        };
        self.by_command.iter().map(total).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::*;

    /// Entries with these ids, the newest first, each of `command` and 10 ms.
    fn page(command: &str, ids: RangeInclusive<u64>) -> Vec<SlowlogEntry> {
        ids.rev().map(|id| SlowlogEntry { id, duration_us: 10_000, command: command.to_owned(), own: false }).collect()
    }

    fn totals(slowlog: &Slowlog) -> Vec<(&str, u64, u64)> {
        slowlog.by_command.iter().map(|total| (total.command.as_str(), total.entries, total.duration_us)).collect()
    }

    #[test]
    fn first_sight_is_a_baseline_with_publish_at_zero() {
        let mut tracker = SlowlogTracker::new();
        assert_eq!(tracker.wanted(Some("a"), &page("get", 100..=115)), None);
        let slowlog = tracker.update(Some("a"), &page("get", 100..=115));
        assert_eq!(totals(&slowlog), [("publish", 0, 0)]);
        assert_eq!(slowlog.missed, 0);
        assert_eq!(slowlog.newest.unwrap().id, 115);
    }

    #[test]
    fn each_entry_counts_once() {
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &page("get", 0..=2));
        let mut entries = page("publish", 4..=5);
        entries.extend(page("eval", 0..=3));
        assert_eq!(tracker.wanted(Some("a"), &entries), None);
        let expected = [("eval", 1, 10_000), ("publish", 2, 20_000)];
        for _ in 0..2 {
            let slowlog = tracker.update(Some("a"), &entries);
            assert_eq!(totals(&slowlog), expected);
            assert_eq!(slowlog.missed, 0);
        }
    }

    #[test]
    fn a_log_that_was_empty_at_first_sight_has_only_new_entries() {
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &[]);
        tracker.update(Some("a"), &[]);
        assert_eq!(tracker.wanted(Some("a"), &page("get", 57..=58)), None);
        let slowlog = tracker.update(Some("a"), &page("get", 57..=58));
        assert_eq!(totals(&slowlog), [("get", 2, 20_000), ("publish", 0, 0)]);
        assert_eq!(slowlog.missed, 0);
    }

    #[test]
    fn ids_go_on_over_a_reset_and_a_gap_is_missed() {
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &page("get", 0..=9));
        let slowlog = tracker.update(Some("a"), &[]);
        assert_eq!((slowlog.newest, slowlog.missed), (None, 0));
        let slowlog = tracker.update(Some("a"), &page("publish", 12..=12));
        assert_eq!(totals(&slowlog), [("publish", 1, 10_000)]);
        assert_eq!(slowlog.missed, 2);
    }

    #[test]
    fn everything_is_new_after_a_restart() {
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &page("get", 0..=9));
        let slowlog = tracker.update(Some("b"), &page("publish", 0..=2));
        assert_eq!(totals(&slowlog), [("publish", 3, 30_000)]);
        // More entries since the restart than before it do not hide it.
        let slowlog = tracker.update(Some("c"), &page("publish", 0..=19));
        assert_eq!(totals(&slowlog), [("publish", 23, 230_000)]);
        assert_eq!(slowlog.missed, 0);
    }

    #[test]
    fn an_empty_log_after_a_restart_starts_at_zero() {
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &page("get", 0..=9));
        tracker.update(Some("b"), &[]);
        let slowlog = tracker.update(Some("b"), &page("publish", 1..=1));
        assert_eq!(totals(&slowlog), [("publish", 1, 10_000)]);
        assert_eq!(slowlog.missed, 1);
    }

    #[test]
    fn without_a_run_id_falling_ids_are_a_restart() {
        let mut tracker = SlowlogTracker::new();
        tracker.update(None, &page("get", 0..=9));
        assert_eq!(totals(&tracker.update(None, &page("get", 0..=1))), [("get", 2, 20_000), ("publish", 0, 0)]);
        // A run id that is absent for once is not another run.
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &page("get", 0..=0));
        tracker.update(None, &page("get", 0..=0));
        let slowlog = tracker.update(Some("a"), &page("get", 0..=0));
        assert_eq!(totals(&slowlog), [("publish", 0, 0)]);
    }

    #[test]
    fn a_page_that_does_not_reach_back_is_asked_for_again() {
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &page("get", 0..=9));
        // Ids 10..=25 join on to what was read.
        assert_eq!(tracker.wanted(Some("a"), &page("get", 10..=25)), None);
        // 17 new ones, and a page more.
        assert_eq!(tracker.wanted(Some("a"), &page("get", 11..=26)), Some(17 + FIRST_PAGE));
        // The server keeps fewer than a page: there is no more to get.
        assert_eq!(tracker.wanted(Some("a"), &page("get", 95..=99)), None);
        assert_eq!(tracker.wanted(Some("a"), &page("get", 99_985..=100_000)), Some(MAX_PAGE));
        assert_eq!(tracker.wanted(Some("a"), &page("get", u64::MAX - 15..=u64::MAX)), Some(MAX_PAGE));
        assert_eq!(tracker.wanted(Some("a"), &[]), None);
        // After a restart all ids are new: 20 of them.
        assert_eq!(tracker.wanted(Some("b"), &page("get", 4..=19)), Some(20 + FIRST_PAGE));
        let slowlog = tracker.update(Some("a"), &page("get", 11..=26));
        assert_eq!(slowlog.missed, 1);
    }

    #[test]
    fn the_agents_own_entries_are_neither_counted_nor_missed() {
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &page("get", 0..=2));
        let mut entries = page("get", 3..=6);
        entries[1].own = true;
        entries[2].own = true;
        let slowlog = tracker.update(Some("a"), &entries);
        assert_eq!(totals(&slowlog), [("get", 2, 20_000), ("publish", 0, 0)]);
        assert_eq!((slowlog.missed, slowlog.newest.unwrap().id), (0, 6));
    }

    #[test]
    fn names_are_bounded() {
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &[]);
        let many: Vec<_> = (0..100)
            .rev()
            .map(|id| SlowlogEntry { id, duration_us: 1, command: format!("C{id}"), own: false })
            .collect();
        let slowlog = tracker.update(Some("a"), &many);
        assert_eq!(slowlog.by_command.len(), MAX_COMMANDS + 1);
        assert_eq!(slowlog.by_command.iter().map(|total| total.entries).sum::<u64>(), 100);
        let other = slowlog.by_command.iter().find(|total| total.command == OTHER).unwrap();
        // 63 names beside PUBLISH.
        assert_eq!((other.entries, other.duration_us), (37, 37));
    }
}
