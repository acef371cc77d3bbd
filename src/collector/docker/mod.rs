//! The Docker collector: the containers of one engine.
//!
//! A poll lists the containers and asks one statistics sample of each that runs (`stats`). Between the polls two things
//! go on in the background, because a poll would miss what they see: the engine's events (`lifecycle`: starts, exits, OOM
//! kills) and the containers' logs (`logs`). What they count is kept in [`Memory`], by container name, and outlives the
//! container, a lost connection and the collector itself.

mod backoff;
mod cgroup;
mod container;
mod disk;
mod engine;
mod expected;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod info;
mod kernel_log;
mod left_out;
mod lifecycle;
pub mod logs;
mod select;
mod settings;
mod stats;

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use self::container::{Container, RunState};
use self::disk::DiskUsage;
use self::engine::{Engine, Negotiated};
use self::expected::Expected;
use self::info::Images;
use self::kernel_log::KernelLog;
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
    SCRAPE_ERROR: gauge "container_scrape_error" [] Bool, "Whether the last poll of the containers failed.", "poll";
}

/// What outlives a collector of one target: a panic replaces the collector, and no counter may go back.
pub struct Memory {
    target: DockerTarget,
    engine: Engine,
    logs: Arc<Logs>,
    lifecycle: Arc<Lifecycle>,
    sweeps: Arc<Totals>,
    images: Images,
    disk: DiskUsage,
    kernel_log: Option<KernelLog>,
}

impl Memory {
    /// That of an agent that has just started.
    #[must_use]
    pub fn new(target: &DockerTarget) -> Self {
        let engine = Engine::new(target);
        let logs = Arc::new(Logs::new(target, engine.clone()));
        let lifecycle = Arc::new(Lifecycle::new(target, engine.clone(), Arc::clone(&logs)));
        Self {
            target: target.clone(),
            engine,
            logs,
            lifecycle,
            sweeps: Arc::default(),
            images: Images::default(),
            disk: DiskUsage::new(target),
            kernel_log: KernelLog::of(target),
        }
    }
}

/// Watches the containers of one engine.
pub struct DockerCollector {
    memory: Arc<Memory>,
    sweeper: Sweeper,
    /// What goes on between the polls, for as long as there is a collector.
    _background: JoinSet<()>,
}

impl DockerCollector {
    /// A collector that has not connected yet; its event stream begins on the runtime that this is called on.
    #[must_use]
    pub fn new(memory: Arc<Memory>) -> Self {
        let mut background = JoinSet::new();
        let lifecycle = Arc::clone(&memory.lifecycle);
        background.spawn(async move { lifecycle.watch().await });
        let watching = Arc::clone(&memory);
        background.spawn(async move {
            if let Some(kernel_log) = &watching.kernel_log {
                kernel_log.watch(&watching.lifecycle).await;
            }
        });
        let asking = Arc::clone(&memory);
        background.spawn(async move { asking.images.ask(&asking.engine).await });
        let asking = Arc::clone(&memory);
        background.spawn(async move { asking.disk.ask(&asking.engine).await });
        let sweeper = Sweeper::new(&memory.target, Arc::clone(&memory.sweeps));
        Self { memory, sweeper, _background: background }
    }
}

/// What one poll saw.
#[derive(Debug)]
pub struct Snapshot {
    /// What the engine said of itself.
    engine: Option<Negotiated>,
    containers: Vec<Container>,
    expected: Vec<Expected>,
    usage: Usage,
    images: info::Seen,
    disk: disk::Seen,
}

impl Collector for DockerCollector {
    const NAME: &'static str = "docker";
    type Snapshot = Snapshot;

    fn metrics() -> Vec<MetricInfo> {
        let of_parts =
            [engine::metrics(), lifecycle::metrics(), expected::metrics(), stats::metrics(), logs::metrics()];
        [metrics(), of_parts.concat(), info::metrics(), disk::metrics()].concat()
    }

    async fn poll(&mut self) -> Result<Snapshot, PollError> {
        let Memory { target, engine, lifecycle, images, disk, .. } = self.memory.as_ref();
        let begun = Instant::now();
        engine.ready().await?;
        lifecycle.resync().await?;
        let mut containers = lifecycle.containers();
        // What came before it has taken a part of the poll's time.
        let usage = self.sweeper.sweep(engine, &containers, begun).await;
        for (id, at, count) in usage.oom_kills() {
            lifecycle.oom_killed(id, at, Some(count));
        }
        let expected = expected::expected(target, &containers);
        if target.cadvisor_labels {
            for container in &mut containers {
                container.set_cgroup(usage.cgroup_of(&container.id));
            }
        }
        let (images, disk) = (images.of(&containers, engine), disk.of(&containers));
        Ok(Snapshot { engine: engine.negotiated(), containers, expected, usage, images, disk })
    }

    fn pace(&mut self, settings: &TargetSettings) {
        self.sweeper.deadline = settings.deadline;
    }

    fn export(snapshot: &Snapshot, out: &mut Families) {
        if let Some(engine) = &snapshot.engine {
            engine.export(out);
        }
        lifecycle::export(&snapshot.containers, out);
        expected::export(&snapshot.expected, out);
        stats::export(&snapshot.containers, &snapshot.usage, out);
        info::export(&snapshot.containers, &snapshot.images, out);
        disk::export(&snapshot.containers, &snapshot.disk, out);
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        out.push_bool(&UP, [], health.error.is_none());
        out.push_bool(&SCRAPE_ERROR, [], health.error.is_some());
    }

    fn export_state(&self, out: &mut Families) {
        self.memory.engine.export(out);
        self.memory.lifecycle.export_totals(out);
        self.sweeper.export(out);
        self.memory.disk.export(out);
        if let Some(kernel_log) = &self.memory.kernel_log {
            kernel_log.export(out);
        }
        self.memory.logs.export(self.memory.lifecycle.answers(), out);
    }

    fn sight(&self, snapshot: &Snapshot) -> Sight {
        let containers = snapshot.containers.iter().map(|container| ContainerSight {
            name: container.name.clone(),
            runs: container.state.has_usage(),
            is_removed: container.state == RunState::Removed,
            service: container.reach.service.clone(),
            addresses: container.reach.addresses.clone(),
            gateways: container.reach.gateways.clone(),
            published: container.reach.published.clone(),
            networks: container.reach.networks.clone(),
            is_on_host: container.reach.is_on_host,
            project: container.project.as_deref().map(str::to_owned),
            labels: container.reach.labels.clone(),
        });
        Sight { reached: self.memory.engine.last_reached(), containers: containers.collect(), ..Sight::default() }
    }

    fn excerpts(&self) -> Vec<Excerpt> {
        self.memory.logs.samples()
    }
}
