//! The numbers of the sections Server and Cluster.

use super::Field::{self, Micros, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("uptime_in_seconds") => gauge "redis_uptime_in_seconds" [] Seconds,
        "Seconds since the server started.", "INFO server";
    Raw("process_id") => gauge "redis_process_id" [] Count, "Process id of the server.", "INFO server";
    Raw("io_threads_active") => gauge "redis_io_threads_active" [] Bool,
        "Whether I/O threads are running now.", "INFO server, Redis >= 6.0";
    Raw("configured_hz") => gauge "redis_configured_hz" [] PerSecond,
        "Configured frequency of the server's background tasks.", "INFO server, Redis >= 5.0";
    Raw("hz") => gauge "redis_hz" [] PerSecond,
        "Frequency at which the server runs its background tasks now.", "INFO server";
    Raw("lru_clock") => gauge "redis_lru_clock_seconds" [] Seconds,
        "Clock of the LRU eviction, which wraps around after 24 bits.", "INFO server";
    Micros("server_time_usec") => gauge "redis_server_time_seconds" [] UnixSeconds,
        "The server's own wall clock.", "INFO server, Redis >= 6.2";
    Raw("cluster_enabled") => gauge "redis_cluster_enabled" [] Bool,
        "Whether the server runs in cluster mode.", "INFO cluster, Redis >= 3.0";
}
