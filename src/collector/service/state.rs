//! What the collector remembers of one endpoint, and what is exported of it whatever its state.

use std::time::{Duration, SystemTime};

use super::instances::Instances;
use super::merge::EndpointReport;
use super::pass_through::Passing;
use super::schedule::Timing;
use super::turns::Turns;
use crate::collector::PollError;
use crate::http::client::Phases;
use crate::hub::{Flapping, LastError};
use crate::mapping::Evaluation;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    UP: gauge "service_endpoint_up" ["endpoint"] Bool,
        "Whether the last fetch of the endpoint gave a body that could be read; absent if the service has no such \
         endpoint, if it is a fallback that is not needed, or if its last answer was a request to wait.", "HTTP";
    HELD_OFF: gauge "service_endpoint_held_off" ["endpoint"] Bool,
        "Whether the endpoint is left alone because its last answer asked for that (Retry-After).", "HTTP";
    HTTP_STATUS: gauge "service_endpoint_http_status" ["endpoint"] Count,
        "HTTP status of the last answer; absent if the last fetch got none.", "HTTP";
    DURATION: gauge "service_endpoint_duration_seconds" ["endpoint", "phase"] Seconds,
        "How long each phase of the last answer took: connect, tls (both 0 on a kept connection), first_byte, \
         transfer.", "HTTP";
    LAST_SUCCESS: gauge "service_endpoint_last_success_timestamp_seconds" ["endpoint"] UnixSeconds,
        "When the endpoint was last read successfully; absent before the first time.", "agent";
    STALE: gauge "service_endpoint_stale" ["endpoint"] Bool,
        "Whether the last body was older than freshness.max_age by its own timestamp; it is not exported then.",
        "freshness";
    AGE: gauge "service_endpoint_age_seconds" ["endpoint"] Seconds,
        "Age of the last body by its own timestamp and the service's clock.", "freshness";
    THROTTLED: counter "service_endpoint_throttled_total" ["endpoint"] Count,
        "Answers that asked the agent to wait: 429, or Retry-After with any status.", "HTTP";
    MIXED: gauge "service_endpoint_mixed_instances" ["endpoint"] Bool,
        "Whether several instances answer in turn behind the address, as its counters tell: they fall and come back. They \
         are left out then, and no rate is made of them.", "agent";
    INSTANCES: gauge "service_endpoint_instances" ["endpoint"] Count,
        "Instances that were heard of lately behind the address; only where the mapping has instance.", "instance";
    REQUESTS: counter "service_endpoint_requests_total" ["endpoint"] Count, "Fetches of the endpoint.", "agent";
}

/// One endpoint between polls.
#[derive(Debug, Default)]
pub(super) struct EndpointState {
    pub(super) timing: Timing,
    /// What is still good of its last answer.
    pub(super) report: Option<EndpointReport>,
    /// What it said before that was dropped. Counters are remembered through an outage: a service that was restarted
    /// comes back with smaller ones.
    pub(super) dropped: Option<Evaluation>,
    /// Whether several instances answer in turn, as far as its counters tell.
    pub(super) turns: Turns,
    /// The instances that answer in turn, where they say which one they are.
    pub(super) instances: Instances,
    /// What passes through of its last answer.
    pub(super) passing: Passing,
    /// Why the last fetch failed.
    pub(super) error: LastError,
    pub(super) flapping: Flapping,
    /// The service has no such endpoint, and the mapping says that this is not a failure.
    pub(super) absent: bool,
    /// It is a fallback of what answers: nothing is known of it, nor asked.
    pub(super) resting: bool,
    /// It asked to be left alone, and is.
    pub(super) held_off: bool,
    pub(super) status: Option<u16>,
    pub(super) phases: Option<Phases>,
    pub(super) age: Option<Duration>,
    pub(super) stale: Option<bool>,
    pub(super) last_success: Option<SystemTime>,
    pub(super) throttled: u64,
    pub(super) requests: u64,
}

impl EndpointState {
    /// Stops showing what the endpoint said.
    pub(super) fn drop_report(&mut self) {
        if let Some(report) = self.report.take() {
            self.dropped = Some(report.evaluation);
        }
        self.passing = Passing::default();
    }

    /// Forgets what the last fetch itself was like: the next one has begun, or there is no service to fetch from.
    pub(super) fn forget_fetch(&mut self) {
        (self.status, self.phases, self.age, self.stale) = (None, None, None, None);
    }

    /// Forgets all that is known of a fallback that is not asked any more: neither what it said nor how it failed is so
    /// now.
    pub(super) fn rest(&mut self) {
        self.resting = true;
        self.drop_report();
        self.forget_fetch();
        self.error.succeeded();
        self.timing = Timing::default();
    }

    /// Whether it should answer: the service has it, it is needed, and it does not ask to be left alone.
    pub(super) const fn is_expected(&self) -> bool {
        !(self.absent || self.resting || self.held_off)
    }

    /// Whether it should have answered usefully, and did not.
    pub(super) fn has_failed(&self) -> bool {
        self.is_expected() && self.error.get().is_some()
    }

    /// The service does not answer at all.
    pub(super) fn lose(&mut self, error: &PollError) {
        self.drop_report();
        if self.absent || self.resting {
            // Nothing was expected of it, and it is not asked again soon.
            return;
        }
        self.timing.forget();
        if self.error.get().is_none() {
            self.forget_fetch();
            self.error.failed(error.clone());
        }
    }

    /// Exports what is known of the endpoint.
    pub(super) fn export(&self, name: &str, out: &mut Families) {
        if self.requests == 0 {
            return;
        }
        let is_up = self.error.get().is_none();
        if !(self.absent || self.resting || (self.held_off && !is_up)) {
            out.push_bool(&UP, [name], is_up);
        }
        out.push_bool(&HELD_OFF, [name], self.held_off);
        out.push_known(&HTTP_STATUS, [name], self.status.map(f64::from));
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
        out.push_time(&LAST_SUCCESS, [name], self.last_success);
        out.push_known(&STALE, [name], self.stale.map(f64::from));
        out.push_known(&AGE, [name], self.age.map(|age| age.as_secs_f64()));
        match self.instances.count() {
            0 => out.push_bool(&MIXED, [name], self.turns.are_mixed()),
            count => out.push(&INSTANCES, [name], count as f64),
        }
        out.push(&THROTTLED, [name], self.throttled as f64);
        out.push(&REQUESTS, [name], self.requests as f64);
    }
}

#[cfg(test)]
mod tests;
