//! Collectors: the code for one kind of target, and the one runner that drives them all.

pub mod docker;
pub mod host;
pub mod kafka;
mod kind;
pub mod lines;
pub mod log;
mod metrics;
pub mod mongodb;
pub mod redis;
pub mod runner;
pub mod service;
pub mod window;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

#[cfg(any(test, fuzzing))]
pub(crate) use kind::parsed;
pub use kind::{TargetKind, entry};

use crate::config::{KindEntry, TargetSettings};
pub use crate::hub::{PollError, Reason};

use crate::hub::Excerpt;
use crate::metric::{Families, MetricInfo};
use crate::state::State;
use crate::topology::Sight;

/// The kinds of targets that the agent knows. A new one is a folder and a line here.
pub const KINDS: &[KindEntry] = &[
    entry::<redis::RedisTarget>(),
    entry::<service::ServiceTarget>(),
    entry::<docker::DockerTarget>(),
    entry::<kafka::KafkaTarget>(),
    entry::<log::LogTarget>(),
    entry::<mongodb::MongodbTarget>(),
    entry::<host::HostTarget>(),
];

/// What watches one kind of target. A value of the implementing type watches one target.
///
/// A collector reads, parses and names; it knows nothing of timers, deadlines, back-off, logging or HTTP, which are the
/// runner's. `poll` may be cancelled at any await point, when its deadline passes or the agent stops, and must leave the
/// collector able to poll again.
pub trait Collector: Send + 'static {
    /// The name of the kind: its table in the configuration, and its `collector` label.
    const NAME: &'static str;

    /// What one poll saw.
    type Snapshot: Send + Sync + 'static;

    /// Everything that `export` and `export_health` may push with a fixed name.
    fn metrics() -> Vec<MetricInfo>;

    /// Takes what the last run of the agent has kept, and where this one keeps things; before the first poll.
    fn remember(&mut self, _state: &Arc<State>) {}

    /// Asks the target once.
    fn poll(&mut self) -> impl Future<Output = Result<Self::Snapshot, PollError>> + Send;

    /// Takes the interval and the deadline that hold from now on: they follow the scrapes.
    fn pace(&mut self, _settings: &TargetSettings) {}

    /// Names what a poll saw. Pure: no I/O, no clock.
    fn export(snapshot: &Self::Snapshot, out: &mut Families);

    /// Names what is exported whether or not the last poll succeeded: the `up` of this kind of target.
    fn export_health(health: &Health<'_>, out: &mut Families);

    /// Names what the collector itself remembers, whether or not the last poll succeeded: its own counters, and what it
    /// saw of the parts that failed.
    fn export_state(&self, _out: &mut Families) {}

    /// What a poll saw of where the target is and who talks to it.
    fn sight(&self, _snapshot: &Self::Snapshot) -> Sight {
        Sight::default()
    }

    /// Lines of foreign text that it keeps for people; they are shown, and never exported.
    fn excerpts(&self) -> Vec<Excerpt> {
        Vec::new()
    }

    /// What is left out of the polls, and why: a sentence each, for people, without a secret.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The configuration was read again, and this target stands in it as before: what it was refused, or is to leave alone,
    /// is tried again at the next poll.
    fn reloaded(&mut self) {}
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
