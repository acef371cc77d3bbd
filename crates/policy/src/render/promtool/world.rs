//! Series over time, as a unit test of rules gives them to promtool.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::evaluate::{Millis, Sample};

/// The labels of a series or of an alert.
pub(super) type Labels = BTreeMap<String, String>;

/// One series, from the beginning to the end of a test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Track {
    pub(super) metric: String,
    pub(super) labels: Labels,
    /// One sample an interval; the last one stays. Where it is not a number there is none, or, if it is [`Sample::STALE`], the
    /// series ends.
    pub(super) values: Vec<f64>,
}

/// Everything that Prometheus sees during a test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct World {
    /// Between two samples, and between two evaluations.
    pub(super) interval: Duration,
    /// The number of evaluations.
    pub(super) steps: usize,
    pub(super) tracks: Vec<Track>,
}

impl Track {
    /// The value at that step.
    pub(super) fn at(&self, step: usize) -> f64 {
        self.values.get(step).or(self.values.last()).copied().unwrap_or(f64::NAN)
    }

    /// The values as promtool reads them: `48.5x3` is the value and three more of it.
    fn notation(&self, steps: usize) -> String {
        let mut runs: Vec<(f64, usize)> = Vec::new();
        for step in 0..steps {
            match runs.last_mut() {
                Some((value, more)) if same(*value, self.at(step)) => *more += 1,
                _ => runs.push((self.at(step), 0)),
            }
        }
        let mut text = String::new();
        let mut at = 0;
        while let Some(&(value, more)) = runs.get(at) {
            if !text.is_empty() {
                text.push(' ');
            }
            let ramp = ramp(&runs[at..]);
            let _ = match (more, ramp) {
                (0, Some((step, length))) => {
                    at += length;
                    write!(text, "{value}{}{}x{length}", if step < 0.0 { '-' } else { '+' }, step.abs())
                }
                _ if same(value, Sample::STALE) => write!(text, "stale"),
                // What is missing has no value that could be repeated "more" often.
                _ if value.is_nan() => write!(text, "_x{}", more + 1),
                (0, None) => write!(text, "{}", sample(value)),
                _ => write!(text, "{}x{more}", sample(value)),
            };
            at += 1;
        }
        text
    }
}

fn sample(value: f64) -> String {
    if value.is_infinite() { if value > 0.0 { "Inf" } else { "-Inf" }.to_owned() } else { value.to_string() }
}

/// By how much the single values at the beginning rise each time, and how often: promtool adds up as we do, so that the
/// short form stands for the very same numbers.
fn ramp(runs: &[(f64, usize)]) -> Option<(f64, usize)> {
    let [(first, 0), (second, 0), ..] = runs else { return None };
    let step = readable(second - first);
    let mut value = *first;
    let length = runs[1..]
        .iter()
        .take_while(|(next, more)| {
            value += step;
            *more == 0 && same(*next, value)
        })
        .count();
    (length > 1).then_some((step, length))
}

impl World {
    /// What there are series of.
    pub(super) fn metrics(&self) -> impl Iterator<Item = &str> {
        self.tracks.iter().map(|track| track.metric.as_str())
    }

    /// The series and their values, one a line.
    pub(super) fn input_series(&self) -> Vec<(String, String)> {
        self.tracks.iter().map(|track| (series(&track.metric, &track.labels), track.notation(self.steps))).collect()
    }

    /// When a step is.
    pub(super) fn time(&self, step: usize) -> Millis {
        let step = u128::try_from(step).unwrap_or(u128::MAX);
        Millis::try_from(self.interval.as_millis().saturating_mul(step)).unwrap_or(Millis::MAX)
    }

    /// The steps that a time takes, rounded up.
    pub(super) fn steps_in(interval: Duration, time: Duration) -> usize {
        usize::try_from(time.as_nanos().div_ceil(interval.as_nanos().max(1))).unwrap_or(usize::MAX)
    }
}

/// Whether two values are the very same.
pub(super) fn same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits()
}

/// With twelve digits that count: enough for any number of the policy, and a test can be read.
pub(super) fn readable(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// A series as it is selected: `up{job="manometer"}`.
pub(super) fn series(metric: &str, labels: &Labels) -> String {
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{metric}{{{}}}", labels.join(","))
}
