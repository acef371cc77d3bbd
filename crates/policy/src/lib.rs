//! The policy: the one table of alerts, from which rules, tests, dashboards, routes and documentation are rendered.
//!
//! Pure data: [`load`] reads it from alerts/policy.toml, [`thresholds`] applies what `[thresholds]` of
//! config.toml overrides, [`check`] compares it with the catalog of metrics. Nothing here names a collector, and nothing
//! here is PromQL: a signal has few forms, each with one text in PromQL (`render/promql.rs`) and one evaluation ([`evaluate`]).

mod causes;
mod check;
pub mod evaluate;
pub mod explain;

pub mod inert;
pub mod one_look;
mod order;
mod profile;
mod read;
pub mod render;
mod signal;
#[cfg(test)]
mod testing;
mod threshold;
pub mod thresholds;
mod times;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

pub use causes::{CONTAINER, Cause, DEPENDS_ON};
pub use check::check;
pub use order::{Fault, Field, faults};
pub use profile::Profile;
pub use read::{load, parse, shipped};
pub use signal::{Compare, Guard, NODE, OF_SCRAPE, OF_TARGET, Origin, Over, Series, Signal};
pub use threshold::Threshold;
pub use thresholds::{Override, Setting, Thresholds};
pub use times::Times;
pub use words::{Unit, duration, in_words};

/// alerts/policy.toml, as it was when the agent was built.
pub const SHIPPED: &str = include_str!("../../../alerts/policy.toml");

/// The path of the agent's page about an alert; its name follows.
pub const RUNBOOK: &str = "/runbooks/";

/// Every alert.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// The job under which Prometheus scrapes the agent; every selector has it.
    pub job: String,
    /// Where the pages of docs/runbooks are; the alert's name and `.md` follow. Empty where nobody said.
    pub runbooks: String,
    /// Where people reach the agent, which serves its runbooks as pages. Empty where nobody said.
    pub external_url: String,
    /// Where Grafana is; `/d/manometer-redis` follows. Empty where nobody said.
    pub dashboards: String,
    /// What all rules have in common.
    pub times: Times,
    /// In the order of the file.
    pub alerts: Vec<Alert>,
}

/// One alert, with its levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// `RedisMemoryHigh`; also the name of its page in docs/runbooks.
    pub name: String,
    /// The group of rules that it is in.
    pub group: String,
    /// One sentence without values.
    pub summary: String,
    /// One line with placeholders. `{target}`, `{condition}` and `{label:name}` are labels, `{value}` and `{threshold}` numbers,
    /// `{for}` and `{window}` times in words; `{beyond}` says on which side of the threshold the value is, or that it has not come
    /// back far enough; `{reason}` is `: ` and why polls of the target fail, or nothing.
    pub description: String,
    /// The panel that plots what it compares: `redis.memory` is panel `memory` of dashboard `redis`.
    pub panel: String,
    /// Alerts that follow from it, on its own element and on all that stands on it: names, or a beginning with `*`. Its own
    /// name is meant only of what stands on it.
    pub inhibits: Vec<String>,
    /// In the order of the file, which is that of severity.
    pub levels: Vec<Level>,
}

/// One rule: an alert at one severity under one condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// How bad it is.
    pub severity: Severity,
    /// Who is called beside the one on call: `infrastructure`.
    pub escalation: Option<String>,
    /// Whether the one on call is told as well; otherwise only those of the escalation are.
    pub page: bool,
    /// Tells levels of one severity apart; becomes the label `condition`.
    pub condition: Option<String>,
    /// What is compared.
    pub signal: Signal,
    /// The unit of the number and of what it is compared with.
    pub unit: Unit,
    /// How it is compared.
    pub compare: Compare,
    /// The number at which it fires.
    pub fire: f64,
    /// The number that ends it, where one number for both would make it flap.
    pub resolve: Option<f64>,
    /// Numbers of targets that are told apart by `[thresholds.<alert>] target`, each with the scope's names.
    pub scopes: Vec<Scope>,
    /// What must hold as well.
    pub guards: Vec<Guard>,
    /// What lets it go on once it fires, although its number is not passed any more.
    pub lasts: Option<Guard>,
    /// How long it must hold before it fires.
    pub hold: Duration,
    /// How long it goes on firing after it has ceased to hold.
    pub keep_firing: Duration,
    /// The document of the operators that asks for it, and where in it: `Redis operations runbook, alert thresholds`.
    pub source: Option<String>,
    /// What the document leaves open, and how it was decided.
    pub why: Option<String>,
    /// Numbers of other latency profiles, by the profile's name.
    pub profiles: BTreeMap<String, f64>,
}

impl Level {
    /// All that it looks at: what it compares first.
    pub fn signals(&self) -> impl Iterator<Item = &Signal> {
        let others = self.guards.iter().chain(&self.lasts).map(|guard| &guard.signal);
        std::iter::once(&self.signal).chain(others)
    }

    /// Gives each window that it looks back over another length.
    pub(crate) fn set_windows(&mut self, length: impl Fn(Duration) -> Duration + Copy) {
        self.signal.set_window(length);
        self.guards.iter_mut().chain(&mut self.lasts).for_each(|guard| guard.signal.set_window(length));
    }
}

/// Other numbers for some targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// Names of targets.
    pub targets: Vec<String>,
    /// The number at which it fires there; `None` where the alert is off.
    pub fire: Option<f64>,
    /// The number that ends it there.
    pub resolve: Option<f64>,
    /// How long it must hold there.
    pub hold: Duration,
}

metric::words! {
    /// How bad an alert is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Severity {
        /// For who looks.
        Info = "info",
        /// To be looked at today.
        Warning = "warning",
        /// Somebody gets up.
        Critical = "critical",
    }
}

impl Policy {
    /// The alert of that name.
    #[must_use]
    pub fn alert(&self, name: &str) -> Option<&Alert> {
        self.alerts.iter().find(|alert| alert.name == name)
    }

    /// Where the page of an alert is; `None` where nobody said.
    #[must_use]
    pub fn runbook(&self, alert: &str) -> Option<String> {
        match (self.runbooks.as_str(), self.external_url.trim_end_matches('/')) {
            ("", "") => None,
            ("", agent) => Some(format!("{agent}{RUNBOOK}{alert}")),
            (pages, _) => Some(format!("{pages}{alert}.md")),
        }
    }

    /// What the texts of alerts have no link to, and the line that would change it.
    #[must_use]
    pub fn missing_links(&self) -> Vec<&'static str> {
        let no_runbooks = "alerts have no link to their runbooks, only the path at the agent: set external_url of [web] to the \
                           address at which people reach the agent";
        let no_dashboards =
            "alerts have no link to a dashboard: set dashboards of [thresholds] to the address of Grafana";
        let runbooks = self.runbook("").is_none().then_some(no_runbooks);
        runbooks.into_iter().chain(self.dashboards.is_empty().then_some(no_dashboards)).collect()
    }

    /// The groups of rules, in the order in which they first occur: Prometheus evaluates them one after the other.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for alert in &self.alerts {
            if !groups.contains(&alert.group.as_str()) {
                groups.push(&alert.group);
            }
        }
        groups
    }
}

impl Alert {
    /// The key of its table under `[thresholds]`: `redis_memory_high`.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = String::new();
        for (at, char) in self.name.char_indices() {
            if char.is_ascii_uppercase() && at > 0 {
                key.push('_');
            }
            key.push(char.to_ascii_lowercase());
        }
        key
    }

    /// Whether it silences the alert of that name, another one.
    #[must_use]
    pub fn silences(&self, name: &str) -> bool {
        name != self.name && self.inhibits(name)
    }

    /// Whether it silences itself on what stands on its element: of a broker and the services that use it, the broker calls.
    #[must_use]
    pub fn silences_itself(&self) -> bool {
        self.inhibits(&self.name)
    }

    fn inhibits(&self, name: &str) -> bool {
        self.inhibits.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => pattern == name,
        })
    }
}
