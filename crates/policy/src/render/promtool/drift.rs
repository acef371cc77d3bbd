//! The agent's numbers against those of the rules.

use super::evaluate::{Reading, View};
use super::world::{Labels, Track, same};
use crate::{Policy, Threshold};

/// The labels by which a number of the agent and one of the rules belong together.
const OF_THRESHOLD: [&str; 6] = ["job", "instance", "alert", "severity", "condition", "scope"];

/// The metric of the agent's numbers.
pub(super) const AGENT: &str = "manometer_threshold";

/// The metric that says which agents there are.
pub(super) const AGENTS: &str = "manometer_build_info";

/// The labels of a number; `of` are those of the agent.
pub(super) fn labels(threshold: &Threshold<'_>, of: &Labels) -> Labels {
    let mut labels = of.clone();
    let own = [
        ("alert", threshold.alert),
        ("severity", threshold.severity.as_str()),
        ("condition", threshold.condition),
        ("scope", threshold.scope),
    ];
    labels.extend(
        own.iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    labels
}

/// Numbers that differ, that the agent alone has, or the rules alone.
pub(super) fn read(policy: &Policy, view: View<'_>) -> Vec<Reading> {
    let there = |track: &&Track| !track.at(view.step).is_nan();
    let mut rules: Vec<(Labels, f64)> = Vec::new();
    for agent in view.of_metric(AGENTS).filter(there) {
        let agent = keep(&agent.labels, &["job", "instance"]);
        rules.extend(policy.thresholds().map(|threshold| (labels(&threshold, &agent), threshold.value)));
    }
    let mut found = Vec::new();
    for track in view.of_metric(AGENT).filter(there) {
        let labels = keep(&track.labels, &OF_THRESHOLD);
        let value = track.at(view.step);
        let number = rules.iter().position(|(other, _)| *other == labels).map(|at| rules.swap_remove(at).1);
        if number.is_none_or(|number| !same(number, value)) {
            found.push(reading(labels, value));
        }
    }
    found.extend(rules.into_iter().map(|(labels, value)| reading(labels, value)));
    found
}

/// The severity of the number moves to a label of its own: the alert has one itself.
fn reading(mut labels: Labels, value: f64) -> Reading {
    let severity = labels.remove("severity").unwrap_or_default();
    labels.insert("severity_of".to_owned(), severity);
    Reading { labels, value }
}

fn keep(labels: &Labels, names: &[&str]) -> Labels {
    let kept = labels.iter().filter(|(name, _)| names.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}
