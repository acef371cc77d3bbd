use serde_json::{Value as Json, json};

use super::*;
use crate::mapping::{evaluate, testing};

/// Two endpoints, of which the first is preferred.
const TWO: &str = r#"
[[endpoint]]
name = "first"
path = "/1"

[[endpoint]]
name = "second"
path = "/2"

[[metric]]
name = "pending"
endpoint = "first"
at = "/pending"

[[metric]]
name = "pending"
endpoint = "second"
at = "/waiting"

[[metric]]
name = "sent_total"
endpoint = "first"
type = "counter"
each = "/channels/*"
labels = { channel = "$key" }
limit = 2

[[metric]]
name = "mode"
endpoint = "first"
type = "stateset"
at = "/mode"
states = ["fast", "slow"]
level = "mode_level"

[[metric]]
name = "mode"
endpoint = "second"
type = "stateset"
at = "/mode"
states = ["fast", "slow"]
level = "mode_level"
"#;

struct Bodies {
    mapping: Arc<Mapping>,
    reports: [Option<EndpointReport>; 2],
    counts: MissCounts,
}

impl Bodies {
    fn new(first: Option<Json>, second: Option<Json>) -> Self {
        let mapping = testing::mapping(TWO);
        let mut bodies = Self { mapping, reports: [None, None], counts: MissCounts::new() };
        bodies.next(first, second);
        bodies
    }

    /// The answers of the next poll, and the first misses of their kind. What is not asked stays as it is.
    fn next(&mut self, first: Option<Json>, second: Option<Json>) -> Vec<Miss> {
        for (endpoint, body) in [first, second].into_iter().enumerate() {
            let Some(body) = body else {
                self.reports[endpoint].iter_mut().for_each(|report| report.fresh = false);
                continue;
            };
            let mut evaluation = evaluate(&self.mapping, endpoint, &body);
            if let Some(before) = &self.reports[endpoint] {
                note_resets(&self.mapping, &before.evaluation, &mut evaluation);
            }
            self.reports[endpoint] = Some(EndpointReport::new(evaluation));
        }
        let reports = self.reports.each_ref().map(Option::as_ref);
        count_misses(&self.mapping, &reports, &mut self.counts)
    }

    fn samples(&self) -> Vec<MappedSample> {
        merge(&self.mapping, &self.reports.each_ref().map(Option::as_ref), &Idle::default())
    }

    /// `name labels value`, with the rule that it is of.
    fn lines(&self) -> Vec<String> {
        let line = |sample: &MappedSample| {
            let name = &sample.definition.name;
            format!("{name} {} {} of {}", sample.labels.join(","), sample.value, sample.rule).replace("  ", " ")
        };
        self.samples().iter().map(line).collect()
    }

    fn counted(&self) -> Vec<String> {
        let line = |((endpoint, name, reason), count): (&(usize, String, &str), &u64)| {
            format!("{endpoint} {name} {reason} {count}")
        };
        self.counts.iter().map(line).collect()
    }
}

#[test]
fn of_several_rules_the_first_that_has_a_value_wins_whole() {
    let fast = json!({"pending": 1, "mode": "fast", "channels": {}});
    let slow = json!({"waiting": 2, "mode": "slow"});
    let of_first =
        ["pending 1 of 0", "mode fast 1 of 3", "mode slow 0 of 3", "mode unknown 0 of 3", "mode_level 0 of 3"];
    let of_second =
        ["pending 2 of 1", "mode fast 0 of 4", "mode slow 1 of 4", "mode unknown 0 of 4", "mode_level 1 of 4"];
    assert_eq!(Bodies::new(Some(fast.clone()), Some(slow.clone())).lines(), of_first);
    assert_eq!(Bodies::new(Some(fast), None).lines(), of_first);
    assert_eq!(Bodies::new(None, Some(slow)).lines(), of_second);
    assert_eq!(Bodies::new(None, None).lines(), [""; 0]);
}

#[test]
fn a_state_that_is_not_known_gives_way_to_one_that_is() {
    let at_a_loss = json!({"pending": 1, "mode": "unknown", "channels": {}});
    let slow = json!({"waiting": 2, "mode": "slow"});
    let mut bodies = Bodies::new(Some(at_a_loss), Some(slow));
    assert_eq!(
        bodies.lines(),
        ["pending 1 of 0", "mode fast 0 of 4", "mode slow 1 of 4", "mode unknown 0 of 4", "mode_level 1 of 4"]
    );
    bodies.next(None, Some(json!({"waiting": 2, "mode": "sideways"})));
    // What was said in this poll goes before what was said in an earlier one.
    assert_eq!(bodies.lines(), ["pending 2 of 1", "mode fast 0 of 4", "mode slow 0 of 4", "mode unknown 1 of 4"]);
    assert_eq!(bodies.counted(), ["1 mode state 1"]);
}

#[test]
fn a_value_that_another_rule_supplies_is_not_missed() {
    let mut bodies = Bodies::new(Some(json!({"channels": {}, "mode": "fast"})), Some(json!({"waiting": 2})));
    assert_eq!(bodies.counted(), [""; 0]);
    let missed = bodies.next(None, Some(json!({})));
    let expected = Miss::new(1, MissReason::Missing, "/waiting".parse().unwrap());
    assert_eq!(missed, [expected]);
    assert_eq!(bodies.counted(), ["1 pending missing 1"]);
    // It is counted each time that it is read anew, and told once.
    assert_eq!(bodies.next(None, Some(json!({}))), []);
    assert_eq!(bodies.next(None, None), []);
    assert_eq!(bodies.counted(), ["1 pending missing 2"]);
}

#[test]
fn what_needs_care_is_counted_though_there_is_a_value() {
    let big = 9_007_199_254_740_993_u64;
    let bodies = Bodies::new(Some(json!({"pending": big, "mode": 7, "channels": {}})), Some(json!({"waiting": 2})));
    assert_eq!(bodies.counted(), ["0 mode state 1", "0 pending precision 1"]);
    assert_eq!(bodies.lines()[0], "pending 9007199254740992 of 0");
}

#[test]
fn all_elements_without_a_value_are_counted() {
    let channels = json!({"pending": 1, "mode": "fast", "channels": {"a": "1", "b": "2", "c": 3, "d": [], "e": null}});
    let mut bodies = Bodies::new(None, None);
    let told = bodies.next(Some(channels), None);
    assert_eq!(bodies.counted(), ["0 sent_total missing 1", "0 sent_total string_number 2", "0 sent_total type 1"]);
    let places: Vec<String> = told.iter().map(|miss| format!("{} {}", miss.at, miss.times)).collect();
    assert_eq!(places, ["/channels/a 2", "/channels/d 1", "/channels/e 1"]);
}

#[test]
fn a_counter_that_fell_is_passed_on_and_counted_once() {
    let channels = |a: u32, b: u32| json!({"pending": 1, "mode": "fast", "channels": {"a": a, "b": b}});
    let mut bodies = Bodies::new(Some(channels(10, 20)), None);
    bodies.next(Some(channels(11, 20)), None);
    assert_eq!(bodies.counted(), [""; 0]);
    bodies.next(Some(channels(3, 4)), None);
    assert_eq!(bodies.counted(), ["0 sent_total reset 1"]);
    assert_eq!(bodies.lines()[1..3], ["sent_total a 3 of 2", "sent_total b 4 of 2"]);
    // A held answer is no second reset.
    bodies.next(None, None);
    bodies.next(Some(channels(3, 5)), None);
    assert_eq!(bodies.counted(), ["0 sent_total reset 1"]);
}

#[test]
fn a_gauge_that_fell_and_a_rest_of_others_are_no_reset() {
    let channels = |pending: u32, values: [u32; 4]| {
        let [a, b, c, d] = values;
        json!({"pending": pending, "mode": "fast", "channels": {"a": a, "b": b, "c": c, "d": d}})
    };
    let mut bodies = Bodies::new(Some(channels(9, [40, 30, 20, 10])), None);
    assert_eq!(bodies.lines()[1..4], ["sent_total a 40 of 2", "sent_total b 30 of 2", "sent_total __other__ 30 of 2"]);
    bodies.next(Some(channels(1, [40, 30, 50, 10])), None);
    assert_eq!(bodies.lines()[1..4], ["sent_total c 50 of 2", "sent_total a 40 of 2", "sent_total __other__ 40 of 2"]);
    bodies.next(Some(channels(1, [60, 80, 50, 10])), None);
    bodies.next(Some(channels(1, [99, 90, 0, 0])), None);
    assert_eq!(bodies.counted(), [""; 0]);
}
