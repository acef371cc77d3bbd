//! The running targets: started, restarted when their configuration changes, stopped when it goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::collector::redis::RedisCollector;
use crate::collector::runner::{self, Target};
use crate::config::RedisTarget;
use crate::hub::Hub;

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
        let wanted: BTreeMap<&str, &RedisTarget> =
            targets.iter().map(|target| (target.name.as_str(), target)).collect();
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
            if !self.running.contains_key(&target.name) {
                let stop = CancellationToken::new();
                let settings = target.clone();
                let make = move || RedisCollector::new(settings.clone());
                let task = tokio::spawn(runner::run(make, target_of(target), Arc::clone(&self.hub), stop.clone()));
                self.running.insert(target.name.clone(), Running { target: target.clone(), stop, task });
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

/// What the runner needs to know of a Redis target.
fn target_of(target: &RedisTarget) -> Target {
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
        // A panic of the collector is an outcome like any other; only one of the export is lost here, and missed by the
        // caller.
        if let Ok((status, families)) = polled {
            hub.publish(status, families);
        }
    }
}
