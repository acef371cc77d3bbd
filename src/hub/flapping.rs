//! What changes all the time must not fill the log.

use std::collections::VecDeque;
use std::fmt::Display;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

/// Changes within [`WINDOW`] that are logged, each as a line.
const LOGGED: usize = 6;
const WINDOW: Duration = Duration::from_mins(10);
/// How long there must be no change until changes are logged again.
const CALM: Duration = Duration::from_mins(5);

/// Changes of an outcome, of which the log gets all as long as they are rare.
#[derive(Debug, Clone, Default)]
pub struct Flapping {
    /// When the last changes were that were logged.
    logged: VecDeque<Instant>,
    /// While no change is logged: when the last one was, and how many there were.
    muted: Option<(Instant, u64)>,
}

/// What the log gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// The change itself.
    Change,
    /// That there are too many: this one and those that follow are left out.
    Flapping,
    /// That there was none for [`CALM`], and how many were left out before.
    Calm(u64),
}

impl Flapping {
    /// An attempt to ask the target, or one endpoint of it, has ended now: its `outcome`, and whether that is another one than
    /// before. Returns whether that is to be logged; that it changes all the time, and no more, is logged here.
    pub fn is_logged(&mut self, target: impl Display, endpoint: Option<&str>, outcome: &str, is_change: bool) -> bool {
        match self.note(is_change, Instant::now()) {
            Some(Line::Change) => return true,
            Some(Line::Flapping) => warn!(
                target_name = %target, endpoint,
                "it changes all the time; changes are logged again when there was none for {CALM:?}"
            ),
            Some(Line::Calm(left_out)) => {
                info!(target_name = %target, endpoint, outcome, left_out, "it has stopped changing all the time");
            }
            None => {}
        }
        false
    }

    /// Returns the line that the log gets after an attempt that ended at `now`.
    fn note(&mut self, is_change: bool, now: Instant) -> Option<Line> {
        match (&mut self.muted, is_change) {
            (Some((last, left_out)), true) => {
                (*last, *left_out) = (now, *left_out + 1);
                None
            }
            (Some((last, left_out)), false) => {
                let calm = (now.saturating_duration_since(*last) >= CALM).then_some(Line::Calm(*left_out));
                if calm.is_some() {
                    *self = Self::default();
                }
                calm
            }
            (None, true) => {
                self.logged.retain(|at| now.saturating_duration_since(*at) < WINDOW);
                if self.logged.len() >= LOGGED {
                    self.muted = Some((now, 1));
                    return Some(Line::Flapping);
                }
                self.logged.push_back(now);
                Some(Line::Change)
            }
            (None, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a course of attempts, one each `every` seconds: the number of the attempt, and its line. `x` is a change.
    fn lines(course: &str, every: u64) -> Vec<(usize, Line)> {
        let (mut flapping, start) = (Flapping::default(), Instant::now());
        let attempts = course.bytes().zip(0..).zip(0..);
        attempts
            .filter_map(|((outcome, nth), number)| {
                let now = start + Duration::from_secs(every * nth);
                Some((number, flapping.note(outcome == b'x', now)?))
            })
            .collect()
    }

    #[test]
    fn rare_changes_are_a_line_each() {
        let course = "x.......".repeat(20);
        let expected: Vec<_> = (0..20).map(|change| (8 * change, Line::Change)).collect();
        assert_eq!(lines(&course, 15), expected);
    }

    #[test]
    fn frequent_ones_are_one_line_and_another_when_it_is_over() {
        let course = "x".repeat(20) + "..x" + &".".repeat(21) + "x.x";
        let changes = (0..6).map(|change| (change, Line::Change));
        let rest = [(6, Line::Flapping), (42, Line::Calm(15)), (44, Line::Change), (46, Line::Change)];
        assert_eq!(lines(&course, 15), changes.chain(rest).collect::<Vec<_>>());
    }

    #[test]
    fn what_never_comes_to_rest_is_silent() {
        assert_eq!(lines(&"x...".repeat(1_000), 15).len(), 7);
    }
}
