//! Each shipped profile on recorded bodies: every sample that comes of them, and none besides.

use super::*;

const HEALTH: [&str; 5] = ["ok", "degraded", "unhealthy", "disabled", "unknown"];
const LEVELS: [&str; 5] = ["healthy", "warning", "critical", "overload", "unknown"];
const CIRCUIT: [&str; 4] = ["closed", "open", "half_open", "unknown"];

/// The samples of a state set; `labels` end in the name of the state's label.
fn state_set(metric: &str, labels: &str, states: &[&str], current: &str) -> String {
    assert!(states.contains(&current), "{current}");
    let line = |state: &&str| format!("{metric}{{{labels}=\"{state}\"}} {}\n", u8::from(*state == current));
    states.iter().map(line).collect::<Vec<_>>().concat()
}

pub(super) fn health(current: &str) -> String {
    state_set("service_health", "status", &HEALTH, current)
}

pub(super) fn dependencies(states: &[(&str, &str)]) -> String {
    let of = |(name, current): &(&str, &str)| {
        state_set("service_dependency_health", &format!("dependency=\"{name}\",status"), &HEALTH, current)
    };
    states.iter().map(of).collect()
}

fn level(current: &str) -> String {
    let place = LEVELS.iter().position(|level| *level == current).unwrap();
    format!("backpressure_level {place}\n{}", state_set("backpressure_level_state", "level", &LEVELS, current))
}

pub(super) fn circuit(current: &str) -> String {
    state_set("backpressure_circuit_state", "state", &CIRCUIT, current)
}

/// All samples of a poll are those of `parts`, and every value that was looked for was found.
#[track_caller]
pub(super) fn assert_poll(service: &mut Service, parts: &[&str]) {
    let mut expected: Vec<String> = parts.iter().flat_map(|part| part.lines()).map(str::to_owned).collect();
    expected.sort_unstable();
    let (found, expected) = (service.poll().join("\n"), expected.join("\n"));
    assert!(found == expected, "found:\n{found}\n\nexpected:\n{expected}");
    assert_eq!(service.misses(), [""; 0]);
}

/// What `/advanced/backpressure/metrics` and, but for p95 and connection errors, the texts of `.../status` say.
const PRESSURE: &str = "\
backpressure_dropped_total 77
backpressure_ingest_rate 1234.5
backpressure_pending_publishes 123
backpressure_publish_errors_total 4
backpressure_publish_latency_seconds{stat=\"avg\"} 0.01234
backpressure_publish_latency_seconds{stat=\"p99\"} 0.0565
backpressure_publish_rate 1111.1
backpressure_rate_ratio 0.9000405022276224
service_cpu_usage_ratio 0.455
service_memory_bytes 537395200
service_report_timestamp_seconds 1761912000.123456
";

const ONLY_NUMERIC: &str = "\
backpressure_connection_errors_total 3
backpressure_publish_latency_seconds{stat=\"p95\"} 0.0345
";

const PUBLISHER: &str = "\
backpressure_buffer_capacity 10000
backpressure_buffer_size 23
backpressure_circuit_failures 5
backpressure_published_total 600
backpressure_sampled_out_total 200
backpressure_window_seconds 300
";

/// The service's own series that pass through.
const OWN_SERIES: &str = "\
service_pass_through_refused{endpoint=\"series\"} 0
ticker_backpressure_level 2
ticker_ingestion_rate_per_sec 1234.5
ticker_pending_publishes 124
ticker_publish_latency_seconds_bucket{le=\"+Inf\"} 601
ticker_publish_latency_seconds_bucket{le=\"0.001\"} 10
ticker_publish_latency_seconds_bucket{le=\"0.005\"} 400
ticker_publish_latency_seconds_bucket{le=\"0.01\"} 590
ticker_publish_latency_seconds_count 601
ticker_publish_latency_seconds_sum 3.5
ticker_publish_rate_per_sec 1111.1
ticker_ticks_dropped_total{reason=\"buffer_full\"} 70
ticker_ticks_dropped_total{reason=\"circuit_open\"} 7
ticker_ticks_published_total 601
ticker_ticks_received_total 1000
";

#[test]
fn a_ticker_that_has_every_endpoint() {
    let mut service = Service::of("ticker");
    service.says("metrics", 200, "ticker-metrics.json");
    service.says("publisher-stats", 200, "ticker-publisher-stats.json");
    service.says("series", 200, "ticker-series.txt");
    // The level and the number pending of the series are those of another moment, and of lower rank.
    let received = "backpressure_received_total 1000\n";
    let (level, circuit) = (level("warning"), circuit("half_open"));
    assert_poll(&mut service, &[PRESSURE, ONLY_NUMERIC, PUBLISHER, OWN_SERIES, received, &level, &circuit]);
}

#[test]
fn texts_of_the_status_page_mean_the_numbers_of_the_other_endpoint() {
    let mut numeric = Service::of("ticker");
    numeric.says("metrics", 200, "ticker-metrics.json");
    assert_poll(&mut numeric, &[PRESSURE, ONLY_NUMERIC, &level("warning")]);
    let mut texts = Service::of("ticker");
    texts.says("status", 200, "ticker-status.json");
    assert_poll(&mut texts, &[PRESSURE, &level("warning")]);
}

#[test]
fn a_ticker_of_which_nothing_but_its_series_can_be_read() {
    let mut service = Service::of("ticker");
    service.says("series", 200, "ticker-series.txt");
    let counters = "backpressure_pending_publishes 124\nbackpressure_published_total 601\n\
                    backpressure_received_total 1000\nbackpressure_window_seconds 300\n";
    assert_poll(&mut service, &[OWN_SERIES, counters, &level("critical")]);
}

#[test]
fn the_series_of_the_older_publisher() {
    let mut service = Service::of("ticker");
    service.says("series", 200, "ticker-series-v1.txt");
    let shown = "\
backpressure_dropped_total 9
backpressure_publish_errors_total 12
backpressure_published_total 880
backpressure_window_seconds 300
redis_circuit_state 2
redis_publish_total 880
service_pass_through_refused{endpoint=\"series\"} 0
";
    assert_poll(&mut service, &[shown, &circuit("half_open")]);
}

#[test]
fn the_circuit_breaker_says_when_it_last_failed_in_either_form() {
    let open = "backpressure_circuit_failures 5\nbackpressure_circuit_successes 1\n\
                backpressure_circuit_last_failure_timestamp_seconds 1761911970.25\n";
    let never = "backpressure_circuit_failures 0\nbackpressure_circuit_successes 0\n";
    for (body, numbers, state) in [
        ("ticker-circuit-breaker.json", open, "open"),
        ("ticker-circuit-breaker-iso.json", open, "open"),
        ("ticker-circuit-breaker-never.json", never, "closed"),
        ("ticker-circuit-breaker-unknown.json", "", "unknown"),
    ] {
        let mut service = Service::of("ticker");
        service.says("circuit-breaker", 200, body);
        assert_poll(&mut service, &[numbers, &circuit(state)]);
    }
}

#[test]
fn an_error_report_with_status_200_is_a_failure_and_its_fallback_stands_in() {
    let mut service = Service::of("ticker");
    service.says("publisher-stats", 200, "ticker-publisher-stats-error.json");
    assert_eq!(
        service.poll(),
        [
            "GET http://127.0.0.1:1/advanced/backpressure/publisher-stats: HTTP status 200 with an error report instead of \
          numbers; look at the body with curl: the service says what it lacks"
        ]
    );
    service.says("circuit-breaker", 200, "ticker-circuit-breaker-unknown.json");
    assert_poll(&mut service, &[&circuit("unknown")]);
}

#[test]
fn what_the_ticker_says_of_its_dependencies() {
    let mut service = Service::of("ticker");
    service.says("health", 200, "ticker-health.json");
    let fine = dependencies(&[("database", "ok"), ("instrument_registry", "ok"), ("redis", "ok")]);
    assert_poll(&mut service, &[&health("ok"), &fine]);
    // The text of the error names hosts; it is nowhere in what is exported.
    service.says("health", 503, "ticker-health-degraded.json");
    let degraded = dependencies(&[("database", "ok"), ("instrument_registry", "disabled"), ("redis", "unhealthy")]);
    assert_poll(&mut service, &[&health("degraded"), &degraded]);
}

#[test]
fn subscriptions_and_upstream_connections_of_the_ticker() {
    let mut service = Service::of("ticker");
    service.says("subscriptions", 200, "ticker-subscriptions.json");
    service.says("websocket-pool", 200, "ticker-websocket-pool.json");
    let expected = "\
service_subscriptions 7
service_websocket_pool_capacity{account=\"primary\"} 3000
service_websocket_pool_capacity{account=\"secondary\"} 3000
service_websocket_pool_connections{account=\"primary\"} 3
service_websocket_pool_connections{account=\"secondary\"} 1
service_websocket_pool_subscriptions{account=\"primary\"} 2950
service_websocket_pool_subscriptions{account=\"secondary\"} 412
";
    assert_poll(&mut service, &[expected]);
    // No account and no subscription is no mistake.
    service.answer("subscriptions", 200, "[]").answer("websocket-pool", 200, "{\"accounts\": {}}");
    assert_poll(&mut service, &["service_subscriptions 0"]);
}

#[test]
fn the_health_of_a_cache_api_with_every_status() {
    let of = |status, name: &str| {
        let mut service = Service::of("cache-api");
        service.says("redis-health", status, name);
        service
    };
    let connected = "redis_connection_status 1\nredis_ping_ms 2\n";
    assert_poll(&mut of(200, "cache-api-redis-health.json"), &[connected, &health("ok")]);
    let lost = "redis_connection_status 0\nredis_ping_ms 0\n";
    assert_poll(&mut of(503, "cache-api-redis-health-503.json"), &[lost, &health("unhealthy")]);
    let report = of(503, "cache-api-redis-health-exception-503.json").poll();
    assert!(!report.iter().any(|line| line.contains("ECONNREFUSED")), "{report:?}");
    let exception = &mut of(503, "cache-api-redis-health-exception-503.json");
    assert_poll(exception, &["redis_connection_status 0\n", &health("unhealthy")]);
    let mut fallback = Service::of("cache-api");
    fallback.says("health", 200, "cache-api-health.json");
    assert_poll(&mut fallback, &[connected, &health("ok"), &dependencies(&[("redis", "ok")])]);
}

#[test]
fn the_statistics_of_a_cache_api_and_their_reset() {
    let mut service = Service::of("cache-api");
    let redis = dependencies(&[("redis", "ok")]);
    // hitRatio, "87.50", is not read.
    let since_start = "redis_cache_errors 2\nredis_cache_hits 875\nredis_cache_misses 125\nredis_cache_sets 130\n\
                       redis_cache_hit_ratio_window_seconds 300\n";
    service.says("redis-stats", 200, "cache-api-redis-stats.json");
    assert_poll(&mut service, &[since_start, &redis]);
    let reset = since_start.replace("875", "0").replace("125", "0").replace("130", "0").replace("errors 2", "errors 0");
    service.says("redis-stats", 200, "cache-api-redis-stats-reset.json");
    let mut lines: Vec<String> =
        [reset.as_str(), &redis].iter().flat_map(|part| part.lines().map(str::to_owned)).collect();
    lines.sort_unstable();
    assert_eq!(service.poll(), lines);
    let resets = ["errors", "hits", "misses", "sets"].map(|name| format!("redis-stats redis_cache_{name} reset 1"));
    assert_eq!(service.misses(), resets);
    let later =
        recorded("cache-api-redis-stats-reset.json").replace("\"hits\":0,\"misses\":0", "\"hits\":3,\"misses\":1");
    let lines = service.answer("redis-stats", 200, &later).poll();
    assert!(lines.contains(&"redis_cache_hit_ratio 0.75".to_owned()), "{lines:?}");
    assert_eq!(service.misses(), resets);
}

#[test]
fn load_is_read_from_a_service_that_sheds_it() {
    let expected = |load: &str, active: u32, queued: u32| {
        format!(
            "service_load_ratio {load}\nservice_max_concurrent_requests 100\n\
             service_requests{{state=\"active\"}} {active}\nservice_requests{{state=\"queued\"}} {queued}\n"
        )
    };
    let mut service = Service::of("load");
    service.says("load", 200, "load.json");
    assert_poll(&mut service, &[&expected("0.12", 12, 3)]);
    service.says("load", 503, "load-503.json");
    assert_poll(&mut service, &[&expected("0.95", 95, 41)]);
    service.says("load", 503, "load-overloaded-503.json");
    assert_eq!(
        service.poll(),
        [
            "GET http://127.0.0.1:1/health/load: HTTP status 503 with an error report instead of numbers; look at the body \
          with curl: the service says what it lacks"
        ]
    );
}

#[test]
fn a_pool_as_json_and_as_a_log_prints_it() {
    for body in ["pool.json", "pool-log.txt"] {
        let mut service = Service::of("pool");
        service.says("pool", 200, body);
        let expected = "\
pool_connections{pool=\"redis\",state=\"idle\"} 8
pool_connections{pool=\"redis\",state=\"in_use\"} 4
pool_max_connections{pool=\"redis\"} 50
pool_usage_ratio{pool=\"redis\"} 0.08
";
        assert_poll(&mut service, &[expected]);
    }
}

#[test]
fn a_health_page_with_checks() {
    let mut service = Service::of("health");
    service.says("health", 200, "health.json");
    let fine = dependencies(&[("cache", "ok"), ("database", "ok"), ("static_files", "ok")]);
    assert_poll(&mut service, &[&health("ok"), &fine]);
    service.says("health", 503, "health-503.json");
    let ill = dependencies(&[("cache", "unhealthy"), ("database", "ok"), ("static_files", "degraded")]);
    assert_poll(&mut service, &[&health("unhealthy"), &ill]);
}

#[test]
fn a_websocket_summary_has_no_series_of_users_and_ten_channels() {
    let mut service = Service::of("websocket");
    service.says("websocket", 200, "websocket.json");
    let expected = "\
service_websocket_channel_connections{channel=\"__other__\"} 4
service_websocket_channel_connections{channel=\"chat:00\"} 40
service_websocket_channel_connections{channel=\"chat:01\"} 7
service_websocket_channel_connections{channel=\"chat:02\"} 7
service_websocket_channel_connections{channel=\"chat:03\"} 31
service_websocket_channel_connections{channel=\"chat:04\"} 5
service_websocket_channel_connections{channel=\"chat:05\"} 2
service_websocket_channel_connections{channel=\"chat:06\"} 19
service_websocket_channel_connections{channel=\"chat:08\"} 12
service_websocket_channel_connections{channel=\"chat:09\"} 3
service_websocket_channel_connections{channel=\"chat:10\"} 9
service_websocket_connections 139
service_websocket_connections_closed_total 5071
service_websocket_connections_created_total 5210
service_websocket_errors_total 17
service_websocket_message_latency_seconds{stat=\"avg\"} 0.00575
service_websocket_message_latency_seconds{stat=\"max\"} 0.25
service_websocket_message_latency_seconds{stat=\"p50\"} 0.0045
service_websocket_message_latency_seconds{stat=\"p95\"} 0.01225
service_websocket_message_latency_seconds{stat=\"p99\"} 0.0315
service_websocket_message_rate{window=\"15m\"} 47
service_websocket_message_rate{window=\"1m\"} 52.5
service_websocket_message_rate{window=\"5m\"} 48.25
";
    assert_poll(&mut service, &[expected]);
}

#[test]
fn every_profile_is_covered_here() {
    let names: Vec<&str> = crate::mapping::profile::PROFILES.iter().map(|profile| profile.name).collect();
    assert_eq!(names, ["cache-api", "health", "load", "nginx", "pool", "rabbitmq", "ticker", "websocket"]);
}
