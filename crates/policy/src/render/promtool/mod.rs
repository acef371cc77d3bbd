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

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{iter, thread};

use self::cases::Context;
use super::rules::{RuleFile, rule_files};
use super::{Catalog, File};
use crate::{Alert, Level, Policy, Signal};

/// Between two evaluations, in milliseconds; at most two minutes, since a sample is good for five.
const INTERVALS: [u64; 10] = [120_000, 60_000, 30_000, 15_000, 10_000, 5_000, 1_000, 500, 250, 100];

/// The tests, a file for each alert: each is evaluated as seldom as its durations allow.
#[must_use]
pub fn files(policy: &Policy, catalog: &Catalog) -> Vec<File> {
    let rules = rule_files(policy, catalog);
    let file = |alert: Option<&Alert>| match alert {
        Some(alert) => File {
            path: format!("alerts/tests/{}.test.yml", alert.name).into(),
            text: tested(policy, catalog, &rules, alert),
        },
        None => causes::file(policy, catalog, &rules),
    };
    let alerts: Vec<Option<&Alert>> = policy.alerts.iter().map(Some).chain([None]).collect();
    on_all_cores(&alerts, file)
}

/// `work` for each of them, in their order.
fn on_all_cores<T: Copy + Sync, R: Send>(items: &[T], work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let share = || {
        let places = iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|place| *place < items.len()));
        places.map(|place| (place, work(items[place]))).collect::<Vec<_>>()
    };
    let mut done = thread::scope(|scope| {
        let others = 1..thread::available_parallelism().map_or(1, usize::from);
        let others: Vec<_> = others.map(|_| scope.spawn(share)).collect();
        let mut done = share();
        done.extend(others.into_iter().flat_map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic))));
        done
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The test file of one of the policy's alerts. It stands in a folder beside the rules.
#[must_use]
pub fn of_alert(policy: &Policy, catalog: &Catalog, alert: &Alert) -> String {
    tested(policy, catalog, &rule_files(policy, catalog), alert)
}

/// The same, where the rules are there already.
fn tested(policy: &Policy, catalog: &Catalog, rules: &[RuleFile], alert: &Alert) -> String {
    let context = Context { policy, catalog, interval: interval(policy, alert) };
    text::of_alert(policy, rules, alert, context.interval, context.cases(alert))
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
