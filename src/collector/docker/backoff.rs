//! The pauses between attempts to open what breaks off: the stream of events, a log.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// What was open for so long is in order: the next pause is a short one.
pub(super) const HEALTHY: Duration = Duration::from_secs(30);

/// Pauses that double, each a little longer by chance: logs that broke together must not be opened together, and many
/// agents see the same engine go.
#[derive(Debug, Default)]
pub(super) struct Backoff(u32);

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        let pause = pause(self.0, fastrand::f64());
        self.0 += 1;
        pause
    }

    pub(super) const fn reset(&mut self) {
        self.0 = 0;
    }
}

/// The pause after so many failures, lengthened by a jitter of 0 to 1 tenth.
fn pause(failures: u32, jitter: f64) -> Duration {
    lengthened(FIRST.saturating_mul(1 << failures.min(16)).min(LONGEST), jitter)
}

/// The time and up to a tenth of it.
pub(super) fn jittered(time: Duration) -> Duration {
    lengthened(time, fastrand::f64())
}

fn lengthened(time: Duration, jitter: f64) -> Duration {
    time.mul_f64(1.0 + jitter / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_are_never_shorter_than_that() {
        let seconds = |failures, jitter| pause(failures, jitter).as_secs();
        let pauses = [0, 1, 2, 5, 6, 7, u32::MAX].map(|failures| seconds(failures, 0.0));
        assert_eq!(pauses, [1, 2, 4, 32, 60, 60, 60]);
        assert_eq!(pause(0, 1.0), Duration::from_millis(1100));
        assert_eq!(pause(9, 0.5), Duration::from_secs(63));
    }

    #[test]
    fn pauses_double_up_to_a_minute() {
        let mut backoff = Backoff::default();
        let seconds: Vec<f64> = (0..40).map(|_| backoff.next().as_secs_f64()).collect();
        for (at, second) in seconds.iter().enumerate() {
            let least = if at < 6 { f64::from(1 << at) } else { 60.0 };
            assert!((least..=least * 1.1).contains(second), "{at}: {second}");
        }
        backoff.reset();
        assert!(backoff.next().as_secs_f64() <= 1.1);
    }
}
