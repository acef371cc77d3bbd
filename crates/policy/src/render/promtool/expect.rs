//! An alert as it must arrive: all its labels and all its texts.

use std::fmt::Write as _;

use super::course::texts;
use super::world::{Labels, series};
use crate::evaluate::{self, Active, description, scope};
use crate::{Alert, Level, Policy};

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
        None => {
            // Writing to a String cannot fail.
            let _ = write!(texts[1].1, " What to do: /runbooks/{} at the agent.", alert.name);
        }
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
