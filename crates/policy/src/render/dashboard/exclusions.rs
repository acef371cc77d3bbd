//! `dashboards/.lint`: what Grafana's dashboard-linter would say of the dashboards, and why it is as it is.

use std::fmt::Write as _;
use std::path::Path;

use crate::render::promql::Promql;
use crate::render::{File, HEADER};

use super::query;
use super::spec::Board;

/// The rules that are kept nowhere, each with the reason.
const NOWHERE: [(&str, &str); 3] = [
    ("template-job-rule", "All jobs are those that have targets of an agent: the up of any other job is no agent's."),
    ("template-instance-rule", "All instances are those of agents, for the same reason."),
    (
        "target-instance-rule",
        "A target is told by the label target. Its instance says where it was scraped: at an agent, of which there may be two, or \
         as itself; the instance of an agent would leave out the targets of the other way.",
    ),
];

/// The rules that are not kept everywhere, each with the reason.
const RULES: [(&str, &str); 2] = [
    (
        "target-job-rule",
        "Alerts of a target have no job, whoever scraped it, so the selectors of ALERTS let an absent one pass.",
    ),
    (
        "target-rate-interval-rule",
        "What an alert compares is plotted over the window of the alert; any other window would show another number.",
    ),
];

pub(super) fn file(boards: &[Board], promql: Promql<'_>) -> File {
    let mut text = format!("# {HEADER}\nexclusions:\n");
    for (rule, reason) in NOWHERE {
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "  {rule}:\n    reason: {reason:?}\n");
    }
    for (rule, reason) in RULES {
        let _ = write!(text, "  {rule}:\n    reason: {reason:?}\n    entries:\n");
        for board in boards {
            for panel in board.rows.iter().flat_map(|row| &row.panels) {
                let breaks = query::of(board, panel, promql).iter().any(|asked| match rule {
                    "target-job-rule" => asked.expr.contains("$job|"),
                    _ => asked.expr.matches("rate(").count() > asked.expr.matches("[$__rate_interval]").count(),
                });
                if breaks {
                    let _ = write!(text, "    - dashboard: {:?}\n      panel: {:?}\n", board.full_title(), panel.title);
                }
            }
        }
    }
    File { path: Path::new("dashboards").join(".lint"), text }
}
