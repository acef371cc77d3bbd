//! The plain numbers of the sections Replication and Sentinel.

use super::Field::{self, Percent, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("connected_slaves") => gauge "redis_connected_slaves" [] Count,
        "Replicas that are connected.", "INFO replication";
    Raw("replicas_waiting_psync") => gauge "redis_replicas_waiting_psync" [] Count,
        "Replicas that wait for a partial synchronisation to begin.", "INFO replication, Valkey >= 8.0";
    Raw("replicas_repl_buffer_size") => gauge "redis_replicas_repl_buffer_size_bytes" [] Bytes,
        "Bytes that a replica holds back while it loads a full synchronisation.", "INFO replication, Valkey >= 8.0";
    Raw("replicas_repl_buffer_peak") => gauge "redis_replicas_repl_buffer_peak_bytes" [] Bytes,
        "Most bytes that a replica held back while it loaded a full synchronisation.",
        "INFO replication, Valkey >= 8.0";
    Raw("repl_backlog_size") => gauge "redis_replication_backlog_bytes" [] Bytes,
        "Size of the replication backlog.", "INFO replication";
    Raw("repl_backlog_active") => gauge "redis_repl_backlog_is_active" [] Bool,
        "Whether the replication backlog is in use.", "INFO replication";
    Raw("repl_backlog_first_byte_offset") => gauge "redis_repl_backlog_first_byte_offset" [] Bytes,
        "Replication offset of the first byte in the backlog.", "INFO replication";
    Raw("repl_backlog_histlen") => gauge "redis_repl_backlog_history_bytes" [] Bytes,
        "Bytes of data in the replication backlog.", "INFO replication";
    Raw("master_repl_offset") => gauge "redis_master_repl_offset" [] Bytes,
        "Replication offset of this server.", "INFO replication";
    Raw("second_repl_offset") => gauge "redis_second_repl_offset" [] Bytes,
        "Offset up to which the second replication id is accepted; -1 when there is none.",
        "INFO replication, Redis >= 4.0";
    Raw("slave_priority") => gauge "redis_slave_priority" [] Count,
        "Priority of this replica in a failover; 0 means never.", "INFO replication";
    Raw("slave_read_repl_offset") => gauge "redis_slave_read_repl_offset" [] Bytes,
        "Replication offset up to which this replica has read.", "INFO replication, Redis >= 7.0";
    Raw("replica_announced") => gauge "redis_replica_announced" [] Bool,
        "Whether Sentinel may tell clients of this replica.", "INFO replication, Redis >= 6.2";
    Raw("master_link_down_since_seconds") => gauge "redis_master_link_down_since_seconds" [] Seconds,
        "Time since the link to the master broke.", "INFO replication";
    Raw("master_sync_total_bytes") => gauge "redis_master_sync_total_bytes" [] Bytes,
        "Total bytes of the current synchronisation; 0 when the size is not known.", "INFO replication, Redis >= 6.2";
    Raw("master_sync_read_bytes") => gauge "redis_master_sync_read_bytes" [] Bytes,
        "Bytes of the synchronisation read so far.", "INFO replication, Redis >= 6.2";
    Raw("master_sync_left_bytes") => gauge "redis_master_sync_left_bytes" [] Bytes,
        "Bytes of the synchronisation still to be read.", "INFO replication";
    Percent("master_sync_perc") => gauge "redis_master_sync_ratio" [] Ratio,
        "Fraction of the synchronisation read so far.", "INFO replication, Redis >= 6.2";
    Raw("master_sync_last_io_seconds_ago") => gauge "redis_master_sync_last_io_seconds_ago" [] Seconds,
        "Time since data of the synchronisation last arrived.", "INFO replication";
    Raw("min_slaves_good_slaves") => gauge "redis_min_slaves_good_slaves" [] Count,
        "Replicas whose lag is small enough for min-replicas-to-write.", "INFO replication";
    Raw("sentinel_masters") => gauge "redis_sentinel_masters" [] Count,
        "Masters that this Sentinel watches.", "INFO sentinel";
    Raw("sentinel_tilt") => gauge "redis_sentinel_tilt" [] Bool,
        "Whether this Sentinel is in TILT mode.", "INFO sentinel";
    Raw("sentinel_tilt_since_seconds") => gauge "redis_sentinel_tilt_since_seconds" [] Seconds,
        "Time since this Sentinel went into TILT mode; -1 when it is not.", "INFO sentinel, Redis >= 7.0";
    Raw("sentinel_running_scripts") => gauge "redis_sentinel_running_scripts" [] Count,
        "Scripts that this Sentinel runs now.", "INFO sentinel";
    Raw("sentinel_scripts_queue_length") => gauge "redis_sentinel_scripts_queue_length" [] Count,
        "Scripts in this Sentinel's queue.", "INFO sentinel";
    Raw("sentinel_simulate_failure_flags") => gauge "redis_sentinel_simulate_failure_flags" [] Count,
        "Flags of the failures that this Sentinel simulates.", "INFO sentinel";
}
