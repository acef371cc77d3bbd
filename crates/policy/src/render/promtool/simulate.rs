//! What becomes of the alerts of a policy while a test's series go by.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::drift;
use super::evaluate::{Reading, View};
use super::world::{Labels, World};
use crate::{Level, Policy, Severity, Signal};

/// The alert and its level, by their places in the policy.
pub(super) type Rule = (usize, usize);

/// An alert that is pending or fires.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Active {
    pub(super) rule: Rule,
    /// Those of the series, without the ones that the rule sets.
    pub(super) labels: Labels,
    pub(super) is_firing: bool,
    /// The last value that made it active.
    pub(super) value: f64,
}

#[derive(Debug, Clone, Copy)]
struct State {
    since: usize,
    is_firing: bool,
    ending: Option<usize>,
    value: f64,
}

struct Simulation<'p> {
    policy: &'p Policy,
    world: &'p World,
    states: BTreeMap<(Rule, Labels), State>,
}

/// The alerts that are active at each step, in the order of the rules.
pub(super) fn simulate(policy: &Policy, world: &World) -> Vec<Vec<Active>> {
    let mut simulation = Simulation { policy, world, states: BTreeMap::new() };
    let order = order(policy);
    (0..world.steps)
        .map(|step| {
            for rule in &order {
                simulation.evaluate(*rule, step);
            }
            let active = simulation.states.iter().map(|((rule, labels), state)| Active {
                rule: *rule,
                labels: labels.clone(),
                is_firing: state.is_firing,
                value: state.value,
            });
            active.collect()
        })
        .collect()
}

/// The levels as Prometheus evaluates them: group by group, in the order in which the groups first occur.
fn order(policy: &Policy) -> Vec<Rule> {
    let mut groups: Vec<&str> = Vec::new();
    for alert in &policy.alerts {
        if !groups.contains(&alert.group.as_str()) {
            groups.push(&alert.group);
        }
    }
    let of_group = |group| policy.alerts.iter().enumerate().filter(move |(_, alert)| alert.group == group);
    let alerts = groups.into_iter().flat_map(of_group);
    alerts.flat_map(|(at, alert)| (0..alert.levels.len()).map(move |level| (at, level))).collect()
}

impl Simulation<'_> {
    fn evaluate(&mut self, rule: Rule, step: usize) {
        let level = &self.policy.alerts[rule.0].levels[rule.1];
        let view = View { world: self.world, job: &self.policy.job, step };
        let mut holding: BTreeMap<Labels, f64> = BTreeMap::new();
        for Reading { labels, value } in self.read(level, rule, view) {
            let fires = |state: &State| state.is_firing;
            let was_firing = self.states.get(&(rule, labels.clone())).is_some_and(fires);
            if holds(level, &labels, value, was_firing) && level.guards.iter().all(|guard| view.guarded(guard, &labels))
            {
                holding.insert(labels, value);
            }
        }
        let interval = self.world.interval;
        let keep = World::steps_in(interval, level.keep_firing);
        self.states.retain(|(of, labels), state| {
            if *of != rule || holding.contains_key(labels) {
                return true;
            }
            let since = *state.ending.get_or_insert(step);
            state.is_firing && step - since < keep
        });
        for (labels, value) in holding {
            let hold = World::steps_in(interval, hold(level, &labels));
            let new = State { since: step, is_firing: false, ending: None, value };
            let state = self.states.entry((rule, labels)).or_insert(new);
            state.value = value;
            state.ending = None;
            state.is_firing |= step - state.since >= hold;
        }
    }

    fn read(&self, level: &Level, rule: Rule, view: View<'_>) -> Vec<Reading> {
        let one = |labels: Labels, value: f64| vec![Reading { labels, value }];
        let up = || view.of_metric("up").filter(|track| !track.at(view.step).is_nan());
        match &level.signal {
            Signal::Firing(severity) => {
                let targets = self.targets_in_trouble(rule, *severity);
                if targets == 0 { Vec::new() } else { one(Labels::new(), targets as f64) }
            }
            Signal::Unreachable => {
                up().map(|track| Reading { labels: track.labels.clone(), value: track.at(view.step) }).collect()
            }
            Signal::Absent if up().next().is_none() => {
                one(Labels::from([("job".to_owned(), self.policy.job.clone())]), 1.0)
            }
            Signal::Absent => Vec::new(),
            Signal::Always => one(Labels::new(), 1.0),
            Signal::Drift => drift::read(self.policy, view),
            signal => view.read(signal),
        }
    }

    /// The number of targets that have a firing alert of that severity, of another name.
    fn targets_in_trouble(&self, rule: Rule, severity: Severity) -> usize {
        let firing = self.states.iter().filter(|((of, _), state)| {
            of.0 != rule.0 && state.is_firing && self.policy.alerts[of.0].levels[of.1].severity == severity
        });
        firing.filter_map(|((_, labels), _)| labels.get("target")).collect::<BTreeSet<_>>().len()
    }
}

/// Whether the value makes the level active; while it fires, up to the number that ends it.
fn holds(level: &Level, labels: &Labels, value: f64, was_firing: bool) -> bool {
    let (fire, resolve) = match scope(level, labels) {
        Some(scope) => (scope.fire, scope.resolve),
        None => (Some(level.fire), level.resolve),
    };
    let Some(fire) = fire else { return false };
    let beyond = |number| level.compare.holds(value, number);
    beyond(fire) || (was_firing && resolve.is_some_and(beyond))
}

fn hold(level: &Level, labels: &Labels) -> Duration {
    scope(level, labels).map_or(level.hold, |scope| scope.hold)
}

/// What the level has of its own for that target.
fn scope<'l>(level: &'l Level, labels: &Labels) -> Option<&'l crate::Scope> {
    let target = labels.get("target")?;
    level.scopes.iter().find(|scope| scope.targets.contains(target))
}
