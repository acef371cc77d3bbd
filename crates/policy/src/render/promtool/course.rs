//! What becomes of the alerts of a policy while a test's series go by.

use foldhash::{HashMap, HashMapExt as _};

use super::world::{Labels, Track, World};
use crate::evaluate::{self, Active, Evaluator, Label, Millis, Sample, Samples};
use crate::{Origin, Policy, Series, Signal};

/// A test's series, as an evaluation reads them.
pub(super) struct Recorded<'w>(HashMap<&'w str, Vec<Recording>>);

/// A series: its labels and its samples.
type Recording = (Vec<Label>, Vec<Sample>);

/// The alerts that are active at each step.
pub(super) fn simulate(policy: &Policy, world: &World) -> Vec<Vec<Active>> {
    ticks(policy, world, 0)
}

/// The same as Prometheus sees it from 3.0 on, to which a sample is outside of a window that begins with it: a moment later
/// it is outside for whoever counts it.
pub(super) fn simulate_open(policy: &Policy, world: &World) -> Vec<Vec<Active>> {
    ticks(policy, world, 1)
}

fn ticks(policy: &Policy, world: &World, late: Millis) -> Vec<Vec<Active>> {
    let samples = Recorded::of(policy, world);
    let mut evaluator = Evaluator::new(policy);
    let course = (0..world.steps).map(|step| {
        evaluator.tick(&samples, world.time(step) + late);
        evaluator.active().collect()
    });
    course.collect()
}

/// The labels as texts.
pub(super) fn texts(labels: &[Label]) -> Labels {
    labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

impl<'w> Recorded<'w> {
    /// The series of the policy's agents, and those that alerts read of others.
    pub(super) fn of(policy: &Policy, world: &'w World) -> Self {
        let signals = policy.alerts.iter().flat_map(|alert| &alert.levels).map(|level| &level.signal);
        let foreign: Vec<&Series> =
            signals.flat_map(Signal::series).filter(|series| series.origin == Origin::Foreign).collect();
        let is_read = |track: &&Track| {
            track.labels.get("job") == Some(&policy.job) || foreign.iter().any(|series| series.metric == track.metric)
        };
        let mut all: HashMap<&str, Vec<Recording>> = HashMap::new();
        for track in world.tracks.iter().filter(is_read) {
            let labels = track.labels.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into()));
            all.entry(&track.metric).or_default().push((labels.collect(), samples(world, track)));
        }
        Self(all)
    }
}

impl Samples for Recorded<'_> {
    fn tracks<'s>(&'s self, metric: &str) -> impl Iterator<Item = evaluate::Track<'s>> {
        let tracks = self.0.get(metric).into_iter().flatten();
        tracks.map(|(labels, samples)| evaluate::Track { labels, samples })
    }
}

fn samples(world: &World, track: &Track) -> Vec<Sample> {
    let all = (0..world.steps).map(|step| Sample { time: world.time(step), value: track.at(step) });
    all.filter(|sample| sample.is_stale() || !sample.value.is_nan()).collect()
}
