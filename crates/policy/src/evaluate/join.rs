//! Which things belong together: those that have the same value of every label that both have.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::samples::Label;

/// Things that can be looked up by the labels that they share with others.
pub(super) struct Index<'a> {
    /// The labels that all things on both sides have, by which they are found.
    names: Vec<&'a str>,
    /// The place of each thing, in the order of the hash of the values of those labels.
    places: Vec<(u64, usize)>,
    all: Vec<&'a [Label]>,
}

impl<'a> Index<'a> {
    /// Of the things with these labels, to be asked for by the labels of `others`.
    pub(super) fn new(
        all: impl Iterator<Item = &'a [Label]>,
        mut others: impl Iterator<Item = &'a [Label]>,
    ) -> Index<'a> {
        let all: Vec<&[Label]> = all.collect();
        let mut sides = all.iter().copied().chain(&mut others);
        let mut names: Vec<&str> = sides.next().map(|labels| names(labels).collect()).unwrap_or_default();
        for labels in sides {
            names.retain(|name| self::names(labels).any(|other| other == *name));
        }
        let mut places: Vec<(u64, usize)> =
            all.iter().enumerate().map(|(at, labels)| (hash(labels, &names), at)).collect();
        places.sort_unstable();
        Self { names, places, all }
    }

    /// The place of the first thing that belongs to what has these labels.
    pub(super) fn find(&self, labels: &[Label]) -> Option<usize> {
        let hash = hash(labels, &self.names);
        let first = self.places.partition_point(|(other, _)| *other < hash);
        let mut same = self.places[first..].iter().take_while(|(other, _)| *other == hash);
        same.find(|(_, at)| agree(self.all[*at], labels)).map(|(_, at)| *at)
    }
}

fn names(labels: &[Label]) -> impl Iterator<Item = &str> {
    labels.iter().map(|(name, _)| &**name)
}

fn hash(labels: &[Label], names: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Both are in the order of the names.
    let mut names = names.iter().peekable();
    for (name, value) in labels {
        if names.next_if(|wanted| **wanted == &**name).is_some() {
            value.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Whether two things have the same value of every label that both have: they are of one target, pool, container.
fn agree(one: &[Label], other: &[Label]) -> bool {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    // Both are in the order of the names.
    while let (Some((name, value)), Some((other_name, other_value))) = (one.peek(), other.peek()) {
        match name.cmp(other_name) {
            Ordering::Less => one.next(),
            Ordering::Greater => other.next(),
            Ordering::Equal if value == other_value => one.next().and(other.next()),
            Ordering::Equal => return false,
        };
    }
    true
}
