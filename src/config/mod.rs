//! The configuration: TOML text or environment in, a validated [`Config`] out.
//!
//! All problems of a file are reported at once, each with its line, key, value and fix. Every default is named here or in
//! the module of its table. A value may hold `${VARIABLE}` or `${VARIABLE:-default}`; a secret may stand in a file of its
//! own (`password_file`). Both are read again at each reload.

mod environment;
mod expand;
pub(crate) mod file;
mod problem;
mod reader;
mod redis;
mod redis_url;
mod secret;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

pub use problem::{ConfigError, Problem};
pub use redis::{PoolConfig, RedisTarget, TlsSettings};
pub use redis_url::{Endpoint, RedisUrl};
pub use secret::Secret;

use reader::{Reader, Table};

/// Where the agent listens unless told otherwise.
pub const DEFAULT_LISTEN_ADDRESS: &str = "127.0.0.1:10121";

/// The size of a configuration file in KiB beyond which it is refused; ten thousand targets are a tenth of it.
const FILE_LIMIT: u64 = 16 * 1024;

/// A validated configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// The name of the environment that is watched, shown on the status page and in `manometer_environment_info`.
    pub environment: Option<String>,
    /// The HTTP side.
    pub web: WebSettings,
    /// Logging.
    pub log: LogSettings,
    /// The Redis servers that are watched.
    pub redis: Vec<RedisTarget>,
}

/// `[web]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebSettings {
    /// Addresses to listen on.
    #[serde(rename = "listen_address")]
    pub listen_addresses: Vec<SocketAddr>,
    /// The exporter-toolkit web configuration: TLS and basic auth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_file: Option<PathBuf>,
    /// Connections at a time; beyond it the longest idle one is closed.
    pub max_connections: usize,
    /// Requests answered at a time; beyond it the answer is 503 with Retry-After.
    pub max_requests: usize,
}

/// `[log]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LogSettings {
    /// The least severe level that is logged.
    #[serde(serialize_with = "lower_case")]
    pub level: LogLevel,
    /// How a line is written.
    #[serde(serialize_with = "lower_case")]
    pub format: LogFormat,
}

/// Log levels, as the Prometheus family names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// Changes of state.
    Info,
    /// What needs attention.
    Warn,
    /// What does not work.
    Error,
}

/// Log formats, as the Prometheus family names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// `key=value` pairs.
    Logfmt,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Reads and validates a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = file::read(path, FILE_LIMIT)
            .map_err(|message| ConfigError::one(path.display().to_string(), Problem::of_file(message)))?;
        Self::parse(&text, path, &|name| std::env::var(name).ok())
    }

    /// Validates the text of `path`, with the environment that `${VARIABLE}` refers to.
    pub fn parse(text: &str, path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let reader = Reader::new(text, path, env);
        let config = reader.root().map(|root| Self::read(root, &reader));
        reader.finish(config)
    }

    /// The configuration that the environment variables of a Redis-backed service describe; `None` without `REDIS_URL`.
    pub fn from_environment(env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, ConfigError> {
        environment::config(env)
    }

    fn read(mut root: Table<'_>, reader: &Reader<'_>) -> Self {
        let environment = root.string("environment");
        let web = WebSettings::read(root.table("web"), reader);
        let log = LogSettings::read(root.table("log"));
        let redis = redis::read_all(root.tables("redis"), reader);
        if redis.is_empty() {
            reader.problem(Problem::of_key(
                None,
                "redis",
                None,
                "no target is configured; add [[redis]] with name and url",
            ));
        }
        root.finish();
        Self { environment, web, log, redis }
    }
}

impl WebSettings {
    fn read(mut table: Table<'_>, reader: &Reader<'_>) -> Self {
        let mut listen_addresses: Vec<SocketAddr> =
            table.strings_parsed("listen_address", "write host:port with an IP address, like \"127.0.0.1:10121\"");
        if listen_addresses.is_empty() {
            listen_addresses.extend(DEFAULT_LISTEN_ADDRESS.parse::<SocketAddr>());
        }
        let settings = Self {
            listen_addresses,
            config_file: table.string("config_file").map(|file| reader.resolve(&file)),
            max_connections: table.integer("max_connections", 1..=100_000).unwrap_or(Self::default().max_connections),
            max_requests: table.integer("max_requests", 1..=10_000).unwrap_or(Self::default().max_requests),
        };
        table.finish();
        settings
    }
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            listen_addresses: DEFAULT_LISTEN_ADDRESS.parse().into_iter().collect(),
            config_file: None,
            max_connections: 512,
            max_requests: 64,
        }
    }
}

impl LogSettings {
    fn read(mut table: Table<'_>) -> Self {
        let settings = Self {
            level: table.choice("level").unwrap_or(Self::default().level),
            format: table.choice("format").unwrap_or(Self::default().format),
        };
        table.finish();
        settings
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Logfmt }
    }
}

fn lower_case<T: std::fmt::Debug, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{value:?}").to_lowercase())
}

#[cfg(test)]
mod tests;
