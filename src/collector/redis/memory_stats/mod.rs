//! MEMORY STATS: what fills the memory.

use redis::{Cmd, Value};

use super::facts::Facts;
use super::question::{Question, command};
use super::reply::{self, Unexpected};
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo, metrics};

/// Databases that are told, each with keys in it.
const MAX_DATABASES: usize = 1_000;

/// The fields that are parts of the whole, and what they are called here.
const PARTS: [(&str, &str); 10] = [
    ("startup.allocated", "startup"),
    ("replication.backlog", "replication_backlog"),
    ("clients.slaves", "replicas"),
    ("clients.normal", "clients"),
    ("cluster.links", "cluster_links"),
    ("aof.buffer", "append_only_file"),
    ("lua.caches", "scripts"),
    ("functions.caches", "functions"),
    ("script.VMs", "script_engines"),
    ("dataset.bytes", "dataset"),
];

metrics! {
    pub fn metrics;
    PART: gauge "redis_memory_part_bytes" ["part"] Bytes,
        "What a part of the server takes up of its memory: the keys and values (dataset), the tables that find them (databases), \
         what clients and replicas are yet to send or read, the replication backlog, the buffer of the append only file, scripts, \
         functions, and the empty server (startup).", "MEMORY STATS, Redis >= 4";
    DATABASE: gauge "redis_db_overhead_bytes" ["db"] Bytes,
        "Memory of the tables that index the keys of a database and their expiry times.", "MEMORY STATS db.*, Redis >= 4";
}

/// MEMORY STATS.
#[derive(Debug)]
pub struct MemoryStats;

/// The parts of the memory.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    parts: Vec<(&'static str, u64)>,
    databases: Vec<(u32, u64)>,
}

impl Question for MemoryStats {
    const NAME: &'static str = "MEMORY STATS";
    const SWITCH: Option<&'static str> = Some("memory_stats");
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = Parts;
    type Answer = Parts;

    fn new(_: &RedisTarget) -> Self {
        Self
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        facts.is_at_least(4).then(|| command(&["MEMORY", "STATS"])).into_iter().collect()
    }

    fn read(&self, replies: Vec<Value>) -> Result<Parts, Unexpected> {
        let mut parts = Parts::default();
        for (field, value) in reply::pairs(reply::only(&replies), Self::NAME)? {
            let field = reply::text(field, "MEMORY STATS: field")?;
            if let Some((_, part)) = PARTS.iter().find(|(known, _)| *known == field) {
                // A number below 0 is a server's mistake, and no size.
                parts.parts.extend(reply::count(value, "MEMORY STATS").ok().map(|bytes| (*part, bytes)));
            } else if let Some(database) = field.strip_prefix("db.").and_then(|number| number.parse().ok()) {
                let numbers = reply::pairs(value, "MEMORY STATS: db")?;
                let sum = numbers.filter_map(|(_, bytes)| reply::count(bytes, "MEMORY STATS: db").ok());
                if parts.databases.len() < MAX_DATABASES {
                    parts.databases.push((database, sum.fold(0, u64::saturating_add)));
                }
            }
        }
        let sum = parts.databases.iter().fold(0, |sum: u64, (_, bytes)| sum.saturating_add(*bytes));
        parts.parts.push(("databases", sum));
        Ok(parts)
    }

    fn answer(&mut self, parts: Parts, _: &Facts) -> Parts {
        parts
    }

    fn export(parts: &Parts, out: &mut Families) {
        for (part, bytes) in &parts.parts {
            out.push(&PART, [part], *bytes as f64);
        }
        for (database, bytes) in &parts.databases {
            out.push(&DATABASE, [&format!("db{database}")], *bytes as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::build::{array, bulk};
    use super::*;

    /// What redis-server 7.0.15 answers with keys in two databases, without the ratios.
    fn recorded() -> Value {
        let numbers = |numbers: &[(&str, i64)]| {
            numbers.iter().flat_map(|(name, number)| [bulk(name), Value::Int(*number)]).collect::<Vec<_>>()
        };
        let database = |main: i64| {
            array(numbers(&[
                ("overhead.hashtable.main", main),
                ("overhead.hashtable.expires", 32),
                ("overhead.hashtable.slot-to-keys", 0),
            ]))
        };
        let head = numbers(&[
            ("peak.allocated", 1_783_968),
            ("total.allocated", 1_762_896),
            ("startup.allocated", 876_136),
            ("replication.backlog", 16),
            ("clients.slaves", 8),
            ("clients.normal", 1_800),
            ("cluster.links", 0),
            ("aof.buffer", 4),
            ("lua.caches", 1_144),
            ("functions.caches", 200),
        ]);
        let tail = numbers(&[("overhead.total", 878_568), ("keys.count", 20), ("dataset.bytes", 884_328)]);
        let ratio = [bulk("dataset.percentage"), bulk("99.725746154785156")];
        array(
            head.into_iter().chain([bulk("db.0"), database(976), bulk("db.2"), database(112)]).chain(tail).chain(ratio),
        )
    }

    #[test]
    fn a_recorded_reply_gives_its_parts() {
        let parts = MemoryStats.read(vec![recorded()]).unwrap();
        let expected = [
            ("startup", 876_136),
            ("replication_backlog", 16),
            ("replicas", 8),
            ("clients", 1_800),
            ("cluster_links", 0),
            ("append_only_file", 4),
            ("scripts", 1_144),
            ("functions", 200),
            ("dataset", 884_328),
            ("databases", 1_152),
        ];
        assert_eq!(parts.parts, expected);
        assert_eq!(parts.databases, [(0, 1_008), (2, 144)]);
    }

    #[test]
    fn what_is_no_size_is_absent_and_another_shape_is_an_error() {
        let odd = array([bulk("dataset.bytes"), Value::Int(-5), bulk("db.x"), Value::Int(1), bulk("new"), bulk("x")]);
        assert_eq!(MemoryStats.read(vec![odd]).unwrap().parts, [("databases", 0)]);
        assert!(MemoryStats.read(vec![Value::Int(1)]).is_err());
        assert!(MemoryStats.read(vec![array([bulk("db.0"), Value::Int(1)])]).is_err());
    }
}
