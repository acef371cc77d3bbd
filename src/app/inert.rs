//! Alerts that cannot fire: what the configuration says of them, and what the targets show.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use crate::collector::KINDS;
use crate::config::{Config, KindEntry, Target};
use crate::hub::Hub;
use crate::metric::{Families, Samples, metrics, part_of};
use crate::policy::Policy;
use crate::policy::inert::{self, Reason, Why};

metrics! {
    pub(super) fn metrics;
    INERT: gauge "manometer_rule_inert" ["alert", "reason"] Bool,
        "1 for an alert that cannot fire, since nothing that it compares is there: no target of that kind, left out by the \
         configuration, or not reported by any target so far. Absent for all others.",
        "alerts/policy.toml, config.toml, polls";
}

/// Good polls of each target after which it has shown what it has: endpoints that are asked in turn, what is computed from
/// several polls.
const GOOD_POLLS: u64 = 10;

/// What is to be said of the alerts that cannot fire under a configuration, a line each thing that would change it.
#[must_use]
pub fn cannot_fire(config: &Config) -> Vec<String> {
    let known = Known::new(&config.targets);
    // Targets that are found may be of any of these kinds.
    let may_appear = |metric: &str| config.discover.is_on() && known.may_be_found(metric);
    let why = |metric: &str| if may_appear(metric) { None } else { known.why(metric) };
    inert::lines(&inert::inert(&config.policy, |series| why(&series.metric)))
}

/// What the configuration knows of metrics.
struct Known<'c> {
    targets: &'c [Arc<dyn Target>],
    /// The kinds that can export a metric.
    kinds: BTreeMap<&'static str, Vec<&'static KindEntry>>,
}

impl<'c> Known<'c> {
    fn new(targets: &'c [Arc<dyn Target>]) -> Self {
        let mut kinds: BTreeMap<&str, Vec<&KindEntry>> = BTreeMap::new();
        for kind in KINDS {
            for info in (kind.metrics)() {
                kinds.entry(info.name).or_default().push(kind);
            }
        }
        Self { targets, kinds }
    }

    /// The kinds that can export a metric, or the one that a series is a part of; `None` for what is not of targets.
    fn kinds(&self, metric: &str) -> Option<&[&'static KindEntry]> {
        self.kinds.get(metric).or_else(|| self.kinds.get(part_of(metric)?.0)).map(Vec::as_slice)
    }

    /// The targets that can export a metric, as far as their kinds tell.
    fn of(&self, metric: &str) -> impl Iterator<Item = &Arc<dyn Target>> {
        let kinds = self.kinds(metric).unwrap_or_default();
        self.targets.iter().filter(|target| kinds.iter().any(|kind| kind.key == target.said().collector))
    }

    /// Whether it may come with a target that appears by itself.
    fn may_be_found(&self, metric: &str) -> bool {
        self.kinds(metric).is_some_and(|kinds| kinds.iter().any(|kind| !kind.schemes.is_empty()))
    }

    /// Why there is no series of a metric; `None` where there may be one, and for what is not of targets of some kinds.
    fn why(&self, metric: &str) -> Option<Why> {
        let kinds = self.kinds(metric)?;
        let mut targets = self.of(metric).peekable();
        if targets.peek().is_none() {
            let tables: Vec<String> = kinds.iter().map(|kind| table(kind)).collect();
            return Some(Why { reason: Reason::NoTarget, line: tables.join(" or ") });
        }
        let lines: Option<Vec<String>> = targets.map(|target| target.left_out(metric)).collect();
        Some(Why { reason: Reason::NotConfigured, line: lines?.into_iter().next()? })
    }
}

fn table(kind: &KindEntry) -> String {
    if kind.only.is_some() { format!("[{}]", kind.key) } else { format!("[[{}]]", kind.key) }
}

/// The alerts of a running agent that cannot fire.
#[derive(Default)]
pub(super) struct Inert {
    hub: OnceLock<Weak<Hub>>,
    watched: Mutex<Watched>,
}

#[derive(Default)]
struct Watched {
    alerts: Vec<Alert>,
    seen: Seen,
}

/// Metrics that were seen since the configuration was read: with any value, and above 0. What is seen once does not become a
/// reason again: a target that is down shows nothing, and that is another alert.
#[derive(Default)]
struct Seen([BTreeSet<String>; 2]);

impl Seen {
    fn has(&self, metric: &str, above_0: bool) -> bool {
        self.0[usize::from(above_0)].contains(metric)
    }

    fn add(&mut self, metric: String, above_0: bool) {
        self.0[usize::from(above_0)].insert(metric);
    }
}

/// An alert, by its levels: what each of them cannot do without.
struct Alert {
    name: String,
    levels: Vec<Vec<Need>>,
}

/// A metric that a level needs.
struct Need {
    metric: String,
    /// It divides, or it is reached: 0 is as good as none.
    above_0: bool,
    /// The configuration leaves it out.
    reason: Option<Reason>,
    /// The targets that may have it; none for what is not of targets of some kinds.
    targets: Vec<String>,
}

impl Inert {
    /// Where the targets show what they have.
    pub(super) fn look_at(&self, hub: &Arc<Hub>) {
        // There is one hub in the life of an agent.
        let _ = self.hub.set(Arc::downgrade(hub));
    }

    /// The configuration was read again: what was seen before says nothing of it.
    pub(super) fn forget(&self) {
        self.watched.lock().seen = Seen::default();
    }

    /// `targets` are watched, under `policy`.
    pub(super) fn watching(&self, policy: &Policy, targets: &[Arc<dyn Target>]) {
        let known = Known::new(targets);
        let need = |(metric, above_0): (&str, bool)| Need {
            metric: metric.to_owned(),
            above_0,
            reason: known.why(metric).map(|why| why.reason),
            targets: known.of(metric).map(|target| target.settings().name.clone()).collect(),
        };
        let alerts = policy.alerts.iter().map(|alert| Alert {
            name: alert.name.clone(),
            levels: alert.levels.iter().map(|level| inert::metrics(level).into_iter().map(need).collect()).collect(),
        });
        self.watched.lock().alerts = alerts.collect();
    }

    /// Names what cannot fire.
    pub(super) fn export(&self, out: &mut Families) {
        let Some(hub) = self.hub.get().and_then(Weak::upgrade) else { return };
        let mut watched = self.watched.lock();
        let shown = watched.look(&hub);
        for alert in &watched.alerts {
            if let Some(reason) = watched.reason(alert, &shown) {
                out.push_bool(&INERT, [&alert.name, reason.as_str()], true);
            }
        }
    }
}

impl Watched {
    /// Takes note of what the targets show now; returns those that have not shown all that they have.
    fn look(&mut self, hub: &Hub) -> BTreeSet<String> {
        let needs = self.alerts.iter().flat_map(|alert| alert.levels.iter().flatten());
        let open: BTreeSet<(&str, bool)> = needs
            .filter(|need| need.reason.is_none() && !need.targets.is_empty())
            .map(|need| (need.metric.as_str(), need.above_0))
            .filter(|(metric, above_0)| !self.seen.has(metric, *above_0))
            .collect();
        let (mut found, mut shown, mut young) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        hub.each(|status, samples| {
            let target = &status.key.target;
            let is_young = status.polls.saturating_sub(status.failures) < GOOD_POLLS;
            let names = if is_young { &mut young } else { &mut shown };
            names.insert(target.clone());
            let has = |(metric, above_0): &&(&str, bool)| is_there(samples, metric, *above_0);
            found.extend(open.iter().filter(has).map(|(metric, above_0)| ((*metric).to_owned(), *above_0)));
        });
        for (metric, above_0) in found {
            self.seen.add(metric, above_0);
        }
        // Of a target with several instances each counts.
        shown.retain(|target| !young.contains(target));
        shown
    }

    fn reason(&self, alert: &Alert, shown: &BTreeSet<String>) -> Option<Reason> {
        let of_need = |need: &Need| {
            let is_awaited = need.targets.is_empty() || !need.targets.iter().all(|target| shown.contains(target));
            let is_seen = self.seen.has(&need.metric, need.above_0);
            need.reason.or((!is_awaited && !is_seen).then_some(Reason::NotReported))
        };
        let levels: Option<Vec<Reason>> = alert.levels.iter().map(|level| level.iter().find_map(of_need)).collect();
        levels?.into_iter().next()
    }
}

/// Whether a family of that name, or of which that is a part, has a sample, which is above 0 where it must be.
fn is_there(samples: &Samples, metric: &str, above_0: bool) -> bool {
    let found = samples.get(metric).or_else(|| samples.get(part_of(metric)?.0));
    found.is_some_and(|family| family.samples().any(|sample| !above_0 || sample.value() > 0.0))
}

#[cfg(test)]
mod tests;
