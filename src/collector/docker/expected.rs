//! The containers that the configuration names: of those, one that is not there is missed.

use super::container::{Container, RunState};
use crate::metric::{Families, Metric, MetricInfo, Unit};
use reader::Names;

const UP: Metric<1> = Metric::gauge(
    "container_up",
    &["name"],
    "Whether a container that the configuration names, and not only by a pattern, is there and runs; 0 also for one that is paused, restarting, or was never there.",
)
.unit(Unit::Bool)
.source("GET /containers/json");

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

/// Everything that is exported of it.
pub(super) fn metrics() -> Vec<MetricInfo> {
    vec![*UP.info()]
}
