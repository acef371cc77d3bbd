//! The containers that should run: those that the configuration names, and what belongs to the services of Compose.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::DockerTarget;
use super::container::{Container, RunState};
use super::lifecycle::ExitReason;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    UP: gauge "container_up" ["name"] Bool,
        "Whether a container that should run does: one that the configuration names, not only by a pattern, or one of a \
         Compose service unless someone stopped it or it ended well; 0 also if it is paused, restarting, or never \
         existed.", "list and events";
}

/// A container that should run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    name: String,
    labels: Arc<[(String, String)]>,
    runs: bool,
}

/// What should run, and whether it does: each name of the configuration that is no pattern, and what Compose made.
pub(super) fn expected(target: &DockerTarget, containers: &[Container]) -> Vec<Expected> {
    let mut expected = BTreeMap::new();
    let named = target.containers.plain().map(|name| {
        let found = containers.iter().find(|container| container.name == name);
        let labels = found.map(|container| Arc::clone(&container.labels)).unwrap_or_default();
        Expected { name: name.to_owned(), labels, runs: found.is_some_and(|found| found.state == RunState::Running) }
    });
    let of_compose = containers.iter().filter(|_| target.compose).filter_map(|container| {
        let runs = runs(container, containers)?;
        Some(Expected { name: container.name.clone(), labels: Arc::clone(&container.labels), runs })
    });
    // What is named is expected whatever Compose says of it.
    for one in of_compose.chain(named) {
        expected.insert(one.name.clone(), one);
    }
    expected.into_values().collect()
}

/// Whether a container of a Compose service runs; `None` if it need not, or none that made it says so.
fn runs(container: &Container, containers: &[Container]) -> Option<bool> {
    let project = container.project.as_ref()?;
    match container.state {
        RunState::Running => Some(true),
        RunState::Paused | RunState::Restarting => Some(false),
        // What failed before the agent looked may be a project that is long forgotten, unless something of it runs.
        RunState::Exited | RunState::Dead if container.has_failed() == Some(true) => {
            let runs = |other: &Container| other.project.as_ref() == Some(project) && other.state == RunState::Running;
            (!container.ended_before || containers.iter().any(runs)).then_some(false)
        }
        // Compose stops what it removes: a service that was taken out, a replica too many, a project that goes down.
        RunState::Removed => (container.is_torn_away && container.ended != Some(ExitReason::Ok)).then_some(false),
        _ => None,
    }
}

/// Names which of them run.
pub(super) fn export(expected: &[Expected], out: &mut Families) {
    for Expected { name, labels, runs } in expected {
        out.push_with(&UP, [name], labels, f64::from(*runs));
    }
}

#[cfg(test)]
mod tests;
