//! From the compact definition and the policy to Grafana's JSON.

use serde_json::{Map, Value, json};

use crate::render::promql::Promql;

use super::id;
use super::layout;
use super::looks::{defaults, options, overrides};
use super::model::{
    Dashboard, Datasource, FieldConfig, GridPos, Item, List, Panel, Row, SCHEMA_VERSION, Target, Time, Transformation,
};
use super::quantity;
use super::query::{self, Asked};
use super::shell;
use super::spec::{self, Board, Kind};

/// The whole dashboard.
pub(super) fn dashboard(board: &Board, promql: Promql<'_>) -> Dashboard {
    let mut panels = Vec::new();
    let mut top = 0;
    for row in &board.rows {
        let (heading, places, next) = layout::place(row, top);
        panels.push(Item::Row(Row {
            id: id::of(board.name, row.title),
            kind: "row",
            title: row.title,
            collapsed: false,
            grid_pos: heading,
            panels: [],
        }));
        for (panel, place) in row.panels.iter().zip(places) {
            panels.push(Item::Panel(Box::new(build(board, panel, place, promql))));
        }
        top = next;
    }
    Dashboard {
        uid: format!("manometer-{}", board.name),
        title: board.full_title(),
        description: format!("{} Rendered by manometer render; changes here are lost.", board.about),
        tags: vec![shell::TAG, board.name],
        schema_version: SCHEMA_VERSION,
        version: 1,
        editable: false,
        graph_tooltip: 1,
        refresh: "30s",
        timezone: "browser",
        time: Time { from: "now-1h", to: "now" },
        links: vec![shell::link()],
        annotations: List { list: shell::annotations(promql.policy) },
        templating: List { list: shell::variables() },
        panels,
    }
}

fn build(board: &Board, panel: &spec::Panel, grid_pos: GridPos, promql: Promql<'_>) -> Panel {
    let asked = query::of(board, panel, promql);
    let name = format!("{}.{}", board.name, panel.slug);
    Panel {
        id: id::of(board.name, panel.slug),
        kind: kind(&panel.kind),
        title: panel.title,
        description: panel.about,
        datasource: Datasource::VARIABLE,
        grid_pos,
        field_config: FieldConfig { defaults: defaults(panel, promql.policy), overrides: overrides(panel, &asked) },
        options: options(&panel.kind),
        targets: asked.iter().map(|asked| target(panel, asked)).collect(),
        transformations: transformations(panel, &asked),
        links: quantity::alerts(promql.policy, &name)
            .iter()
            .map(|alert| shell::runbook(&promql.policy.runbooks, &alert.name))
            .collect(),
    }
}

const fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Graph => "timeseries",
        Kind::Timeline => "state-timeline",
        Kind::Tile(_) => "stat",
        Kind::Bars => "bargauge",
        Kind::Table(_) => "table",
    }
}

fn target(panel: &spec::Panel, asked: &Asked) -> Target {
    let instant = matches!(panel.kind, Kind::Tile(_) | Kind::Bars | Kind::Table(_));
    Target {
        ref_id: asked.ref_id.clone(),
        datasource: Datasource::VARIABLE,
        editor_mode: "code",
        expr: asked.expr.clone(),
        legend_format: asked.legend.clone(),
        format: if matches!(panel.kind, Kind::Table(_)) { "table" } else { "time_series" },
        range: !instant,
        instant,
    }
}

/// The answers of a table's queries become one table, with the columns' own names.
fn transformations(panel: &spec::Panel, asked: &[Asked]) -> Vec<Transformation> {
    let Kind::Table(table) = &panel.kind else { return Vec::new() };
    let mut hidden: Map<String, Value> = table.hidden.iter().map(|field| ((*field).to_owned(), json!(true))).collect();
    let mut names = Map::new();
    let mut steps = Vec::new();
    if let Some(by) = table.by {
        steps.push(Transformation { id: "joinByField", options: json!({ "byField": by, "mode": "outer" }) });
        for (at, asked) in asked.iter().enumerate() {
            hidden.insert(format!("Time {}", at + 1), json!(true));
            names.insert(format!("Value #{}", asked.ref_id), json!(asked.legend));
        }
    } else if let Some(asked) = asked.first() {
        names.insert("Value".to_owned(), json!(asked.legend));
    }
    let options = json!({ "excludeByName": hidden, "renameByName": names, "indexByName": {} });
    steps.push(Transformation { id: "organize", options });
    steps
}
