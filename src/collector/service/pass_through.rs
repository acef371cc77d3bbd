//! The series of a service's own exposition that are exported as they are.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::PASS_THROUGH_REFUSED;
use crate::collector::KINDS;
use crate::mapping::{Body, Endpoint, ForeignFamily, ForeignSample};
use crate::metric::text::is_label_name;
use crate::metric::{Families, metrics, vocabulary};

metrics! {
    pub(super) fn metrics;
    DURATIONS: histogram "http_request_duration_seconds" ["method", "handler", "route", "path"] Seconds,
        "How long the service took to answer requests, by its own histogram: with the labels that its library gives it, \
         of which those of a route are named here.",
        "the service's exposition, if pass_through names it";
}

/// What passes through of one endpoint.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Passing {
    /// The families that do.
    pub(super) families: Vec<ForeignFamily>,
    /// Series that would, and whose names belong to the agent.
    pub(super) refused: usize,
}

/// Everything that a Redis target may export: of a service such a name would be taken for Redis's own word.
static OF_REDIS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| KINDS.iter().flat_map(|kind| (kind.metrics)()).map(|info| info.name).collect());

impl Passing {
    /// What passes through of a body.
    pub(super) fn of(endpoint: &Endpoint, body: &Body) -> Self {
        let mut passing = Self::default();
        for family in body.families.iter().filter(|family| endpoint.pass_through.matches(&family.name)) {
            if vocabulary::is_taken(&family.name) && !is_named(endpoint, &family.name) {
                passing.refused += family.samples.len();
            } else {
                passing.families.push(family.clone());
            }
        }
        passing
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.families.is_empty() && self.refused == 0
    }
}

/// Whether the mapping names that very series, and it only begins like those of the agent: services count their own dealings
/// with Redis under `redis_`.
fn is_named(endpoint: &Endpoint, name: &str) -> bool {
    vocabulary::reserved(name) == Some("redis_")
        && endpoint.pass_through.texts().any(|text| text == name)
        && !OF_REDIS.contains(name)
}

/// Exports the series of a service's own exposition under the names that it gave them.
pub(super) fn export(endpoint: &str, passing: &Passing, out: &mut Families) {
    let mut refused = passing.refused;
    for family in &passing.families {
        let help = if family.help.is_empty() { "Passed through from the service." } else { family.help.as_str() };
        let header = (family.name.as_str(), family.kind, help);
        for sample in &family.samples {
            match labels(sample) {
                Some(labels) => out.push_foreign(header, sample.suffix, &labels, sample.value),
                None => refused += 1,
            }
        }
    }
    out.push(&PASS_THROUGH_REFUSED, [endpoint], refused as f64);
}

/// The labels of a foreign sample; `None` if Prometheus would refuse them, and with them the whole exposition.
fn labels(sample: &ForeignSample) -> Option<Vec<(&str, &str)>> {
    let mut names = HashSet::new();
    let mut labels = Vec::new();
    for (name, value) in &sample.labels {
        // Prometheus does the same to a label that it sets itself.
        let name = if name == "target" { "exported_target" } else { name };
        if !is_label_name(name) || !names.insert(name) {
            return None;
        }
        labels.push((name, value.as_str()));
    }
    Some(labels)
}
