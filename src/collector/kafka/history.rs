//! How old a message is, by when the end of its partition was where.

use std::collections::HashMap;
use std::sync::Arc;

/// Points that are kept of a partition. With more, every second one of the older half goes.
const MAX_POINTS: usize = 32;

/// The ends of partitions, as the polls of this run saw them.
#[derive(Debug, Default)]
pub(super) struct Histories(HashMap<Arc<str>, HashMap<i32, History>>);

impl Histories {
    /// That of a partition.
    pub(super) fn of(&mut self, topic: &Arc<str>, index: i32) -> &mut History {
        self.0.entry(Arc::clone(topic)).or_default().entry(index).or_default()
    }

    /// Forgets those of topics that are gone.
    pub(super) fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        self.0.retain(|topic, _| is_there(topic));
    }
}

/// When the end of a partition was where: seconds of some clock, and offsets that do not fall.
#[derive(Debug, Default)]
pub(super) struct History {
    points: Vec<(f64, i64)>,
}

impl History {
    /// Takes down where the end is now.
    pub(super) fn note(&mut self, now: f64, end: i64) {
        match self.points[..] {
            // The same at the time before, once more or not yet: the later of the two goes with the time.
            [.., (at, noted)] if at >= now && noted == end => return,
            // A partition that ends earlier than before is another one, or has lost what it had.
            [.., (_, noted)] if noted > end => self.points.clear(),
            [.., (_, earlier), (_, noted)] if earlier == end && noted == end => {
                self.points.pop();
            }
            _ => {}
        }
        self.points.push((now, end));
        if self.points.len() > MAX_POINTS {
            let mut at = 0;
            self.points.retain(|_| {
                at += 1;
                // The first one says how far back this goes.
                at % 2 == 1 || at > MAX_POINTS / 2
            });
        }
    }

    /// How long ago the message at `committed` was written; nothing of one that has not been. Of one that was there before the
    /// first point, at least so long.
    pub(super) fn age(&self, now: f64, committed: i64) -> f64 {
        let behind = self.points.partition_point(|(_, end)| *end <= committed);
        let written = match (self.points[..behind].last(), self.points.get(behind)) {
            (_, None) => return 0.0,
            (None, Some((first, _))) => *first,
            (Some((from, least)), Some((to, most))) => {
                from + (to - from) * ((committed - least) as f64 / (most - least) as f64)
            }
        };
        (now - written).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(points: &[(f64, i64)]) -> History {
        let mut history = History::default();
        for (at, end) in points {
            history.note(*at, *end);
        }
        history
    }

    fn assert_age(history: &History, now: f64, committed: i64, expected: f64) {
        let age = history.age(now, committed);
        assert!((age - expected).abs() < 1e-9, "{age} of {committed}, not {expected}");
    }

    #[test]
    fn a_message_is_as_old_as_the_line_between_two_polls_has_it() {
        let history = history(&[(0.0, 100), (10.0, 200), (20.0, 200), (30.0, 200), (40.0, 300)]);
        assert_eq!(history.points, [(0.0, 100), (10.0, 200), (30.0, 200), (40.0, 300)]);
        for (committed, age) in [(100, 40.0), (150, 35.0), (199, 30.1), (200, 10.0), (299, 0.1), (300, 0.0), (400, 0.0)]
        {
            assert_age(&history, 40.0, committed, age);
        }
        // What was there before the first look is at least so old.
        assert_age(&history, 40.0, 99, 40.0);
        assert_age(&history, 100.0, 7, 100.0);
    }

    #[test]
    fn nothing_is_known_before_the_first_look_and_of_what_began_anew() {
        assert_age(&History::default(), 5.0, 7, 0.0);
        let mut history = history(&[(0.0, 100), (10.0, 200)]);
        history.note(20.0, 50);
        assert_eq!(history.points, [(20.0, 50)]);
        assert_age(&history, 30.0, 40, 10.0);
    }

    #[test]
    fn a_long_history_is_thinned_and_goes_as_far_back() {
        let mut history = History::default();
        for poll in 0..10_000_i64 {
            history.note(poll as f64 * 15.0, poll * 30);
        }
        assert!(history.points.len() <= MAX_POINTS, "{}", history.points.len());
        let now = 9_999.0 * 15.0;
        for committed in [0, 1, 150_000, 299_000, 299_969] {
            assert_age(&history, now, committed, now - committed as f64 / 2.0);
        }
    }

    #[test]
    fn histories_of_topics_that_are_gone_are_forgotten() {
        let mut all = Histories::default();
        let (kept, gone): (Arc<str>, Arc<str>) = ("kept".into(), "gone".into());
        all.of(&kept, 0).note(0.0, 5);
        all.of(&gone, 0).note(0.0, 5);
        all.retain(|topic| topic == "kept");
        assert_eq!(all.0.len(), 1);
        assert_age(all.of(&kept, 0), 9.0, 4, 9.0);
        assert_age(all.of(&gone, 0), 9.0, 4, 0.0);
    }
}
