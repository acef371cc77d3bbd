//! The numbers of the section Stats that concern keys: look-ups, expiry, eviction, defragmentation.

use super::Field::{self, Millis, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("expired_subkeys") => counter "redis_expired_subkeys_total" [] Count,
        "Fields of hashes that expired.", "INFO stats, Redis >= 7.4";
    Raw("expired_subkeys_active") => counter "redis_expired_subkeys_active_total" [] Count,
        "Fields of hashes that the background cycle expired.", "INFO stats, Redis >= 8.2";
    Raw("expired_fields") => counter "redis_expired_fields_total" [] Count,
        "Fields of hashes that expired.", "INFO stats, Valkey >= 9.0";
    Raw("expired_keys") => counter "redis_expired_keys_total" [] Count, "Keys that expired.", "INFO stats";
    Raw("expired_keys_active") => counter "redis_expired_keys_active_total" [] Count,
        "Keys that the background cycle expired.", "INFO stats, Redis >= 8.2";
    Raw("expired_stale_perc") => gauge "redis_expired_stale_percentage" [] Percent,
        "Estimated fraction of the keys that have expired but are not yet removed.", "INFO stats, Redis >= 5.0";
    Raw("expired_keys_with_volatile_items_stale_perc") => gauge "redis_expired_keys_with_volatile_items_stale_percentage" [] Percent,
        "Estimated fraction of the keys with expiring fields that hold expired fields.", "INFO stats, Valkey >= 9.0";
    Raw("expired_time_cap_reached_count") => counter "redis_expired_time_cap_reached_total" [] Count,
        "Cycles of the expiry that stopped for lack of time.", "INFO stats, Redis >= 5.0";
    Raw("expire_cycle_cpu_milliseconds") => counter "redis_expire_cycle_cpu_time_ms_total" [] Milliseconds,
        "CPU time of the expiry's background cycle, in milliseconds.", "INFO stats, Redis >= 6.0";
    Raw("evicted_keys") => counter "redis_evicted_keys_total" [] Count,
        "Keys evicted because of the memory limit.", "INFO stats";
    Raw("evicted_clients") => counter "redis_evicted_clients_total" [] Count,
        "Clients disconnected because of the limit on client memory.", "INFO stats, Redis >= 7.0";
    Raw("evicted_scripts") => counter "redis_evicted_scripts_total" [] Count,
        "Cached scripts evicted.", "INFO stats, Redis >= 7.4";
    Raw("total_eviction_exceeded_time") => counter "redis_eviction_exceeded_time_ms_total" [] Milliseconds,
        "Time that the allocated bytes were above the limit, in milliseconds.", "INFO stats, Redis >= 7.0";
    Raw("current_eviction_exceeded_time") => gauge "redis_current_eviction_exceeded_time_ms" [] Milliseconds,
        "Time since the allocated bytes rose above the limit, in milliseconds.", "INFO stats, Redis >= 7.0";
    Raw("keyspace_hits") => counter "redis_keyspace_hits_total" [] Count, "Lookups that found their key.", "INFO stats";
    Raw("keyspace_misses") => counter "redis_keyspace_misses_total" [] Count,
        "Lookups that did not find their key.", "INFO stats";
    Raw("migrate_cached_sockets") => gauge "redis_migrate_cached_sockets_total" [] Count,
        "Sockets held open for MIGRATE.", "INFO stats, Redis >= 3.0";
    Raw("slave_expires_tracked_keys") => gauge "redis_slave_expires_tracked_keys" [] Count,
        "Keys with an expiry that a writable replica tracks.", "INFO stats, Redis >= 4.0";
    Raw("active_defrag_hits") => gauge "redis_defrag_hits" [] Count,
        "Values that the active defragmentation moved.", "INFO stats, Redis >= 4.0";
    Raw("active_defrag_misses") => gauge "redis_defrag_misses" [] Count,
        "Values that the active defragmentation looked at and did not move.", "INFO stats, Redis >= 4.0";
    Raw("active_defrag_key_hits") => gauge "redis_defrag_key_hits" [] Count,
        "Keys that the active defragmentation moved.", "INFO stats, Redis >= 4.0";
    Raw("active_defrag_key_misses") => gauge "redis_defrag_key_misses" [] Count,
        "Keys that the active defragmentation looked at and did not move.", "INFO stats, Redis >= 4.0";
    Millis("total_active_defrag_time") => counter "redis_active_defrag_time_seconds_total" [] Seconds,
        "Time that memory was fragmented beyond the limit.", "INFO stats, Redis >= 7.0";
    Millis("current_active_defrag_time") => gauge "redis_current_active_defrag_time_seconds" [] Seconds,
        "Time since memory became fragmented beyond the limit.", "INFO stats, Redis >= 7.0";
    Raw("tracking_total_keys") => gauge "redis_tracking_total_keys" [] Count,
        "Keys tracked for client side caching.", "INFO stats, Redis >= 6.0";
    Raw("tracking_total_items") => gauge "redis_tracking_total_items" [] Count,
        "Pairs of client and key tracked for client side caching.", "INFO stats, Redis >= 6.0";
    Raw("tracking_total_prefixes") => gauge "redis_tracking_total_prefixes" [] Count,
        "Prefixes tracked for client side caching.", "INFO stats, Redis >= 6.0";
}
