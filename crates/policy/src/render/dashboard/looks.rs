//! How a panel looks: unit, colours, axes, words, and the options of its kind.

use crate::{Policy, Severity};

use super::boards;
use super::json::{Json, object};
use super::query::{Asked, Role};
use super::spec::{Board, Kind, Panel, States};
use super::tile;

pub(super) fn defaults(board: &Board, panel: &Panel, policy: &Policy) -> Json {
    let (color, thresholds) = match &panel.kind {
        Kind::Tile(criterion) => ("thresholds", tile::steps(criterion, policy)),
        Kind::Bars => ("continuous-GrYlRd", steps("green", &[])),
        Kind::Timeline => ("thresholds", steps("text", &[])),
        Kind::Graph | Kind::Table(_) => ("palette-classic", steps("green", &[])),
    };
    let custom = match panel.kind {
        Kind::Graph => Some(object! {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": if panel.stacked { 30 } else { 10 },
            "showPoints": "never",
            "spanNulls": false,
            "axisSoftMin": 0.0,
            "stacking": object! { "mode": if panel.stacked { "normal" } else { "none" }, "group": "A" },
        }),
        Kind::Timeline => Some(object! { "fillOpacity": 80, "lineWidth": 0 }),
        Kind::Table(_) => Some(object! { "align": "auto", "filterable": true }),
        Kind::Tile(_) | Kind::Bars => None,
    };
    object! {
        "unit": panel.unit.id(),
        "min": panel.max.map(|_| 0.0),
        "max": panel.max,
        "color": object! { "mode": color },
        "thresholds": thresholds,
        "mappings": words(panel.states).map(|words| vec![object! { "type": "value", "options": words }]),
        "noValue": nothing(board, panel),
        "custom": custom,
    }
}

/// What stands in an empty panel: why it is empty, as far as that is known.
fn nothing(board: &Board, panel: &Panel) -> &'static str {
    let of_alerts = panel.alerts.iter().map(|alerts| alerts.may_be_empty);
    let mut reasons = of_alerts.chain(panel.queries.iter().map(|query| query.may_be_empty));
    // All of it is empty for the reason of the first only if each of them has one.
    let reason = reasons.next().flatten().filter(|_| reasons.all(|reason| reason.is_some()));
    panel.nothing.or(reason).unwrap_or_else(|| boards::nothing(board.name))
}

/// Colours by value: the ground, and others from a value on.
pub(super) fn steps(ground: &str, above: &[(f64, &str)]) -> Json {
    let mut steps = vec![object! { "color": ground, "value": serde_json::Value::Null }];
    steps.extend(above.iter().map(|(value, color)| object! { "color": *color, "value": *value }));
    object! { "mode": "absolute", "steps": steps }
}

/// Words and colours for values of a closed set.
fn words(states: States) -> Option<Json> {
    let word = |((value, text, color), at): (&(u8, &str, &str), u32)| {
        (value.to_string(), object! { "color": *color, "index": at, "text": *text })
    };
    (!states.is_empty()).then(|| Json::object(states.iter().zip(0..).map(word)))
}

/// What makes the series of some queries look other than the panel's.
pub(super) fn overrides(panel: &Panel, asked: &[Asked]) -> Vec<Json> {
    asked.iter().filter_map(|asked| over(panel, asked)).collect()
}

/// The unit of one query, its words, or that it is a threshold.
fn over(panel: &Panel, asked: &Asked) -> Option<Json> {
    let mut properties = Vec::new();
    let mut set = |id: &str, value: Json| properties.push(object! { "id": id, "value": value });
    if asked.unit != panel.unit {
        set("unit", asked.unit.id().into());
        if matches!(panel.kind, Kind::Graph) {
            set("custom.axisPlacement", "right".into());
        }
    }
    if let Role::Threshold(severity) = asked.role {
        let color = match severity {
            Severity::Critical => "red",
            Severity::Warning => "orange",
            Severity::Info => "blue",
        };
        set("color", object! { "fixedColor": color, "mode": "fixed" });
        set("custom.lineStyle", object! { "dash": vec![10, 10], "fill": "dash" });
        set("custom.lineWidth", 2.into());
        set("custom.fillOpacity", 0.into());
        set("custom.stacking", object! { "group": "A", "mode": "none" });
    }
    if let Some(words) = words(asked.states) {
        set("mappings", vec![object! { "options": words, "type": "value" }].into());
        set("custom.cellOptions", object! { "type": "color-text" });
    }
    if properties.is_empty() {
        return None;
    }
    let (id, series) = match panel.kind {
        Kind::Table(_) => ("byName", &asked.legend),
        _ => ("byFrameRefID", &asked.ref_id),
    };
    Some(object! { "matcher": object! { "id": id, "options": series.clone() }, "properties": properties })
}

pub(super) fn options(kind: &Kind) -> Json {
    let legend = |mode, calcs: Option<Vec<&'static str>>| {
        object! { "showLegend": true, "displayMode": mode, "placement": "bottom", "calcs": calcs }
    };
    let newest = || object! { "calcs": vec!["lastNotNull"], "fields": "", "values": false };
    match kind {
        Kind::Graph => object! {
            "legend": legend("table", Some(vec!["lastNotNull", "max"])),
            "tooltip": object! { "mode": "multi", "sort": "desc" },
        },
        Kind::Timeline => object! {
            "showValue": "never",
            "rowHeight": 0.8,
            "mergeValues": true,
            "alignValue": "left",
            "legend": legend("list", None),
            "tooltip": object! { "mode": "single", "sort": "none" },
        },
        Kind::Tile(_) => object! {
            "reduceOptions": newest(),
            "orientation": "auto",
            "textMode": "value",
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "center",
        },
        Kind::Bars => object! {
            "reduceOptions": newest(),
            "orientation": "horizontal",
            "displayMode": "lcd",
            "valueMode": "color",
            "showUnfilled": true,
            "minVizWidth": 8,
            "minVizHeight": 16,
        },
        Kind::Table(_) => object! { "showHeader": true, "cellHeight": "sm" },
    }
}
