//! The running targets: started, restarted when their configuration changes, stopped when it goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::collector::docker::{DockerCollector, Memory};
use crate::collector::host::HostCollector;
use crate::collector::redis::RedisCollector;
use crate::collector::runner::{self, Target};
use crate::collector::service::ServiceCollector;
use crate::config::TargetConfig;
use crate::hub::Hub;

/// The running targets by name.
pub(super) struct Supervisor {
    hub: Arc<Hub>,
    running: BTreeMap<String, Running>,
}

struct Running {
    target: TargetConfig,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Supervisor {
    pub(super) const fn new(hub: Arc<Hub>) -> Self {
        Self { hub, running: BTreeMap::new() }
    }

    /// Makes the running targets those of the configuration. A target whose settings are the same goes on undisturbed.
    pub(super) async fn apply(&mut self, targets: &[TargetConfig]) {
        let wanted: BTreeMap<&str, &TargetConfig> = targets.iter().map(|target| (target.name(), target)).collect();
        let changed = |(name, running): (&String, &Running)| {
            (wanted.get(name.as_str()) != Some(&&running.target)).then(|| name.clone())
        };
        let ending: Vec<String> = self.running.iter().filter_map(changed).collect();
        for name in ending {
            if let Some(running) = self.running.remove(&name) {
                running.end().await;
            }
            if !wanted.contains_key(name.as_str()) {
                self.hub.remove(&name);
            }
        }
        for target in targets {
            if !self.running.contains_key(target.name()) {
                let stop = CancellationToken::new();
                let task = spawn(target.clone(), Arc::clone(&self.hub), stop.clone());
                self.running.insert(target.name().to_owned(), Running { target: target.clone(), stop, task });
            }
        }
    }

    /// Ends every target.
    pub(super) async fn end_all(&mut self) {
        for running in self.running.values() {
            running.stop.cancel();
        }
        while let Some((_, running)) = self.running.pop_first() {
            running.end().await;
        }
    }
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        // A cancelled task ends at its next await; one that panicked has ended.
        let _ = self.task.await;
    }
}

/// Starts the polling of a target by the collector of its kind.
fn spawn(target: TargetConfig, hub: Arc<Hub>, stop: CancellationToken) -> JoinHandle<()> {
    let spec = target_of(&target);
    match target {
        TargetConfig::Redis(target) => {
            tokio::spawn(runner::run(move || RedisCollector::new(target.clone()), spec, hub, stop))
        }
        TargetConfig::Service(target) => {
            tokio::spawn(runner::run(move || ServiceCollector::new(target.clone()), spec, hub, stop))
        }
        TargetConfig::Docker(target) => {
            let memory = Arc::new(Memory::new(&target));
            tokio::spawn(runner::run(move || DockerCollector::new(Arc::clone(&memory)), spec, hub, stop))
        }
        TargetConfig::Host(target) => {
            tokio::spawn(runner::run(move || HostCollector::new(target.clone()), spec, hub, stop))
        }
    }
}

/// What the runner needs to know of a target.
fn target_of(target: &TargetConfig) -> Target {
    match target {
        TargetConfig::Redis(target) => Target {
            name: target.name.clone(),
            address: target.endpoint.to_string(),
            interval: target.interval,
            deadline: target.deadline,
            series_limit: target.series_limit,
        },
        TargetConfig::Service(target) => Target {
            name: target.name.clone(),
            address: target.url.to_string(),
            interval: target.interval,
            deadline: target.deadline,
            series_limit: target.series_limit,
        },
        TargetConfig::Docker(target) => Target {
            name: target.name.clone(),
            address: target.url.to_string(),
            interval: target.interval,
            deadline: target.deadline,
            series_limit: target.series_limit,
        },
        TargetConfig::Host(target) => Target {
            name: target.name.clone(),
            address: "this machine".to_owned(),
            interval: target.interval,
            deadline: target.deadline,
            series_limit: target.series_limit,
        },
    }
}

/// Polls each of `targets` once, all at the same time, and publishes the outcomes to `hub`.
pub async fn poll_once(targets: &[TargetConfig], hub: &Arc<Hub>) {
    let mut polls = tokio::task::JoinSet::new();
    for target in targets {
        let spec = target_of(target);
        match target.clone() {
            TargetConfig::Redis(target) => polls.spawn(runner::poll_and_export(RedisCollector::new(target), spec)),
            TargetConfig::Service(mut target) => {
                // There is no other poll to which an endpoint could be left.
                target.max_requests = usize::MAX;
                polls.spawn(runner::poll_and_export(ServiceCollector::new(target), spec))
            }
            TargetConfig::Docker(target) => {
                let collector = DockerCollector::new(Arc::new(Memory::new(&target)));
                polls.spawn(runner::poll_and_export(collector, spec))
            }
            TargetConfig::Host(target) => polls.spawn(runner::poll_and_export(HostCollector::new(target), spec)),
        };
    }
    while let Some(polled) = polls.join_next().await {
        // A panic of the collector is an outcome like any other; only one of the export is lost here, and missed by the
        // caller.
        if let Ok((status, families)) = polled {
            hub.publish(status, families);
        }
    }
}
