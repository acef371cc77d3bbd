//! `/api/redis/...`: how the cache in Redis does.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use redis::Pipeline;
use serde::Serialize;
use tokio::time::timeout;

use super::{Answer, json};
use crate::cache::{ANSWER_DEADLINE, CacheCounts};
use crate::service::Shared;

#[derive(Serialize)]
struct Health {
    success: bool,
    status: &'static str,
    /// Milliseconds of a PING.
    latency: u64,
    available: bool,
    cache: Counts,
    timestamp: u64,
}

#[derive(Serialize)]
struct Stats {
    success: bool,
    data: StatsData,
    timestamp: u64,
}

#[derive(Serialize)]
struct StatsData {
    cache: Counts,
    redis: Ping,
}

#[derive(Serialize)]
struct Ping {
    status: &'static str,
    /// Milliseconds.
    latency: u64,
    available: bool,
}

#[derive(Serialize)]
struct Reset {
    success: bool,
    message: &'static str,
    timestamp: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    hits: u64,
    misses: u64,
    errors: u64,
    sets: u64,
    /// Percent, in a text with two decimals; `0.00` without requests.
    hit_ratio: String,
    total_requests: u64,
}

impl From<CacheCounts> for Counts {
    fn from(counts: CacheCounts) -> Self {
        let total_requests = counts.hits + counts.misses;
        let ratio = if total_requests == 0 { 0.0 } else { counts.hits as f64 / total_requests as f64 };
        Self {
            hits: counts.hits,
            misses: counts.misses,
            errors: counts.errors,
            sets: counts.sets,
            hit_ratio: format!("{:.2}", ratio * 100.0),
            total_requests,
        }
    }
}

/// 503 when Redis does not answer in time, with the same body.
pub(super) async fn health(shared: &Shared) -> Answer {
    let Ping { status, latency, available } = ping(shared).await;
    let body = Health {
        success: available,
        status,
        latency,
        available,
        cache: shared.cache.counts().into(),
        timestamp: timestamp(),
    };
    json(if available { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
}

pub(super) async fn stats(shared: &Shared) -> Answer {
    let redis = ping(shared).await;
    let data = StatsData { cache: shared.cache.counts().into(), redis };
    json(StatusCode::OK, &Stats { success: true, data, timestamp: timestamp() })
}

pub(super) fn reset(shared: &Shared) -> Answer {
    shared.cache.reset();
    json(StatusCode::OK, &Reset { success: true, message: "Cache statistics reset", timestamp: timestamp() })
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

    const COUNTS: CacheCounts = CacheCounts { hits: 7, misses: 1, errors: 2, sets: 3 };
    const COUNTS_JSON: &str = r#"{"hits":7,"misses":1,"errors":2,"sets":3,"hitRatio":"87.50","totalRequests":8}"#;

    fn json(value: impl Serialize) -> String {
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn counts() {
        assert_eq!(json(Counts::from(COUNTS)), COUNTS_JSON);
        assert_eq!(Counts::from(CacheCounts::default()).hit_ratio, "0.00");
    }

    #[test]
    fn health_and_stats() {
        let health = Health {
            success: true,
            status: "healthy",
            latency: 2,
            available: true,
            cache: COUNTS.into(),
            timestamp: 1_761_912_000_123,
        };
        let expected = format!(
            r#"{{"success":true,"status":"healthy","latency":2,"available":true,"cache":{COUNTS_JSON},"timestamp":1761912000123}}"#
        );
        assert_eq!(json(health), expected);
        let redis = Ping { status: "healthy", latency: 2, available: true };
        let stats = Stats { success: true, data: StatsData { cache: COUNTS.into(), redis }, timestamp: 5 };
        let expected = format!(
            r#"{{"success":true,"data":{{"cache":{COUNTS_JSON},"redis":{{"status":"healthy","latency":2,"available":true}}}},"timestamp":5}}"#
        );
        assert_eq!(json(stats), expected);
    }
}
