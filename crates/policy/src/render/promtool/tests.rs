use std::collections::BTreeMap;
use std::time::Duration;

use super::cases::Context;
use super::course::simulate;
use super::world::{Labels, Track, World};
use crate::evaluate::Sample;
use crate::render::Catalog;
use crate::{Signal, duration, testing};

fn catalog() -> Catalog {
    Catalog::new(&testing::metrics())
}

/// What a case says of its steps must be what becomes of them: a case that does not bring its alert about tests nothing.
#[test]
fn every_case_does_what_it_says() {
    let policy = crate::shipped().unwrap();
    let catalog = catalog();
    let mut wrong = Vec::new();
    for alert in &policy.alerts {
        let context = Context { policy: &policy, catalog: &catalog, interval: super::interval(&policy, alert) };
        for case in context.cases(alert) {
            let course = simulate(&policy, &case.world);
            for check in &case.checks {
                let active = course[check.step].iter().filter(|active| {
                    active.is_firing && policy.alerts[active.alert].name == alert.name && active.level == case.level
                });
                let count = active.count();
                if (count > 0) != check.fires {
                    let level = &alert.levels[case.level];
                    wrong.push(format!(
                        "{} {:?}, {}, step {}: {}",
                        alert.name, level.severity, case.title, check.step, check.word
                    ));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Every level has each of the cases that its form of signal asks for.
#[test]
fn every_level_is_tried_in_each_state() {
    let policy = crate::shipped().unwrap();
    let catalog = catalog();
    for alert in &policy.alerts {
        let context = Context { policy: &policy, catalog: &catalog, interval: super::interval(&policy, alert) };
        let mut titles: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for case in context.cases(alert) {
            titles.entry(case.level).or_default().push(case.title);
        }
        for (at, level) in alert.levels.iter().enumerate() {
            let titles = &titles[&at];
            assert!(!titles.is_empty(), "{} {at}", alert.name);
            if level.signal.has_target() {
                assert_eq!(titles[0], "from short of it to over again", "{} {at}", alert.name);
                assert!(titles.contains(&"its series are absent"), "{} {at}", alert.name);
                let guards = titles.iter().filter(|title| **title == "its condition does not hold").count();
                assert_eq!(guards, level.guards.len(), "{} {at}", alert.name);
                let is_first = !alert.levels[..at].iter().any(|other| other.signal.is_same(&level.signal));
                let missing = if level.signal.is_while_watched() {
                    "scrapes fail, and its target is watched no more"
                } else {
                    "its samples are missing"
                };
                assert_eq!(titles.contains(&missing), is_first, "{} {at}", alert.name);
                let is_counter = matches!(level.signal, Signal::Rate { .. } | Signal::Increase { .. });
                let restarts = titles.contains(&"its counter restarts while it rises");
                assert_eq!(restarts, is_first && is_counter, "{} {at}", alert.name);
            }
        }
    }
}

/// What promtool reads must be the very numbers that were computed with.
#[test]
fn values_are_written_as_promtool_reads_them() {
    let notation = |values: Vec<f64>| {
        let steps = values.len();
        let track =
            Track { metric: "m".to_owned(), labels: Labels::from([("a".to_owned(), "b\"c".to_owned())]), values };
        let interval = Duration::from_secs(30);
        World { interval, steps, tracks: vec![track] }.input_series().remove(0)
    };
    let series = "m{a=\"b\\\"c\"}".to_owned();
    for (values, expected) in [
        (vec![1.0], "1"),
        (vec![1.0, 1.0, 1.0, 2.5], "1x2 2.5"),
        (vec![1.0, 2.0], "1 2"),
        (vec![1000.0, 1005.15, 1005.15 + 5.15, 0.0, 0.0], "1000+5.15x2 0x1"),
        (vec![3.0, 2.0, 1.0], "3-1x2"),
        (vec![f64::NAN, f64::NAN, f64::NAN, 1.0], "_x3 1"),
        (vec![f64::INFINITY, f64::INFINITY], "Infx1"),
        (vec![1.0, 1.0, Sample::STALE, f64::NAN, f64::NAN, 2.0], "1x1 stale _x2 2"),
    ] {
        assert_eq!(notation(values), (series.clone(), expected.to_owned()));
    }
    for (millis, expected) in [(0, "0s"), (500, "500ms"), (90_000, "1m30s"), (86_400_000, "1d"), (3_600_250, "1h250ms")]
    {
        assert_eq!(duration(Duration::from_millis(millis)), expected);
    }
}
