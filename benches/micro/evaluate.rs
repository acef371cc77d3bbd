//! All rules of the shipped policy over a thousand targets: calm, and with everything in trouble at once.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, SamplingMode};
use policy::evaluate::{Evaluator, Label, Millis, Sample, Samples, Track};
use policy::{Compare, Level, Policy, Series, Signal, Threshold, shipped};

/// Unoptimised, as a test, it only has to work.
const TARGETS: usize = if cfg!(debug_assertions) { 10 } else { 1000 };
/// Between two samples, and as many as the longest window takes.
const INTERVAL: Millis = 15_000;
const SAMPLES: Millis = 3600 * 1000 / INTERVAL + 1;

/// The beginnings of the names of what each kind of target exports.
const KINDS: [&[&str]; 3] = [&["redis_"], &["backpressure_", "pool_", "service_"], &["container_"]];
/// The labels that series have beside those that the policy asks for.
const LABELS: [(&str, &[&str]); 4] = [
    ("container_network_", &["direction", "name"]),
    ("container_", &["name"]),
    ("pool_", &["pool"]),
    ("redis_client_output_buffer_top_", &["client", "class"]),
];

#[derive(Default)]
struct Ring(BTreeMap<String, BTreeMap<Vec<Label>, Vec<Sample>>>);

impl Samples for Ring {
    fn tracks<'s>(&'s self, metric: &str) -> impl Iterator<Item = Track<'s>> {
        self.0.get(metric).into_iter().flatten().map(|(labels, samples)| Track { labels, samples })
    }
}

impl Ring {
    fn add(&mut self, metric: &str, labels: &[(&str, String)], value: impl Fn(f64) -> f64) {
        let mut labels: Vec<Label> =
            labels.iter().map(|(name, value)| ((*name).into(), value.as_str().into())).collect();
        labels.sort_unstable();
        let samples = || (0..SAMPLES).map(|at| Sample { time: at * INTERVAL, value: value(at as f64) }).collect();
        self.0.entry(metric.to_owned()).or_default().entry(labels).or_insert_with(samples);
    }

    /// The series of a metric for one target, those that the policy does not ask for beside those that it does.
    fn add_series(&mut self, series: &Series, target: usize, value: impl Fn(f64) -> f64 + Copy) {
        let own =
            LABELS.iter().find(|(beginning, _)| series.metric.starts_with(beginning)).map_or(&[][..], |(_, own)| own);
        let own = own.iter().map(|label| (*label, format!("{label}-{target}")));
        let all: Vec<(&str, String)> =
            agent().into_iter().chain([("target", format!("target-{target}"))]).chain(own).collect();
        let Some((asked, values)) = series.labels.first() else { return self.add(&series.metric, &all, value) };
        for wanted in values.iter().map(String::as_str).chain(["another", "one more"]) {
            let mut labels = all.clone();
            labels.retain(|(name, _)| name != asked);
            labels.push((asked, wanted.to_owned()));
            self.add(&series.metric, &labels, value);
        }
    }

    /// What the targets export: each what its kind does, or all of them everything.
    fn of(policy: &Policy, is_trouble: bool, everything: bool) -> Self {
        let mut ring = Self::default();
        let mut levels: Vec<&Level> = policy.alerts.iter().flat_map(|alert| &alert.levels).collect();
        if is_trouble {
            // The worst level of what several compare: its number is beyond those of the others.
            levels.reverse();
        }
        for level in levels {
            for signal in std::iter::once(&level.signal).chain(level.guards.iter().map(|guard| &guard.signal)) {
                let number =
                    level.guards.iter().find(|guard| guard.signal == *signal).map_or(level.fire, |guard| guard.number);
                let steep = if signal.window().is_some() || !level.guards.is_empty() { number + 1.0 } else { 0.0 };
                for (at, series) in signal.series().into_iter().enumerate() {
                    let is_of = |kind: &[&str]| kind.iter().any(|beginning| series.metric.starts_with(beginning));
                    for target in 0..TARGETS {
                        if everything || is_of(KINDS[target % KINDS.len()]) || series.metric.starts_with("manometer_") {
                            let level = value(level, is_trouble && at == 0);
                            let slope = if is_trouble && at == 0 { steep } else { 0.0 };
                            let size = if at == 1 { 1e9 } else { level };
                            ring.add_series(series, target, move |step| size + step * slope);
                        }
                    }
                }
            }
        }
        ring.add("up", &agent(), |_| 1.0);
        ring.add(Threshold::AGENTS, &agent(), |_| 1.0);
        for threshold in policy.thresholds() {
            let labels = threshold.labels().map(|(name, value)| (name, value.to_owned()));
            let labels: Vec<(&str, String)> =
                labels.into_iter().filter(|(_, value)| !value.is_empty()).chain(agent()).collect();
            ring.add(Threshold::METRIC, &labels, |_| threshold.value);
        }
        ring
    }
}

fn agent() -> [(&'static str, String); 2] {
    [("job", "manometer".to_owned()), ("instance", "agent:10121".to_owned())]
}

/// A number on the calm side of that of the level, or on the other.
fn value(level: &Level, is_trouble: bool) -> f64 {
    let (calm, trouble) = match level.compare {
        Compare::Above | Compare::AtLeast => (level.fire * 0.5, level.fire * 1.2 + 1.0),
        Compare::Below | Compare::AtMost => (level.fire * 1.5, level.fire * 0.5),
        Compare::Equal => (1.0, 0.0),
    };
    match (&level.signal, is_trouble) {
        (Signal::Ratio { .. } | Signal::Forecast { .. }, true) => 1e9,
        (_, true) => trouble,
        (_, false) => calm,
    }
}

pub(crate) fn evaluate(criterion: &mut Criterion) {
    let policy = shipped().expect("a valid policy");
    let now = (SAMPLES - 1) * INTERVAL;
    let mut group = criterion.benchmark_group("evaluate");
    // A second for one of the last.
    group.sampling_mode(SamplingMode::Flat);
    for (name, is_trouble, everything) in [
        ("calm", false, false),
        ("all in trouble", true, false),
        ("everything exported, calm", false, true),
        ("everything exported, all in trouble", true, true),
    ] {
        let ring = Ring::of(&policy, is_trouble, everything);
        let mut evaluator = Evaluator::new(&policy);
        let mut tick = now;
        evaluator.tick(&ring, tick);
        let series: usize = ring.0.values().map(BTreeMap::len).sum();
        let name = format!("{TARGETS} targets, {name} ({series} series, {} active)", evaluator.active().count());
        group.bench_function(&name, |bencher| {
            bencher.iter(|| {
                // A moment later each time: it goes on, and the windows stay full.
                tick += 1;
                evaluator.tick(black_box(&ring), tick);
            });
        });
    }
    group.finish();
}
