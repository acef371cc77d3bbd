//! What the rendered dashboards must be: the rules of Grafana's dashboard-linter and stricter ones, read from the JSON
//! itself, and what binds them to the policy and to the catalog of metrics.

mod alerts;
mod catalog;
mod grafana;
mod layout;
mod lint;
mod promql;

use serde_json::Value;

use super::*;

fn policy() -> Policy {
    crate::read::shipped().unwrap()
}

/// What the agent exports.
fn metrics() -> Catalog {
    Catalog::new(&crate::testing::metrics())
}

fn render(policy: &Policy) -> Vec<File> {
    files(policy, &metrics())
}

/// Every dashboard, by its name.
fn dashboards() -> Vec<(String, Value)> {
    rendered(&policy())
}

fn rendered(policy: &Policy) -> Vec<(String, Value)> {
    let name = |file: &File| file.path.file_stem().unwrap().to_str().unwrap().to_owned();
    let files = render(policy);
    let dashboards = files.iter().filter(|file| file.path.extension().is_some_and(|end| end == "json"));
    dashboards.map(|file| (name(file), serde_json::from_str(&file.text).unwrap())).collect()
}

/// Everything in a dashboard, what is folded too.
fn all(dashboard: &Value) -> Vec<&Value> {
    list(&dashboard["panels"]).iter().flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"]))).collect()
}

/// Everything in a dashboard that is no heading.
fn panels(dashboard: &Value) -> Vec<&Value> {
    all(dashboard).into_iter().filter(|panel| panel["type"] != "row").collect()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
