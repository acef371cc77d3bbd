//! The latency of the last publishes.

use std::collections::VecDeque;
use std::time::Duration;

/// The newest samples that are kept.
const MOST: usize = 1_000;

/// The last thousand samples.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    samples: VecDeque<Duration>,
    sum: Duration,
}

/// Milliseconds; 0 without samples.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct LatencySummary {
    pub(crate) average: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

impl Latencies {
    /// `count` publishes that took as long.
    pub(crate) fn add(&mut self, latency: Duration, count: usize) {
        for _ in 0..count.min(MOST) {
            if self.samples.len() == MOST {
                self.sum -= self.samples.pop_front().unwrap_or_default();
            }
            self.samples.push_back(latency);
            self.sum += latency;
        }
    }

    /// In milliseconds.
    pub(crate) fn average(&self) -> f64 {
        if self.samples.is_empty() { 0.0 } else { millis(self.sum) / self.samples.len() as f64 }
    }

    /// Percentiles are the nearest rank: the sample that so many of a hundred do not exceed.
    pub(crate) fn summary(&self) -> LatencySummary {
        let mut sorted: Vec<Duration> = self.samples.iter().copied().collect();
        sorted.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied().map_or(0.0, millis)
        };
        LatencySummary { average: self.average(), p95: percentile(95), p99: percentile(99) }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(samples: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        for millis in samples {
            latencies.add(Duration::from_millis(millis), 1);
        }
        latencies
    }

    #[test]
    fn without_samples_all_is_zero() {
        assert_eq!(of([]).summary(), LatencySummary::default());
    }

    #[test]
    fn percentiles_are_samples() {
        assert_eq!(of(1..=100).summary(), LatencySummary { average: 50.5, p95: 95.0, p99: 99.0 });
        assert_eq!(of([4]).summary(), LatencySummary { average: 4.0, p95: 4.0, p99: 4.0 });
        assert_eq!(of([8, 2]).summary(), LatencySummary { average: 5.0, p95: 8.0, p99: 8.0 });
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the average of these is a number that f64 has")]
    fn a_thousand_are_kept() {
        let mut latencies = of([9_000; 600]);
        latencies.add(Duration::from_millis(1), 500);
        assert_eq!(latencies.summary().average, 4_500.5);
        latencies.add(Duration::from_millis(1), 5_000);
        assert_eq!(latencies.summary(), LatencySummary { average: 1.0, p95: 1.0, p99: 1.0 });
        assert_eq!(latencies.samples.len(), MOST);
    }
}
