//! How values look: unit, colour, axis, and what overrides it for some series.

use serde::Serialize;
use serde_json::Value;

/// The looks of a panel's values.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct FieldConfig {
    pub(in crate::render::dashboard) defaults: Defaults,
    pub(in crate::render::dashboard) overrides: Vec<Override>,
}

/// The looks of all series that nothing overrides.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render::dashboard) struct Defaults {
    pub(in crate::render::dashboard) unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::render::dashboard) min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::render::dashboard) max: Option<f64>,
    pub(in crate::render::dashboard) color: Color,
    pub(in crate::render::dashboard) thresholds: Steps,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::render::dashboard) mappings: Vec<Mapping>,
    pub(in crate::render::dashboard) no_value: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::render::dashboard) custom: Option<Custom>,
}

/// How a series gets its colour.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render::dashboard) struct Color {
    pub(in crate::render::dashboard) mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::render::dashboard) fixed_color: Option<&'static str>,
}

/// Colours by value. The first step has no value: it is the ground.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Steps {
    pub(in crate::render::dashboard) mode: &'static str,
    pub(in crate::render::dashboard) steps: Vec<Step>,
}

/// From this value on it has this colour.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Step {
    pub(in crate::render::dashboard) color: &'static str,
    pub(in crate::render::dashboard) value: Option<f64>,
}

impl Steps {
    /// One colour below, and one from each value on.
    pub(in crate::render::dashboard) fn new(ground: &'static str, above: &[(f64, &'static str)]) -> Self {
        let first = Step { color: ground, value: None };
        let rest = above.iter().map(|(value, color)| Step { color, value: Some(*value) });
        Self { mode: "absolute", steps: std::iter::once(first).chain(rest).collect() }
    }
}

/// Words and colours for values of a closed set.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Mapping {
    #[serde(rename = "type")]
    pub(in crate::render::dashboard) kind: &'static str,
    pub(in crate::render::dashboard) options: Value,
}

/// What only some kinds of panels know.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::render::dashboard) enum Custom {
    /// Of a time series.
    #[serde(rename_all = "camelCase")]
    Line {
        draw_style: &'static str,
        line_width: u8,
        fill_opacity: u8,
        show_points: &'static str,
        span_nulls: bool,
        axis_soft_min: f64,
        stacking: Stacking,
    },
    /// Of a state timeline.
    #[serde(rename_all = "camelCase")]
    State { fill_opacity: u8, line_width: u8 },
    /// Of a table.
    Cell { align: &'static str, filterable: bool },
}

/// Whether series stand on each other.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Stacking {
    pub(in crate::render::dashboard) mode: &'static str,
    pub(in crate::render::dashboard) group: &'static str,
}

/// Other looks for some series.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Override {
    pub(in crate::render::dashboard) matcher: Matcher,
    pub(in crate::render::dashboard) properties: Vec<Property>,
}

/// Which series are meant.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Matcher {
    pub(in crate::render::dashboard) id: &'static str,
    pub(in crate::render::dashboard) options: String,
}

/// One look.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Property {
    pub(in crate::render::dashboard) id: &'static str,
    pub(in crate::render::dashboard) value: Value,
}

impl Override {
    /// For all that one query yields.
    pub(in crate::render::dashboard) fn of_query(ref_id: &str, properties: Vec<Property>) -> Self {
        Self { matcher: Matcher { id: "byFrameRefID", options: ref_id.to_owned() }, properties }
    }

    /// For a column of a table.
    pub(in crate::render::dashboard) fn of_column(name: &str, properties: Vec<Property>) -> Self {
        Self { matcher: Matcher { id: "byName", options: name.to_owned() }, properties }
    }
}

impl Property {
    pub(in crate::render::dashboard) fn new(id: &'static str, value: impl Into<Value>) -> Self {
        Self { id, value: value.into() }
    }
}
