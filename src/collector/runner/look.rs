//! A look at an instance: two polls by one collector, a moment apart, that end in time.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};

use super::state::State;
use super::{Instance, poll_once, publish, sight};
use crate::collector::Collector;
use crate::config::Look;
use crate::hub::Reason;

/// From the start of the first poll to that of the second: rates over less would be noise.
const GAP: Duration = Duration::from_millis(600);

/// Polls, and polls once more if the time is long enough for it, and publishes each outcome to a hub of its own.
///
/// The first poll may take all the time there is: a slow answer is an answer. A second one that is likely to be cut short is
/// not begun, and one that was cut short all the same says nothing: what the first one saw holds.
pub async fn look<C: Collector>(mut collector: C, instance: Instance, look: &Look) {
    let configured = instance.settings.deadline;
    let mut state = State::new(C::NAME, instance);
    let mut next = Instant::now();
    for (hub, is_first) in [(&look.first, true), (&look.second, false)] {
        sleep_until(next).await;
        let started = Instant::now();
        state.instance.settings.deadline = look.deadline(configured);
        collector.pace(&state.instance.settings);
        let outcome = poll_once(&mut collector, &state.instance).await;
        let is_cut = state.instance.settings.deadline < configured
            && outcome.0.as_ref().is_err_and(|error| error.reason == Reason::Timeout);
        if is_cut && !is_first {
            return;
        }
        let took = started.elapsed();
        let families = state.record(&collector, &outcome, took, SystemTime::now());
        publish(hub, state.status(), families, sight(&collector, &outcome));
        next = (started + GAP).max(Instant::now());
        if outcome.0.is_err() || next + 2 * took > look.until {
            return;
        }
    }
}
