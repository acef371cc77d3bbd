//! What the runner remembers of an instance, and what it exports of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tracing::{info, warn};

use super::Instance;
use super::driven::Driven;
use super::pace::Pace;
use crate::collector::{Health, metrics};
use crate::hub::{Excerpt, Flapping, LastError, PollError, Reason, TargetStatus};
use crate::metric::{Durations, Families, Reserved};
use crate::net::{Backoff, TlsSettings, jittered};

/// First pause after a failure.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// Seconds of a poll: of a healthy target, of one that is slow, of one whose poll ends at the usual deadline.
const POLL_BOUNDS: &[f64] = &[0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0];

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
pub(super) struct State {
    pub(super) instance: Instance,
    polls: u64,
    failures: [u64; Reason::ALL.len()],
    backoff: Backoff,
    /// The pause after a failure; `None` after a success.
    retry: Option<Duration>,
    last_duration: Duration,
    durations: Durations,
    total_duration: Duration,
    last_poll: Option<SystemTime>,
    last_success: Option<SystemTime>,
    error: LastError,
    flapping: Flapping,
    excerpts: Vec<Excerpt>,
    notes: Vec<String>,
    /// Reloads of the configuration that the collector has been told of.
    pub(super) reloads: u64,
}

impl State {
    pub(super) fn new(instance: Instance) -> Self {
        let backoff = Backoff::new(FIRST_RETRY, instance.settings.interval.length());
        Self {
            instance,
            polls: 0,
            failures: [0; Reason::ALL.len()],
            backoff,
            retry: None,
            last_duration: Duration::ZERO,
            durations: Durations::new(POLL_BOUNDS),
            total_duration: Duration::ZERO,
            last_poll: None,
            last_success: None,
            error: LastError::default(),
            flapping: Flapping::default(),
            excerpts: Vec::new(),
            notes: Vec::new(),
            reloads: 0,
        }
    }

    /// Records a poll and exports all that is known after it.
    pub(super) fn record(
        &mut self,
        collector: &dyn Driven,
        outcome: Result<(), PollError>,
        duration: Duration,
        now: SystemTime,
    ) -> Families {
        self.polls += 1;
        self.last_duration = duration;
        self.durations.observe(duration);
        self.total_duration += duration;
        self.last_poll = Some(now);
        self.excerpts = collector.excerpts();
        self.notes = collector.notes().iter().map(|note| reader::excerpt(note).into_owned()).collect();
        let mut out = Families::with_limit(self.instance.settings.series_limit);
        let sizes = match outcome {
            Ok(()) => {
                let after = self.error.succeeded();
                if self.is_logged(after.is_some() || self.last_success.is_none()) {
                    let (target_name, address) = (self.instance.key(), &self.instance.address);
                    if let Some(reason) = after {
                        info!(%target_name, after = %reason.as_str(), "target is back");
                    } else {
                        info!(%target_name, %address, "target is up");
                    }
                }
                self.backoff.succeeded();
                self.retry = None;
                self.last_success = Some(now);
                let sizes = self.export_health(collector, &mut out);
                collector.export(&mut out);
                sizes
            }
            Err(error) => {
                let is_new = self.error.failed(error.clone());
                if self.is_logged(is_new) {
                    warn!(target_name = %self.instance.key(), reason = %error.reason.as_str(), %error, "poll failed");
                }
                self.retry = Some(jittered(self.backoff.failed()));
                self.failures[error.reason as usize] += 1;
                self.export_health(collector, &mut out)
            }
        };
        sizes.set(&mut out);
        out
    }

    /// Whether the log gets the outcome of a poll.
    fn is_logged(&mut self, is_change: bool) -> bool {
        let outcome = self.error.get().map_or("up", |error| error.reason.as_str());
        self.flapping.is_logged(self.instance.key(), None, outcome, is_change)
    }

    fn export_health(&self, of: &dyn Driven, out: &mut Families) -> Sizes {
        let collector = self.instance.collector;
        of.export_state(out);
        of.export_health(
            &Health {
                polls: self.polls,
                last_duration: self.last_duration,
                total_duration: self.total_duration,
                error: self.error.get(),
            },
            out,
        );
        out.push_bool(&metrics::TARGET_UP, [collector], self.error.get().is_none());
        if let Some(error) = self.error.get() {
            out.push(&metrics::FAILING, [collector, error.reason.as_str()], 1.0);
        }
        out.push(&metrics::POLL_DURATION, [collector], self.last_duration.as_secs_f64());
        self.durations.export(&metrics::POLL_SECONDS, [collector], out);
        out.push(&metrics::POLL_INTERVAL, [collector], self.instance.settings.interval.length().as_secs_f64());
        out.push(&metrics::POLLS, [collector], self.polls as f64);
        for (reason, count) in Reason::ALL.iter().zip(self.failures) {
            out.push(&metrics::POLL_FAILURES, [collector, reason.as_str()], count as f64);
        }
        out.push_time(&metrics::LAST_SUCCESS, [collector], self.last_success);
        for (endpoint, at) in self.instance.tls.iter().flat_map(TlsSettings::not_after) {
            out.push(&metrics::CERTIFICATE_NOT_AFTER, [&endpoint], at as f64);
        }
        // Their place is taken before the collector's own samples can use it up.
        let rejected =
            out.rejections().by_reason().map(|(reason, _)| out.reserve(&metrics::SERIES_REJECTED, [collector, reason]));
        Sizes { series: out.reserve(&metrics::SERIES, [collector]), rejected }
    }

    /// When the poll after the one that began at `started` begins. The collector is told what holds for it.
    pub(super) fn next(&mut self, pace: &mut Pace, collector: &mut dyn Driven, started: Instant) -> Instant {
        let regular = pace.next(started, &mut self.instance.settings);
        collector.pace(&self.instance.settings);
        self.retry.map_or(regular, |pause| regular.min(Instant::now() + pause))
    }

    pub(super) fn status(&self) -> TargetStatus {
        TargetStatus {
            key: self.instance.key(),
            labels: Arc::clone(&self.instance.settings.labels),
            source: self.instance.settings.found.as_ref().map(|found| Arc::clone(&found.source)),
            collector: self.instance.collector,
            address: self.instance.address.clone(),
            interval: self.instance.settings.interval.length(),
            polls: self.polls,
            failures: self.failures.iter().sum(),
            last_duration: self.last_duration,
            last_poll: self.last_poll,
            error: self.error.get().cloned(),
            excerpts: self.excerpts.clone(),
            notes: self.notes.clone(),
        }
    }
}
