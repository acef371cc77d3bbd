//! Who stands on whom.
//!
//! A target says what it uses and which container it is, or it is seen: by the addresses at which targets are reached, by
//! those of their clients, by what a replica says of its primary. What is said wins over what is seen. Rules read the
//! result, to let a cause silence what follows from it.

mod events;
mod export;
mod graph;
mod kept;
mod member;
mod report;
mod seen;
mod sight;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

pub use events::export_events;
pub use export::export;
pub use graph::{Edge, Graph, Node, Via};
pub use kept::{Found, Kept};
pub use member::Said;
pub use report::Report;
pub use sight::{ContainerSight, OWN_LABELS, Role, Sight};

use member::Member;
use seen::Seen;

use crate::metric::MetricInfo;
use crate::net::Reached;

/// Everything that [`export`] may push.
#[must_use]
pub fn metrics() -> Vec<MetricInfo> {
    export::metrics()
}

/// What [`export_events`] may push, under the names of the targets that it is about.
#[must_use]
pub fn metrics_of_targets() -> Vec<MetricInfo> {
    events::metrics()
}

/// A view that is older is made anew, since edges that are not seen any more end by time.
const MAX_AGE: Duration = Duration::from_mins(1);

/// The time after which edges that are the same are handed out again, with the times at which they were seen.
const HANDED_OUT: Duration = Duration::from_hours(1);

/// What is known of who stands on whom.
#[derive(Debug, Default)]
pub struct Topology {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    said: BTreeMap<String, Said>,
    /// What the last good poll of each instance saw.
    sights: BTreeMap<String, BTreeMap<Option<String>, Sight>>,
    /// Instances whose last poll failed.
    down: BTreeSet<(String, Option<String>)>,
    kept: Kept,
    view: Option<(SystemTime, Arc<View>)>,
    /// What was handed out to be kept, and when.
    handed: Option<(SystemTime, Kept)>,
}

/// Who stands on whom, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The targets, by name.
    pub targets: Vec<Said>,
    /// The edges.
    pub graph: Graph,
    /// Edges that are left out since they would close a circle.
    pub refused: Vec<Edge>,
    /// Services of which it is neither said nor seen what they use.
    pub unknown: Vec<String>,
}

impl Topology {
    /// `targets` are watched from now on; what is known of others is forgotten.
    pub fn configure(&self, targets: Vec<Said>) {
        let mut state = self.state.lock();
        let targets: BTreeMap<String, Said> = targets.into_iter().map(|target| (target.name.clone(), target)).collect();
        state.sights.retain(|name, _| targets.contains_key(name));
        state.down.retain(|(name, _)| targets.contains_key(name));
        state.said = targets;
        state.view = None;
    }

    /// A poll of an instance succeeded and saw `sight`, or failed: then what it saw before is believed on.
    pub fn polled(&self, target: &str, node: Option<&str>, sight: Option<Sight>) {
        let mut state = self.state.lock();
        let node = node.map(str::to_owned);
        let changed = match sight {
            Some(sight) => {
                let was_down = state.down.remove(&(target.to_owned(), node.clone()));
                let sights = state.sights.entry(target.to_owned()).or_default();
                let is_new = sights.get(&node) != Some(&sight);
                if is_new {
                    sights.insert(node, sight);
                }
                is_new || was_down
            }
            None => state.down.insert((target.to_owned(), node)),
        };
        if changed {
            state.view = None;
        }
    }

    /// An instance is not there any more.
    pub fn forget(&self, target: &str, node: Option<&str>) {
        let mut state = self.state.lock();
        let node = node.map(str::to_owned);
        if let Some(sights) = state.sights.get_mut(target) {
            sights.remove(&node);
        }
        state.down.remove(&(target.to_owned(), node));
        state.view = None;
    }

    /// What the last good polls of the engines saw, by the names of their targets.
    #[must_use]
    pub fn engines(&self) -> Vec<(String, Sight)> {
        let state = self.state.lock();
        let engines = state.said.values().filter(|said| said.role == Role::Engine).map(|said| &said.name);
        let sights = engines.filter_map(|name| Some((name, state.sights.get(name)?)));
        sights.flat_map(|(name, of)| of.values().map(|sight| (name.clone(), sight.clone()))).collect()
    }

    /// Takes up what an earlier run of the agent had seen.
    pub fn restore(&self, kept: Kept) {
        let mut state = self.state.lock();
        state.kept = kept;
        state.view = None;
    }

    /// What a later run of the agent takes up; `None` while what was handed out last will do.
    #[must_use]
    pub fn to_keep(&self, now: SystemTime) -> Option<Kept> {
        let mut state = self.state.lock();
        // It brings the edges up to date, where something has changed or the last look is too old.
        state.view(now);
        let is_recent = |at: SystemTime| now.duration_since(at).is_ok_and(|age| age < HANDED_OUT);
        let is_known = state.handed.as_ref().is_some_and(|(at, kept)| is_recent(*at) && kept.is_same(&state.kept));
        (!is_known).then(|| {
            state.handed = Some((now, state.kept.clone()));
            state.kept.clone()
        })
    }

    /// Who stands on whom at `now`.
    #[must_use]
    pub fn view(&self, now: SystemTime) -> Arc<View> {
        self.state.lock().view(now)
    }
}

impl State {
    fn view(&mut self, now: SystemTime) -> Arc<View> {
        if let Some((at, view)) = &self.view
            && now.duration_since(*at).is_ok_and(|age| age < MAX_AGE)
        {
            return Arc::clone(view);
        }
        let view = Arc::new(self.compute(now));
        self.view = Some((now, Arc::clone(&view)));
        view
    }

    fn compute(&mut self, now: SystemTime) -> View {
        let members = self.members();
        let found = Seen::new(&members).edges();
        let mut kept = std::mem::take(&mut self.kept);
        kept.advance(found, now, |edge| self.is_wanted(edge), |node| self.is_down(node));
        let mut view = View { targets: self.said.values().cloned().collect(), ..View::default() };
        let seen = kept.edges().map(|(found, trace)| Edge {
            from: Node::target(&found.from),
            on: found.on.clone(),
            via: found.via,
            reason: trace.reason.clone(),
            seen: Some(trace.seen),
        });
        let mut engines = BTreeSet::new();
        for edge in self.fixed(&members).into_iter().chain(seen) {
            if let Node::Container { engine, .. } = &edge.on {
                let reason = "a container stands on its engine".to_owned();
                let (from, on) = (edge.on.clone(), Node::target(engine));
                engines.insert(Edge { from, on, via: Via::Engine, reason, seen: None });
            }
            view.refused.extend(view.graph.add(edge));
        }
        for edge in engines {
            view.refused.extend(view.graph.add(edge));
        }
        view.unknown = self.unknown(&kept);
        self.kept = kept;
        view
    }

    /// Whether what is seen is asked for: both ends are watched, and what is said wins.
    fn is_wanted(&self, edge: &Found) -> bool {
        let (Node::Target(on) | Node::Container { engine: on, .. }) = &edge.on;
        let is_open = |said: &Said| match edge.via {
            Via::Address => said.container.is_none(),
            Via::Clients => said.uses.is_none(),
            _ => true,
        };
        self.said.contains_key(on) && self.said.get(&edge.from).is_some_and(is_open)
    }

    /// Services of which it is neither said nor seen what they use, where there is what they might use.
    fn unknown(&self, kept: &Kept) -> Vec<String> {
        if self.said.values().all(|said| said.role != Role::Server) {
            return Vec::new();
        }
        let using: BTreeSet<&str> =
            kept.edges().filter(|(edge, _)| edge.via == Via::Clients).map(|(edge, _)| edge.from.as_str()).collect();
        let services = self.said.values().filter(|said| said.role == Role::Service && said.uses.is_none());
        services.map(|said| said.name.clone()).filter(|name| !using.contains(name.as_str())).collect()
    }

    fn members(&self) -> BTreeMap<String, Member> {
        let member = |said: &Said| {
            let sights = self.sights.get(&said.name).map(|sights| sights.values().cloned().collect());
            Member {
                role: said.role,
                uses: said.uses.clone(),
                container: self.container_of(said),
                sights: sights.unwrap_or_default(),
            }
        };
        self.said.iter().map(|(name, said)| (name.clone(), member(said))).collect()
    }

    /// What the configuration says, and that engines at sockets are on this machine.
    fn fixed(&self, members: &BTreeMap<String, Member>) -> Vec<Edge> {
        let edge = |from: &str, on, via, reason: &str| {
            let reason = reason.to_owned();
            Edge { from: Node::target(from), on, via, reason, seen: None }
        };
        let machine = self.said.values().find(|said| said.role == Role::Machine);
        let mut edges = Vec::new();
        for (name, member) in members {
            for used in member.uses.iter().flatten() {
                edges.push(edge(name, Node::target(used), Via::Uses, "its table says so: uses"));
            }
            if let Some(container) = &member.container {
                edges.push(edge(name, container.clone(), Via::Container, "its table says so: container"));
            }
            let is_here = member.sights.iter().any(|sight| sight.reached == Some(Reached::Socket));
            if let Some(machine) = machine.filter(|_| member.role == Role::Engine && is_here) {
                let reason = "it is reached by a unix socket of this machine";
                edges.push(edge(name, Node::target(&machine.name), Via::Socket, reason));
            }
        }
        edges
    }

    /// The container that a target says it is. Without an engine in it, it is that of the only engine.
    fn container_of(&self, said: &Said) -> Option<Node> {
        let text = said.container.as_deref()?;
        if let Some((engine, name)) = text.rsplit_once('/') {
            return Some(Node::container(engine, name));
        }
        let mut engines = self.said.values().filter(|said| said.role == Role::Engine);
        let engine = engines.next().filter(|_| engines.next().is_none())?;
        Some(Node::container(&engine.name, text))
    }

    fn is_down(&self, node: &Node) -> bool {
        let is_lost =
            |name: &str| self.down.iter().any(|(target, _)| target == name) || !self.sights.contains_key(name);
        match node {
            Node::Target(name) => is_lost(name),
            Node::Container { engine, name } => {
                let sights = self.sights.get(engine).into_iter().flat_map(BTreeMap::values);
                let mut containers = sights.flat_map(|sight| &sight.containers);
                is_lost(engine) || containers.any(|container| container.name == *name && !container.runs)
            }
        }
    }
}
