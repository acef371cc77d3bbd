//! The plain numbers of the sections Replication and Sentinel.

use super::{Field, gauge};
use crate::metric::Unit::{Bool, Bytes, Ratio, Seconds};

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "connected_slaves",
        gauge("redis_connected_slaves", "Replicas that are connected.").source("INFO replication"),
    ),
    Field::raw(
        "replicas_waiting_psync",
        gauge("redis_replicas_waiting_psync", "Replicas that wait for a partial synchronisation to begin.")
            .source("INFO replication, Valkey >= 8.0"),
    ),
    Field::raw(
        "replicas_repl_buffer_size",
        gauge(
            "redis_replicas_repl_buffer_size_bytes",
            "Bytes that a replica keeps back while it loads a full synchronisation.",
        )
        .unit(Bytes)
        .source("INFO replication, Valkey >= 8.0"),
    ),
    Field::raw(
        "replicas_repl_buffer_peak",
        gauge(
            "redis_replicas_repl_buffer_peak_bytes",
            "Most bytes that a replica kept back while it loaded a full synchronisation.",
        )
        .unit(Bytes)
        .source("INFO replication, Valkey >= 8.0"),
    ),
    Field::raw(
        "repl_backlog_size",
        gauge("redis_replication_backlog_bytes", "Size of the replication backlog.")
            .unit(Bytes)
            .source("INFO replication"),
    ),
    Field::raw(
        "repl_backlog_active",
        gauge("redis_repl_backlog_is_active", "Whether the replication backlog is in use.")
            .unit(Bool)
            .source("INFO replication"),
    ),
    Field::raw(
        "repl_backlog_first_byte_offset",
        gauge("redis_repl_backlog_first_byte_offset", "Replication offset of the first byte in the backlog.")
            .unit(Bytes)
            .source("INFO replication"),
    ),
    Field::raw(
        "repl_backlog_histlen",
        gauge("redis_repl_backlog_history_bytes", "Bytes of data in the replication backlog.")
            .unit(Bytes)
            .source("INFO replication"),
    ),
    Field::raw(
        "master_repl_offset",
        gauge("redis_master_repl_offset", "Replication offset of this server.").unit(Bytes).source("INFO replication"),
    ),
    Field::raw(
        "second_repl_offset",
        gauge(
            "redis_second_repl_offset",
            "Offset up to which the second replication id is accepted; -1 when there is none.",
        )
        .unit(Bytes)
        .source("INFO replication, Redis >= 4.0"),
    ),
    Field::raw(
        "slave_priority",
        gauge("redis_slave_priority", "Priority of this replica in a failover; 0 means never.")
            .source("INFO replication"),
    ),
    Field::raw(
        "slave_read_repl_offset",
        gauge("redis_slave_read_repl_offset", "Replication offset up to which this replica has read.")
            .unit(Bytes)
            .source("INFO replication, Redis >= 7.0"),
    ),
    Field::raw(
        "replica_announced",
        gauge("redis_replica_announced", "Whether Sentinel may tell clients of this replica.")
            .unit(Bool)
            .source("INFO replication, Redis >= 6.2"),
    ),
    Field::raw(
        "master_link_down_since_seconds",
        gauge("redis_master_link_down_since_seconds", "Time since the link to the master broke.")
            .unit(Seconds)
            .source("INFO replication"),
    ),
    Field::raw(
        "master_sync_total_bytes",
        gauge("redis_master_sync_total_bytes", "Bytes of the synchronisation going on; 0 when the size is not known.")
            .unit(Bytes)
            .source("INFO replication, Redis >= 6.2"),
    ),
    Field::raw(
        "master_sync_read_bytes",
        gauge("redis_master_sync_read_bytes", "Bytes of the synchronisation that are read already.")
            .unit(Bytes)
            .source("INFO replication, Redis >= 6.2"),
    ),
    Field::raw(
        "master_sync_left_bytes",
        gauge("redis_master_sync_left_bytes", "Bytes of the synchronisation that are still to be read.")
            .unit(Bytes)
            .source("INFO replication"),
    ),
    Field::percent(
        "master_sync_perc",
        gauge("redis_master_sync_ratio", "Part of the synchronisation that is read already.")
            .unit(Ratio)
            .source("INFO replication, Redis >= 6.2"),
    ),
    Field::raw(
        "master_sync_last_io_seconds_ago",
        gauge("redis_master_sync_last_io_seconds_ago", "Time since data of the synchronisation came last.")
            .unit(Seconds)
            .source("INFO replication"),
    ),
    Field::raw(
        "min_slaves_good_slaves",
        gauge("redis_min_slaves_good_slaves", "Replicas whose lag is small enough for min-replicas-to-write.")
            .source("INFO replication"),
    ),
    Field::raw(
        "sentinel_masters",
        gauge("redis_sentinel_masters", "Masters that this Sentinel watches.").source("INFO sentinel"),
    ),
    Field::raw(
        "sentinel_tilt",
        gauge("redis_sentinel_tilt", "Whether this Sentinel is in TILT mode.").unit(Bool).source("INFO sentinel"),
    ),
    Field::raw(
        "sentinel_tilt_since_seconds",
        gauge("redis_sentinel_tilt_since_seconds", "Time since this Sentinel went into TILT mode; -1 when it is not.")
            .unit(Seconds)
            .source("INFO sentinel, Redis >= 7.0"),
    ),
    Field::raw(
        "sentinel_running_scripts",
        gauge("redis_sentinel_running_scripts", "Scripts that this Sentinel runs now.").source("INFO sentinel"),
    ),
    Field::raw(
        "sentinel_scripts_queue_length",
        gauge("redis_sentinel_scripts_queue_length", "Scripts in this Sentinel's queue.").source("INFO sentinel"),
    ),
    Field::raw(
        "sentinel_simulate_failure_flags",
        gauge("redis_sentinel_simulate_failure_flags", "Flags of the failures that this Sentinel simulates.")
            .source("INFO sentinel"),
    ),
];
