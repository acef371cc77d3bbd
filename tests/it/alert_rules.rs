//! The rendered rules, under their rendered tests, in the real promtool.
//!
//! Minutes of computing: their name has them begin first, while others wait.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use manometer::app;
use manometer::collector::KINDS;
use manometer::config::Config;
use manometer::policy;
use manometer::policy::render::{Catalog, File, promtool, rules};
use manometer::policy::{Alert, Compare, Level, Over, Policy, Signal};
use tempfile::TempDir;

use crate::support::agent::write as write_config;
use crate::support::missing::missing;
use crate::support::promtool::{check_rules, test_rules};
use crate::support::wait::give_way;

/// The rules of a policy in a folder of their own.
fn folder(policy: &Policy, catalog: &Catalog) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("alerts/tests")).unwrap();
    write(&folder, &rules::files(policy, catalog));
    folder
}

fn write(folder: &TempDir, files: &[File]) {
    for file in files {
        std::fs::write(folder.path().join(&file.path), &file.text).unwrap();
    }
}

fn catalog() -> Catalog {
    Catalog::new(&app::metrics())
}

/// Whatever is overridden, rules and tests follow alike: numbers, durations, some targets, none at all.
const OVERRIDES: &str = r#"
[[redis]]
name = "main"
url = "redis://127.0.0.1:1"
[[redis]]
name = "cache"
url = "redis://127.0.0.1:2"
[thresholds]
profile = "cross-region"
job = "watch"
dashboards = "https://grafana.example.org/"
[thresholds.redis_down]
critical_for = "5s"
[[thresholds.redis_memory_high]]
warning = 0.7
warning_resolve = 0.6
[[thresholds.redis_memory_high]]
target = "cache"
warning = 0.93
warning_resolve = 0.9
warning_for = "10m"
critical = 0.97
critical_resolve = 0.95
[thresholds.cache_hit_ratio_low]
target = "cache"
enabled = false
[thresholds.redis_memory_growing]
warning = 3600
[thresholds.redis_rejected_connections]
critical = 5
critical_for = "1m"
"#;

#[test]
fn the_shipped_rules_do_what_the_policy_says() {
    if missing(&["promtool"]) {
        return;
    }
    assert_rules_pass_their_tests(&policy::shipped().unwrap(), |_| true);
}

#[test]
fn rules_with_other_numbers_do_what_those_say() {
    if missing(&["promtool"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "config.toml", OVERRIDES);
    let shipped = policy::shipped().unwrap();
    let mut policy = Config::apply_thresholds(&config, shipped.clone(), KINDS).unwrap();
    policy.alerts.retain(|alert| shipped.alert(&alert.name) != Some(alert) || alert.name == "RedisMemoryGrowing");
    let names: Vec<&str> = policy.alerts.iter().map(|alert| &*alert.name).collect();
    for name in ["RedisDown", "RedisPingHigh", "RedisMemoryHigh", "CacheHitRatioLow", "PublishLatencyHigh"] {
        assert!(names.contains(&name), "{names:?}");
    }
    // What silences others is made of the same words, and its test is the longest of all.
    assert_rules_pass_their_tests(&policy, |test| !test.path.ends_with("CauseInhibitor.test.yml"));
}

fn assert_rules_pass_their_tests(policy: &Policy, is_wanted: impl Fn(&File) -> bool) {
    give_way();
    let catalog = catalog();
    let folder = folder(policy, &catalog);
    let rules = rules::files(policy, &catalog).iter().map(|file| folder.path().join(&file.path)).collect::<Vec<_>>();
    assert_eq!(check_rules(&rules), Ok(()));
    let mut tests = promtool::files(policy, &catalog);
    tests.retain(is_wanted);
    // The longest first, so that none of them is left alone at the end.
    tests.sort_by_key(|test| std::cmp::Reverse(test.text.len()));
    write(&folder, &tests);
    let failed = all(&tests, |test| {
        let said = test_rules(&[folder.path().join(&test.path)]).err()?;
        Some(format!("{}: {}", test.path.display(), said.chars().take(6000).collect::<String>()))
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What comes of each item, several worked on at a time.
fn all<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> Option<R> + Sync) -> Vec<R> {
    const WORKERS: usize = 4;
    let next = AtomicUsize::new(0);
    let worker = || {
        let items = std::iter::from_fn(|| items.get(next.fetch_add(1, Ordering::Relaxed)));
        items.filter_map(&work).collect::<Vec<R>>()
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

/// One change that the tests must notice.
struct Mutation {
    alert: String,
    /// How the names of the level's tests begin.
    level: String,
    what: String,
    policy: Policy,
}

/// The alert alone, and what fires it where it is about other alerts: what else there is has no part in it.
fn alone(policy: &Policy, alert: &Alert) -> Policy {
    let is_about_others = alert.levels.iter().any(|level| matches!(level.signal, Signal::Firing(_)));
    let is_needed = |other: &Alert| other.name == alert.name || (is_about_others && other.name == "RedisDown");
    Policy { alerts: policy.alerts.iter().filter(|other| is_needed(other)).cloned().collect(), ..policy.clone() }
}

/// Every way in which one level can be wrong in one number, one comparison, one duration, one condition.
fn mutations(policy: &Policy) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for alert in &policy.alerts {
        let alone = alone(policy, alert);
        let place = alone.alerts.iter().position(|other| other.name == alert.name).unwrap();
        for (at, level) in alert.levels.iter().enumerate() {
            let condition = level.condition.as_ref().map(|condition| format!(" ({condition})")).unwrap_or_default();
            let name = format!("{} {}{condition}", alert.name, level.severity.as_str());
            for (what, wrong) in wrong_levels(level) {
                let mut policy = alone.clone();
                policy.alerts[place].levels[at] = wrong;
                let what = format!("{name}: {what}");
                mutations.push(Mutation { alert: alert.name.clone(), level: format!("{name}: "), what, policy });
            }
        }
    }
    mutations
}

fn wrong_levels(level: &Level) -> Vec<(String, Level)> {
    let mut wrong = Vec::new();
    let mut change = |what: String, change: &dyn Fn(&mut Level)| {
        let mut level = level.clone();
        change(&mut level);
        wrong.push((what, level));
    };
    let has_number = !matches!(level.signal, Signal::Absent | Signal::Drift | Signal::Always);
    if has_number {
        for number in others(level.fire, &level.signal) {
            change(format!("{} instead of {}", number, level.fire), &|level| level.fire = number);
        }
        // What grows beside it is at the very number for a moment only.
        let grows = level.guards.iter().any(|guard| matches!(guard.signal, Signal::Growth { .. }));
        for compare in other_comparisons(level.compare, grows || level.signal.is_inexact()) {
            change(format!("{compare:?} instead of {:?}", level.compare), &|level| level.compare = compare);
        }
    }
    for number in level.resolve.map(|number| others(number, &level.signal)).unwrap_or_default() {
        change(format!("it ends at {number}"), &|level| level.resolve = Some(number));
    }
    if level.resolve.is_some() {
        change("it ends where it begins".to_owned(), &|level| level.resolve = None);
    }
    if let Signal::Quantile { part, .. } = &level.signal {
        for other in [part - 0.04, part + 0.04] {
            change(format!("the quantile {other}"), &|level| {
                if let Signal::Quantile { part, .. } = &mut level.signal {
                    *part = other;
                }
            });
        }
    }
    if level.hold.is_zero() {
        change("it must hold".to_owned(), &|level| level.hold = Duration::from_mins(2));
    } else {
        change("half the time".to_owned(), &|level| level.hold /= 2);
        change("twice the time".to_owned(), &|level| level.hold *= 2);
    }
    if level.signal != Signal::Always {
        change("it goes on firing".to_owned(), &|level| level.keep_firing += Duration::from_mins(5));
    }
    // Not of slopes: a straight line has the same one however far back one looks.
    let is_slope = matches!(level.signal, Signal::Growth { .. } | Signal::Forecast { .. });
    if let Some(window) = level.signal.window().filter(|_| !is_slope) {
        for (what, other) in [("half", window / 2), ("twice", window * 2)] {
            change(format!("{what} the window"), &|level| level.signal.set_window(|_| other));
        }
    }
    for at in 0..level.guards.len() {
        change(format!("without condition {at}"), &|level| drop(level.guards.remove(at)));
        let guard = &level.guards[at];
        for number in others(guard.number, &guard.signal) {
            change(format!("condition {at} at {number}"), &|level| level.guards[at].number = number);
        }
        for compare in other_comparisons(guard.compare, guard.number != 0.0 && guard.signal.is_inexact()) {
            change(format!("condition {at} {compare:?}"), &|level| level.guards[at].compare = compare);
        }
    }
    wrong
}

/// A tenth more and a tenth less; of what is counted in whole numbers, one.
fn others(number: f64, signal: &Signal) -> Vec<f64> {
    if number == 0.0 {
        vec![1.0]
    } else if matches!(signal, Signal::Firing(_) | Signal::Over { what: Over::Changes, .. }) {
        vec![number + 1.0, number - 1.0]
    } else {
        vec![number * 1.1, number * 0.9]
    }
}

/// The other direction; and the same one with or without the number itself, where the signal can be that number.
fn other_comparisons(compare: Compare, is_inexact: bool) -> Vec<Compare> {
    let (swapped, close) = match compare {
        Compare::Above => (Compare::Below, Compare::AtLeast),
        Compare::Below => (Compare::Above, Compare::AtMost),
        Compare::AtLeast => (Compare::AtMost, Compare::Above),
        Compare::AtMost => (Compare::AtLeast, Compare::Below),
        Compare::Equal => return vec![Compare::Above],
    };
    if is_inexact { vec![swapped] } else { vec![swapped, close] }
}

#[test]
fn no_number_can_be_wrong_without_a_test_that_fails() {
    if missing(&["promtool"]) {
        return;
    }
    give_way();
    let (policy, catalog) = (policy::shipped().unwrap(), catalog());
    let mutations = mutations(&policy);
    assert!(mutations.len() > 300, "{}", mutations.len());
    // Each is a run of promtool: `make mutations` tries all of them.
    let every = if std::env::var_os("ALL_MUTATIONS").is_some() { 1 } else { 12 };
    let mutations: Vec<Mutation> = mutations.into_iter().step_by(every).collect();
    let tests: BTreeMap<&str, String> = policy
        .alerts
        .iter()
        .map(|alert| (&*alert.name, promtool::of_alert(&alone(&policy, alert), &catalog, alert)))
        .collect();
    let unnoticed = all(&mutations, |mutation| {
        let folder = folder(&mutation.policy, &catalog);
        let test = folder.path().join("alerts/tests/one.test.yml");
        let passes = |text: &str| {
            std::fs::write(&test, text).unwrap();
            test_rules(std::slice::from_ref(&test)).is_ok()
        };
        let tests = &tests[&*mutation.alert];
        // Most of what can be wrong with a level the first of its tests notices: the others are run where it does not.
        let goes_unnoticed = passes(&first_of(tests, &mutation.level)) && passes(tests);
        goes_unnoticed.then(|| mutation.what.clone())
    });
    assert_eq!(unnoticed, Vec::<String>::new());
}

/// A test file with no other test than the first one whose name begins so.
fn first_of(tests: &str, name: &str) -> String {
    let begins = "  - name: ";
    let (head, _) = tests.split_once(begins).unwrap();
    let mut all = tests.split(begins).skip(1);
    let first = all.find(|test| test.starts_with(&format!("'{name}"))).unwrap_or_else(|| panic!("{name}"));
    format!("{head}{begins}{first}")
}
