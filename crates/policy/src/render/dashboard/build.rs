//! From the compact definition and the policy to Grafana's JSON.
//!
//! The classic form is what every Grafana from 10 to 13 imports and provisions from files; newer ones migrate it on load.
//! Names of fields are Grafana's own.

use crate::render::promql::Promql;

use super::json::{Json, object};
use super::layout::{self, Place};
use super::looks::{defaults, options, overrides};
use super::query::{self, Asked};
use super::spec::{Board, Kind, Panel};
use super::{id, quantity, shell};

/// The whole dashboard.
pub(super) fn dashboard(board: &Board, promql: Promql<'_>) -> Json {
    let mut panels = Vec::new();
    let mut top = 0;
    for row in &board.rows {
        let (heading, places, next) = layout::place(row, top);
        let under = row.panels.iter().zip(places).map(|(panel, place)| build(board, panel, place, promql));
        // Only a folded row holds its panels.
        let (within, after): (Vec<Json>, Vec<Json>) =
            if row.is_folded { (under.collect(), Vec::new()) } else { (Vec::new(), under.collect()) };
        panels.push(object! {
            "id": id::of(board.name, row.title),
            "type": "row",
            "title": row.title,
            "collapsed": row.is_folded,
            "gridPos": heading,
            "panels": within,
        });
        panels.extend(after);
        top = next;
    }
    object! {
        "uid": format!("manometer-{}", board.name),
        "title": board.full_title(),
        "description": format!("{} Rendered by manometer render; changes here are lost.", board.about),
        "tags": vec![shell::TAG, board.name],
        // Grafana 10.4 wrote this version, and every later one migrates it.
        "schemaVersion": 39,
        "version": 1,
        "editable": false,
        // One crosshair for all panels.
        "graphTooltip": 1,
        "refresh": "30s",
        "timezone": "browser",
        "time": object! { "from": "now-1h", "to": "now" },
        "links": vec![shell::link()],
        "annotations": object! { "list": shell::annotations(promql.policy) },
        "templating": object! { "list": shell::variables() },
        "panels": panels,
    }
}

fn build(board: &Board, panel: &Panel, place: Place, promql: Promql<'_>) -> Json {
    let asked = query::of(board, panel, promql);
    let alerts = quantity::alerts(promql.policy, &format!("{}.{}", board.name, panel.slug));
    let links =
        alerts.iter().filter_map(|alert| Some(shell::runbook(&alert.name, promql.policy.runbook(&alert.name)?)));
    object! {
        "id": id::of(board.name, panel.slug),
        "type": match panel.kind {
            Kind::Graph => "timeseries",
            Kind::Timeline => "state-timeline",
            Kind::Tile(_) => "stat",
            Kind::Bars => "bargauge",
            Kind::Table(_) => "table",
        },
        "title": panel.title,
        "description": panel.about,
        "datasource": shell::datasource(),
        "gridPos": place,
        "fieldConfig": object! {
            "defaults": defaults(board, panel, promql.policy),
            "overrides": overrides(panel, &asked),
        },
        "options": options(&panel.kind),
        "targets": asked.iter().map(|asked| target(panel, asked)).collect::<Vec<_>>(),
        "transformations": transformations(panel, &asked),
        "links": links.collect::<Vec<_>>(),
    }
}

fn target(panel: &Panel, asked: &Asked) -> Json {
    let instant = matches!(panel.kind, Kind::Tile(_) | Kind::Bars | Kind::Table(_));
    object! {
        "refId": asked.ref_id.clone(),
        "datasource": shell::datasource(),
        "editorMode": "code",
        "expr": asked.expr.clone(),
        "legendFormat": asked.legend.clone(),
        "format": if matches!(panel.kind, Kind::Table(_)) { "table" } else { "time_series" },
        "range": !instant,
        "instant": instant,
    }
}

/// The answers of a table's queries become one table, with the columns' own names.
fn transformations(panel: &Panel, asked: &[Asked]) -> Option<Vec<Json>> {
    let Kind::Table(table) = &panel.kind else { return None };
    let mut hidden: Vec<String> = table.hidden.iter().map(|field| (*field).to_owned()).collect();
    let mut names: Vec<(String, Json)> = Vec::new();
    let mut steps = Vec::new();
    if asked.len() > 1 {
        // Rows of the same labels become one.
        steps.push(object! { "id": "merge", "options": Json::object([]) });
        names.extend(asked.iter().map(|asked| (format!("Value #{}", asked.ref_id), asked.legend.clone().into())));
    } else {
        names.extend(asked.first().map(|asked| ("Value".to_owned(), asked.legend.clone().into())));
    }
    hidden.sort();
    let options = object! {
        "excludeByName": Json::object(hidden.into_iter().map(|field| (field, true.into()))),
        "indexByName": Json::object([]),
        "renameByName": Json::object(names),
    };
    steps.push(object! { "id": "organize", "options": options });
    Some(steps)
}
