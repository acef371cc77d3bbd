//! What is tried on each alert: one course of events a case.

mod drive;
mod forecast;
mod gaps;
mod guards;
mod numbers;
mod special;
mod strangers;
pub(super) mod timeline;

use std::time::Duration;

use self::numbers::Numbers;
use super::world::{Labels, Track, World};
use crate::render::Catalog;
use crate::{Alert, Level, Origin, Policy, Scope, Series};

/// Where the agent of the tests is scraped.
pub(super) const INSTANCE: &str = "agent:10121";

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    /// The level, by its place among those of its alert.
    pub(super) level: usize,
    /// Target of the level's scope, if it is about one.
    pub(super) target: Option<String>,
    /// What it tries.
    pub(super) title: &'static str,
    pub(super) world: World,
    pub(super) checks: Vec<Check>,
    /// Whether the steps before and after each change of the alert are checked, too.
    pub(super) at_changes: bool,
}

/// A step at which the alerts are compared with those that are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) step: usize,
    /// Whether the level fires for what the case is about.
    pub(super) fires: bool,
    pub(super) word: &'static str,
}

/// What every case is made from.
#[derive(Clone, Copy)]
pub(super) struct Context<'p> {
    pub(super) policy: &'p Policy,
    pub(super) catalog: &'p Catalog,
    pub(super) interval: Duration,
}

/// What a series is about.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    job: String,
    target: String,
    /// Tells series of one target apart.
    number: usize,
    /// Whether it has the labels that the policy asks for.
    is_meant: bool,
}

/// A level with its numbers for one subject.
#[derive(Clone, Copy)]
pub(super) struct Tried<'p> {
    at: usize,
    level: &'p Level,
    scope: Option<&'p Scope>,
    numbers: Numbers,
}

impl<'p> Context<'p> {
    /// Every case of an alert.
    pub(super) fn cases(&self, alert: &'p Alert) -> Vec<Case> {
        let mut cases = Vec::new();
        for (at, level) in alert.levels.iter().enumerate() {
            for scope in std::iter::once(None).chain(level.scopes.iter().map(Some)) {
                match Numbers::of(level, scope) {
                    Some(numbers) => cases.extend(self.tried(alert, &Tried { at, level, scope, numbers })),
                    None => cases.extend(scope.map(|scope| timeline::off(self, alert, at, scope))),
                }
            }
        }
        cases
    }

    fn tried(&self, alert: &Alert, tried: &Tried<'p>) -> Vec<Case> {
        if tried.level.signal.series().is_empty() {
            return special::cases(self, tried);
        }
        let mut cases = vec![timeline::case(self, tried)];
        cases.extend(guards::cases(self, tried));
        cases.extend(tried.level.lasts.iter().map(|lasts| guards::lasting_case(self, tried, lasts)));
        if tried.scope.is_none() {
            cases.extend(strangers::cases(self, tried));
            // Samples are missing for one level of a signal as they are for the others.
            if !alert.levels[..tried.at].iter().any(|other| other.signal.is_same(&tried.level.signal)) {
                cases.extend(gaps::cases(self, tried));
            }
        }
        cases
    }

    /// The series of a metric for a subject, with all labels that it has.
    fn track(&self, series: &Series, subject: &Subject, values: Vec<f64>) -> Track {
        let mut labels = Labels::from([("job".to_owned(), subject.job.clone())]);
        let other = |who| if subject.number == 1 { format!("{who}:1") } else { format!("{who}-{}:1", subject.number) };
        let instance = match series.origin {
            Origin::Target => {
                labels.insert("target".to_owned(), subject.target.clone());
                INSTANCE.to_owned()
            }
            Origin::Agent if subject.number == 1 => INSTANCE.to_owned(),
            Origin::Agent => other("agent"),
            Origin::Foreign => {
                labels.insert("job".to_owned(), "others".to_owned());
                other("other")
            }
        };
        labels.insert("instance".to_owned(), instance);
        for label in self.catalog.labels(&series.metric) {
            labels.insert((*label).to_owned(), format!("{label}-{}", subject.number));
        }
        for (label, values) in &series.labels {
            let meant = values.first().filter(|_| subject.is_meant);
            labels.insert(label.clone(), meant.map_or_else(|| format!("other-{label}"), Clone::clone));
        }
        Track { metric: series.metric.clone(), labels, values }
    }

    /// The agent is scraped: without it, alerts of its absence would fire in every test.
    fn up(&self) -> Track {
        scraped(&self.policy.job, vec![1.0])
    }

    fn world(&self, steps: usize, all: Vec<Track>) -> World {
        let mut tracks = vec![self.up()];
        for track in all {
            // Two subjects of one target share what is the target's.
            if !tracks.iter().any(|other| other.metric == track.metric && other.labels == track.labels) {
                tracks.push(track);
            }
        }
        World { interval: self.interval, steps, tracks }
    }

    fn steps(&self, time: Duration) -> usize {
        World::steps_in(self.interval, time)
    }

    fn subject(&self, target: &str) -> Subject {
        Subject { job: self.policy.job.clone(), target: target.to_owned(), number: 1, is_meant: true }
    }
}

/// What Prometheus says of the scrapes of a job.
fn scraped(job: &str, values: Vec<f64>) -> Track {
    let labels = [("job".to_owned(), job.to_owned()), ("instance".to_owned(), INSTANCE.to_owned())];
    Track { metric: "up".to_owned(), labels: labels.into(), values }
}

impl<'p> Tried<'p> {
    /// A level of which no target has numbers of its own.
    pub(super) fn of(level: &'p Level, at: usize) -> Option<Self> {
        Some(Self { at, level, scope: None, numbers: Numbers::of(level, None)? })
    }

    /// The target that the case is about, and one that it is not about: none that has numbers of its own.
    fn targets(&self) -> (String, String) {
        let is_free = |name: &String| !self.level.scopes.iter().any(|scope| scope.targets.contains(name));
        let mut free = ["main", "other"]
            .into_iter()
            .map(str::to_owned)
            .chain((1..).map(|at| format!("target-{at}")))
            .filter(is_free);
        let mut next = || free.next().unwrap_or_default();
        match self.scope.and_then(|scope| scope.targets.first()) {
            Some(target) => (target.clone(), next()),
            None => (next(), next()),
        }
    }

    fn case(&self, title: &'static str, world: World, checks: Vec<Check>, at_changes: bool) -> Case {
        let target = self.scope.and_then(|scope| scope.targets.first().cloned());
        Case { level: self.at, target, title, world, checks, at_changes }
    }
}
