//! Grafana dashboards: `dashboards/*.json`.
//!
//! A dashboard is a table of panels (`boards/`), each a few lines. Whatever an alert compares is plotted by the panel that
//! the policy names, word for word, with a dashed line at the number at which it fires: that line is the agent's own
//! metric `manometer_threshold`, so no number is typed into a dashboard that could grow old there.

mod boards;
mod build;
mod exclusions;
mod id;
mod json;
mod layout;
mod looks;
mod quantity;
mod query;
mod shell;
mod spec;
#[cfg(test)]
mod tests;
mod tile;

use std::path::Path;

use super::promql::Promql;
use super::{Catalog, File};
use crate::Policy;

/// Every dashboard as a file, and what dashboard-linter has to know of them.
#[must_use]
pub fn files(policy: &Policy, catalog: &Catalog) -> Vec<File> {
    let promql = Promql { policy, catalog };
    let boards = boards::all();
    let mut files: Vec<File> = boards.iter().map(|board| file(board, promql)).collect();
    files.push(exclusions::file(&boards, promql));
    files
}

fn file(board: &spec::Board, promql: Promql<'_>) -> File {
    let path = Path::new("dashboards").join(format!("{}.json", board.name));
    // Strings, numbers and lists of them: there is nothing in it that JSON cannot say.
    let mut text = serde_json::to_string_pretty(&build::dashboard(board, promql)).unwrap_or_default();
    text.push('\n');
    File { path, text }
}

/// The id of the panel that a policy names: `redis.memory`. `None` if no dashboard has it.
#[must_use]
pub fn panel_id(panel: &str) -> Option<u32> {
    let (name, slug) = panel.split_once('.')?;
    let board = boards::all().into_iter().find(|board| board.name == name)?;
    let mut panels = board.rows.iter().flat_map(|row| &row.panels);
    panels.any(|panel| panel.slug == slug).then(|| id::of(name, slug))
}

/// A query of a panel, as Grafana sends it but for its variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// `redis.memory`.
    pub panel: String,
    /// `A`.
    pub ref_id: String,
    /// `PromQL` with `$job`, `$instance`, `$site`, `$target`, `$node` and `$__rate_interval`.
    pub expr: String,
    /// What its series are called, with the labels' names in double braces.
    pub legend: String,
    /// Of a table: what of the series is not shown. A row has all other labels.
    pub hidden: Option<&'static [&'static str]>,
    /// Why it may yield nothing while all is well.
    pub may_be_empty: Option<&'static str>,
}

/// Every query of every panel.
#[must_use]
pub fn expressions(policy: &Policy, catalog: &Catalog) -> Vec<Expression> {
    let promql = Promql { policy, catalog };
    let mut found = Vec::new();
    for board in boards::all() {
        for panel in board.rows.iter().flat_map(|row| &row.panels) {
            found.extend(query::of(&board, panel, promql).into_iter().map(|asked| Expression {
                panel: format!("{}.{}", board.name, panel.slug),
                ref_id: asked.ref_id,
                expr: asked.expr,
                legend: asked.legend,
                hidden: match &panel.kind {
                    spec::Kind::Table(table) => Some(table.hidden),
                    _ => None,
                },
                may_be_empty: asked.may_be_empty,
            }));
        }
    }
    found
}
