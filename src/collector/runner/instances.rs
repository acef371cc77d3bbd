//! The instances of a target whose name has several addresses.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::state::{Outcome, State};
use super::{Instance, Task, run};
use crate::collector::{Collector, TargetKind};
use crate::hub::{Hub, Key, PollError, Reason};
use crate::net::jittered;
use crate::net::resolve::Resolver;

/// Time from one lookup to the next.
const LOOKUPS: Duration = Duration::from_secs(10);

/// The most that a lookup may take.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(5);

/// How long an instance that still answers is polled after its address has gone from the name: some name servers give a part
/// of the addresses at a time.
const KEPT: Duration = Duration::from_mins(5);

/// Instances of one target that are polled at most.
const LIMIT: usize = 100;

/// Polls each address of `name` as an instance of its own, until `stop` is cancelled. The target is known to `hub` when this
/// returns.
pub(crate) fn watch<K: TargetKind>(
    target: K,
    name: (String, u16),
    hub: Arc<Hub>,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send {
    let state = State::new(K::Collector::NAME, Instance::of(&target));
    hub.announce(state.status());
    let group = Group { target, hub, stop, state, running: BTreeMap::new(), left_out: 0 };
    group.watch(name)
}

/// The instances of one target.
struct Group<K: TargetKind> {
    target: K,
    hub: Arc<Hub>,
    stop: CancellationToken,
    /// What is exported of the target while no address of it is known.
    state: State,
    running: BTreeMap<SocketAddr, Running>,
    left_out: usize,
}

struct Running {
    key: Key,
    task: Task,
    /// Since when the name has not had this address.
    gone_since: Option<Instant>,
}

impl<K: TargetKind> Group<K> {
    async fn watch(mut self, (host, port): (String, u16)) {
        let resolver = Resolver::default();
        let stop = self.stop.clone();
        let watching = async {
            loop {
                match looked_up(&resolver, &host, port).await {
                    Ok(addresses) => self.update(addresses, Instant::now()).await,
                    Err(error) => self.unknown(&host, &error),
                }
                sleep(jittered(LOOKUPS)).await;
            }
        };
        stop.run_until_cancelled(watching).await;
        while let Some((_, running)) = self.running.pop_first() {
            running.task.end().await;
        }
    }

    /// Makes the running instances those of the name.
    async fn update(&mut self, mut addresses: Vec<SocketAddr>, now: Instant) {
        addresses.sort_unstable();
        addresses.dedup();
        let left_out = addresses.len().saturating_sub(LIMIT);
        if left_out > self.left_out {
            warn!(target_name = %self.target.name, left_out, limit = LIMIT, "the name has more addresses than are polled");
        }
        self.left_out = left_out;
        addresses.truncate(LIMIT);
        for running in self.gone(&addresses, now) {
            info!(target_name = %self.target.name, node = ?running.key.node, "an instance is gone");
            let key = running.key.clone();
            running.task.end().await;
            self.hub.remove_one(&key);
        }
        for address in addresses {
            if !self.running.contains_key(&address) {
                let running = self.start(address);
                self.running.insert(address, running);
            }
        }
        self.hub.remove_one(&self.state.instance.key());
    }

    /// Takes out the instances whose addresses the name has no more. One that still answers is kept for a while; one that does
    /// not was stopped, and not by a fault.
    fn gone(&mut self, addresses: &[SocketAddr], now: Instant) -> Vec<Running> {
        let hub = &self.hub;
        let is_over = |address: &SocketAddr, running: &mut Running| {
            if addresses.contains(address) {
                running.gone_since = None;
                return false;
            }
            let since = *running.gone_since.get_or_insert(now);
            !hub.is_up(&running.key) || now.saturating_duration_since(since) >= KEPT
        };
        self.running.extract_if(.., is_over).map(|(_, running)| running).collect()
    }

    fn start(&self, address: SocketAddr) -> Running {
        let target = at(&self.target, address);
        let instance = Instance::of(&target);
        let key = instance.key();
        let polling = |stop| run(target.collectors(), instance, Arc::clone(&self.hub), stop);
        Running { key, task: Task::start(self.stop.child_token(), polling), gone_since: None }
    }

    /// A lookup failed. Instances that are known go on; where there are none, the target is down.
    fn unknown(&mut self, host: &str, error: &io::Error) {
        if !self.running.is_empty() {
            return;
        }
        let error = PollError::new(
            Reason::Connect,
            format!("looking up the addresses of {host} for {}", self.target.name),
            error.to_string(),
            "is the name right, and does the name server answer?",
        );
        let collector = self.target.clone().collectors()();
        let families = self.state.record(&collector, &Outcome(Err(error)), LOOKUP_DEADLINE, SystemTime::now());
        self.hub.publish(self.state.status(), families);
    }
}

/// Each address of the name, once.
async fn looked_up(resolver: &Resolver, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let answer = timeout(LOOKUP_DEADLINE, resolver.resolve(host, port)).await;
    let addresses = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    if addresses.is_empty() { Err(io::Error::other("the name has no address")) } else { Ok(addresses) }
}

/// The instances that a target has now, for a single poll of each.
pub(crate) async fn once<K: TargetKind>(target: &K, (host, port): (String, u16)) -> io::Result<Vec<K>> {
    let addresses = looked_up(&Resolver::default(), &host, port).await?;
    Ok(addresses.into_iter().take(LIMIT).map(|address| at(target, address)).collect())
}

/// The target at one of its addresses.
fn at<K: TargetKind>(target: &K, address: SocketAddr) -> K {
    let mut target = target.clone();
    target.node = Some(address);
    target
}

#[cfg(test)]
mod tests;
