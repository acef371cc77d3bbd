//! The JSON of the routes on back-pressure: names, types and order of the keys as the service is known to give them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::flow::Snapshot;
use crate::json::{self, object};
use crate::level::Level;
use crate::usage::Usage;

/// A moment, with what `/proc` says of this process.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) seen: Snapshot,
    pub(crate) usage: Usage,
    pub(crate) at: SystemTime,
}

/// Tells the wall clock's time of moments. It is anchored once, so that one moment has one time whenever it is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    start_time: SystemTime,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), start_time: SystemTime::now() }
    }

    fn epoch_seconds(&self, at: Instant) -> f64 {
        let time = self.start_time + at.saturating_duration_since(self.start);
        time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
    }
}

const NOT_INITIALIZED: &str = "Resilient publisher not initialized";

/// `GET /advanced/backpressure/status`: for people, with units in the values.
///
/// In WARNING the service still does all of its work: it is degraded from CRITICAL on.
pub(crate) fn status(view: &View) -> impl Serialize {
    let seen = &view.seen;
    object! {
        backpressure_level: seen.level.as_str(),
        health_status: if seen.level >= Level::Critical { "degraded" } else { "healthy" },
        ingestion_rate: format!("{:.1} ticks/sec", seen.ingest_rate),
        publish_rate: format!("{:.1} ticks/sec", seen.publish_rate),
        rate_ratio: format!("{:.2}%", seen.ratio * 100.0),
        avg_latency: format!("{:.2} ms", seen.latency.average),
        p99_latency: format!("{:.2} ms", seen.latency.p99),
        pending_publishes: seen.pending,
        dropped_messages: seen.totals.dropped,
        redis_errors: seen.totals.publish_errors + seen.totals.connection_errors,
        memory_usage: format!("{:.1} MB", view.usage.memory_mb),
        cpu_usage: format!("{:.1}%", view.usage.cpu_percent),
        timestamp: timestamp(view.at),
    }
}

/// `GET /advanced/backpressure/metrics`: for programs.
pub(crate) fn metrics(view: &View) -> impl Serialize {
    let seen = &view.seen;
    object! {
        ticks_received_per_sec: seen.ingest_rate,
        ticks_published_per_sec: seen.publish_rate,
        avg_publish_latency_ms: seen.latency.average,
        p95_publish_latency_ms: seen.latency.p95,
        p99_publish_latency_ms: seen.latency.p99,
        pending_publishes: seen.pending,
        dropped_messages: seen.totals.dropped,
        redis_publish_errors: seen.totals.publish_errors,
        redis_connection_errors: seen.totals.connection_errors,
        memory_usage_mb: view.usage.memory_mb,
        cpu_usage_percent: view.usage.cpu_percent,
        backpressure_level: seen.level.as_str(),
        ingestion_rate_ratio: seen.ratio,
        timestamp: timestamp(view.at),
    }
}

/// `GET /advanced/backpressure/circuit-breaker`, as text: without a publisher it has other keys.
pub(crate) fn circuit_breaker(seen: &Snapshot, clock: &Clock) -> String {
    if !seen.initialized {
        return json::text(&object! { state: "unknown", message: NOT_INITIALIZED });
    }
    json::text(&object! {
        state: seen.breaker.as_str(),
        failure_count: seen.breaker_failures,
        success_count: seen.breaker_successes,
        last_failure_time: seen.last_failure.map(|at| clock.epoch_seconds(at)),
    })
}

/// `GET /advanced/backpressure/publisher-stats`, as text: without a publisher it has other keys.
pub(crate) fn publisher_stats(view: &View) -> String {
    let seen = &view.seen;
    if !seen.initialized {
        let message = "Set \"initialized\" by POST /admin/knobs";
        return json::text(&object! { error: NOT_INITIALIZED, message: message });
    }
    json::text(&object! {
        total_published: seen.totals.published,
        total_dropped: seen.totals.dropped,
        total_sampled_out: seen.totals.sampled_out,
        buffer_size: seen.buffered,
        buffer_capacity: seen.capacity,
        circuit_breaker_state: seen.breaker.as_str(),
        circuit_breaker_failures: seen.breaker_failures,
        backpressure_metrics: status(view),
    })
}

/// As Python's `isoformat` writes it.
fn timestamp(at: SystemTime) -> String {
    humantime::format_rfc3339_micros(at).to_string().replace('Z', "+00:00")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::breaker::BreakerState;
    use crate::flow::Totals;
    use crate::latency::LatencySummary;
    use std::time::Duration;

    /// One of each value.
    pub(crate) fn snapshot() -> Snapshot {
        Snapshot {
            totals: Totals {
                received: 1_000,
                published: 600,
                dropped: 77,
                sampled_out: 200,
                vanished: 0,
                publish_errors: 4,
                connection_errors: 3,
            },
            pending: 123,
            buffered: 23,
            capacity: 10_000,
            ingest_rate: 1_234.5,
            publish_rate: 1_000.25,
            ratio: 0.875,
            latency: LatencySummary { average: 1.234, p95: 4.5, p99: 5.678 },
            level: Level::Warning,
            breaker: BreakerState::HalfOpen,
            breaker_failures: 5,
            breaker_successes: 1,
            last_failure: None,
            initialized: true,
        }
    }

    fn view(seen: Snapshot) -> View {
        let usage = Usage { memory_mb: 512.34, cpu_percent: 45.625 };
        View { seen, usage, at: UNIX_EPOCH + Duration::from_micros(1_761_912_000_123_456) }
    }

    const STATUS: &str = r#"{"backpressure_level":"warning","health_status":"healthy","ingestion_rate":"1234.5 ticks/sec","publish_rate":"1000.2 ticks/sec","rate_ratio":"87.50%","avg_latency":"1.23 ms","p99_latency":"5.68 ms","pending_publishes":123,"dropped_messages":77,"redis_errors":7,"memory_usage":"512.3 MB","cpu_usage":"45.6%","timestamp":"2025-10-31T12:00:00.123456+00:00"}"#;

    #[test]
    fn the_status_is_this() {
        assert_eq!(json::text(&status(&view(snapshot()))), STATUS);
        let status = |level| serde_json::to_value(status(&view(Snapshot { level, ..snapshot() }))).unwrap();
        let health = |level| status(level)["health_status"].as_str().unwrap().to_owned();
        assert_eq!(
            [Level::Healthy, Level::Warning, Level::Critical, Level::Overload].map(health),
            ["healthy", "healthy", "degraded", "degraded"]
        );
    }

    #[test]
    fn the_metrics_are_these() {
        let expected = r#"{"ticks_received_per_sec":1234.5,"ticks_published_per_sec":1000.25,"avg_publish_latency_ms":1.234,"p95_publish_latency_ms":4.5,"p99_publish_latency_ms":5.678,"pending_publishes":123,"dropped_messages":77,"redis_publish_errors":4,"redis_connection_errors":3,"memory_usage_mb":512.34,"cpu_usage_percent":45.625,"backpressure_level":"warning","ingestion_rate_ratio":0.875,"timestamp":"2025-10-31T12:00:00.123456+00:00"}"#;
        assert_eq!(json::text(&metrics(&view(snapshot()))), expected);
    }

    #[test]
    fn the_circuit_breaker_is_this() {
        let clock = Clock { start: Instant::now(), start_time: UNIX_EPOCH + Duration::from_millis(1_761_912_000_500) };
        let seen = snapshot();
        let never = r#"{"state":"half_open","failure_count":5,"success_count":1,"last_failure_time":null}"#;
        assert_eq!(circuit_breaker(&seen, &clock), never);
        let failed = Snapshot { last_failure: Some(clock.start + Duration::from_secs(2)), ..seen };
        let once = r#"{"state":"half_open","failure_count":5,"success_count":1,"last_failure_time":1761912002.5}"#;
        assert_eq!(circuit_breaker(&failed, &clock), once);
        let unknown = Snapshot { initialized: false, ..failed };
        let before = r#"{"state":"unknown","message":"Resilient publisher not initialized"}"#;
        assert_eq!(circuit_breaker(&unknown, &clock), before);
    }

    #[test]
    fn the_publisher_stats_are_these() {
        let expected = format!(
            r#"{{"total_published":600,"total_dropped":77,"total_sampled_out":200,"buffer_size":23,"buffer_capacity":10000,"circuit_breaker_state":"half_open","circuit_breaker_failures":5,"backpressure_metrics":{STATUS}}}"#
        );
        assert_eq!(publisher_stats(&view(snapshot())), expected);
        let before = view(Snapshot { initialized: false, ..snapshot() });
        let unknown =
            r#"{"error":"Resilient publisher not initialized","message":"Set \"initialized\" by POST /admin/knobs"}"#;
        assert_eq!(publisher_stats(&before), unknown);
    }
}
