//! The numbers of a policy, one by one: what the agent exports and what the rules hold against it.

use super::{Compare, Level, Policy, Severity};

/// One number of one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold<'p> {
    /// The alert's name.
    pub alert: &'p str,
    /// The level's severity.
    pub severity: Severity,
    /// The level's condition; empty where it has none.
    pub condition: &'p str,
    /// The target that it is for; empty where it is for all others.
    pub scope: &'p str,
    /// The number. Infinite where the alert is off for that target: nothing is above it (or below).
    pub value: f64,
}

impl<'p> Threshold<'p> {
    /// The metric in which an agent exports its numbers.
    pub const METRIC: &'static str = "manometer_threshold";

    /// The labels by which the numbers of one agent are told apart.
    pub const LABELS: [&'static str; 4] = ["alert", Self::SEVERITY, "condition", "scope"];

    /// The label with the severity of the number.
    pub const SEVERITY: &'static str = "severity";

    /// Where an alert about the number has that severity, since it has one itself.
    pub const SEVERITY_OF: &'static str = "severity_of";

    /// The metric that tells which agents there are.
    pub const AGENTS: &'static str = "manometer_build_info";

    /// The labels by which agents are told apart.
    pub const OF_AGENT: [&'static str; 2] = ["job", "instance"];

    /// Its labels with their values, also those that are empty.
    #[must_use]
    pub fn labels(&self) -> [(&'static str, &'p str); 4] {
        let values = [self.alert, self.severity.as_str(), self.condition, self.scope];
        std::array::from_fn(|at| (Self::LABELS[at], values[at]))
    }
}
impl Policy {
    /// Every number, in the order of the table.
    pub fn thresholds(&self) -> impl Iterator<Item = Threshold<'_>> {
        let levels = self.alerts.iter().flat_map(|alert| alert.levels.iter().map(move |level| (alert, level)));
        levels.flat_map(|(alert, level)| {
            let of = move |scope, value| Threshold {
                alert: &alert.name,
                severity: level.severity,
                condition: level.condition.as_deref().unwrap_or_default(),
                scope,
                value,
            };
            let scoped = level.scopes.iter().flat_map(move |scope| {
                let value = scope.fire.unwrap_or(level.never());
                scope.targets.iter().map(move |target| of(target, value))
            });
            std::iter::once(of("", level.fire)).chain(scoped)
        })
    }
}

impl Level {
    /// The number at which it never fires.
    const fn never(&self) -> f64 {
        match self.compare {
            Compare::Below | Compare::AtMost => f64::NEG_INFINITY,
            Compare::Above | Compare::AtLeast | Compare::Equal => f64::INFINITY,
        }
    }
}
