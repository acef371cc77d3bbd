//! A cluster is one target: its nodes are instances, whoever is a primary at the moment.

use crate::support::agent::{Agent, config_file, output, stderr, target};
use crate::support::cluster::Cluster;
use crate::support::exposition::Exposition;
use crate::support::fake::{Answer, Fake};
use crate::support::missing::missing;
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};
use crate::support::{port, pypi};

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
    until(SOON, format!("{what}; the log:\n{}", agent.log()), || look(&agent.metrics()))
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

fn each<T>(cluster: &Cluster, look: impl Fn(&RedisServer) -> T) -> Vec<T> {
    cluster.nodes.iter().map(look).collect()
}

/// Jobs of a queue of Celery and of a plain list, by their keys and the number of the node that holds them.
const JOBS: [(&str, usize, u64); 5] =
    [("celery", 0, 3), ("celery\x06\x163", 1, 4), ("celery\x06\x166", 0, 1), ("celery\x06\x169", 2, 2), ("jobs", 1, 5)];

const QUEUES: &str =
    "[[redis.queue]]\nkind = \"celery\"\nname = \"celery\"\n[[redis.queue]]\nkind = \"list\"\nname = \"jobs\"\n";

#[test]
fn queues_a_split_and_a_node_that_was_reset() {
    if missing(&["redis-server"]) {
        return;
    }
    let cluster = Cluster::start(false);
    for (key, at, jobs) in JOBS {
        (0..jobs).for_each(|job| cluster.nodes[at].command(&["RPUSH", key, &job.to_string()]));
    }
    cluster.nodes[1].command::<()>(&["HSET", "unacked", "a", "1", "b", "2"]);
    let alone = target("alone", &cluster.nodes[0].url());
    let of_all = config(&[&cluster.nodes[0], &cluster.nodes[1]]);
    let agent = Agent::spawn(&[of_all.as_str(), QUEUES, &alone, QUEUES].concat(), &[]);
    waited(&agent, "all nodes are up", |seen| {
        cluster.nodes.iter().all(|node| up(seen, node) == Some(1.0)).then_some(())
    });
    assert_each_node_tells_of_its_jobs(&cluster, &agent);
    assert_eq!(
        agent.state("alone")["notes"],
        serde_json::json!([
            "keys of [[redis.queue]] of other nodes of the cluster are not read (celery\\u{6}\\u{16}3 and 3 more): set cluster = true \
             on the target, then all nodes are"
        ])
    );
    assert_a_split_costs_no_node(&cluster, &agent);

    // It knows nobody any more, and is the one that was asked last.
    cluster.nodes[0].command::<()>(&["FLUSHALL"]);
    cluster.nodes[0].command::<()>(&["CLUSTER", "RESET", "HARD"]);
    some_polls(&agent, &cluster.nodes[2]);
    let seen = agent.metrics();
    for node in &cluster.nodes[1..] {
        assert_eq!(up(&seen, node), Some(1.0), "{}", agent.log());
    }
}

/// Waits until the node was polled four times and more.
fn some_polls(agent: &Agent, node: &RedisServer) {
    let polls = || of(&agent.metrics(), "manometer_polls_total", node, &[]).unwrap_or(0.0);
    let before = polls();
    until(SOON, "some polls have gone by", || (polls() > before + 4.0).then_some(()));
}

fn assert_each_node_tells_of_its_jobs(cluster: &Cluster, agent: &Agent) {
    // The first poll of a node does not know yet which slots it has.
    some_polls(agent, &cluster.nodes[0]);
    cluster.nodes.iter().for_each(|node| node.command::<()>(&["CONFIG", "RESETSTAT"]));
    some_polls(agent, &cluster.nodes[0]);
    let seen = agent.metrics();
    let told = |name: &str, label: &str, queue: &str| each(cluster, |node| of(&seen, name, node, &[(label, queue)]));
    assert_eq!(told("queue_size", "queue", "celery"), [4.0, 4.0, 2.0].map(Some));
    assert_eq!(told("celery_queue_length", "queue_name", "celery"), [4.0, 4.0, 2.0].map(Some));
    assert_eq!(told("queue_unacked", "queue", "celery"), [None, Some(2.0), None]);
    assert_eq!(told("queue_size", "queue", "jobs"), [None, Some(5.0), None]);
    for node in &cluster.nodes {
        assert_eq!(node.info("total_error_replies").as_deref(), Some("0"), "nobody is asked for another node's keys");
    }
}

/// One of three primaries alone: it is the minority, and says so; the others are down and stay where they are.
fn assert_a_split_costs_no_node(cluster: &Cluster, agent: &Agent) {
    let states = |seen: &Exposition| each(cluster, |node| of(seen, "redis_cluster_state", node, &[]));
    cluster.nodes[1..].iter().for_each(RedisServer::freeze);
    let seen =
        waited(agent, "the minority fails", |seen| (states(seen) == [Some(0.0), None, None]).then(|| agent.metrics()));
    let alone = &cluster.nodes[0];
    assert_eq!(each(cluster, |node| up(&seen, node)), [1.0, 0.0, 0.0].map(Some));
    assert_eq!(each(cluster, |node| of(&seen, "redis_node_needed", node, &[])), [Some(1.0); 3]);
    assert_eq!(of(&seen, "redis_cluster_nodes", alone, &[("role", "primary"), ("state", "suspected")]), Some(2.0));
    assert_eq!(of(&seen, "redis_cluster_slots_pfail", alone, &[]), Some(10_923.0));
    assert_eq!(of(&seen, "redis_cluster_slots_uncovered", alone, &[]), Some(0.0), "nobody has taken them for dead");
    cluster.nodes[1..].iter().for_each(RedisServer::thaw);
    let seen = waited(agent, "all is well", |seen| (states(seen) == [Some(1.0); 3]).then(|| agent.metrics()));
    assert_eq!(seen.series("redis_up", &[("target", "main")]).len(), 3);
}

#[test]
fn keys_that_have_moved_to_nowhere_are_absent_and_cost_nothing_else() {
    if missing(&["redis-server"]) {
        return;
    }
    let node = RedisServer::builder().line("cluster-enabled yes").start();
    node.command::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    until(SOON, "the cluster is ok", || {
        node.command::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok").then_some(())
    });
    for key in ["foo", "bar", "jobs", "mail", "here"] {
        node.command::<()>(&["RPUSH", key, "1", "2"]);
    }
    let closed = format!("-MOVED 12182 127.0.0.1:{}\r\n", port::free());
    let says = move |command: &str| {
        let reply = match command {
            "TYPE foo" => closed.as_str(),
            "TYPE bar" => "-MOVED\r\n",
            "LLEN jobs" => "-MOVED 9631 :0\r\n",
            "LLEN mail" => "-ASK 4247 127.0.0.1:0\r\n",
            _ => return None,
        };
        Some(Answer::Reply(reply.as_bytes().to_vec()))
    };
    let liar = Fake::before(node.address(), says);
    let agent = Agent::run(
        &(target("main", &liar.url())
            + "[[redis.key]]\nname = [\"foo\", \"bar\", \"here\"]\n[[redis.key]]\nmatch = \"*\"\n\
               [[redis.queue]]\nkind = \"list\"\nname = [\"jobs\", \"mail\", \"here\"]\n"),
    );
    let seen = agent.next_poll("main");
    let shown = |name: &str, label: &str| {
        let samples = seen.series(name, &[]);
        samples.iter().map(|sample| (sample.labels[label].clone(), sample.value)).collect::<Vec<_>>()
    };
    assert_eq!(shown("queue_size", "queue"), [("here".to_owned(), 2.0)]);
    assert_eq!(shown("redis_key_size", "key"), [("here".to_owned(), 2.0)], "what SCAN names is absent as well");
    seen.assert("redis_keys_count", &[("key", "*")], 5.0);
    seen.assert("redis_up", &[], 1.0);
    seen.assert("manometer_poll_failures_total", &[("reason", "protocol")], 0.0);

    // Who is asked for the nodes, and says that they have moved, is named.
    let liar = Fake::before(node.address(), |command| {
        (command == "CLUSTER NODES").then(|| Answer::Reply(b"-MOVED 0 :0\r\n".to_vec()))
    });
    let agent = Agent::run(&(target("main", &liar.url()) + "cluster = true\n"));
    let error = agent.state("main")["lastError"].as_str().unwrap().to_owned();
    let at = liar.address();
    let words = format!(
        "asking the cluster at {at} who the nodes of main are: CLUSTER NODES at {at}: the server answered \"MOVED 0 :0\""
    );
    assert!(error.starts_with(&words), "{error}");
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
