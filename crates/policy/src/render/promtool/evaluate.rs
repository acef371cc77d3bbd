//! The evaluation of a signal, from the words of the policy and not from the expressions that the rules have for it: tests that
//! were made from the text under test could not find a mistake in it.

use crate::{Guard, Series, Signal};

use super::window::Window;
use super::world::{Labels, Track, World};

/// What a signal is for one series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) labels: Labels,
    pub(super) value: f64,
}

/// A test's series, seen at one step.
#[derive(Clone, Copy)]
pub(super) struct View<'w> {
    pub(super) world: &'w World,
    pub(super) job: &'w str,
    pub(super) step: usize,
}

impl<'w> View<'w> {
    /// The signal for each series that there is, of those that are computed from the catalog's metrics.
    pub(super) fn read(&self, signal: &Signal) -> Vec<Reading> {
        match signal {
            Signal::Value(series) | Signal::Down(series) => self.each(series, |track| Some(track.at(self.step))),
            Signal::Ratio { part, whole, .. } => self.each_pair(part, whole, |part, whole| {
                let whole = whole.at(self.step);
                (whole > 0.0).then(|| part.at(self.step) / whole)
            }),
            Signal::Rate { series, window, per } => self.each(series, |track| {
                let rate = Window::of(self.world, track, *window, self.step).rate()?;
                Some(rate * per.as_secs_f64())
            }),
            Signal::Increase { series, window } => {
                self.each(series, |track| Window::of(self.world, track, *window, self.step).increase())
            }
            Signal::Mean { series, window, .. } => {
                self.each(series, |track| Window::of(self.world, track, *window, self.step).mean())
            }
            Signal::Growth { series, window } => {
                self.each(series, |track| Window::of(self.world, track, *window, self.step).slope())
            }
            Signal::Forecast { series, limit, window, .. } => self.each_pair(series, limit, |track, limit| {
                let slope = Window::of(self.world, track, *window, self.step).slope()?;
                let limit = limit.at(self.step);
                (limit > 0.0 && slope > 0.0).then(|| (limit - track.at(self.step)) / slope)
            }),
            Signal::Firing(_) | Signal::Unreachable | Signal::Absent | Signal::Drift | Signal::Always => Vec::new(),
        }
    }

    /// Whether the guard holds for what these labels name.
    pub(super) fn guarded(&self, guard: &Guard, labels: &Labels) -> bool {
        self.read(&guard.signal)
            .iter()
            .any(|reading| agree(&reading.labels, labels) && guard.compare.holds(reading.value, guard.number))
    }

    /// The series of a metric of the agent, whatever its labels.
    pub(super) fn of_metric(&self, metric: &str) -> impl Iterator<Item = &'w Track> {
        let (metric, job) = (metric.to_owned(), self.job);
        self.world
            .tracks
            .iter()
            .filter(move |track| track.metric == metric && track.labels.get("job").is_some_and(|value| value == job))
    }

    fn select(&self, series: &Series) -> impl Iterator<Item = &'w Track> {
        self.of_metric(&series.metric).filter(move |track| {
            series
                .labels
                .iter()
                .all(|(name, values)| track.labels.get(name).is_some_and(|value| values.contains(value)))
        })
    }

    fn each(&self, series: &Series, value: impl Fn(&Track) -> Option<f64>) -> Vec<Reading> {
        self.select(series)
            .filter_map(|track| Some(Reading { labels: track.labels.clone(), value: value(track)? }))
            .collect()
    }

    fn each_pair(&self, one: &Series, other: &Series, value: impl Fn(&Track, &Track) -> Option<f64>) -> Vec<Reading> {
        let pair = |track: &Track| {
            let other = self.select(other).find(|other| agree(&other.labels, &track.labels))?;
            value(track, other)
        };
        self.each(one, pair)
    }
}

/// Whether two things have the same value of every label that both have: they are of one target, pool, container.
fn agree(one: &Labels, other: &Labels) -> bool {
    one.iter().all(|(name, value)| other.get(name).is_none_or(|other| other == value))
}
