//! The topology as metrics, which rules join with.

use super::View;
use super::graph::Node;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    TARGET_INFO: gauge "manometer_target_info" ["target", "collector", "container"] Info,
        "A configured target; container is the one that it is, as engine/name.", "config.toml, topology";
    DEPENDENCY: gauge "manometer_dependency" ["target", "on", "via"] Info,
        "What a target stands on directly: another target, or a container as engine/name. via says how that is known.",
        "config.toml uses and container, addresses, CLIENT LIST, INFO replication";
    DEPENDS_ON: gauge "manometer_depends_on" ["target", "cause"] Info,
        "All that a target stands on, directly or not: other targets, and containers as engine/name.",
        "manometer_dependency";
}

/// Names the topology.
pub fn export(view: &View, out: &mut Families) {
    for target in &view.targets {
        let node = Node::target(&target.name);
        let direct = view.graph.of(&node);
        let container = direct.iter().find(|edge| matches!(edge.on, Node::Container { .. }));
        let container = container.map(|edge| edge.on.to_string()).unwrap_or_default();
        out.push(&TARGET_INFO, [&target.name, target.collector, &container], 1.0);
        for edge in direct {
            out.push(&DEPENDENCY, [&target.name, &edge.on.to_string(), edge.via.as_str()], 1.0);
        }
        for cause in view.graph.below(&node) {
            out.push(&DEPENDS_ON, [&target.name, &cause.to_string()], 1.0);
        }
    }
}
