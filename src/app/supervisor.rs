//! The running targets: started, restarted when their configuration changes or their task dies, stopped when it goes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::collector::redis::RedisCollector;
use crate::collector::runner::{self, Target};
use crate::collector::{Collector, PollError, Reason};
use crate::config::RedisTarget;
use crate::hub::{Hub, TargetStatus};
use crate::metric::Families;

/// The running targets by name.
pub(super) struct Supervisor {
    hub: Arc<Hub>,
    running: BTreeMap<String, Running>,
}

struct Running {
    target: RedisTarget,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Supervisor {
    pub(super) const fn new(hub: Arc<Hub>) -> Self {
        Self { hub, running: BTreeMap::new() }
    }

    /// Makes the running targets those of the configuration. A target whose settings are the same goes on undisturbed.
    pub(super) async fn apply(&mut self, targets: &[RedisTarget]) {
        let names: Vec<String> = self.running.keys().cloned().collect();
        for name in names {
            if !targets.iter().any(|target| self.running.get(&name).is_some_and(|running| running.target == *target)) {
                self.end(&name).await;
                if !targets.iter().any(|target| target.name == name) {
                    self.hub.remove(&name);
                }
            }
        }
        for target in targets {
            if !self.running.contains_key(&target.name) {
                let stop = CancellationToken::new();
                let task = tokio::spawn(keep_running(target.clone(), Arc::clone(&self.hub), stop.clone()));
                self.running.insert(target.name.clone(), Running { target: target.clone(), stop, task });
            }
        }
    }

    /// Ends every target.
    pub(super) async fn end_all(&mut self) {
        for running in self.running.values() {
            running.stop.cancel();
        }
        let names: Vec<String> = self.running.keys().cloned().collect();
        for name in names {
            self.end(&name).await;
        }
    }

    async fn end(&mut self, name: &str) {
        if let Some(running) = self.running.remove(name) {
            running.stop.cancel();
            // A cancelled task ends at its next await; one that panicked has ended.
            let _ = running.task.await;
        }
    }
}

/// Runs a target's loop, and starts it again should it panic: a fault of the agent must not freeze a target's samples.
async fn keep_running(target: RedisTarget, hub: Arc<Hub>, stop: CancellationToken) {
    loop {
        let collector = RedisCollector::new(target.clone());
        let task = tokio::spawn(runner::run(collector, target_of(&target), Arc::clone(&hub), stop.clone()));
        let Err(fault) = task.await else { return };
        error!(target_name = %target.name, %fault, "the target's task died; starting it again");
        hub.publish(fault_status(&target), Families::new());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(target.interval) => {}
        }
    }
}

fn fault_status(target: &RedisTarget) -> TargetStatus {
    let attempt = format!("polling {}", target.endpoint);
    TargetStatus {
        name: target.name.clone(),
        collector: RedisCollector::NAME,
        address: target.endpoint.to_string(),
        interval: target.interval,
        polls: 0,
        failures: 0,
        last_duration: Duration::ZERO,
        last_poll: Some(SystemTime::now()),
        error: Some(PollError::new(Reason::Internal, attempt, "a fault of the agent", "see the log, and report it")),
    }
}

/// What the runner needs to know of a Redis target.
#[must_use]
pub fn target_of(target: &RedisTarget) -> Target {
    Target {
        name: target.name.clone(),
        address: target.endpoint.to_string(),
        interval: target.interval,
        deadline: target.deadline,
        series_limit: target.series_limit,
    }
}

/// Polls each of `targets` once, all at the same time, and publishes the outcomes to `hub`.
pub async fn poll_once(targets: &[RedisTarget], hub: &Arc<Hub>) {
    let mut polls = tokio::task::JoinSet::new();
    for target in targets {
        let (collector, spec) = (RedisCollector::new(target.clone()), target_of(target));
        polls.spawn(runner::poll_and_export(collector, spec));
    }
    while let Some(polled) = polls.join_next().await {
        match polled {
            Ok((status, families)) => hub.publish(status, families),
            Err(fault) => error!(%fault, "a poll died"),
        }
    }
}
