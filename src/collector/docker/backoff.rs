//! The pauses between attempts to open what breaks off: the stream of events, a log, an inspection.

use std::time::Duration;

/// What was open for so long is in order: the next pause is a short one.
pub(super) const HEALTHY: Duration = Duration::from_secs(30);

/// Pauses that double.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_mins(1))
    }
}

impl Backoff {
    pub(super) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.first.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A time, longer by up to a tenth: logs that broke together must not be opened together, and many agents see the same engine
/// go.
pub(super) fn jittered(time: Duration) -> Duration {
    time.mul_f64(1.0 + fastrand::f64() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let mut backoff = Backoff::default();
        let seconds: Vec<u64> = (0..40).map(|_| backoff.next().as_secs()).collect();
        for (at, second) in seconds.iter().enumerate() {
            assert_eq!(*second, if at < 6 { 1 << at } else { 60 }, "{at}");
        }
        backoff.failures = u32::MAX;
        assert_eq!(backoff.next(), Duration::from_mins(1));
        backoff.reset();
        assert_eq!(backoff.next(), Duration::from_secs(1));
    }

    #[test]
    fn the_first_and_the_longest_pause_may_be_others() {
        let mut backoff = Backoff::new(Duration::from_secs(2), Duration::from_mins(5));
        let seconds: Vec<u64> = (0..10).map(|_| backoff.next().as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn jitter_makes_a_pause_longer_by_up_to_a_tenth() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_mins(1)).as_secs_f64();
            assert!((60.0..=66.0).contains(&pause), "{pause}");
        }
    }
}
