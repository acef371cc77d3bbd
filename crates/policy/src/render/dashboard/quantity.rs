//! What the alerts compare, as queries: the one place where dashboards meet the policy.

use crate::render::promql::Promql;
use crate::{Alert, Compare, Level, Policy, Severity, Signal, Threshold, duration};

use super::spec::Unit;

/// The matchers of a series of a target. Its instance says where it was scraped, at the agent or as itself, and tells nothing of
/// the target; what has no target, like the series of another exporter under the same names, is left out.
pub(super) const OF_TARGET: &str = r#"job=~"$job", site=~"$site", target=~"$target", node=~"$node""#;
/// The matchers of a series of the agent itself.
pub(super) const OF_AGENT: &str = r#"job=~"$job", instance=~"$instance", site=~"$site""#;
/// The matchers of what the agent says of the topology: series of the agent that name a target.
pub(super) const OF_TOPOLOGY: &str = r#"job=~"$job", site=~"$site", target=~"$target""#;
/// The matchers of alerts. Those of targets have no job, and those of the agent and of all targets together no target.
pub(super) const OF_ALERTS: &str = r#"job=~"$job|", site=~"$site", target=~"$target|""#;
/// The matcher of what rules record of a whole site.
pub(super) const OF_SITE: &str = r#"site=~"$site""#;
/// The labels that tell who scraped which agent: two agents, or two jobs, are one series.
pub(super) const OF_SCRAPE: &str = "job, instance";
/// The labels that tell targets apart.
pub(super) const NAMES: &str = "site, target, node";

/// A series to be drawn because an alert compares it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quantity {
    pub(super) expr: String,
    pub(super) unit: Unit,
    /// What tells it from the first one of the panel.
    pub(super) word: String,
    /// It is one for all nodes of a target.
    pub(super) is_of_all_nodes: bool,
}

/// The line at which a level fires.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) expr: String,
    pub(super) unit: Unit,
    pub(super) legend: String,
    pub(super) severity: Severity,
}

/// The alerts whose panel that is.
pub(super) fn alerts<'p>(policy: &'p Policy, panel: &str) -> Vec<&'p Alert> {
    policy.alerts.iter().filter(|alert| alert.panel == panel).collect()
}

/// Everything that these alerts compare, once.
pub(super) fn quantities(promql: Promql<'_>, alerts: &[&Alert]) -> Vec<Quantity> {
    let mut found: Vec<Quantity> = Vec::new();
    for (alert, level) in levels(alerts) {
        let Some(expr) = expression(promql, alert, level) else { continue };
        if found.iter().all(|quantity| quantity.expr != expr) {
            found.push(Quantity {
                expr,
                unit: Unit::of(level.unit),
                word: word(&level.signal),
                is_of_all_nodes: level.signal.is_of_all_nodes(),
            });
        }
    }
    found
}

/// The lines of these alerts' levels.
pub(super) fn lines(alerts: &[&Alert]) -> Vec<Line> {
    // A state has no line: it is 0 or 1.
    levels(alerts)
        .filter(|(_, level)| level.compare != Compare::Equal)
        .map(|(alert, level)| line(alert, level))
        .collect()
}

fn levels<'p>(alerts: &[&'p Alert]) -> impl Iterator<Item = (&'p Alert, &'p Level)> {
    alerts.iter().flat_map(|alert| alert.levels.iter().map(move |level| (*alert, level)))
}

fn line(alert: &Alert, level: &Level) -> Line {
    let severity = level.severity.as_str();
    let condition = level.condition.as_deref().unwrap_or_default();
    Line {
        // Agents of one job have one configuration; where they differ, ThresholdDrift says so.
        expr: format!(
            "max by (scope) ({}{{{OF_AGENT}, alert=\"{}\", severity=\"{severity}\", \
             condition=\"{condition}\"}})",
            Threshold::METRIC,
            alert.name
        ),
        unit: Unit::of(level.unit),
        legend: [&alert.name, severity, condition, "{{scope}}"].join(" ").replace("  ", " "),
        severity: level.severity,
    }
}

/// The expression of what a level compares, for what is chosen in the dashboard; `None` where that is no quantity.
///
/// It is the signal itself, never its recording rule: dashboards are of use without the rules as well.
pub(super) fn expression(promql: Promql<'_>, alert: &Alert, level: &Level) -> Option<String> {
    let mut signal = level.signal.clone();
    // In the past that is shown the series itself ends where its target was watched no more.
    signal.each_series(|series| series.while_watched = false);
    let (expr, matchers) = match &signal {
        Signal::Absent | Signal::Drift | Signal::Always => return None,
        Signal::Firing(_) => return Some(promql.plotted(alert, level)),
        signal if signal.has_target() => (promql.recorded(signal), OF_TARGET),
        // Of several jobs that scrape an agent.
        signal => (format!("max without (job) ({})", promql.recorded(signal)), OF_AGENT),
    };
    // Rules select the one job, dashboards what people choose.
    let job = format!("job=\"{}\"", promql.policy.job);
    Some(expr.replace(&format!("{job}, target!=\"\""), matchers).replace(&job, matchers))
}

/// What a signal is of, in a word.
fn word(signal: &Signal) -> String {
    let metric = signal.series().first().map_or_else(String::new, |series| series.metric.clone());
    match signal {
        Signal::Over { what, window, .. } => format!("{} of {}", what.as_str(), duration(*window)),
        Signal::Ratio { .. } => "ratio".to_owned(),
        _ => metric,
    }
}
