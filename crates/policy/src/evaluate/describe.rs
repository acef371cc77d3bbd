//! An alert in words.

use super::{Active, label};
use crate::{Compare, Level, NODE, Policy, Scope, in_words};

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
            "target" => {
                let node = super::label(&active.labels, NODE).map(|node| format!(" ({node})"));
                label("target") + &node.unwrap_or_default()
            }
            "value" => level.unit.rendered(active.value),
            "threshold" => level.unit.show(threshold(level, active)),
            "beyond" => beyond(level, active),
            "for" => in_words(scope(level, active).map_or(level.hold, |scope| scope.hold)),
            "window" => level.signal.window().map(in_words).unwrap_or_default(),
            // Samples do not tell why a poll fails: the number itself is what is wrong.
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
pub(crate) fn scope<'l>(level: &'l Level, active: &Active) -> Option<&'l Scope> {
    let target = label(&active.labels, "target")?;
    level.scopes.iter().find(|scope| scope.targets.iter().any(|name| name == target))
}
