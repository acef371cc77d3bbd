//! The configuration: TOML text or environment in, a validated [`Config`] out.
//!
//! All problems of a file are reported at once, each with its line, key, value and fix. Every default is named here or in
//! the module of its table. A value may hold `${VARIABLE}` or `${VARIABLE:-default}`; a secret may stand in a file of its
//! own (`password_file`). Both are read again at each reload.

mod docker;
mod environment;
mod host;
mod redis;
mod service;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Serialize, Serializer};

pub use docker::DockerTarget;
pub(crate) use docker::label_name;
pub use host::{HostTarget, HostWhen};
pub use reader::{ConfigError, Problem, Secret};
pub use redis::{PoolConfig, RedisTarget};
pub use service::ServiceTarget;

use reader::{Reader, Table, file};

use crate::policy::{Policy, Thresholds};

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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redis: Vec<RedisTarget>,
    /// The services that are watched.
    #[serde(rename = "service", skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceTarget>,
    /// The Docker engines whose containers are watched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub docker: Vec<DockerTarget>,
    /// The machine that the agent runs on, if it is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostTarget>,
    /// What is overridden of the policy.
    #[serde(skip_serializing_if = "Thresholds::is_default")]
    pub thresholds: Thresholds,
    /// The policy in force: the shipped one with what is overridden.
    #[serde(skip)]
    pub policy: Policy,
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
        let (redis, services, docker) = (root.tables("redis"), root.tables("service"), root.tables("docker"));
        let host = root.has("host").then(|| root.table("host"));
        // The one machine need not be named, and has a name nevertheless.
        let nameless = host.iter().map(|table| (table, Some(host::DEFAULT_NAME)));
        let others = redis.iter().chain(&services).chain(&docker).map(|table| (table, None));
        check_names(others.chain(nameless), reader);
        if redis.is_empty() && services.is_empty() && docker.is_empty() && host.is_none() {
            let message =
                "no target is configured; add [[redis]], [[service]] or [[docker]] with name and url, or [host]";
            reader.problem(Problem::of_key(None, "redis", None, message));
        }
        let redis = redis::read_all(redis, reader);
        let services = service::read_all(services, reader);
        let docker = docker::read_all(docker, reader);
        let host = host.map(host::read);
        let names = names(&redis, &services, &docker, host.as_ref());
        let (thresholds, policy) = match policy::shipped() {
            Ok(shipped) => policy::thresholds::read(root.table("thresholds"), &names, shipped),
            Err(error) => {
                reader.problem(Problem::of_file(format!("the policy that the agent was built with is wrong: {error}")));
                (Thresholds::default(), Policy::default())
            }
        };
        root.finish();
        Self { environment, web, log, redis, services, docker, host, thresholds, policy }
    }

    /// `policy` with what the file's `[thresholds]` override, whatever else the file says: who renders rules need not have
    /// the secrets of the agent.
    pub fn apply_thresholds(path: &Path, policy: Policy) -> Result<Policy, ConfigError> {
        let text = file::read(path, FILE_LIMIT)
            .map_err(|message| ConfigError::one(path.display().to_string(), Problem::of_file(message)))?;
        let env = |name: &str| std::env::var(name).ok();
        let reader = Reader::new(&text, path, &env);
        let applied = reader.root().map(|mut root| {
            let mut names = Vec::new();
            for key in ["redis", "service", "docker"] {
                names.extend(root.tables(key).iter().filter_map(|table| table.peek("name")));
            }
            if root.has("host") {
                names.push(root.table("host").peek("name").unwrap_or_else(|| host::DEFAULT_NAME.to_owned()));
            }
            policy::thresholds::read(root.table("thresholds"), &names, policy).1
        });
        reader.finish(applied)
    }

    /// The number of targets.
    #[must_use]
    pub const fn target_count(&self) -> usize {
        self.redis.len() + self.services.len() + self.docker.len() + self.host.is_some() as usize
    }

    /// Every target, whatever its kind.
    #[must_use]
    pub fn targets(&self) -> Vec<TargetConfig> {
        let redis = self.redis.iter().cloned().map(TargetConfig::Redis);
        let services = self.services.iter().cloned().map(TargetConfig::Service);
        let docker = self.docker.iter().cloned().map(TargetConfig::Docker);
        redis.chain(services).chain(docker).chain(self.host.iter().cloned().map(TargetConfig::Host)).collect()
    }
}

/// The names of all targets.
fn names(
    redis: &[RedisTarget],
    services: &[ServiceTarget],
    docker: &[DockerTarget],
    host: Option<&HostTarget>,
) -> Vec<String> {
    let redis = redis.iter().map(|target| &target.name);
    let services = services.iter().map(|target| &target.name);
    let docker = docker.iter().map(|target| &target.name);
    redis.chain(services).chain(docker).chain(host.map(|target| &target.name)).cloned().collect()
}

/// One target, whatever its kind.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetConfig {
    /// A Redis server.
    Redis(RedisTarget),
    /// A service.
    Service(ServiceTarget),
    /// A Docker engine.
    Docker(DockerTarget),
    /// The machine that the agent runs on.
    Host(HostTarget),
}

impl TargetConfig {
    /// The `target` label.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Redis(target) => &target.name,
            Self::Service(target) => &target.name,
            Self::Docker(target) => &target.name,
            Self::Host(target) => &target.name,
        }
    }
}

/// Reports targets with the name of another one, of whatever kind: the name is the label by which they are told apart.
/// Beside each table stands the name that it has without the key.
fn check_names<'t, 'r: 't>(tables: impl Iterator<Item = (&'t Table<'r>, Option<&'static str>)>, reader: &Reader<'_>) {
    let mut names = HashSet::new();
    for (table, default) in tables {
        let default = default.filter(|_| !table.has("name")).map(str::to_owned);
        let message = match default {
            Some(_) => "this is the name unless another is set, and another target has it; names must differ",
            None => "another target has this name; names must differ",
        };
        let Some(name) = default.or_else(|| table.peek("name")).filter(|name| !name.is_empty()) else { continue };
        if !names.insert(name.clone()) {
            reader.problem(Problem::of_key(table.line, table.key("name"), Some(format!("{name:?}")), message));
        }
    }
}

/// The name of a target.
fn read_name(table: &mut Table<'_>) -> String {
    let named = table.has("name");
    let name = table.string("name").unwrap_or_default();
    if !named {
        table.problem(None, "name", None, "is missing; name the target, it becomes the label target");
    } else if name.is_empty() {
        table.problem(None, "name", None, "must be a text that is not empty; it becomes the label target");
    }
    name
}

/// The deadline of a poll. A short interval alone is no mistake: the default follows it.
fn read_deadline(table: &mut Table<'_>, interval: Duration, default: Duration) -> Duration {
    read_deadline_or(table, interval, default.min(interval / 2))
}

/// The deadline of a poll, `default` if none is set.
fn read_deadline_or(table: &mut Table<'_>, interval: Duration, default: Duration) -> Duration {
    let deadline = table.duration("deadline", Duration::from_millis(10)..=Duration::from_hours(24)).unwrap_or(default);
    if deadline >= interval {
        let text = |time| humantime::format_duration(time).to_string();
        let message = format!("must be shorter than the interval, which is {}; polls never overlap", text(interval));
        table.problem(None, "deadline", Some(format!("{:?}", text(deadline))), message);
    }
    deadline
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
