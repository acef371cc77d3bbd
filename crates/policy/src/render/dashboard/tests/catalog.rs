//! Every metric and every label that a dashboard names is one that the agent exports.

use std::collections::BTreeMap;

use super::promql::{asked, labels, parsed, selectors};
use super::*;
use metric::{Kind, MetricInfo};

/// What Prometheus itself knows of alerts and of scrapes.
const OF_PROMETHEUS: [(&str, &[&str]); 4] = [
    ("ALERTS", &["alertname", "alertstate", "severity", "condition", "escalation", "page", "cause", "alert"]),
    ("ALERTS_FOR_STATE", &["alertname", "severity", "condition", "escalation", "alert", "cause"]),
    ("manometer:cause:seen", &["cause", "alert", "severity_of"]),
    ("up", &[]),
];

/// What Prometheus and Alertmanager say of themselves, under whatever job they are scraped.
const FOREIGN: [(&str, &[&str]); 6] = [
    ("alertmanager_config_last_reload_successful", &[]),
    ("alertmanager_notifications_failed_total", &["integration"]),
    ("prometheus_config_last_reload_successful", &[]),
    ("prometheus_notifications_alertmanagers_discovered", &[]),
    ("prometheus_notifications_errors_total", &["alertmanager"]),
    ("prometheus_rule_evaluation_failures_total", &["rule_group"]),
];

/// Of every metric: whether it is a counter, whether it is of a target, its own labels.
fn known() -> BTreeMap<String, (bool, bool, Vec<&'static str>)> {
    let mut known = BTreeMap::new();
    for (name, labels) in OF_PROMETHEUS {
        known.insert(name.to_owned(), (false, name.starts_with("ALERTS"), labels.to_vec()));
    }
    for (name, labels) in FOREIGN {
        known.insert(name.to_owned(), (name.ends_with("_total"), false, labels.to_vec()));
    }
    for (of_target, info) in exported() {
        if info.kind == Kind::Histogram {
            let (_, _, labels) = known.entry(format!("{}_count", info.name)).or_insert((true, of_target, Vec::new()));
            labels.extend(info.labels);
        }
        let (name, is_counter, more) = match info.kind {
            Kind::Histogram => (format!("{}_bucket", info.name), true, &["le"][..]),
            Kind::Summary => (info.name.to_owned(), false, &["quantile"][..]),
            kind => (info.name.to_owned(), kind == Kind::Counter, &[][..]),
        };
        let (_, _, labels) = known.entry(name).or_insert((is_counter, of_target, Vec::new()));
        labels.extend(info.labels.iter().chain(more));
    }
    known
}

fn exported() -> Vec<(bool, MetricInfo)> {
    let groups = crate::testing::groups();
    groups
        .into_iter()
        .flat_map(|group| group.metrics.into_iter().map(move |info| (group.title != "The agent", info)))
        .collect()
}

pub(super) fn is_counter(name: &str) -> bool {
    known().get(name).is_some_and(|(counter, _, _)| *counter)
}

pub(super) fn is_foreign(name: &str) -> bool {
    FOREIGN.iter().any(|(foreign, _)| *foreign == name)
}

pub(super) fn is_of_target(name: &str) -> bool {
    known().get(name).is_some_and(|(_, of_target, _)| *of_target)
}

/// Whether it is a series of the agent that says which target it is about.
pub(super) fn names_a_target(name: &str) -> bool {
    known().get(name).is_some_and(|(_, of_target, labels)| !of_target && labels.contains(&"target"))
}

/// Whether panels ask for it where the agent is scraped without a target.
fn is_of_agents(name: &str) -> bool {
    ["manometer_config_", "manometer_discovery_"].iter().any(|start| name.starts_with(start))
}

#[test]
fn every_metric_and_label_is_exported() {
    let known = known();
    let labels_of = |name: &str| {
        let (_, of_target, own) = known.get(name).cloned().unwrap_or_default();
        // An agent is scraped as an instance that has no target.
        let common: &[&str] = if of_target || name == "up" || is_of_agents(name) {
            &["job", "instance", "site", "target", "node"]
        } else {
            &["job", "instance", "site"]
        };
        own.iter().chain(common).map(|label| (*label).to_owned()).collect::<Vec<String>>()
    };
    let mut faults = Vec::new();
    for (panel, asked) in asked() {
        let expr = parsed(&asked.expr).unwrap();
        let found = selectors(&expr);
        for found in found {
            let name = found.selector.name.as_deref().unwrap_or_default();
            if !known.contains_key(name) {
                faults.push(format!("{panel}: no metric {name}"));
                continue;
            }
            for matcher in &found.selector.matchers.matchers {
                if !labels_of(name).contains(&matcher.name) {
                    faults.push(format!("{panel}: {name} has no label {}", matcher.name));
                }
            }
        }
        let has = labels(&expr, &labels_of).unwrap_or_default();
        for label in asked.legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
            if !has.iter().any(|name| name == label) {
                faults.push(format!("{panel}: {}: the series have no label {label}", asked.expr));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn words_of_states_are_those_that_are_exported() {
    // A selector of a state that does not exist is PromQL all the same, and yields nothing for ever.
    let states = [
        ("service_health", "status", &["ok", "degraded", "unhealthy", "disabled", "unknown"][..]),
        ("service_dependency_health", "status", &["ok", "degraded", "unhealthy", "disabled", "unknown"]),
        ("backpressure_circuit_state", "state", &["closed", "open", "half_open", "unknown"]),
        ("backpressure_publish_latency_seconds", "stat", &["avg", "p95", "p99"]),
        ("service_endpoint_duration_seconds", "phase", &["connect", "tls", "first_byte", "transfer"]),
    ];
    let mut faults = Vec::new();
    for (panel, asked) in asked() {
        let expr = parsed(&asked.expr).unwrap();
        let found = selectors(&expr);
        for selector in found.iter().map(|found| found.selector) {
            for (metric, label, values) in states {
                let of_metric = selector.name.as_deref() == Some(metric);
                for matcher in selector.matchers.matchers.iter().filter(|matcher| of_metric && matcher.name == label) {
                    for value in matcher.value.split('|').filter(|value| !values.contains(value)) {
                        faults.push(format!("{panel}: {metric} has no {label} {value:?}"));
                    }
                }
            }
        }
    }
    assert_none(&faults);
}
