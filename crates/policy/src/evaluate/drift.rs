//! The agent's numbers against those of the rules.

use std::collections::BTreeMap;

use super::elements::{Element, current};
use super::samples::{Label, Millis, Samples, own_label};
use crate::{Policy, Threshold};

/// Numbers that differ, that the agent alone has, or the rules alone.
pub(super) fn elements<'s>(policy: &Policy, samples: &'s impl Samples, now: Millis) -> Vec<Element<'s>> {
    let mut rules: BTreeMap<Vec<Label>, f64> = BTreeMap::new();
    for (agent, _) in current(samples, Threshold::AGENTS, now) {
        for threshold in policy.thresholds() {
            let own = threshold.labels().into_iter().filter(|(_, value)| !value.is_empty());
            let own = own.map(|(name, value)| own_label(name, value));
            let mut labels: Vec<Label> = of(agent.labels, &Threshold::OF_AGENT).chain(own).collect();
            labels.sort_unstable();
            rules.insert(labels, threshold.value);
        }
    }
    let mut found = Vec::new();
    for (track, value) in current(samples, Threshold::METRIC, now) {
        let known = [&Threshold::OF_AGENT[..], &Threshold::LABELS].concat();
        let labels: Vec<Label> = of(track.labels, &known).collect();
        let number = rules.remove(&labels);
        #[expect(clippy::float_cmp, reason = "the rules have the very number of the policy")]
        if number.is_none_or(|number| number != value) {
            found.push(element(labels, value));
        }
    }
    found.extend(rules.into_iter().map(|(labels, value)| element(labels, value)));
    found
}

/// The severity of the number moves to a label of its own: the alert has one itself.
fn element<'s>(mut labels: Vec<Label>, value: f64) -> Element<'s> {
    for (name, _) in &mut labels {
        if **name == *Threshold::SEVERITY {
            *name = Threshold::SEVERITY_OF.into();
        }
    }
    labels.sort_unstable();
    Element { labels: labels.into(), value }
}

fn of(labels: &[Label], names: &[&str]) -> impl Iterator<Item = Label> {
    labels.iter().filter(|(name, _)| names.contains(&&**name)).cloned()
}
