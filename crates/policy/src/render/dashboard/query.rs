//! What a panel asks, with every mark and every alert filled in.

use crate::Severity;
use crate::render::promql::Promql;

use super::quantity::{self, NAMES, OF_AGENT, OF_ALERTS, OF_SCRAPE, OF_SITE, OF_TARGET, OF_TOPOLOGY};
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
            let mut legend = named(shown.legend);
            if quantity.is_of_all_nodes {
                legend = legend.replace(" {{node}}", "");
            }
            if at > 0 {
                legend = format!("{legend} {}", quantity.word);
            }
            asked.push(Asked {
                expr: quantity.expr,
                legend,
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
            legend: named(query.legend),
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

/// What stands for the matchers, what becomes of it, and by which labels what several agents or jobs say becomes one.
const MARKS: [(&str, &str, &str); 3] =
    [("@target", OF_TARGET, OF_SCRAPE), ("@topology", OF_TOPOLOGY, OF_SCRAPE), ("@agent", OF_AGENT, "job")];

/// The marks of `expr` become what they stand for.
///
/// Who scraped whom is aggregated away, of what several say of one thing the greatest counts. And where `target` tells targets
/// apart, so do the labels that do it with it.
pub(super) fn filled(expr: &str) -> String {
    let mut expr = expr.replace("(target", &format!("({NAMES}"));
    for (mark, matchers, scraped) in MARKS {
        let mut from = 0;
        while let Some(at) = expr[from..].find(mark).map(|at| from + at) {
            let (start, end) = measured(&expr, at);
            let whole = expr[start..end].replacen(mark, matchers, 1);
            let whole = format!("max without ({scraped}) ({whole})");
            expr.replace_range(start..end, &whole);
            from = start + whole.len();
        }
    }
    expr.replace("@alerts", OF_ALERTS).replace("@site", OF_SITE).replace("@rate", "$__rate_interval")
}

/// Where that begins and ends which is measured of the series whose mark is `at`: the selector, or the function of its range.
fn measured(expr: &str, at: usize) -> (usize, usize) {
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == ':';
    let name_before = |end: usize| expr[..end].trim_end_matches(is_name).len();
    let start = name_before(expr[..at].rfind('{').unwrap_or(at));
    let end = expr[at..].find('}').map_or(expr.len(), |end| at + end + 1);
    match expr[end..].find(']').filter(|_| expr[end..].starts_with('[')) {
        // The parenthesis before it and the one behind it are the function's.
        Some(range) => (name_before(start - 1), end + range + 2),
        None => (start, end),
    }
}

/// A target is told by more than its name, where there is more: what a series has not is empty in its legend.
fn named(legend: &str) -> String {
    let names: Vec<String> = NAMES.split(", ").map(|name| format!("{{{{{name}}}}}")).collect();
    legend.replace("{{target}}", &names.join(" "))
}

/// `A` to `Z`, then `A1` and so on.
fn ref_id(at: usize) -> String {
    let letter = ('A'..='Z').nth(at % 26).unwrap_or('A');
    if at < 26 { letter.to_string() } else { format!("{letter}{}", at / 26) }
}
