//! The pauses between attempts at what fails.

use std::time::Duration;

/// Pauses that double from the first to the longest.
///
/// They have no chance in them, so that a state machine can be tested; whoever waits among many adds it with
/// [`jittered`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// No failure yet.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// It failed once more: the pause until the next attempt.
    pub fn failed(&mut self) -> Duration {
        let doublings = self.failures;
        self.failures = doublings.saturating_add(1);
        self.first.saturating_mul(2_u32.saturating_pow(doublings)).min(self.longest)
    }

    /// It succeeded: the next pause is the first one again.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

/// The time and up to a tenth of it: what broke together must not be tried again together.
#[must_use]
pub fn jittered(time: Duration) -> Duration {
    lengthened(time, fastrand::f64())
}

/// The time, lengthened by `jitter` tenths of it.
#[must_use]
pub fn lengthened(time: Duration, jitter: f64) -> Duration {
    time.mul_f64(1.0 + jitter / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_again() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
        let pauses: Vec<u64> = (0..8).map(|_| backoff.failed().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.failures(), 8);
        backoff.succeeded();
        assert_eq!((backoff.failures(), backoff.failed()), (0, Duration::from_secs(1)));
        let mut backoff = Backoff::new(Duration::from_secs(2), Duration::from_mins(5));
        let pauses: Vec<u64> = (0..10).map(|_| backoff.failed().as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn no_number_of_failures_overflows() {
        let mut backoff = Backoff { failures: u32::MAX, ..Backoff::new(Duration::from_millis(10), Duration::MAX) };
        assert_eq!(backoff.failed(), Duration::from_millis(10) * u32::MAX);
        assert_eq!(backoff.failures(), u32::MAX);
        let mut long = Backoff { failures: 40, ..Backoff::new(Duration::MAX, Duration::MAX) };
        assert_eq!(long.failed(), Duration::MAX);
    }

    #[test]
    fn a_pause_is_lengthened_by_a_tenth_at_most_and_never_shortened() {
        assert_eq!(lengthened(Duration::from_secs(1), 1.0), Duration::from_millis(1100));
        assert_eq!(lengthened(Duration::from_mins(1), 0.5), Duration::from_secs(63));
        for _ in 0..100 {
            let second = jittered(Duration::from_secs(1)).as_secs_f64();
            assert!((1.0..=1.1).contains(&second), "{second}");
        }
    }
}
