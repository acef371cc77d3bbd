//! The part of a policy that can be judged in one look, of two polls a moment apart: no alert waits for its `for`, and what a
//! counter did lately is what it did between the two polls.

use std::time::Duration;

use crate::evaluate::Active;
use crate::{Over, Policy, Signal};

/// A policy for one look.
#[derive(Debug, Clone)]
pub struct OneLook {
    /// The alerts of the whole policy, each with those of its levels that can be judged.
    pub policy: Policy,
    /// The names of alerts of which a level cannot be judged, since what it compares needs history.
    pub left_out: Vec<String>,
    /// Where each level is in the whole policy.
    places: Vec<Vec<usize>>,
}

impl OneLook {
    /// That of `policy`, where the two polls are `window` apart.
    #[must_use]
    pub fn new(policy: &Policy, window: Duration) -> Self {
        let mut look = Self { policy: policy.clone(), left_out: Vec::new(), places: Vec::new() };
        for alert in &mut look.policy.alerts {
            let (mut places, mut kept) = (Vec::new(), Vec::new());
            for (place, mut level) in std::mem::take(&mut alert.levels).into_iter().enumerate() {
                if level.signals().any(needs_history) {
                    if look.left_out.last() != Some(&alert.name) {
                        look.left_out.push(alert.name.clone());
                    }
                // What Prometheus sees of the agent, and what there is of several targets, is not a matter of a look.
                } else if level.signal.has_target() {
                    (level.hold, level.keep_firing) = (Duration::ZERO, Duration::ZERO);
                    level.scopes.iter_mut().for_each(|scope| scope.hold = Duration::ZERO);
                    level.set_windows(|_| window);
                    kept.push(level);
                    places.push(place);
                }
            }
            alert.levels = kept;
            look.places.push(places);
        }
        look
    }

    /// The same alert with its place in the whole policy.
    #[must_use]
    pub fn whole(&self, active: Active) -> Active {
        Active { level: self.places[active.alert][active.level], ..active }
    }
}

/// A window of such a length is meant: of less, it would be another number.
const LONG: Duration = Duration::from_hours(1);

/// Whether a signal is about a time that no look is long enough for.
fn needs_history(signal: &Signal) -> bool {
    matches!(signal, Signal::Growth { .. } | Signal::Forecast { .. } | Signal::Over { what: Over::Changes, .. })
        || signal.window().is_some_and(|window| window >= LONG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shipped;

    #[test]
    fn what_needs_history_is_left_out_and_the_rest_waits_for_nothing() {
        let policy = shipped().unwrap();
        let gap = Duration::from_millis(600);
        let look = OneLook::new(&policy, gap);
        assert_eq!(look.policy.alerts.len(), policy.alerts.len());
        for name in ["RedisMemoryGrowing", "ContainerCpuHigh", "ContainerMemoryLarge"] {
            assert!(look.left_out.iter().any(|other| other == name), "{name}: {:?}", look.left_out);
        }
        let levels: Vec<_> = look.policy.alerts.iter().flat_map(|alert| &alert.levels).collect();
        assert!(levels.iter().all(|level| level.hold.is_zero() && level.signal.window().is_none_or(|it| it == gap)));
        let of = |name: &str| look.policy.alerts.iter().position(|alert| alert.name == name).unwrap();
        assert!(look.policy.alerts[of("Watchdog")].levels.is_empty(), "it is not about a target");
        // The first of its levels is the one that is left out.
        let cpu = of("ContainerCpuHigh");
        let active = Active { alert: cpu, level: 0, labels: [].into(), is_firing: true, value: 1.0 };
        let whole = look.whole(active);
        let (one, other) = (&policy.alerts[cpu].levels[whole.level], &look.policy.alerts[cpu].levels[0]);
        assert_eq!((one.severity, &one.signal), (other.severity, &other.signal));
    }
}
