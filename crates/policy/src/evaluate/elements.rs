//! The evaluation of a signal, from the words of the policy and not from the expressions that the rules have for it: tests
//! that were made from the text under test could not find a mistake in it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::drift;
use super::join::Index;
use super::quantile;
use super::samples::{Label, Millis, Samples, Track, label, own_label};
use super::window::seconds;
use crate::{NODE, OF_SCRAPE, Origin, Over, Policy, Series, Signal};

/// What a signal is for one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Element<'s> {
    /// Those of the series.
    pub labels: Cow<'s, [Label]>,
    /// The number that is compared.
    pub value: f64,
}

/// The metric in which Prometheus says whether it can scrape an agent.
const UP: &str = "up";

/// The signal for each series that it can be computed for.
///
/// [`Signal::Firing`] is about alerts and not about samples: of those the [`Evaluator`](super::Evaluator) knows.
#[must_use]
pub fn elements<'s>(policy: &Policy, signal: &Signal, samples: &'s impl Samples, now: Millis) -> Vec<Element<'s>> {
    let elements = scraped(policy, signal, samples, now);
    if elements.is_empty() || !signal.has_target() { elements } else { gathered(signal, elements) }
}

/// The signal as each agent tells it.
fn scraped<'s>(policy: &Policy, signal: &Signal, samples: &'s impl Samples, now: Millis) -> Vec<Element<'s>> {
    let at = |track: &Track<'s>| track.last(now, policy.times.gap);
    match signal {
        Signal::Down(series) if series.while_watched => {
            let agents = samples.tracks(UP).filter(|track| track.at(now) == Some(0.0));
            let unscraped: Vec<&[Label]> = agents.map(|track| track.labels).collect();
            let is_unscraped = |track: &Track<'_>| {
                let is_same =
                    |other: &&[Label]| OF_SCRAPE.iter().all(|name| label(other, name) == label(track.labels, name));
                unscraped.iter().any(is_same)
            };
            each(samples, series, |track| track.at(now).or_else(|| at(track).filter(|_| is_unscraped(track))))
        }
        Signal::Value(series) | Signal::Down(series) => each(samples, series, at),
        Signal::Age(series) => each(samples, series, |track| Some(seconds(now) - at(track)?)),
        Signal::Until(series) => each(samples, series, |track| Some(at(track)? - seconds(now))),
        Signal::Ratio { part, whole, window, .. } => pairs(samples, part, whole, |part, whole| {
            let of = |track: &Track<'s>| match window {
                Some(window) => track.window(now, *window).increase(),
                None => at(track),
            };
            let whole = of(whole)?;
            let part = of(part)?;
            (whole > 0.0).then(|| part / whole)
        }),
        Signal::Rate { series, window, per } => {
            each(samples, series, |track| Some(track.window(now, *window).rate()? * per.as_secs_f64()))
        }
        Signal::Increase { series, window } => each(samples, series, |track| track.window(now, *window).increase()),
        Signal::Over { what, series, window, .. } => each(samples, series, |track| {
            let window = track.window(now, *window);
            match what {
                Over::Mean => window.mean(),
                Over::Max => window.greatest(),
                Over::Min => window.smallest(),
                Over::Changes => window.changes(),
            }
        }),
        Signal::Growth { series, window } => each(samples, series, |track| track.window(now, *window).slope()),
        Signal::Quantile { part, series, by, window } => {
            let buckets = each(samples, series, |track| track.window(now, *window).rate());
            quantile::elements(&buckets, *part, by)
        }
        Signal::Forecast { series, limit, window, .. } => pairs(samples, series, limit, |track, limit| {
            let limit = at(limit).filter(|limit| *limit > 0.0)?;
            let left = limit - at(track)?;
            let slope = track.window(now, *window).slope().filter(|slope| *slope > 0.0)?;
            // `max` would make a 0 of what is not a number.
            Some(if left < 0.0 { 0.0 } else { left } / slope)
        }),
        Signal::Unreachable => {
            // Where each target is an instance of its own, one of them is the agent itself: it has no target.
            let agents = samples.tracks(UP).filter(|track| label(track.labels, "target").is_none());
            let window = policy.times.gap / 2;
            agents.filter_map(|track| Some(Element::new(track, track.window(now, window).greatest()?))).collect()
        }
        Signal::Absent if current(samples, UP, now).next().is_none() => {
            vec![Element { labels: vec![own_label("job", &policy.job)].into(), value: 1.0 }]
        }
        Signal::Always => vec![Element { labels: Cow::Borrowed(&[]), value: 1.0 }],
        Signal::Drift => drift::elements(policy, samples, now),
        Signal::Absent | Signal::Firing(_) => Vec::new(),
    }
}

/// Without the labels that tell who scraped whom, and those that are the same everywhere. Of what several agents say of one
/// target the greatest counts.
fn gathered<'s>(signal: &Signal, elements: Vec<Element<'s>>) -> Vec<Element<'s>> {
    let series = signal.series();
    let goes = |(name, _): &Label| {
        OF_SCRAPE.contains(&&**name)
            || series.iter().any(|series| series.is_fixed(name) || (series.all_nodes && &**name == NODE))
    };
    if !elements.iter().any(|element| element.labels.iter().any(goes)) {
        return elements;
    }
    let mut found: HashMap<Vec<Label>, usize> = HashMap::new();
    let mut gathered: Vec<Element<'s>> = Vec::new();
    for element in elements {
        let labels: Vec<Label> = element.labels.iter().filter(|label| !goes(label)).cloned().collect();
        if let Some(&at) = found.get(&labels) {
            gathered[at].value = gathered[at].value.max(element.value);
        } else {
            found.insert(labels.clone(), gathered.len());
            gathered.push(Element { labels: labels.into(), value: element.value });
        }
    }
    gathered
}

/// The series of a metric that have a value, with it.
pub(super) fn current<'s>(
    samples: &'s impl Samples,
    metric: &str,
    now: Millis,
) -> impl Iterator<Item = (Track<'s>, f64)> {
    samples.tracks(metric).filter_map(move |track| Some((track, track.at(now)?)))
}

impl<'s> Element<'s> {
    fn new(track: Track<'s>, value: f64) -> Self {
        Self { labels: Cow::Borrowed(track.labels), value }
    }
}

fn select<'s>(samples: &'s impl Samples, series: &Series) -> impl Iterator<Item = Track<'s>> {
    samples.tracks(&series.metric).filter(|track| {
        let has = |(name, values): &(String, Vec<String>)| {
            label(track.labels, name).is_some_and(|value| values.iter().any(|wanted| wanted == value))
        };
        // An agent is scraped as an instance that has no target.
        let is_own = series.origin != Origin::Agent || label(track.labels, "target").is_none();
        is_own && series.labels.iter().all(has)
    })
}

fn each<'s>(samples: &'s impl Samples, series: &Series, value: impl Fn(&Track<'s>) -> Option<f64>) -> Vec<Element<'s>> {
    select(samples, series).filter_map(|track| Some(Element::new(track, value(&track)?))).collect()
}

/// Of two series that belong together. What comes out is told apart as the one with more labels is.
fn pairs<'s>(
    samples: &'s impl Samples,
    one: &Series,
    other: &Series,
    value: impl Fn(&Track<'s>, &Track<'s>) -> Option<f64>,
) -> Vec<Element<'s>> {
    let ones: Vec<Track<'_>> = select(samples, one).collect();
    let others: Vec<Track<'_>> = select(samples, other).collect();
    let labels = |tracks: &[Track<'_>]| tracks.first().map_or(0, |track| track.labels.len());
    if labels(&others) > labels(&ones) {
        matched(&others, &ones, |other, one| value(one, other))
    } else {
        matched(&ones, &others, value)
    }
}

fn matched<'s>(
    many: &[Track<'s>],
    few: &[Track<'s>],
    value: impl Fn(&Track<'s>, &Track<'s>) -> Option<f64>,
) -> Vec<Element<'s>> {
    let index = Index::new(few.iter().map(|track| track.labels), many.iter().map(|track| track.labels));
    let value = |track: &Track<'s>| value(track, &few[index.find(track.labels)?]);
    many.iter().filter_map(|track| Some(Element::new(*track, value(track)?))).collect()
}
