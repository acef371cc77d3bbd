//! One poll: asking the endpoints that are due, and what each answer, or its lack, changes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tracing::{info, warn};

use super::fetch::{self, Verdict};
use super::merge::{self, EndpointReport};
use super::pass_through::Passing;
use super::state::EndpointState;
use super::{ServiceCollector, instances, schedule};
use crate::collector::{PollError, Reason};
use crate::http::client::Response;
use crate::mapping::{Body, evaluate};

/// How long an instance is taken into account that is not heard of, at least.
const INSTANCE_MEMORY: Duration = Duration::from_mins(5);

impl ServiceCollector {
    /// Asks one endpoint and keeps what it said.
    async fn ask(&mut self, index: usize, limit: Duration) {
        let path = &self.target.mapping.endpoints[index].path;
        let state = &mut self.states[index];
        state.requests += 1;
        state.resting = false;
        state.forget_fetch();
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

    /// Judges an answer that came at `now`, and keeps what it said.
    pub(super) fn heed(&mut self, index: usize, response: &Response, now: Instant, jitter: f64) {
        let mapping = Arc::clone(&self.target.mapping);
        let endpoint = &mapping.endpoints[index];
        let state = &mut self.states[index];
        state.status = Some(response.status);
        state.phases = Some(response.phases);
        let asked_to_wait = response.status == 429 || response.retry_after.is_some();
        state.throttled += u64::from(asked_to_wait);
        let longest = self.target.max_retry_after;
        let retry_after = response.retry_after.map(|pause| pause.min(longest)).filter(|pause| !pause.is_zero());
        let was_absent = std::mem::take(&mut state.absent);
        match fetch::judge(endpoint, &self.target.url.to_string(), response, SystemTime::now()) {
            Verdict::Useful(body, age) => {
                let was_away = !self.states.iter().any(|state| state.timing.useful);
                if was_away {
                    self.states.iter_mut().for_each(|state| state.timing.service_is_back());
                }
                let state = &mut self.states[index];
                state.timing.succeeded(now, retry_after, jitter);
                // A body without a timestamp is not known to be fresh.
                (state.age, state.stale) = (age, age.map(|_| false));
                self.take(index, &body, now);
            }
            Verdict::Stale(error, age) => {
                state.timing.failed(now, retry_after, jitter);
                (state.age, state.stale) = (Some(age), Some(true));
                self.fail(index, error);
            }
            Verdict::Absent(error) => {
                state.timing.absent(now, jitter);
                state.absent = true;
                state.drop_report();
                state.error.succeeded();
                if !was_absent {
                    info!(target_name = %self.target.name, endpoint = %endpoint.name, %error, "endpoint is not there; going on without it");
                }
            }
            Verdict::Failed(error) => {
                state.timing.failed(now, retry_after, jitter);
                self.fail(index, error);
            }
        }
    }

    /// Reads a useful body.
    fn take(&mut self, index: usize, body: &Body, now: Instant) {
        let mapping = &self.target.mapping;
        let endpoint = &mapping.endpoints[index];
        let state = &mut self.states[index];
        let mut evaluation = evaluate(mapping, index, &body.tree);
        let mut run = Some(0);
        if let Some(at) = &endpoint.instance {
            let memory = INSTANCE_MEMORY.max(10 * endpoint.every.unwrap_or(self.target.interval.length()));
            let name = instances::name(&body.tree, at);
            evaluation = state.instances.observe(mapping, name, evaluation, now, memory);
        } else if let Some(before) = state.report.as_ref().map(|report| &report.evaluation).or(state.dropped.as_ref()) {
            if state.turns.observe(mapping, before, &evaluation) {
                warn!(
                    target_name = %self.target.name,
                    endpoint = %endpoint.name,
                    advice = "set instances = \"resolved\" to poll each of them, or instance of the endpoint to where they say \
                              which one they are",
                    "several instances answer in turn: counters fall and come back; they are left out",
                );
            }
            if state.turns.are_mixed() {
                run = None;
            } else {
                merge::note_resets(mapping, before, &mut evaluation);
                run = Some(state.turns.breaks());
            }
        }
        if endpoint.tells_health && merge::says_unwell(mapping, &evaluation) {
            state.timing.press();
        }
        state.passing = Passing::of(endpoint, body);
        state.report = Some(EndpointReport { evaluation, fresh: true, run });
        state.last_success = Some(SystemTime::now());
        let is_back = state.error.succeeded().is_some();
        if state.flapping.is_logged(&self.target.name, Some(&endpoint.name), "up", is_back) {
            info!(target_name = %self.target.name, endpoint = %endpoint.name, "endpoint is back");
        }
    }

    /// Drops what a failed endpoint said before. The failure is logged when it is a new one.
    fn fail(&mut self, index: usize, error: PollError) {
        let state = &mut self.states[index];
        state.drop_report();
        let endpoint = &self.target.mapping.endpoints[index].name;
        let outcome = error.reason.as_str();
        let is_new = state.error.failed(error);
        let is_logged = state.flapping.is_logged(&self.target.name, Some(endpoint), outcome, is_new);
        if let Some(error) = state.error.get().filter(|_| is_logged) {
            warn!(target_name = %self.target.name, %endpoint, reason = %error.reason.as_str(), %error, "endpoint failed");
        }
    }

    /// Gives up what is too old to be shown: a service that asks to be left alone for minutes is not what it was minutes
    /// ago. That is no failure: it was not asked.
    pub(super) fn give_up_outdated(&mut self, now: Instant) {
        let mapping = Arc::clone(&self.target.mapping);
        for (endpoint, state) in mapping.endpoints.iter().zip(&mut self.states) {
            if state.timing.is_outdated(endpoint, self.target.interval.length(), now) {
                state.timing.useful = false;
                state.drop_report();
            }
        }
    }

    /// Notes what the endpoints are that were not asked: fallbacks that are not needed, and those that are left alone.
    pub(super) fn settle(&mut self, now: Instant) {
        let mapping = Arc::clone(&self.target.mapping);
        let timings: Vec<_> = self.states.iter().map(|state| state.timing).collect();
        for (endpoint, state) in mapping.endpoints.iter().zip(&mut self.states) {
            if schedule::is_replaced(&mapping.endpoints, &timings, endpoint) {
                state.rest();
            }
            state.held_off = state.timing.is_held_off(now);
        }
    }

    /// Asks what is due, in time and within the budget. Returns whether the service is there: something that was asked
    /// was useful, or nothing failed.
    pub(super) async fn ask_all(&mut self, started: Instant) -> bool {
        let mapping = Arc::clone(&self.target.mapping);
        let (interval, budget) = (self.target.interval.length(), self.target.max_requests);
        // Enough is left of the deadline to hand in the poll.
        let until = started + self.target.deadline.mul_f64(0.95);
        let timings = |states: &[EndpointState]| states.iter().map(|state| state.timing).collect::<Vec<_>>();
        let due = schedule::due(&mapping.endpoints, &timings(&self.states), interval, started, budget);
        let mut queue = VecDeque::from(due);
        let (mut asked, mut failed, mut useful) = (0, 0, 0);
        while let Some(index) = queue.pop_front() {
            let left = until.saturating_duration_since(Instant::now());
            if asked >= budget || left.is_zero() {
                break;
            }
            asked += 1;
            self.ask(index, mapping.endpoints[index].timeout.min(left)).await;
            let state = &self.states[index];
            failed += usize::from(state.error.get().is_some());
            useful += usize::from(state.timing.useful);
            if !state.timing.useful {
                let now = Instant::now();
                let timings = timings(&self.states);
                for fallback in
                    schedule::fallbacks(&mapping.endpoints, &timings, interval, now, index).into_iter().rev()
                {
                    queue.push_front(fallback);
                }
            }
            if self.is_unreachable(index) {
                // A service that refuses one connection refuses the next one.
                break;
            }
        }
        useful > 0 || failed == 0
    }

    fn is_unreachable(&self, index: usize) -> bool {
        let reason = self.states[index].error.get().map(|error| error.reason);
        // A broken connection is not a reason: it may have been this endpoint's answer that broke it.
        matches!(reason, Some(Reason::Refused | Reason::Tls)) && self.states[index].status.is_none()
    }

    /// The service is away, or answers with nothing but errors: what any of its endpoints said a minute ago is no longer
    /// true.
    pub(super) fn lose(&mut self) {
        let error = self.error();
        for state in self.states.iter_mut().filter(|state| state.requests > 0) {
            state.lose(&error);
        }
    }
}
