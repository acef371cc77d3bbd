//! Panels: what is asked, and where it stands.

use serde::Serialize;
use serde_json::Value;

use super::{Datasource, FieldConfig, Link, Options};

/// An entry of the list of panels.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::render::dashboard) enum Item {
    /// A heading.
    Row(Row),
    /// A panel.
    Panel(Box<Panel>),
}

/// A heading, and a handle that folds what follows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render::dashboard) struct Row {
    pub(in crate::render::dashboard) id: u32,
    #[serde(rename = "type")]
    pub(in crate::render::dashboard) kind: &'static str,
    pub(in crate::render::dashboard) title: &'static str,
    pub(in crate::render::dashboard) collapsed: bool,
    pub(in crate::render::dashboard) grid_pos: GridPos,
    /// Only a folded row holds its panels.
    pub(in crate::render::dashboard) panels: [(); 0],
}

/// A panel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render::dashboard) struct Panel {
    pub(in crate::render::dashboard) id: u32,
    #[serde(rename = "type")]
    pub(in crate::render::dashboard) kind: &'static str,
    pub(in crate::render::dashboard) title: &'static str,
    pub(in crate::render::dashboard) description: &'static str,
    pub(in crate::render::dashboard) datasource: Datasource,
    pub(in crate::render::dashboard) grid_pos: GridPos,
    pub(in crate::render::dashboard) field_config: FieldConfig,
    pub(in crate::render::dashboard) options: Options,
    pub(in crate::render::dashboard) targets: Vec<Target>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::render::dashboard) transformations: Vec<Transformation>,
    pub(in crate::render::dashboard) links: Vec<Link>,
}

/// A place on the grid of 24 columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in crate::render::dashboard) struct GridPos {
    pub(in crate::render::dashboard) h: u32,
    pub(in crate::render::dashboard) w: u32,
    pub(in crate::render::dashboard) x: u32,
    pub(in crate::render::dashboard) y: u32,
}

/// One query.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render::dashboard) struct Target {
    pub(in crate::render::dashboard) ref_id: String,
    pub(in crate::render::dashboard) datasource: Datasource,
    pub(in crate::render::dashboard) editor_mode: &'static str,
    pub(in crate::render::dashboard) expr: String,
    pub(in crate::render::dashboard) legend_format: String,
    pub(in crate::render::dashboard) format: &'static str,
    pub(in crate::render::dashboard) range: bool,
    pub(in crate::render::dashboard) instant: bool,
}

/// What is done with the answers before they are shown.
#[derive(Debug, Serialize)]
pub(in crate::render::dashboard) struct Transformation {
    pub(in crate::render::dashboard) id: &'static str,
    pub(in crate::render::dashboard) options: Value,
}
