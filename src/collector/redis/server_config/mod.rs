//! The server's configuration: the few keys of CONFIG GET that explain the other metrics.

mod metrics;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use redis::{Cmd, Value};

use self::metrics::NUMERIC_KEYS;
pub use self::metrics::{export, metrics};
use super::facts::Facts;
use super::question::{Question, Request, command};
use super::reply::{self, Unexpected};
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo};

/// The keys that are not numbers, or not exported by themselves. The first one comes first where keys are asked one by one:
/// another question depends on it.
const OTHER_KEYS: [&str; 3] = ["client-output-buffer-limit", "maxmemory-policy", "databases"];

/// The keys to ask for; none of them can hold a secret. A server leaves out what it does not know.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    OTHER_KEYS.into_iter().chain(NUMERIC_KEYS.iter().map(|(key, ..)| *key))
}

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

/// What the server is configured to. What it did not send, or sent malformed, is `None`; the key of the latter then stands
/// in [`malformed`](Self::malformed).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerConfig {
    /// What is evicted at the memory limit: `noeviction`, `allkeys-lru`.
    pub maxmemory_policy: Option<String>,
    /// Keys whose value is not understood.
    pub malformed: Vec<&'static str>,
    /// The value of each metric in [`NUMERIC_KEYS`].
    numbers: [Option<f64>; NUMERIC_KEYS.len()],
    databases: Option<u32>,
    /// Each key as sent.
    values: Vec<(&'static str, String)>,
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

    /// When a dump is due: after so many seconds with so many changes.
    pub(super) fn save_points(&self) -> impl Iterator<Item = (f64, f64)> {
        let save = self.values.iter().find(|(key, _)| *key == "save").map_or("", |(_, value)| value);
        let numbers: Vec<f64> = save.split_ascii_whitespace().map_while(number).collect();
        numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>().into_iter()
    }

    /// What is exported of a key that is a number.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        let place = NUMERIC_KEYS.iter().position(|(known, ..)| *known == key)?;
        self.numbers[place]
    }

    fn read(&mut self, replies: &[Value]) -> Result<(), Unexpected> {
        for reply in replies {
            for (key, value) in reply::pairs(reply, "CONFIG GET")? {
                let key = reply::text(key, "CONFIG GET: key")?;
                let Some(key) = keys().find(|known| *known == key) else {
                    continue;
                };
                let value = reply::text(value, "CONFIG GET: value")?;
                if self.set(key, &value).is_none() {
                    self.malformed.push(key);
                }
                self.values.push((key, value.into_owned()));
            }
        }
        Ok(())
    }

    /// Takes the value over; `None` when it is not understood.
    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "maxmemory-policy" => self.maxmemory_policy = Some(value.to_owned()),
            "client-output-buffer-limit" => return self.set_output_limits(value),
            "databases" => self.databases = Some(number(value)?),
            _ => {
                let place = NUMERIC_KEYS.iter().position(|(known, ..)| *known == key)?;
                let (_, _, read) = NUMERIC_KEYS[place];
                self.numbers[place] = Some(read(value)?);
            }
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

/// CONFIG GET of the keys that explain other metrics.
#[derive(Debug)]
pub struct ConfigGet {
    /// CONFIG, or what it was renamed to.
    name: String,
    /// The server takes one key a command, whatever its version says.
    one_by_one: bool,
    /// Keys were answered one by one; before, a single one is asked, so that a refusal is a single error.
    proven: bool,
}

impl ConfigGet {
    fn is_one_by_one(&self, facts: &Facts) -> bool {
        self.one_by_one || !facts.is_at_least(7)
    }

    fn get(&self, keys: &[&str]) -> Cmd {
        command(&[&[self.name.as_str(), "GET"][..], keys].concat())
    }
}

impl Question for ConfigGet {
    const NAME: &'static str = "CONFIG GET";
    const SWITCH: Option<&'static str> = Some("config");
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = Arc<ServerConfig>;
    type Answer = Arc<ServerConfig>;

    fn new(target: &RedisTarget) -> Self {
        Self { name: target.config_command.clone(), one_by_one: false, proven: false }
    }

    /// Several keys at once since Redis 7; before, a key a command. Never `*`: that would fetch passwords.
    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        let keys: Vec<&str> = keys().collect();
        if !self.is_one_by_one(facts) {
            return vec![self.get(&keys)];
        }
        let asked = if self.proven { keys.len() } else { 1 };
        keys[..asked].iter().map(|key| self.get(&[key])).collect()
    }

    /// Some servers say that they are a Redis 7 and take a single key.
    fn reword(&mut self, error: Option<&str>) -> bool {
        self.proven = false;
        let takes_less = error.is_some_and(|error| error.to_ascii_lowercase().contains("wrong number of arg"));
        takes_less && !std::mem::replace(&mut self.one_by_one, true)
    }

    fn renew(&mut self) {
        self.proven = false;
    }

    fn more(&mut self, _: &Arc<ServerConfig>, facts: &Facts) -> Option<Request> {
        if !self.is_one_by_one(facts) || std::mem::replace(&mut self.proven, true) {
            return None;
        }
        Some(Request::of::<Self>(keys().skip(1).map(|key| self.get(&[key])).collect()))
    }

    fn read_more(&self, config: &mut Arc<ServerConfig>, replies: Vec<Value>) -> Result<(), Unexpected> {
        Arc::make_mut(config).read(&replies)
    }

    fn read(&self, replies: Vec<Value>) -> Result<Arc<ServerConfig>, Unexpected> {
        parse(&replies).map(Arc::new)
    }

    fn tell(&self, config: &Arc<ServerConfig>, facts: &mut Facts) {
        facts.learn_config(config);
    }

    fn answer(&mut self, config: Arc<ServerConfig>, _: &Facts) -> Arc<ServerConfig> {
        config
    }

    fn export(config: &Arc<ServerConfig>, out: &mut Families) {
        export(config, out);
    }
}

/// Merges the replies to CONFIG GET: one with all keys, or one a key. Keys that were not asked for are ignored.
pub fn parse(replies: &[Value]) -> Result<ServerConfig, Unexpected> {
    let mut config = ServerConfig::default();
    config.read(replies)?;
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

fn yes_no(value: &str) -> Option<f64> {
    match value {
        "yes" => Some(1.0),
        "no" => Some(0.0),
        _ => None,
    }
}

fn bytes(value: &str) -> Option<f64> {
    memory(value).map(|bytes| bytes as f64)
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
