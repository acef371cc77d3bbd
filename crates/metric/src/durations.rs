//! Durations that are counted by upper bound: what happens between two scrapes leaves a trace in them.

use std::time::Duration;

use crate::{Families, Metric};

/// Durations that were observed, for a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Durations {
    /// Upper bounds in seconds, the smallest first.
    bounds: &'static [f64],
    /// Of each bound, what is at most that long.
    counts: Vec<u64>,
    count: u64,
    sum: Duration,
}

impl Durations {
    /// None yet.
    #[must_use]
    pub fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len()], count: 0, sum: Duration::ZERO }
    }

    /// Adds one.
    pub fn observe(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let within = self.bounds.iter().zip(&mut self.counts).filter(|(bound, _)| seconds <= **bound);
        within.for_each(|(_, count)| *count += 1);
        self.count += 1;
        self.sum += duration;
    }

    /// Exports them, if there are any.
    pub fn export<const N: usize>(&self, metric: &'static Metric<N>, labels: [&str; N], out: &mut Families) {
        if self.count == 0 {
            return;
        }
        let buckets: Vec<(f64, f64)> =
            self.bounds.iter().zip(&self.counts).map(|(bound, count)| (*bound, *count as f64)).collect();
        out.push_histogram(metric, labels, &buckets, self.sum.as_secs_f64(), self.count as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Format, exposition};

    const A: Metric<0> = Metric::histogram("a_seconds", &[], "A.");

    #[test]
    fn a_duration_is_in_every_bucket_from_its_own_on() {
        let mut durations = Durations::new(&[0.1, 0.5]);
        for millis in [100, 101, 500, 5_000] {
            durations.observe(Duration::from_millis(millis));
        }
        let mut out = Families::new();
        durations.export(&A, [], &mut out);
        assert_eq!(
            exposition(&out.into_sorted(), Format::Prometheus),
            "# HELP a_seconds A.\n# TYPE a_seconds histogram\na_seconds_bucket{le=\"0.1\"} 1\n\
             a_seconds_bucket{le=\"0.5\"} 3\na_seconds_bucket{le=\"+Inf\"} 4\na_seconds_sum 5.701\na_seconds_count 4\n"
        );
    }
}
