//! From what a signal should be to the series that make it so.

use std::time::Duration;

use super::numbers::readable;
use super::{Context, Subject};
use crate::render::promtool::world::Track;
use crate::{Over, Series, Signal};

/// What a whole is where only the part matters.
const WHOLE: f64 = 1_000_000.0;
const WHOLE_BYTES: f64 = 1_000_000_000.0;
/// What a process has counted that has run for long: Prometheus takes a counter that is small to its rise for a new one.
const LONG: f64 = 1_000_000.0;
/// A second, of what is counted.
const TRAFFIC: f64 = 1000.0;

/// A value, and for how many steps.
pub(super) type Profile = [(f64, usize)];

/// The series of which the signal is what the profile says, as soon as its window is full.
pub(super) fn tracks(context: &Context<'_>, signal: &Signal, profile: &Profile, subject: &Subject) -> Vec<Track> {
    let track = |series: &Series, values| context.track(series, subject, values);
    match signal {
        Signal::Value(series)
        | Signal::Down(series)
        | Signal::Over { what: Over::Mean | Over::Max | Over::Min, series, .. } => {
            vec![track(series, levels(profile, 1.0))]
        }
        Signal::Over { what: Over::Changes, series, window, .. } => {
            vec![track(series, flaps(profile, context.steps(*window)))]
        }
        Signal::Age(series) => vec![track(series, moments(profile, context.interval, -1.0))],
        Signal::Until(series) => vec![track(series, moments(profile, context.interval, 1.0))],
        Signal::Ratio { part, whole, window: Some(_), .. } => {
            let second = Duration::from_secs(1);
            let part = track(part, ramps(&scaled(profile, TRAFFIC), context.interval, second));
            let steps = profile.iter().map(|(_, steps)| steps).sum();
            vec![part, track(whole, ramps(&[(TRAFFIC, steps)], context.interval, second))]
        }
        Signal::Ratio { part, whole, window: None, .. } => {
            let size = whole_of(part);
            vec![track(part, levels(profile, size)), track(whole, vec![size])]
        }
        Signal::Quantile { part, series, .. } => buckets(context, *part, series, profile, subject),
        Signal::Rate { series, per, .. } => vec![track(series, ramps(profile, context.interval, *per))],
        Signal::Growth { series, .. } => {
            vec![track(series, ramps(profile, context.interval, Duration::from_secs(1)))]
        }
        Signal::Increase { series, .. } => vec![track(series, jumps(profile))],
        Signal::Forecast { .. }
        | Signal::Firing(_)
        | Signal::Unreachable
        | Signal::Absent
        | Signal::Drift
        | Signal::Always => Vec::new(),
    }
}

/// The buckets of a histogram of which the quantile `part` is what the profile says: it lies in the second one, the nearer to
/// its beginning, the more there is in the first one.
fn buckets(context: &Context<'_>, part: f64, series: &Series, profile: &Profile, subject: &Subject) -> Vec<Track> {
    let greatest = profile.iter().map(|(value, _)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let (low, high) = (readable(greatest / 8.0), readable(greatest * 2.0));
    let in_first = |value: f64| {
        let place = (value.max(low) - low) / (high - low);
        readable(TRAFFIC * ((part - place) / (1.0 - place)))
    };
    let first: Vec<(f64, usize)> = profile.iter().map(|(value, steps)| (in_first(*value), *steps)).collect();
    let all = [(TRAFFIC, profile.iter().map(|(_, steps)| steps).sum())];
    let bounds = [(low.to_string(), first.as_slice()), (high.to_string(), &all), ("+Inf".to_owned(), &all)];
    let bucket = |(bound, profile): (String, &Profile)| {
        let mut track = context.track(series, subject, ramps(profile, context.interval, Duration::from_secs(1)));
        track.labels.insert("le".to_owned(), bound);
        track
    };
    bounds.map(bucket).into()
}

/// A whole of which the part is a part.
pub(super) fn whole_of(part: &Series) -> f64 {
    if part.metric.ends_with("_bytes") { WHOLE_BYTES } else { WHOLE }
}

fn scaled(profile: &Profile, size: f64) -> Vec<(f64, usize)> {
    profile.iter().map(|(value, steps)| (value * size, *steps)).collect()
}

/// Moments that lie so many seconds after each step, or before it.
fn moments(profile: &Profile, interval: Duration, sign: f64) -> Vec<f64> {
    let values = profile.iter().flat_map(|(value, steps)| std::iter::repeat_n(*value, *steps));
    values.enumerate().map(|(step, value)| readable(step as f64 * interval.as_secs_f64() + sign * value)).collect()
}

/// A state that changes as often in any window as each phase says, in whole numbers.
fn flaps(profile: &Profile, window: usize) -> Vec<f64> {
    let mut state = 1.0;
    let mut values = Vec::new();
    let all = profile.iter().flat_map(|(value, steps)| std::iter::repeat_n(value.floor(), *steps));
    for (step, changes) in all.enumerate() {
        let so_far = |step: usize| (step as f64 * changes / window as f64).floor();
        if so_far(step + 1) > so_far(step) {
            state = 1.0 - state;
        }
        values.push(state);
    }
    values
}

fn levels(profile: &Profile, size: f64) -> Vec<f64> {
    profile.iter().flat_map(|(value, steps)| std::iter::repeat_n(readable(value * size), *steps)).collect()
}

/// Rises with every step.
fn ramps(profile: &Profile, interval: Duration, per: Duration) -> Vec<f64> {
    let mut at = LONG;
    let step = |value: f64| value * interval.as_secs_f64() / per.as_secs_f64();
    let rises = profile.iter().flat_map(|(value, steps)| std::iter::repeat_n(readable(step(*value)), *steps));
    std::iter::once(LONG)
        .chain(rises.map(|rise| {
            at += rise;
            at
        }))
        .collect()
}

/// Rises by the whole value at the first step of each phase, and stays.
fn jumps(profile: &Profile) -> Vec<f64> {
    let mut at = 1000.0;
    let mut values = Vec::new();
    for (value, steps) in profile {
        // In binary fractions, so that what it rose by comes out again.
        at += (value * 64.0).round() / 64.0;
        values.extend(std::iter::repeat_n(at, *steps));
    }
    values
}
