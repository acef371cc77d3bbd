//! Alerts from tick to tick, at irregular times.

use std::path::Path;

use super::Recorded;
use crate::Policy;
use crate::evaluate::{Evaluator, Sample, label};

/// A policy with one alert; `levels` are its tables.
fn policy(signal: &str, levels: &str) -> Policy {
    let text = format!(
        "[[alert]]\nname = \"High\"\ngroup = \"one\"\nsummary = \"High.\"\ndescription = \"{{target}}\"\npanel = \"a.b\"\n\
         unit = \"factor\"\nsignal = {signal}\n[[alert.level]]\nseverity = \"warning\"\n{levels}"
    );
    crate::parse(&text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}"))
}

/// What is active: `main` while it fires, `(main)` while it is pending.
fn active(evaluator: &Evaluator<&Policy>) -> String {
    let mut words = Vec::new();
    for active in evaluator.active() {
        let names = ["target", "pool"].map(|name| label(&active.labels, name));
        let name: Vec<&str> = names.into_iter().flatten().collect();
        words.push(if active.is_firing { name.join("/") } else { format!("({})", name.join("/")) });
    }
    words.join(" ")
}

/// Ticks at these seconds, with what is active after each.
fn assert_course(policy: &Policy, recorded: &Recorded, course: &[(i64, &str)]) {
    let mut evaluator = Evaluator::new(policy);
    for (seconds, expected) in course {
        evaluator.tick(recorded, seconds * 1000);
        assert_eq!(active(&evaluator), *expected, "at {seconds} s");
    }
}

#[test]
fn it_is_pending_for_its_time_and_goes_on_for_another() {
    let policy = policy("{ value = \"m\" }", "above = 5\nresolve = 3\nfor = \"1m\"\nkeep_firing_for = \"90s\"");
    let mut recorded = Recorded::default();
    let samples = [(0, 6.0), (50, 4.0), (60, 6.0), (130, 4.0), (200, 2.0), (260, 6.0), (300, 1.0)];
    recorded.add("m", &[("target", "main")], &samples);
    assert_course(
        &policy,
        &recorded,
        &[
            (0, "(main)"),
            (59, ""),
            (61, "(main)"),
            (120, "(main)"),
            (121, "main"),
            // Not beyond the number at which it fires, and beyond the one that ends it.
            (199, "main"),
            (207, "main"),
            (259, "main"),
            (261, "main"),
            (301, "main"),
            (390, "main"),
            (391, ""),
        ],
    );
}

#[test]
fn what_is_missing_or_has_ended_is_over_after_the_gap() {
    let policy = policy("{ value = \"m\" }", "above = 5");
    let mut recorded = Recorded::default();
    recorded.add("m", &[("target", "ends")], &[(0, 6.0), (100, Sample::STALE)]);
    recorded.add("m", &[("target", "gone")], &[(0, 6.0), (15, 7.0)]);
    let course = [(15, "ends gone"), (100, "ends gone"), (120, "ends gone"), (121, "gone"), (135, "gone"), (136, "")];
    assert_course(&policy, &recorded, &course);
}

#[test]
fn a_guard_holds_for_what_it_shares_labels_with() {
    let levels = "above = 5\nwhen = [{ value = \"load\", above = 1 }]";
    let policy = policy("{ value = \"m\" }", levels);
    let mut recorded = Recorded::default();
    for (target, pool) in [("main", "a"), ("main", "b"), ("other", "a"), ("third", "a")] {
        recorded.add("m", &[("target", target), ("pool", pool)], &[(0, 6.0)]);
    }
    // One target has a label that the others do not have.
    recorded.add("m", &[("target", "far"), ("pool", "a"), ("site", "north")], &[(0, 6.0)]);
    recorded.add("load", &[("target", "far"), ("site", "north")], &[(0, 2.0)]);
    recorded.add("load", &[("target", "main")], &[(0, 2.0)]);
    recorded.add("load", &[("target", "other")], &[(0, 1.0)]);
    assert_course(&policy, &recorded, &[(0, "far/a main/a main/b")]);
}

#[test]
fn a_ratio_is_of_what_belongs_together() {
    let policy = policy("{ ratio = \"used\", of = \"size\" }", "above = 0.5");
    let mut recorded = Recorded::default();
    for (target, pool, used) in [("main", "a", 6.0), ("main", "b", 4.0), ("other", "a", 6.0), ("third", "a", 6.0)] {
        recorded.add("used", &[("target", target), ("pool", pool)], &[(0, used)]);
    }
    recorded.add("size", &[("target", "main")], &[(0, 10.0)]);
    recorded.add("size", &[("target", "other")], &[(0, 20.0)]);
    recorded.add("size", &[("target", "third")], &[(0, 0.0)]);
    assert_course(&policy, &recorded, &[(0, "main/a")]);
    // And the other way round: a part of each whole.
    let mut recorded = Recorded::default();
    recorded.add("used", &[("target", "main")], &[(0, 6.0)]);
    for (pool, size) in [("a", 10.0), ("b", 20.0)] {
        recorded.add("size", &[("target", "main"), ("pool", pool)], &[(0, size)]);
    }
    assert_course(&policy, &recorded, &[(0, "main/a")]);
}

#[test]
fn a_limit_that_is_passed_is_reached_now() {
    let policy = policy("{ forecast = \"used\", limit = \"size\", window = \"5m\" }", "below = 60");
    let mut recorded = Recorded::default();
    recorded.add("size", &[("target", "main")], &[(0, 10.0)]);
    recorded.add("used", &[("target", "main")], &[(0, 9.0), (30, 12.0)]);
    recorded.add("used", &[("target", "unlimited")], &[(0, 9.0), (30, 12.0)]);
    let mut evaluator = Evaluator::new(&policy);
    evaluator.tick(&recorded, 30_000);
    let values: Vec<f64> = evaluator.active().map(|active| active.value).collect();
    assert_eq!(values, [0.0]);
}

#[test]
fn it_goes_on_while_something_else_holds() {
    let policy = policy("{ value = \"m\" }", "above = 5\nlasts_while = { value = \"up\", at_most = 0 }");
    let mut recorded = Recorded::default();
    // Down before it begins, and until a minute after it is over; of the other nothing is known.
    recorded.add("m", &[("target", "main")], &[(0, 1.0), (30, 6.0), (60, 1.0), (120, 1.0), (150, 1.0)]);
    recorded.add("up", &[("target", "main")], &[(0, 0.0), (120, 1.0), (150, 0.0)]);
    recorded.add("m", &[("target", "other")], &[(0, 1.0), (30, 6.0), (60, 1.0)]);
    let course = [(0, ""), (30, "main other"), (60, "main"), (90, "main"), (120, ""), (150, "")];
    assert_course(&policy, &recorded, &course);
}

#[test]
fn nodes_of_a_target_are_one_alert_where_it_is_of_all_and_each_its_own_otherwise() {
    let mut recorded = Recorded::default();
    let nodes = |name: &str, recorded: &mut Recorded, values: [f64; 2]| {
        for (node, value) in ["a", "b"].into_iter().zip(values) {
            recorded.add(name, &[("target", "main"), ("node", node)], &[(0, value)]);
        }
    };
    nodes("up", &mut recorded, [0.0, 1.0]);
    nodes("down", &mut recorded, [0.0, 0.0]);
    // The node that is down is not the one that is needed.
    nodes("needed", &mut recorded, [0.0, 1.0]);
    let count = |signal: &str, guards: &str| {
        let policy = policy(signal, guards);
        let mut evaluator = Evaluator::new(&policy);
        evaluator.tick(&recorded, 1000);
        evaluator.active().count()
    };
    assert_eq!(count("{ down = \"down\", all_nodes = true }", ""), 1);
    assert_eq!(count("{ down = \"up\", all_nodes = true }", ""), 0);
    assert_eq!(count("{ down = \"down\" }", ""), 2);
    assert_eq!(count("{ down = \"up\" }", "when = [{ value = \"needed\", at_least = 1 }]"), 0);
    assert_eq!(count("{ down = \"up\" }", "when = [{ value = \"needed\", at_least = 1, all_nodes = true }]"), 1);
}

/// What is exported as long as its target is watched does not count once it has ended, unless that is for want of scrapes.
#[test]
fn what_is_watched_no_more_is_not_down() {
    let of_scrape = [("job", "manometer"), ("instance", "agent")];
    for (scraped, signal, count) in [
        (1.0, "{ down = \"redis_up\", while_watched = true }", 0),
        (0.0, "{ down = \"redis_up\", while_watched = true }", 1),
        (1.0, "{ down = \"redis_up\" }", 1),
    ] {
        let mut recorded = Recorded::default();
        let labels = [&of_scrape[..], &[("target", "main")]].concat();
        recorded.add("redis_up", &labels, &[(0, 0.0), (15, Sample::STALE)]);
        recorded.add("up", &of_scrape, &[(0, 1.0), (15, scraped)]);
        let policy = policy(signal, "");
        let mut evaluator = Evaluator::new(&policy);
        evaluator.tick(&recorded, 30_000);
        assert_eq!(evaluator.active().count(), count, "{signal}, up {scraped}");
    }
}
