//! The running targets: started, restarted when their configuration changes, stopped when it goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::collector::runner::Task;
use crate::config::{Config, KindEntry, Target};
use crate::discover::Discovery;
use crate::hub::Hub;
use crate::topology::Role;

/// The running targets by name.
pub(super) struct Supervisor {
    hub: Arc<Hub>,
    running: BTreeMap<String, Running>,
}

/// One target, and what polls all of it, however many instances it has.
type Running = (Arc<dyn Target>, Task);

impl Supervisor {
    pub(super) const fn new(hub: Arc<Hub>) -> Self {
        Self { hub, running: BTreeMap::new() }
    }

    /// The configuration was read again.
    pub(super) fn reloaded(&self, site: Option<String>) {
        self.hub.reloaded();
        self.hub.set_site(site);
    }

    /// Makes the running targets these. A target whose settings are the same goes on undisturbed.
    pub(super) async fn apply(&mut self, targets: &[Arc<dyn Target>]) {
        let wanted: BTreeMap<&str, &Arc<dyn Target>> =
            targets.iter().map(|target| (target.settings().name.as_str(), target)).collect();
        let is_wanted = |name: &String, (target, _): &Running| wanted.get(name.as_str()) == Some(&target);
        let ending: Vec<(String, Running)> =
            self.running.extract_if(.., |name, running| !is_wanted(name, running)).collect();
        for (name, (_, task)) in ending {
            task.end().await;
            if !wanted.contains_key(name.as_str()) {
                self.hub.remove(&name);
            }
        }
        self.hub.topology().configure(targets.iter().map(|target| target.said()).collect());
        for (name, target) in wanted {
            if !self.running.contains_key(name) {
                let polling = |stop| target.watch(Arc::clone(&self.hub), stop);
                let task = Task::start(CancellationToken::new(), polling);
                self.running.insert(name.to_owned(), (Arc::clone(target), task));
            }
        }
    }

    /// Ends every target.
    pub(super) async fn end_all(&mut self) {
        self.running.values().for_each(|(_, task)| task.stop());
        while let Some((_, (_, task))) = self.running.pop_first() {
            task.end().await;
        }
    }
}

/// Adds to a configuration the targets that one look finds beside it; what is wrong with others, for people.
pub async fn find(config: &mut Config, kinds: &'static [KindEntry]) -> Vec<String> {
    let hub = Arc::new(Hub::new(|_| {}));
    let engines: Vec<Arc<dyn Target>> =
        config.targets.iter().filter(|target| target.said().role == Role::Engine).cloned().collect();
    poll_once(&engines, &hub).await;
    let mut notices: Vec<String> = hub
        .statuses()
        .into_iter()
        .filter_map(|status| Some(format!("{}: no containers are found: {}", status.key, status.error?)))
        .collect();
    let mut discovery = Discovery::new(kinds, hub);
    discovery.configured(config);
    discovery.look().await;
    config.targets.extend(discovery.targets());
    notices.extend(discovery.told().lines());
    notices
}

/// Polls each of `targets` once, all at the same time, and publishes the outcomes to `hub`.
pub async fn poll_once(targets: &[Arc<dyn Target>], hub: &Arc<Hub>) {
    hub.topology().configure(targets.iter().map(|target| target.said()).collect());
    // A panic of a collector is an outcome like any other; one of an export ends its task, and the caller misses the
    // target in the hub.
    let mut polls: JoinSet<()> = targets.iter().map(|target| target.poll_once(Arc::clone(hub))).collect();
    while polls.join_next().await.is_some() {}
}
