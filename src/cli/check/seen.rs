//! What two polls of each target saw, as the policy reads it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::hub::{Hub, Key, TargetStatus};
use crate::metric::{Family, Suffix};
use crate::policy::Policy;
use crate::policy::evaluate::{Label, Millis, Sample, Samples, Track};

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
        let signals = levels
            .flat_map(|level| std::iter::once(&level.signal).chain(level.guards.iter().map(|guard| &guard.signal)));
        let wanted: BTreeSet<&str> =
            signals.flat_map(|signal| signal.series()).map(|series| series.metric.as_str()).collect();
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
        seen
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
    hub.each(|status, families| {
        let families = families.iter().filter(|family| wanted.contains(family.name()));
        let series = families.flat_map(|family| of_family(status, family)).collect();
        all.insert(status.key.clone(), (status.clone(), series));
    });
    all
}

fn of_family<'f>(status: &'f TargetStatus, family: &'f Family) -> impl Iterator<Item = (Series, f64)> {
    let samples = family.samples().filter(|sample| sample.suffix() == Suffix::None);
    samples.map(move |sample| {
        let labels = status.origin(None).into_iter().chain(sample.labels());
        let mut labels: Vec<Label> = labels.map(|(name, value)| (name.into(), value.into())).collect();
        labels.sort_unstable();
        ((family.name().to_owned(), labels), sample.value())
    })
}

/// When the last poll of a target began.
fn began(status: &TargetStatus) -> Option<SystemTime> {
    status.last_poll?.checked_sub(status.last_duration)
}
