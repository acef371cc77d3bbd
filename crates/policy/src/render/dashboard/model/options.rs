//! What each kind of panel can be told.

use serde::Serialize;

/// The options of a panel, by its kind.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::render::dashboard) enum Options {
    TimeSeries(TimeSeries),
    Stat(Stat),
    StateTimeline(StateTimeline),
    BarGauge(BarGauge),
    Table(Table),
}

/// Lines over time.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct TimeSeries {
    pub(in crate::render::dashboard) legend: Legend,
    pub(in crate::render::dashboard) tooltip: Tooltip,
}

/// What the lines are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "Grafana calls it so")]
pub(in crate::render::dashboard) struct Legend {
    pub(in crate::render::dashboard) show_legend: bool,
    pub(in crate::render::dashboard) display_mode: &'static str,
    pub(in crate::render::dashboard) placement: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::render::dashboard) calcs: Option<[&'static str; 2]>,
}

/// What the pointer shows.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Tooltip {
    pub(in crate::render::dashboard) mode: &'static str,
    pub(in crate::render::dashboard) sort: &'static str,
}

/// From many values to one.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Reduce {
    pub(in crate::render::dashboard) calcs: [&'static str; 1],
    pub(in crate::render::dashboard) fields: &'static str,
    pub(in crate::render::dashboard) values: bool,
}

impl Reduce {
    /// The newest value.
    pub(in crate::render::dashboard) const LAST: Self = Self { calcs: ["lastNotNull"], fields: "", values: false };
}

/// One number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render::dashboard) struct Stat {
    pub(in crate::render::dashboard) reduce_options: Reduce,
    pub(in crate::render::dashboard) orientation: &'static str,
    pub(in crate::render::dashboard) text_mode: &'static str,
    pub(in crate::render::dashboard) color_mode: &'static str,
    pub(in crate::render::dashboard) graph_mode: &'static str,
    pub(in crate::render::dashboard) justify_mode: &'static str,
}

/// States over time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render::dashboard) struct StateTimeline {
    pub(in crate::render::dashboard) show_value: &'static str,
    pub(in crate::render::dashboard) row_height: f64,
    pub(in crate::render::dashboard) merge_values: bool,
    pub(in crate::render::dashboard) align_value: &'static str,
    pub(in crate::render::dashboard) legend: Legend,
    pub(in crate::render::dashboard) tooltip: Tooltip,
}

/// Bars against their end.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render::dashboard) struct BarGauge {
    pub(in crate::render::dashboard) reduce_options: Reduce,
    pub(in crate::render::dashboard) orientation: &'static str,
    pub(in crate::render::dashboard) display_mode: &'static str,
    pub(in crate::render::dashboard) value_mode: &'static str,
    pub(in crate::render::dashboard) show_unfilled: bool,
    pub(in crate::render::dashboard) min_viz_width: u32,
    pub(in crate::render::dashboard) min_viz_height: u32,
}

/// Rows and columns.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render::dashboard) struct Table {
    pub(in crate::render::dashboard) show_header: bool,
    pub(in crate::render::dashboard) cell_height: &'static str,
}
