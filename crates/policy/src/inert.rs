//! Alerts that cannot fire: nothing that they compare is there.
//!
//! What is there is not known here: whoever asks knows the configuration, or what the targets export.

use std::collections::BTreeMap;

use crate::{Alert, Level, Policy, Series, Severity, Signal};

metric::words! {
    /// Why an alert cannot fire.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Reason {
        /// No target is configured that could have what it compares.
        NoTarget = "no_target",
        /// The configuration of the targets leaves out what it compares.
        NotConfigured = "not_configured",
        /// The targets have been polled and have not shown what it compares.
        NotReported = "not_reported",
    }
}

/// Why a series is not there, and what would change it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// In one word.
    pub reason: Reason,
    /// The line of the configuration that would change it.
    pub line: String,
}

/// An alert of which at least one level cannot fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inert<'p> {
    /// The alert's name.
    pub alert: &'p str,
    /// The levels, each with its severity and condition; empty if all cannot.
    pub levels: Vec<(Severity, Option<&'p str>)>,
    /// Why: of several levels the first.
    pub why: Why,
}

/// The alerts of `policy` that cannot fire, where `why` knows of a series that it is not there.
pub fn inert(policy: &Policy, why: impl Fn(&Series) -> Option<Why>) -> Vec<Inert<'_>> {
    policy.alerts.iter().flat_map(|alert| of_alert(alert, &why)).collect()
}

/// By the reasons of its levels: of one that all of them have, the alert; of others each level.
fn of_alert(alert: &Alert, why: impl Fn(&Series) -> Option<Why>) -> Vec<Inert<'_>> {
    let found: Vec<(&Level, Why)> =
        alert.levels.iter().filter_map(|level| Some((level, series(level).into_iter().find_map(&why)?))).collect();
    let is_whole = found.len() == alert.levels.len();
    let mut inert: Vec<Inert<'_>> = Vec::new();
    for (level, why) in found {
        let place = (level.severity, level.condition.as_deref());
        match inert.iter_mut().find(|other| other.why == why) {
            Some(other) => other.levels.push(place),
            None => inert.push(Inert { alert: &alert.name, levels: vec![place], why }),
        }
    }
    if is_whole && let [one] = &mut inert[..] {
        one.levels.clear();
    }
    inert
}

/// All series without which a level cannot fire.
#[must_use]
pub fn series(level: &Level) -> Vec<&Series> {
    signals(level).flat_map(Signal::series).collect()
}

fn signals(level: &Level) -> impl Iterator<Item = &Signal> {
    std::iter::once(&level.signal).chain(level.guards.iter().map(|guard| &guard.signal))
}

/// The metrics without which a level cannot fire, each with whether it must be above 0: what a ratio divides by, and what a
/// forecast reaches.
#[must_use]
pub fn metrics(level: &Level) -> Vec<(&str, bool)> {
    signals(level)
        .flat_map(|signal| {
            let is_divided = matches!(signal, Signal::Ratio { window: None, .. } | Signal::Forecast { .. });
            let series = signal.series().into_iter().enumerate();
            series.map(move |(at, series)| (series.metric.as_str(), is_divided && at == 1))
        })
        .collect()
}

/// What is to be said of them, a line for each thing that would change something.
#[must_use]
pub fn lines(inert: &[Inert<'_>]) -> Vec<String> {
    let mut by_why: BTreeMap<&Why, Vec<String>> = BTreeMap::new();
    for one in inert {
        by_why.entry(&one.why).or_default().push(name(one));
    }
    by_why
        .into_iter()
        .map(|(Why { reason, line }, names)| {
            let reason = reason.as_str().replace('_', " ");
            format!("{}: {reason}; {line} would change that", names.join(", "))
        })
        .collect()
}

/// `PoolNearCapacity (critical)`, without the levels where it is all of them.
fn name(inert: &Inert<'_>) -> String {
    let level = |(severity, condition): &(Severity, Option<&str>)| match condition {
        Some(condition) => format!("{} {condition}", severity.as_str()),
        None => severity.as_str().to_owned(),
    };
    let levels: Vec<String> = inert.levels.iter().map(level).collect();
    if levels.is_empty() { inert.alert.to_owned() } else { format!("{} ({})", inert.alert, levels.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::policy_with;

    #[test]
    fn an_alert_is_inert_if_no_level_can_fire_and_else_its_levels_are() {
        let policy = policy_with("");
        let why = |series: &Series| {
            let (reason, line) = match series.metric.as_str() {
                "redis_publish_canary_seconds" | "redis_publish_canary_received" => {
                    (Reason::NotConfigured, "canary = true in [[redis]]")
                }
                // What only a guard asks for.
                "container_up" => (Reason::NoTarget, "[[docker]]"),
                "redis_memory_max_bytes" => (Reason::NotReported, "maxmemory of the server"),
                _ => return None,
            };
            Some(Why { reason, line: line.to_owned() })
        };
        let found = inert(&policy, why);
        let names: Vec<String> = found.iter().map(name).collect();
        assert!(names.contains(&"RedisPublishStalled".to_owned()), "{names:?}");
        assert!(names.contains(&"ContainerUnhealthy (critical)".to_owned()), "{names:?}");
        let all = lines(&found);
        assert!(
            all.contains(
                &"RedisPublishStalled: not configured; canary = true in [[redis]] would change that".to_owned()
            ),
            "{all:?}"
        );
        assert_eq!(all.len(), 3, "{all:?}");
    }
}
