//! What the logs of others say about a target: the witnesses that rules ask for.
//!
//! A pool that is used up is told by its application's log, a client that was cut off by the server's. Both are counted under
//! the name of the log, and rules ask for that of the target; the topology knows which log is whose.

use std::collections::BTreeMap;

use super::View;
use super::graph::{Edge, Node};
use super::sight::Role;
use crate::metric::{Families, Samples, metrics};

metrics! {
    pub(super) fn metrics;
    LOG_EVENTS: counter "manometer_target_log_events_total" ["source", "pattern"] Count,
        "Events of a log pattern that say something of the target. pool_exhausted: in the log of a service, of it and of each \
         server that it uses. output_buffer_limit: in the log of a server, where its INFO does not count the clients that it \
         cuts off. source is the container, as engine/name, or the log, as target/log.",
        "container_log_matches_total, log_matches_total, topology";
}

/// A service has found no free connection.
const POOL: &str = "pool_exhausted";
/// A server has cut off a client.
const CUT_OFF: &str = "output_buffer_limit";
/// What a server counts of it itself, since Redis 7.4.
const CUT_OFF_COUNTED: &str = "redis_client_output_buffer_limit_disconnections_total";

/// The counters of log patterns, and the label that names the log.
const COUNTERS: [(&str, &str); 2] = [("container_log_matches_total", "name"), ("log_matches_total", "log")];

/// Names the events of all logs; `samples` are those of each target.
pub fn export_events(view: &View, samples: &[(&str, &Samples)], out: &mut Families) {
    let roles: BTreeMap<&str, Role> = view.targets.iter().map(|said| (said.name.as_str(), said.role)).collect();
    let is_server = |name: &str| roles.get(name) == Some(&Role::Server);
    let counts_itself =
        |name: &str| samples.iter().any(|(target, samples)| *target == name && samples.get(CUT_OFF_COUNTED).is_some());
    // One log may be read by several instances of a target: what they count is the same.
    let mut events: BTreeMap<(&str, String, &str), f64> = BTreeMap::new();
    for (target, samples) in samples {
        for (counter, label) in COUNTERS {
            let Some(counter) = samples.get(counter) else { continue };
            for sample in counter.samples() {
                let Some(pattern) = sample.label("pattern").filter(|pattern| [POOL, CUT_OFF].contains(pattern)) else {
                    continue;
                };
                let log = sample.label(label).unwrap_or_default();
                for owner in owners(view, target, log, label == "name") {
                    let mut about = Vec::new();
                    if pattern == POOL {
                        about.push(owner);
                        about.extend(used_by(view, owner).filter(|used| is_server(used)));
                    } else if is_server(owner) && !counts_itself(owner) {
                        about.push(owner);
                    }
                    for name in about {
                        events.insert((name, format!("{target}/{log}"), pattern), sample.value());
                    }
                }
            }
        }
    }
    for ((target, source, pattern), count) in &events {
        // Under the name of the target that they are about, as if it were one of its own series: that is how rules find it.
        out.push_with(&LOG_EVENTS, [source, pattern], &[("target".to_owned(), (*target).to_owned())], *count);
    }
}

/// The targets whose log it is: those that are in the container, or that the log's own target says it stands on.
fn owners<'v>(view: &'v View, target: &str, log: &str, is_container: bool) -> Vec<&'v str> {
    if !is_container {
        return used_by(view, target).collect();
    }
    let container = Node::container(target, log);
    let is_in = |edge: &&Edge| edge.on == container;
    view.graph.edges().filter(is_in).filter_map(|edge| name_of(&edge.from)).collect()
}

/// The targets that a target stands on directly.
fn used_by<'v>(view: &'v View, target: &str) -> impl Iterator<Item = &'v str> {
    view.graph.of(&Node::target(target)).iter().filter_map(|edge| name_of(&edge.on))
}

fn name_of(node: &Node) -> Option<&str> {
    match node {
        Node::Target(name) => Some(name),
        Node::Container { .. } => None,
    }
}
