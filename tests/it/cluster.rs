//! A cluster is one target: its nodes are instances, whoever is a primary at the moment.

use crate::support::agent::{Agent, config_file, output, stderr, target};
use crate::support::cluster::Cluster;
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::pypi;
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};

fn config(seeds: &[&RedisServer]) -> String {
    let addresses: Vec<String> = seeds.iter().map(|node| format!("{:?}", node.address())).collect();
    format!(
        "[[redis]]\nname = \"main\"\nurl = {}\ncluster = true\nseeds = [{}]\ninterval = \"1s\"\n",
        addresses[0],
        addresses[1..].join(", ")
    )
}

/// Whether a node is up; `None` where it is not known.
fn up(seen: &Exposition, node: &RedisServer) -> Option<f64> {
    seen.get("redis_up", &[("target", "main"), ("node", &node.address())])
}

fn of(seen: &Exposition, name: &str, node: &RedisServer, labels: &[(&str, &str)]) -> Option<f64> {
    let address = node.address();
    seen.get(name, &[&[("target", "main"), ("node", address.as_str())], labels].concat())
}

#[track_caller]
fn waited<T>(agent: &Agent, what: &str, mut look: impl FnMut(&Exposition) -> Option<T>) -> T {
    until(SOON, &format!("{what}; the log:\n{}", agent.log()), || look(&agent.metrics()))
}

#[test]
fn nodes_are_instances_and_a_failover_goes_on_under_the_same_target() {
    if missing(&["redis-server"]) {
        return;
    }
    let mut cluster = Cluster::start(true);
    // One of the seeds has never been in the cluster, and one is not there at all.
    let stranger = RedisServer::builder().line("cluster-enabled yes").start();
    let agent = Agent::spawn(&config(&[&stranger, &cluster.nodes[4], &cluster.nodes[0]]), &[]);
    let seen = waited(&agent, "all nodes are up", |seen| {
        cluster.nodes.iter().all(|node| up(seen, node) == Some(1.0)).then(|| agent.metrics())
    });
    assert_eq!(seen.series("redis_up", &[("target", "main")]).len(), 6, "{:?}", seen.series("redis_up", &[]));
    for node in &cluster.nodes {
        let count = |role: &str| of(&seen, "redis_cluster_nodes", node, &[("role", role), ("state", "ok")]);
        assert_eq!((count("primary"), count("replica")), (Some(3.0), Some(3.0)));
        assert_eq!(of(&seen, "redis_cluster_primaries_without_replica", node, &[]), Some(0.0));
        assert_eq!(of(&seen, "redis_cluster_slots_uncovered", node, &[]), Some(0.0));
    }
    let needed: Vec<_> = cluster.nodes.iter().map(|node| of(&seen, "redis_node_needed", node, &[])).collect();
    assert_eq!(needed, [1.0, 1.0, 1.0, 0.0, 0.0, 0.0].map(Some));

    // The nodes are what is discovered and scraped.
    let discovered = agent.get("/sd?collector=redis").json();
    let mut nodes: Vec<String> = discovered
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            assert_eq!(group["labels"]["instance"], group["labels"]["node"]);
            group["labels"]["__param_node"].as_str().unwrap().to_owned()
        })
        .collect();
    let mut expected: Vec<String> = cluster.nodes.iter().map(RedisServer::address).collect();
    nodes.sort();
    expected.sort();
    assert_eq!(nodes, expected);

    // By hand.
    cluster.nodes[3].command::<()>(&["CLUSTER", "FAILOVER"]);
    waited(&agent, "the replica is needed", |seen| {
        let promoted = of(seen, "redis_promotions_total", &cluster.nodes[3], &[]) == Some(1.0);
        let needed = [0, 3].map(|at| of(seen, "redis_node_needed", &cluster.nodes[at], &[]));
        (promoted && needed == [Some(0.0), Some(1.0)]).then_some(())
    });

    // By death: what is dead stays known, and down.
    cluster.nodes[1].kill();
    let seen = waited(&agent, "its replica has taken over", |seen| {
        let failing = of(seen, "redis_cluster_nodes", &cluster.nodes[0], &[("role", "primary"), ("state", "failing")]);
        let needed = of(seen, "redis_node_needed", &cluster.nodes[4], &[]);
        let dead = of(seen, "redis_node_needed", &cluster.nodes[1], &[]);
        (failing == Some(1.0) && needed == Some(1.0) && dead == Some(0.0) && up(seen, &cluster.nodes[1]) == Some(0.0))
            .then(|| agent.metrics())
    });
    assert_eq!(of(&seen, "redis_cluster_state", &cluster.nodes[1], &[]), None, "of what is down nothing else is known");
    assert_eq!(seen.series("redis_up", &[("target", "main")]).len(), 6);
    waited(&agent, "a primary has no replica", |seen| {
        let without = |at: usize| of(seen, "redis_cluster_primaries_without_replica", &cluster.nodes[at], &[]);
        ([0, 4].iter().all(|at| without(*at) == Some(1.0))).then_some(())
    });

    // A slot that is left on its way.
    let (from, to) = (&cluster.nodes[2], &cluster.nodes[3]);
    let [from_id, to_id] = [from, to].map(|node| node.command::<String>(&["CLUSTER", "MYID"]));
    to.command::<()>(&["CLUSTER", "SETSLOT", "11000", "IMPORTING", &from_id]);
    from.command::<()>(&["CLUSTER", "SETSLOT", "11000", "MIGRATING", &to_id]);
    waited(&agent, "the slot is open", |seen| {
        let open = |node, direction| of(seen, "redis_cluster_slots_open", node, &[("direction", direction)]);
        (open(from, "migrating") == Some(1.0) && open(to, "importing") == Some(1.0)).then_some(())
    });

    // What all others forget is gone at once, with everything that was known of it.
    let dead = dead_id(&cluster);
    for at in [0, 2, 3, 4, 5] {
        cluster.nodes[at].command::<()>(&["CLUSTER", "FORGET", &dead]);
    }
    let seen = waited(&agent, "it is forgotten", |seen| up(seen, &cluster.nodes[1]).is_none().then(|| agent.metrics()));
    assert!(seen.series("redis_up", &[("node", &cluster.nodes[1].address())]).is_empty());
    assert_eq!(seen.series("redis_up", &[("target", "main")]).len(), 5);

    // A new one is found.
    cluster.meet(&stranger);
    waited(&agent, "the new node is polled", |seen| (up(seen, &stranger) == Some(1.0)).then_some(()));
}

fn dead_id(cluster: &Cluster) -> String {
    let nodes = cluster.nodes[0].command::<String>(&["CLUSTER", "NODES"]);
    let line = nodes.lines().find(|line| line.contains("fail")).expect("a node fails");
    line.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_node_that_was_reset_costs_the_others_nothing() {
    if missing(&["redis-server"]) {
        return;
    }
    let cluster = Cluster::start(false);
    let agent = Agent::spawn(&config(&[&cluster.nodes[0], &cluster.nodes[1]]), &[]);
    waited(&agent, "all nodes are up", |seen| {
        cluster.nodes.iter().all(|node| up(seen, node) == Some(1.0)).then_some(())
    });
    // It knows nobody any more, and is the one that was asked last.
    cluster.nodes[0].command::<()>(&["CLUSTER", "RESET", "HARD"]);
    let polls = |node: &RedisServer| of(&agent.metrics(), "manometer_polls_total", node, &[]).unwrap_or(0.0);
    let before = polls(&cluster.nodes[2]);
    until(SOON, "some polls have gone by", || (polls(&cluster.nodes[2]) > before + 4.0).then_some(()));
    let seen = agent.metrics();
    for node in &cluster.nodes[1..] {
        assert_eq!(up(&seen, node), Some(1.0), "{}", agent.log());
    }
}

#[test]
fn a_node_that_was_reset_while_no_other_one_answers_costs_the_others_nothing() {
    if missing(&["redis-server"]) {
        return;
    }
    let cluster = Cluster::start(false);
    let agent = Agent::spawn(&config(&[&cluster.nodes[0]]), &[]);
    waited(&agent, "all nodes are up", |seen| {
        cluster.nodes.iter().all(|node| up(seen, node) == Some(1.0)).then_some(())
    });
    let ups = |seen: &Exposition| cluster.nodes.iter().map(|node| up(seen, node)).collect::<Vec<_>>();
    cluster.nodes[1..].iter().for_each(RedisServer::freeze);
    cluster.nodes[0].command::<()>(&["CLUSTER", "RESET", "HARD"]);
    let polls = || of(&agent.metrics(), "manometer_polls_total", &cluster.nodes[0], &[]).unwrap_or(0.0);
    let before = polls();
    until(SOON, "some polls have gone by", || (polls() > before + 5.0).then_some(()));
    assert_eq!(ups(&agent.metrics()), [1.0, 0.0, 0.0].map(Some), "{}", agent.log());
    let needed = |at: usize| of(&agent.metrics(), "redis_node_needed", &cluster.nodes[at], &[]);
    assert_eq!([0, 1, 2].map(needed), [Some(1.0); 3]);
    // They are asked again, and know that it is not one of them any more.
    cluster.nodes[1..].iter().for_each(RedisServer::thaw);
    waited(&agent, "the others settle it", |seen| (ups(seen) == [None, Some(1.0), Some(1.0)]).then_some(()));
    // A stranger that is asked first while no other one answers is not all there is, either.
    cluster.nodes[1..].iter().for_each(RedisServer::freeze);
    let agent = Agent::spawn(&config(&[&cluster.nodes[0], &cluster.nodes[1]]), &[]);
    waited(&agent, "it is known", |seen| (ups(seen) == [Some(1.0), None, None]).then_some(()));
    cluster.nodes[1..].iter().for_each(RedisServer::thaw);
    waited(&agent, "the others are known", |seen| (ups(seen)[1..] == [Some(1.0); 2]).then_some(()));
}

#[test]
fn one_poll_shows_all_nodes() {
    if missing(&["redis-server"]) {
        return;
    }
    let cluster = Cluster::start(false);
    let (_dir, file) = config_file(&config(&[&cluster.nodes[2]]));
    let file = file.to_str().unwrap();
    let polled = output(&["poll", "--config", file]);
    assert_eq!(polled.status.code(), Some(0), "{}", stderr(&polled));
    let seen = Exposition::of(&String::from_utf8_lossy(&polled.stdout));
    assert_eq!(seen.series("redis_up", &[("target", "main")]).len(), 3);
    assert!(cluster.nodes.iter().all(|node| up(&seen, node) == Some(1.0)));
    let shown = output(&["config", "show", "--config", file]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("cluster = true\nseeds = []\n"), "{shown}");
    let again = config_file(&shown);
    assert_eq!(
        output(&["config", "check", again.1.to_str().unwrap()]).status.code(),
        Some(0),
        "what is shown is valid"
    );
    let checked = output(&["check", "--config", file]);
    let restarted = format!("RedisRestarted main: Redis main ({}) was started ", cluster.nodes[0].address());
    assert!(String::from_utf8_lossy(&checked.stdout).contains(&restarted), "{checked:?}");
}

#[test]
fn a_cluster_of_which_nobody_answers_is_a_target_that_is_down() {
    let port = crate::support::port::free();
    let text = format!("[[redis]]\nname = \"main\"\nurl = \"127.0.0.1:{port}\"\ncluster = true\n");
    let agent = Agent::run(&text);
    assert_eq!(agent.metrics().get("redis_up", &[("target", "main")]), Some(0.0));
    let error = agent.state("main")["lastError"].as_str().unwrap().to_owned();
    let words =
        format!("asking the cluster at 127.0.0.1:{port} who the nodes of main are: connecting to 127.0.0.1:{port}: ");
    assert!(error.starts_with(&words), "{error}");
}

#[test]
fn slots_that_hold_and_cost_most_are_shown_where_that_is_asked_for() {
    if pypi::missing() {
        return;
    }
    let builder = RedisServer::builder().program(pypi::valkey_9()).line("cluster-enabled yes");
    let node = builder.line("cluster-slot-stats-enabled yes").start();
    node.command::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    until(SOON, "the cluster is ok", || {
        node.command::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok").then_some(())
    });
    for key in ["{foo}1", "{foo}2", "{foo}3", "{bar}1"] {
        node.command::<()>(&["SET", key, "x"]);
    }
    let agent = Agent::run(&(target("main", &node.url()) + "slot_stats = 1\n"));
    let seen = agent.next_poll("main");
    // Of 16,384 slots the one with most keys, and the one that took most time, whichever that was.
    seen.assert("redis_cluster_slot_keys", &[("slot", "12182")], 3.0);
    assert!((1..=2).contains(&seen.series("redis_cluster_slot_keys", &[]).len()));
    assert!(seen.value("redis_cluster_slot_cpu_seconds_total", &[("slot", "12182")]) > 0.0);
    assert!(seen.value("redis_cluster_slot_received_bytes_total", &[("slot", "12182")]) > 50.0);
    seen.assert("redis_command_supported", &[("command", "CLUSTER SLOT-STATS")], 1.0);
    node.command::<()>(&["CONFIG", "SET", "cluster-slot-stats-enabled", "no"]);
    let seen = agent.next_poll("main");
    seen.assert("redis_cluster_slot_keys", &[("slot", "12182")], 3.0);
    assert_eq!(seen.get("redis_cluster_slot_cpu_seconds_total", &[("slot", "12182")]), None);
    seen.assert("redis_command_supported", &[("command", "CLUSTER SLOT-STATS")], 1.0);
}
