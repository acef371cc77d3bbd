//! What follows from what: which levels are causes, and which alerts they silence.

use crate::{Alert, Level, Policy, Severity, Times};

/// The metric in which the agent tells what a target, or the container that it is, stands on.
pub const DEPENDS_ON: &str = "manometer_depends_on";

/// The label of an element that is a container, beside that of its engine.
pub const CONTAINER: &str = "name";

/// A level from which alerts follow: on its own element, and on everything that stands on it.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'p> {
    /// The alert.
    pub alert: &'p Alert,
    /// Its level.
    pub level: &'p Level,
}

impl Policy {
    /// Every level from which something follows, in the order of the table.
    pub fn causes(&self) -> impl Iterator<Item = Cause<'_>> {
        let alerts = self.alerts.iter().filter(|alert| !alert.inhibits.is_empty());
        let levels = alerts.flat_map(|alert| alert.levels.iter().map(move |level| Cause { alert, level }));
        levels.filter(|cause| cause.level.signal.has_target())
    }
}

impl<'p> Cause<'p> {
    /// The levels that it silences: none that is worse than itself.
    pub fn followers(self, policy: &'p Policy) -> impl Iterator<Item = (&'p Alert, &'p Level)> {
        let alerts = policy.alerts.iter().filter(move |other| self.alert.silences(&other.name));
        let levels = alerts.flat_map(|alert| alert.levels.iter().map(move |level| (alert, level)));
        levels.filter(move |(_, level)| level.signal.has_target() && level.severity <= self.level.severity)
    }

    /// The followers whose escalation passes to it, since it has none of its own.
    pub fn callers(self, policy: &'p Policy) -> impl Iterator<Item = (&'p Alert, &'p Level)> {
        let passes = self.level.escalation.is_none() && self.level.severity == Severity::Critical;
        self.followers(policy).filter(move |(_, level)| passes && level.escalation.is_some())
    }
}

impl Times {
    /// How long a cause silences from when it is first seen, if it does so before its alert fires.
    #[must_use]
    pub fn early(&self, level: &Level) -> Option<std::time::Duration> {
        (level.hold <= self.longest_hold).then(|| level.hold + self.lead)
    }

    /// How long a cause goes on to silence when its condition is over. One that is about a window still holds when what it is
    /// about has ended; so long its symptoms have had already. It silences as long as its own alert goes on, in any case.
    #[must_use]
    pub fn tail(&self, level: &Level) -> std::time::Duration {
        self.tail.saturating_sub(level.signal.window().unwrap_or_default()).max(level.keep_firing)
    }
}
