//! The pauses between attempts to open a log.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// Pauses that double, each a little longer by chance: logs that broke together must not be opened together.
#[derive(Debug, Default)]
pub(super) struct Backoff(u32);

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.0.min(16)).min(LONGEST);
        self.0 += 1;
        jittered(pause)
    }

    pub(super) const fn reset(&mut self) {
        self.0 = 0;
    }
}

/// The time and up to a tenth of it.
pub(super) fn jittered(time: Duration) -> Duration {
    time.mul_f64(1.0 + fastrand::f64() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
