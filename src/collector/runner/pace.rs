//! When an instance is polled.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::{Interval, TargetSettings};
use crate::hub::{Beat, Hub, Key};

/// So far apart, in intervals, are the places of one target and the next: evenly, however many there are.
const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;

/// The parts of the interval in which the time is counted that a poll begins before its scrape.
const GRID: u32 = 20;

/// How fast a slow poll is forgotten.
const FORGETTING: f64 = 0.9;

/// When an instance is polled: between two scrapes each, or at a fixed interval.
pub(super) struct Pace {
    key: Key,
    hub: Arc<Hub>,
    configured: TargetSettings,
    /// Wakes when there are scrapes to follow; `None` for a written interval, which holds as written.
    changed: Option<Arc<Notify>>,
    /// Since when intervals are counted, and where in each of them the polls begin that follow no scrapes.
    place: (Instant, f64),
    /// The slowest of the last polls, in seconds.
    slowest: f64,
    /// How long before its scrape a poll begins.
    lead: Duration,
}

impl Pace {
    /// The pace of an instance that `others` were there before.
    pub(super) fn new(key: Key, configured: TargetSettings, hub: &Arc<Hub>, others: usize) -> Self {
        let changed = match configured.interval {
            Interval::Auto(_) => Some(hub.rhythm().follow(&key)),
            Interval::Every(_) => None,
        };
        let place = (Instant::now(), (others as f64 * GOLDEN_RATIO).fract());
        Self { key, hub: Arc::clone(hub), configured, changed, place, slowest: 0.0, lead: Duration::ZERO }
    }

    /// Waits until there are other scrapes to follow.
    pub(super) async fn changed(&self) {
        match &self.changed {
            Some(changed) => changed.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Takes note of how long a good poll took: the next ones begin early enough.
    pub(super) fn took(&mut self, duration: Duration) {
        self.slowest = duration.as_secs_f64().max(self.slowest * FORGETTING);
    }

    /// When the poll after the one that began at `started` begins. `settings` become those that hold for it.
    pub(super) fn next(&mut self, started: Instant, settings: &mut TargetSettings) -> Instant {
        let now = Instant::now();
        let beat = self.changed.as_ref().and_then(|_| self.hub.rhythm().beat(&self.key, now));
        let Some(mut beat) = beat else {
            (settings.interval, settings.deadline) = (self.configured.interval, self.configured.deadline);
            // Without jitter: what lasts as long as the interval must be seen by a poll. Agents began at different moments.
            let (period, (next, share)) = (settings.interval.length(), self.place);
            let places = Beat { period, next, share: Some(share) };
            return places.slot(now.max(started + period / GRID), Duration::ZERO);
        };
        // What is expensive is not asked for each of many scrapes.
        let scrapes = self.configured.shortest_interval.as_secs_f64() / beat.period.as_secs_f64();
        beat.period = beat.period.mul_f64((scrapes - 0.1).ceil().max(1.0));
        settings.interval = Interval::Auto(beat.period);
        settings.deadline = self.configured.deadline_within(beat.period);
        self.lead = lead(self.lead, self.slowest, beat.period);
        // One poll between two scrapes: not another one for the scrape that the last one was for.
        beat.slot(now.max(started + beat.period / 2), self.lead)
    }
}

/// How long before the scrape a poll begins that may take `slowest`. The distance between two polls is that between two scrapes
/// only as long as this does not change, so it changes when it has to, in steps.
fn lead(current: Duration, slowest: f64, period: Duration) -> Duration {
    let step = period / GRID;
    let needed = Duration::try_from_secs_f64(2.0 * slowest).unwrap_or(period).max(step);
    let is_right = current >= needed && current <= (3 * needed).max(2 * step);
    let steps = (needed.as_secs_f64() / step.as_secs_f64()).ceil();
    if is_right { current } else { step.mul_f64(steps).min(period / 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_follows_slow_polls_in_steps_and_stays_otherwise() {
        let period = Duration::from_secs(20);
        let leads = [0.001, 0.01, 0.6, 0.7, 1.3, 1.2, 0.5, 0.3, 9.0].iter().scan(Duration::ZERO, |current, slowest| {
            *current = lead(*current, *slowest, period);
            Some(current.as_secs())
        });
        assert_eq!(leads.collect::<Vec<_>>(), [1, 1, 2, 2, 3, 3, 3, 3, 10]);
    }
}
