//! The numbers of the section Persistence.

use super::{Field, counter, gauge};
use crate::metric::Unit::{Bool, Bytes, Ratio, Seconds, UnixSeconds};

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "loading",
        gauge("redis_loading_dump_file", "Whether the server is loading a dump file.")
            .unit(Bool)
            .source("INFO persistence"),
    ),
    Field::raw(
        "async_loading",
        gauge("redis_async_loading", "Whether the server is loading a data set while it serves the old one.")
            .unit(Bool)
            .source("INFO persistence, Redis >= 7.0"),
    ),
    Field::raw(
        "loading_start_time",
        gauge("redis_loading_start_time_seconds", "When the loading that is going on began.")
            .unit(UnixSeconds)
            .source("INFO persistence"),
    ),
    Field::raw(
        "loading_total_bytes",
        gauge("redis_loading_total_bytes", "Size of the file that is being loaded.")
            .unit(Bytes)
            .source("INFO persistence"),
    ),
    Field::raw(
        "loading_rdb_used_mem",
        gauge("redis_loading_rdb_used_mem_bytes", "Allocated bytes of the server that wrote the file being loaded.")
            .unit(Bytes)
            .source("INFO persistence, Redis >= 6.2"),
    ),
    Field::raw(
        "loading_loaded_bytes",
        gauge("redis_loading_loaded_bytes", "Bytes of the file that are loaded already.")
            .unit(Bytes)
            .source("INFO persistence"),
    ),
    Field::percent(
        "loading_loaded_perc",
        gauge("redis_loading_loaded_ratio", "Part of the file that is loaded already.")
            .unit(Ratio)
            .source("INFO persistence"),
    ),
    Field::raw(
        "loading_eta_seconds",
        gauge("redis_loading_eta_seconds", "Estimated time until the loading is done.")
            .unit(Seconds)
            .source("INFO persistence"),
    ),
    Field::raw(
        "current_cow_peak",
        gauge("redis_current_cow_peak_bytes", "Most bytes copied on write while the current child process runs.")
            .unit(Bytes)
            .source("INFO persistence, Redis >= 6.2"),
    ),
    Field::raw(
        "current_cow_size",
        gauge("redis_current_cow_size_bytes", "Bytes copied on write while the current child process runs.")
            .unit(Bytes)
            .source("INFO persistence, Redis >= 6.2"),
    ),
    Field::raw(
        "current_cow_size_age",
        gauge("redis_current_cow_size_age_seconds", "Age of the number of bytes copied on write.")
            .unit(Seconds)
            .source("INFO persistence, Redis >= 6.2"),
    ),
    Field::percent(
        "current_fork_perc",
        gauge("redis_current_fork_ratio", "Progress of the current child process.")
            .unit(Ratio)
            .source("INFO persistence, Redis >= 6.2"),
    ),
    Field::raw(
        "current_save_keys_processed",
        gauge("redis_current_save_keys_processed", "Keys that the current save has written.")
            .source("INFO persistence, Redis >= 6.2"),
    ),
    Field::raw(
        "current_save_keys_total",
        gauge("redis_current_save_keys", "Keys that there were when the current save began.")
            .source("INFO persistence, Redis >= 6.2"),
    ),
    Field::raw(
        "rdb_changes_since_last_save",
        gauge("redis_rdb_changes_since_last_save", "Changes to the data set since the last dump.")
            .source("INFO persistence"),
    ),
    Field::raw(
        "rdb_bgsave_in_progress",
        gauge("redis_rdb_bgsave_in_progress", "Whether a dump is being written.").unit(Bool).source("INFO persistence"),
    ),
    Field::raw(
        "rdb_last_save_time",
        gauge("redis_rdb_last_save_timestamp_seconds", "When the last dump succeeded.")
            .unit(UnixSeconds)
            .source("INFO persistence"),
    ),
    Field::raw(
        "rdb_last_bgsave_status",
        gauge("redis_rdb_last_bgsave_status", "Whether the last dump succeeded.").unit(Bool).source("INFO persistence"),
    ),
    Field::raw(
        "rdb_last_bgsave_time_sec",
        gauge("redis_rdb_last_bgsave_duration_sec", "Duration of the last dump; -1 when there was none.")
            .unit(Seconds)
            .source("INFO persistence"),
    ),
    Field::raw(
        "rdb_current_bgsave_time_sec",
        gauge(
            "redis_rdb_current_bgsave_duration_sec",
            "Duration so far of the dump being written; -1 when there is none.",
        )
        .unit(Seconds)
        .source("INFO persistence"),
    ),
    Field::raw(
        "rdb_saves",
        gauge("redis_rdb_saves_total", "Dumps written since the server started.")
            .source("INFO persistence, Redis >= 7.0"),
    ),
    Field::raw(
        "rdb_saves_consecutive_failures",
        gauge("redis_rdb_saves_consecutive_failures", "Dumps that failed since the last one that succeeded.")
            .source("INFO persistence, Redis >= 8.2"),
    ),
    Field::raw(
        "rdb_last_cow_size",
        gauge("redis_rdb_last_cow_size_bytes", "Bytes copied on write during the last dump.")
            .unit(Bytes)
            .source("INFO persistence, Redis >= 4.0"),
    ),
    Field::raw(
        "rdb_last_load_keys_expired",
        gauge("redis_rdb_last_load_expired_keys", "Expired keys left out by the last load of a dump.")
            .source("INFO persistence, Redis >= 7.0"),
    ),
    Field::raw(
        "rdb_last_load_keys_loaded",
        gauge("redis_rdb_last_load_loaded_keys", "Keys read by the last load of a dump.")
            .source("INFO persistence, Redis >= 7.0"),
    ),
    Field::raw(
        "aof_enabled",
        gauge("redis_aof_enabled", "Whether the append only file is switched on.")
            .unit(Bool)
            .source("INFO persistence"),
    ),
    Field::raw(
        "aof_rewrite_in_progress",
        gauge("redis_aof_rewrite_in_progress", "Whether the append only file is being rewritten.")
            .unit(Bool)
            .source("INFO persistence"),
    ),
    Field::raw(
        "aof_rewrite_scheduled",
        gauge("redis_aof_rewrite_scheduled", "Whether a rewrite of the append only file will follow the current dump.")
            .unit(Bool)
            .source("INFO persistence"),
    ),
    Field::raw(
        "aof_last_rewrite_time_sec",
        gauge(
            "redis_aof_last_rewrite_duration_sec",
            "Duration of the last rewrite of the append only file; -1 when there was none.",
        )
        .unit(Seconds)
        .source("INFO persistence"),
    ),
    Field::raw(
        "aof_current_rewrite_time_sec",
        gauge(
            "redis_aof_current_rewrite_duration_sec",
            "Duration so far of the rewrite going on; -1 when there is none.",
        )
        .unit(Seconds)
        .source("INFO persistence"),
    ),
    Field::raw(
        "aof_last_bgrewrite_status",
        gauge("redis_aof_last_bgrewrite_status", "Whether the last rewrite of the append only file succeeded.")
            .unit(Bool)
            .source("INFO persistence"),
    ),
    Field::raw(
        "aof_rewrites",
        counter("redis_aof_rewrites_total", "Rewrites of the append only file since the server started.")
            .source("INFO persistence, Redis >= 7.0"),
    ),
    Field::raw(
        "aof_rewrites_consecutive_failures",
        gauge(
            "redis_aof_rewrites_consecutive_failures",
            "Rewrites of the append only file that failed since the last one that succeeded.",
        )
        .source("INFO persistence, Redis >= 7.0"),
    ),
    Field::raw(
        "aof_last_write_status",
        gauge("redis_aof_last_write_status", "Whether the last write to the append only file succeeded.")
            .unit(Bool)
            .source("INFO persistence"),
    ),
    Field::raw(
        "aof_last_cow_size",
        gauge(
            "redis_aof_last_cow_size_bytes",
            "Bytes copied on write during the last rewrite of the append only file.",
        )
        .unit(Bytes)
        .source("INFO persistence, Redis >= 4.0"),
    ),
    Field::raw(
        "aof_current_size",
        gauge("redis_aof_current_size_bytes", "Size of the append only file.").unit(Bytes).source("INFO persistence"),
    ),
    Field::raw(
        "aof_base_size",
        gauge("redis_aof_base_size_bytes", "Size of the append only file at the start or after the last rewrite.")
            .unit(Bytes)
            .source("INFO persistence"),
    ),
    Field::raw(
        "aof_pending_rewrite",
        gauge("redis_aof_pending_rewrite", "Whether a rewrite of the append only file waits for the current dump.")
            .unit(Bool)
            .source("INFO persistence"),
    ),
    Field::raw(
        "aof_buffer_length",
        gauge("redis_aof_buffer_length", "Bytes waiting to be written to the append only file.")
            .unit(Bytes)
            .source("INFO persistence"),
    ),
    Field::raw(
        "aof_rewrite_buffer_length",
        gauge("redis_aof_rewrite_buffer_length", "Bytes waiting to be added to the rewritten append only file.")
            .unit(Bytes)
            .source("INFO persistence, Redis < 7.0"),
    ),
    Field::raw(
        "aof_pending_bio_fsync",
        gauge("redis_aof_pending_bio_fsync", "Calls of fsync waiting in the background.").source("INFO persistence"),
    ),
    Field::raw(
        "aof_delayed_fsync",
        gauge("redis_aof_delayed_fsync", "Writes that had to wait for an fsync.").source("INFO persistence"),
    ),
    Field::raw(
        "module_fork_in_progress",
        gauge("redis_module_fork_in_progress", "Whether a module has a child process running.")
            .unit(Bool)
            .source("INFO persistence, Redis >= 6.0"),
    ),
    Field::raw(
        "module_fork_last_cow_size",
        gauge("redis_module_fork_last_cow_size", "Bytes copied on write during a module's last child process.")
            .unit(Bytes)
            .source("INFO persistence, Redis >= 6.0"),
    ),
];
