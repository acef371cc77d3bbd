//! The Docker collector: the containers of one engine.
//!
//! A poll lists the containers and asks one statistics sample of each that runs (`stats`). Between the polls two things
//! go on in the background, because a poll would miss what they see: the engine's events (`lifecycle`: starts, exits, OOM
//! kills) and the containers' logs (`logs`). What they count is kept in [`Memory`], by container name, and outlives the
//! container, a lost connection and the collector itself.

mod backoff;
mod cgroup;
mod container;
mod engine;
mod expected;
mod lifecycle;
pub mod logs;
mod select;
mod settings;
mod stats;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::container::Container;
use self::engine::Engine;
use self::lifecycle::Lifecycle;
use self::logs::Logs;
pub use self::settings::DockerTarget;
use self::stats::{Sweeper, Totals, Usage};
use super::{Collector, Health, PollError};
use crate::config::TargetSettings;
use crate::hub::Excerpt;
use crate::metric::{Families, MetricInfo, metrics};
use crate::topology::{ContainerSight, Sight};

metrics! {
    fn metrics;
    UP: gauge "docker_up" [] Bool, "Whether the Docker engine answered the last poll.", "poll";
}

/// What outlives a collector of one target: a panic replaces the collector, and no counter may go back.
pub struct Memory {
    target: DockerTarget,
    engine: Engine,
    logs: Arc<Logs>,
    lifecycle: Arc<Lifecycle>,
    sweeps: Arc<Totals>,
}

impl Memory {
    /// That of an agent that has just started.
    #[must_use]
    pub fn new(target: &DockerTarget) -> Self {
        let engine = Engine::new(target);
        let logs = Arc::new(Logs::new(target, engine.clone()));
        let lifecycle = Arc::new(Lifecycle::new(target, engine.clone(), Arc::clone(&logs)));
        Self { target: target.clone(), engine, logs, lifecycle, sweeps: Arc::default() }
    }
}

/// Watches the containers of one engine.
pub struct DockerCollector {
    memory: Arc<Memory>,
    sweeper: Sweeper,
    /// The event stream is read for as long as there is a collector.
    watch: JoinHandle<()>,
}

impl DockerCollector {
    /// A collector that has not connected yet; its event stream begins on the runtime that this is called on.
    #[must_use]
    pub fn new(memory: Arc<Memory>) -> Self {
        let lifecycle = Arc::clone(&memory.lifecycle);
        let watch = tokio::spawn(async move { lifecycle.watch().await });
        let sweeper = Sweeper::new(&memory.target, Arc::clone(&memory.sweeps));
        Self { memory, sweeper, watch }
    }
}

impl Drop for DockerCollector {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// What one poll saw.
#[derive(Debug)]
pub struct Snapshot {
    containers: Vec<Container>,
    expected: Vec<(String, bool)>,
    usage: Usage,
}

impl Collector for DockerCollector {
    const NAME: &'static str = "docker";
    type Snapshot = Snapshot;

    fn metrics() -> Vec<MetricInfo> {
        let of_parts =
            [engine::metrics(), lifecycle::metrics(), expected::metrics(), stats::metrics(), logs::metrics()];
        [metrics(), of_parts.concat()].concat()
    }

    async fn poll(&mut self) -> Result<Snapshot, PollError> {
        let Memory { target, engine, lifecycle, .. } = self.memory.as_ref();
        let begun = Instant::now();
        engine.ready().await?;
        lifecycle.resync().await?;
        let containers = lifecycle.containers();
        // What came before it has taken a part of the poll's time.
        let usage = self.sweeper.sweep(engine, &containers, begun).await;
        let expected = expected::expected(&target.containers, &containers);
        Ok(Snapshot { containers, expected, usage })
    }

    fn pace(&mut self, settings: &TargetSettings) {
        self.sweeper.deadline = settings.deadline;
    }

    fn export(snapshot: &Snapshot, out: &mut Families) {
        lifecycle::export(&snapshot.containers, out);
        expected::export(&snapshot.expected, out);
        stats::export(&snapshot.containers, &snapshot.usage, out);
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        out.push_bool(&UP, [], health.error.is_none());
    }

    fn export_state(&self, out: &mut Families) {
        self.memory.engine.export(out);
        self.memory.lifecycle.export_totals(out);
        self.sweeper.export(out);
        self.memory.logs.export(self.memory.lifecycle.answers(), out);
    }

    fn sight(&self, snapshot: &Snapshot) -> Sight {
        let containers = snapshot.containers.iter().map(|container| ContainerSight {
            name: container.name.clone(),
            runs: container.state.has_usage(),
            service: container.reach.service.clone(),
            addresses: container.reach.addresses.clone(),
            gateways: container.reach.gateways.clone(),
            published: container.reach.published.clone(),
        });
        Sight { reached: self.memory.engine.last_reached(), containers: containers.collect(), ..Sight::default() }
    }

    fn excerpts(&self) -> Vec<Excerpt> {
        self.memory.logs.samples()
    }
}
