//! The one loop that drives every collector: when it polls, deadline, back-off, `up`, durations and logging.

mod driven;
mod instances;
mod look;
mod pace;
mod roll;
mod state;
mod task;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

pub use self::driven::{At, at};
use self::driven::{Driven, Make, Polled};
use self::pace::Pace;
pub(super) use self::roll::Name;
pub use self::roll::{Member, Roll, Terms};
use self::state::State;
pub use self::task::Task;
use super::{Collector as _, TargetKind, metrics};
use crate::config::{Look, TargetSettings};
use crate::hub::{Hub, Key, PollError, Reason};
use crate::metric::MetricInfo;
use crate::net::TlsSettings;

/// The most by which the first poll is delayed.
const MAX_START_DELAY: Duration = Duration::from_secs(1);
/// And by how much for each target that is there already: a lone one is polled at once.
const START_DELAY: Duration = Duration::from_millis(10);

/// What is polled by one task: a target at one address. Each has its own state, `up` and pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The name of its kind.
    pub collector: &'static str,
    /// The settings of its target.
    pub settings: TargetSettings,
    /// Where it is, without credentials: for people.
    pub address: String,
    /// How it is spoken to, where that is TLS.
    pub tls: Option<TlsSettings>,
}

impl Instance {
    /// The one instance of a target.
    pub fn of<K: TargetKind>(target: &K) -> Self {
        let settings: TargetSettings = (**target).clone();
        let address = match settings.node.map(|node| node.to_string()) {
            Some(node) if node != target.address() => format!("{node} of {}", target.address()),
            _ => target.address(),
        };
        Self { collector: K::Collector::NAME, settings, address, tls: target.tls().cloned() }
    }

    /// What tells it from all others.
    #[must_use]
    pub fn key(&self) -> Key {
        Key { target: self.settings.name.clone(), node: self.settings.node.map(|node| node.to_string()) }
    }
}

/// The metrics that the runner exports for every target.
#[must_use]
pub fn metrics() -> Vec<MetricInfo> {
    metrics::metrics()
}

/// Polls a target until `stop` is cancelled: each of the instances that its roll names, or the one that it is.
pub fn watch(at: At, roll: Option<Box<dyn Roll>>, hub: Arc<Hub>, stop: CancellationToken) -> BoxFuture<'static, ()> {
    if let Some(roll) = roll {
        return Box::pin(instances::watch(at, roll, hub, stop));
    }
    let polled = at(None);
    // It may have had instances until now.
    hub.retain_nodes(&polled.instance.settings.name, |_| false);
    Box::pin(run(polled, hub, stop))
}

/// Polls each instance of a target once, at the same time.
pub async fn poll_once(at: At, roll: Option<Box<dyn Roll>>, hub: Arc<Hub>) {
    let instances = match roll {
        Some(roll) => instances::once(&at, roll, &hub).await,
        None => vec![at(None)],
    };
    join_all(instances.into_iter().map(|polled| poll_into(polled, &hub))).await;
}

/// Looks at each instance of a target, at the same time.
pub async fn look(at: At, roll: Option<Box<dyn Roll>>, look: Look) {
    let instances = match roll {
        // What hangs must leave a poll the time to be made.
        Some(roll) => {
            let called = timeout(look.left() / 2, instances::once(&at, roll, &look.first)).await;
            called.unwrap_or_else(|_| vec![at(None)])
        }
        None => vec![at(None)],
    };
    join_all(instances.into_iter().map(|polled| look::look(polled, &look))).await;
}

/// Polls an instance until `stop` is cancelled, and publishes each outcome to `hub`.
///
/// A poll comes between two scrapes each, where somebody scrapes and the configuration does not say otherwise. After a
/// failure the next poll comes sooner than the interval (1 s, doubling up to it, with jitter): a target that was away for a
/// moment is seen again at once, and one that stays away is not hammered. Should the collector panic, that is a failed poll
/// like any other, and the next one is made by a new collector.
///
/// The target is known to `hub` when this returns, before the future is polled: nobody must take an agent for ready that has
/// not come to its targets yet.
fn run(polled: Polled, hub: Arc<Hub>, stop: CancellationToken) -> impl Future<Output = ()> + Send {
    let state = State::new(polled.instance);
    let others = hub.announce(state.status());
    poll_until(polled.make, state, others, hub, stop)
}

async fn poll_until(make: Make, mut state: State, others: usize, hub: Arc<Hub>, stop: CancellationToken) {
    let kept = Arc::clone(hub.state());
    let make = move || {
        let mut collector = make();
        collector.remember(&kept);
        collector
    };
    let mut collector = make();
    state.reloads = hub.reloads();
    let mut pace = Pace::new(state.instance.key(), state.instance.settings.clone(), &hub, others);
    // Nobody wants to wait long for the first numbers: from the second poll on, all have their place in the whole interval.
    let spread = START_DELAY.saturating_mul(u32::try_from(others).unwrap_or(u32::MAX)).min(MAX_START_DELAY);
    let spread = spread.min(state.instance.settings.interval.length() / 10);
    let mut started = None;
    let mut next = Instant::now() + spread.mul_f64(fastrand::f64());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = pace.changed() => {
                if let Some(started) = started {
                    next = state.next(&mut pace, &mut *collector, started);
                }
                continue;
            }
            () = sleep_until(next) => {}
        }
        let reloads = hub.reloads();
        let is_reloaded = std::mem::replace(&mut state.reloads, reloads) != reloads;
        let begun = Instant::now();
        started = Some(begun);
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = ask(&mut *collector, &state.instance, is_reloaded) => result,
        };
        if result.as_ref().is_err_and(|error| error.reason == Reason::Internal) {
            collector = make();
        }
        let duration = begun.elapsed();
        if result.is_ok() {
            pace.took(duration);
        }
        let published = AssertUnwindSafe(|| publish(&hub, &mut state, &mut *collector, result, duration));
        if catch_unwind(published).is_err() {
            // Without this the samples of the poll before would stay for ever. It counts as two polls, one of which failed.
            collector = make();
            let error = Err(fault(&state.instance));
            publish(&hub, &mut state, &mut *collector, error, duration);
        }
        next = state.next(&mut pace, &mut *collector, begun);
    }
}

/// Polls once and publishes the outcome, as [`run`] does.
async fn poll_into(polled: Polled, hub: &Hub) {
    let (mut state, mut collector) = (State::new(polled.instance), (polled.make)());
    let started = Instant::now();
    let outcome = ask(&mut *collector, &state.instance, false).await;
    publish(hub, &mut state, &mut *collector, outcome, started.elapsed());
}

/// Records a poll, and tells `hub` of it.
fn publish(hub: &Hub, state: &mut State, collector: &mut dyn Driven, outcome: Result<(), PollError>, took: Duration) {
    let families = state.record(collector, outcome, took, SystemTime::now());
    let status = state.status();
    let key = status.key.clone();
    hub.publish(status, families);
    hub.topology().polled(&key.target, key.node.as_deref(), collector.done());
}

async fn ask(collector: &mut dyn Driven, instance: &Instance, is_reloaded: bool) -> Result<(), PollError> {
    let poll = async {
        if is_reloaded {
            collector.reloaded();
        }
        collector.poll().await
    };
    // The collector is replaced after a panic, so that nobody sees what it may have left half done.
    match timeout(instance.settings.deadline, AssertUnwindSafe(poll).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(fault(instance)),
        Err(_) => Err(PollError::new(
            Reason::Timeout,
            attempt(instance),
            format!("no complete answer within the deadline of {:?}", instance.settings.deadline),
            "the server hangs, or deadline is too short for it",
        )),
    }
}

fn fault(instance: &Instance) -> PollError {
    PollError::new(Reason::Internal, attempt(instance), "a fault of the agent", "see the log, report it")
}

fn attempt(instance: &Instance) -> String {
    format!("polling {} at {}", instance.collector, instance.address)
}

#[cfg(test)]
mod tests;
