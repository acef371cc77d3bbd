//! The names of the configuration's metrics.

use super::{CommandlogConfig, ServerConfig};
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

/// Names what the server is configured to; what it did not send is left out.
pub fn export(config: &ServerConfig, out: &mut Families) {
    for (metric, value) in [
        (&MAXMEMORY, config.maxmemory),
        (&MAXCLIENTS, config.maxclients),
        (&TIMEOUT, config.timeout_seconds),
        (&TCP_KEEPALIVE, config.tcp_keepalive_seconds),
        (&TCP_BACKLOG, config.tcp_backlog),
        (&APPENDONLY, config.appendonly.map(u64::from)),
        (&SAVE_ENABLED, config.save_enabled.map(u64::from)),
        (&IO_THREADS, config.io_threads),
        (&REPL_BACKLOG_SIZE, config.repl_backlog_size),
        (&SLOWLOG_MAX_LEN, config.slowlog_max_len),
    ] {
        push(out, metric, value.map(|value| value as f64));
    }
    push(out, &SLOWLOG_SLOWER_THAN, config.slowlog_log_slower_than.map(slower_than_seconds));
    push(out, &LATENCY_THRESHOLD, config.latency_monitor_threshold.map(|millis| millis as f64 / 1e3));
    if let Some(policy) = &config.maxmemory_policy {
        out.push(&MAXMEMORY_POLICY, [policy], 1.0);
    }
    for (class, limit) in &config.output_limits {
        out.push(&OUTPUT_LIMIT_BYTES, [class, "hard"], limit.hard_bytes as f64);
        out.push(&OUTPUT_LIMIT_BYTES, [class, "soft"], limit.soft_bytes as f64);
        out.push(&OUTPUT_LIMIT_SECONDS, [class, "soft"], limit.soft_seconds as f64);
    }
    export_commandlog(&config.commandlog, out);
}

fn export_commandlog(config: &CommandlogConfig, out: &mut Families) {
    for (metric, value) in [
        (&COMMANDLOG_SLOWER_THAN, config.execution_slower_than),
        (&COMMANDLOG_REQUEST_LARGER_THAN, config.request_larger_than),
        (&COMMANDLOG_REPLY_LARGER_THAN, config.reply_larger_than),
    ] {
        push(out, metric, value.map(|value| value as f64));
    }
    for (metric, value) in [
        (&COMMANDLOG_SLOW_MAX_LEN, config.slow_execution_max_len),
        (&COMMANDLOG_REQUEST_MAX_LEN, config.large_request_max_len),
        (&COMMANDLOG_REPLY_MAX_LEN, config.large_reply_max_len),
    ] {
        push(out, metric, value.map(|value| value as f64));
    }
}

fn push(out: &mut Families, metric: &Metric<0>, value: Option<f64>) {
    if let Some(value) = value {
        out.push(metric, [], value);
    }
}

/// "Off" stays the -1 by which Redis says it, rather than a millionth of it.
fn slower_than_seconds(micros: i64) -> f64 {
    if micros < 0 { -1.0 } else { micros as f64 / 1e6 }
}
