//! `/api/redis/...`: how the cache in Redis does.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use redis::Pipeline;
use serde::Serialize;
use tokio::time::timeout;

use super::{Answer, json};
use crate::cache::{ANSWER_DEADLINE, CacheCounts};
use crate::json::object;
use crate::service::Shared;

/// 503 when Redis does not answer in time, with the same body.
pub(super) async fn health(shared: &Shared) -> Answer {
    let ping = ping(shared).await;
    let status = if ping.available { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &health_of(ping, shared.cache.counts(), timestamp()))
}

fn health_of(Ping { status, latency, available }: Ping, cache: CacheCounts, timestamp: u64) -> impl Serialize {
    object! {
        success: available,
        status: status,
        latency: latency,
        available: available,
        cache: counts(cache),
        timestamp: timestamp,
    }
}

pub(super) async fn stats(shared: &Shared) -> Answer {
    let ping = ping(shared).await;
    json(StatusCode::OK, &stats_of(ping, shared.cache.counts(), timestamp()))
}

fn stats_of(ping: Ping, cache: CacheCounts, timestamp: u64) -> impl Serialize {
    object! { success: true, data: object! { cache: counts(cache), redis: ping }, timestamp: timestamp }
}

pub(super) fn reset(shared: &Shared) -> Answer {
    shared.cache.reset();
    json(StatusCode::OK, &object! { success: true, message: "Cache statistics reset", timestamp: timestamp() })
}

/// The ratio is percent, in a text with two decimals; `0.00` without requests.
fn counts(CacheCounts { hits, misses, errors, sets }: CacheCounts) -> impl Serialize {
    let total = hits + misses;
    let ratio = if total == 0 { 0.0 } else { hits as f64 / total as f64 };
    object! {
        hits: hits,
        misses: misses,
        errors: errors,
        sets: sets,
        hitRatio: format!("{:.2}", ratio * 100.0),
        totalRequests: total,
    }
}

#[derive(Serialize)]
struct Ping {
    status: &'static str,
    /// Milliseconds.
    latency: u64,
    available: bool,
}

/// The deadline is for all of it: waiting for a connection that another request makes, and making one, included.
async fn ping(shared: &Shared) -> Ping {
    let mut commands = Pipeline::new();
    commands.cmd("PING").ignore();
    let started = Instant::now();
    let available =
        timeout(ANSWER_DEADLINE, shared.cache_link.query::<()>(&commands)).await.is_ok_and(|answered| answered.is_ok());
    let latency = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ping { status: if available { "healthy" } else { "unhealthy" }, latency, available }
}

/// Milliseconds since the epoch.
fn timestamp() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::text;

    const COUNTS: CacheCounts = CacheCounts { hits: 7, misses: 1, errors: 2, sets: 3 };
    const COUNTS_JSON: &str = r#"{"hits":7,"misses":1,"errors":2,"sets":3,"hitRatio":"87.50","totalRequests":8}"#;

    const PING: Ping = Ping { status: "healthy", latency: 2, available: true };

    #[test]
    fn the_counts_are_these() {
        assert_eq!(text(&counts(COUNTS)), COUNTS_JSON);
        assert!(text(&counts(CacheCounts::default())).contains(r#""hitRatio":"0.00""#));
    }

    #[test]
    fn health_and_stats() {
        let expected = format!(
            r#"{{"success":true,"status":"healthy","latency":2,"available":true,"cache":{COUNTS_JSON},"timestamp":1761912000123}}"#
        );
        assert_eq!(text(&health_of(PING, COUNTS, 1_761_912_000_123)), expected);
        let expected = format!(
            r#"{{"success":true,"data":{{"cache":{COUNTS_JSON},"redis":{{"status":"healthy","latency":2,"available":true}}}},"timestamp":5}}"#
        );
        assert_eq!(text(&stats_of(PING, COUNTS, 5)), expected);
    }
}
