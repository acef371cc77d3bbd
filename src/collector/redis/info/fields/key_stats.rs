//! The numbers of the section Stats that concern keys: look-ups, expiry, eviction, defragmentation.

use super::{Field, counter, gauge};
use crate::metric::Unit::{Milliseconds, Percent, Seconds};

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "expired_subkeys",
        counter("redis_expired_subkeys_total", "Fields of hashes that expired.").source("INFO stats, Redis >= 7.4"),
    ),
    Field::raw(
        "expired_subkeys_active",
        counter("redis_expired_subkeys_active_total", "Fields of hashes that the background cycle expired.")
            .source("INFO stats, Redis >= 8.2"),
    ),
    Field::raw(
        "expired_fields",
        counter("redis_expired_fields_total", "Fields of hashes that expired.").source("INFO stats, Valkey >= 9.0"),
    ),
    Field::raw("expired_keys", counter("redis_expired_keys_total", "Keys that expired.").source("INFO stats")),
    Field::raw(
        "expired_keys_active",
        counter("redis_expired_keys_active_total", "Keys that the background cycle expired.")
            .source("INFO stats, Redis >= 8.2"),
    ),
    Field::raw(
        "expired_stale_perc",
        gauge(
            "redis_expired_stale_percentage",
            "Estimated part of the keys that are past their time but not yet removed.",
        )
        .unit(Percent)
        .source("INFO stats, Redis >= 5.0"),
    ),
    Field::raw(
        "expired_keys_with_volatile_items_stale_perc",
        gauge(
            "redis_expired_keys_with_volatile_items_stale_percentage",
            "Estimated part of the keys with expiring fields that hold fields past their time.",
        )
        .unit(Percent)
        .source("INFO stats, Valkey >= 9.0"),
    ),
    Field::raw(
        "expired_time_cap_reached_count",
        counter("redis_expired_time_cap_reached_total", "Cycles of the expiry that stopped for lack of time.")
            .source("INFO stats, Redis >= 5.0"),
    ),
    Field::raw(
        "expire_cycle_cpu_milliseconds",
        counter("redis_expire_cycle_cpu_time_ms_total", "CPU time of the expiry's background cycle, in milliseconds.")
            .unit(Milliseconds)
            .source("INFO stats, Redis >= 6.0"),
    ),
    Field::raw(
        "evicted_keys",
        counter("redis_evicted_keys_total", "Keys evicted because of the memory limit.").source("INFO stats"),
    ),
    Field::raw(
        "evicted_clients",
        counter("redis_evicted_clients_total", "Clients disconnected because of the limit on client memory.")
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "evicted_scripts",
        counter("redis_evicted_scripts_total", "Cached scripts evicted.").source("INFO stats, Redis >= 7.4"),
    ),
    Field::raw(
        "total_eviction_exceeded_time",
        counter(
            "redis_eviction_exceeded_time_ms_total",
            "Time that the allocated bytes were above the limit, in milliseconds.",
        )
        .unit(Milliseconds)
        .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "current_eviction_exceeded_time",
        gauge(
            "redis_current_eviction_exceeded_time_ms",
            "Time since the allocated bytes rose above the limit, in milliseconds.",
        )
        .unit(Milliseconds)
        .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "keyspace_hits",
        counter("redis_keyspace_hits_total", "Look-ups that found their key.").source("INFO stats"),
    ),
    Field::raw(
        "keyspace_misses",
        counter("redis_keyspace_misses_total", "Look-ups that did not find their key.").source("INFO stats"),
    ),
    Field::raw(
        "migrate_cached_sockets",
        gauge("redis_migrate_cached_sockets_total", "Sockets held open for MIGRATE.")
            .source("INFO stats, Redis >= 3.0"),
    ),
    Field::raw(
        "slave_expires_tracked_keys",
        gauge("redis_slave_expires_tracked_keys", "Keys with an expiry that a writable replica tracks.")
            .source("INFO stats, Redis >= 4.0"),
    ),
    Field::raw(
        "active_defrag_hits",
        gauge("redis_defrag_hits", "Values that the active defragmentation moved.").source("INFO stats, Redis >= 4.0"),
    ),
    Field::raw(
        "active_defrag_misses",
        gauge("redis_defrag_misses", "Values that the active defragmentation looked at and did not move.")
            .source("INFO stats, Redis >= 4.0"),
    ),
    Field::raw(
        "active_defrag_key_hits",
        gauge("redis_defrag_key_hits", "Keys that the active defragmentation moved.")
            .source("INFO stats, Redis >= 4.0"),
    ),
    Field::raw(
        "active_defrag_key_misses",
        gauge("redis_defrag_key_misses", "Keys that the active defragmentation looked at and did not move.")
            .source("INFO stats, Redis >= 4.0"),
    ),
    Field::millis(
        "total_active_defrag_time",
        counter("redis_active_defrag_time_seconds_total", "Time that memory was fragmented beyond the limit.")
            .unit(Seconds)
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::millis(
        "current_active_defrag_time",
        gauge("redis_current_active_defrag_time_seconds", "Time since memory became fragmented beyond the limit.")
            .unit(Seconds)
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "tracking_total_keys",
        gauge("redis_tracking_total_keys", "Keys tracked for client side caching.").source("INFO stats, Redis >= 6.0"),
    ),
    Field::raw(
        "tracking_total_items",
        gauge("redis_tracking_total_items", "Pairs of client and key tracked for client side caching.")
            .source("INFO stats, Redis >= 6.0"),
    ),
    Field::raw(
        "tracking_total_prefixes",
        gauge("redis_tracking_total_prefixes", "Prefixes tracked for client side caching.")
            .source("INFO stats, Redis >= 6.0"),
    ),
];
