//! The subset of Grafana's classic dashboard JSON that is written here.
//!
//! The classic form is what every Grafana from 10 to 13 imports and provisions from files; newer ones migrate it on load.
//! Names of fields are Grafana's own.

mod field;
mod options;
mod panel;

use serde::Serialize;

pub(super) use field::{Color, Custom, Defaults, FieldConfig, Mapping, Override, Property, Stacking, Steps};
pub(super) use options::{BarGauge, Legend, Options, Reduce, Stat, StateTimeline, Table, TimeSeries, Tooltip};
pub(super) use panel::{GridPos, Item, Panel, Row, Target, Transformation};

/// Grafana 10.4 wrote this version, and every later one migrates it.
pub(super) const SCHEMA_VERSION: u32 = 39;

/// A dashboard.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dashboard {
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) tags: Vec<&'static str>,
    pub(super) schema_version: u32,
    pub(super) version: u32,
    pub(super) editable: bool,
    /// 1: one crosshair for all panels.
    pub(super) graph_tooltip: u8,
    pub(super) refresh: &'static str,
    pub(super) timezone: &'static str,
    pub(super) time: Time,
    pub(super) links: Vec<Link>,
    pub(super) annotations: List<Annotation>,
    pub(super) templating: List<Variable>,
    pub(super) panels: Vec<Item>,
}

/// What is shown at first.
#[derive(Debug, Serialize)]
pub(super) struct Time {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

/// Grafana wraps some of its lists.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    pub(super) list: Vec<T>,
}

/// A link of a dashboard or a panel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "Grafana has them")]
pub(super) struct Link {
    pub(super) title: String,
    /// `dashboards` by tags, or `link` to the address.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) icon: &'static str,
    pub(super) tooltip: &'static str,
    pub(super) url: String,
    pub(super) tags: Vec<&'static str>,
    pub(super) as_dropdown: bool,
    pub(super) target_blank: bool,
    pub(super) include_vars: bool,
    pub(super) keep_time: bool,
}

/// Where queries go.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Datasource {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) uid: &'static str,
}

impl Datasource {
    /// The one that the variable names. A literal `${DS_...}` would only be filled in by the importing form, never where
    /// files are provisioned.
    pub(super) const VARIABLE: Self = Self { kind: "prometheus", uid: "${datasource}" };
    /// Grafana's own, for what people annotate by hand.
    pub(super) const GRAFANA: Self = Self { kind: "grafana", uid: "-- Grafana --" };
}

/// Marks on the time axis of every panel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Annotation {
    pub(super) name: &'static str,
    pub(super) datasource: Datasource,
    pub(super) enable: bool,
    pub(super) hide: bool,
    pub(super) icon_color: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) built_in: Option<u8>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(flatten)]
    pub(super) query: Option<AnnotationQuery>,
}

/// What is asked for the marks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnnotationQuery {
    pub(super) expr: String,
    pub(super) step: &'static str,
    pub(super) title_format: &'static str,
    pub(super) text_format: &'static str,
    /// The sample's value is the time of the mark, in milliseconds.
    pub(super) use_value_for_time: bool,
}

/// A variable that people choose in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variable {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) datasource: Option<Datasource>,
    pub(super) query: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) definition: Option<&'static str>,
    pub(super) refresh: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sort: Option<u8>,
    pub(super) multi: bool,
    pub(super) include_all: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) all_value: Option<&'static str>,
    pub(super) regex: &'static str,
    pub(super) hide: u8,
    pub(super) skip_url_sync: bool,
    pub(super) current: Current,
    /// Filled in by Grafana.
    pub(super) options: [(); 0],
}

/// What is chosen at first.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Current {
    /// One value.
    One { text: &'static str, value: &'static str },
    /// Several.
    Many { text: [&'static str; 1], value: [&'static str; 1] },
}
