//! A look at targets without an agent that runs: which are polled for one of them, and what their polls tell of who stands on
//! whom.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::config::{Look, Target};
use crate::policy::explain::Standing;
use crate::state::State;
use crate::topology::{Node, Role, Said, View};

/// The names of a target and of all that it stands on: targets, and containers as engine/name.
pub type Concerned = BTreeSet<String>;

/// Polls each of `targets` twice, all at the same time, as far as there is time for it. What the agent has kept in `state_dir` of
/// who stands on whom holds.
pub async fn look(targets: &[Arc<dyn Target>], state_dir: Option<&Path>, look: &Look) {
    let kept = State::look(state_dir);
    for hub in [&look.first, &look.second] {
        super::restore(hub, &kept);
        hub.topology().configure(targets.iter().map(|target| target.said()).collect());
    }
    let mut looks: JoinSet<()> = targets.iter().map(|target| target.look(look.clone())).collect();
    while looks.join_next().await.is_some() {}
}

/// Of `targets` the one with that name, and those that it may stand on: what it says, and what it may be seen to stand on where
/// it says nothing.
#[must_use]
pub fn may_concern(targets: &[Arc<dyn Target>], name: &str) -> Vec<Arc<dyn Target>> {
    let all: Vec<Said> = targets.iter().map(|target| target.said()).collect();
    let (mut wanted, mut open) = (BTreeSet::new(), vec![name]);
    while let Some(name) = open.pop() {
        let Some(said) = all.iter().find(|said| said.name == name).filter(|_| wanted.insert(name)) else { continue };
        let may_be = |other: &Said| match other.role {
            Role::Server => said.uses.is_none(),
            Role::Engine => said.role != Role::Engine,
            Role::Machine => true,
            _ => false,
        };
        let uses = said.uses.iter().flatten().map(String::as_str);
        open.extend(uses.chain(all.iter().filter(|other| may_be(other)).map(|other| other.name.as_str())));
    }
    targets.iter().filter(|target| wanted.contains(target.settings().name.as_str())).cloned().collect()
}

/// The target of that name and all that it stands on.
#[must_use]
pub fn concerned(view: &View, name: &str) -> Concerned {
    let node = Node::target(name);
    let below = view.graph.below(&node);
    below.into_iter().chain([&node]).map(ToString::to_string).collect()
}

/// Who stands on whom, as the policy wants to know it.
#[must_use]
pub fn standing(view: &View) -> Standing {
    let (mut depends_on, mut containers) = (Vec::new(), Vec::new());
    for target in &view.targets {
        let node = Node::target(&target.name);
        depends_on.extend(view.graph.below(&node).into_iter().map(|cause| (target.name.clone(), cause.to_string())));
        let direct = view.graph.of(&node).iter().map(|edge| &edge.on);
        let own = direct.filter(|on| matches!(on, Node::Container { .. })).map(ToString::to_string);
        containers.extend(own.map(|container| (target.name.clone(), container)));
    }
    Standing::new(depends_on, containers)
}
