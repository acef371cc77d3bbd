//! An alert as it must arrive: all its labels and all its texts.

use super::course::texts;
use super::world::{Labels, series};
use crate::evaluate::{self, Active};
use crate::{Alert, Level, Policy, Scope};

/// The labels that the rule sets on top of those of the series.
pub(super) fn labels(policy: &Policy, active: &Active) -> Labels {
    let (_, level) = of(policy, active);
    let mut labels = texts(&active.labels);
    let scope = own_scopes(level, active).map(|targets| targets.join(", "));
    let set = [
        ("severity", Some(level.severity.as_str().to_owned())),
        ("escalation", level.escalation.clone()),
        ("page", (!level.page).then(|| "no".to_owned())),
        ("condition", level.condition.clone()),
        ("scope", scope),
    ];
    labels.extend(set.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    labels
}

/// The targets of the rule, where some have a rule of their own because their alert must hold for another time.
fn own_scopes(level: &Level, active: &Active) -> Option<Vec<String>> {
    let scope = scope(level, active)?;
    let same = level.scopes.iter().filter(|other| other.hold == scope.hold);
    (scope.hold != level.hold).then(|| same.flat_map(|scope| scope.targets.clone()).collect())
}

/// The series that Prometheus makes of it.
pub(super) fn alerts_series(policy: &Policy, active: &Active) -> String {
    let mut labels = labels(policy, active);
    labels.insert("alertname".to_owned(), of(policy, active).0.name.clone());
    labels.insert("alertstate".to_owned(), if active.is_firing { "firing" } else { "pending" }.to_owned());
    series("ALERTS", &labels)
}

/// Its texts.
pub(super) fn annotations(policy: &Policy, active: &Active) -> Vec<(&'static str, String)> {
    let (alert, _) = of(policy, active);
    let board = alert.panel.split('.').next().unwrap_or_default();
    let dashboards = policy.dashboards.trim_end_matches('/');
    let target =
        evaluate::label(&active.labels, "target").map(|target| format!("?var-target={target}")).unwrap_or_default();
    vec![
        ("summary", alert.summary.clone()),
        ("description", description(policy, active)),
        ("runbook_url", format!("{}{}.md", policy.runbooks, alert.name)),
        ("dashboard_url", format!("{dashboards}/d/manometer-{board}{target}")),
    ]
}

fn of<'p>(policy: &'p Policy, active: &Active) -> (&'p Alert, &'p Level) {
    let alert = &policy.alerts[active.alert];
    (alert, &alert.levels[active.level])
}

fn description(policy: &Policy, active: &Active) -> String {
    let (alert, level) = of(policy, active);
    let label = |name: &str| evaluate::label(&active.labels, name).unwrap_or_default().to_owned();
    let mut text = String::new();
    let mut rest = alert.description.as_str();
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        text.push_str(before);
        text.push_str(&match name {
            "target" => label("target"),
            "value" => level.unit.rendered(active.value),
            "threshold" => level.unit.show(threshold(level, active)),
            "condition" => level.condition.clone().unwrap_or_default(),
            "job" => policy.job.clone(),
            name => label(name.trim_start_matches("label:")),
        });
        rest = after;
    }
    text + rest
}

fn threshold(level: &Level, active: &Active) -> f64 {
    scope(level, active).and_then(|scope| scope.fire).unwrap_or(level.fire)
}

/// What the level has of its own for the target.
fn scope<'l>(level: &'l Level, active: &Active) -> Option<&'l Scope> {
    let target = evaluate::label(&active.labels, "target")?;
    level.scopes.iter().find(|scope| scope.targets.iter().any(|name| name == target))
}
