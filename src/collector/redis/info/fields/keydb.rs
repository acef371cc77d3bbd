//! The numbers of the section KeyDB.

use super::{Field, counter, gauge};

pub(super) const FIELDS: &[Field] = &[
    Field::raw("server_threads", gauge("redis_server_threads_total", "Server threads.").source("INFO keydb, KeyDB")),
    Field::raw(
        "long_lock_waits",
        gauge("redis_long_lock_waits_total", "Long waits for the global lock.").source("INFO keydb, KeyDB"),
    ),
    Field::raw(
        "current_client_thread",
        gauge("redis_current_client_thread", "Number of the thread that serves this connection.")
            .source("INFO keydb, KeyDB"),
    ),
    Field::raw(
        "mvcc_depth",
        gauge("redis_mvcc_depth", "Snapshots that lie on top of the data.").source("INFO keydb, KeyDB"),
    ),
    Field::raw(
        "cached_keys",
        counter("redis_cached_keys_total", "Keys that are cached in memory.").source("INFO keydb, KeyDB"),
    ),
    Field::raw(
        "storage_provider_read_hits",
        counter("redis_storage_provider_read_hits", "Reads that the storage provider answered.")
            .source("INFO keydb, KeyDB"),
    ),
    Field::raw(
        "storage_provider_read_misses",
        counter("redis_storage_provider_read_misses", "Reads that the storage provider could not answer.")
            .source("INFO keydb, KeyDB"),
    ),
];
