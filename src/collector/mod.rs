//! Collectors: the code for one kind of target, and the one runner that drives them all.

pub mod docker;
pub mod error;
pub mod host;
mod metrics;
pub mod redis;
pub mod runner;
mod sample;
pub mod service;
pub mod window;

use std::future::Future;
use std::time::Duration;

pub use error::{PollError, Reason};
pub use sample::Sample;

use crate::metric::{Families, MetricInfo};

/// One row of the table of collectors.
pub struct Kind {
    /// The heading in the documentation.
    pub title: &'static str,
    /// One paragraph for the documentation.
    pub intro: &'static str,
    /// Everything with a fixed name that it can export.
    pub metrics: fn() -> Vec<MetricInfo>,
}

/// The table of collectors.
pub const KINDS: &[Kind] = &[
    Kind {
        title: "Redis",
        intro: "Of each `[[redis]]` target. Names, types and labels are those of redis_exporter wherever it has one; \
            docs/COMPATIBILITY.md lists the differences. Numeric `cluster_*` fields of INFO and CLUSTER INFO pass \
            through as gauges under `redis_<field>`.",
        metrics: <redis::RedisCollector as Collector>::metrics,
    },
    Kind {
        title: "Services",
        intro: "Of each `[[service]]` target, as far as its mapping finds them (docs/MAPPING.md). Series of a service's \
                own exposition that the mapping passes through keep their names.",
        metrics: <service::ServiceCollector as Collector>::metrics,
    },
    Kind {
        title: "Containers",
        intro: "Of each `[[docker]]` target, under cAdvisor's names wherever the Engine API can feed them. Docker labels \
                that `export_labels` names become labels `container_label_<name>`; docs/COMPATIBILITY.md lists the \
                differences.",
        metrics: <docker::DockerCollector as Collector>::metrics,
    },
    Kind {
        title: "Host",
        intro: "Of `[host]`, under node_exporter's names for the part of them that there is.",
        metrics: <host::HostCollector as Collector>::metrics,
    },
];

/// One kind of target. A value of the implementing type watches one target.
///
/// A collector reads, parses and names; it knows nothing of timers, deadlines, back-off, logging or HTTP, which are the
/// runner's. `poll` may be cancelled at any await point, when its deadline passes or the agent stops, and must leave the
/// collector able to poll again.
pub trait Collector: Send + 'static {
    /// The name of the kind, as it stands in the configuration and in the label `collector`.
    const NAME: &'static str;

    /// What one poll saw.
    type Snapshot: Send + Sync + 'static;

    /// Everything that `export` and `export_health` may push with a fixed name.
    fn metrics() -> Vec<MetricInfo>;

    /// Asks the target once.
    fn poll(&mut self) -> impl Future<Output = Result<Self::Snapshot, PollError>> + Send;

    /// Names what a poll saw. Pure: no I/O, no clock.
    fn export(snapshot: &Self::Snapshot, out: &mut Families);

    /// Names what is exported whether or not the last poll succeeded: the `up` of this kind of target.
    fn export_health(health: &Health<'_>, out: &mut Families);

    /// Names what the collector itself remembers, whether or not the last poll succeeded: its own counters, and what it
    /// saw of the parts that failed.
    fn export_state(&self, _out: &mut Families) {}

    /// Lines of foreign text that it keeps for people; they are shown, and never exported.
    fn samples(&self) -> Vec<Sample> {
        Vec::new()
    }
}

/// The outcome of a target's polls so far, kept by the runner.
#[derive(Debug, Clone, Copy)]
pub struct Health<'a> {
    /// Polls so far.
    pub polls: u64,
    /// How long the last poll took.
    pub last_duration: Duration,
    /// How long all polls took.
    pub total_duration: Duration,
    /// Why the last poll failed; `None` when it succeeded.
    pub error: Option<&'a PollError>,
}
