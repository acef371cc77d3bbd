//! An alert as it must arrive: all its labels and all its texts.

use super::course::texts;
use super::world::{Labels, series};
use crate::evaluate::{self, Active};
use crate::{Alert, Compare, Level, Policy, Scope, in_words};

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
    let mut texts = vec![("summary", alert.summary.clone()), ("description", description(policy, active))];
    match policy.runbook(&alert.name) {
        Some(runbook) => texts.push(("runbook_url", runbook)),
        None => texts[1].1 += &format!(" What to do: /runbooks/{} at the agent.", alert.name),
    }
    if !policy.dashboards.is_empty() {
        let board = alert.panel.split('.').next().unwrap_or_default();
        let dashboards = policy.dashboards.trim_end_matches('/');
        let target =
            evaluate::label(&active.labels, "target").map(|target| format!("?var-target={target}")).unwrap_or_default();
        texts.push(("dashboard_url", format!("{dashboards}/d/manometer-{board}{target}")));
    }
    texts
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
            "beyond" => beyond(level, active),
            "for" => in_words(scope(level, active).map_or(level.hold, |scope| scope.hold)),
            "window" => level.signal.window().map(in_words).unwrap_or_default(),
            // No poll fails in these tests: the number itself is what is wrong.
            "reason" => String::new(),
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

fn beyond(level: &Level, active: &Active) -> String {
    let (fire, resolve) = (threshold(level, active), scope(level, active).map_or(level.resolve, |scope| scope.resolve));
    let words = match level.compare {
        Compare::Above => ["more than", "not yet below"],
        Compare::AtLeast => ["at least", "not yet below"],
        Compare::Below => ["less than", "not yet above"],
        Compare::AtMost | Compare::Equal => ["at most", "not yet above"],
    };
    match resolve.filter(|_| !level.compare.holds(active.value, fire)) {
        Some(resolve) => format!("{} {}", words[1], level.unit.show(resolve)),
        None => format!("{} {}", words[0], level.unit.show(fire)),
    }
}

/// What the level has of its own for the target.
fn scope<'l>(level: &'l Level, active: &Active) -> Option<&'l Scope> {
    let target = evaluate::label(&active.labels, "target")?;
    level.scopes.iter().find(|scope| scope.targets.iter().any(|name| name == target))
}
