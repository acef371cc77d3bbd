use serde_json::{Value as Json, json};

use super::*;
use crate::discover::leaves::{Found, leaves};

/// The meaning of the one value of two bodies.
#[track_caller]
fn between(first: &Json, second: &Json) -> Result<Meaning, &'static str> {
    match &leaves(first, second)[..] {
        [Found::Leaf(leaf)] => classify(leaf),
        found => panic!("{found:?}"),
    }
}

#[track_caller]
fn of(key: &str, value: &Json) -> Result<ValueClass, &'static str> {
    let body = json!({ key: value });
    between(&body, &body).map(|meaning| meaning.class)
}

fn quantity(suffix: Option<&str>, unit: Option<&str>) -> ValueClass {
    ValueClass::Quantity { suffix: suffix.map(str::to_owned), unit: unit.map(|unit| unit.parse().unwrap()) }
}

/// Whether a number of that key is a counter, and why.
#[track_caller]
fn counter(key: &str, first: f64, second: f64) -> (bool, &'static str) {
    let meaning = between(&json!({ key: first }), &json!({ key: second })).unwrap();
    (meaning.counter, meaning.evidence)
}

const BY_NAME: &str = "by its name it only rises, and it rose between the samples";
const UNMOVED: &str = "it did not move; a counter if it only rises";

#[test]
fn texts_that_are_quantities() {
    assert_eq!(of("ratio", &json!("99.70%")), Ok(quantity(None, Some("%"))));
    assert_eq!(of("latency", &json!("2.31 ms")), Ok(quantity(None, Some("ms"))));
    assert_eq!(of("memory", &json!("512.3 MB")), Ok(quantity(Some("MB"), Some("MiB"))));
    assert_eq!(of("memory", &json!("512.3MiB")), Ok(quantity(None, Some("MiB"))));
    assert_eq!(of("rate", &json!("950.5 ticks/sec")), Ok(quantity(Some("ticks/sec"), None)));
    assert_eq!(of("orders", &json!("1,234")), Ok(quantity(None, None)));
    assert_eq!(of("uptime", &json!("1h 2m")), Ok(ValueClass::Duration));
    let varying = between(&json!({"latency": "999 ms"}), &json!({"latency": "1.2 s"})).map(|meaning| meaning.class);
    assert_eq!(varying, Ok(quantity(None, Some("ms"))));
}

#[test]
fn texts_that_only_begin_like_quantities_are_none() {
    let text = Err("a text, which is not a measurement");
    for value in ["10.0.0.7", "12ab", "3 blind mice", "5f3a9c", "2025-10-31", "-", ""] {
        assert_eq!(of("place", &json!(value)), text, "{value}");
    }
}

#[test]
fn ids_and_versions_are_no_measurements() {
    for (key, value) in
        [("user_id", json!(17)), ("pid", json!(4711)), ("version", json!("1.2")), ("apiToken", json!("5"))]
    {
        assert_eq!(of(key, &value), Err("an id or a version, which is not a measurement"), "{key}");
    }
}

#[test]
fn moments_are_told_from_numbers() {
    assert_eq!(of("when", &json!("2025-10-31T12:00:00+05:30")), Ok(ValueClass::Timestamp));
    assert_eq!(of("startedAt", &json!(1_761_912_000)), Ok(ValueClass::Timestamp));
    assert_eq!(of("timestamp_ms", &json!(1_761_912_000_500_u64)), Ok(ValueClass::Timestamp));
    assert_eq!(of("orders", &json!(1_761_912_000)), Ok(ValueClass::Number));
    assert_eq!(of("response_time", &json!(12)), Ok(ValueClass::Number));
}

#[test]
fn words_are_states_where_the_key_says_so() {
    let states = |words: &[&str]| Ok(ValueClass::States(words.iter().map(|word| (*word).to_owned()).collect()));
    assert_eq!(of("state", &json!("HALF_OPEN")), states(&["half_open"]));
    assert_eq!(of("health", &json!("error: connection refused")), states(&["error"]));
    let both = between(&json!({"status": "unknown"}), &json!({"status": "up"})).map(|meaning| meaning.class);
    assert_eq!(both, states(&["up"]));
    assert_eq!(of("status", &json!("Unknown")), Err("a state that was unknown in both samples"));
    assert_eq!(of("status", &json!("a \"long\" story")), Err("a text, which is not a state"));
    assert_eq!(of("name", &json!("redis")), Err("a text, which is not a measurement"));
    assert_eq!(of("enabled", &json!("yes")), Ok(ValueClass::Bool));
    assert_eq!(of("enabled", &json!(false)), Ok(ValueClass::Bool));
    assert_eq!(of("names", &json!(["a"])), Ok(ValueClass::Length));
}

#[test]
fn a_name_makes_a_counter_only_of_what_moves() {
    for key in ["orders_total", "total_orders", "order_count", "count", "ordersCreated", "errors", "connections_closed"]
    {
        assert_eq!(counter(key, 5.0, 6.0), (true, BY_NAME), "{key}");
        assert_eq!(counter(key, 5.0, 5.0), (false, UNMOVED), "{key}");
    }
    assert_eq!(counter("total_time_ms", 5.5, 6.5), (true, BY_NAME));
    for key in
        ["total_connections", "active_count", "pending_requests", "max_errors", "errors_per_sec", "total processes"]
    {
        assert!(!counter(key, 5.0, 6.0).0 || key == "errors_per_sec", "{key}");
    }
}

#[test]
fn a_queue_has_a_length_whatever_that_is_called() {
    let body = |count: u32| json!({"queues": [{"name": "mail", "count": count}, {"name": "img", "count": 3}]});
    let of = |first: u32, second: u32| between(&body(first), &body(second)).map(|meaning| meaning.counter);
    assert_eq!([of(7, 7), of(7, 9), of(9, 7)], [Ok(false), Ok(false), Ok(false)]);
}

#[test]
fn counters_by_what_became_of_them() {
    assert_eq!(counter("orders", 5.0, 6.0), (true, "it rose between the samples; a gauge if it can fall"));
    assert_eq!(counter("orders", 5.0, 5.0), (false, "a counter if it only rises"));
    assert_eq!(counter("orders", 5.5, 6.5), (false, ""));
    assert_eq!(counter("orders_total", 6.0, 5.0), (false, "it fell between the samples"));
    assert_eq!(counter("connections", 5.0, 6.0), (false, "by its name it can fall; a counter if it cannot"));
}

#[test]
fn of_elements_one_that_fell_is_enough() {
    let body = |a: u32, b: u32| json!({"orders": {"x": {"made": a}, "y": {"made": b}}});
    let trend = |first: Json, second: Json| between(&first, &second).map(|meaning| meaning.counter);
    assert_eq!(trend(body(1, 1), body(1, 2)), Ok(true));
    assert_eq!(trend(body(1, 2), body(2, 1)), Ok(false));
    assert_eq!(trend(body(1, 1), json!({"orders": {"y": {"made": 1}, "z": {"made": 9}}})), Ok(false));
}

#[test]
fn what_changes_its_type_has_no_meaning() {
    let mixed = between(&json!({"a": 1}), &json!({"a": "one"}));
    assert_eq!(mixed.unwrap_err(), "it is not always of the same type");
}
