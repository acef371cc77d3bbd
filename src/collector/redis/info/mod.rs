//! The INFO reply: read in one pass, kept as a typed struct, exported under the names of `redis_exporter`.
//!
//! [`parse()`] takes any bytes: INFO has grown with every version of Redis, its forks send other fields, and a proxy may
//! send anything. What is not known is ignored; what is known but malformed is absent, and counted.

mod export;
mod fields;
mod keyspace;
mod module_list;
mod parse;
mod question;
mod replication;
mod scan;
mod sentinel;
mod stats_lines;
mod threads;
mod verdicts;

pub use export::{export, metrics};
pub use parse::parse;
pub use question::{InfoAll, InfoAnswer};

use fields::Text;
use keyspace::Database;
use module_list::Module;
use replication::{Master, Replica};
use sentinel::SentinelMaster;
use stats_lines::{CommandStat, ErrorStat, LatencyStats};
use threads::IoThread;

/// One INFO reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Info {
    /// The value as sent of each field in [`fields::all`].
    numbers: Box<[Option<f64>]>,
    /// The value of each field in [`Text::ALL`].
    texts: [Option<Box<str>>; Text::ALL.len()],
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
        Self { numbers: vec![None; fields::count()].into(), ..Self::default() }
    }

    fn text(&self, text: Text) -> Option<&str> {
        self.texts[text as usize].as_deref()
    }

    fn flag(&self, key: &str) -> bool {
        // The server sends 0 and 1.
        self.number(key).is_some_and(|value| value > 0.0)
    }

    /// Whether nothing in the reply is known: it is not an INFO reply.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let unknown = Self { has_keyspace: self.has_keyspace, malformed: self.malformed, ..Self::empty() };
        *self == unknown
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

    /// Host and port of the master that it follows, if it is a replica.
    #[must_use]
    pub fn primary(&self) -> Option<(String, u16)> {
        let master = self.masters.first().filter(|master| !master.host.is_empty())?;
        Some((master.host.to_string(), master.port.parse().ok()?))
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

    /// The number that INFO has under `key`, as sent, before any conversion of its unit.
    ///
    /// `None` when the reply has no such key, its value is not a number, or no metric and no accessor needs it.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        let slot = fields::slot(key.as_bytes())?;
        match slot.number {
            Some(place) => self.numbers[place],
            None => scan::number(self.text(slot.text?)?.as_bytes()),
        }
    }

    /// Microseconds of CPU time of the command and its sub-commands: `config` is the sum of `config|get`,
    /// `config|set` and the like. `None` when it was never called.
    #[must_use]
    pub fn command_usec(&self, name: &str) -> Option<u64> {
        stats_lines::usec(&self.commands, name)
    }
}

#[cfg(test)]
mod tests;
