//! What one pass over a database makes of the keys of a pattern.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::looked::{Looked, Type};
use super::settings::Watched;
use clientlist::label;

/// Groups that a pass keeps apart; keys of further ones count as [`OVERFLOW`].
const MAX_GROUPS: usize = 10_000;

/// The groups that are not shown, by the name that `redis_exporter` gives them.
const OVERFLOW: &str = "overflow";

/// The keys that fit no regular expression, by the name that `redis_exporter` gives them.
const UNCLASSIFIED: &str = "unclassified";

/// A key that is shown by name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub(super) key: Vec<u8>,
    pub(super) looked: Looked,
}

impl Shown {
    fn weight(&self) -> u64 {
        self.looked.memory.or(self.looked.size).unwrap_or(0)
    }

    fn order(&self, other: &Self) -> Ordering {
        other.weight().cmp(&self.weight()).then_with(|| self.key.cmp(&other.key))
    }
}

/// Keys that are not shown by name, or a group of keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) keys: u64,
    pub(super) size: u64,
    pub(super) memory: u64,
}

impl Sum {
    fn add(&mut self, looked: &Looked) {
        let [size, memory] = [looked.size, looked.memory].map(Option::unwrap_or_default);
        self.join(Self { keys: 1, size, memory });
    }

    pub(super) const fn join(&mut self, other: Self) {
        self.keys += other.keys;
        self.size = self.size.saturating_add(other.size);
        self.memory = self.memory.saturating_add(other.memory);
    }
}

/// What the pass that runs has seen of a pattern.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Keys that fit.
    count: u64,
    /// The largest, and not many more.
    top: Vec<Shown>,
    others: Sum,
    groups: HashMap<String, Sum>,
    beyond: Sum,
}

/// What a whole pass has seen of a pattern.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tallied {
    pub(super) count: u64,
    /// The largest first.
    pub(super) top: Vec<Shown>,
    pub(super) others: Sum,
    /// With [`OVERFLOW`] for those that are not shown.
    pub(super) groups: Vec<(String, Sum)>,
    /// All groups.
    pub(super) distinct: usize,
}

impl Tally {
    pub(super) const fn count(&mut self) {
        self.count += 1;
    }

    /// Adds a key that may be shown by name. One that went away meanwhile has nothing to show.
    pub(super) fn show(&mut self, watched: &Watched, key: &[u8], looked: &Looked) {
        if matches!(looked.kind, Type::None | Type::Unknown) {
            return;
        }
        self.top.push(Shown { key: key.to_vec(), looked: looked.clone() });
        // Sorting each time would cost more than keeping some too many.
        if self.top.len() >= 2 * watched.top + 100 {
            self.cut(watched.top);
        }
    }

    fn cut(&mut self, top: usize) {
        // SCAN may name a key twice, and it may have grown in between.
        self.top.sort_unstable_by(|one, other| one.key.cmp(&other.key).then_with(|| one.order(other)));
        self.top.dedup_by(|again, first| again.key == first.key);
        self.top.sort_unstable_by(Shown::order);
        for other in self.top.drain(top.min(self.top.len())..) {
            self.others.add(&other.looked);
        }
    }

    /// Adds a key to its group: what the first regular expression that fits captures of it.
    pub(super) fn group(&mut self, watched: &Watched, key: &[u8], looked: &Looked) {
        let captured = watched.groups.iter().find_map(|grouping| grouping.0.captures(key));
        let name = captured.map_or_else(
            || UNCLASSIFIED.to_owned(),
            |captures| {
                let parts: Vec<&[u8]> = captures.iter().skip(1).flatten().map(|part| part.as_bytes()).collect();
                label::label(&parts.concat()).into_owned()
            },
        );
        let is_new = !self.groups.contains_key(&name);
        if is_new && self.groups.len() >= MAX_GROUPS {
            self.beyond.add(looked);
        } else {
            self.groups.entry(name).or_default().add(looked);
        }
    }

    /// The result, at the end of the pass.
    pub(super) fn end(mut self, watched: &Watched) -> Tallied {
        self.cut(watched.top);
        let distinct = self.groups.len();
        let mut groups: Vec<_> = self.groups.into_iter().collect();
        groups.sort_unstable_by(|(a_name, a), (b_name, b)| {
            b.memory.cmp(&a.memory).then_with(|| b.keys.cmp(&a.keys)).then_with(|| a_name.cmp(b_name))
        });
        let mut rest = self.beyond;
        groups.drain(watched.top.min(groups.len())..).for_each(|(_, sum)| rest.join(sum));
        if rest.keys > 0 {
            // Keys may make a group of that name.
            match groups.iter_mut().find(|(name, _)| name == OVERFLOW) {
                Some((_, sum)) => sum.join(rest),
                None => groups.push((OVERFLOW.to_owned(), rest)),
            }
        }
        Tallied { count: self.count, top: self.top, others: self.others, groups, distinct }
    }
}
