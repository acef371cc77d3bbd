//! The service collector: what a service says of itself over HTTP, by a mapping.
//!
//! A poll asks a few endpoints one after the other on one connection (`schedule` says which), judges each answer
//! (`fetch`), reads it once and applies the mapping's rules, merges what all endpoints said (`merge`), and computes
//! what only several polls together can tell (`derive`). An endpoint that is asked less often than at each poll keeps
//! its numbers until it is asked again, and loses them when that fails: nothing is shown that is not true any more.

mod derive;
mod fetch;
mod look;
mod merge;
mod schedule;
mod settings;
mod state;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tracing::{info, warn};

use self::derive::{Derive, Derived};
use self::fetch::Verdict;
pub use self::look::{Look, look};
use self::merge::{Answer, MissCounts, Sample};
pub use self::settings::ServiceTarget;
use self::state::State;
use super::{Collector, Health, PollError, Reason};

use crate::http::client::{Client, Response, Settings};
use crate::mapping::{self, Endpoint, Series, SeriesSample, evaluate};
use crate::metric::text::is_label_name;
use crate::metric::{Families, Metric, MetricInfo, Unit, vocabulary};

const UP: Metric<0> = Metric::gauge(
    "service_up",
    &[],
    "Whether the service was read: at the last poll that asked, at least one endpoint answered usefully.",
)
.unit(Unit::Bool)
.source("poll");
const MAPPING_ERRORS: Metric<3> = Metric::counter(
    "service_mapping_errors_total",
    &["endpoint", "metric", "reason"],
    "Values that a mapping looked for and did not get, or that need care, by reason; docs/MAPPING.md lists the reasons.",
)
.source("agent");
const PASS_THROUGH_REFUSED: Metric<1> = Metric::gauge(
    "service_pass_through_refused",
    &["endpoint"],
    "Series of the service's own exposition that were left out of the last poll: their names are the agent's own, or their labels have names that are none or stand twice.",
)
.source("agent");

/// Watches one service.
pub struct ServiceCollector {
    target: ServiceTarget,
    client: Result<Client, String>,
    states: Vec<State>,
    derive: Derive,
    misses: MissCounts,
}

/// What one poll saw.
#[derive(Debug)]
pub struct Snapshot {
    samples: Vec<Sample>,
    derived: Derived,
    pass_through: Vec<(String, Vec<Series>)>,
}

impl ServiceCollector {
    /// A collector that has not connected yet.
    #[must_use]
    pub fn new(target: ServiceTarget) -> Self {
        let states = target.mapping.endpoints.iter().map(|_| State::default()).collect();
        let client = Client::new(&target.url, settings(&target));
        let derive = Derive::new(target.window);
        Self { target, client, states, derive, misses: MissCounts::new() }
    }

    /// Asks one endpoint and takes note of what it said.
    async fn ask(&mut self, index: usize, limit: Duration) {
        let path = &self.target.mapping.endpoints[index].path;
        let state = &mut self.states[index];
        state.requests += 1;
        (state.status, state.phases, state.age, state.stale) = (None, None, None, None);
        let fetched = fetch::get(&mut self.client, &self.target.url, path, limit).await;
        let (now, jitter) = (Instant::now(), fastrand::f64());
        match fetched {
            Ok(response) => self.heed(index, &response, now, jitter),
            Err(error) => {
                self.states[index].timing.failed(now, None, jitter);
                self.fail(index, error);
            }
        }
    }

    /// Takes note of an answer that came at `now`.
    fn heed(&mut self, index: usize, response: &Response, now: Instant, jitter: f64) {
        let mapping = Arc::clone(&self.target.mapping);
        let endpoint = &mapping.endpoints[index];
        let state = &mut self.states[index];
        state.status = Some(response.status);
        state.phases = Some(response.phases);
        let asked_to_wait = response.status == 429 || response.retry_after.is_some();
        state.throttled += u64::from(asked_to_wait);
        let was_absent = std::mem::take(&mut state.absent);
        match fetch::judge(endpoint, &self.target.url.to_string(), response, SystemTime::now()) {
            Verdict::Useful(body, age) => {
                state.timing.succeeded(now, response.retry_after, jitter);
                // A body without a timestamp is not known to be fresh.
                (state.age, state.stale) = (age, age.map(|_| false));
                self.take(index, &body);
            }
            Verdict::Stale(error, age) => {
                state.timing.failed(now, response.retry_after, jitter);
                (state.age, state.stale) = (Some(age), Some(true));
                self.fail(index, error);
            }
            Verdict::Absent(error) => {
                state.timing.absent(now, jitter);
                state.absent = true;
                state.drop_answer();
                state.error = None;
                if !was_absent {
                    info!(target_name = %self.target.name, endpoint = %endpoint.name, %error, "endpoint is not there; going on without it");
                }
            }
            Verdict::Failed(error) => {
                state.timing.failed(now, response.retry_after, jitter);
                self.fail(index, error);
            }
        }
    }

    /// Takes note of a useful body.
    fn take(&mut self, index: usize, body: &mapping::Body) {
        let mapping = &self.target.mapping;
        let endpoint = &mapping.endpoints[index];
        let state = &mut self.states[index];
        let mut evaluation = evaluate(mapping, index, &body.tree);
        if let Some(before) = state.before() {
            merge::note_resets(mapping, before, &mut evaluation);
        }
        state.series = passing(endpoint, body);
        state.answer = Some(Answer { evaluation, fresh: true });
        state.last_success = Some(SystemTime::now());
        if state.error.take().is_some() {
            info!(target_name = %self.target.name, endpoint = %endpoint.name, "endpoint is back");
        }
    }

    /// Takes note of a failure; it is logged when it is a new one.
    fn fail(&mut self, index: usize, error: PollError) {
        let state = &mut self.states[index];
        state.drop_answer();
        if state.error.as_ref().map(|last| last.reason) != Some(error.reason) {
            let endpoint = &self.target.mapping.endpoints[index].name;
            warn!(target_name = %self.target.name, %endpoint, reason = %error.reason.as_str(), %error, "endpoint failed");
        }
        state.error = Some(error);
    }

    /// Gives up what is too old to be shown: a service that asks for an hour of peace is not what it was an hour ago.
    fn give_up_outdated(&mut self, now: Instant) {
        let mapping = Arc::clone(&self.target.mapping);
        for (index, endpoint) in mapping.endpoints.iter().enumerate() {
            if self.states[index].timing.is_outdated(endpoint, self.target.interval, now) {
                self.states[index].timing.useful = false;
                self.fail(index, fetch::held_off(endpoint, &self.target.url.to_string()));
            }
        }
    }

    /// Asks what is due, in time and within the budget. Returns whether the service is there: something that was asked
    /// was useful, or nothing failed.
    async fn ask_all(&mut self, started: Instant) -> bool {
        let mapping = Arc::clone(&self.target.mapping);
        let (interval, budget) = (self.target.interval, self.target.max_requests);
        // Enough is left of the deadline to hand in the poll.
        let until = started + self.target.deadline.mul_f64(0.95);
        let timings = |states: &[State]| states.iter().map(|state| state.timing).collect::<Vec<_>>();
        let due = schedule::due(&mapping.endpoints, &timings(&self.states), interval, started, budget);
        let mut queue = std::collections::VecDeque::from(due);
        let (mut asked, mut failed, mut useful) = (0, 0, 0);
        while let Some(index) = queue.pop_front() {
            let left = until.saturating_duration_since(Instant::now());
            if asked >= budget || left.is_zero() {
                break;
            }
            asked += 1;
            self.ask(index, mapping.endpoints[index].timeout.min(left)).await;
            let state = &self.states[index];
            failed += usize::from(state.error.is_some());
            useful += usize::from(state.timing.useful);
            if !state.timing.useful {
                let now = Instant::now();
                for fallback in schedule::fallbacks(&mapping.endpoints, &timings(&self.states), interval, now, index)
                    .into_iter()
                    .rev()
                {
                    queue.push_front(fallback);
                }
            }
            if self.is_unreachable(index) {
                // Who refuses one connection refuses the next one.
                break;
            }
        }
        useful > 0 || failed == 0
    }

    fn is_unreachable(&self, index: usize) -> bool {
        let reason = self.states[index].error.as_ref().map(|error| error.reason);
        // A connection that broke is no reason: it may have been this endpoint's answer that broke it.
        matches!(reason, Some(Reason::Refused | Reason::Tls)) && self.states[index].status.is_none()
    }

    /// The service is away, or answers with nothing but errors: what it said a minute ago is not true any more, of
    /// whatever endpoint.
    fn lose(&mut self) {
        let error = self.error();
        for state in self.states.iter_mut().filter(|state| state.requests > 0) {
            state.lose(&error);
        }
    }

    /// The poll's error: the first one of an endpoint that has no answer.
    fn error(&self) -> PollError {
        self.states.iter().find_map(|state| state.error.clone()).unwrap_or_else(|| {
            let attempt = format!("asking {}", self.target.url);
            let cause = "it has none of the endpoints that the mapping names";
            PollError::new(Reason::Status, attempt, cause, "check url, and whether the profile is one of this service")
        })
    }

    /// The samples of all answers that are still good. Misses of the fresh ones are counted, and logged when they are new.
    fn merge(&mut self) -> Option<Vec<Sample>> {
        let mapping = &self.target.mapping;
        let answers: Vec<Option<&Answer>> = self.states.iter().map(|state| state.answer.as_ref()).collect();
        if answers.iter().all(Option::is_none) {
            return None;
        }
        for miss in merge::count_misses(mapping, &answers, &mut self.misses) {
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
        Some(merge::merge(mapping, &answers))
    }

    /// What all endpoints together say at `now`.
    fn snapshot(&mut self, now: Instant) -> Result<Snapshot, PollError> {
        let samples = self.merge().ok_or_else(|| self.error())?;
        let derived = self.derive.observe(&samples, now);
        let endpoints = self.target.mapping.endpoints.iter().zip(&self.states);
        let with_series = endpoints.filter(|(_, state)| !state.series.is_empty());
        let pass_through = with_series.map(|(endpoint, state)| (endpoint.name.clone(), state.series.clone())).collect();
        Ok(Snapshot { samples, derived, pass_through })
    }
}

impl Collector for ServiceCollector {
    const NAME: &'static str = "service";
    type Snapshot = Snapshot;

    fn metrics() -> Vec<MetricInfo> {
        let own = vec![*UP.info(), *MAPPING_ERRORS.info(), *PASS_THROUGH_REFUSED.info()];
        [own, state::metrics(), vocabulary::metrics()].concat()
    }

    async fn poll(&mut self) -> Result<Snapshot, PollError> {
        let started = Instant::now();
        for answer in self.states.iter_mut().filter_map(|state| state.answer.as_mut()) {
            answer.fresh = false;
        }
        self.give_up_outdated(started);
        if !self.ask_all(started).await {
            self.lose();
        }
        self.snapshot(Instant::now())
    }

    fn export(snapshot: &Snapshot, out: &mut Families) {
        snapshot.derived.export(out);
        for sample in snapshot.samples.iter().filter(|sample| !snapshot.derived.replaces(&sample.definition.name)) {
            let labels: Vec<&str> = sample.labels.iter().map(String::as_str).collect();
            out.push_defined(&sample.definition, &labels, sample.value);
        }
        for (endpoint, series) in &snapshot.pass_through {
            export_series(endpoint, series, out);
        }
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        out.push_bool(&UP, [], health.error.is_none());
    }

    fn export_state(&self, out: &mut Families) {
        for (endpoint, state) in self.target.mapping.endpoints.iter().zip(&self.states) {
            state.export(&endpoint.name, out);
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
        ..Settings::default()
    }
}

/// The families of a body that pass through.
fn passing(endpoint: &Endpoint, body: &mapping::Body) -> Vec<Series> {
    body.series.iter().filter(|series| endpoint.passes(&series.name)).cloned().collect()
}

/// Names the series of a service's own exposition as it named them.
fn export_series(endpoint: &str, series: &[Series], out: &mut Families) {
    let mut refused = 0_usize;
    for family in series {
        if vocabulary::is_taken(&family.name) {
            refused += family.samples.len();
            continue;
        }
        let help = if family.help.is_empty() { "Passed through from the service." } else { family.help.as_str() };
        let header = (family.name.as_str(), family.kind, help);
        for sample in &family.samples {
            match labels(sample) {
                Some(labels) => out.push_foreign(header, sample.suffix, &labels, sample.value),
                None => refused += 1,
            }
        }
    }
    out.push(&PASS_THROUGH_REFUSED, [endpoint], refused as f64);
}

/// The labels of a foreign sample; `None` if Prometheus would refuse them, and with them the whole exposition.
fn labels(sample: &SeriesSample) -> Option<Vec<(&str, &str)>> {
    let mut names = HashSet::new();
    let mut labels = Vec::new();
    for (name, value) in &sample.labels {
        // Prometheus does the same to a label that it sets itself.
        let name = if name == "target" { "exported_target" } else { name };
        if !is_label_name(name) || !names.insert(name) {
            return None;
        }
        labels.push((name, value.as_str()));
    }
    Some(labels)
}

#[cfg(test)]
mod tests;
