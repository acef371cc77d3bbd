//! Several instances behind one address that answer in turn: seen by their counters, which fall and come back.
//!
//! A counter that fell once is one of a service that was restarted: it begins anew, far below, and rises from there. One that
//! falls to where it has been before, a little above that, is another counter. No difference of the two is a growth.

use std::collections::BTreeMap;

use super::merge::Earlier;
use crate::mapping::{Evaluation, Mapping};
use crate::metric::{Kind, OTHER};

/// Answers that are looked back upon.
const MEMORY: u64 = 20;

/// Falls to a known counter among these that are no chance.
const ENOUGH: usize = 2;

/// Counters of one endpoint that are followed once they fell.
const MOST_SERIES: usize = 32;

/// Instances that are told apart.
const MOST_INSTANCES: usize = 16;

/// A rule and the labels of one of its series.
type Key = (usize, Vec<String>);

/// What is known of the counters of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Answers so far.
    answers: u64,
    /// The last values of each counter that fell: of each instance that was told apart one, the latest last.
    fallen: BTreeMap<Key, Vec<f64>>,
    /// The answers with a fall to a known counter.
    seen_at: Vec<u64>,
    /// How often another counter was seen than at the answer before, or it began anew: what is between two such answers is no
    /// growth.
    breaks: usize,
}

impl Turns {
    /// Whether the answers are of several instances, as far as can be told.
    pub(super) const fn are_mixed(&self) -> bool {
        self.seen_at.len() >= ENOUGH
    }

    pub(super) const fn breaks(&self) -> usize {
        self.breaks
    }

    /// Takes what the endpoint says now; `before` is what it said at the answer before. Returns whether it is seen only now
    /// that the answers are of several instances.
    pub(super) fn observe(&mut self, mapping: &Mapping, before: &Evaluation, now: &Evaluation) -> bool {
        self.answers += 1;
        let had_been = self.are_mixed();
        let (mut is_turn, mut is_break) = (false, false);
        for (index, points) in &now.points {
            if mapping.rules[*index].definition.kind != Kind::Counter {
                continue;
            }
            let earlier = Earlier::of(before, *index);
            for (at, point) in points.iter().enumerate() {
                let Some(value) = point.reading.number() else { continue };
                let last = earlier.number(at, &point.labels).filter(|last| value < *last);
                // Most of the time nothing has ever fallen, and nothing is kept.
                if (self.fallen.is_empty() && last.is_none()) || point.labels.iter().any(|label| label == OTHER) {
                    continue;
                }
                let key = (*index, point.labels.clone());
                if let Some(known) = self.fallen.get_mut(&key) {
                    let step = follow(known, value);
                    is_turn |= step == Step::Turn;
                    is_break |= step != Step::On;
                } else if let Some(last) = last
                    && self.fallen.len() < MOST_SERIES
                {
                    self.fallen.insert(key, vec![last, value]);
                    is_break = true;
                }
            }
        }
        let answers = self.answers;
        self.seen_at.retain(|at| answers - at < MEMORY);
        if is_turn {
            self.seen_at.push(answers);
        }
        self.breaks += usize::from(is_break);
        self.are_mixed() && !had_been
    }
}

/// How a counter went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It is the same one.
    On,
    /// It is another one than before, or began anew.
    Break,
    /// It fell to one that is known, and that had counted for longer than since it was seen: a service that is restarted
    /// again and again counts from 0.
    Turn,
}

/// Adds a value to that of the known counters which it continues.
fn follow(known: &mut Vec<f64>, value: f64) -> Step {
    let has_fallen = known.last().is_some_and(|last| value < *last);
    let highest = (0..known.len()).filter(|at| known[*at] <= value).max_by(|a, b| known[*a].total_cmp(&known[*b]));
    let Some(at) = highest else {
        if known.len() == MOST_INSTANCES {
            known.remove(0);
        }
        known.push(value);
        return Step::Break;
    };
    let is_same = at + 1 == known.len();
    let before = known.remove(at);
    known.push(value);
    match (is_same, has_fallen && before > value / 2.0) {
        (true, _) => Step::On,
        (false, true) => Step::Turn,
        (false, false) => Step::Break,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mapping::{evaluate, testing};

    /// Whether several instances are seen after each of these values.
    fn seen(values: &[u32]) -> Vec<bool> {
        let text = "[[endpoint]]\nname = \"e\"\npath = \"/\"\n[[metric]]\nname = \"a_total\"\ntype = \"counter\"\nat = \"/a\"\n";
        let mapping = testing::mapping(text);
        let mut turns = Turns::default();
        let mut before = Evaluation::default();
        let look = |value: &u32| {
            let now = evaluate(&mapping, 0, &json!({ "a": value }));
            turns.observe(&mapping, &before, &now);
            before = now;
            turns.are_mixed()
        };
        values.iter().map(look).collect()
    }

    /// The answer at which several instances are seen first.
    fn first(values: &[u32]) -> Option<usize> {
        seen(values).iter().position(|seen| *seen).map(|at| at + 1)
    }

    #[test]
    fn two_that_answer_in_turn_are_seen_at_the_third_fall() {
        assert_eq!(first(&[100_057, 88_558, 101_064, 89_564, 102_071, 90_570]), Some(6));
        assert_eq!(first(&[88_558, 101_064, 89_564, 102_071, 90_570, 103_000, 91_000]), Some(7));
    }

    #[test]
    fn three_in_any_order_are_seen() {
        assert_eq!(first(&[100_000, 50_000, 70_000, 100_100, 70_100, 50_100, 100_200, 70_200]), Some(8));
    }

    #[test]
    fn who_is_restarted_is_one() {
        assert_eq!(first(&[100_000, 3, 500, 1_000, 1_500, 99_000, 100_500, 102_000]), None);
        assert_eq!(first(&[900, 10, 20, 30, 5, 25, 45, 2, 12, 22]), None);
        // Again and again, and soon as high as it was.
        assert_eq!(first(&[1_000, 0, 900, 0, 1_100, 0, 950, 0, 1_000]), None);
    }

    #[test]
    fn with_one_left_it_is_forgotten() {
        let mut values = vec![100_000, 90_000, 100_100, 90_100, 100_200, 90_200];
        values.extend((0..40).map(|at| 90_300 + at));
        let seen = seen(&values);
        assert_eq!((seen[5], seen[22], seen[23], seen[45]), (true, true, false, false));
    }
}
