//! Rates over a sliding window.
//!
//! Counted in buckets of 100 ms rather than by an entry for each message: the memory is that of the window whatever the
//! rate, and ten thousand a second are ten thousand a second.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const BUCKET: Duration = Duration::from_millis(100);

/// How many there were in the last window.
#[derive(Debug)]
pub(crate) struct RateWindow {
    start: Instant,
    /// Full buckets that are kept beside the current one.
    length: u64,
    /// The counts of the newest buckets, the current one last.
    buckets: VecDeque<u64>,
    /// The number of the current bucket since the start.
    current: u64,
    total: u64,
}

impl RateWindow {
    /// An empty window that starts now. It is of whole buckets, and one at least.
    pub(crate) fn new(start: Instant, window: Duration) -> Self {
        let length = index(window).max(1);
        Self { start, length, buckets: VecDeque::from([0]), current: 0, total: 0 }
    }

    /// Counts `count` more. A moment before the last one counts as the last one.
    pub(crate) fn add(&mut self, now: Instant, count: u64) {
        self.advance(now);
        if let Some(bucket) = self.buckets.back_mut() {
            *bucket += count;
            self.total += count;
        }
    }

    /// The number in the window.
    pub(crate) fn total(&mut self, now: Instant) -> u64 {
        self.advance(now);
        self.total
    }

    /// The number a second: over the time since the start until the window is full, and then over its full buckets and
    /// what has passed of the current one. 0 at the start itself.
    pub(crate) fn per_second(&mut self, now: Instant) -> f64 {
        self.advance(now);
        let first = self.current.saturating_sub(self.length);
        let covered = self.since_start(now).saturating_sub(duration(first));
        if covered.is_zero() { 0.0 } else { self.total as f64 / covered.as_secs_f64() }
    }

    fn since_start(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start).max(duration(self.current))
    }

    fn advance(&mut self, now: Instant) {
        let current = index(self.since_start(now));
        if current - self.current > self.length {
            self.buckets.clear();
            self.buckets.push_back(0);
            self.total = 0;
        } else {
            self.buckets.extend((self.current..current).map(|_| 0));
            while self.buckets.len() as u64 > self.length + 1 {
                self.total -= self.buckets.pop_front().unwrap_or_default();
            }
        }
        self.current = current;
    }
}

/// Whole buckets in that time.
fn index(time: Duration) -> u64 {
    u64::try_from(time.as_millis() / BUCKET.as_millis()).unwrap_or(u64::MAX)
}

const fn duration(buckets: u64) -> Duration {
    Duration::from_millis(buckets.saturating_mul(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seen {
        start: Instant,
        window: RateWindow,
    }

    impl Seen {
        fn new(window: Duration) -> Self {
            let start = Instant::now();
            Self { start, window: RateWindow::new(start, window) }
        }

        fn at(&self, millis: u64) -> Instant {
            self.start + Duration::from_millis(millis)
        }

        fn add(&mut self, millis: u64, count: u64) {
            self.window.add(self.at(millis), count);
        }

        fn rate(&mut self, millis: u64) -> f64 {
            self.window.per_second(self.at(millis))
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "exact in binary")]
    fn ten_thousand_a_second_are_told_as_such() {
        let mut seen = Seen::new(Duration::from_mins(1));
        for millis in (0..120_000).step_by(10) {
            seen.add(millis, 100);
        }
        assert_eq!(seen.rate(120_000), 10_000.0);
        assert_eq!(seen.window.total(seen.at(120_000)), 600_000);
        assert_eq!(seen.window.buckets.len(), 601);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "exact in binary")]
    fn until_the_window_is_full_it_is_the_rate_since_the_start() {
        let mut seen = Seen::new(Duration::from_mins(1));
        assert_eq!(seen.rate(0), 0.0);
        seen.add(0, 100);
        assert_eq!(seen.rate(500), 200.0);
        assert_eq!(seen.rate(10_000), 10.0);
        assert_eq!(seen.rate(40_000), 2.5);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "exact in binary")]
    fn what_is_older_than_the_window_is_forgotten() {
        let mut seen = Seen::new(Duration::from_secs(1));
        seen.add(50, 7);
        seen.add(1_050, 20);
        // The buckets from 0 to 1,000 ms and half of the current one.
        assert_eq!(seen.window.total(seen.at(1_050)), 27);
        assert_eq!(seen.window.total(seen.at(1_100)), 20);
        assert_eq!(seen.rate(1_100), 20.0);
        assert_eq!(seen.rate(2_000), 20.0);
        assert_eq!(seen.rate(2_100), 0.0);
        // Far beyond, where no bucket is left of what was.
        seen.add(1_000_000_000, 4);
        assert_eq!(seen.rate(1_000_000_000), 4.0);
    }

    #[test]
    fn a_moment_before_the_last_one_counts_as_the_last_one() {
        let mut seen = Seen::new(Duration::from_secs(1));
        seen.add(900, 1);
        seen.add(100, 1);
        assert_eq!(seen.window.total(seen.at(1_800)), 2);
        assert_eq!(seen.window.total(seen.at(2_000)), 0);
    }
}
