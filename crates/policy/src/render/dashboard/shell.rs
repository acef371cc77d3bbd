//! What every dashboard has: variables, annotations, links.

use crate::{Policy, Signal};

use super::json::{Json, object};
use super::quantity::OF_ALERTS;
use super::query;

/// By it the dashboards find each other.
pub(super) const TAG: &str = "manometer";

/// The variables by name, each with its label, what matches all of it, and what there is. A choice goes along from one dashboard
/// to the next.
///
/// A job is one that has targets, an instance that of an agent: where each target is an instance of its own, the agent is
/// another one beside them. All of them are those that there are: `up` of any other job is no agent's. Not everything has a site
/// or a node.
const VARIABLES: [(&str, &str, Option<&str>, &str); 5] = [
    ("job", "Job", None, r#"label_values(manometer_target_up{target!=""}, job)"#),
    ("instance", "Instance", None, r#"label_values(manometer_build_info{job=~"$job"}, instance)"#),
    ("site", "Site", Some(".*"), r#"label_values(manometer_target_up{job=~"$job"}, site)"#),
    ("target", "Target", Some(".+"), r#"label_values(manometer_target_up{job=~"$job", site=~"$site"}, target)"#),
    (
        "node",
        "Node",
        Some(".*"),
        r#"label_values(manometer_target_up{job=~"$job", site=~"$site", target=~"$target"}, node)"#,
    ),
];

/// Where queries go: to the data source that the variable names. A literal `${DS_...}` would only be filled in by the
/// importing form, never where files are provisioned.
pub(super) fn datasource() -> Json {
    object! { "type": "prometheus", "uid": "${datasource}" }
}

pub(super) fn variables() -> Vec<Json> {
    let datasource = object! {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "refresh": 1,
        "multi": false,
        "includeAll": false,
        "regex": "",
        "hide": 0,
        "skipUrlSync": false,
        "current": object! { "text": "default", "value": "default" },
        // Filled in by Grafana.
        "options": Json::List(Vec::new()),
    };
    let chosen = VARIABLES.into_iter().map(|(name, label, all, query)| chosen(name, label, all, query));
    std::iter::once(datasource).chain(chosen).collect()
}

fn chosen(name: &str, label: &str, all: Option<&str>, query: &str) -> Json {
    object! {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": datasource(),
        "query": query,
        "definition": query,
        // When the time range changes: targets come and go.
        "refresh": 2,
        "sort": 1,
        "multi": true,
        "includeAll": true,
        "allValue": all,
        "regex": "",
        "hide": 0,
        "skipUrlSync": false,
        "current": object! { "text": vec!["All"], "value": vec!["$__all"] },
        "options": Json::List(Vec::new()),
    }
}

/// What only silences other alerts.
const INHIBITOR: &str = "CauseInhibitor";

/// Marks on the time axis of every panel.
pub(super) fn annotations(policy: &Policy) -> Vec<Json> {
    // What fires always is a mark everywhere, and says nothing.
    let always = policy.alerts.iter().filter(|alert| alert.levels.iter().all(|level| level.signal == Signal::Always));
    let always: Vec<&str> = always.map(|alert| alert.name.as_str()).collect();
    vec![
        // Grafana's own: what people annotate by hand.
        object! {
            "name": "Annotations & Alerts",
            "datasource": object! { "type": "grafana", "uid": "-- Grafana --" },
            "enable": true,
            "hide": true,
            "iconColor": "rgba(0, 211, 255, 1)",
            "builtIn": 1,
            "type": "dashboard",
        },
        object! {
            "name": "Firing alerts",
            "datasource": datasource(),
            "enable": true,
            "hide": false,
            "iconColor": "red",
            "expr": format!(
                "ALERTS{{{OF_ALERTS}, alertstate=\"firing\", severity=~\"warning|critical\", alertname!~\"{}\"}}",
                always.into_iter().chain([INHIBITOR]).collect::<Vec<_>>().join("|")
            ),
            "step": "60s",
            "titleFormat": "{{alertname}}",
            "textFormat": "{{severity}} {{condition}} {{site}} {{target}} {{node}} {{name}}",
            "useValueForTime": false,
        },
        object! {
            "name": "Starts of the agent",
            "datasource": datasource(),
            "enable": true,
            "hide": false,
            "iconColor": "blue",
            // The sample says itself when it was: no start is missed between two points of the graph.
            "expr": query::filled("process_start_time_seconds{@agent} * 1000"),
            "step": "60s",
            "titleFormat": "manometer started",
            "textFormat": "{{instance}}",
            "useValueForTime": true,
        },
    ]
}

/// The list of all dashboards.
pub(super) fn link() -> Json {
    object! {
        "title": TAG,
        "type": "dashboards",
        "icon": "external link",
        "tooltip": "the other dashboards",
        "url": "",
        "tags": vec![TAG],
        "asDropdown": false,
        "targetBlank": false,
        "includeVars": true,
        "keepTime": true,
    }
}

/// The page of an alert.
pub(super) fn runbook(alert: &str, url: String) -> Json {
    object! {
        "title": format!("Runbook {alert}"),
        "type": "link",
        "icon": "doc",
        "tooltip": "what to do",
        "url": url,
        "tags": Json::List(Vec::new()),
        "asDropdown": false,
        "targetBlank": true,
        "includeVars": false,
        "keepTime": false,
    }
}
