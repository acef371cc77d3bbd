//! Pools, queues, and the cache: what the documents of such services name, and what several collectors see.

use crate::{Metric, MetricInfo, Unit};

/// `pool_connections`.
pub const POOL_CONNECTIONS: Metric<2> = Metric::gauge(
    "pool_connections",
    &["pool", "state"],
    "Open connections of a connection pool by state: in_use or idle.",
)
.unit(Unit::Count)
.source("CLIENT LIST name, idle, flags; pool endpoint");

/// `pool_max_connections`.
pub const POOL_MAX_CONNECTIONS: Metric<1> =
    Metric::gauge("pool_max_connections", &["pool"], "The most connections that a connection pool may open.")
        .unit(Unit::Count)
        .source("configuration, pool endpoint");

/// `pool_usage_ratio`.
pub const POOL_USAGE_RATIO: Metric<1> = Metric::gauge(
    "pool_usage_ratio",
    &["pool"],
    "Connections of a connection pool that are in use, as a part of the most that it may open.",
)
.unit(Unit::Ratio)
.source("CLIENT LIST name, idle, flags; pool endpoint");

/// `pool_waiting`.
pub const POOL_WAITING: Metric<1> =
    Metric::gauge("pool_waiting", &["pool"], "Callers that wait for a connection of the pool.")
        .unit(Unit::Count)
        .source("pool endpoint");

/// `queue_size`.
pub const QUEUE_SIZE: Metric<1> =
    Metric::gauge("queue_size", &["queue"], "Items in a queue.").unit(Unit::Count).source("queue endpoint");

/// `queue_capacity`.
pub const QUEUE_CAPACITY: Metric<1> = Metric::gauge("queue_capacity", &["queue"], "Items that a queue can hold.")
    .unit(Unit::Count)
    .source("queue endpoint");

/// `queue_items_dropped_total`.
pub const QUEUE_DROPPED: Metric<1> =
    Metric::counter("queue_items_dropped_total", &["queue"], "Items that a full queue lost.")
        .unit(Unit::Count)
        .source("queue endpoint");

/// `redis_cache_hits`.
pub const CACHE_HITS: Metric<0> =
    Metric::counter("redis_cache_hits", &[], "Lookups of the service's cache that found their key.")
        .unit(Unit::Count)
        .source("cache statistics endpoint");

/// `redis_cache_misses`.
pub const CACHE_MISSES: Metric<0> = Metric::counter(
    "redis_cache_misses",
    &[],
    "Lookups of the service's cache that did not find their key; with Redis gone, many services count every lookup here.",
)
.unit(Unit::Count)
.source("cache statistics endpoint");

/// `redis_cache_errors`.
pub const CACHE_ERRORS: Metric<0> =
    Metric::counter("redis_cache_errors", &[], "Failed operations of the service's cache.")
        .unit(Unit::Count)
        .source("cache statistics endpoint");

/// `redis_cache_sets`.
pub const CACHE_SETS: Metric<0> = Metric::counter("redis_cache_sets", &[], "Writes of the service's cache.")
    .unit(Unit::Count)
    .source("cache statistics endpoint");

/// `redis_cache_hit_ratio`.
pub const CACHE_HIT_RATIO: Metric<0> = Metric::gauge(
    "redis_cache_hit_ratio",
    &[],
    "Part of the key lookups that found their key, over the window of redis_cache_hit_ratio_window_seconds; absent without lookups in it.",
)
.unit(Unit::Ratio)
.source("INFO stats: keyspace_hits and keyspace_misses; cache statistics endpoint");

/// `redis_cache_hit_ratio_window_seconds`.
pub const CACHE_HIT_RATIO_WINDOW: Metric<0> = Metric::gauge(
    "redis_cache_hit_ratio_window_seconds",
    &[],
    "The time over which redis_cache_hit_ratio is computed.",
)
.unit(Unit::Seconds)
.source("the configuration of the agent");

/// `redis_connection_status`.
pub const CONNECTION_STATUS: Metric<0> = Metric::gauge(
    "redis_connection_status",
    &[],
    "Whether Redis answers: 1 connected, 0 not. Of a Redis target it is what the agent sees, of a service what the service says.",
)
.unit(Unit::Bool)
.source("poll; health endpoint");

/// `redis_ping_ms`.
pub const PING_MS: Metric<0> = Metric::gauge(
    "redis_ping_ms",
    &[],
    "Mean round trip to Redis in milliseconds: of a Redis target the PINGs of the agent's last poll, of a service its own measurement.",
)
.unit(Unit::Milliseconds)
.source("PING; health endpoint");

/// Everything above.
pub(super) fn metrics() -> Vec<MetricInfo> {
    vec![
        *POOL_CONNECTIONS.info(),
        *POOL_MAX_CONNECTIONS.info(),
        *POOL_USAGE_RATIO.info(),
        *POOL_WAITING.info(),
        *QUEUE_SIZE.info(),
        *QUEUE_CAPACITY.info(),
        *QUEUE_DROPPED.info(),
        *CACHE_HITS.info(),
        *CACHE_MISSES.info(),
        *CACHE_ERRORS.info(),
        *CACHE_SETS.info(),
        *CACHE_HIT_RATIO.info(),
        *CACHE_HIT_RATIO_WINDOW.info(),
        *CONNECTION_STATUS.info(),
        *PING_MS.info(),
    ]
}
