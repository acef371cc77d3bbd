//! The times that all rules have in common, and the policy in fast motion.

use std::time::Duration;

use crate::Policy;

/// Times of the rules that are not of one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// A value that is missing is the last one for so long: a failed scrape or poll neither resolves nor restarts anything.
    pub gap: Duration,
    /// How much longer than its own `for` a cause silences what follows from it before its alert fires.
    pub lead: Duration,
    /// Causes with a longer `for` silence nothing before they fire.
    pub longest_hold: Duration,
    /// A cause that was seen so short a time ago is not new: what it silenced then it does not silence again before it fires.
    pub memory: Duration,
    /// How long a cause goes on to silence when its condition is over: symptoms take their time to die down.
    pub tail: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let minutes = Duration::from_mins;
        Self { gap: minutes(2), lead: minutes(1), longest_hold: minutes(2), memory: minutes(10), tail: minutes(10) }
    }
}

impl Policy {
    /// The same policy with all its times divided: what takes an hour takes six minutes.
    #[must_use]
    pub fn divided(mut self, by: u32) -> Self {
        let divide = |time: Duration| time / by.max(1);
        let Times { gap, lead, longest_hold, memory, tail } = &mut self.times;
        for time in [gap, lead, longest_hold, memory, tail] {
            *time = divide(*time);
        }
        for level in self.alerts.iter_mut().flat_map(|alert| &mut alert.levels) {
            level.hold = divide(level.hold);
            level.keep_firing = divide(level.keep_firing);
            level.set_windows(divide);
            level.scopes.iter_mut().for_each(|scope| scope.hold = divide(scope.hold));
        }
        self
    }
}
