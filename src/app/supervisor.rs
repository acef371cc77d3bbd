//! The running targets: started, restarted when their configuration changes, stopped when it goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::config::Target;
use crate::hub::Hub;

/// The running targets by name.
pub(super) struct Supervisor {
    hub: Arc<Hub>,
    running: BTreeMap<String, Running>,
}

/// One target. Its task polls all of it, however many instances it has.
struct Running {
    target: Arc<dyn Target>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Supervisor {
    pub(super) const fn new(hub: Arc<Hub>) -> Self {
        Self { hub, running: BTreeMap::new() }
    }

    /// Makes the running targets those of the configuration. A target whose settings are the same goes on undisturbed.
    pub(super) async fn apply(&mut self, targets: &[Arc<dyn Target>], site: Option<String>) {
        let wanted: BTreeMap<&str, &Arc<dyn Target>> =
            targets.iter().map(|target| (target.settings().name.as_str(), target)).collect();
        let is_wanted = |name: &String, running: &Running| wanted.get(name.as_str()) == Some(&&running.target);
        let ending: Vec<(String, Running)> =
            self.running.extract_if(.., |name, running| !is_wanted(name, running)).collect();
        for (name, running) in ending {
            running.end().await;
            if !wanted.contains_key(name.as_str()) {
                self.hub.remove(&name);
            }
        }
        self.hub.reloaded();
        self.hub.set_site(site);
        self.hub.topology().configure(targets.iter().map(|target| target.said()).collect());
        for (name, target) in wanted {
            if !self.running.contains_key(name) {
                self.running.insert(name.to_owned(), Running::start(Arc::clone(target), &self.hub));
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
    fn start(target: Arc<dyn Target>, hub: &Arc<Hub>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(target.watch(Arc::clone(hub), stop.clone()));
        Self { target, stop, task }
    }

    async fn end(self) {
        self.stop.cancel();
        // A cancelled task ends at its next await; one that panicked has ended.
        let _ = self.task.await;
    }
}

/// Polls each of `targets` once, all at the same time, and publishes the outcomes to `hub`.
pub async fn poll_once(targets: &[Arc<dyn Target>], hub: &Arc<Hub>) {
    hub.topology().configure(targets.iter().map(|target| target.said()).collect());
    // A panic of a collector is an outcome like any other; one of an export ends its task, and the caller misses the
    // target in the hub.
    let mut polls: JoinSet<()> = targets.iter().map(|target| target.poll_once(Arc::clone(hub))).collect();
    while polls.join_next().await.is_some() {}
}
