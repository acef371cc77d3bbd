//! What a collector makes of answers, of missing ones, and of a service that goes away.

use super::*;

pub(super) const TWO: &str = r#"
[[service.endpoint]]
name = "numbers"
path = "/numbers?key=hunter2"
freshness = { at = "/made_at" }

[[service.endpoint]]
name = "details"
path = "/details"
every = "1m"
optional = true

[[service.endpoint]]
name = "texts"
path = "/texts"
fallback_of = "numbers"

[[service.endpoint]]
name = "series"
path = "/metrics"
format = "prometheus"
pass_through = ["*"]
every = "1h"
optional = true

[[service.metric]]
name = "waiting"
endpoint = "numbers"
at = "/waiting"

[[service.metric]]
name = "waiting"
endpoint = "texts"
at = "/waiting"
parse = "quantity"

[[service.metric]]
name = "details_total"
type = "counter"
endpoint = "details"
at = "/count"
"#;

/// Endpoint and value of each sample of one metric of what a collector says of itself.
pub(super) fn state(service: &ServiceCollector, metric: &str) -> Vec<String> {
    let mut families = Families::new();
    service.export_state(&mut families);
    let prefix = format!("{metric}{{endpoint=\"");
    let lines = samples(families).into_iter();
    lines.filter_map(|line| Some(line.strip_prefix(&prefix)?.replace("\"}", ""))).collect()
}

#[test]
fn a_held_answer_is_shown_until_its_endpoint_fails() {
    let mut service = Service::new(TWO);
    service.answer("numbers", 200, "{\"waiting\": 3}").answer("details", 200, "{\"count\": 10}");
    assert_eq!(service.poll(), ["details_total 10", "waiting 3"]);
    service.answer("numbers", 200, "{\"waiting\": 4}");
    assert_eq!(service.poll(), ["details_total 10", "waiting 4"]);
    service.answer("details", 500, "");
    assert_eq!(service.poll(), ["waiting 4"]);
    service.answer("numbers", 200, "<html>").answer("texts", 200, "{\"waiting\": \"5\"}");
    assert_eq!(service.poll(), ["waiting 5"]);
    assert_eq!(state(&service.collector, "service_endpoint_up"), ["details 0", "numbers 0", "texts 1"]);
}

#[test]
fn a_service_of_which_nothing_can_be_read_has_an_error() {
    let mut service = Service::new(TWO);
    service.answer("numbers", 401, "").answer("details", 404, "");
    assert_eq!(
        service.poll(),
        ["GET http://127.0.0.1:1/numbers: HTTP status 401; set user and password in url, or a header with a key"]
    );
    let mut service = Service::new(TWO);
    service.answer("details", 404, "");
    assert_eq!(
        service.poll(),
        ["asking http://127.0.0.1:1: it has none of the endpoints that the mapping names; check url, and whether the \
          profile is one of this service"]
    );
    assert_eq!(state(&service.collector, "service_endpoint_up"), [""; 0]);
}

#[test]
fn nothing_of_a_stale_body_is_shown() {
    let made = |seconds: u64| format!("{{\"waiting\": 3, \"made_at\": {}}}", NOON.as_secs() - seconds);
    let mut service = Service::new(TWO);
    service.answer("details", 200, "{\"count\": 10}").answer("numbers", 200, &made(60));
    assert_eq!(service.poll(), ["details_total 10", "waiting 3"]);
    assert_eq!(state(&service.collector, "service_endpoint_stale"), ["numbers 0"]);
    service.answer("numbers", 200, &made(61));
    assert_eq!(service.poll(), ["details_total 10"]);
    assert_eq!(state(&service.collector, "service_endpoint_stale"), ["numbers 1"]);
    assert_eq!(state(&service.collector, "service_endpoint_age_seconds"), ["numbers 61"]);
    // Without a timestamp nobody knows.
    service.answer("numbers", 200, "{\"waiting\": 3}");
    assert_eq!(service.poll(), ["details_total 10", "waiting 3"]);
    assert_eq!(state(&service.collector, "service_endpoint_stale"), [""; 0]);
}

#[test]
fn misses_are_exported_by_endpoint_metric_and_reason() {
    let mut service = Service::new(TWO);
    service.answer("numbers", 200, "{\"waiting\": \"3\"}").answer("details", 200, "{\"count\": 9007199254740993}");
    assert_eq!(service.poll(), ["details_total 9007199254740992"]);
    assert_eq!(
        state(&service.collector, "service_mapping_errors_total"),
        [
            "details\",metric=\"details_total\",reason=\"precision 1",
            "numbers\",metric=\"waiting\",reason=\"string_number 1"
        ]
    );
}

#[test]
fn series_pass_through_unless_they_would_spoil_the_exposition() {
    let mut service = Service::new(TWO);
    let series = r#"
        orders{target="a",kind="b"} 1
        orders{target="a",exported_target="b"} 2
        orders{kind="a",kind="b"} 3
        orders{__name__="other"} 4
        orders{a:b="c"} 5
        orders{9="c"} 6
        orders{="c"} 7
        orders{"utf-8 name"="c"} 8
        redis_up 9
        manometer_ready 10
        plain NaN
    "#;
    service.answer("series", 200, series);
    assert_eq!(
        service.poll(),
        [
            "orders{exported_target=\"a\",kind=\"b\"} 1",
            "plain NaN",
            "service_pass_through_refused{endpoint=\"series\"} 9",
        ]
    );
}

#[test]
fn a_service_that_asks_to_wait_is_counted() {
    let mut service = Service::new(TWO);
    let pause = Some(Duration::from_secs(5));
    for (status, retry_after) in [(429, None), (200, None), (503, pause), (200, pause)] {
        let response = Response { retry_after, ..response(status, "{\"waiting\": 1}") };
        service.collector.states[0].requests += 1;
        service.collector.heed(0, &response, service.now, 0.0);
    }
    assert_eq!(state(&service.collector, "service_endpoint_throttled_total"), ["numbers 3"]);
    assert_eq!(state(&service.collector, "service_endpoint_requests_total"), ["numbers 4"]);
}

#[test]
fn an_answer_outlives_a_long_pause_by_a_minute_at_most() {
    let mut service = Service::new(&format!("max_retry_after = \"1h\"\n{TWO}"));
    let asks_for_an_hour = Response { retry_after: Some(Duration::from_hours(1)), ..response(200, "{\"waiting\": 3}") };
    service.answer("details", 200, "{\"count\": 10}");
    service.collector.states[0].requests += 1;
    service.collector.heed(0, &asks_for_an_hour, service.now, 0.0);
    let asked_at = service.now;
    service.collector.give_up_outdated(asked_at + Duration::from_secs(75));
    assert_eq!(service.poll(), ["details_total 10", "waiting 3"]);
    assert_eq!(state(&service.collector, "service_endpoint_held_off"), ["details 0", "numbers 1"]);
    service.collector.give_up_outdated(asked_at + Duration::from_secs(76));
    assert_eq!(service.poll(), ["details_total 10"]);
    // It was useful when it was last asked, and has not failed since.
    assert_eq!(state(&service.collector, "service_endpoint_up"), ["details 1", "numbers 1"]);
    assert_eq!(state(&service.collector, "service_endpoint_held_off"), ["details 0", "numbers 1"]);
}

#[test]
fn an_endpoint_that_is_left_alone_is_held_off_and_not_down() {
    let mut service = Service::new(TWO);
    let busy = Response { retry_after: Some(Duration::from_hours(1)), ..response(429, "") };
    service.answer("details", 200, "{\"count\": 10}");
    service.collector.states[0].requests += 1;
    service.collector.heed(0, &busy, service.now, 0.0);
    let asked_at = service.now;
    assert_eq!(service.poll(), ["details_total 10"]);
    assert_eq!(state(&service.collector, "service_endpoint_up"), ["details 1"]);
    assert_eq!(state(&service.collector, "service_endpoint_held_off"), ["details 0", "numbers 1"]);
    // Five minutes are the most, whatever it asks for.
    let [held, free] = [299, 300].map(|seconds| asked_at + Duration::from_secs(seconds));
    let timing = service.collector.states[0].timing;
    assert!(timing.is_held_off(held) && !timing.is_held_off(free));
    service.collector.reloaded();
    assert_eq!(service.poll(), ["details_total 10"]);
    assert_eq!(state(&service.collector, "service_endpoint_held_off"), ["details 0", "numbers 0"]);
}

#[test]
fn a_service_that_is_back_is_asked_everything_again() {
    let mut service = Service::new(TWO);
    let due = |service: &Service| {
        let timings: Vec<_> = service.collector.states.iter().map(|state| state.timing).collect();
        let endpoints = &service.collector.target.mapping.endpoints;
        let due = schedule::due(endpoints, &timings, INTERVAL, service.now, 9);
        due.into_iter().map(|index| endpoints[index].name.as_str().to_owned()).collect::<Vec<_>>()
    };
    // Away for so long that each is left alone for a minute.
    for _ in 0..8 {
        service.answer("numbers", 502, "").answer("details", 502, "").answer("series", 502, "");
        service.collector.lose();
        service.now += Duration::from_mins(2);
    }
    service.answer("numbers", 502, "").answer("details", 502, "").answer("series", 502, "");
    service.collector.lose();
    service.now += INTERVAL;
    assert_eq!(due(&service), ["texts"], "it is the fallback of what is left alone");
    service.answer("numbers", 200, "{\"waiting\": 3}");
    service.answer("details", 200, "{\"count\": 10}");
    assert_eq!(due(&service), ["numbers", "series"], "the first is for each poll");
}

#[test]
fn a_fallback_that_is_not_needed_keeps_no_failure() {
    let mut service = Service::new(TWO);
    service.answer("numbers", 500, "").answer("texts", 500, "").answer("details", 200, "{\"count\": 10}");
    service.poll();
    assert_eq!(state(&service.collector, "service_endpoint_up"), ["details 1", "numbers 0", "texts 0"]);
    service.answer("numbers", 200, "{\"waiting\": 4}");
    assert_eq!(service.poll(), ["details_total 10", "waiting 4"]);
    assert_eq!(state(&service.collector, "service_endpoint_up"), ["details 1", "numbers 1"]);
    assert_eq!(state(&service.collector, "service_endpoint_http_status"), ["details 200", "numbers 200"]);
    // Nor does it keep what it said.
    service.answer("numbers", 500, "").answer("texts", 200, "{\"waiting\": \"5\"}");
    assert_eq!(service.poll(), ["details_total 10", "waiting 5"]);
    service.answer("numbers", 200, "{}");
    assert_eq!(service.poll(), ["details_total 10"]);
}

const REPLICAS: &str = r#"
[[service.endpoint]]
name = "e"
path = "/stats"
instance = "/host"

[[service.metric]]
name = "backpressure_received_total"
at = "/received"

[[service.metric]]
name = "backpressure_published_total"
at = "/published"

[[service.metric]]
name = "backpressure_dropped_total"
at = "/dropped"

[[service.metric]]
name = "backpressure_pending_publishes"
at = "/pending"
"#;

/// What one of two replicas says at a poll: each receives and publishes 100 a second, and one dropped 2,000 long ago.
fn replica(poll: u64) -> String {
    let grown = 1500 * poll;
    let (host, received, published, dropped) =
        if poll.is_multiple_of(2) { ("a", 100_000, 100_000, 0) } else { ("b", 90_000, 88_000, 2_000) };
    let (received, published) = (received + grown, published + grown);
    format!(
        r#"{{"host": "{host}", "received": {received}, "published": {published}, "dropped": {dropped}, "pending": 0}}"#
    )
}

#[test]
fn of_replicas_that_answer_in_turn_no_rate_is_made() {
    let mut service = Service::new(&REPLICAS.replace("instance = \"/host\"", ""));
    let is_computed = |line: &String| {
        ["ingest_rate", "publish_rate", "rate_ratio", "unaccounted", "drop_ratio"]
            .iter()
            .any(|name| line.contains(name))
    };
    let mut last = Vec::new();
    for poll in 0..12 {
        last = service.answer("e", 200, &replica(poll)).poll();
        assert!(!last.iter().any(is_computed), "{poll}: {last:?}");
        let is_seen = state(&service.collector, "service_endpoint_mixed_instances");
        assert_eq!(is_seen, [format!("e {}", u8::from(poll >= 5))], "{poll}");
    }
    // A counter of two is none, and a number is that of the one that answered.
    assert_eq!(last, ["backpressure_pending_publishes 0"]);
    // Resets are no news from then on.
    assert_eq!(service.misses().len(), 3);
}

#[test]
fn of_replicas_that_say_who_they_are_the_right_number_is_made() {
    let mut service = Service::new(REPLICAS);
    let mut last = Vec::new();
    for poll in 0..12 {
        last = service.answer("e", 200, &replica(poll)).poll();
    }
    // Each of the two is heard at every second poll, and then of two intervals.
    for line in [
        "backpressure_ingest_rate 200",
        "backpressure_publish_rate 200",
        "backpressure_drop_ratio 0",
        "backpressure_unaccounted_messages 0",
    ] {
        assert!(last.iter().any(|shown| shown == line), "{line}: {last:?}");
    }
    assert_eq!(state(&service.collector, "service_endpoint_instances"), ["e 2"]);
    assert_eq!(service.misses(), [""; 0]);
}

/// The `redis_connection_status` of what a collector remembers.
fn lost_connection(service: &Service) -> Vec<String> {
    let mut families = Families::new();
    service.collector.export_state(&mut families);
    samples(families).into_iter().filter(|line| line.starts_with("redis_")).collect()
}

#[test]
fn the_service_that_cannot_speak_of_its_redis_says_0() {
    let connected = "{\"status\": \"healthy\", \"available\": true, \"latency\": 2}";
    let has = |lines: &[String], line: &str| lines.iter().any(|known| known == line);
    for (status, body) in [(500, ""), (404, ""), (200, "<html>")] {
        let mut service = Service::of("cache-api");
        service.answer("redis-health", 200, connected).answer("redis-stats", 200, "{}");
        assert!(has(&service.poll(), "redis_connection_status 1"));
        assert_eq!(lost_connection(&service), [""; 0]);
        service.answer("redis-health", status, body).answer("health", 500, "");
        assert!(!service.poll().iter().any(|line| line.starts_with("redis_connection_status")));
        assert_eq!(lost_connection(&service), ["redis_connection_status 0"], "{status}");
        service.answer("redis-health", 200, connected);
        assert!(has(&service.poll(), "redis_connection_status 1"));
        assert_eq!(lost_connection(&service), [""; 0]);
    }
    // Before the first poll has ended, and where nobody speaks of it, there is nothing to say.
    let mut service = Service::of("load");
    service.answer("load", 500, "");
    service.poll();
    assert_eq!(lost_connection(&service), [""; 0]);
    let mut service = Service::of("cache-api");
    service.answer("redis-health", 404, "").answer("health", 200, "{\"status\": \"ok\"}");
    assert_eq!(service.poll().len(), 5);
    assert_eq!(lost_connection(&service), [""; 0]);
}

#[test]
fn everything_that_is_exported_is_described() {
    let described: Vec<&str> = ServiceCollector::metrics().iter().map(|info| info.name).collect();
    let mut service = Service::of("ticker");
    service.says("metrics", 200, "ticker-metrics.json").says("publisher-stats", 200, "ticker-publisher-stats.json");
    let mut families = Families::new();
    ServiceCollector::export(&service.collector.snapshot(service.now).unwrap(), &mut families);
    service.collector.export_state(&mut families);
    let error = PollError::new(Reason::Timeout, "", "", "");
    let (polls, time) = (1, Duration::ZERO);
    let health = Health { polls, last_duration: time, total_duration: time, error: Some(&error) };
    ServiceCollector::export_health(&health, &mut families);
    assert_eq!(families.get("service_up").unwrap().values().collect::<Vec<_>>(), [("", 0.0)]);
    for family in &families.into_sorted() {
        assert!(described.contains(&family.name()), "{}", family.name());
    }
    let mut sorted = described.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), described.len());
}
