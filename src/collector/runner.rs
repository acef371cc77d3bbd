//! The one loop that drives every collector: interval, jitter, deadline, back-off, `up`, durations and logging.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Collector, Health, TargetKind, metrics};
use crate::config::TargetSettings;
use crate::hub::{Excerpt, Hub, LastError, PollError, Reason, TargetStatus};
use crate::metric::{Families, MetricInfo, Reserved};
use crate::net::{Backoff, TlsSettings, jittered};

/// First pause after a failure.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The most by which a poll is late, as a part of the interval; it is never early.
const JITTER: f64 = 0.02;

/// The most by which the first poll is delayed.
const MAX_START_DELAY: Duration = Duration::from_secs(1);

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
        Self { settings: (**target).clone(), address: target.address(), tls: target.tls().cloned() }
    }
}

/// The metrics that the runner exports for every target.
#[must_use]
pub fn metrics() -> Vec<MetricInfo> {
    metrics::metrics()
}

/// Polls an instance until `stop` is cancelled, and publishes each outcome to `hub`.
///
/// After a failure the next poll comes sooner than the interval (1 s, doubling up to it, with jitter): a target that was
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
    hub.announce(state.status());
    poll_until(make, state, hub, stop)
}

async fn poll_until<C: Collector>(
    make: impl Fn() -> C + Send,
    mut state: State,
    hub: Arc<Hub>,
    stop: CancellationToken,
) {
    let mut collector = make();
    // Targets that start together must not poll together, and nobody wants to wait long for the first numbers.
    let spread = MAX_START_DELAY.min(state.instance.settings.interval / 10);
    let mut next = Instant::now() + spread.mul_f64(fastrand::f64());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep_until(next) => {}
        }
        let started = Instant::now();
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = poll_once(&mut collector, &state.instance) => result,
        };
        if result.is_fault() {
            collector = make();
        }
        let families = state.record(&collector, &result, started.elapsed(), SystemTime::now());
        hub.publish(state.status(), families);
        next = state.next(started);
    }
}

/// Polls once and returns the samples and the outcome, as [`run`] would have published them.
pub async fn poll_and_export<C: Collector>(mut collector: C, instance: Instance) -> (TargetStatus, Families) {
    let mut state = State::new(C::NAME, instance);
    let started = Instant::now();
    let result = poll_once(&mut collector, &state.instance).await;
    let families = state.record(&collector, &result, started.elapsed(), SystemTime::now());
    (state.status(), families)
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

/// A poll's result, tied to its collector so that `record` can export it.
struct Outcome<C: Collector>(Result<C::Snapshot, PollError>);

impl<C: Collector> Outcome<C> {
    /// Whether the collector panicked.
    fn is_fault(&self) -> bool {
        self.0.as_ref().is_err_and(|error| error.reason == Reason::Internal)
    }
}

/// Samples whose values are known only when all else has been pushed.
struct Sizes {
    series: Reserved,
    rejected: [Reserved; 3],
}

impl Sizes {
    fn set(&self, out: &mut Families) {
        out.set(&self.series, out.series() as f64);
        let counts = out.rejections().by_reason();
        for (reserved, (_, count)) in self.rejected.iter().zip(counts) {
            out.set(reserved, count as f64);
        }
    }
}

/// What the runner remembers of its instance between polls.
struct State {
    collector: &'static str,
    instance: Instance,
    polls: u64,
    failures: [u64; Reason::ALL.len()],
    backoff: Backoff,
    /// The pause after a failure; `None` after a success.
    retry: Option<Duration>,
    last_duration: Duration,
    total_duration: Duration,
    last_poll: Option<SystemTime>,
    last_success: Option<SystemTime>,
    error: LastError,
    excerpts: Vec<Excerpt>,
}

impl State {
    fn new(collector: &'static str, instance: Instance) -> Self {
        let backoff = Backoff::new(FIRST_RETRY, instance.settings.interval);
        Self {
            collector,
            instance,
            polls: 0,
            failures: [0; Reason::ALL.len()],
            backoff,
            retry: None,
            last_duration: Duration::ZERO,
            total_duration: Duration::ZERO,
            last_poll: None,
            last_success: None,
            error: LastError::default(),
            excerpts: Vec::new(),
        }
    }

    /// Records a poll and exports all that is known after it.
    fn record<C: Collector>(
        &mut self,
        collector: &C,
        outcome: &Outcome<C>,
        duration: Duration,
        now: SystemTime,
    ) -> Families {
        self.polls += 1;
        self.last_duration = duration;
        self.total_duration += duration;
        self.last_poll = Some(now);
        self.excerpts = collector.excerpts();
        let mut out = Families::with_limit(self.instance.settings.series_limit);
        let sizes = match &outcome.0 {
            Ok(snapshot) => {
                if let Some(reason) = self.error.succeeded() {
                    info!(target_name = %self.name(), after = %reason.as_str(), "target is back");
                } else if self.last_success.is_none() {
                    info!(target_name = %self.name(), address = %self.instance.address, "target is up");
                }
                self.backoff.succeeded();
                self.retry = None;
                self.last_success = Some(now);
                let sizes = self.export_health(collector, &mut out);
                C::export(snapshot, &mut out);
                sizes
            }
            Err(error) => {
                if self.error.failed(error.clone()) {
                    warn!(target_name = %self.name(), reason = %error.reason.as_str(), %error, "poll failed");
                }
                self.retry = Some(jittered(self.backoff.failed()));
                self.failures[error.reason as usize] += 1;
                self.export_health(collector, &mut out)
            }
        };
        sizes.set(&mut out);
        out
    }

    fn name(&self) -> &str {
        &self.instance.settings.name
    }

    fn export_health<C: Collector>(&self, of: &C, out: &mut Families) -> Sizes {
        let collector = self.collector;
        of.export_state(out);
        C::export_health(
            &Health {
                polls: self.polls,
                last_duration: self.last_duration,
                total_duration: self.total_duration,
                error: self.error.get(),
            },
            out,
        );
        out.push_bool(&metrics::TARGET_UP, [collector], self.error.get().is_none());
        out.push(&metrics::POLL_DURATION, [collector], self.last_duration.as_secs_f64());
        out.push(&metrics::POLL_INTERVAL, [collector], self.instance.settings.interval.as_secs_f64());
        out.push(&metrics::POLLS, [collector], self.polls as f64);
        for (reason, count) in Reason::ALL.iter().zip(self.failures) {
            out.push(&metrics::POLL_FAILURES, [collector, reason.as_str()], count as f64);
        }
        if let Some(at) = self.last_success.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
            out.push(&metrics::LAST_SUCCESS, [collector], at.as_secs_f64());
        }
        for (endpoint, at) in self.instance.tls.iter().flat_map(TlsSettings::not_after) {
            out.push(&metrics::CERTIFICATE_NOT_AFTER, [&endpoint], at as f64);
        }
        // Their place is taken before the collector's own samples can use it up.
        let rejected =
            out.rejections().by_reason().map(|(reason, _)| out.reserve(&metrics::SERIES_REJECTED, [collector, reason]));
        Sizes { series: out.reserve(&metrics::SERIES, [collector]), rejected }
    }

    /// When the poll after the one that began at `started` begins.
    fn next(&self, started: Instant) -> Instant {
        // Agents that were started together, or by the same clock, must not go on asking together.
        let regular = started + self.instance.settings.interval.mul_f64(1.0 + fastrand::f64() * JITTER);
        self.retry.map_or(regular, |pause| regular.min(Instant::now() + pause))
    }

    fn status(&self) -> TargetStatus {
        TargetStatus {
            name: self.name().to_owned(),
            collector: self.collector,
            address: self.instance.address.clone(),
            interval: self.instance.settings.interval,
            polls: self.polls,
            failures: self.failures.iter().sum(),
            last_duration: self.last_duration,
            last_poll: self.last_poll,
            error: self.error.get().cloned(),
            excerpts: self.excerpts.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
