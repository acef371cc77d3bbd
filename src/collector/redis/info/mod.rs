//! The INFO reply: read in one pass, kept as a typed struct, exported under the names of `redis_exporter`.
//!
//! [`parse()`] takes any bytes: INFO has grown with every version of Redis, its forks send other fields, and a proxy may
//! send anything. What is not known is ignored; what is known but malformed is absent, and counted.

mod export;
mod fields;
mod keyspace;
mod module_list;
mod parse;
mod replication;
mod scan;
mod sentinel;
mod stats_lines;
mod threads;

pub use export::{export, metrics};
pub use keyspace::Database;
pub use module_list::Module;
pub use parse::parse;
pub use replication::{Master, Replica};
pub use sentinel::SentinelMaster;
pub use stats_lines::CommandStat;

use fields::{TEXTS, Text};
use stats_lines::{ErrorStat, LatencyStats};
use threads::IoThread;

/// One INFO reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// The value as sent of each field in [`fields::all`].
    numbers: Box<[Option<f64>]>,
    /// The value of each field in [`TEXTS`].
    texts: [Option<Box<str>>; TEXTS.len()],
    /// Numbers whose key begins with `cluster_` and is not among the fields.
    cluster: Vec<(Box<str>, f64)>,
    /// Sorted by name.
    commands: Vec<CommandStat>,
    errors: Vec<ErrorStat>,
    latencies: LatencyStats,
    databases: Vec<Database>,
    /// Whether there is a section Keyspace: without one nothing is known of the databases, not even that they are empty.
    has_keyspace: bool,
    masters: Vec<Master>,
    replicas: Vec<Replica>,
    sentinel_masters: Vec<SentinelMaster>,
    threads: Vec<IoThread>,
    modules: Vec<Module>,
    malformed: u64,
}

impl Info {
    fn empty() -> Self {
        Self {
            numbers: vec![None; fields::count()].into(),
            texts: [const { None }; TEXTS.len()],
            cluster: Vec::new(),
            commands: Vec::new(),
            errors: Vec::new(),
            latencies: LatencyStats::default(),
            databases: Vec::new(),
            has_keyspace: false,
            masters: Vec::new(),
            replicas: Vec::new(),
            sentinel_masters: Vec::new(),
            threads: Vec::new(),
            modules: Vec::new(),
            malformed: 0,
        }
    }

    fn text(&self, text: Text) -> Option<&str> {
        self.texts[text as usize].as_deref()
    }

    fn flag(&self, key: &str) -> bool {
        // The server sends 0 and 1.
        self.number(key).is_some_and(|value| value > 0.0)
    }

    /// Whether nothing in the reply is known: it is no INFO reply.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let unknown = Self { has_keyspace: self.has_keyspace, malformed: self.malformed, ..Self::empty() };
        *self == unknown
    }

    /// Known fields and lines whose value could not be read, and a last line that was cut off.
    #[must_use]
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// The id of the server process, new at each start: 40 hexadecimal digits.
    #[must_use]
    pub fn run_id(&self) -> Option<&str> {
        self.text(Text::RunId)
    }

    /// `redis_version`. Valkey sends the version of Redis that it is compatible with.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.text(Text::RedisVersion)
    }

    /// [`version`](Self::version) as major, minor and patch; what is left out is 0, and what follows is ignored.
    #[must_use]
    pub fn version_tuple(&self) -> Option<(u32, u32, u32)> {
        let mut parts = self.version()?.split('.').map(|part| {
            let end = part.find(|character: char| !character.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse::<u32>().ok()
        });
        let major = parts.next().flatten()?;
        Some((major, parts.next().flatten().unwrap_or(0), parts.next().flatten().unwrap_or(0)))
    }

    /// `master` or `slave`; `active-replica` of KeyDB. A Sentinel sends none.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.text(Text::Role)
    }

    /// `standalone`, `cluster` or `sentinel`: `redis_mode`, or `server_mode` of Valkey.
    #[must_use]
    pub fn mode(&self) -> Option<&str> {
        self.text(Text::RedisMode).or_else(|| self.text(Text::ServerMode))
    }

    /// Whether the server runs in cluster mode.
    #[must_use]
    pub fn cluster_enabled(&self) -> bool {
        self.flag("cluster_enabled")
    }

    /// Whether the server is loading its data set, and refuses most commands.
    #[must_use]
    pub fn loading(&self) -> bool {
        self.flag("loading")
    }

    /// Seconds since the server started.
    #[must_use]
    pub fn uptime_seconds(&self) -> Option<f64> {
        self.number("uptime_in_seconds")
    }

    /// The server's wall clock: microseconds since 1970-01-01 UTC; Redis >= 6.2.
    #[must_use]
    pub fn server_time_usec(&self) -> Option<f64> {
        self.number("server_time_usec")
    }

    /// The limit on the allocated bytes; 0 means that there is none.
    #[must_use]
    pub fn maxmemory(&self) -> Option<f64> {
        self.number("maxmemory")
    }

    /// The number that INFO has under `key`, as sent, before any conversion of its unit.
    ///
    /// `None` when the reply has no such key, its value is no number, or no metric and no accessor needs it.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        let slot = fields::slot(key.as_bytes())?;
        match slot.number {
            Some(place) => self.numbers[place],
            None => scan::number(self.text(slot.text?)?.as_bytes()),
        }
    }

    /// The commands that were called, sorted by name.
    #[must_use]
    pub fn commands(&self) -> &[CommandStat] {
        &self.commands
    }

    /// Microseconds of CPU time of the command and its sub-commands: `config` is the sum of `config|get`,
    /// `config|set` and the like. `None` when it was never called.
    #[must_use]
    pub fn command_usec(&self, name: &str) -> Option<u64> {
        stats_lines::usec(&self.commands, name)
    }

    /// The databases that have keys.
    #[must_use]
    pub fn databases(&self) -> &[Database] {
        &self.databases
    }

    /// The masters that this server follows.
    #[must_use]
    pub fn masters(&self) -> &[Master] {
        &self.masters
    }

    /// The replicas that are connected.
    #[must_use]
    pub fn replicas(&self) -> &[Replica] {
        &self.replicas
    }

    /// The masters that this Sentinel watches.
    #[must_use]
    pub fn sentinel_masters(&self) -> &[SentinelMaster] {
        &self.sentinel_masters
    }

    /// The modules that are loaded.
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }
}

#[cfg(test)]
mod tests;
