//! What is so, as the schedule knows it: it is what does it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Is {
    Up,
    Down,
    /// It is just being changed.
    Unknown,
}

/// What is known of one thing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    pub(crate) is: Is,
    /// Since when.
    pub(crate) since: Instant,
    /// How often it was changed.
    pub(crate) change: u64,
    /// How often it began anew, and its counters with it.
    pub(crate) lives: u64,
}

/// What is known of everything, by its name.
#[derive(Debug, Default)]
pub(crate) struct Truth(Mutex<BTreeMap<&'static str, Fact>>);

impl Truth {
    pub(crate) fn set(&self, name: &'static str, is: Is) {
        self.change(name, is, 0);
    }

    /// It begins anew.
    pub(crate) fn ended(&self, name: &'static str) {
        self.change(name, Is::Unknown, 1);
    }

    fn change(&self, name: &'static str, is: Is, lives: u64) {
        let mut facts = self.0.lock().unwrap();
        let (change, before) = facts.get(name).map_or((0, 0), |fact| (fact.change + 1, fact.lives));
        facts.insert(name, Fact { is, since: Instant::now(), change, lives: before + lives });
    }

    /// Does what makes `name` be so.
    pub(crate) fn make(&self, name: &'static str, is: Is, what: impl FnOnce()) {
        self.set(name, Is::Unknown);
        what();
        self.set(name, is);
    }

    pub(crate) fn all(&self) -> BTreeMap<&'static str, Fact> {
        self.0.lock().unwrap().clone()
    }
}
