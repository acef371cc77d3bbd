//! An alert in words.

use super::{Active, label};
use crate::{Level, Policy, Scope};

/// The description of an alert, its placeholders filled in as Prometheus fills in those of its rule.
#[must_use]
pub fn description(policy: &Policy, active: &Active) -> String {
    let alert = &policy.alerts[active.alert];
    let level = &alert.levels[active.level];
    let label = |name: &str| label(&active.labels, name).unwrap_or_default().to_owned();
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
pub(crate) fn scope<'l>(level: &'l Level, active: &Active) -> Option<&'l Scope> {
    let target = label(&active.labels, "target")?;
    level.scopes.iter().find(|scope| scope.targets.iter().any(|name| name == target))
}
