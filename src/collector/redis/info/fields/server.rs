//! The numbers of the sections Server and Cluster.

use super::{Field, gauge};
use crate::metric::Unit::{Bool, PerSecond, Seconds, UnixSeconds};

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "uptime_in_seconds",
        gauge("redis_uptime_in_seconds", "Seconds since the server started.").unit(Seconds).source("INFO server"),
    ),
    Field::raw("process_id", gauge("redis_process_id", "Process id of the server.").source("INFO server")),
    Field::raw(
        "io_threads_active",
        gauge("redis_io_threads_active", "Whether I/O threads are running now.")
            .unit(Bool)
            .source("INFO server, Redis >= 6.0"),
    ),
    Field::raw(
        "configured_hz",
        gauge("redis_configured_hz", "Configured frequency of the server's background tasks.")
            .unit(PerSecond)
            .source("INFO server, Redis >= 5.0"),
    ),
    Field::raw(
        "hz",
        gauge("redis_hz", "Frequency at which the server runs its background tasks now.")
            .unit(PerSecond)
            .source("INFO server"),
    ),
    Field::raw(
        "lru_clock",
        gauge("redis_lru_clock_seconds", "Clock of the LRU eviction, which wraps around after 24 bits.")
            .unit(Seconds)
            .source("INFO server"),
    ),
    Field::micros(
        "server_time_usec",
        gauge("redis_server_time_seconds", "The server's own wall clock.")
            .unit(UnixSeconds)
            .source("INFO server, Redis >= 6.2"),
    ),
    Field::raw(
        "cluster_enabled",
        gauge("redis_cluster_enabled", "Whether the server runs in cluster mode.")
            .unit(Bool)
            .source("INFO cluster, Redis >= 3.0"),
    ),
];
