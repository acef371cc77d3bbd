//! Every field is one that Grafana reads, with a value that it knows.
//!
//! `grafana-fields.json` lists the fields and the values of closed sets that Grafana 10.1 and 11.6 both have: taken from the
//! models of Grafana's own SDK (`PyPI` `grafana-foundation-sdk`, of those two versions). A field that is misspelt is no error
//! to Grafana, it does nothing.

use std::sync::LazyLock;

use super::*;

static FIELDS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../../../tests/fixtures/dashboards/grafana-fields.json")).unwrap()
});

/// Fields that Grafana has and its SDK lacks: what only the editor of a variable shows, and what an annotation asks of
/// Prometheus.
const BESIDE: [(&str, &str); 6] = [
    ("variable", "definition"),
    ("annotation", "builtIn"),
    ("annotation", "step"),
    ("annotation", "titleFormat"),
    ("annotation", "textFormat"),
    ("annotation", "useValueForTime"),
];

/// What is wrong with an object of that kind.
fn check(kind: &str, object: &Value, place: &str, faults: &mut Vec<String>) {
    let known = FIELDS[kind].as_object().unwrap_or_else(|| panic!("no fields of {kind}"));
    for (field, value) in object.as_object().unwrap_or_else(|| panic!("{place} is no {kind}")) {
        if BESIDE.contains(&(kind, field.as_str())) {
            continue;
        }
        match known.get(field) {
            None => faults.push(format!("{place}: a {kind} has no {field}")),
            Some(Value::Array(values)) if !values.contains(value) => {
                faults.push(format!("{place}: {field} of a {kind} is never {value}"));
            }
            Some(Value::String(wanted)) if !is(wanted, value) => {
                faults.push(format!("{place}: {field} of a {kind} is a {wanted}, not {value}"));
            }
            Some(_) => {}
        }
    }
}

fn is(wanted: &str, value: &Value) -> bool {
    match wanted {
        "string" => value.is_string(),
        "number" => value.is_number() || value.is_null(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        _ => true,
    }
}

#[test]
fn every_field_is_one_that_grafana_reads() {
    let mut faults = Vec::new();
    for (name, dashboard) in dashboards() {
        check("dashboard", &dashboard, &name, &mut faults);
        for link in list(&dashboard["links"]) {
            check("link", link, &name, &mut faults);
        }
        for annotation in list(&dashboard["annotations"]["list"]) {
            check("annotation", annotation, &name, &mut faults);
        }
        for variable in list(&dashboard["templating"]["list"]) {
            check("variable", variable, &name, &mut faults);
        }
        for panel in all(&dashboard) {
            check_panel(panel, &format!("{name}: {}", panel["title"]), &mut faults);
        }
    }
    assert_none(&faults);
}

fn check_panel(panel: &Value, place: &str, faults: &mut Vec<String>) {
    check("gridPos", &panel["gridPos"], place, faults);
    if panel["type"] == "row" {
        check("row", panel, place, faults);
        return;
    }
    check("panel", panel, place, faults);
    for (kind, objects) in [("target", "targets"), ("link", "links"), ("transformation", "transformations")] {
        for object in list(&panel[objects]) {
            check(kind, object, place, faults);
        }
    }
    let kind = text(panel, "type");
    let defaults = &panel["fieldConfig"]["defaults"];
    check("fieldConfig", defaults, place, faults);
    check("color", &defaults["color"], place, faults);
    check("thresholds", &defaults["thresholds"], place, faults);
    for step in list(&defaults["thresholds"]["steps"]) {
        check("step", step, place, faults);
    }
    if let Some(custom) = defaults.get("custom") {
        check(&format!("{kind}.custom"), custom, place, faults);
    }
    check(&format!("{kind}.options"), &panel["options"], place, faults);
    for part in ["legend", "tooltip", "reduceOptions"] {
        if let Some(part_of_options) = panel["options"].get(part) {
            check(part, part_of_options, place, faults);
        }
    }
    for property in list(&panel["fieldConfig"]["overrides"]).iter().flat_map(|over| list(&over["properties"])) {
        let (id, value) = (text(property, "id"), &property["value"]);
        let (of, field) = match id.strip_prefix("custom.") {
            Some(field) => (format!("{kind}.custom"), field),
            None => ("fieldConfig".to_owned(), id),
        };
        check(&of, &serde_json::json!({ field: value }), place, faults);
        for (part, field) in [("color", "color"), ("lineStyle", "custom.lineStyle"), ("stacking", "custom.stacking")] {
            if id == field {
                check(part, value, place, faults);
            }
        }
    }
}
