//! Which endpoints a poll asks, and when one is asked again.
//!
//! Pure: it takes the moment and draws nothing but the jitter that it is given.

use std::time::{Duration, Instant};

use crate::mapping::Endpoint;
use crate::net::{Backoff, lengthened};

/// First pause after a failed fetch.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// When an endpoint that the service does not have is looked for again.
const ABSENT_PAUSE: Duration = Duration::from_mins(10);

/// What the schedule knows of one endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// When it was last asked.
    asked_at: Option<Instant>,
    /// What it said is lost, or must be asked again soon: it is due, however seldom it is asked.
    forgotten: bool,
    /// The agent's own pause: it is not asked before.
    not_before: Option<Instant>,
    /// It asked to be left alone until then.
    held_off: Option<Instant>,
    /// The service does not have it.
    absent: bool,
    backoff: Backoff,
    /// Whether its last answer was a useful one.
    pub(super) useful: bool,
}

impl Default for Timing {
    fn default() -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        Self {
            asked_at: None,
            forgotten: false,
            not_before: None,
            held_off: None,
            absent: false,
            backoff,
            useful: false,
        }
    }
}

impl Timing {
    /// It answered usefully; `retry_after` is how long it asks to be left alone all the same.
    pub(super) fn succeeded(&mut self, now: Instant, retry_after: Option<Duration>, jitter: f64) {
        let held_off = retry_after.map(|pause| later(now, pause, jitter));
        *self = Self { asked_at: Some(now), held_off, useful: true, ..Self::default() };
    }

    /// It did not. A pause that the service asks for is kept, and lengthened by a jitter of 0 to 1 tenth: many agents are
    /// told the same. The agent's own pause has none: it ends with the next poll, and the times of those are random.
    pub(super) fn failed(&mut self, now: Instant, retry_after: Option<Duration>, jitter: f64) {
        let own = self.backoff.failed();
        self.asked_at = Some(now);
        (self.forgotten, self.absent) = (false, false);
        self.held_off = retry_after.map(|pause| later(now, pause, jitter));
        self.not_before = self.held_off.is_none().then_some(now + own);
        self.useful = false;
    }

    /// The service has no such endpoint.
    pub(super) fn absent(&mut self, now: Instant, jitter: f64) {
        self.failed(now, None, jitter);
        self.not_before = Some(later(now, ABSENT_PAUSE, jitter));
        self.absent = true;
        self.backoff.succeeded();
    }

    /// What it said is not to be believed any more: it is asked again as soon as it may be.
    pub(super) const fn forget(&mut self) {
        self.forgotten = true;
        self.useful = false;
    }

    /// It said that the service is not well: that it is well again must not wait until it is due.
    pub(super) const fn press(&mut self) {
        self.forgotten = true;
    }

    /// The service was away as a whole, and answers again: what the endpoint was left alone for was not its own fault.
    pub(super) fn service_is_back(&mut self) {
        if !self.absent {
            (self.not_before, self.forgotten) = (None, true);
            self.backoff.succeeded();
        }
    }

    /// Whatever it is to be left alone for, it is asked at the next poll.
    pub(super) const fn release(&mut self) {
        (self.not_before, self.held_off, self.forgotten) = (None, None, true);
    }

    /// Whether it asked to be left alone, and is.
    pub(super) fn is_held_off(&self, now: Instant) -> bool {
        self.held_off.is_some_and(|until| now < until)
    }

    /// Whether the pause that it asked for has lasted so long that what it said before is not what is: a minute more than
    /// its time from one fetch to the next.
    pub(super) fn is_outdated(&self, endpoint: &Endpoint, interval: Duration, now: Instant) -> bool {
        let period = endpoint.every.unwrap_or(interval).max(interval);
        let is_old = |at: Instant| now.saturating_duration_since(at) > period + LONGEST_PAUSE;
        self.useful && self.is_held_off(now) && self.asked_at.is_some_and(is_old)
    }

    /// How long it has been due; `None` if it is not. One that decides how the service is shown is left alone for two
    /// polls at most, whoever wants the pause.
    fn overdue(&self, endpoint: &Endpoint, interval: Duration, now: Instant, decides: bool) -> Option<Duration> {
        if endpoint.skipped {
            return None;
        }
        let paused = self.not_before.max(self.held_off).is_some_and(|until| now < until);
        // The poll after this one would come too late.
        let is_last_call = || self.asked_at.is_some_and(|at| now > at + interval + interval / 4);
        if paused && (self.absent || !decides || !is_last_call()) {
            return None;
        }
        let Some(asked_at) = self.asked_at.filter(|_| !self.forgotten) else { return Some(Duration::MAX) };
        // A poll comes a little early or late; half an interval decides to which one a fetch belongs.
        // A health that could not be read once must not be unknown for a minute.
        let is_pressing = endpoint.tells_health && !self.useful;
        let period = endpoint.every.filter(|_| !is_pressing).unwrap_or(Duration::ZERO).saturating_sub(interval / 2);
        now.saturating_duration_since(asked_at).checked_sub(period)
    }
}

/// Whether an endpoint decides how the service is shown: it tells its health, or no other one tells that it is there.
pub(super) fn decides(endpoints: &[Endpoint], timings: &[Timing], index: usize) -> bool {
    let is_there = |(other, timing): (usize, &Timing)| other != index && timing.useful;
    endpoints[index].tells_health || !timings.iter().enumerate().any(is_there)
}

fn later(now: Instant, pause: Duration, jitter: f64) -> Instant {
    now + lengthened(pause, jitter)
}

/// The endpoints to ask now, in the order of the mapping, at most `budget`. All but one are the first ones that are due;
/// the last place is for the one of the others that has waited longest, so that none is forgotten: in turns with one that
/// is meant for each poll, if there is one.
pub(super) fn due(
    endpoints: &[Endpoint],
    timings: &[Timing],
    interval: Duration,
    now: Instant,
    budget: usize,
) -> Vec<usize> {
    let replaced = |endpoint: &Endpoint| is_replaced(endpoints, timings, endpoint);
    let mut waiting: Vec<(usize, Duration)> = endpoints
        .iter()
        .zip(timings)
        .enumerate()
        .filter(|(_, (endpoint, _))| !replaced(endpoint))
        .filter_map(|(index, (endpoint, timing))| {
            Some((index, timing.overdue(endpoint, interval, now, decides(endpoints, timings, index))?))
        })
        // A fallback waits for the outcome of what it replaces, if that is asked now.
        .collect();
    let asked: Vec<usize> = waiting.iter().map(|(index, _)| *index).collect();
    waiting.retain(|(index, _)| endpoints[*index].fallback_of.is_none_or(|primary| !asked.contains(&primary)));
    if waiting.len() > budget {
        let rest = waiting.split_off(budget.saturating_sub(1));
        // What is meant for each poll is left out of two in a row for nothing that is asked once a minute.
        let left_out = |(index, overdue): &&(usize, Duration)| {
            endpoints[*index].every.is_none() && *overdue > interval + interval / 2
        };
        // Of several that have waited as long, the first one.
        let longest = || rest.iter().rev().max_by_key(|(_, overdue)| *overdue);
        waiting.extend(rest.iter().find(left_out).or_else(longest).copied());
    }
    waiting.into_iter().map(|(index, _)| index).collect()
}

/// Whether it is a fallback of what gives its numbers itself.
pub(super) fn is_replaced(endpoints: &[Endpoint], timings: &[Timing], endpoint: &Endpoint) -> bool {
    endpoint.fallback_of.is_some_and(|primary| timings[primary].useful && !endpoints[primary].skipped)
}

/// The fallbacks of an endpoint that has just failed, which may be asked now.
pub(super) fn fallbacks(
    endpoints: &[Endpoint],
    timings: &[Timing],
    interval: Duration,
    now: Instant,
    of: usize,
) -> Vec<usize> {
    let due = |index: &usize| {
        endpoints[*index].fallback_of == Some(of)
            && timings[*index].overdue(&endpoints[*index], interval, now, decides(endpoints, timings, *index)).is_some()
    };
    (0..endpoints.len()).filter(due).collect()
}

#[cfg(test)]
mod tests;
