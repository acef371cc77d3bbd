//! Who stands on whom: nodes, edges, and all that a target stands on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// What something stands on, or what stands on something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Node {
    /// A target, by its name.
    Target(String),
    /// A container, by the target that is its engine and by its name.
    Container {
        /// The engine's target.
        engine: String,
        /// The container's name.
        name: String,
    },
}

impl Node {
    /// A target.
    #[must_use]
    pub fn target(name: &str) -> Self {
        Self::Target(name.to_owned())
    }

    /// A container.
    #[must_use]
    pub fn container(engine: &str, name: &str) -> Self {
        Self::Container { engine: engine.to_owned(), name: name.to_owned() }
    }
}

/// `redis`, and `docker/redis-1` of a container.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(name) => f.write_str(name),
            Self::Container { engine, name } => write!(f, "{engine}/{name}"),
        }
    }
}

/// How it is known that one stands on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The configuration says so: `uses`.
    Uses,
    /// The configuration says so: `container`.
    Container,
    /// A container runs on its engine.
    Engine,
    /// An engine at a unix socket is on the agent's machine.
    Socket,
    /// The address of the one is that of the other.
    Address,
    /// The one is among the clients of the other.
    Clients,
    /// The one is a replica of the other.
    Replica,
}

impl Via {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uses => "uses",
            Self::Container => "container",
            Self::Engine => "engine",
            Self::Socket => "socket",
            Self::Address => "address",
            Self::Clients => "clients",
            Self::Replica => "replica",
        }
    }
}

/// One stands on the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// What stands.
    pub from: Node,
    /// What it stands on.
    pub on: Node,
    /// How that is known.
    pub via: Via,
    /// What shows it, for people: a clause without an end.
    pub reason: String,
    /// When it was last seen; `None` of what is said, or follows from what it is.
    pub seen: Option<SystemTime>,
}

/// Edges without a circle among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// By what stands.
    edges: BTreeMap<Node, Vec<Edge>>,
    /// What something stands on: only an edge from there can close a circle.
    stood_on: BTreeSet<Node>,
}

impl Graph {
    /// Adds an edge, unless it would close a circle: then it comes back. Of two edges between the same ends the first stays.
    #[must_use]
    pub fn add(&mut self, edge: Edge) -> Option<Edge> {
        let closes = || self.stood_on.contains(&edge.from) && self.below(&edge.on).contains(&edge.from);
        if edge.from == edge.on || closes() {
            return Some(edge);
        }
        self.stood_on.insert(edge.on.clone());
        let edges = self.edges.entry(edge.from.clone()).or_default();
        if edges.iter().all(|known| known.on != edge.on) {
            edges.push(edge);
        }
        None
    }

    /// All edges, by what stands.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.edges.values().flatten()
    }

    /// The edges of `node` to what it stands on directly.
    #[must_use]
    pub fn of(&self, node: &Node) -> &[Edge] {
        self.edges.get(node).map_or(&[], Vec::as_slice)
    }

    /// All that `node` stands on, directly or not.
    #[must_use]
    pub fn below(&self, node: &Node) -> BTreeSet<&Node> {
        let mut below = BTreeSet::new();
        let mut open: Vec<&Edge> = self.of(node).iter().collect();
        while let Some(edge) = open.pop() {
            if below.insert(&edge.on) {
                open.extend(self.of(&edge.on));
            }
        }
        below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, on: &str) -> Edge {
        Edge { from: Node::target(from), on: Node::target(on), via: Via::Uses, reason: String::new(), seen: None }
    }

    #[test]
    fn all_that_a_target_stands_on_is_known() {
        let mut graph = Graph::default();
        for (from, on) in [("web", "api"), ("api", "redis"), ("api", "docker"), ("redis", "docker"), ("docker", "host")]
        {
            assert_eq!(graph.add(edge(from, on)), None);
        }
        let below = |name: &str| graph.below(&Node::target(name)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(below("web"), ["api", "docker", "host", "redis"]);
        assert_eq!(below("docker"), ["host"]);
        assert_eq!(below("host"), [""; 0]);
    }

    #[test]
    fn an_edge_that_closes_a_circle_is_refused_and_a_second_one_is_no_news() {
        let mut graph = Graph::default();
        for (from, on) in [("a", "b"), ("b", "c"), ("a", "b")] {
            assert_eq!(graph.add(edge(from, on)), None);
        }
        for (from, on) in [("c", "a"), ("b", "a"), ("a", "a")] {
            assert_eq!(graph.add(edge(from, on)), Some(edge(from, on)));
        }
        assert_eq!(graph.edges().count(), 2);
        assert_eq!(graph.below(&Node::target("c")).len(), 0);
    }
}
