//! The topology as metrics, which rules join with.

use std::collections::BTreeSet;

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
    DEPENDS_ON: gauge "manometer_depends_on" ["target", "name", "cause"] Info,
        "All that a target stands on, and, with name, its container: targets, and containers as engine/name.",
        "manometer_dependency";
}

/// Names the topology.
pub fn export(view: &View, out: &mut Families) {
    // Two targets may be one container.
    let mut containers = BTreeSet::new();
    for target in &view.targets {
        let node = Node::target(&target.name);
        let direct = view.graph.of(&node);
        let container = direct.iter().map(|edge| &edge.on).find(|on| matches!(on, Node::Container { .. }));
        let text = container.map(ToString::to_string).unwrap_or_default();
        out.push(&TARGET_INFO, [&target.name, target.collector, &text], 1.0);
        for edge in direct {
            out.push(&DEPENDENCY, [&target.name, &edge.on.to_string(), edge.via.as_str()], 1.0);
        }
        let causes: Vec<String> = view.graph.below(&node).iter().map(ToString::to_string).collect();
        for cause in &causes {
            out.push(&DEPENDS_ON, [&target.name, "", cause], 1.0);
        }
        if let Some(Node::Container { engine, name }) = container {
            // What is wrong with the target is wrong with its container, and tells of itself there: in its log.
            let all = causes.into_iter().chain([target.name.clone()]).filter(|cause| *cause != text);
            containers.extend(all.map(|cause| (engine, name, cause)));
        }
    }
    for (engine, name, cause) in containers {
        out.push(&DEPENDS_ON, [engine, name, &cause], 1.0);
    }
}
