//! From what several endpoints said to one set of samples.

use std::cell::{LazyCell, OnceCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::mapping::{DataPoint, Evaluation, Idle, LabelSource, Mapping, Miss, MissReason, Reading, Rule, Value};
use crate::metric::vocabulary::service::HEALTH;
use crate::metric::{Definition, Kind, OTHER};

/// The state of `service_health` in which there is nothing to do.
const WELL: &str = "ok";

/// What one endpoint said when it was last asked, and is still good for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EndpointReport {
    pub(super) evaluation: Evaluation,
    /// Whether it was given in this poll.
    pub(super) fresh: bool,
    /// How often its counters were those of another instance than at the answer before; `None` while they are so in turn.
    pub(super) run: Option<usize>,
}

impl EndpointReport {
    /// A report of this poll.
    pub(super) const fn new(evaluation: Evaluation) -> Self {
        Self { evaluation, fresh: true, run: Some(0) }
    }
}

/// One series of a poll.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MappedSample {
    pub(super) definition: Arc<Definition>,
    pub(super) labels: Vec<String>,
    pub(super) value: f64,
    /// The index of the rule that it is of: numbers of two sources have no difference.
    pub(super) rule: usize,
    /// Whether it was read in this poll.
    pub(super) fresh: bool,
    /// Which run of answers it is of: those of two have no difference either.
    pub(super) run: usize,
}

/// Mapping errors so far by endpoint, metric and reason.
pub(super) type MissCounts = BTreeMap<(usize, String, &'static str), u64>;

/// The samples of a mapping: of several rules for one series the first one that has a value of this poll, else the first
/// one that has a value. A state that is not known is no value as long as another rule knows it. Rules of idle sources have
/// none.
pub(super) fn merge(mapping: &Mapping, reports: &[Option<&EndpointReport>], idle: &Idle) -> Vec<MappedSample> {
    let mut samples = Vec::new();
    let mut seen: HashSet<(&str, &[String])> = HashSet::new();
    for (is_known, is_fresh) in [(true, true), (true, false), (false, true), (false, false)] {
        for (index, rule) in mapping.rules.iter().enumerate().filter(|(_, rule)| !idle.has(rule)) {
            let Some(report) = reports[rule.endpoint].filter(|report| report.fresh == is_fresh) else { continue };
            // Counters of several instances are none.
            let Some(run) = report.run.or_else(|| (rule.definition.kind != Kind::Counter).then_some(0)) else {
                continue;
            };
            let points = report.evaluation.of_rule(index).iter();
            for point in points.filter(|point| point.reading.is_known() == is_known) {
                if seen.insert((&rule.definition.name, &point.labels)) {
                    add_samples(rule, point, (index, is_fresh, run), &mut samples);
                }
            }
        }
    }
    samples
}

/// Whether an endpoint says that the service is not well.
pub(super) fn says_unwell(mapping: &Mapping, evaluation: &Evaluation) -> bool {
    health_rules(mapping).any(|(index, rule)| {
        let Value::States { states, .. } = &rule.value else { return false };
        evaluation.of_rule(index).iter().any(|point| match point.reading {
            Reading::State(place) => states.labels().nth(place) != Some(WELL),
            Reading::UnknownState => true,
            Reading::Number(_) => false,
        })
    })
}

/// Adds a health of which nothing is known to samples without one: an endpoint that tells it has failed, as `failed` says,
/// while others answer. What it said last is not what is, and a health that ends is no recovery.
pub(super) fn add_unknown_health(mapping: &Mapping, failed: impl Fn(usize) -> bool, samples: &mut Vec<MappedSample>) {
    if samples.iter().any(|sample| sample.definition.name == HEALTH.info().name) {
        return;
    }
    let silent = health_rules(mapping).find(|(_, rule)| failed(rule.endpoint));
    if let Some((index, rule)) = silent {
        let point = DataPoint { labels: Vec::new(), reading: Reading::UnknownState };
        add_samples(rule, &point, (index, true, 0), samples);
    }
}

fn health_rules(mapping: &Mapping) -> impl Iterator<Item = (usize, &Rule)> {
    mapping.rules.iter().enumerate().filter(|(_, rule)| rule.definition.name == HEALTH.info().name)
}

/// What the reports say of their rules.
pub(super) fn evaluations<'a>(reports: &[Option<&'a EndpointReport>]) -> Vec<Option<&'a Evaluation>> {
    reports.iter().map(|report| report.map(|report| &report.evaluation)).collect()
}

/// Adds the samples of one data point; `source` is its rule, whether it was read in this poll, and its run.
fn add_samples(rule: &Rule, point: &DataPoint, source: (usize, bool, usize), samples: &mut Vec<MappedSample>) {
    let mut add = |definition: &Arc<Definition>, labels, value| {
        let (rule, fresh, run) = source;
        samples.push(MappedSample { definition: Arc::clone(definition), labels, value, rule, fresh, run });
    };
    let state = match point.reading {
        Reading::Number(number) => return add(&rule.definition, point.labels.clone(), number),
        Reading::State(state) => Some(state),
        Reading::UnknownState => None,
    };
    // Only a rule of states reads one.
    let Value::States { states, level } = &rule.value else { return };
    let current = state.unwrap_or(states.count());
    for (place, label) in states.labels().enumerate() {
        let labels = point.labels.iter().cloned().chain([label.to_owned()]).collect();
        add(&rule.definition, labels, f64::from(place == current));
    }
    if let (Some(level), Some(place)) = (level, state) {
        add(level, point.labels.clone(), place as f64);
    }
}

/// Counts the misses of the fresh reports. A rule without a value whose series another rule supplies is not a miss: that
/// is what the other rule is for. Returns those that were never seen before.
pub(super) fn count_misses(
    mapping: &Mapping,
    reports: &[Option<&EndpointReport>],
    counts: &mut MissCounts,
) -> Vec<Miss> {
    let mut new = Vec::new();
    for miss in standing(mapping, reports) {
        let rule = &mapping.rules[miss.rule];
        let key = (rule.endpoint, rule.definition.name.to_string(), miss.reason.as_str());
        let count = counts.entry(key).or_insert(0);
        if *count == 0 {
            new.push(miss.clone());
        }
        *count += miss.times;
    }
    new
}

/// The misses of the fresh reports that no other rule makes up for.
pub(super) fn standing<'a>(mapping: &'a Mapping, reports: &[Option<&'a EndpointReport>]) -> Vec<&'a Miss> {
    // Most polls miss nothing, and look nothing up.
    let with_value = LazyCell::new(|| with_value(mapping, reports));
    let is_supplied = |miss: &Miss| {
        let others = with_value.get(&series_of(&mapping.rules[miss.rule]));
        others.is_some_and(|rules| rules.iter().any(|rule| *rule != miss.rule))
    };
    let fresh = reports.iter().flatten().filter(|report| report.fresh);
    let misses = fresh.flat_map(|report| &report.evaluation.misses);
    misses.filter(|miss| miss.reason.has_value() || !is_supplied(miss)).collect()
}

/// What two rules for the same series have in common.
type SeriesKey<'a> = (&'a str, &'a [LabelSource]);

fn series_of(rule: &Rule) -> SeriesKey<'_> {
    (&rule.definition.name, &rule.labels)
}

/// The rules that have a value, by what they are for.
fn with_value<'a>(mapping: &'a Mapping, reports: &[Option<&EndpointReport>]) -> HashMap<SeriesKey<'a>, Vec<usize>> {
    let mut by_series: HashMap<SeriesKey<'_>, Vec<usize>> = HashMap::new();
    for (rule, _) in reports.iter().flatten().flat_map(|report| &report.evaluation.points) {
        by_series.entry(series_of(&mapping.rules[*rule])).or_default().push(*rule);
    }
    by_series
}

/// What a rule said before: most of the time the same series in the same order.
pub(super) struct Earlier<'e> {
    points: &'e [DataPoint],
    by_labels: OnceCell<HashMap<&'e [String], f64>>,
}

impl<'e> Earlier<'e> {
    pub(super) fn of(evaluation: &'e Evaluation, rule: usize) -> Self {
        Self { points: evaluation.of_rule(rule), by_labels: OnceCell::new() }
    }

    /// The number of the series with these labels, which is now the one at `place`.
    pub(super) fn number(&self, place: usize, labels: &[String]) -> Option<f64> {
        if let Some(point) = self.points.get(place).filter(|point| point.labels == labels) {
            return point.reading.number();
        }
        let of = |point: &'e DataPoint| Some((point.labels.as_slice(), point.reading.number()?));
        self.by_labels.get_or_init(|| self.points.iter().filter_map(of).collect()).get(labels).copied()
    }
}

/// Adds a miss for each rule with a counter that fell since the report before.
pub(super) fn note_resets(mapping: &Mapping, before: &Evaluation, now: &mut Evaluation) {
    let mut resets = Vec::new();
    for (index, current) in &now.points {
        let rule = &mapping.rules[*index];
        if rule.definition.kind != Kind::Counter {
            continue;
        }
        let earlier = Earlier::of(before, *index);
        let fell = |(at, point): (usize, &DataPoint)| {
            earlier.number(at, &point.labels).is_some_and(|before| point.reading.number() < Some(before))
        };
        // The rest is another rest when one of its elements has grown out of it.
        let is_rest = |point: &DataPoint| point.labels.iter().any(|label| label == OTHER);
        if current.iter().enumerate().any(|(at, point)| !is_rest(point) && fell((at, point))) {
            resets.push(Miss::new(*index, MissReason::Reset, rule.at.first().cloned().unwrap_or_default()));
        }
    }
    now.misses.append(&mut resets);
}

#[cfg(test)]
mod tests;
