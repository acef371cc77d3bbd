//! Dashboards and policy are one: what an alert compares is what its panel plots.

use super::promql::asked;
use super::*;
use crate::render::dashboard::query::Role;
use crate::render::dashboard::spec::{Criterion, Kind, Unit};
use crate::{Compare, Severity};

#[test]
fn every_panel_that_an_alert_names_exists_and_plots_what_it_compares() {
    let (policy, catalog) = (policy(), metrics());
    let promql = Promql { policy: &policy, catalog: &catalog };
    let asked = asked();
    let mut faults = Vec::new();
    for alert in &policy.alerts {
        if panel_id(&alert.panel).is_none() {
            faults.push(format!("{}: there is no panel {}", alert.name, alert.panel));
            continue;
        }
        let of_panel = || asked.iter().filter(|(panel, _)| *panel == alert.panel).map(|(_, asked)| asked);
        for level in &alert.levels {
            let Some(expr) = quantity::expression(promql, alert, level) else { continue };
            let unit = Unit::of(level.unit);
            if !of_panel().any(|asked| asked.expr == expr && asked.role == Role::Quantity && asked.unit == unit) {
                faults.push(format!("{}: {} does not plot {expr}", alert.name, alert.panel));
            }
            let severity = level.severity.as_str();
            let condition = level.condition.as_deref().unwrap_or_default();
            let mark = format!("alert=\"{}\", severity=\"{severity}\", condition=\"{condition}\"", alert.name);
            let line = of_panel().any(|asked| {
                asked.role == Role::Threshold(level.severity) && asked.expr.contains(&mark) && asked.unit == unit
            });
            if line != (level.compare != Compare::Equal) {
                faults.push(format!("{}: {} has no line of {severity}, or one too many", alert.name, alert.panel));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn no_panel_waits_for_an_alert_that_does_not_exist() {
    let (policy, catalog) = (policy(), metrics());
    let promql = Promql { policy: &policy, catalog: &catalog };
    for board in boards::all() {
        for panel in board.rows.iter().flat_map(|row| &row.panels) {
            let name = format!("{}.{}", board.name, panel.slug);
            let alerts = quantity::alerts(&policy, &name);
            if panel.alerts.is_some() {
                assert!(!alerts.is_empty(), "{name}: no alert names it");
                // The axis is that of what is compared first.
                if matches!(panel.kind, Kind::Graph) {
                    assert_eq!(panel.unit, quantity::quantities(promql, &alerts)[0].unit, "{name}");
                }
            } else {
                let compares = quantity::quantities(promql, &alerts);
                assert_eq!(compares, [], "{name} does not show it");
            }
            if let Kind::Tile(criterion) = &panel.kind {
                assert!(tile::level(criterion, &policy).is_some(), "{name}: the policy has no such level");
            }
        }
    }
}

#[test]
fn a_panel_leads_to_the_runbook_of_each_of_its_alerts() {
    assert!(
        dashboards()
            .iter()
            .all(|(_, dashboard)| panels(dashboard).iter().all(|panel| list(&panel["links"]).is_empty()))
    );
    let policy = Policy { external_url: "http://agent:10121/".to_owned(), ..policy() };
    let mut links = 0;
    for (name, dashboard) in rendered(&policy) {
        for panel in panels(&dashboard) {
            for link in list(&panel["links"]) {
                let alert = text(link, "title").strip_prefix("Runbook ").unwrap();
                let named = &policy.alert(alert).unwrap().panel;
                assert_eq!(panel_id(named).map(u64::from), panel["id"].as_u64(), "{name}: {alert}");
                assert_eq!(text(link, "url"), format!("http://agent:10121/runbooks/{alert}"));
                links += 1;
            }
        }
    }
    assert_eq!(links, policy.alerts.len());
}

#[test]
fn a_threshold_is_a_dashed_line_of_the_colour_of_its_severity() {
    let (_, redis) = dashboards().into_iter().find(|(name, _)| name == "redis").unwrap();
    let ping = panels(&redis).into_iter().find(|panel| panel["title"] == "PING").unwrap().clone();
    let exprs: Vec<&str> = list(&ping["targets"]).iter().map(|target| text(target, "expr")).collect();
    let line = |severity: &str| {
        format!(
            "max by (scope) (manometer_threshold{{job=~\"$job\", instance=~\"$instance\", site=~\"$site\", alert=\"RedisPingHigh\", \
             severity=\"{severity}\", condition=\"\"}})"
        )
    };
    let of_target = "job=~\"$job\", site=~\"$site\", target=~\"$target\", node=~\"$node\"";
    assert_eq!(
        exprs,
        [
            format!("max without (job, instance) (last_over_time(redis_ping_ms{{{of_target}}}[2m]))"),
            line("info"),
            line("warning"),
            line("critical"),
            format!("max without (job, instance) (redis_ping_max_ms{{{of_target}}})"),
        ]
    );
    let overrides = list(&ping["fieldConfig"]["overrides"]);
    let colours: Vec<(&str, &str)> = overrides
        .iter()
        .map(|over| {
            let property = |id: &str| list(&over["properties"]).iter().find(|property| property["id"] == id).unwrap();
            assert_eq!(property("custom.lineStyle")["value"]["fill"], "dash");
            (text(&over["matcher"], "options"), text(&property("color")["value"], "fixedColor"))
        })
        .collect();
    assert_eq!(colours, [("B", "blue"), ("C", "orange"), ("D", "red")]);
}

/// The colour of a value.
fn colour(steps: &Value, value: f64) -> String {
    let reached = |step: &&Value| step["value"].as_f64().is_none_or(|from| value >= from);
    list(steps).iter().rfind(reached).map(|step| text(step, "color").to_owned()).unwrap()
}

#[test]
fn tiles_are_red_where_their_level_holds() {
    let policy = policy();
    let (_, overview) = dashboards().swap_remove(0);
    let tiles: Vec<&Value> = panels(&overview).into_iter().filter(|panel| panel["type"] == "stat").collect();
    assert_eq!(tiles.len(), 16);
    let board = boards::all().swap_remove(0);
    let of_board = board.rows.iter().flat_map(|row| &row.panels).filter(|panel| matches!(panel.kind, Kind::Tile(_)));
    for (panel, tile) in of_board.zip(tiles) {
        let Kind::Tile(criterion) = &panel.kind else { panic!("{} is no tile", panel.slug) };
        let steps = &tile["fieldConfig"]["defaults"]["thresholds"]["steps"];
        let (_, level) = tile::level(criterion, &policy).unwrap();
        // Nothing has the colour of the lowest step.
        assert_eq!(colour(steps, f64::NEG_INFINITY), "text", "{}", panel.slug);
        if matches!(criterion, Criterion::Absent { .. }) {
            assert_eq!((colour(steps, 0.0), colour(steps, 1.0)), ("red".into(), "green".into()), "{}", panel.slug);
            continue;
        }
        let near = level.fire * 1e-6;
        for value in [0.0, level.fire - near, level.fire + near, level.fire + 1.0] {
            let expected = if level.compare.holds(value, level.fire) { "red" } else { "green" };
            assert_eq!(colour(steps, value), expected, "{} at {value}", panel.slug);
        }
    }
}

#[test]
fn the_tile_of_the_memory_knows_a_memory_that_does_not_grow() {
    let expr = asked().into_iter().find(|(panel, _)| panel == "overview.well-memory").unwrap().1.expr;
    let limit = "(max without (job, instance) (redis_memory_max_bytes{job=~\"$job\", site=~\"$site\", target=~\"$target\", \
                node=~\"$node\"}) > 0)";
    assert!(expr.starts_with("min((") && expr.ends_with(&format!(" >= bool 14400) or ({limit} * 0 + 1))")), "{expr}");
}

/// Numbers of the policy are drawn from `manometer_threshold`; a tile has them from the policy itself.
#[test]
fn a_number_that_is_changed_in_the_policy_changes_in_the_dashboards() {
    let mut changed = policy();
    for level in changed.alerts.iter_mut().flat_map(|alert| &mut alert.levels) {
        if level.compare != Compare::Equal && level.severity != Severity::Critical && level.fire > 0.0 {
            level.fire *= 1.1;
        }
    }
    let (before, after) = (render(&policy()), render(&changed));
    let differ: Vec<&str> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .map(|(file, _)| file.path.to_str().unwrap())
        .collect();
    assert_eq!(differ, ["dashboards/overview.json"]);
    for part in ["\"value\": 1.045", "bool 15840", "\"value\": 0.66"] {
        assert!(after[0].text.contains(part), "{part}");
    }
    let mut moved = policy();
    for level in moved.alerts.iter_mut().flat_map(|alert| &mut alert.levels) {
        level.signal.set_window(|window| window * 2);
    }
    let text: String = render(&moved).into_iter().map(|file| file.text).collect();
    assert!(text.contains("[10m])") && !text.contains("[5m])"), "panels look back as far as their alerts");
}
