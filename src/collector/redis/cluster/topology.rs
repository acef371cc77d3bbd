//! CLUSTER NODES: the nodes and slots of the cluster, as this node sees them.

use redis::{Cmd, Value};

use super::nodes::{self, Node, SLOTS, State};
use crate::collector::redis::RedisTarget;
use crate::collector::redis::facts::Facts;
use crate::collector::redis::question::{Question, command};
use crate::collector::redis::reply::{self, Unexpected};
use crate::collector::redis::resp::Allowance;
use crate::collector::redis::slot::Slots;
use crate::metric::{Families, MetricInfo, metrics};

metrics! {
    fn metrics;
    NODES: gauge "redis_cluster_nodes" ["role", "state"] Count,
        "Nodes of the cluster by role (primary or replica) and by how this node sees them: ok, suspected by it alone (fail?), \
         failing in the eyes of the cluster, noaddr where their address is lost.", "CLUSTER NODES";
    WITHOUT_REPLICA: gauge "redis_cluster_primaries_without_replica" [] Count,
        "Primaries with hash slots that do not fail and have no replica that does not fail either.", "CLUSTER NODES";
    UNCOVERED: gauge "redis_cluster_slots_uncovered" [] Count,
        "Hash slots that belong to no node, or to one that fails; absent while this node knows no node with slots.",
        "CLUSTER NODES";
    OPEN: gauge "redis_cluster_slots_open" ["direction"] Count,
        "Hash slots of this node that are open: on their way from it (migrating) or to it (importing).", "CLUSTER NODES";
}

/// CLUSTER NODES, of a server in cluster mode.
#[derive(Debug)]
pub struct ClusterNodes;

/// What a reply comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// By role (primaries first) and the states of `State::OF_MEMBERS`.
    nodes: [[usize; 4]; 2],
    without_replica: usize,
    /// `None` where no node has slots: it was reset, or nobody has got any yet.
    uncovered: Option<usize>,
    /// Migrating and importing.
    open: [usize; 2],
    /// The slots of the node that was asked, as they are written.
    own: Option<String>,
}

impl Question for ClusterNodes {
    const NAME: &'static str = "CLUSTER NODES";
    const SWITCH: Option<&'static str> = Some("cluster");
    const REPLY: Allowance = Allowance::TEXT;
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = Seen;
    type Answer = Seen;

    fn new(_: &RedisTarget) -> Self {
        Self
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        facts.cluster_enabled.then(|| command(&["CLUSTER", "NODES"])).into_iter().collect()
    }

    fn read(&self, replies: Vec<Value>) -> Result<Seen, Unexpected> {
        let reply = reply::only(&replies);
        let text = reply::text(reply, Self::NAME)?;
        let nodes = nodes::parse(&text);
        if nodes.is_empty() {
            return Err(Unexpected::new(Self::NAME, "at least one node", reply));
        }
        Ok(Seen::of(&nodes))
    }

    fn tell(&self, seen: &Seen, facts: &mut Facts) {
        facts.slots = seen.own.as_deref().and_then(Slots::parse);
    }

    fn answer(&mut self, seen: Seen, _: &Facts) -> Seen {
        seen
    }

    fn export(seen: &Seen, out: &mut Families) {
        for (role, counts) in ["primary", "replica"].into_iter().zip(seen.nodes) {
            for (state, count) in State::OF_MEMBERS.into_iter().zip(counts) {
                out.push(&NODES, [role, state.as_str()], count as f64);
            }
        }
        out.push(&WITHOUT_REPLICA, [], seen.without_replica as f64);
        if let Some(uncovered) = seen.uncovered {
            out.push(&UNCOVERED, [], uncovered as f64);
        }
        for (direction, count) in ["migrating", "importing"].into_iter().zip(seen.open) {
            out.push(&OPEN, [direction], count as f64);
        }
    }
}

impl Seen {
    fn of(nodes: &[Node<'_>]) -> Self {
        let mut seen = Self::default();
        let mut covered = vec![false; SLOTS];
        let is_well = |node: &Node<'_>| matches!(node.state, State::Ok | State::Suspected);
        for node in nodes {
            if let Some(state) = State::OF_MEMBERS.iter().position(|state| *state == node.state) {
                seen.nodes[usize::from(!node.is_primary)][state] += 1;
            }
            if node.is_myself {
                seen.open = node.open_slots();
                seen.own = Some(node.slots.to_owned());
            }
            if !is_well(node) {
                continue;
            }
            node.mark(&mut covered);
            let follows = |other: &&Node<'_>| other.primary == Some(node.id) && is_well(other);
            if node.is_primary && node.has_slots() && !nodes.iter().any(|other| follows(&other)) {
                seen.without_replica += 1;
            }
        }
        let knows_slots = nodes.iter().any(Node::has_slots);
        seen.uncovered = knows_slots.then(|| covered.iter().filter(|slot| !**slot).count());
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::reply::build::bulk;
    use super::*;
    use crate::metric::text::{Format, exposition};

    fn samples(text: &str) -> Vec<String> {
        let mut families = Families::new();
        ClusterNodes::export(&ClusterNodes.read(vec![bulk(text)]).unwrap(), &mut families);
        let text = exposition(&families.into_sorted(), Format::Prometheus);
        text.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" 0")).map(str::to_owned).collect()
    }

    #[test]
    fn nodes_slots_and_what_is_missing() {
        let text = "\
            a 10.0.0.1:1@2 myself,master - 0 0 1 connected 0-5460 [5460->-b] [9000-<-b]\n\
            b 10.0.0.2:1@2 master - 0 0 2 connected 5461-10922\n\
            c 10.0.0.3:1@2 master,fail - 0 0 3 disconnected 10923-16383\n\
            d 10.0.0.4:1@2 slave a 0 0 1 connected\n\
            e 10.0.0.5:1@2 slave,fail b 0 0 1 disconnected\n\
            f 10.0.0.6:1@2 slave,fail? c 0 0 1 connected\n\
            g 10.0.0.7:1@2 master - 0 0 1 connected\n\
            h 10.0.0.8:1@2 handshake - 0 0 1 disconnected\n";
        let expected = [
            "redis_cluster_nodes{role=\"primary\",state=\"ok\"} 3",
            "redis_cluster_nodes{role=\"primary\",state=\"failing\"} 1",
            "redis_cluster_nodes{role=\"replica\",state=\"ok\"} 1",
            "redis_cluster_nodes{role=\"replica\",state=\"suspected\"} 1",
            "redis_cluster_nodes{role=\"replica\",state=\"failing\"} 1",
            "redis_cluster_primaries_without_replica 1",
            "redis_cluster_slots_open{direction=\"migrating\"} 1",
            "redis_cluster_slots_open{direction=\"importing\"} 1",
            "redis_cluster_slots_uncovered 5461",
        ];
        assert_eq!(samples(text), expected);
        // One that lost what it knew, or was never told.
        let alone = "a :7000@17000 myself,master - 0 0 0 connected\n";
        assert_eq!(samples(alone), ["redis_cluster_nodes{role=\"primary\",state=\"ok\"} 1"]);
        // All that have slots fail.
        let failing =
            "a 10.0.0.1:1@2 myself,master - 0 0 0 connected\nb 10.0.0.2:1@2 master,fail - 0 0 0 disconnected 0-16383\n";
        assert_eq!(samples(failing)[2..], ["redis_cluster_slots_uncovered 16384"]);
    }

    #[test]
    fn what_has_no_node_is_an_error() {
        let error = ClusterNodes.read(vec![bulk("nothing\n")]).unwrap_err();
        assert_eq!(error.to_string(), "CLUSTER NODES: expected at least one node, got a string");
    }
}
