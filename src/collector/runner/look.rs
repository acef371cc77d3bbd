//! A look at an instance: two polls by one collector, a moment apart, that end in time.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::driven::Polled;
use super::state::State;
use super::{ask, publish};
use crate::config::Look;
use crate::hub::Reason;

/// From the start of the first poll to that of the second: rates over less would be noise.
const GAP: Duration = Duration::from_millis(600);

/// Polls, and polls once more if the time is long enough for it, and publishes each outcome to a hub of its own.
///
/// The first poll may take all the time there is: a slow answer is an answer. A second one that is likely to be cut short is
/// not begun, and one that was cut short all the same says nothing: what the first one saw holds.
pub(super) async fn look(polled: Polled, look: &Look) {
    let configured = polled.instance.settings.deadline;
    let (mut state, mut collector) = (State::new(polled.instance), (polled.make)());
    let mut next = Instant::now();
    for (hub, is_first) in [(&look.first, true), (&look.second, false)] {
        sleep_until(next).await;
        let started = Instant::now();
        state.instance.settings.deadline = look.deadline(configured);
        collector.pace(&state.instance.settings);
        let outcome = ask(&mut *collector, &state.instance, false).await;
        let is_cut = state.instance.settings.deadline < configured
            && outcome.as_ref().is_err_and(|error| error.reason == Reason::Timeout);
        if is_cut && !is_first {
            return;
        }
        let (took, is_failed) = (started.elapsed(), outcome.is_err());
        publish(hub, &mut state, &mut *collector, outcome, took);
        next = (started + GAP).max(Instant::now());
        if is_failed || next + 2 * took > look.until {
            return;
        }
    }
}
