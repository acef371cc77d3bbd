//! How fast one log may be read.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket. It never says no: it says how long to wait before more is read.
#[derive(Debug)]
pub struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        Self { per_second: per_second.into(), burst: burst.into(), tokens: burst.into(), at: now }
    }

    /// Takes note of `lines` that were read, and says for how long nothing more may be.
    pub fn take(&mut self, lines: u64, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst) - lines as f64;
        if self.tokens >= 0.0 || self.per_second <= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(-self.tokens / self.per_second).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn beyond_the_burst_lines_come_at_the_rate() {
        let mut bucket = Bucket::new(100, 500, Instant::now());
        assert_eq!(bucket.take(500, Instant::now()), Duration::ZERO);
        assert_eq!(bucket.take(50, Instant::now()), Duration::from_millis(500));
        sleep(Duration::from_millis(500)).await;
        assert_eq!(bucket.take(0, Instant::now()), Duration::ZERO);
        let started = Instant::now();
        for _ in 0..100 {
            let pause = bucket.take(10, Instant::now());
            sleep(pause).await;
        }
        let took = started.elapsed().as_secs_f64();
        assert!((9.9..10.2).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_time_saves_no_more_than_the_burst() {
        let mut bucket = Bucket::new(100, 500, Instant::now());
        advance(Duration::from_hours(1)).await;
        assert_eq!(bucket.take(600, Instant::now()), Duration::from_secs(1));
    }
}
