//! Events that were seen before: after a new subscription the engine repeats them.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::collector::docker::engine::Event;

/// Events that are remembered; the engine itself remembers 256.
const REMEMBERED: usize = 1024;

/// The last events, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Recent {
    hasher: RandomState,
    order: VecDeque<u64>,
    known: HashSet<u64>,
}

impl Recent {
    /// Remembers an event; whether it is new.
    pub(super) fn insert(&mut self, event: &Event) -> bool {
        let hash = self.hasher.hash_one((event.time_nano, &event.actor.id, &event.action));
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_event_is_new_once_and_the_memory_is_bounded() {
        let mut recent = Recent::default();
        let event = |time_nano, action: &str| Event { time_nano, action: action.to_owned(), ..Event::default() };
        assert!(recent.insert(&event(1, "start")));
        assert!(!recent.insert(&event(1, "start")));
        assert!(recent.insert(&event(1, "die")));
        for time in (2..).take(REMEMBERED) {
            assert!(recent.insert(&event(time, "start")));
        }
        assert_eq!((recent.order.len(), recent.known.len()), (REMEMBERED, REMEMBERED));
        assert!(recent.insert(&event(1, "start")));
    }
}
