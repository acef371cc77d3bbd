//! What a panel asks, with every mark and every alert filled in.

use crate::Severity;
use crate::render::promql::Promql;

use super::quantity::{self, OF_AGENT, OF_ALERTS, OF_TARGET};
use super::spec::{Board, Kind, Panel, States, Unit};
use super::tile;

/// One query of a panel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) ref_id: String,
    pub(super) expr: String,
    pub(super) legend: String,
    pub(super) unit: Unit,
    pub(super) states: States,
    pub(super) may_be_empty: Option<&'static str>,
    pub(super) role: Role,
}

/// What the query is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// An alert compares it.
    Quantity,
    /// Alerts of that severity compare it with this.
    Threshold(Severity),
    /// People want to see it.
    Plain,
}

/// Everything that the panel asks, in the order in which it is drawn.
pub(super) fn of(board: &Board, panel: &Panel, promql: Promql<'_>) -> Vec<Asked> {
    let mut asked = Vec::new();
    if let Some(shown) = &panel.alerts {
        let alerts = quantity::alerts(promql.policy, &format!("{}.{}", board.name, panel.slug));
        for (at, quantity) in quantity::quantities(promql, &alerts).into_iter().enumerate() {
            asked.push(Asked {
                expr: quantity.expr,
                legend: if at == 0 { shown.legend.to_owned() } else { format!("{} {}", shown.legend, quantity.word) },
                may_be_empty: shown.may_be_empty,
                role: Role::Quantity,
                ..plain(quantity.unit)
            });
        }
        for line in quantity::lines(&alerts) {
            asked.push(Asked {
                expr: line.expr,
                legend: line.legend,
                role: Role::Threshold(line.severity),
                ..plain(line.unit)
            });
        }
    }
    if let Kind::Tile(criterion) = &panel.kind
        && let Some(expr) = tile::expression(criterion, promql)
    {
        asked.push(Asked { expr, role: Role::Quantity, ..plain(panel.unit) });
    }
    for query in &panel.queries {
        asked.push(Asked {
            expr: filled(query.expr),
            legend: query.legend.to_owned(),
            states: query.states,
            may_be_empty: query.may_be_empty,
            ..plain(query.unit.unwrap_or(panel.unit))
        });
    }
    for (at, asked) in asked.iter_mut().enumerate() {
        asked.ref_id = ref_id(at);
    }
    asked
}

const fn plain(unit: Unit) -> Asked {
    Asked {
        ref_id: String::new(),
        expr: String::new(),
        legend: String::new(),
        unit,
        states: &[],
        may_be_empty: None,
        role: Role::Plain,
    }
}

/// The marks of `expr` become what they stand for.
pub(super) fn filled(expr: &str) -> String {
    let marks = [("@target", OF_TARGET), ("@agent", OF_AGENT), ("@alerts", OF_ALERTS), ("@rate", "$__rate_interval")];
    marks.into_iter().fold(expr.to_owned(), |expr, (mark, text)| expr.replace(mark, text))
}

/// `A` to `Z`, then `A1` and so on.
fn ref_id(at: usize) -> String {
    let letter = ('A'..='Z').nth(at % 26).unwrap_or('A');
    if at < 26 { letter.to_string() } else { format!("{letter}{}", at / 26) }
}
