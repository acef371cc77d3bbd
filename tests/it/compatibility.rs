//! Side by side with `redis_exporter`: whatever its default scrape has, ours has under the same name, type and labels.
//!
//! docs/COMPATIBILITY.md lists the exceptions, and this test reads them there: a difference that is not listed fails, and
//! so does a listed one that is none.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::agent::{Agent, target};
use crate::support::cluster::{Cluster, Group};
use crate::support::exposition::{Exposition, Family, Sample};
use crate::support::missing::missing;
use crate::support::peer;
use crate::support::redis::{RedisServer, command};
use crate::support::wait::{SOON, until};

/// Label names; a label without a value equals an absent one.
type LabelNames = BTreeSet<String>;

/// How a family looks from outside.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    kind: String,
    labels: BTreeSet<LabelNames>,
}

fn shapes(seen: &Exposition) -> BTreeMap<String, Shape> {
    seen.families.iter().map(|family| (family.name.clone(), shape(family))).collect()
}

fn shape(family: &Family) -> Shape {
    let names = |labels: &BTreeMap<String, String>| {
        labels.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.clone()).collect()
    };
    let labels = family.samples.iter().map(|sample| names(&sample.labels)).collect();
    Shape { kind: family.kind.clone(), labels }
}

/// Something of each kind that `redis_exporter` reports of.
fn traffic(redis: &RedisServer) {
    let mut connection = redis.connect();
    let mut run = |words: &[&str]| {
        // A cluster has no second database, and a replica takes no writes; what fails is traffic as well.
        let _ = command(words).query::<redis::Value>(&mut connection);
    };
    for words in [
        &["CONFIG", "SET", "latency-monitor-threshold", "5"][..],
        &["CONFIG", "SET", "slowlog-log-slower-than", "1000"],
        &["SET", "a", "1"],
        &["SET", "b", "1", "EX", "1000"],
        &["GET", "a"],
        &["GET", "none"],
        &["LPUSH", "a", "wrong type"],
        &["DEBUG", "SLEEP", "0.02"],
        &["SELECT", "1"],
        &["SET", "c", "1", "PX", "1"],
        &["SET", "d", "1", "EX", "1000"],
        &["GET", "c"],
    ] {
        run(words);
    }
}

/// The differences of one server's two expositions: by name, whether it is absent from ours, and in words.
fn differences(redis: &RedisServer) -> BTreeMap<String, (bool, String)> {
    traffic(redis);
    let agent = Agent::run(&target("main", &redis.url()));
    // Some families appear with the second INFO.
    let mut ours = shapes(&agent.next_poll("main"));
    ours.extend(
        shapes(&agent.metrics())
            .into_iter()
            .filter(|(name, _)| !name.starts_with("redis_db_"))
            .filter(|(name, _)| name.starts_with("process_") || name.starts_with("redis_target_scrape")),
    );
    let theirs = shapes(&peer::scrape(&redis.url()));
    // A Sentinel has less to tell.
    assert!(theirs.len() > 60, "redis_exporter has not scraped: {:?}", theirs.keys());
    let mut found = BTreeMap::new();
    for (name, theirs) in theirs {
        let Some(ours) = ours.get(&name) else {
            found.insert(name, (true, "absent".to_owned()));
            continue;
        };
        if ours.kind != theirs.kind {
            found.insert(name, (false, format!("{} there, {} here", theirs.kind, ours.kind)));
        } else if !theirs.labels.is_subset(&ours.labels) {
            found.insert(name, (false, format!("labels {:?} there, {:?} here", theirs.labels, ours.labels)));
        }
    }
    found
}

/// The first column of the table under a heading of docs/COMPATIBILITY.md. A `*` at its end stands for any rest.
fn listed(page: &str, heading: &str) -> Vec<String> {
    let section = page.split("\n## ").find(|section| section.starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("docs/COMPATIBILITY.md has no section {heading:?}"));
    let names = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    names.map(|(name, _)| name.to_owned()).collect()
}

fn covers(entry: &str, name: &str) -> bool {
    entry.strip_suffix('*').map_or(entry == name, |start| name.starts_with(start))
}

#[test]
fn every_difference_is_documented_and_every_documented_one_is_real() {
    if missing(&["redis-server", peer::PROGRAM]) {
        return;
    }
    let standalone = RedisServer::start();
    let replica = RedisServer::builder().replica_of(&standalone).start();
    until(SOON, "the replica is in sync", || (replica.info("master_link_status")? == "up").then_some(()));
    until(SOON, "the master knows it", || standalone.info("slave0")?.contains("state=online").then_some(()));
    let (cluster, group) = (Cluster::start(true), Group::start(1));

    let mut found = BTreeMap::new();
    for (server, redis) in [
        ("standalone", &standalone),
        ("replica", &replica),
        ("primary of a cluster", &cluster.nodes[0]),
        ("replica of a cluster", &cluster.nodes[3]),
        ("Sentinel", &group.sentinels[0]),
    ] {
        let mut differences = differences(redis);
        // It has no databases, and there are none that are empty.
        differences.retain(|name, (absent, _)| !(server == "Sentinel" && *absent && name.starts_with("redis_db_keys")));
        for (name, (absent, words)) in differences {
            found.entry((name, absent)).or_insert_with(|| format!("{words} ({server})"));
        }
    }
    let page = std::fs::read_to_string("docs/COMPATIBILITY.md").unwrap_or_default();
    let mut faults = Vec::new();
    for (heading, absent) in [("Not exported", true), ("Different type or labels", false)] {
        let entries = listed(&page, heading);
        let names = || found.iter().filter(|((_, is_absent), _)| *is_absent == absent);
        for ((name, _), words) in names().filter(|((name, _), _)| !entries.iter().any(|entry| covers(entry, name))) {
            faults.push(format!("not listed under {heading:?}: {name}: {words}"));
        }
        for entry in entries.iter().filter(|entry| !names().any(|((name, _), _)| covers(entry, name))) {
            faults.push(format!("listed under {heading:?}, but no difference any more: {entry}"));
        }
    }
    assert!(faults.is_empty(), "docs/COMPATIBILITY.md and reality differ:\n{}", faults.join("\n"));
}

/// Seconds since something that happens again and again: polls that are as far apart as it is always see the same of them.
const AGES: [&str; 2] = ["redis_connected_slave_lag_seconds", "redis_master_last_io_seconds_ago"];

/// Series that a scrape of `redis_exporter` itself changes, or that are of the moment.
const OF_THE_MOMENT: [&str; 11] = [
    "process_",
    "redis_allocator_",
    "redis_connected_clients",
    "redis_exporter_",
    "redis_last_slow_execution_duration_seconds",
    "redis_latency_percentiles_usec",
    "redis_mem",
    "redis_rss_overhead_",
    "redis_sentinel_master_last_ok_ping_reply_seconds",
    "redis_slowlog_",
    "redis_start_time_seconds",
];

#[test]
fn what_stands_still_has_the_same_value() {
    if missing(&["redis-server", peer::PROGRAM]) {
        return;
    }
    let redis = RedisServer::builder().line("maxmemory 100mb").line("appendonly yes").start();
    traffic(&redis);
    assert_same_values(&redis, 100, &["redis_config_maxmemory"]);
}

#[test]
fn what_stands_still_of_a_sentinel_and_a_cluster_has_the_same_value() {
    if missing(&["redis-server", peer::PROGRAM]) {
        return;
    }
    let mut group = Group::start(2);
    // Nothing is taken for down because the machine is busy.
    for sentinel in &group.sentinels {
        sentinel.command::<()>(&["SENTINEL", "SET", "main", "down-after-milliseconds", "60000"]);
    }
    // 1.45 has no more of them; the others are compared with what the server was told, below.
    let names = ["ok_sentinels", "ok_slaves", "sentinels", "slaves", "status"];
    let names = names.map(|name| format!("redis_sentinel_master_{name}"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_same_values(&group.sentinels[1], 20, &names);
    let agent = Agent::run(&target("sentinel", &group.sentinels[1].url()));
    let (seen, address) = (agent.next_poll("sentinel"), group.servers[0].address());
    let of_master = [("master_name", "main"), ("master_address", address.as_str())];
    for (name, value) in [
        ("setting_ckquorum", 2.0),
        ("setting_down_after_milliseconds", 60_000.0),
        ("setting_failover_timeout", 3000.0),
        ("setting_parallel_syncs", 1.0),
        ("config_epoch", 0.0),
    ] {
        seen.assert(&format!("redis_sentinel_master_{name}"), &of_master, value);
    }
    seen.assert("redis_sentinel_master_ckquorum_status", &[("master_name", "main")], 1.0);
    seen.assert("redis_sentinel_master_failovers_total", &[("master_name", "main")], 0.0);
    // Two of three are gone: nobody could be elected.
    group.sentinels[1].command::<()>(&["SENTINEL", "SET", "main", "down-after-milliseconds", "500"]);
    group.sentinels.swap_remove(2).kill();
    group.sentinels.swap_remove(0).kill();
    agent.until("sentinel", "there is no quorum", |seen| {
        let quorum = seen.get("redis_sentinel_master_ckquorum_status", &[("master_name", "main")])?;
        let ok = seen.get("redis_sentinel_master_ok_sentinels", &of_master)?;
        (quorum + ok < 1.5).then_some(())
    });
    let cluster = Cluster::start(true);
    for node in &cluster.nodes {
        node.command::<()>(&["CONFIG", "SET", "cluster-node-timeout", "60000"]);
    }
    let names = ["state", "slots_assigned", "slots_ok", "known_nodes", "size", "my_epoch"];
    let names = names.map(|name| format!("redis_cluster_{name}"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_same_values(&cluster.nodes[1], 60, &names);
}

/// Compares the values of the series that did not move meanwhile: `least` of them, and those of `names` among them. What
/// differs is asked again: what moved and moved back, as a replica's lag does, says nothing.
fn assert_same_values(redis: &RedisServer, least: usize, names: &[&str]) {
    let agent = Agent::run(&target("main", &redis.url()));
    let mut faults = Vec::new();
    for _ in 0..5 {
        let compared = compare(&agent, redis);
        assert!(compared.values().map(Vec::len).sum::<usize>() > least, "{compared:?}");
        let missing: Vec<&&str> = names.iter().filter(|name| !compared.contains_key(**name)).collect();
        assert!(missing.is_empty(), "not among what was compared: {missing:?}");
        faults = compared.into_values().flatten().flatten().collect();
        if faults.is_empty() {
            return;
        }
    }
    panic!("{}", faults.join("\n"));
}

/// By name, each series that the agent exports with the same value before and after the peer's scrape, with what is wrong with it.
fn compare(agent: &Agent, redis: &RedisServer) -> BTreeMap<String, Vec<Option<String>>> {
    let before = agent.next_poll("main");
    let theirs = peer::scrape(&redis.url());
    let after = agent.next_poll("main");
    let mut compared: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for sample in theirs.samples() {
        if OF_THE_MOMENT.iter().any(|start| sample.name.starts_with(start)) {
            continue;
        }
        let same = |other: &&&Sample| other.labels == sample.labels;
        let of = |seen: &Exposition| seen.series(&sample.name, &[]).iter().find(same).map(|found| found.value);
        let (Some(first), Some(second)) = (of(&before), of(&after)) else { continue };
        if first.to_bits() == second.to_bits() {
            let allowed = if AGES.contains(&sample.name.as_str()) { 1.0 } else { f64::EPSILON * first.abs() };
            let differs = (first - sample.value).abs() > allowed;
            let fault = || format!("{} {:?}: {} there, {first} here", sample.name, sample.labels, sample.value);
            compared.entry(sample.name.clone()).or_default().push(differs.then(fault));
        }
    }
    compared
}
