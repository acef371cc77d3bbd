//! What Prometheus makes of the samples in a window: its functions to the letter, the order of the additions included,
//! since a rule may compare with the very number that comes out.

use super::samples::{Millis, Sample};

/// The samples of a window. Both of its ends belong to it; from Prometheus 3.0 on, its beginning does not.
pub(super) struct Window<'s> {
    from: Millis,
    to: Millis,
    /// Those that say that the series had ended are no samples here, whatever follows.
    samples: &'s [Sample],
}

impl<'s> Window<'s> {
    /// Of samples up to `to`.
    pub(super) fn new(samples: &'s [Sample], from: Millis, to: Millis) -> Self {
        // From the end, where the window is: all of it is read anyway, and what is before it may be long.
        let first = samples.iter().rposition(|sample| sample.time < from).map_or(0, |last| last + 1);
        Self { from, to, samples: &samples[first..] }
    }

    fn values(&self) -> impl DoubleEndedIterator<Item = &'s Sample> + use<'s> {
        self.samples.iter().filter(|sample| !sample.is_stale())
    }

    /// `increase`: by how much a counter rose, a fall being a restart from 0.
    pub(super) fn increase(&self) -> Option<f64> {
        let (rise, stretch) = self.rise()?;
        Some(rise * stretch)
    }

    /// `rate`: the same, a second.
    pub(super) fn rate(&self) -> Option<f64> {
        let (rise, stretch) = self.rise()?;
        Some(rise * (stretch / seconds(self.to - self.from)))
    }

    /// By how much a counter rose between the first sample and the last, and by what that is multiplied to stand for the
    /// whole window.
    fn rise(&self) -> Option<(f64, f64)> {
        let first = self.values().next()?;
        let last = self.values().next_back()?;
        let (mut rise, mut before, mut count) = (last.value - first.value, first.value, 0_u32);
        for sample in self.values() {
            if sample.value < before {
                rise += before;
            }
            before = sample.value;
            count += 1;
        }
        if count < 2 {
            return None;
        }
        let sampled = seconds(last.time - first.time);
        let spacing = sampled / f64::from(count - 1);
        // A counter that rises so fast was at 0 not long ago: further back than that it cannot have risen.
        let since_zero = if rise > 0.0 && first.value >= 0.0 { sampled * (first.value / rise) } else { f64::INFINITY };
        let start = seconds(first.time - self.from).min(since_zero);
        let end = seconds(self.to - last.time);
        // What is much farther away than the next sample would be is not part of the series: it began, or it ended.
        let reach = |distance: f64| if distance < spacing * 1.1 { distance } else { spacing / 2.0 };
        Some((rise, (sampled + reach(start) + reach(end)) / sampled))
    }

    /// `avg_over_time`.
    pub(super) fn mean(&self) -> Option<f64> {
        let (mut mean, mut count) = (Sum::default(), 0.0);
        for sample in self.values() {
            count += 1.0;
            // Once infinite, only infinity of the other sign and what is not a number can change it.
            if mean.sum.is_infinite() && !(sample.value + mean.sum).is_nan() {
                continue;
            }
            mean.add(sample.value / count - mean.sum / count);
        }
        let total = if mean.sum.is_infinite() { mean.sum } else { mean.total() };
        (count > 0.0).then_some(total)
    }

    /// `max_over_time`.
    pub(super) fn greatest(&self) -> Option<f64> {
        self.values().map(|sample| sample.value).reduce(f64::max)
    }

    /// `min_over_time`.
    pub(super) fn smallest(&self) -> Option<f64> {
        self.values().map(|sample| sample.value).reduce(f64::min)
    }

    /// `changes`: how often a value is another one than that before it.
    pub(super) fn changes(&self) -> Option<f64> {
        let mut before = self.values().next()?.value;
        let mut changes = 0_u32;
        for &Sample { value, .. } in self.values() {
            #[expect(clippy::float_cmp, reason = "any difference is a change")]
            let is_other = value != before && !(value.is_nan() && before.is_nan());
            changes += u32::from(is_other);
            before = value;
        }
        Some(f64::from(changes))
    }

    /// `deriv`: the slope of the line that fits the samples best.
    pub(super) fn slope(&self) -> Option<f64> {
        let first = self.values().next()?;
        let (mut x, mut y, mut xy, mut xx) = (Sum::default(), Sum::default(), Sum::default(), Sum::default());
        let (mut count, mut is_constant) = (0.0, true);
        for sample in self.values() {
            #[expect(clippy::float_cmp, reason = "a line through equal values has the slope 0, and not nearly")]
            let is_first_value = sample.value == first.value;
            is_constant &= is_first_value || count == 0.0;
            count += 1.0;
            let time = seconds(sample.time - first.time);
            x.add(time);
            y.add(sample.value);
            xy.add(time * sample.value);
            xx.add(time * time);
        }
        if count < 2.0 {
            return None;
        }
        if is_constant {
            return Some(if first.value.is_infinite() { f64::NAN } else { 0.0 });
        }
        let (x, y) = (x.total(), y.total());
        let covariance = xy.total() - x * y / count;
        let variance = xx.total() - x * x / count;
        Some(covariance / variance)
    }
}

/// A sum that loses nothing to rounding (Kahan's, as Neumaier improved it).
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, more: f64) {
        let sum = self.sum + more;
        let (large, small) = if self.sum.abs() >= more.abs() { (self.sum, more) } else { (more, self.sum) };
        self.lost += (large - sum) + small;
        self.sum = sum;
    }

    fn total(self) -> f64 {
        self.sum + self.lost
    }
}

pub(super) fn seconds(time: Millis) -> f64 {
    time as f64 / 1000.0
}
