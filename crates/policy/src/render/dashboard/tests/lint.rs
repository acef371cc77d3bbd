//! The rules of Grafana's dashboard-linter that look at the JSON alone, none of them with an exception.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;

/// The kinds of panels that Grafana 10 to 13 all have, none of them Angular.
const KINDS: [&str; 5] = ["timeseries", "state-timeline", "stat", "bargauge", "table"];

/// Units that Grafana knows, of those that are used.
const UNITS: [&str; 9] = ["none", "short", "percentunit", "s", "ms", "bytes", "Bps", "cps", "cpm"];

fn variable<'v>(dashboard: &'v Value, name: &str) -> &'v Value {
    let all = list(&dashboard["templating"]["list"]);
    all.iter().find(|variable| variable["name"] == name).unwrap_or(&Value::Null)
}

#[test]
fn every_dashboard_is_one_that_can_be_imported_and_provisioned() {
    let mut uids = BTreeSet::new();
    for (name, dashboard) in dashboards() {
        assert_eq!(dashboard["schemaVersion"], 39, "{name}");
        assert_eq!(dashboard["uid"], format!("manometer-{name}"), "{name}");
        assert!(uids.insert(text(&dashboard, "uid").to_owned()) && text(&dashboard, "uid").len() <= 40, "{name}");
        assert!(!text(&dashboard, "title").is_empty() && !text(&dashboard, "description").is_empty(), "{name}");
        assert_eq!(dashboard["editable"], false, "{name}");
        assert_eq!(dashboard["tags"], json!(["manometer", name]));
        for key in ["id", "gnetId", "__inputs", "__requires", "__elements", "style"] {
            assert!(dashboard.get(key).is_none(), "{name} has {key}");
        }
        let whole = dashboard.to_string();
        for never in ["${DS_", "namespace", "$pod", "$cluster"] {
            assert!(!whole.contains(never), "{name} has {never}");
        }
    }
    assert_eq!(uids.len(), 9);
}

#[test]
fn variables_are_the_same_on_every_dashboard() {
    for (name, dashboard) in dashboards() {
        let datasource = variable(&dashboard, "datasource");
        let expected = json!(["datasource", "prometheus", "Data source", { "text": "default", "value": "default" }]);
        let found = json!([datasource["type"], datasource["query"], datasource["label"], datasource["current"]]);
        assert_eq!(found, expected, "{name}");
        for (variable_name, label, all) in [
            ("job", "Job", Value::Null),
            ("instance", "Instance", Value::Null),
            ("site", "Site", json!(".*")),
            ("target", "Target", json!(".+")),
            ("node", "Node", json!(".*")),
        ] {
            let variable = variable(&dashboard, variable_name);
            let found = ["type", "label", "multi", "includeAll", "allValue", "refresh"].map(|key| &variable[key]);
            assert_eq!(json!(found), json!(["query", label, true, true, all, 2]), "{name}: {variable_name}");
            assert_eq!(variable["datasource"], json!({ "type": "prometheus", "uid": "${datasource}" }), "{name}");
            assert_eq!(variable["query"], variable["definition"], "{name}: {variable_name}");
            let query = text(variable, "query");
            let inner = query
                .strip_prefix("label_values(")
                .and_then(|query| query.strip_suffix(&format!(", {variable_name})")));
            let inner = inner.unwrap_or_else(|| panic!("{name}: {query}"));
            promql::parsed(inner).unwrap_or_else(|error| panic!("{name}: {inner}: {error}"));
        }
        let names: Vec<&str> =
            list(&dashboard["templating"]["list"]).iter().map(|variable| text(variable, "name")).collect();
        assert_eq!(names, ["datasource", "job", "instance", "site", "target", "node"], "{name}");
    }
}

#[test]
fn every_panel_says_what_it_shows_and_asks_the_data_source_that_is_chosen() {
    let mut faults = Vec::new();
    for (name, dashboard) in dashboards() {
        for panel in panels(&dashboard) {
            let title = text(panel, "title");
            let mut fault = |what: &str| faults.push(format!("{name}: {title}: {what}"));
            if title.is_empty() || !text(panel, "description").ends_with('.') {
                fault("no title, or no sentence as description");
            }
            if !KINDS.contains(&text(panel, "type")) {
                fault("a kind that not every Grafana has");
            }
            let defaults = &panel["fieldConfig"]["defaults"];
            if !UNITS.contains(&text(defaults, "unit")) || text(defaults, "noValue").is_empty() {
                fault("no unit, or nothing to show for nothing");
            }
            let targets = list(&panel["targets"]);
            if targets.is_empty() {
                fault("asks nothing");
            }
            let datasource = json!({ "type": "prometheus", "uid": "${datasource}" });
            let refs: BTreeSet<&str> = targets.iter().map(|target| text(target, "refId")).collect();
            if panel["datasource"] != datasource || targets.iter().any(|target| target["datasource"] != datasource) {
                fault("asks another data source");
            }
            if refs.len() != targets.len() || refs.contains("") {
                fault("two queries have one refId");
            }
            let exprs: BTreeSet<&str> = targets.iter().map(|target| text(target, "expr")).collect();
            if exprs.len() != targets.len() {
                fault("asks one thing twice");
            }
            if text(panel, "type") == "timeseries"
                && targets.iter().any(|target| text(target, "legendFormat").is_empty())
            {
                fault("a series without a name");
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn an_empty_panel_says_why() {
    let mut bare: Vec<String> = Vec::new();
    for (name, dashboard) in dashboards() {
        let of_panels =
            panels(&dashboard).into_iter().filter(|panel| panel["fieldConfig"]["defaults"]["noValue"] == "no data");
        bare.extend(of_panels.map(|panel| format!("{name}: {}", text(panel, "title"))));
    }
    // Of the agent itself nothing is missing while it runs.
    bare.retain(|panel| !panel.starts_with("agent: "));
    assert_eq!(bare, ["overview: Polls", "overview: Agent", "overview: Targets"]);
}

#[test]
fn the_linter_is_told_what_is_as_it_is_on_purpose() {
    let files = render(&policy());
    let text = &files.iter().find(|file| file.path.ends_with(".lint")).unwrap().text;
    let panels: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("panel: ")).collect();
    let expected = [
        "Causes",
        "What follows",
        "Firing alerts",
        "Critical trouble",
        "Targets",
        "CPU",
        "Cache errors",
        "Slowest twentieth",
        "Standstill",
        "Standstill",
    ];
    assert_eq!(panels, expected.map(|title| format!("{title:?}")));
}

#[test]
fn titles_and_ids_are_unique_on_a_dashboard() {
    for (name, dashboard) in dashboards() {
        let all = all(&dashboard);
        let ids: BTreeSet<u64> = all.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        let titles: BTreeSet<&str> = all.iter().map(|panel| text(panel, "title")).collect();
        assert_eq!((ids.len(), titles.len()), (all.len(), all.len()), "{name}");
        assert!(!ids.contains(&0), "{name}");
    }
}

#[test]
fn ids_stay_what_they_are() {
    // They stand in bookmarks and in the links of alerts.
    assert_eq!(panel_id("redis.memory"), Some(id::of("redis", "memory")));
    assert_eq!(id::of("redis", "memory"), 738_522);
    assert_eq!(panel_id("redis.nothing"), None);
    assert_eq!(panel_id("memory"), None);
}

#[test]
fn steps_are_the_business_of_tiles() {
    for (name, dashboard) in dashboards() {
        for panel in panels(&dashboard) {
            let steps = list(&panel["fieldConfig"]["defaults"]["thresholds"]["steps"]);
            let expected = if panel["type"] == "stat" { 3 } else { 1 };
            assert_eq!(steps.len(), expected, "{name}: {}", panel["title"]);
            assert_eq!(steps[0]["value"], Value::Null);
        }
    }
}

#[test]
fn every_dashboard_marks_alerts_and_starts_and_leads_to_the_others() {
    for (name, dashboard) in dashboards() {
        let annotations = list(&dashboard["annotations"]["list"]);
        let exprs: Vec<&str> = annotations.iter().filter_map(|annotation| annotation["expr"].as_str()).collect();
        assert_eq!(exprs.len(), 2, "{name}");
        assert!(
            exprs[0].starts_with("ALERTS{") && exprs[0].contains("alertname!~\"Watchdog|CauseInhibitor\""),
            "{}",
            exprs[0]
        );
        assert!(exprs[1].starts_with("max without (job) (process_start_time_seconds{"), "{}", exprs[1]);
        for expr in exprs {
            promql::parsed(expr).unwrap();
        }
        let link = &dashboard["links"][0];
        assert_eq!(
            json!([link["type"], link["tags"], link["includeVars"]]),
            json!(["dashboards", ["manometer"], true])
        );
    }
}
