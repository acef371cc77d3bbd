//! `[thresholds]`: other numbers and durations than those of the shipped policy, for all targets or for some.
//!
//! What is read is applied at once, and what comes out is checked as the policy itself is.

mod apply;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::read::{read_base, unknown};
use crate::{Alert, Policy, Profile, Severity};
use reader::Table;

/// A validated `[thresholds]`: what differs from the shipped policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Thresholds {
    /// Whose latencies are usual.
    #[serde(skip_serializing_if = "Profile::is_default")]
    pub profile: Profile,
    /// The job under which Prometheus scrapes the agent.
    pub job: Option<String>,
    /// Where links to runbooks begin.
    pub runbooks: Option<String>,
    /// Where links to dashboards begin.
    pub dashboards: Option<String>,
    /// By the alert's key: `redis_ping_high`.
    #[serde(flatten)]
    pub alerts: BTreeMap<String, Vec<Override>>,
}

/// `[thresholds.redis_ping_high]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Override {
    /// The targets that it is for; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<String>,
    /// Whether the alert exists there.
    pub enabled: bool,
    /// `warning`, `warning_resolve`, `warning_for` and so on, as they were written.
    #[serde(flatten)]
    pub settings: BTreeMap<String, Setting>,
}

/// One overridden value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// How long it must be passed, or how far is looked back.
    #[serde(serialize_with = "reader::duration")]
    Time(std::time::Duration),
    /// A value for each condition.
    Each(BTreeMap<String, Setting>),
}

impl Thresholds {
    /// Whether nothing is overridden.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads `[thresholds]` and applies it to `policy`. `targets` are the names of those that there are.
pub fn read(mut table: Table<'_>, targets: &[String], mut policy: Policy) -> (Thresholds, Policy) {
    let profile = table.choice::<Profile>("profile").unwrap_or_default();
    let job = table.string_at("job");
    if let Some((line, _)) = job.as_ref().filter(|(_, job)| job.is_empty()) {
        table.problem(Some(*line), "job", None, "is empty; write the job_name of Prometheus' scrape configuration");
    }
    let job = job.map(|(_, job)| job);
    let (runbooks, dashboards) = (read_base(&mut table, "runbooks"), read_base(&mut table, "dashboards"));
    reader::set(&mut policy.job, job.clone());
    reader::set(&mut policy.runbooks, runbooks.clone());
    reader::set(&mut policy.dashboards, dashboards.clone());
    apply::profile(&mut policy, profile);
    let mut alerts = BTreeMap::new();
    for (key, tables) in table.remaining() {
        let Some(at) = policy.alerts.iter().position(|alert| alert.key() == key) else {
            let line = tables.first().and_then(|table| table.line);
            let keys: Vec<String> = policy.alerts.iter().map(Alert::key).collect();
            table.problem(line, &key, None, unknown(&key, keys.iter().map(String::as_str)));
            continue;
        };
        let read = tables.into_iter().map(|table| apply::read(table, &policy.alerts[at], targets)).collect();
        alerts.insert(key, apply::apply(&table, &mut policy.alerts[at], read));
    }
    drop_disabled(&mut policy, &alerts);
    (Thresholds { profile, job, runbooks, dashboards, alerts }, policy)
}

/// Takes the alerts that are off everywhere out, and out of what others silence.
fn drop_disabled(policy: &mut Policy, overrides: &BTreeMap<String, Vec<Override>>) {
    let is_off = |alert: &Alert| {
        let overrides = overrides.get(&alert.key());
        overrides.is_some_and(|all| all.iter().any(|one| one.target.is_empty() && !one.enabled))
    };
    let off: Vec<String> = policy.alerts.iter().filter(|alert| is_off(alert)).map(|alert| alert.name.clone()).collect();
    policy.alerts.retain(|alert| !off.contains(&alert.name));
    for alert in &mut policy.alerts {
        alert.inhibits.retain(|name| !off.contains(name));
    }
}

/// The keys of a severity: its number, the one that ends it, how long it must hold, and how far it looks back.
const fn keys(severity: Severity) -> [&'static str; 4] {
    match severity {
        Severity::Info => ["info", "info_resolve", "info_for", "info_window"],
        Severity::Warning => ["warning", "warning_resolve", "warning_for", "warning_window"],
        Severity::Critical => ["critical", "critical_resolve", "critical_for", "critical_window"],
    }
}
