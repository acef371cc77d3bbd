//! The vocabulary that several collectors share: one name, type and label set whatever the source.
//!
//! A mapping may give a rule any of these names: type and labels are then checked against this table, so that alert rules
//! and dashboards written once fit every service.

pub mod backpressure;
pub mod resources;
pub mod service;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Definition, MetricInfo};

/// Beginnings of names that are the agent's own: of what others name, only names of the vocabulary may have them.
const RESERVED: [&str; 7] = ["manometer_", "redis_", "container_", "service_", "backpressure_", "node_", "process_"];

/// The vocabulary by name: a configuration of many services looks up every name of every rule.
static BY_NAME: LazyLock<HashMap<&str, MetricInfo>> =
    LazyLock::new(|| metrics().into_iter().map(|info| (info.name, info)).collect());

/// The reserved beginning that a name has.
#[must_use]
pub fn reserved(name: &str) -> Option<&'static str> {
    RESERVED.into_iter().find(|prefix| name.starts_with(prefix))
}

/// Whether a service's own series may not have that name: it is the agent's, or one of Prometheus itself.
#[must_use]
pub fn is_taken(name: &str) -> bool {
    BY_NAME.contains_key(name) || is_of_prometheus(name) || reserved(name).is_some()
}

/// Labels that samples of the shared metric may have beside its own: brokers keep a queue's name once in each virtual host.
#[must_use]
pub fn optional_labels(name: &str) -> &'static [&'static str] {
    let has_queue = BY_NAME.get(name).is_some_and(|info| info.labels.contains(&"queue"));
    if has_queue { &["vhost"] } else { &[] }
}

/// Whether Prometheus makes a metric of that name: one of another origin would join in everybody's `up == 0`.
pub(super) fn is_of_prometheus(name: &str) -> bool {
    ["up", "ALERTS", "ALERTS_FOR_STATE"].contains(&name) || name.starts_with("scrape_")
}

/// The whole vocabulary.
#[must_use]
pub fn metrics() -> Vec<MetricInfo> {
    [service::metrics(), backpressure::metrics(), resources::metrics()].concat()
}

/// The shared metric of that name.
#[must_use]
pub fn find(name: &str) -> Option<Definition> {
    BY_NAME.get(name).map(Definition::from)
}
