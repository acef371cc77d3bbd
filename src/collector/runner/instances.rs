//! The instances of a target that has several: those that its [`Roll`] names.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::driven::{At, Polled};
use super::roll::{Member, Roll, Terms};
use super::state::State;
use super::{Task, run};
use crate::hub::{Hub, Key, PollError, Reason};
use crate::net::jittered;

/// Instances of one target that are polled at most.
const LIMIT: usize = 1_000;

/// Polls each of those that `roll` names as an instance of its own, until `stop` is cancelled. The target is known to `hub` when
/// this returns.
pub(super) fn watch(
    at: At,
    roll: Box<dyn Roll>,
    hub: Arc<Hub>,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send {
    let state = State::new(at(None).instance);
    hub.announce(state.status());
    let terms = roll.terms();
    let group = Group { at, hub, stop, state, terms, running: BTreeMap::new(), left_out: 0, unknown: false };
    group.watch(roll)
}

/// The instances of one target.
struct Group {
    at: At,
    hub: Arc<Hub>,
    stop: CancellationToken,
    /// What is exported of the target while no address of it is known.
    state: State,
    terms: Terms,
    running: BTreeMap<SocketAddr, Running>,
    left_out: usize,
    /// The last call of the roll failed.
    unknown: bool,
}

struct Running {
    /// As it is named.
    member: Member,
    key: Key,
    task: Task,
    /// Since when it is not named any more.
    gone_since: Option<Instant>,
}

impl Group {
    fn name(&self) -> &str {
        &self.state.instance.settings.name
    }

    async fn watch(mut self, mut roll: Box<dyn Roll>) {
        let stop = self.stop.clone();
        // What was called for is carried out whole: an instance that is half taken out would be known for ever.
        while let Some(called) = stop.run_until_cancelled(called(&mut *roll, self.name())).await {
            match called {
                Ok(members) => self.update(members, Instant::now()).await,
                Err(error) => self.unknown(error),
            }
            if stop.run_until_cancelled(sleep(self.pause())).await.is_none() {
                break;
            }
        }
        while let Some((_, running)) = self.running.pop_first() {
            running.task.end().await;
        }
    }

    /// The time to the next call: where it is that from poll to poll, the polls may follow scrapes.
    fn pause(&self) -> Duration {
        let interval = || {
            let of_polls = self.running.values().filter_map(|running| self.hub.interval(&running.key)).min();
            of_polls.unwrap_or_else(|| self.state.instance.settings.interval.length())
        };
        self.terms.every.map_or_else(interval, jittered)
    }

    /// Makes the running instances those that are named.
    async fn update(&mut self, mut members: Vec<Member>, now: Instant) {
        self.unknown = false;
        members.sort_unstable();
        members.dedup_by_key(|member| member.address);
        let left_out = members.len().saturating_sub(LIMIT);
        if left_out > self.left_out {
            warn!(target_name = %self.name(), left_out, limit = LIMIT, "the target has more nodes than are polled");
        }
        self.left_out = left_out;
        members.truncate(LIMIT);
        for running in self.gone(&members, now) {
            info!(target_name = %self.name(), node = %running.member.address, "a node is gone");
            running.task.end().await;
        }
        for member in members {
            match self.running.remove(&member.address) {
                Some(running) if running.member == member => {
                    self.running.insert(member.address, running);
                    continue;
                }
                // It goes by another name now.
                Some(running) => running.task.end().await,
                None => {}
            }
            let running = self.start(member);
            self.running.insert(running.member.address, running);
        }
        self.forget_others();
        self.hub.remove_one(&self.state.instance.key());
    }

    /// Makes the hub forget instances of the target that do not run: those that are gone, and those that it had under an earlier
    /// configuration.
    fn forget_others(&self) {
        let running: HashSet<&str> = self.running.values().filter_map(|running| running.key.node.as_deref()).collect();
        self.hub.retain_nodes(self.name(), |node| running.contains(node));
    }

    /// Takes out the instances that are not named any more. One that still answers is kept for as long as the terms say; one that
    /// does not was stopped, and not by a fault.
    fn gone(&mut self, members: &[Member], now: Instant) -> Vec<Running> {
        let (hub, kept) = (&self.hub, self.terms.kept);
        let is_over = |address: &SocketAddr, running: &mut Running| {
            if members.iter().any(|member| member.address == *address) {
                running.gone_since = None;
                return false;
            }
            let since = *running.gone_since.get_or_insert(now);
            !hub.is_up(&running.key) || now.saturating_duration_since(since) >= kept
        };
        self.running.extract_if(.., is_over).map(|(_, running)| running).collect()
    }

    fn start(&self, member: Member) -> Running {
        let polled = (self.at)(Some(&member));
        let key = polled.instance.key();
        let polling = |stop| run(polled, Arc::clone(&self.hub), stop);
        Running { member, key, task: Task::start(self.stop.child_token(), polling), gone_since: None }
    }

    /// Nobody told who is there. Instances that are known go on; where there are none, the target is down.
    fn unknown(&mut self, error: PollError) {
        if !self.running.is_empty() {
            if !std::mem::replace(&mut self.unknown, true) {
                warn!(target_name = %self.name(), %error, "the nodes that are known go on");
            }
            return;
        }
        self.forget_others();
        publish_failure(&self.at, &mut self.state, error, &self.hub);
    }
}

/// Tells that a target is down of which no instance is known.
fn publish_failure(at: &At, state: &mut State, error: PollError, hub: &Hub) {
    let collector = (at(None).make)();
    let families = state.record(&*collector, Err(error), Duration::ZERO, SystemTime::now());
    hub.publish(state.status(), families);
}

/// Calls the roll within its deadline.
async fn called(roll: &mut dyn Roll, target: &str) -> Result<Vec<Member>, PollError> {
    let deadline = roll.terms().deadline;
    timeout(deadline, roll.call()).await.unwrap_or_else(|_| {
        let attempt = format!("asking who the nodes of {target} are");
        let cause = format!("no answer within {deadline:?}");
        Err(PollError::new(Reason::Timeout, attempt, cause, "does what is asked answer, and at this address?"))
    })
}

/// The instances that a target has now, for a single poll of each. Where nobody tells, that is what `hub` is told.
pub(super) async fn once(at: &At, mut roll: Box<dyn Roll>, hub: &Hub) -> Vec<Polled> {
    let itself = at(None).instance;
    match called(&mut *roll, &itself.settings.name).await {
        Ok(mut members) => {
            members.sort_unstable();
            members.dedup_by_key(|member| member.address);
            members.iter().take(LIMIT).map(|member| at(Some(member))).collect()
        }
        Err(error) => {
            publish_failure(at, &mut State::new(itself), error, hub);
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests;
