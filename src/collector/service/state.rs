//! What the collector remembers of one endpoint, and what is exported of it whatever its state.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::merge::EndpointReport;
use super::schedule::Timing;
use crate::collector::PollError;
use crate::http::client::Phases;
use crate::mapping::{Evaluation, ForeignFamily};
use crate::metric::{Families, Metric, MetricInfo, Unit};

const UP: Metric<1> = Metric::gauge(
    "service_endpoint_up",
    &["endpoint"],
    "Whether the last fetch of the endpoint gave a body that could be read; absent if the service has no such endpoint.",
)
.unit(Unit::Bool)
.source("HTTP");
const HTTP_STATUS: Metric<1> = Metric::gauge(
    "service_endpoint_http_status",
    &["endpoint"],
    "HTTP status of the last answer; absent if the last fetch got none.",
)
.source("HTTP");
const DURATION: Metric<2> = Metric::gauge(
    "service_endpoint_duration_seconds",
    &["endpoint", "phase"],
    "Where the time of the last answer went: connect, tls (both 0 on a kept connection), first_byte, transfer.",
)
.unit(Unit::Seconds)
.source("HTTP");
const LAST_SUCCESS: Metric<1> = Metric::gauge(
    "service_endpoint_last_success_timestamp_seconds",
    &["endpoint"],
    "When the endpoint was last read; absent until it has been.",
)
.unit(Unit::UnixSeconds)
.source("agent");
const STALE: Metric<1> = Metric::gauge(
    "service_endpoint_stale",
    &["endpoint"],
    "Whether the last body was older than freshness.max_age by its own timestamp; nothing of it is exported then.",
)
.unit(Unit::Bool)
.source("freshness");
const AGE: Metric<1> = Metric::gauge(
    "service_endpoint_age_seconds",
    &["endpoint"],
    "Age of the last body by its own timestamp and the service's clock.",
)
.unit(Unit::Seconds)
.source("freshness");
const THROTTLED: Metric<1> = Metric::counter(
    "service_endpoint_throttled_total",
    &["endpoint"],
    "Answers that asked the agent to wait: 429, or Retry-After with any status.",
)
.source("HTTP");
const REQUESTS: Metric<1> =
    Metric::counter("service_endpoint_requests_total", &["endpoint"], "Fetches of the endpoint.").source("agent");

/// Everything of this module.
pub(super) fn metrics() -> Vec<MetricInfo> {
    vec![
        *UP.info(),
        *HTTP_STATUS.info(),
        *DURATION.info(),
        *LAST_SUCCESS.info(),
        *STALE.info(),
        *AGE.info(),
        *THROTTLED.info(),
        *REQUESTS.info(),
    ]
}

/// One endpoint between polls.
#[derive(Debug, Default)]
pub(super) struct EndpointState {
    pub(super) timing: Timing,
    /// What is still good of its last answer.
    pub(super) report: Option<EndpointReport>,
    /// What it said before that was dropped. Counters are remembered through an outage: a service that was restarted
    /// comes back with smaller ones.
    dropped: Option<Evaluation>,
    /// The families of its last answer that pass through.
    pub(super) families: Vec<ForeignFamily>,
    /// Why the last fetch failed.
    pub(super) error: Option<PollError>,
    /// The service has no such endpoint, and the mapping says that this is not a failure.
    pub(super) absent: bool,
    pub(super) status: Option<u16>,
    pub(super) phases: Option<Phases>,
    pub(super) age: Option<Duration>,
    pub(super) stale: Option<bool>,
    pub(super) last_success: Option<SystemTime>,
    pub(super) throttled: u64,
    pub(super) requests: u64,
}

impl EndpointState {
    /// What it said the last time that it was useful, for counters that fell since.
    pub(super) fn before(&self) -> Option<&Evaluation> {
        self.report.as_ref().map(|report| &report.evaluation).or(self.dropped.as_ref())
    }

    /// Stops showing what the endpoint said.
    pub(super) fn drop_report(&mut self) {
        if let Some(report) = self.report.take() {
            self.dropped = Some(report.evaluation);
        }
        self.families.clear();
    }

    /// Forgets what the last fetch itself was like: the next one has begun, or there is no service to fetch from.
    pub(super) fn forget_fetch(&mut self) {
        (self.status, self.phases, self.age, self.stale) = (None, None, None, None);
    }

    /// The service does not answer at all.
    pub(super) fn lose(&mut self, error: &PollError) {
        self.drop_report();
        if self.absent {
            // Nothing was expected of it, and it is not asked again soon.
            return;
        }
        self.timing.forget();
        if self.error.is_none() {
            self.forget_fetch();
        }
        self.error.get_or_insert_with(|| error.clone());
    }

    /// Exports what is known of the endpoint.
    pub(super) fn export(&self, name: &str, out: &mut Families) {
        if self.requests == 0 {
            return;
        }
        if !self.absent {
            out.push_bool(&UP, [name], self.error.is_none());
        }
        if let Some(status) = self.status {
            out.push(&HTTP_STATUS, [name], status.into());
        }
        if let Some(phases) = &self.phases {
            let phases = [
                ("connect", phases.connect),
                ("tls", phases.tls),
                ("first_byte", phases.first_byte),
                ("transfer", phases.transfer),
            ];
            for (phase, time) in phases {
                out.push(&DURATION, [name, phase], time.as_secs_f64());
            }
        }
        if let Some(at) = self.last_success.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
            out.push(&LAST_SUCCESS, [name], at.as_secs_f64());
        }
        if let Some(stale) = self.stale {
            out.push_bool(&STALE, [name], stale);
        }
        if let Some(age) = self.age {
            out.push(&AGE, [name], age.as_secs_f64());
        }
        out.push(&THROTTLED, [name], self.throttled as f64);
        out.push(&REQUESTS, [name], self.requests as f64);
    }
}

#[cfg(test)]
mod tests;
