//! What an evaluation reads: series, each with the times of its samples.

use std::sync::Arc;
use std::time::Duration;

use super::window::Window;

/// Milliseconds since a moment that samples and evaluations share: the Unix epoch, or the beginning of a test.
pub type Millis = i64;

/// A label of a series: its name and its value.
pub type Label = (Arc<str>, Arc<str>);

/// How old a sample may be and still be the value of its series, for what rules select as it is.
const LOOKBACK: Duration = Duration::from_mins(5);

/// One number at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When it was taken.
    pub time: Millis,
    /// The number, or [`Sample::STALE`].
    pub value: f64,
}

/// A series.
#[derive(Debug, Clone, Copy)]
pub struct Track<'s> {
    /// In the order of their names.
    pub labels: &'s [Label],
    /// The oldest first. Where nothing was seen there is none.
    pub samples: &'s [Sample],
}

/// Series over time.
pub trait Samples {
    /// The series of a metric. Those of other agents and jobs are left out: they are somebody else's.
    fn tracks<'s>(&'s self, metric: &str) -> impl Iterator<Item = Track<'s>>;
}

impl Sample {
    /// The value of a sample that says that its series has ended: the NaN that Prometheus itself keeps.
    pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

    /// Whether it says that its series has ended.
    #[must_use]
    pub const fn is_stale(self) -> bool {
        self.value.to_bits() == Self::STALE.to_bits()
    }
}

impl<'s> Track<'s> {
    /// The value of the series: that of its newest sample, unless that is too old or says that the series has ended.
    #[must_use]
    pub fn at(&self, now: Millis) -> Option<f64> {
        let newest = self.until(now).last().filter(|newest| !newest.is_stale())?;
        is_within(newest, now, LOOKBACK).then_some(newest.value)
    }

    /// `last_over_time`: its newest sample of that time, also if the series has ended since.
    pub(super) fn last(&self, now: Millis, time: Duration) -> Option<f64> {
        let newest = self.until(now).iter().rfind(|sample| !sample.is_stale())?;
        is_within(newest, now, time).then_some(newest.value)
    }

    pub(super) fn window(&self, now: Millis, length: Duration) -> Window<'s> {
        let length = i64::try_from(length.as_millis()).unwrap_or(Millis::MAX);
        Window::new(self.until(now), now.saturating_sub(length), now)
    }

    fn until(&self, now: Millis) -> &'s [Sample] {
        // Whoever evaluates what is going on has no samples of the future.
        match self.samples.last() {
            Some(last) if last.time > now => &self.samples[..self.samples.partition_point(|sample| sample.time <= now)],
            _ => self.samples,
        }
    }
}

/// A sample of exactly that age still counts up to Prometheus 2.x, and does not from 3.0 on.
fn is_within(sample: &Sample, now: Millis, time: Duration) -> bool {
    u128::try_from(now - sample.time).is_ok_and(|age| age <= time.as_millis())
}

/// The value of a label.
#[must_use]
pub fn label<'l>(labels: &'l [Label], name: &str) -> Option<&'l str> {
    labels.iter().find(|(known, _)| **known == *name).map(|(_, value)| &**value)
}

/// A label that no series has lent.
pub(super) fn own_label(name: &str, value: &str) -> Label {
    (name.into(), value.into())
}
