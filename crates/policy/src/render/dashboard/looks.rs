//! How a panel looks: unit, colours, axes, words, and the options of its kind.

use serde_json::{Map, Value, json};

use crate::{Policy, Severity};

use super::model::{
    BarGauge, Color, Custom, Defaults, Legend, Mapping, Options, Override, Property, Reduce, Stacking, Stat,
    StateTimeline, Steps, Table, TimeSeries, Tooltip,
};
use super::query::{Asked, Role};
use super::spec::{Kind, Panel, State};
use super::tile;

pub(super) fn defaults(panel: &Panel, policy: &Policy) -> Defaults {
    let color = |mode| Color { mode, fixed_color: None };
    let (color, thresholds) = match &panel.kind {
        Kind::Tile(criterion) => (color("thresholds"), tile::steps(criterion, policy)),
        Kind::Bars => (color("continuous-GrYlRd"), Steps::new("green", &[])),
        Kind::Timeline => (color("thresholds"), Steps::new("text", &[])),
        Kind::Graph | Kind::Table(_) => (color("palette-classic"), Steps::new("green", &[])),
    };
    let custom = match panel.kind {
        Kind::Graph => Some(Custom::Line {
            draw_style: "line",
            line_width: 1,
            fill_opacity: if panel.stacked { 30 } else { 10 },
            show_points: "never",
            span_nulls: false,
            axis_soft_min: 0.0,
            stacking: Stacking { mode: if panel.stacked { "normal" } else { "none" }, group: "A" },
        }),
        Kind::Timeline => Some(Custom::State { fill_opacity: 80, line_width: 0 }),
        Kind::Table(_) => Some(Custom::Cell { align: "auto", filterable: true }),
        Kind::Tile(_) | Kind::Bars => None,
    };
    Defaults {
        unit: panel.unit.id(),
        min: panel.max.map(|_| 0.0),
        max: panel.max,
        color,
        thresholds,
        mappings: mappings(panel.states).into_iter().collect(),
        no_value: panel.nothing,
        custom,
    }
}

fn mappings(states: &[State]) -> Option<Mapping> {
    let word = |(at, (value, text, color)): (usize, &State)| {
        (value.to_string(), json!({ "text": text, "color": color, "index": at }))
    };
    let words: Map<String, Value> = states.iter().enumerate().map(word).collect();
    (!words.is_empty()).then_some(Mapping { kind: "value", options: Value::Object(words) })
}

pub(super) fn overrides(panel: &Panel, asked: &[Asked]) -> Vec<Override> {
    asked.iter().filter_map(|asked| over(panel, asked)).collect()
}

/// What makes the series of one query look other than the panel's: its unit, its words, or that it is a threshold.
fn over(panel: &Panel, asked: &Asked) -> Option<Override> {
    let mut properties = Vec::new();
    if asked.unit != panel.unit {
        properties.push(Property::new("unit", asked.unit.id()));
        if matches!(panel.kind, Kind::Graph) {
            properties.push(Property::new("custom.axisPlacement", "right"));
        }
    }
    if let Role::Threshold(severity) = asked.role {
        let color = match severity {
            Severity::Critical => "red",
            Severity::Warning => "orange",
            Severity::Info => "blue",
        };
        properties.push(Property::new("color", json!({ "mode": "fixed", "fixedColor": color })));
        properties.push(Property::new("custom.lineStyle", json!({ "fill": "dash", "dash": [10, 10] })));
        properties.push(Property::new("custom.lineWidth", 2));
        properties.push(Property::new("custom.fillOpacity", 0));
        properties.push(Property::new("custom.stacking", json!({ "mode": "none", "group": "A" })));
    }
    if let Some(mapping) = mappings(asked.states) {
        properties.push(Property::new("mappings", json!([mapping])));
        properties.push(Property::new("custom.cellOptions", json!({ "type": "color-text" })));
    }
    if properties.is_empty() {
        return None;
    }
    Some(match panel.kind {
        Kind::Table(_) => Override::of_column(&asked.legend, properties),
        _ => Override::of_query(&asked.ref_id, properties),
    })
}

pub(super) fn options(kind: &Kind) -> Options {
    let legend = |calcs| Legend { show_legend: true, display_mode: "list", placement: "bottom", calcs };
    match kind {
        Kind::Graph => Options::TimeSeries(TimeSeries {
            legend: Legend { display_mode: "table", ..legend(Some(["lastNotNull", "max"])) },
            tooltip: Tooltip { mode: "multi", sort: "desc" },
        }),
        Kind::Timeline => Options::StateTimeline(StateTimeline {
            show_value: "never",
            row_height: 0.8,
            merge_values: true,
            align_value: "left",
            legend: legend(None),
            tooltip: Tooltip { mode: "single", sort: "none" },
        }),
        Kind::Tile(_) => Options::Stat(Stat {
            reduce_options: Reduce::LAST,
            orientation: "auto",
            text_mode: "value",
            color_mode: "background",
            graph_mode: "none",
            justify_mode: "center",
        }),
        Kind::Bars => Options::BarGauge(BarGauge {
            reduce_options: Reduce::LAST,
            orientation: "horizontal",
            display_mode: "lcd",
            value_mode: "color",
            show_unfilled: true,
            min_viz_width: 8,
            min_viz_height: 16,
        }),
        Kind::Table(_) => Options::Table(Table { show_header: true, cell_height: "sm" }),
    }
}
