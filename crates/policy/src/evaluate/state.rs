//! Which alerts are active: pending until they have held for long enough, firing, and for a while after it is over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::elements::Element;
use super::samples::{Label, Millis};

/// An alert that is pending or fires.
#[derive(Debug, Clone, PartialEq)]
pub struct Active {
    /// The place of the alert in the policy.
    pub alert: usize,
    /// The place of the level in the alert.
    pub level: usize,
    /// Those of the series, without the ones that the rule sets.
    pub labels: Arc<[Label]>,
    /// Whether it is no longer pending.
    pub is_firing: bool,
    /// The last value that made it active.
    pub value: f64,
}

/// The active alerts of one level, by the labels of their series.
#[derive(Debug, Default)]
pub(super) struct States(HashMap<Arc<[Label]>, State>);

#[derive(Debug, Clone, Copy)]
struct State {
    since: Millis,
    /// The last tick at which its condition held.
    seen: Millis,
    /// The first tick since then at which it did not.
    ending: Option<Millis>,
    is_firing: bool,
    value: f64,
}

impl States {
    pub(super) fn is_firing(&self, labels: &[Label]) -> bool {
        // Most of the time nothing is active: do not compare labels for that.
        !self.0.is_empty() && self.0.get(labels).is_some_and(|state| state.is_firing)
    }

    /// The labels of what fires.
    pub(super) fn firing(&self) -> impl Iterator<Item = &[Label]> {
        self.0.iter().filter(|(_, state)| state.is_firing).map(|(labels, _)| &**labels)
    }

    /// The condition of an alert holds, which fires once it has done so for `hold`.
    pub(super) fn hold(&mut self, element: &Element<'_>, hold: Duration, now: Millis) {
        let value = element.value;
        if let Some(state) = self.0.get_mut(&*element.labels) {
            (state.seen, state.ending, state.value) = (now, None, value);
            state.is_firing |= has_passed(state.since, now, hold);
        } else {
            let state = State { since: now, seen: now, ending: None, is_firing: hold.is_zero(), value };
            self.0.insert(element.labels.as_ref().into(), state);
        }
    }

    /// Ends what does not hold at this tick: at once while it is pending, after `keep_firing` if it fires.
    pub(super) fn release(&mut self, keep_firing: Duration, now: Millis) {
        self.0.retain(|_, state| {
            if state.seen == now {
                return true;
            }
            let since = *state.ending.get_or_insert(now);
            state.is_firing && !has_passed(since, now, keep_firing)
        });
    }

    /// In the order of their labels.
    pub(super) fn active(&self, (alert, level): (usize, usize)) -> impl Iterator<Item = Active> {
        let all = self.0.iter().map(|(labels, state)| {
            let &State { is_firing, value, .. } = state;
            Active { alert, level, labels: Arc::clone(labels), is_firing, value }
        });
        let mut all: Vec<Active> = all.collect();
        all.sort_unstable_by(|one, other| one.labels.cmp(&other.labels));
        all.into_iter()
    }
}

fn has_passed(since: Millis, now: Millis, time: Duration) -> bool {
    u128::try_from(now - since).is_ok_and(|passed| passed >= time.as_millis())
}
