//! What a policy makes of samples: the one evaluator, for the tests of the rules and for whoever alerts without Prometheus.
//!
//! It agrees with Prometheus 2.42 to the letter, and the rendered tests prove it in the real promtool: a value counts for the
//! policy's gap, windows go by the times of their samples, an alert is pending for its `for` and goes on
//! for its `keep_firing_for`. It has no clock: every tick is told the time. All that is remembered from one tick to the next
//! is which alerts are active and which causes were seen; the rest is in the samples.

mod causes;
mod describe;
mod drift;
mod elements;
mod join;
mod quantile;
mod samples;
mod state;
mod watch;
mod window;

#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::ops::Deref;

use self::causes::Causes;
pub(crate) use self::causes::Silence;
pub use self::describe::description;
pub(crate) use self::describe::scope;
pub use self::elements::{Element, elements};
pub use self::samples::{Label, Millis, Sample, Samples, Track, label};
pub use self::state::Active;
use self::watch::{Watched, in_trouble};
use crate::{Policy, Signal};

/// A policy, and which of its alerts are active.
#[derive(Debug)]
pub struct Evaluator<P> {
    policy: P,
    /// In the order of the policy.
    levels: Vec<Watched>,
    /// The places of the levels in the order in which Prometheus evaluates them: group by group.
    order: Vec<usize>,
    /// Every signal once, however many levels and guards compare it.
    signals: Vec<Signal>,
    /// What follows from what.
    causes: Causes,
}

impl<P: Deref<Target = Policy>> Evaluator<P> {
    /// Nothing is active yet.
    pub fn new(policy: P) -> Self {
        let mut signals: Vec<Signal> = Vec::new();
        let mut place = |signal: &Signal| {
            signals.iter().position(|other| other.is_same(signal)).unwrap_or_else(|| {
                signals.push(signal.clone());
                signals.len() - 1
            })
        };
        let alerts = policy.alerts.iter().enumerate();
        let levels: Vec<Watched> = alerts
            .flat_map(|(at, alert)| alert.levels.iter().enumerate().map(move |(of_alert, level)| (at, of_alert, level)))
            .map(|(alert, at, level)| Watched::new((alert, at), level, &mut place))
            .collect();
        let groups = policy.groups();
        let mut order: Vec<usize> = (0..levels.len()).collect();
        order.sort_by_key(|at| {
            let group = &policy.alerts[levels[*at].alert()].group;
            groups.iter().position(|other| other == group)
        });
        let causes = Causes::new(&policy);
        Self { policy, levels, order, signals, causes }
    }

    /// Evaluates every level at a time, which must be later than that of the last tick.
    pub fn tick(&mut self, samples: &impl Samples, now: Millis) {
        let policy: &Policy = &self.policy;
        // A signal is computed once a tick, and one that only a guard asks for only where there is something to guard.
        let computed: Vec<OnceCell<Vec<Element<'_>>>> = self.signals.iter().map(|_| OnceCell::new()).collect();
        let of = |at: usize| computed[at].get_or_init(|| elements(policy, &self.signals[at], samples, now)).as_slice();
        let levels = &self.levels;
        let holding: Vec<Vec<&Element<'_>>> =
            levels.iter().map(|watched| watched.holding(policy, of(watched.signal), of)).collect();
        self.causes.see(policy, samples, now, |place| {
            let at = levels.binary_search_by_key(&place, Watched::place);
            let elements = at.into_iter().flat_map(|at| holding[at].iter().map(move |element| (at, &*element.labels)));
            elements
                .filter(|(at, labels)| levels[*at].has_general_hold(policy, labels))
                .map(|(_, labels)| labels)
                .collect()
        });
        for &at in &self.order {
            let level = self.levels[at].level(policy);
            if let Signal::Firing(severity) = level.signal {
                let trouble = in_trouble(policy, &self.levels, self.levels[at].alert(), severity, &self.causes);
                let holding = self.levels[at].holding(policy, &trouble, of);
                self.levels[at].update(level, &holding, now);
            } else {
                self.levels[at].update(level, &holding[at], now);
            }
        }
    }

    /// Every element on which alerts are silenced since the last tick.
    pub(crate) fn silences(&self) -> Vec<Silence> {
        self.causes.silenced(&self.policy)
    }

    /// What is pending or fires since the last tick, in the order of the policy.
    pub fn active(&self) -> impl Iterator<Item = Active> {
        self.levels.iter().flat_map(Watched::active)
    }
}
