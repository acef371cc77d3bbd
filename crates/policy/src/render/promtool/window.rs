//! What Prometheus makes of the samples in a window.
//!
//! Its functions to the letter, the extrapolation of counters included: an expected text shows four digits of the value.

use std::time::Duration;

use super::world::{Track, World, same};

/// The samples of a window that ends at a step, with their times in seconds. Both ends belong to it.
pub(super) struct Window<'t> {
    interval: f64,
    length: f64,
    /// Where the window would begin, seconds before the first sample in it.
    before: f64,
    values: &'t [f64],
}

impl<'t> Window<'t> {
    pub(super) fn of(world: &World, track: &'t Track, length: Duration, step: usize) -> Self {
        let interval = world.interval.as_secs_f64();
        let whole = usize::try_from(length.as_nanos() / world.interval.as_nanos().max(1)).unwrap_or(usize::MAX);
        let first = step.saturating_sub(whole);
        let values = track.values.get(first..=step).unwrap_or_default();
        let length = length.as_secs_f64();
        Self { interval, length, before: length - (step - first) as f64 * interval, values }
    }

    /// `increase`: by how much a counter rose, a fall being a restart from 0.
    pub(super) fn increase(&self) -> Option<f64> {
        let [first, .., last] = self.values else { return None };
        let restarts = self.values.windows(2).filter(|pair| pair[1] < pair[0]).map(|pair| pair[0]);
        let rise = last - first + restarts.sum::<f64>();
        let sampled = (self.values.len() - 1) as f64 * self.interval;
        let mut before = self.before;
        if rise > 0.0 && *first >= 0.0 {
            before = before.min(sampled * (first / rise));
        }
        let more = if before < self.interval * 1.1 { before } else { self.interval / 2.0 };
        Some(rise * ((sampled + more) / sampled))
    }

    /// `rate`: the same, a second.
    pub(super) fn rate(&self) -> Option<f64> {
        Some(self.increase()? / self.length)
    }

    /// `avg_over_time`.
    pub(super) fn mean(&self) -> Option<f64> {
        let first = *self.values.first()?;
        // From the first value on, so that the mean of equal values is that value.
        let more: f64 = self.values.iter().map(|value| value - first).sum();
        Some(first + more / self.values.len() as f64)
    }

    /// `deriv`: the slope of the line that fits the samples best.
    pub(super) fn slope(&self) -> Option<f64> {
        let [first, rest @ ..] = self.values else { return None };
        if rest.is_empty() {
            return None;
        }
        if rest.iter().all(|value| same(*value, *first)) {
            return Some(0.0);
        }
        let count = self.values.len() as f64;
        let middle = (count - 1.0) / 2.0;
        let (mut covariance, mut variance) = (0.0, 0.0);
        for (at, value) in self.values.iter().enumerate() {
            let time = (at as f64 - middle) * self.interval;
            covariance += time * (value - first);
            variance += time * time;
        }
        Some(covariance / variance)
    }
}
