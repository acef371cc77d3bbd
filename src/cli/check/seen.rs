//! What two polls of each target saw, as the policy reads it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::facts;
use crate::hub::{Hub, Key, TargetStatus};
use crate::metric::{Family, Suffix};
use crate::policy::evaluate::{Label, Millis, Sample, Samples, Track, label};
use crate::policy::{Level, Policy};

/// Between the two polls, where no target was polled twice.
const USUAL_GAP: Duration = Duration::from_millis(600);

/// The samples of two polls of each target, of the metrics that a policy reads.
pub(super) struct Seen {
    metrics: HashMap<String, Vec<Recording>>,
    /// The targets as their last poll left them.
    pub(super) statuses: Vec<TargetStatus>,
    /// The moment at which it is judged.
    pub(super) now: Millis,
    /// From the first polls to the second ones.
    pub(super) gap: Duration,
    /// The names of targets that were polled once only.
    pub(super) once: BTreeSet<String>,
}

impl Seen {
    /// What the polls published, the first and the second one of each target.
    pub(super) fn new(policy: &Policy, first: &Hub, second: &Hub) -> Self {
        let levels = policy.alerts.iter().flat_map(|alert| &alert.levels);
        let wanted =
            levels.flat_map(Level::signals).flat_map(|signal| signal.series()).map(|series| series.metric.as_str());
        let wanted: BTreeSet<&str> = wanted.chain([facts::OOM_KILLED]).collect();
        let (before, after) = (read(first, &wanted), read(second, &wanted));
        let gaps = after
            .iter()
            .filter_map(|(key, (status, _))| began(status)?.duration_since(began(&before.get(key)?.0)?).ok());
        let gap = gaps.max().unwrap_or(USUAL_GAP);
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = |time: Duration| Millis::try_from(time.as_millis()).unwrap_or_default();
        let now = millis(since_epoch);
        let earlier = now.saturating_sub(millis(gap));
        let mut seen = Self { metrics: HashMap::new(), statuses: Vec::new(), now, gap, once: BTreeSet::new() };
        for (key, (status, series)) in before {
            let Some((status, latest)) = after.get(&key) else {
                if status.up() {
                    seen.once.insert(key.target);
                }
                seen.statuses.push(status);
                seen.add(series.into_iter().map(|(series, value)| (series, vec![(now, value)])));
                continue;
            };
            seen.statuses.push(status.clone());
            seen.add(latest.iter().map(|(id, value)| {
                // All of a window is between two samples: a count is what was counted, and not more.
                let earlier = series.get(id).map(|value| (earlier, *value));
                (id.clone(), earlier.into_iter().chain([(now, *value)]).collect())
            }));
        }
        seen.add_facts(earlier);
        seen
    }

    /// Makes of what has happened and still is so what happens now.
    fn add_facts(&mut self, earlier: Millis) {
        let turned_away: Vec<&TargetStatus> =
            self.statuses.iter().filter(|status| facts::is_turned_away(status)).collect();
        let rejected = turned_away.iter().map(|status| {
            let samples = [(earlier, 0.0), (self.now, 1.0)].map(|(time, value)| Sample { time, value });
            (labels(status, []), samples.to_vec())
        });
        self.metrics.entry(facts::REJECTED.to_owned()).or_default().extend(rejected);
        let is_turned_away = |labels: &[Label]| {
            let is = |status: &&TargetStatus| {
                label(labels, "target") == Some(&status.key.target)
                    && label(labels, "node") == status.key.node.as_deref()
            };
            turned_away.iter().any(is)
        };
        if let Some(up) = self.metrics.get_mut(facts::REDIS_UP) {
            up.retain(|(labels, _)| !is_turned_away(labels));
        }
        let killed = self.metrics.get(facts::OOM_KILLED).into_iter().flatten();
        let killed = killed.filter(|(_, samples)| samples.last().is_some_and(|sample| sample.value > 0.0));
        let of = |labels: &[Label]| ["target", "name"].map(|name| label(labels, name).map(str::to_owned));
        let killed: Vec<_> = killed.map(|(labels, _)| of(labels)).collect();
        for (labels, samples) in self.metrics.get_mut(facts::OOM_KILLS).into_iter().flatten() {
            if let Some(last) = samples.last().copied().filter(|_| killed.contains(&of(labels))) {
                *samples = vec![Sample { time: earlier, value: last.value - 1.0 }, last];
            }
        }
    }

    fn add(&mut self, series: impl Iterator<Item = (Series, Vec<(Millis, f64)>)>) {
        for ((metric, labels), values) in series {
            let samples = values.into_iter().map(|(time, value)| Sample { time, value }).collect();
            self.metrics.entry(metric).or_default().push((labels, samples));
        }
    }
}

impl Samples for Seen {
    fn tracks<'s>(&'s self, metric: &str) -> impl Iterator<Item = Track<'s>> {
        self.metrics.get(metric).into_iter().flatten().map(|(labels, samples)| Track { labels, samples })
    }
}

/// A series: its labels and its samples.
type Recording = (Vec<Label>, Vec<Sample>);

/// A metric and the labels of one of its series.
type Series = (String, Vec<Label>);

/// What a hub knows of each target: of the metrics that are wanted every series, with its value.
fn read(hub: &Hub, wanted: &BTreeSet<&str>) -> BTreeMap<Key, (TargetStatus, BTreeMap<Series, f64>)> {
    let mut all = BTreeMap::new();
    hub.each(|status, samples| {
        let series = samples.iter().flat_map(|family| of_family(status, family, wanted)).collect();
        all.insert(status.key.clone(), (status.clone(), series));
    });
    all
}

/// The series of a family that are wanted, by their names: of a histogram its parts.
fn of_family<'f>(
    status: &'f TargetStatus,
    family: Family<'f>,
    wanted: &BTreeSet<&str>,
) -> impl Iterator<Item = (Series, f64)> {
    let names = Suffix::ALL.map(|suffix| (suffix, format!("{}{}", family.name(), suffix.as_str())));
    let names: Vec<(Suffix, String)> = names.into_iter().filter(|(_, name)| wanted.contains(name.as_str())).collect();
    names.into_iter().flat_map(move |(suffix, name)| {
        let samples = family.samples().filter(move |sample| sample.suffix() == suffix);
        samples.map(move |sample| ((name.clone(), labels(status, sample.labels())), sample.value()))
    })
}

/// The labels of a series of a target, in their order.
fn labels<'l>(status: &'l TargetStatus, own: impl IntoIterator<Item = (&'l str, &'l str)>) -> Vec<Label> {
    let all = status.origin(None).into_iter().chain(own);
    let mut labels: Vec<Label> = all.map(|(name, value)| (name.into(), value.into())).collect();
    labels.sort_unstable();
    labels
}

/// When the last poll of a target began.
fn began(status: &TargetStatus) -> Option<SystemTime> {
    status.last_poll?.checked_sub(status.last_duration)
}
