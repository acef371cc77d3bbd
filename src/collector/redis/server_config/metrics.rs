//! The keys that are numbers, and the metrics of all keys.

use super::{ServerConfig, bytes, number, yes_no};
use crate::metric::{Families, Metric, metrics};

metrics! {
    pub fn metrics;
    MAXMEMORY: gauge "redis_config_maxmemory" [] Bytes,
        "Memory limit of the data set in bytes; 0 is no limit.", "CONFIG GET maxmemory";
    MAXMEMORY_POLICY: gauge "redis_config_maxmemory_policy" ["policy"] Info,
        "What the server evicts at its memory limit.", "CONFIG GET maxmemory-policy";
    MAXCLIENTS: gauge "redis_config_maxclients" [] Count,
        "Connections that the server accepts at most.", "CONFIG GET maxclients";
    TIMEOUT: gauge "redis_config_timeout_seconds" [] Seconds,
        "Idle time after which the server disconnects a client; 0 is never.", "CONFIG GET timeout";
    TCP_KEEPALIVE: gauge "redis_config_tcp_keepalive_seconds" [] Seconds,
        "Time between TCP keepalive probes; 0 is off.", "CONFIG GET tcp-keepalive";
    TCP_BACKLOG: gauge "redis_config_tcp_backlog" [] Count,
        "Connections that may wait to be accepted.", "CONFIG GET tcp-backlog";
    APPENDONLY: gauge "redis_config_appendonly" [] Bool,
        "Whether the append-only file is switched on.", "CONFIG GET appendonly";
    SAVE_ENABLED: gauge "redis_config_save_enabled" [] Bool,
        "Whether the server takes snapshots on a schedule.", "CONFIG GET save";
    IO_THREADS: gauge "redis_config_io_threads" [] Count,
        "Threads that read from and write to clients.", "CONFIG GET io-threads, Redis >= 6";
    REPL_BACKLOG_SIZE: gauge "redis_config_repl_backlog_size" [] Bytes,
        "Size of the replication backlog in bytes.", "CONFIG GET repl-backlog-size";
    KEY_VALUE: gauge "redis_config_key_value" ["key", "value"] Info,
        "Each key that is read, with the value as the server sends it.", "CONFIG GET of named keys";
    VALUE: gauge "redis_config_value" ["key"] Count,
        "Each key that is read and whose value is a number, in the server's own unit.", "CONFIG GET of named keys";
    OUTPUT_LIMIT_BYTES: gauge "redis_config_client_output_buffer_limit_bytes" ["class", "limit"] Bytes,
        "Output buffer over which a client of the class is disconnected, at once (hard) or after a time (soft); 0 is \
         no limit.", "CONFIG GET client-output-buffer-limit";
    OUTPUT_LIMIT_SECONDS: gauge "redis_config_client_output_buffer_limit_overcome_seconds" ["class", "limit"] Seconds,
        "How long a client of the class may stay over its soft limit before it is disconnected.",
        "CONFIG GET client-output-buffer-limit";
    SLOWLOG_SLOWER_THAN: gauge "redis_config_slowlog_log_slower_than_seconds" [] Seconds,
        "Duration from which a command enters the slow log; 0 is every command, -1 none.",
        "CONFIG GET slowlog-log-slower-than";
    SLOWLOG_MAX_LEN: gauge "redis_config_slowlog_max_len" [] Count,
        "Entries that the slow log keeps.", "CONFIG GET slowlog-max-len";
    LATENCY_THRESHOLD: gauge "redis_config_latency_monitor_threshold_seconds" [] Seconds,
        "Duration from which the latency monitor records an event; 0 is off.", "CONFIG GET latency-monitor-threshold";
    COMMANDLOG_SLOWER_THAN: gauge "redis_commandlog_execution_slower_than" [] Microseconds,
        "Duration in microseconds from which a command enters the log of slow commands; -1 is none.",
        "CONFIG GET commandlog-execution-slower-than, Valkey >= 8.1";
    COMMANDLOG_SLOW_MAX_LEN: gauge "redis_commandlog_slow_execution_max_len" [] Count,
        "Entries that the log of slow commands keeps.", "CONFIG GET commandlog-slow-execution-max-len, Valkey >= 8.1";
    COMMANDLOG_REQUEST_LARGER_THAN: gauge "redis_commandlog_request_larger_than" [] Bytes,
        "Size in bytes from which a request enters the log of large requests; -1 is none.",
        "CONFIG GET commandlog-request-larger-than, Valkey >= 8.1";
    COMMANDLOG_REQUEST_MAX_LEN: gauge "redis_commandlog_large_request_max_len" [] Count,
        "Entries that the log of large requests keeps.", "CONFIG GET commandlog-large-request-max-len, Valkey >= 8.1";
    COMMANDLOG_REPLY_LARGER_THAN: gauge "redis_commandlog_reply_larger_than" [] Bytes,
        "Size in bytes from which a reply enters the log of large replies; -1 is none.",
        "CONFIG GET commandlog-reply-larger-than, Valkey >= 8.1";
    COMMANDLOG_REPLY_MAX_LEN: gauge "redis_commandlog_large_reply_max_len" [] Count,
        "Entries that the log of large replies keeps.", "CONFIG GET commandlog-large-reply-max-len, Valkey >= 8.1";
}

/// A key that is a number: its name, its metric, and how its value is read; `None` when it is not understood.
pub(super) type NumericKey = (&'static str, Metric<0>, fn(&str) -> Option<f64>);

/// The keys that are numbers. The `commandlog-*` of Valkey >= 8.1 keep the server's own units, and -1 for off.
pub(super) const NUMERIC_KEYS: [NumericKey; 18] = [
    ("maxmemory", MAXMEMORY, bytes),
    ("maxclients", MAXCLIENTS, count),
    ("timeout", TIMEOUT, count),
    ("tcp-keepalive", TCP_KEEPALIVE, count),
    ("tcp-backlog", TCP_BACKLOG, count),
    ("save", SAVE_ENABLED, |value| Some(f64::from(!value.trim().is_empty()))),
    ("appendonly", APPENDONLY, yes_no),
    ("io-threads", IO_THREADS, count),
    ("repl-backlog-size", REPL_BACKLOG_SIZE, bytes),
    ("slowlog-log-slower-than", SLOWLOG_SLOWER_THAN, slower_than_seconds),
    ("slowlog-max-len", SLOWLOG_MAX_LEN, count),
    ("latency-monitor-threshold", LATENCY_THRESHOLD, |value| Some(count(value)? / 1e3)),
    ("commandlog-execution-slower-than", COMMANDLOG_SLOWER_THAN, signed),
    ("commandlog-slow-execution-max-len", COMMANDLOG_SLOW_MAX_LEN, count),
    ("commandlog-request-larger-than", COMMANDLOG_REQUEST_LARGER_THAN, signed),
    ("commandlog-large-request-max-len", COMMANDLOG_REQUEST_MAX_LEN, count),
    ("commandlog-reply-larger-than", COMMANDLOG_REPLY_LARGER_THAN, signed),
    ("commandlog-large-reply-max-len", COMMANDLOG_REPLY_MAX_LEN, count),
];

fn count(value: &str) -> Option<f64> {
    number::<u64>(value).map(|value| value as f64)
}

fn signed(value: &str) -> Option<f64> {
    number::<i64>(value).map(|value| value as f64)
}

/// "Off" stays the -1 by which Redis says it, rather than a millionth of it.
fn slower_than_seconds(value: &str) -> Option<f64> {
    signed(value).map(|micros| if micros < 0.0 { -1.0 } else { micros / 1e6 })
}

/// Exports what the server is configured to; what it did not send is left out.
pub fn export(config: &ServerConfig, out: &mut Families) {
    for ((_, metric, _), value) in NUMERIC_KEYS.iter().zip(config.numbers) {
        out.push_known(metric, [], value);
    }
    if let Some(policy) = &config.maxmemory_policy {
        out.push(&MAXMEMORY_POLICY, [policy], 1.0);
    }
    for (key, value) in &config.values {
        out.push(&KEY_VALUE, [key, value], 1.0);
        out.push_known(&VALUE, [key], number::<f64>(value).filter(|number| number.is_finite()));
    }
    for (class, limit) in &config.output_limits {
        out.push(&OUTPUT_LIMIT_BYTES, [class, "hard"], limit.hard_bytes as f64);
        out.push(&OUTPUT_LIMIT_BYTES, [class, "soft"], limit.soft_bytes as f64);
        out.push(&OUTPUT_LIMIT_SECONDS, [class, "soft"], limit.soft_seconds as f64);
    }
}
