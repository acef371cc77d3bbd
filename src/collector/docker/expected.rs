//! The containers that the configuration names: of those, one that is not there is missed.

use super::container::{Container, RunState};
use crate::metric::{Families, metrics};
use reader::Names;

metrics! {
    pub(super) fn metrics;
    UP: gauge "container_up" ["name"] Bool,
        "Whether a container that the configuration names, not only by a pattern, exists and runs; 0 also if it is \
         paused, restarting, or never existed.", "GET /containers/json";
}

/// Each name of the configuration that is no pattern, and whether a container of that name runs.
pub(super) fn expected(names: &Names, containers: &[Container]) -> Vec<(String, bool)> {
    let runs = |name: &str| containers.iter().any(|found| found.name == name && found.state == RunState::Running);
    names.plain().map(|name| (name.to_owned(), runs(name))).collect()
}

/// Names which of them run. A name that stands twice is one.
pub(super) fn export(expected: &[(String, bool)], out: &mut Families) {
    for (at, (name, runs)) in expected.iter().enumerate() {
        if !expected[..at].iter().any(|(earlier, _)| earlier == name) {
            out.push_bool(&UP, [name], *runs);
        }
    }
}
