//! Real servers that stand in for each other: a cluster, and a master with replicas and Sentinels.

use std::thread;

use super::redis::{Builder, RedisServer};
use super::wait::{SOON, until};

/// A cluster of three primaries, each with as many replicas.
pub(crate) struct Cluster {
    /// The primaries come first, and the replica of each as many places behind it.
    pub(crate) nodes: Vec<RedisServer>,
}

/// A master, its replicas and three Sentinels, which know it as `main`.
pub(crate) struct Group {
    /// The master comes first.
    pub(crate) servers: Vec<RedisServer>,
    pub(crate) sentinels: Vec<RedisServer>,
}

const SLOTS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

impl Cluster {
    /// With no replicas, or one of each primary.
    pub(crate) fn start(with_replicas: bool) -> Self {
        let count = if with_replicas { 2 * SLOTS.len() } else { SLOTS.len() };
        let start = || {
            RedisServer::builder()
                .line("cluster-enabled yes")
                .line("cluster-node-timeout 1000")
                .line("cluster-replica-validity-factor 0")
                .line("repl-diskless-sync-delay 0")
                .start()
        };
        let nodes = all_at_once((0..count).map(|_| start));
        for (at, (node, (first, last))) in nodes.iter().zip(SLOTS).enumerate() {
            node.command::<()>(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
            node.command::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]);
        }
        let cluster = Self { nodes };
        for node in &cluster.nodes[1..] {
            cluster.meet(node);
        }
        for (at, replica) in cluster.nodes.iter().enumerate().skip(SLOTS.len()) {
            let primary = cluster.nodes[at - SLOTS.len()].command::<String>(&["CLUSTER", "MYID"]);
            until(SOON, "the replica knows its primary", || {
                replica.try_command::<()>(&["CLUSTER", "REPLICATE", &primary]).ok()
            });
        }
        for node in &cluster.nodes {
            until(SOON, "the cluster is ok", || {
                let lines = node.command::<String>(&["CLUSTER", "NODES"]);
                let known = lines.lines().filter(|line| line.contains("connected")).count();
                let replicas = lines.lines().filter(|line| line.contains("slave")).count();
                let is_ok = node.command::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok");
                (is_ok && known == count && replicas == count - SLOTS.len() && !lines.contains("handshake"))
                    .then_some(())
            });
        }
        for replica in &cluster.nodes[SLOTS.len()..] {
            until(SOON, "the replica is in sync", || (replica.info("master_link_status")? == "up").then_some(()));
        }
        cluster
    }

    /// Lets another node in.
    pub(crate) fn meet(&self, node: &RedisServer) {
        let (port, bus) = (node.port.to_string(), node.bus_port.to_string());
        self.nodes[0].command::<()>(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
    }
}

impl Group {
    pub(crate) fn start(replicas: usize) -> Self {
        let master = RedisServer::builder().line("repl-diskless-sync-delay 0").start();
        let replica = || RedisServer::builder().replica_of(&master).start();
        let started = all_at_once((0..replicas).map(|_| replica));
        let sentinel = || {
            let lines = |builder: Builder, line: &str| builder.line(line);
            let quick = ["sentinel down-after-milliseconds main 500", "sentinel failover-timeout main 3000"];
            quick.into_iter().fold(RedisServer::builder().sentinel_with_quorum(&master, 2), lines).start()
        };
        let sentinels = all_at_once((0..3).map(|_| sentinel));
        let servers: Vec<RedisServer> = std::iter::once(master).chain(started).collect();
        let group = Self { servers, sentinels };
        for sentinel in &group.sentinels {
            let known = format!("status=ok,address={},slaves={replicas},sentinels=3", group.servers[0].address());
            until(SOON, "the Sentinels know each other and the replicas", || {
                sentinel.info("master0")?.contains(&known).then_some(())
            });
        }
        group
    }

    /// `"host:port", ...` of the Sentinels.
    pub(crate) fn sentinels(&self) -> String {
        let addresses: Vec<String> = self.sentinels.iter().map(|server| format!("{:?}", server.address())).collect();
        addresses.join(", ")
    }

    /// The address of the master, as a Sentinel knows it.
    pub(crate) fn master(&self) -> String {
        let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"];
        self.sentinels[0].command::<Vec<String>>(&words).join(":")
    }
}

fn all_at_once<F: FnOnce() -> RedisServer + Send>(starts: impl Iterator<Item = F>) -> Vec<RedisServer> {
    thread::scope(|scope| {
        let started: Vec<_> = starts.map(|start| scope.spawn(start)).collect();
        started.into_iter().map(|server| server.join().unwrap()).collect()
    })
}
