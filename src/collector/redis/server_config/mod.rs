//! The server's configuration: the few keys of CONFIG GET that explain the other metrics.

mod metrics;
#[cfg(test)]
mod tests;

use redis::Value;

pub use self::metrics::{export, metrics};
use super::reply::{self, Unexpected};

/// The keys to ask for; none of them can hold a secret.
///
/// Redis >= 7 takes all in one CONFIG GET, older servers one a call. A server leaves out what it does not know.
pub const KEYS: &[&str] = &[
    "maxmemory",
    "maxmemory-policy",
    "maxclients",
    "timeout",
    "tcp-keepalive",
    "tcp-backlog",
    "client-output-buffer-limit",
    "save",
    "appendonly",
    "databases",
    "io-threads",
    "repl-backlog-size",
    "slowlog-log-slower-than",
    "slowlog-max-len",
    "latency-monitor-threshold",
    "commandlog-execution-slower-than",
    "commandlog-slow-execution-max-len",
    "commandlog-request-larger-than",
    "commandlog-large-request-max-len",
    "commandlog-reply-larger-than",
    "commandlog-large-reply-max-len",
];

/// The classes of clients that have an output buffer limit; `replica` is the newer word for `slave`.
const CLASSES: [&str; 4] = ["normal", "slave", "replica", "pubsub"];

/// The output buffer limit of one class of clients; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputLimit {
    /// A client over it is disconnected at once, bytes.
    pub hard_bytes: u64,
    /// A client over it for [`soft_seconds`](Self::soft_seconds) is disconnected, bytes.
    pub soft_bytes: u64,
    /// Seconds.
    pub soft_seconds: u64,
}

/// COMMANDLOG's own settings, Valkey >= 8.1; a threshold of -1 turns its log off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandlogConfig {
    /// Microseconds.
    pub execution_slower_than: Option<i64>,
    /// Entries.
    pub slow_execution_max_len: Option<u64>,
    /// Bytes.
    pub request_larger_than: Option<i64>,
    /// Entries.
    pub large_request_max_len: Option<u64>,
    /// Bytes.
    pub reply_larger_than: Option<i64>,
    /// Entries.
    pub large_reply_max_len: Option<u64>,
}

/// What the server is configured to. A field is `None` when the server did not send it, or when its value is not
/// understood; the key then stands in [`malformed`](Self::malformed).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerConfig {
    /// Bytes; 0 is no limit.
    pub maxmemory: Option<u64>,
    /// What is evicted at the limit: `noeviction`, `allkeys-lru`.
    pub maxmemory_policy: Option<String>,
    /// Connections.
    pub maxclients: Option<u64>,
    /// Seconds after which an idle client is disconnected; 0 is never.
    pub timeout_seconds: Option<u64>,
    /// Seconds between TCP keepalive probes; 0 is off.
    pub tcp_keepalive_seconds: Option<u64>,
    /// Connections that wait to be accepted.
    pub tcp_backlog: Option<u64>,
    /// Whether snapshots are scheduled.
    pub save_enabled: Option<bool>,
    /// Whether the append-only file is on.
    pub appendonly: Option<bool>,
    /// Threads that read and write sockets, Redis >= 6.
    pub io_threads: Option<u64>,
    /// Bytes.
    pub repl_backlog_size: Option<u64>,
    /// Microseconds; 0 logs every command, -1 none.
    pub slowlog_log_slower_than: Option<i64>,
    /// Entries.
    pub slowlog_max_len: Option<u64>,
    /// Milliseconds; 0 is off.
    pub latency_monitor_threshold: Option<u64>,
    /// COMMANDLOG, Valkey >= 8.1.
    pub commandlog: CommandlogConfig,
    /// Keys whose value is not understood.
    pub malformed: Vec<&'static str>,
    databases: Option<u32>,
    output_limits: Vec<(&'static str, OutputLimit)>,
}

impl ServerConfig {
    /// The number of logical databases.
    #[must_use]
    pub const fn databases(&self) -> Option<u32> {
        self.databases
    }

    /// The output buffer limit of `normal`, `pubsub`, or `replica` (or `slave`: the two are one class).
    #[must_use]
    pub fn output_limit(&self, class: &str) -> Option<OutputLimit> {
        let same = |name: &str| name == class || (is_replica(name) && is_replica(class));
        self.output_limits.iter().find(|(name, _)| same(name)).map(|(_, limit)| *limit)
    }

    /// Takes the value over; `None` when it is not understood.
    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "maxmemory" => self.maxmemory = Some(memory(value)?),
            "maxmemory-policy" => self.maxmemory_policy = Some(value.to_owned()),
            "maxclients" => self.maxclients = Some(number(value)?),
            "timeout" => self.timeout_seconds = Some(number(value)?),
            "tcp-keepalive" => self.tcp_keepalive_seconds = Some(number(value)?),
            "tcp-backlog" => self.tcp_backlog = Some(number(value)?),
            "client-output-buffer-limit" => return self.set_output_limits(value),
            "save" => self.save_enabled = Some(!value.trim().is_empty()),
            "appendonly" => self.appendonly = Some(yes_no(value)?),
            "databases" => self.databases = Some(number(value)?),
            "io-threads" => self.io_threads = Some(number(value)?),
            "repl-backlog-size" => self.repl_backlog_size = Some(memory(value)?),
            "slowlog-log-slower-than" => self.slowlog_log_slower_than = Some(number(value)?),
            "slowlog-max-len" => self.slowlog_max_len = Some(number(value)?),
            "latency-monitor-threshold" => self.latency_monitor_threshold = Some(number(value)?),
            _ => return self.commandlog.set(key, value),
        }
        Some(())
    }

    /// Four words a class; a class that is cut short or has a bad number is left out, the others stay.
    fn set_output_limits(&mut self, value: &str) -> Option<()> {
        let words: Vec<&str> = value.split_ascii_whitespace().collect();
        let mut understood = Some(());
        for chunk in words.chunks(4) {
            match output_limit(chunk) {
                Some(limit) => self.output_limits.push(limit),
                None => understood = None,
            }
        }
        understood
    }
}

impl CommandlogConfig {
    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "commandlog-execution-slower-than" => self.execution_slower_than = Some(number(value)?),
            "commandlog-slow-execution-max-len" => self.slow_execution_max_len = Some(number(value)?),
            "commandlog-request-larger-than" => self.request_larger_than = Some(number(value)?),
            "commandlog-large-request-max-len" => self.large_request_max_len = Some(number(value)?),
            "commandlog-reply-larger-than" => self.reply_larger_than = Some(number(value)?),
            "commandlog-large-reply-max-len" => self.large_reply_max_len = Some(number(value)?),
            _ => {}
        }
        Some(())
    }
}

/// Merges the replies to CONFIG GET: one with all of [`KEYS`], or one a key. Keys that were not asked for are ignored.
pub fn parse(replies: &[Value]) -> Result<ServerConfig, Unexpected> {
    let mut config = ServerConfig::default();
    for reply in replies {
        for (key, value) in reply::pairs(reply, "CONFIG GET")? {
            let key = reply::text(key, "CONFIG GET: key")?;
            let Some(key) = KEYS.iter().copied().find(|known| *known == key) else {
                continue;
            };
            let value = reply::text(value, "CONFIG GET: value")?;
            if config.set(key, &value).is_none() {
                config.malformed.push(key);
            }
        }
    }
    Ok(config)
}

fn is_replica(class: &str) -> bool {
    matches!(class, "slave" | "replica")
}

fn output_limit(words: &[&str]) -> Option<(&'static str, OutputLimit)> {
    let [class, hard, soft, seconds] = words else {
        return None;
    };
    let class = CLASSES.into_iter().find(|known| known == class)?;
    let limit = OutputLimit { hard_bytes: memory(hard)?, soft_bytes: memory(soft)?, soft_seconds: number(seconds)? };
    Some((class, limit))
}

fn number<T: std::str::FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

fn yes_no(value: &str) -> Option<bool> {
    match value {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// A number of bytes with Redis' units: `k` is 1000, `kb` is 1024. Some hosted servers answer with what was written in
/// the file.
fn memory(value: &str) -> Option<u64> {
    let digits = value.len() - value.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (digits, unit) = value.split_at(digits);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
