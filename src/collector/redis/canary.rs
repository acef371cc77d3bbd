//! The publish canary: a message on the agent's own channel, awaited on its own subscription.
//!
//! PING is answered while PUBLISH stalls (CLIENT PAUSE WRITE, a blocked event loop half), and a subscriber whose output
//! buffer is full gets nothing. The canary goes the way that messages go.

use std::time::Duration;

use futures_util::FutureExt as _;
use redis::Value;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tracing::warn;

use super::ask::far;
use super::link::Link;
use super::question::command;
use super::reply;
use super::reply_error::{self, Meaning};
use super::session;
use super::support::Support;
use super::wire::{Ending, Wire};
use crate::collector::redis::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::metric::{Durations, Families, metrics};
use crate::net::resolve::Resolver;

/// Labels of `redis_command_supported`.
pub(super) const PUBLISH: &str = "PUBLISH";
pub(super) const SUBSCRIBE: &str = "SUBSCRIBE";

/// How long the answer to a PUBLISH may take when the message has arrived already.
const REPLY_AFTER_MESSAGE: Duration = Duration::from_millis(100);

metrics! {
    pub(super) fn metrics;
    ROUND_TRIP: gauge "redis_publish_canary_seconds" [] Seconds,
        "Time from PUBLISH of the last canary to its arrival on the agent's subscription; of a lost one the deadline of a \
         poll, after which no message is awaited, however soon it was known to be lost.", "PUBLISH, SUBSCRIBE";
    RECEIVED: gauge "redis_publish_canary_received" [] Bool,
        "Whether the last canary arrived within the poll's deadline.", "PUBLISH, SUBSCRIBE";
    DELIVERIES: histogram "redis_publish_canary_delivery_seconds" [] Seconds,
        "Time from PUBLISH of a canary to its arrival on the agent's subscription; lost ones are not in it.",
        "PUBLISH, SUBSCRIBE";
    FLOWN_TOTAL: counter "redis_publish_canaries_total" [] Count,
        "Canaries attempted, including lost ones and those without a subscription.", "PUBLISH, SUBSCRIBE";
    LOST_TOTAL: counter "redis_publish_canaries_lost_total" [] Count,
        "Canaries that did not arrive within the poll's deadline.", "PUBLISH, SUBSCRIBE";
}

/// Round trips of a canary that needs a subscription first: dialling, TLS, name and password, SUBSCRIBE, PUBLISH.
pub(super) const ROUND_TRIPS: u32 = 6;

/// Upper bounds of `redis_publish_canary_delivery_seconds`; the alert's thresholds are among them.
const BOUNDS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.5, 1.0];

/// What became of the canaries so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CanaryReport {
    round_trip: Duration,
    received: bool,
    flown: u64,
    lost: u64,
}

/// The canary of one target: its subscription and its counters.
pub(super) struct Canary {
    subscription: Option<Subscription>,
    /// Why there was no subscription the last time.
    problem: Option<Reason>,
    flown: u64,
    lost: u64,
    deliveries: Durations,
}

impl Default for Canary {
    fn default() -> Self {
        Self { subscription: None, problem: None, flown: 0, lost: 0, deliveries: Durations::new(BOUNDS) }
    }
}

/// A connection that has subscribed. Dropping it ends the subscription.
struct Subscription(Wire);

impl Subscription {
    /// The subscription if its connection still stands. What arrived since the last canary is thrown away.
    fn alive(mut self) -> Option<Self> {
        self.0.begin_poll(far());
        loop {
            match self.0.hear().now_or_never() {
                Some(Ok(_)) => {}
                Some(Err(_)) => return None,
                None => return Some(self),
            }
        }
    }

    /// What the next message says; `None` if there will be none.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let heard = self.0.hear().await.ok()?;
            if let Ok([kind, _, payload]) = reply::items(&heard, SUBSCRIBE)
                && reply::bytes(kind, SUBSCRIBE).is_ok_and(|kind| kind == b"message")
                && let Ok(payload) = reply::bytes(payload, SUBSCRIBE)
            {
                return Some(payload.to_vec());
            }
        }
    }
}

impl Canary {
    /// Sends one canary on `link` and awaits it until `until`. Returns what became of it, nothing if it is not allowed,
    /// and whether the link may be used again: not while the PUBLISH is unanswered.
    pub(super) async fn fly(
        &mut self,
        target: &RedisTarget,
        link: &mut Link,
        until: Instant,
        resolver: &mut Resolver,
        support: &mut Support,
    ) -> (Option<CanaryReport>, bool) {
        let lost = target.deadline;
        let subscription = self.subscription.take().and_then(Subscription::alive);
        let mut subscription = match subscription {
            Some(subscription) => subscription,
            None => match timeout_at(until, subscribe(target, resolver, support)).await {
                Ok(Ok(subscription)) => subscription,
                Ok(Err(SubscribeError::Refused(error))) => {
                    support.refused(SUBSCRIBE, &error);
                    return (None, true);
                }
                // Where nobody can subscribe, no message arrives: that is a lost canary, however it came about.
                Ok(Err(SubscribeError::Failed(error))) => {
                    self.report_problem(target, &error);
                    return (Some(self.done(lost, false)), true);
                }
                Err(_) => return (Some(self.done(lost, false)), true),
            },
        };
        self.problem = None;
        support.answered(SUBSCRIBE);
        let started = Instant::now();
        let (received, answer) = round_trip(target, link, &mut subscription, until).await;
        let round_trip = if received { started.elapsed() } else { lost };
        // A subscription on which nothing arrived may be dead without knowing it, and what arrives late on it is worth
        // nothing: the next canary has one of its own.
        if received {
            subscription.0.rest();
            self.subscription = Some(subscription);
        }
        match answer.as_ref().map(error_of) {
            Some(Some((code, detail))) if reply_error::meaning(code, detail) == Meaning::Refused => {
                support.refused(PUBLISH, &reply_error::words(code, detail));
                return (None, true);
            }
            Some(None) => support.answered(PUBLISH),
            // LOADING and the like: nothing gets through for now.
            _ => {}
        }
        // The reply to a PUBLISH that is not answered yet would be taken for that to the next command on the link.
        (Some(self.done(round_trip, received)), matches!(answer, Some(Ok(_))))
    }

    fn done(&mut self, round_trip: Duration, received: bool) -> CanaryReport {
        self.flown += 1;
        self.lost += u64::from(!received);
        if received {
            self.deliveries.observe(round_trip);
        }
        CanaryReport { round_trip, received, flown: self.flown, lost: self.lost }
    }

    /// Exports all deliveries, whether or not the last poll was good.
    pub(super) fn export(&self, out: &mut Families) {
        self.deliveries.export(&DELIVERIES, [], out);
    }

    /// Logs why there is no subscription: once a change, not once a poll.
    fn report_problem(&mut self, target: &RedisTarget, error: &PollError) {
        if self.problem.replace(error.reason) != Some(error.reason) {
            warn!(target_name = %target.name, reason = %error.reason.as_str(), %error, "the canary has no subscription");
        }
    }
}

/// Publishes a message and awaits it; returns whether it arrived, and the answer to the PUBLISH if there is one yet.
async fn round_trip(
    target: &RedisTarget,
    link: &mut Link,
    messages: &mut Subscription,
    until: Instant,
) -> (bool, Option<Result<Value, Ending>>) {
    // Another agent may watch the same server on the same channel.
    let token = format!("{:016x}", fastrand::u64(..));
    let publish = command(&[PUBLISH, &target.canary_channel, &token]);
    // Its own end is not awaited here: a PUBLISH that is late is a lost canary.
    let mut published = std::pin::pin!(link.ask_one(&publish, until + REPLY_AFTER_MESSAGE));
    let mut answer = None;
    let received = loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) if message == token.as_bytes() => break true,
                Some(_) => {}
                None => break false,
            },
            reply = &mut published, if answer.is_none() => {
                let failed = reply.is_err() || error_of(&reply).is_some();
                // Of what was not published there is nothing to await; of what was, the message may yet come.
                answer = Some(reply);
                if failed {
                    break false;
                }
            }
            () = sleep_until(until) => break false,
        }
    };
    // The message may overtake PUBLISH's own answer, which follows at once.
    if received && answer.is_none() {
        answer = timeout(REPLY_AFTER_MESSAGE, published).await.ok();
    }
    (received, answer)
}

/// The error reply among the answers to a PUBLISH.
fn error_of(answer: &Result<Value, Ending>) -> Option<(&str, &str)> {
    reply_error::of(answer.as_ref().ok()?)
}

enum SubscribeError {
    Refused(String),
    Failed(PollError),
}

async fn subscribe(
    target: &RedisTarget,
    resolver: &mut Resolver,
    support: &mut Support,
) -> Result<Subscription, SubscribeError> {
    let named = target.commands.asks("setname") && support.may_ask(session::SET_NAME);
    let opened = session::open(target, resolver, support, named).await;
    let mut wire = opened.map_err(SubscribeError::Failed)?.wire;
    let attempt = || format!("subscribing to {} on {}", target.canary_channel, target.endpoint);
    let subscribe = command(&[SUBSCRIBE, &target.canary_channel]);
    // The caller sets the time limit.
    let reply = wire.ask_one(&subscribe, far()).await;
    let reply = reply.map_err(|ending| SubscribeError::Failed(ending.into_error(attempt(), SUBSCRIBE)))?;
    match reply_error::of(&reply) {
        None => Ok(Subscription(wire)),
        Some((code, detail)) if reply_error::meaning(code, detail) == Meaning::Refused => {
            Err(SubscribeError::Refused(reply_error::words(code, detail)))
        }
        Some((code, detail)) => {
            Err(SubscribeError::Failed(reply_error::from_reply(attempt(), SUBSCRIBE, code, detail)))
        }
    }
}

/// Exports what became of the canaries.
pub(super) fn export(report: &CanaryReport, out: &mut Families) {
    out.push(&ROUND_TRIP, [], report.round_trip.as_secs_f64());
    out.push_bool(&RECEIVED, [], report.received);
    out.push(&FLOWN_TOTAL, [], report.flown as f64);
    out.push(&LOST_TOTAL, [], report.lost as f64);
}
