//! The keys that are numbers, and the metrics of all keys.

use super::{ServerConfig, bytes, number, yes_no};
use crate::metric::{Families, Metric, MetricInfo, Unit};

const MAXMEMORY: Metric<0> =
    Metric::gauge("redis_config_maxmemory", &[], "Memory limit of the data set in bytes; 0 is no limit.")
        .unit(Unit::Bytes)
        .source("CONFIG GET maxmemory");
const MAXMEMORY_POLICY: Metric<1> =
    Metric::gauge("redis_config_maxmemory_policy", &["policy"], "What the server evicts at its memory limit.")
        .unit(Unit::Info)
        .source("CONFIG GET maxmemory-policy");
const MAXCLIENTS: Metric<0> =
    Metric::gauge("redis_config_maxclients", &[], "Connections that the server accepts at most.")
        .unit(Unit::Count)
        .source("CONFIG GET maxclients");
const TIMEOUT: Metric<0> = Metric::gauge(
    "redis_config_timeout_seconds",
    &[],
    "Idle time after which the server disconnects a client; 0 is never.",
)
.unit(Unit::Seconds)
.source("CONFIG GET timeout");
const TCP_KEEPALIVE: Metric<0> =
    Metric::gauge("redis_config_tcp_keepalive_seconds", &[], "Time between TCP keepalive probes; 0 is off.")
        .unit(Unit::Seconds)
        .source("CONFIG GET tcp-keepalive");
const TCP_BACKLOG: Metric<0> =
    Metric::gauge("redis_config_tcp_backlog", &[], "Connections that may wait to be accepted.")
        .unit(Unit::Count)
        .source("CONFIG GET tcp-backlog");
const APPENDONLY: Metric<0> =
    Metric::gauge("redis_config_appendonly", &[], "Whether the append-only file is switched on.")
        .unit(Unit::Bool)
        .source("CONFIG GET appendonly");
const SAVE_ENABLED: Metric<0> =
    Metric::gauge("redis_config_save_enabled", &[], "Whether the server takes snapshots on a schedule.")
        .unit(Unit::Bool)
        .source("CONFIG GET save");
const IO_THREADS: Metric<0> =
    Metric::gauge("redis_config_io_threads", &[], "Threads that read from and write to clients.")
        .unit(Unit::Count)
        .source("CONFIG GET io-threads, Redis >= 6");
const REPL_BACKLOG_SIZE: Metric<0> =
    Metric::gauge("redis_config_repl_backlog_size", &[], "Size of the replication backlog in bytes.")
        .unit(Unit::Bytes)
        .source("CONFIG GET repl-backlog-size");
const OUTPUT_LIMIT_BYTES: Metric<2> = Metric::gauge(
    "redis_config_client_output_buffer_limit_bytes",
    &["class", "limit"],
    "Output buffer over which a client of the class is disconnected, at once (hard) or after a time (soft); 0 is no \
     limit.",
)
.unit(Unit::Bytes)
.source("CONFIG GET client-output-buffer-limit");
const OUTPUT_LIMIT_SECONDS: Metric<2> = Metric::gauge(
    "redis_config_client_output_buffer_limit_overcome_seconds",
    &["class", "limit"],
    "How long a client of the class may stay over its soft limit before it is disconnected.",
)
.unit(Unit::Seconds)
.source("CONFIG GET client-output-buffer-limit");
const SLOWLOG_SLOWER_THAN: Metric<0> = Metric::gauge(
    "redis_config_slowlog_log_slower_than_seconds",
    &[],
    "Duration from which a command enters the slow log; 0 is every command, -1 none.",
)
.unit(Unit::Seconds)
.source("CONFIG GET slowlog-log-slower-than");
const SLOWLOG_MAX_LEN: Metric<0> =
    Metric::gauge("redis_config_slowlog_max_len", &[], "Entries that the slow log keeps.")
        .unit(Unit::Count)
        .source("CONFIG GET slowlog-max-len");
const LATENCY_THRESHOLD: Metric<0> = Metric::gauge(
    "redis_config_latency_monitor_threshold_seconds",
    &[],
    "Duration from which the latency monitor records an event; 0 is off.",
)
.unit(Unit::Seconds)
.source("CONFIG GET latency-monitor-threshold");
const COMMANDLOG_SLOWER_THAN: Metric<0> = Metric::gauge(
    "redis_commandlog_execution_slower_than",
    &[],
    "Duration in microseconds from which a command enters the log of slow commands; -1 is none.",
)
.unit(Unit::Microseconds)
.source("CONFIG GET commandlog-execution-slower-than, Valkey >= 8.1");
const COMMANDLOG_SLOW_MAX_LEN: Metric<0> =
    Metric::gauge("redis_commandlog_slow_execution_max_len", &[], "Entries that the log of slow commands keeps.")
        .unit(Unit::Count)
        .source("CONFIG GET commandlog-slow-execution-max-len, Valkey >= 8.1");
const COMMANDLOG_REQUEST_LARGER_THAN: Metric<0> = Metric::gauge(
    "redis_commandlog_request_larger_than",
    &[],
    "Size in bytes from which a request enters the log of large requests; -1 is none.",
)
.unit(Unit::Bytes)
.source("CONFIG GET commandlog-request-larger-than, Valkey >= 8.1");
const COMMANDLOG_REQUEST_MAX_LEN: Metric<0> =
    Metric::gauge("redis_commandlog_large_request_max_len", &[], "Entries that the log of large requests keeps.")
        .unit(Unit::Count)
        .source("CONFIG GET commandlog-large-request-max-len, Valkey >= 8.1");
const COMMANDLOG_REPLY_LARGER_THAN: Metric<0> = Metric::gauge(
    "redis_commandlog_reply_larger_than",
    &[],
    "Size in bytes from which a reply enters the log of large replies; -1 is none.",
)
.unit(Unit::Bytes)
.source("CONFIG GET commandlog-reply-larger-than, Valkey >= 8.1");
const COMMANDLOG_REPLY_MAX_LEN: Metric<0> =
    Metric::gauge("redis_commandlog_large_reply_max_len", &[], "Entries that the log of large replies keeps.")
        .unit(Unit::Count)
        .source("CONFIG GET commandlog-large-reply-max-len, Valkey >= 8.1");

/// Every metric of this module.
#[must_use]
pub fn metrics() -> Vec<MetricInfo> {
    [
        MAXMEMORY.info(),
        MAXMEMORY_POLICY.info(),
        MAXCLIENTS.info(),
        TIMEOUT.info(),
        TCP_KEEPALIVE.info(),
        TCP_BACKLOG.info(),
        APPENDONLY.info(),
        SAVE_ENABLED.info(),
        IO_THREADS.info(),
        REPL_BACKLOG_SIZE.info(),
        OUTPUT_LIMIT_BYTES.info(),
        OUTPUT_LIMIT_SECONDS.info(),
        SLOWLOG_SLOWER_THAN.info(),
        SLOWLOG_MAX_LEN.info(),
        LATENCY_THRESHOLD.info(),
        COMMANDLOG_SLOWER_THAN.info(),
        COMMANDLOG_SLOW_MAX_LEN.info(),
        COMMANDLOG_REQUEST_LARGER_THAN.info(),
        COMMANDLOG_REQUEST_MAX_LEN.info(),
        COMMANDLOG_REPLY_LARGER_THAN.info(),
        COMMANDLOG_REPLY_MAX_LEN.info(),
    ]
    .map(|info| *info)
    .to_vec()
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
        if let Some(value) = value {
            out.push(metric, [], value);
        }
    }
    if let Some(policy) = &config.maxmemory_policy {
        out.push(&MAXMEMORY_POLICY, [policy], 1.0);
    }
    for (class, limit) in &config.output_limits {
        out.push(&OUTPUT_LIMIT_BYTES, [class, "hard"], limit.hard_bytes as f64);
        out.push(&OUTPUT_LIMIT_BYTES, [class, "soft"], limit.soft_bytes as f64);
        out.push(&OUTPUT_LIMIT_SECONDS, [class, "soft"], limit.soft_seconds as f64);
    }
}
