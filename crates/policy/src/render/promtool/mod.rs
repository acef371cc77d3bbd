//! Unit tests of the rules for promtool: alerts/tests/*.test.yml.
//!
//! For every level of every alert: short of it, pending, firing, held, over; a condition that does not hold; series that are
//! not meant, a limit that is not set, a counter that restarts; and at each step that is looked at, everything else that is
//! pending or fires. What must happen is computed from the words of the policy, never from the expressions under test.

mod cases;
mod causes;
mod course;
mod expect;
mod text;
mod world;

#[cfg(test)]
mod tests;

use std::time::Duration;

use self::cases::Context;
use super::{Catalog, File};
use crate::{Alert, Level, Policy, Signal};

/// Between two evaluations, in milliseconds; at most two minutes, since a sample is good for five.
const INTERVALS: [u64; 10] = [120_000, 60_000, 30_000, 15_000, 10_000, 5_000, 1_000, 500, 250, 100];

/// The tests, a file for each alert: each is evaluated as seldom as its durations allow.
#[must_use]
pub fn files(policy: &Policy, catalog: &Catalog) -> Vec<File> {
    let path = |alert: &Alert| format!("alerts/tests/{}.test.yml", alert.name).into();
    let alerts = policy.alerts.iter().map(|alert| File { path: path(alert), text: of_alert(policy, catalog, alert) });
    alerts.chain(std::iter::once(causes::file(policy, catalog))).collect()
}

/// The test file of one of the policy's alerts. It stands in a folder beside the rules.
#[must_use]
pub fn of_alert(policy: &Policy, catalog: &Catalog, alert: &Alert) -> String {
    let context = Context { policy, catalog, interval: interval(policy, alert) };
    text::of_alert(policy, catalog, alert, context.interval, context.cases(alert))
}

/// So short that half of any time in the rules can be told from all of it, and such that windows are whole numbers of it.
fn interval(policy: &Policy, alert: &Alert) -> Duration {
    let levels = || alert.levels.iter();
    let scopes = levels().flat_map(|level| &level.scopes).map(|scope| scope.hold);
    let holds = levels().flat_map(|level| [level.hold, level.keep_firing]).chain(scopes);
    let signals = levels().flat_map(Level::signals);
    let windows: Vec<Duration> = signals.filter_map(Signal::window).collect();
    let gap = policy.times.gap / 4;
    let shortest = holds.map(|hold| hold / 2).chain(windows.iter().map(|window| *window / 5)).chain([gap]);
    let shortest = shortest.filter(|time| !time.is_zero()).min().unwrap_or(Duration::MAX);
    let fits = |interval: &Duration| {
        let is_whole = |window: &Duration| window.as_millis().is_multiple_of(interval.as_millis());
        *interval <= shortest && windows.iter().all(is_whole)
    };
    INTERVALS.map(Duration::from_millis).into_iter().find(fits).unwrap_or(Duration::from_millis(100))
}
