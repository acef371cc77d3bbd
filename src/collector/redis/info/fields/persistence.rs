//! The numbers of the section Persistence.

use super::Field::{self, Percent, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("loading") => gauge "redis_loading_dump_file" [] Bool,
        "Whether the server is loading a dump file.", "INFO persistence";
    Raw("async_loading") => gauge "redis_async_loading" [] Bool,
        "Whether the server is loading a data set while it serves the old one.", "INFO persistence, Redis >= 7.0";
    Raw("loading_start_time") => gauge "redis_loading_start_time_seconds" [] UnixSeconds,
        "When the current load began.", "INFO persistence";
    Raw("loading_total_bytes") => gauge "redis_loading_total_bytes" [] Bytes,
        "Size of the file that is being loaded.", "INFO persistence";
    Raw("loading_rdb_used_mem") => gauge "redis_loading_rdb_used_mem_bytes" [] Bytes,
        "Allocated bytes of the server that wrote the file being loaded.", "INFO persistence, Redis >= 6.2";
    Raw("loading_loaded_bytes") => gauge "redis_loading_loaded_bytes" [] Bytes,
        "Bytes of the file loaded so far.", "INFO persistence";
    Percent("loading_loaded_perc") => gauge "redis_loading_loaded_ratio" [] Ratio,
        "Fraction of the file loaded so far.", "INFO persistence";
    Raw("loading_eta_seconds") => gauge "redis_loading_eta_seconds" [] Seconds,
        "Estimated time until the load is complete.", "INFO persistence";
    Raw("current_cow_peak") => gauge "redis_current_cow_peak_bytes" [] Bytes,
        "Most bytes copied on write while the current child process runs.", "INFO persistence, Redis >= 6.2";
    Raw("current_cow_size") => gauge "redis_current_cow_size_bytes" [] Bytes,
        "Bytes copied on write while the current child process runs.", "INFO persistence, Redis >= 6.2";
    Raw("current_cow_size_age") => gauge "redis_current_cow_size_age_seconds" [] Seconds,
        "Age of the number of bytes copied on write.", "INFO persistence, Redis >= 6.2";
    Percent("current_fork_perc") => gauge "redis_current_fork_ratio" [] Ratio,
        "Progress of the current child process.", "INFO persistence, Redis >= 6.2";
    Raw("current_save_keys_processed") => gauge "redis_current_save_keys_processed" [] Count,
        "Keys that the current save has written.", "INFO persistence, Redis >= 6.2";
    Raw("current_save_keys_total") => gauge "redis_current_save_keys" [] Count,
        "Keys in the data set when the current save began.", "INFO persistence, Redis >= 6.2";
    Raw("rdb_changes_since_last_save") => gauge "redis_rdb_changes_since_last_save" [] Count,
        "Changes to the data set since the last dump.", "INFO persistence";
    Raw("rdb_bgsave_in_progress") => gauge "redis_rdb_bgsave_in_progress" [] Bool,
        "Whether a dump is being written.", "INFO persistence";
    Raw("rdb_last_save_time") => gauge "redis_rdb_last_save_timestamp_seconds" [] UnixSeconds,
        "When the last dump succeeded.", "INFO persistence";
    Raw("rdb_last_bgsave_status") => gauge "redis_rdb_last_bgsave_status" [] Bool,
        "Whether the last dump succeeded.", "INFO persistence";
    Raw("rdb_last_bgsave_time_sec") => gauge "redis_rdb_last_bgsave_duration_sec" [] Seconds,
        "Duration of the last dump; -1 when there was none.", "INFO persistence";
    Raw("rdb_current_bgsave_time_sec") => gauge "redis_rdb_current_bgsave_duration_sec" [] Seconds,
        "Duration so far of the dump being written; -1 when there is none.", "INFO persistence";
    Raw("rdb_saves") => gauge "redis_rdb_saves_total" [] Count,
        "Dumps written since the server started.", "INFO persistence, Redis >= 7.0";
    Raw("rdb_saves_consecutive_failures") => gauge "redis_rdb_saves_consecutive_failures" [] Count,
        "Dumps that failed since the last one that succeeded.", "INFO persistence, Redis >= 8.2";
    Raw("rdb_last_cow_size") => gauge "redis_rdb_last_cow_size_bytes" [] Bytes,
        "Bytes copied on write during the last dump.", "INFO persistence, Redis >= 4.0";
    Raw("rdb_last_load_keys_expired") => gauge "redis_rdb_last_load_expired_keys" [] Count,
        "Expired keys left out by the last load of a dump.", "INFO persistence, Redis >= 7.0";
    Raw("rdb_last_load_keys_loaded") => gauge "redis_rdb_last_load_loaded_keys" [] Count,
        "Keys read by the last load of a dump.", "INFO persistence, Redis >= 7.0";
    Raw("aof_enabled") => gauge "redis_aof_enabled" [] Bool,
        "Whether the append only file is switched on.", "INFO persistence";
    Raw("aof_rewrite_in_progress") => gauge "redis_aof_rewrite_in_progress" [] Bool,
        "Whether the append only file is being rewritten.", "INFO persistence";
    Raw("aof_rewrite_scheduled") => gauge "redis_aof_rewrite_scheduled" [] Bool,
        "Whether a rewrite of the append only file will follow the current dump.", "INFO persistence";
    Raw("aof_last_rewrite_time_sec") => gauge "redis_aof_last_rewrite_duration_sec" [] Seconds,
        "Duration of the last rewrite of the append only file; -1 when there was none.", "INFO persistence";
    Raw("aof_current_rewrite_time_sec") => gauge "redis_aof_current_rewrite_duration_sec" [] Seconds,
        "Duration so far of the current rewrite; -1 when there is none.", "INFO persistence";
    Raw("aof_last_bgrewrite_status") => gauge "redis_aof_last_bgrewrite_status" [] Bool,
        "Whether the last rewrite of the append only file succeeded.", "INFO persistence";
    Raw("aof_rewrites") => counter "redis_aof_rewrites_total" [] Count,
        "Rewrites of the append only file since the server started.", "INFO persistence, Redis >= 7.0";
    Raw("aof_rewrites_consecutive_failures") => gauge "redis_aof_rewrites_consecutive_failures" [] Count,
        "Rewrites of the append only file that failed since the last one that succeeded.",
        "INFO persistence, Redis >= 7.0";
    Raw("aof_last_write_status") => gauge "redis_aof_last_write_status" [] Bool,
        "Whether the last write to the append only file succeeded.", "INFO persistence";
    Raw("aof_last_cow_size") => gauge "redis_aof_last_cow_size_bytes" [] Bytes,
        "Bytes copied on write during the last rewrite of the append only file.", "INFO persistence, Redis >= 4.0";
    Raw("aof_current_size") => gauge "redis_aof_current_size_bytes" [] Bytes,
        "Size of the append only file.", "INFO persistence";
    Raw("aof_base_size") => gauge "redis_aof_base_size_bytes" [] Bytes,
        "Size of the append only file at the start or after the last rewrite.", "INFO persistence";
    Raw("aof_pending_rewrite") => gauge "redis_aof_pending_rewrite" [] Bool,
        "Whether a rewrite of the append only file waits for the current dump.", "INFO persistence";
    Raw("aof_buffer_length") => gauge "redis_aof_buffer_length" [] Bytes,
        "Bytes waiting to be written to the append only file.", "INFO persistence";
    Raw("aof_rewrite_buffer_length") => gauge "redis_aof_rewrite_buffer_length" [] Bytes,
        "Bytes waiting to be added to the rewritten append only file.", "INFO persistence, Redis < 7.0";
    Raw("aof_pending_bio_fsync") => gauge "redis_aof_pending_bio_fsync" [] Count,
        "Calls of fsync waiting in the background.", "INFO persistence";
    Raw("aof_delayed_fsync") => gauge "redis_aof_delayed_fsync" [] Count,
        "Writes that had to wait for an fsync.", "INFO persistence";
    Raw("module_fork_in_progress") => gauge "redis_module_fork_in_progress" [] Bool,
        "Whether a module has a child process running.", "INFO persistence, Redis >= 6.0";
    Raw("module_fork_last_cow_size") => gauge "redis_module_fork_last_cow_size" [] Bytes,
        "Bytes copied on write during a module's last child process.", "INFO persistence, Redis >= 6.0";
}
