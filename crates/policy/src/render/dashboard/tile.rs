//! Tiles that say whether a thing is well, by the numbers of the policy.

use crate::render::promql::Promql;
use crate::{Alert, Compare, Level, Policy};

use super::json::Json;
use super::looks::steps as colours;
use super::quantity::{self, NAMES};
use super::query;
use super::spec::Criterion;

const WELL: &str = "green";
const NOT_WELL: &str = "red";

/// Grafana gives nothing the colour of the lowest step, and nothing is neither well nor not.
const NOTHING: &str = "text";

/// The one number that the tile shows: the worst of what is chosen.
pub(super) fn expression(criterion: &Criterion, promql: Promql<'_>) -> Option<String> {
    let (alert, level) = level(criterion, promql.policy)?;
    let quantity = quantity::expression(promql, alert, level)?;
    Some(match criterion {
        Criterion::Holds { only, .. } => {
            let worst = if rises(level.compare) { "max" } else { "min" };
            let only = only.map(|only| format!(" and on ({NAMES}) {}", query::filled(only))).unwrap_or_default();
            format!("{worst}({quantity}{only})")
        }
        Criterion::Absent { known, .. } => {
            let known = query::filled(known);
            format!("min(({quantity} {} bool {}) or ({known} * 0 + 1))", opposite(level.compare), level.fire)
        }
    })
}

/// From where on the tile is red, or green.
pub(super) fn steps(criterion: &Criterion, policy: &Policy) -> Json {
    // Of what is not in the policy nothing is said; a test sees to it that everything is.
    let Some((_, level)) = level(criterion, policy) else { return colours(NOTHING, &[]) };
    let (ground, from, above) = if matches!(criterion, Criterion::Absent { .. }) {
        (NOT_WELL, 1.0, WELL)
    } else {
        // A step begins at its number: what is at the number has its colour.
        match level.compare {
            Compare::AtLeast => (WELL, level.fire, NOT_WELL),
            Compare::Above => (WELL, after(level.fire), NOT_WELL),
            Compare::Below => (NOT_WELL, level.fire, WELL),
            Compare::AtMost | Compare::Equal => (NOT_WELL, after(level.fire), WELL),
        }
    };
    // Nothing that is compared is below 0.
    colours(NOTHING, &[(0.0, ground), (from, above)])
}

/// The level that the tile is about.
pub(super) fn level<'p>(criterion: &Criterion, policy: &'p Policy) -> Option<(&'p Alert, &'p Level)> {
    let (Criterion::Holds { alert, severity, .. } | Criterion::Absent { alert, severity, .. }) = criterion;
    let alert = policy.alert(alert)?;
    Some((alert, alert.levels.iter().find(|level| level.severity == *severity)?))
}

const fn rises(compare: Compare) -> bool {
    matches!(compare, Compare::Above | Compare::AtLeast)
}

const fn opposite(compare: Compare) -> &'static str {
    match compare {
        Compare::Above => "<=",
        Compare::AtLeast => "<",
        Compare::Below => ">=",
        Compare::AtMost => ">",
        Compare::Equal => "!=",
    }
}

/// The first number after it, as far as anybody reads numbers; but of 0 the very first, because whole things are counted.
fn after(number: f64) -> f64 {
    if number == 0.0 { f64::MIN_POSITIVE } else { number }
}
