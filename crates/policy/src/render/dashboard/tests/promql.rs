//! What every query must be: `PromQL` that uses counters, windows and selectors as they are meant.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{self, AggregateExpr, Expr, LabelModifier, VectorSelector};

use super::*;
use crate::render::dashboard::query::{Asked, Role};

/// Stands for `$__rate_interval`: no policy has such a window.
const RATE_INTERVAL: &str = "17m13s";

/// Functions of counters.
const OF_COUNTERS: [&str; 3] = ["rate", "irate", "increase"];

/// The query as Grafana sends it.
pub(super) fn parsed(expr: &str) -> Result<Expr, String> {
    parser::parse(&expr.replace("$__rate_interval", RATE_INTERVAL))
}

/// A selector, and what it stands in.
pub(super) struct Found<'e> {
    pub(super) selector: &'e VectorSelector,
    /// The function, where it is one of a range.
    pub(super) function: Option<&'e str>,
    /// The range in seconds.
    pub(super) range: Option<u64>,
}

/// Every selector of an expression.
pub(super) fn selectors(expr: &Expr) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    collect(expr, None, &mut found);
    found
}

fn collect<'e>(expr: &'e Expr, function: Option<&'e str>, out: &mut Vec<Found<'e>>) {
    match expr {
        Expr::VectorSelector(selector) => out.push(Found { selector, function, range: None }),
        Expr::MatrixSelector(matrix) => {
            out.push(Found { selector: &matrix.vs, function, range: Some(matrix.range.as_secs()) });
        }
        Expr::Call(call) => {
            for argument in &call.args.args {
                collect(argument, Some(call.func.name), out);
            }
        }
        Expr::Aggregate(AggregateExpr { expr, .. }) => collect(expr, function, out),
        Expr::Binary(binary) => {
            collect(&binary.lhs, None, out);
            collect(&binary.rhs, None, out);
        }
        Expr::Paren(paren) => collect(&paren.expr, function, out),
        Expr::Unary(unary) => collect(&unary.expr, function, out),
        Expr::Subquery(subquery) => collect(&subquery.expr, function, out),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

/// The labels that the answer's series have; `of` knows those of a metric. `None` where there is no series.
pub(super) fn labels(expr: &Expr, of: &dyn Fn(&str) -> Vec<String>) -> Option<Vec<String>> {
    match expr {
        Expr::VectorSelector(selector) => selector.name.as_deref().map(of),
        Expr::MatrixSelector(matrix) => matrix.vs.name.as_deref().map(of),
        Expr::Call(call) => call.args.args.iter().find_map(|argument| labels(argument, of)),
        Expr::Aggregate(aggregate) => match (&aggregate.modifier, aggregate.op.to_string().as_str()) {
            (_, "topk" | "bottomk") => labels(&aggregate.expr, of),
            (Some(LabelModifier::Include(kept)), _) => Some(kept.labels.clone()),
            (Some(LabelModifier::Exclude(gone)), _) => {
                let all = labels(&aggregate.expr, of)?;
                Some(all.into_iter().filter(|label| !gone.labels.contains(label)).collect())
            }
            (None, _) => Some(Vec::new()),
        },
        Expr::Binary(binary) => labels(&binary.lhs, of).or_else(|| labels(&binary.rhs, of)),
        Expr::Paren(paren) => labels(&paren.expr, of),
        Expr::Unary(unary) => labels(&unary.expr, of),
        Expr::Subquery(subquery) => labels(&subquery.expr, of),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => None,
    }
}

/// Every query of every panel, by the panel's name.
pub(super) fn asked() -> Vec<(String, Asked)> {
    let (policy, catalog) = (policy(), metrics());
    let promql = Promql { policy: &policy, catalog: &catalog };
    let mut all = Vec::new();
    for board in boards::all() {
        for panel in board.rows.iter().flat_map(|row| &row.panels) {
            let name = format!("{}.{}", board.name, panel.slug);
            all.extend(query::of(&board, panel, promql).into_iter().map(|asked| (name.clone(), asked)));
        }
    }
    all
}

#[test]
fn every_query_is_promql() {
    let faults = asked().into_iter().filter_map(|(panel, asked)| {
        let error = parsed(&asked.expr).err()?;
        Some(format!("{panel}: {}: {error}", asked.expr))
    });
    assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn rates_look_back_as_far_as_the_resolution_asks() {
    let sentinel = 17 * 60 + 13;
    let mut faults = Vec::new();
    for (panel, asked) in asked() {
        // What an alert compares has the window of the alert.
        if asked.role == Role::Quantity {
            continue;
        }
        let expr = parsed(&asked.expr).unwrap();
        let found = selectors(&expr);
        for range in found.iter().filter_map(|found| found.range) {
            if range != sentinel {
                faults.push(format!("{panel}: {}: {range} s", asked.expr));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn counters_stand_in_functions_of_counters_and_gauges_do_not() {
    let mut faults = Vec::new();
    for (panel, asked) in asked() {
        let expr = parsed(&asked.expr).unwrap();
        let found = selectors(&expr);
        for found in found {
            let name = found.selector.name.as_deref().unwrap_or_default();
            let of_counters =
                found.function.is_some_and(|function| OF_COUNTERS.contains(&function)) && found.range.is_some();
            if catalog::is_counter(name) != of_counters {
                faults.push(format!("{panel}: {}: {name} in {:?}", asked.expr, found.function));
            }
        }
    }
    assert_none(&faults);
}

fn has(matchers: &[Matcher], label: &str, value: &str) -> bool {
    let variable = format!("${value}");
    let is = |matcher: &&Matcher| matcher.name == label && matcher.value == variable;
    // A regular expression of the variable's text: a list of several choices is one.
    matchers.iter().filter(is).any(|matcher| matches!(matcher.op, MatchOp::Re(_)))
}

#[test]
fn every_selector_is_of_what_is_chosen() {
    let mut faults = Vec::new();
    for (panel, asked) in asked() {
        let expr = parsed(&asked.expr).unwrap();
        let found = selectors(&expr);
        for found in found {
            let (name, matchers) =
                (found.selector.name.as_deref().unwrap_or_default(), &found.selector.matchers.matchers);
            // What an alert counts of alerts it counts of them all, and whoever else there is has jobs of its own.
            if (name == "ALERTS" && asked.role == Role::Quantity) || catalog::is_foreign(name) {
                continue;
            }
            let wanted: &[(&str, &str)] = match name {
                // Alerts of targets have no job, and those of the agent and of all targets together no target.
                name if name.starts_with("ALERTS") => &[("job", "job|"), ("site", "site"), ("target", "target|")],
                "manometer:cause:seen" => &[("site", "site")],
                name if catalog::is_of_target(name) => {
                    &[("job", "job"), ("site", "site"), ("target", "target"), ("node", "node")]
                }
                name if catalog::names_a_target(name) => &[("job", "job"), ("site", "site"), ("target", "target")],
                _ => &[("job", "job"), ("instance", "instance"), ("site", "site")],
            };
            if !wanted.iter().all(|(label, value)| has(matchers, label, value)) {
                faults.push(format!("{panel}: {}: {name}", asked.expr));
            }
        }
    }
    assert_none(&faults);
}
