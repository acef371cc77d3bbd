//! The one loop that drives every collector: when it polls, deadline, back-off, `up`, durations and logging.

pub(super) mod instances;
mod look;
mod pace;
mod roll;
mod state;
mod task;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

pub use self::look::look;
use self::pace::Pace;
pub(super) use self::roll::Name;
pub use self::roll::{Member, Roll, Terms};
use self::state::{Outcome, State};
pub use self::task::Task;
use super::{Collector, TargetKind, metrics};
use crate::config::TargetSettings;
use crate::hub::{Hub, Key, PollError, Reason, TargetStatus};
use crate::metric::{Families, MetricInfo};
use crate::net::TlsSettings;
use crate::topology::Sight;

/// The most by which the first poll is delayed.
const MAX_START_DELAY: Duration = Duration::from_secs(1);
/// And by how much for each target that is there already: a lone one is polled at once.
const START_DELAY: Duration = Duration::from_millis(10);

/// What is polled by one task: a target at one address. Each has its own state, `up` and pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The settings of its target.
    pub settings: TargetSettings,
    /// Where it is, without credentials: for people.
    pub address: String,
    /// How it is spoken to, where that is TLS.
    pub tls: Option<TlsSettings>,
}

impl Instance {
    /// The one instance of a target.
    pub fn of(target: &impl TargetKind) -> Self {
        let settings: TargetSettings = (**target).clone();
        let address = match settings.node.map(|node| node.to_string()) {
            Some(node) if node != target.address() => format!("{node} of {}", target.address()),
            _ => target.address(),
        };
        Self { settings, address, tls: target.tls().cloned() }
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

/// Polls an instance until `stop` is cancelled, and publishes each outcome to `hub`.
///
/// A poll comes between two scrapes each, where somebody scrapes and the configuration does not say otherwise. After a failure the next poll comes sooner than the interval (1 s, doubling up to it, with jitter): a target that was
/// away for a moment is seen again at once, and one that stays away is not hammered. Should the collector panic, that is
/// a failed poll like any other, and the next one is made by a new collector from `make`.
///
/// The target is known to `hub` when this returns, before the future is polled: nobody must take an agent for ready that has
/// not come to its targets yet.
pub fn run<C: Collector>(
    make: impl Fn() -> C + Send,
    instance: Instance,
    hub: Arc<Hub>,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send {
    let state = State::new(C::NAME, instance);
    let others = hub.announce(state.status());
    let spread = START_DELAY.saturating_mul(u32::try_from(others).unwrap_or(u32::MAX)).min(MAX_START_DELAY);
    poll_until(make, state, spread, hub, stop)
}

async fn poll_until<C: Collector>(
    make: impl Fn() -> C + Send,
    mut state: State,
    spread: Duration,
    hub: Arc<Hub>,
    stop: CancellationToken,
) {
    let kept = Arc::clone(hub.state());
    let make = move || {
        let mut collector = make();
        collector.remember(&kept);
        collector
    };
    let mut collector = make();
    state.reloads = hub.reloads();
    let mut pace = Pace::new(state.instance.key(), state.instance.settings.clone(), &hub);
    // Targets that start together must not poll together, and nobody wants to wait long for the first numbers.
    let spread = spread.min(state.instance.settings.interval.length() / 10);
    let mut started = None;
    let mut next = Instant::now() + spread.mul_f64(fastrand::f64());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = pace.changed() => {
                if let Some(started) = started {
                    next = state.next(&mut pace, &mut collector, started);
                }
                continue;
            }
            () = sleep_until(next) => {}
        }
        let reloads = hub.reloads();
        if std::mem::replace(&mut state.reloads, reloads) != reloads {
            collector.reloaded();
        }
        let begun = Instant::now();
        started = Some(begun);
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = poll_once(&mut collector, &state.instance) => result,
        };
        if result.is_fault() {
            collector = make();
        }
        let duration = begun.elapsed();
        if result.0.is_ok() {
            pace.took(duration);
        }
        let families = state.record(&collector, &result, duration, SystemTime::now());
        publish(&hub, state.status(), families, sight(&collector, &result));
        next = state.next(&mut pace, &mut collector, begun);
    }
}

/// Polls once and publishes the outcome, as [`run`] does.
pub async fn poll_once_into<C: Collector>(mut collector: C, instance: Instance, hub: &Hub) {
    let mut state = State::new(C::NAME, instance);
    let started = Instant::now();
    let result = poll_once(&mut collector, &state.instance).await;
    let families = state.record(&collector, &result, started.elapsed(), SystemTime::now());
    publish(hub, state.status(), families, sight(&collector, &result));
}

/// What a poll saw of its surroundings; `None` if it failed.
fn sight<C: Collector>(collector: &C, outcome: &Outcome<C>) -> Option<Sight> {
    outcome.0.as_ref().ok().map(|snapshot| collector.sight(snapshot))
}

fn publish(hub: &Hub, status: TargetStatus, families: Families, sight: Option<Sight>) {
    let key = status.key.clone();
    hub.publish(status, families);
    hub.topology().polled(&key.target, key.node.as_deref(), sight);
}

async fn poll_once<C: Collector>(collector: &mut C, instance: &Instance) -> Outcome<C> {
    let attempt = || format!("polling {} at {}", C::NAME, instance.address);
    // The collector is replaced after a panic, so that nobody sees what it may have left half done.
    let polled = timeout(instance.settings.deadline, AssertUnwindSafe(collector.poll()).catch_unwind()).await;
    Outcome(match polled {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => {
            Err(PollError::new(Reason::Internal, attempt(), "a fault of the agent", "see the log, report it"))
        }
        Err(_) => Err(PollError::new(
            Reason::Timeout,
            attempt(),
            format!("no complete answer within the deadline of {:?}", instance.settings.deadline),
            "the server hangs, or deadline is too short for it",
        )),
    })
}

#[cfg(test)]
mod tests;
