//! The numbers of the section KeyDB.

use super::Field::{self, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("server_threads") => gauge "redis_server_threads_total" [] Count, "Server threads.", "INFO keydb, KeyDB";
    Raw("long_lock_waits") => gauge "redis_long_lock_waits_total" [] Count,
        "Long waits for the global lock.", "INFO keydb, KeyDB";
    Raw("current_client_thread") => gauge "redis_current_client_thread" [] Count,
        "Number of the thread that serves this connection.", "INFO keydb, KeyDB";
    Raw("mvcc_depth") => gauge "redis_mvcc_depth" [] Count, "Snapshots on top of the data.", "INFO keydb, KeyDB";
    Raw("cached_keys") => counter "redis_cached_keys_total" [] Count,
        "Keys that are cached in memory.", "INFO keydb, KeyDB";
    Raw("storage_provider_read_hits") => counter "redis_storage_provider_read_hits" [] Count,
        "Reads that the storage provider answered.", "INFO keydb, KeyDB";
    Raw("storage_provider_read_misses") => counter "redis_storage_provider_read_misses" [] Count,
        "Reads that the storage provider could not answer.", "INFO keydb, KeyDB";
}
