//! The service collector: what a service says of itself over HTTP, by a mapping.
//!
//! A poll asks a few endpoints one after the other on one connection (`schedule` says which), judges each answer
//! (`fetch`), reads it once and applies the mapping's rules (`poll`), merges what all endpoints said (`merge`), and
//! computes what only several polls together can tell (`derive`). An endpoint that is asked less often than at each poll
//! keeps its numbers until it is asked again, and loses them when that fails: nothing is shown that is no longer true.

mod derive;
mod fetch;
mod instances;
mod left_out;
mod look;
mod merge;
mod pass_through;
mod poll;
mod schedule;
mod settings;
mod state;
mod turns;

use std::time::Instant;

use tracing::{info, warn};

use self::derive::{Derive, Derived};
pub use self::look::{Look, look};
use self::merge::{EndpointReport, MappedSample, MissCounts};
use self::pass_through::Passing;
pub use self::settings::ServiceTarget;
use self::state::EndpointState;
use super::{Collector, Health, PollError, Reason};
use crate::config::TargetSettings;
use crate::http::client::{Client, Settings};
use crate::mapping::Idle;
use crate::metric::vocabulary::resources::CONNECTION_STATUS;
use crate::metric::vocabulary::service::MAX_CONNECTIONS;
use crate::metric::{Families, MetricInfo, metrics, vocabulary};
use crate::topology::Sight;

metrics! {
    fn metrics;
    UP: gauge "service_up" [] Bool,
        "Whether the service could be read: in the last poll that asked, at least one endpoint gave a useful answer.",
        "poll";
    MAPPING_ERRORS: counter "service_mapping_errors_total" ["endpoint", "metric", "reason"] Count,
        "Values that a mapping expected and did not get, or that need attention, by reason; docs/MAPPING.md lists the \
         reasons.", "agent";
    PASS_THROUGH_REFUSED: gauge "service_pass_through_refused" ["endpoint"] Count,
        "Series of the service's own exposition that were left out of the last poll: their names belong to the agent, \
         or their label names are invalid or duplicate.", "agent";
}

/// Watches one service.
pub struct ServiceCollector {
    target: ServiceTarget,
    client: Result<Client, String>,
    /// In the order of the mapping's endpoints.
    states: Vec<EndpointState>,
    derive: Derive,
    misses: MissCounts,
    /// Sources that have counted nothing while others have.
    idle: Idle,
    /// Whether the last poll had a `redis_connection_status`; `None` if it failed.
    told_connection: Option<bool>,
}

/// What one poll saw.
#[derive(Debug)]
pub struct Snapshot {
    samples: Vec<MappedSample>,
    derived: Derived,
    /// By the name of their endpoint.
    pass_through: Vec<(String, Passing)>,
    /// What the configuration says of it, where the service does not.
    max_connections: Option<usize>,
}

impl ServiceCollector {
    /// A collector that has not connected yet.
    #[must_use]
    pub fn new(target: ServiceTarget) -> Self {
        let states = target.mapping.endpoints.iter().map(|_| EndpointState::default()).collect();
        let client = Client::new(&target.url, settings(&target));
        let derive = Derive::new(target.window);
        Self { target, client, states, derive, misses: MissCounts::new(), idle: Idle::default(), told_connection: None }
    }

    /// The samples of all reports that are still good. Misses of the fresh ones are counted, and logged when they are new.
    fn merge(&mut self) -> Option<Vec<MappedSample>> {
        let mapping = &self.target.mapping;
        let reports: Vec<Option<&EndpointReport>> = self.states.iter().map(|state| state.report.as_ref()).collect();
        if reports.iter().all(Option::is_none) {
            return None;
        }
        for miss in merge::count_misses(mapping, &reports, &mut self.misses) {
            let rule = &mapping.rules[miss.rule];
            warn!(
                target_name = %self.target.name,
                endpoint = %mapping.endpoints[rule.endpoint].name,
                metric = %rule.definition.name,
                at = %miss.at,
                reason = miss.reason.as_str(),
                advice = miss.reason.advice(),
                "a value of the mapping is missing or needs care",
            );
        }
        for source in self.idle.update(mapping, &merge::evaluations(&reports)) {
            info!(target_name = %self.target.name, source, "a source has counted nothing while another one has; it is left out");
        }
        Some(merge::merge(mapping, &reports, &self.idle))
    }

    /// What all endpoints together say at `now`.
    fn snapshot(&mut self, now: Instant) -> Result<Snapshot, PollError> {
        self.settle(now);
        let mut samples = self.merge().ok_or_else(|| self.error())?;
        let failed = |endpoint: usize| self.states[endpoint].has_failed();
        merge::add_unknown_health(&self.target.mapping, failed, &mut samples);
        let is_connection = |sample: &MappedSample| sample.definition.name == CONNECTION_STATUS.info().name;
        self.told_connection = Some(samples.iter().any(is_connection));
        let derived = self.derive.observe(&samples, now);
        let endpoints = self.target.mapping.endpoints.iter().zip(&self.states);
        let passing = endpoints.filter(|(_, state)| !state.passing.is_empty());
        let pass_through = passing.map(|(endpoint, state)| (endpoint.name.clone(), state.passing.clone())).collect();
        let is_told = samples.iter().any(|sample| sample.definition.name == MAX_CONNECTIONS.info().name);
        let max_connections = self.target.max_connections.filter(|_| !is_told);
        Ok(Snapshot { samples, derived, pass_through, max_connections })
    }

    /// Whether the service should have said how it stands with its Redis, and could not: that is its 0.
    fn has_lost_connection(&self) -> bool {
        let mapping = &self.target.mapping;
        let is_lost = |state: &EndpointState| match self.told_connection {
            None => state.is_expected(),
            Some(_) => state.has_failed(),
        };
        self.told_connection != Some(true)
            && mapping
                .rules
                .iter()
                .filter(|rule| rule.definition.name == CONNECTION_STATUS.info().name)
                .any(|rule| !mapping.endpoints[rule.endpoint].skipped && is_lost(&self.states[rule.endpoint]))
    }

    /// The poll's error: the first one of an endpoint that has no answer.
    fn error(&self) -> PollError {
        self.states.iter().find_map(|state| state.error.get().cloned()).unwrap_or_else(|| {
            let attempt = format!("asking {}", self.target.url);
            let cause = "it has none of the endpoints that the mapping names";
            PollError::new(Reason::Status, attempt, cause, "check url, and whether the profile is one of this service")
        })
    }
}

impl Collector for ServiceCollector {
    const NAME: &'static str = "service";
    type Snapshot = Snapshot;

    fn metrics() -> Vec<MetricInfo> {
        [metrics(), state::metrics(), pass_through::metrics(), vocabulary::metrics()].concat()
    }

    async fn poll(&mut self) -> Result<Snapshot, PollError> {
        let started = Instant::now();
        // Should the deadline end it, it has told nothing.
        self.told_connection = None;
        if let Ok(client) = &mut self.client {
            client.renew().await;
        }
        for report in self.states.iter_mut().filter_map(|state| state.report.as_mut()) {
            report.fresh = false;
        }
        self.give_up_outdated(started);
        if !self.ask_all(started).await {
            self.lose();
        }
        self.snapshot(Instant::now())
    }

    fn pace(&mut self, settings: &TargetSettings) {
        (*self.target).clone_from(settings);
    }

    fn export(snapshot: &Snapshot, out: &mut Families) {
        snapshot.derived.export(out);
        for sample in snapshot.samples.iter().filter(|sample| !snapshot.derived.replaces(&sample.definition.name)) {
            let labels: Vec<&str> = sample.labels.iter().map(String::as_str).collect();
            out.push_defined(&sample.definition, &labels, sample.value);
        }
        if let Some(most) = snapshot.max_connections {
            out.push(&MAX_CONNECTIONS, [], most as f64);
        }
        for (endpoint, passing) in &snapshot.pass_through {
            pass_through::export(endpoint, passing, out);
        }
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        out.push_bool(&UP, [], health.error.is_none());
    }

    fn sight(&self, _: &Snapshot) -> Sight {
        let reached = self.client.as_ref().ok().and_then(Client::last_reached);
        Sight { reached, ..Sight::default() }
    }

    fn reloaded(&mut self) {
        self.states.iter_mut().for_each(|state| state.timing.release());
    }

    fn export_state(&self, out: &mut Families) {
        for (endpoint, state) in self.target.mapping.endpoints.iter().zip(&self.states) {
            state.export(&endpoint.name, out);
        }
        if self.has_lost_connection() {
            out.push_bool(&CONNECTION_STATUS, [], false);
        }
        for ((endpoint, metric, reason), count) in &self.misses {
            let endpoint = &self.target.mapping.endpoints[*endpoint].name;
            out.push(&MAPPING_ERRORS, [endpoint, metric, reason], *count as f64);
        }
    }
}

/// How a target's endpoints are asked.
fn settings(target: &ServiceTarget) -> Settings {
    Settings {
        tls: target.tls.clone().unwrap_or_default(),
        headers: target.headers.clone(),
        body_limit: target.body_limit_kib * 1024,
        connect_timeout: target.deadline,
        addresses: target.addresses(),
    }
}

#[cfg(test)]
mod tests;
