//! What every dashboard has: variables, annotations, links.

use crate::{Policy, Signal};

use super::model::{Annotation, AnnotationQuery, Current, Datasource, Link, Variable};
use super::quantity::{OF_AGENT, OF_ALERTS};

/// By it the dashboards find each other.
pub(super) const TAG: &str = "manometer";

const JOBS: &str = "label_values(manometer_build_info, job)";
const INSTANCES: &str = r#"label_values(manometer_build_info{job=~"$job"}, instance)"#;
/// All targets on every dashboard: a choice goes along from one to the next.
const TARGETS: &str = r#"label_values(manometer_target_up{job=~"$job", instance=~"$instance"}, target)"#;

pub(super) fn variables() -> Vec<Variable> {
    vec![
        Variable {
            kind: "datasource",
            name: "datasource",
            label: "Data source",
            datasource: None,
            query: "prometheus",
            definition: None,
            refresh: 1,
            sort: None,
            multi: false,
            include_all: false,
            all_value: None,
            regex: "",
            hide: 0,
            skip_url_sync: false,
            current: Current::One { text: "default", value: "default" },
            options: [],
        },
        chosen("job", "Job", JOBS),
        chosen("instance", "Instance", INSTANCES),
        chosen("target", "Target", TARGETS),
    ]
}

fn chosen(name: &'static str, label: &'static str, query: &'static str) -> Variable {
    Variable {
        kind: "query",
        name,
        label,
        datasource: Some(Datasource::VARIABLE),
        query,
        definition: Some(query),
        // When the time range changes: targets come and go.
        refresh: 2,
        sort: Some(1),
        multi: true,
        include_all: true,
        all_value: Some(".+"),
        regex: "",
        hide: 0,
        skip_url_sync: false,
        current: Current::Many { text: ["All"], value: ["$__all"] },
        options: [],
    }
}

pub(super) fn annotations(policy: &Policy) -> Vec<Annotation> {
    // What fires always is a mark everywhere, and says nothing.
    let always = policy.alerts.iter().filter(|alert| alert.levels.iter().all(|level| level.signal == Signal::Always));
    let always: Vec<&str> = always.map(|alert| alert.name.as_str()).collect();
    vec![
        Annotation {
            name: "Annotations & Alerts",
            datasource: Datasource::GRAFANA,
            enable: true,
            hide: true,
            icon_color: "rgba(0, 211, 255, 1)",
            built_in: Some(1),
            kind: Some("dashboard"),
            query: None,
        },
        Annotation {
            name: "Firing alerts",
            datasource: Datasource::VARIABLE,
            enable: true,
            hide: false,
            icon_color: "red",
            built_in: None,
            kind: None,
            query: Some(AnnotationQuery {
                expr: format!(
                    "ALERTS{{{OF_ALERTS}, alertstate=\"firing\", severity=~\"warning|critical\", alertname!~\"{}\"}}",
                    always.join("|")
                ),
                step: "60s",
                title_format: "{{alertname}}",
                text_format: "{{severity}} {{condition}} {{target}}",
                use_value_for_time: false,
            }),
        },
        Annotation {
            name: "Starts of the agent",
            datasource: Datasource::VARIABLE,
            enable: true,
            hide: false,
            icon_color: "blue",
            built_in: None,
            kind: None,
            query: Some(AnnotationQuery {
                // The sample says itself when it was: no start is missed between two points of the graph.
                expr: format!("process_start_time_seconds{{{OF_AGENT}}} * 1000"),
                step: "60s",
                title_format: "manometer started",
                text_format: "{{instance}}",
                use_value_for_time: true,
            }),
        },
    ]
}

/// The list of all dashboards.
pub(super) fn link() -> Link {
    Link {
        title: TAG.to_owned(),
        kind: "dashboards",
        icon: "external link",
        tooltip: "the other dashboards",
        url: String::new(),
        tags: vec![TAG],
        as_dropdown: false,
        target_blank: false,
        include_vars: true,
        keep_time: true,
    }
}

/// The page of an alert in docs/runbooks.
pub(super) fn runbook(base: &str, alert: &str) -> Link {
    Link {
        title: format!("Runbook {alert}"),
        kind: "link",
        icon: "doc",
        tooltip: "what to do",
        url: format!("{base}{alert}.md"),
        tags: Vec::new(),
        as_dropdown: false,
        target_blank: true,
        include_vars: false,
        keep_time: false,
    }
}
