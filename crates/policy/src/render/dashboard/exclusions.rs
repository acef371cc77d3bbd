//! `dashboards/.lint`: what Grafana's dashboard-linter would say of the dashboards, and why it is as it is.

use std::fmt::Write as _;
use std::path::Path;

use crate::render::promql::Promql;
use crate::render::{File, HEADER};

use super::query::{self, Role};
use super::spec::Board;

/// The rules that are not kept everywhere, each with the reason.
const RULES: [(&str, &str); 2] = [
    (
        "target-instance-rule",
        "Alerts of all targets together have no instance, so the selectors of ALERTS let an absent one pass.",
    ),
    (
        "target-rate-interval-rule",
        "What an alert compares is plotted over the window of the alert; any other window would show another number.",
    ),
];

pub(super) fn file(boards: &[Board], promql: Promql<'_>) -> File {
    let mut text = format!("# {HEADER}\nexclusions:\n");
    for (rule, reason) in RULES {
        // Writing to a String cannot fail.
        let _ = write!(text, "  {rule}:\n    reason: {reason:?}\n    entries:\n");
        for board in boards {
            for panel in board.rows.iter().flat_map(|row| &row.panels) {
                let breaks = query::of(board, panel, promql).iter().any(|asked| match rule {
                    "target-instance-rule" => asked.expr.contains("ALERTS{") && asked.expr.contains("$instance|"),
                    _ => asked.role == Role::Quantity && asked.expr.contains("rate("),
                });
                if breaks {
                    let _ = write!(text, "    - dashboard: {:?}\n      panel: {:?}\n", board.full_title(), panel.title);
                }
            }
        }
    }
    File { path: Path::new("dashboards").join(".lint"), text }
}
