//! The two publishers of a ticker, of which one is in use.

use super::profiles::{assert_poll, circuit, dependencies, health};
use super::*;

/// What a publisher that nobody uses says of itself, and what watches it.
const UNUSED: [(&str, &str); 2] = [
    (
        "publisher-stats",
        r#"{"total_published": 0, "total_dropped": 0, "total_sampled_out": 0, "buffer_size": 0, "buffer_capacity": 10000,
            "circuit_breaker_state": "closed", "circuit_breaker_failures": 0}"#,
    ),
    (
        "metrics",
        r#"{"ticks_received_per_sec": 0.0, "ticks_published_per_sec": 0.0, "avg_publish_latency_ms": 0.0,
            "p95_publish_latency_ms": 0.0, "p99_publish_latency_ms": 0.0, "pending_publishes": 0, "dropped_messages": 0,
            "redis_publish_errors": 0, "redis_connection_errors": 0, "memory_usage_mb": 58.0, "cpu_usage_percent": 0.0,
            "backpressure_level": "healthy", "timestamp": "2025-10-31T12:00:00Z"}"#,
    ),
];

/// The series of the older publisher, and those of the monitor.
fn both_series(attempts: u32, failed: u32, lost: u32, circuit: u32, ticks: u32) -> String {
    format!(
        "# TYPE redis_publish_total counter\nredis_publish_total {attempts}\n\
         # TYPE redis_publish_failures_total counter\nredis_publish_failures_total {failed}\n\
         # TYPE redis_circuit_open_drops_total counter\nredis_circuit_open_drops_total {lost}\n\
         # TYPE redis_circuit_state gauge\nredis_circuit_state {circuit}\n\
         # TYPE ticker_ticks_received_total counter\nticker_ticks_received_total {ticks}\n\
         # TYPE ticker_ticks_published_total counter\nticker_ticks_published_total {ticks}\n"
    )
}

#[test]
fn the_publisher_that_is_used_is_the_one_that_is_shown() {
    let mut service = Service::of("ticker");
    for (endpoint, body) in UNUSED {
        service.answer(endpoint, 200, body);
    }
    service.answer("series", 200, &both_series(881, 245, 573, 1, 0));
    let of_older = "\
backpressure_dropped_total 573
backpressure_publish_errors_total 245
backpressure_published_total 881
backpressure_window_seconds 300
redis_circuit_open_drops_total 573
redis_circuit_state 1
redis_publish_failures_total 245
redis_publish_total 881
service_cpu_usage_ratio 0
service_memory_bytes 60817408
service_pass_through_refused{endpoint=\"series\"} 0
service_report_timestamp_seconds 1761912000
ticker_ticks_published_total 0
ticker_ticks_received_total 0
";
    // So it is in the first poll. No level and no rate is shown of what nothing passes through.
    assert_poll(&mut service, &[of_older, &circuit("open")]);
    // The series cannot be read once: the zeros of the other one are no truer for that.
    service.answer("series", 500, "");
    for (endpoint, body) in UNUSED {
        service.answer(endpoint, 200, body);
    }
    assert!(!service.poll().iter().any(|line| line.starts_with("backpressure_circuit_state")));
}

#[test]
fn the_newer_publisher_is_shown_when_it_is_the_one_in_use() {
    let mut service = Service::of("ticker");
    service.says("metrics", 200, "ticker-metrics.json").says("publisher-stats", 200, "ticker-publisher-stats.json");
    service.answer("series", 200, &both_series(0, 0, 0, 0, 1000));
    let lines = service.poll();
    for line in ["backpressure_published_total 600", "backpressure_dropped_total 77", "backpressure_level 1"] {
        assert!(lines.iter().any(|shown| shown == line), "{line}");
    }
    assert!(lines.iter().any(|line| line == "backpressure_circuit_state{state=\"half_open\"} 1"));
}

#[test]
fn words_of_real_services_mean_a_state() {
    let mut service = Service::of("health");
    let checks = r#"{"status": "OUT_OF_SERVICE", "checks": {"celery": "warning: no workers", "instruments": "initialized_but_empty"}}"#;
    service.answer("health", 503, checks);
    let dependencies = dependencies(&[("celery", "degraded"), ("instruments", "degraded")]);
    assert_poll(&mut service, &[&health("unhealthy"), &dependencies]);
}
