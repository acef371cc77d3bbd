//! The publish canary: a message on the agent's own channel, awaited on its own subscription.
//!
//! PING is answered while PUBLISH stalls (CLIENT PAUSE WRITE, a blocked event loop half), and a subscriber whose output
//! buffer is full gets nothing. The canary goes the way that messages go.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use redis::aio::{PubSub, PubSubSink, PubSubStream};
use redis::{Cmd, RedisConnectionInfo, RedisError, cmd};
use tokio::time::{Instant, timeout, timeout_at};

use super::link::Link;
use super::reply_error::{self, Meaning};
use super::session;
use super::stream::Budget;
use crate::collector::PollError;
use crate::config::RedisTarget;
use crate::metric::{Families, Metric, MetricInfo, Unit};

/// Bytes that may arrive on the subscription between two canaries: it carries one short message a poll.
const SUBSCRIPTION_BUDGET: u64 = 1024 * 1024;

const ROUND_TRIP: Metric<0> = Metric::gauge(
    "redis_publish_canary_seconds",
    &[],
    "Time from PUBLISH of the last canary to its arrival on the agent's subscription; of a lost one, how long it was \
     awaited.",
)
.unit(Unit::Seconds)
.source("PUBLISH, SUBSCRIBE");

const RECEIVED: Metric<0> =
    Metric::gauge("redis_publish_canary_received", &[], "Whether the last canary arrived within the poll's deadline.")
        .unit(Unit::Bool)
        .source("PUBLISH, SUBSCRIBE");

const SENT_TOTAL: Metric<0> =
    Metric::counter("redis_publish_canaries_total", &[], "Canaries sent, lost ones among them.").source("PUBLISH");

const LOST_TOTAL: Metric<0> = Metric::counter(
    "redis_publish_canaries_lost_total",
    &[],
    "Canaries that did not arrive within the poll's deadline.",
)
.source("PUBLISH, SUBSCRIBE");

/// What became of the canaries so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CanaryReport {
    round_trip: Duration,
    received: bool,
    sent: u64,
    lost: u64,
}

/// How one canary ended.
#[derive(Debug)]
pub(super) enum Flight {
    /// It arrived, or was awaited in vain; `link_clear` is false while the PUBLISH is still unanswered on the link.
    Done { report: CanaryReport, link_clear: bool },
    /// The server does not allow PUBLISH or SUBSCRIBE.
    Refused { command: &'static str, error: String },
}

/// The canary of one target: its subscription and its counters.
#[derive(Default)]
pub(super) struct Canary {
    subscription: Option<Subscription>,
    sent: u64,
    lost: u64,
}

struct Subscription {
    messages: PubSubStream,
    /// Dropping it ends the subscription.
    _sink: PubSubSink,
    budget: Budget,
}

impl Subscription {
    /// The subscription if its connection still stands. What arrived since the last canary is of no interest.
    fn alive(mut self) -> Option<Self> {
        loop {
            match self.messages.next().now_or_never() {
                Some(Some(_)) => {}
                Some(None) => return None,
                None => return Some(self),
            }
        }
    }
}

impl Canary {
    /// Sends one canary on `link` and awaits it until `until`. A subscription that cannot be had makes it a lost one.
    pub(super) async fn fly(
        &mut self,
        target: &RedisTarget,
        link: &mut Link,
        until: Instant,
        named: &mut bool,
    ) -> Flight {
        let began = Instant::now();
        let mut subscription = match self.subscription.take().and_then(Subscription::alive) {
            Some(subscription) => subscription,
            None => match timeout_at(until, subscribe(target, named)).await {
                Ok(Ok(subscription)) => subscription,
                Ok(Err(SubscribeError::Refused(error))) => return Flight::Refused { command: "SUBSCRIBE", error },
                Ok(Err(SubscribeError::Failed)) | Err(_) => return self.done(began.elapsed(), false, true),
            },
        };
        subscription.budget.grant(SUBSCRIPTION_BUDGET);
        // Another agent may watch the same server on the same channel.
        let token = format!("{:016x}", fastrand::u64(..));
        let started = Instant::now();
        let publish = [publish(target, &token)];
        let mut published = std::pin::pin!(link.ask(&publish));
        let mut answer = None;
        let received = loop {
            tokio::select! {
                message = subscription.messages.next() => match message {
                    Some(message) if message.get_payload_bytes() == token.as_bytes() => break true,
                    Some(_) => {}
                    None => break false,
                },
                reply = &mut published, if answer.is_none() => {
                    let failed = error_of(&reply).is_some();
                    answer = Some(reply);
                    if failed {
                        break false;
                    }
                }
                () = tokio::time::sleep_until(until) => break false,
            }
        };
        let round_trip = started.elapsed();
        if received {
            self.subscription = Some(subscription);
        }
        // The message may overtake PUBLISH's own answer, which follows at once.
        if received && answer.is_none() {
            answer = timeout(Duration::from_millis(100), published).await.ok();
        }
        match answer.as_ref().and_then(error_of) {
            Some(error) if reply_error::meaning(&error.0, &error.1) == Meaning::Refused => {
                Flight::Refused { command: "PUBLISH", error: format!("{} {}", error.0, error.1) }
            }
            // LOADING and the like: nothing gets through for now.
            _ => self.done(round_trip, received, matches!(answer, Some(Ok(_)))),
        }
    }

    fn done(&mut self, round_trip: Duration, received: bool, link_clear: bool) -> Flight {
        self.sent += 1;
        self.lost += u64::from(!received);
        let report = CanaryReport { round_trip, received, sent: self.sent, lost: self.lost };
        Flight::Done { report, link_clear }
    }
}

fn publish(target: &RedisTarget, token: &str) -> Cmd {
    let mut publish = cmd("PUBLISH");
    publish.arg(&target.canary_channel).arg(token);
    publish
}

/// Code and detail of an error reply.
fn error_of(answer: &Result<Vec<redis::Value>, RedisError>) -> Option<(String, String)> {
    let Ok(replies) = answer else { return None };
    replies.iter().find_map(|reply| match reply {
        redis::Value::ServerError(error) => {
            Some((error.code().to_owned(), error.details().unwrap_or_default().to_owned()))
        }
        _ => None,
    })
}

enum SubscribeError {
    Refused(String),
    Failed,
}

impl From<PollError> for SubscribeError {
    fn from(_: PollError) -> Self {
        Self::Failed
    }
}

impl From<RedisError> for SubscribeError {
    fn from(error: RedisError) -> Self {
        match error.code() {
            Some("NOPERM") => Self::Refused(error.to_string()),
            _ => Self::Failed,
        }
    }
}

async fn subscribe(target: &RedisTarget, named: &mut bool) -> Result<Subscription, SubscribeError> {
    let budget = Budget::default();
    budget.grant(SUBSCRIPTION_BUDGET);
    let stream = session::open(target, budget.clone(), named).await?;
    let info = RedisConnectionInfo::default().set_skip_set_lib_name();
    let mut pubsub = PubSub::new(&info, stream).await?;
    pubsub.subscribe(&target.canary_channel).await?;
    let (sink, messages) = pubsub.split();
    Ok(Subscription { messages, _sink: sink, budget })
}

/// Names what became of the canaries.
pub(super) fn export(report: &CanaryReport, out: &mut Families) {
    out.push(&ROUND_TRIP, [], report.round_trip.as_secs_f64());
    out.push(&RECEIVED, [], f64::from(u8::from(report.received)));
    out.push(&SENT_TOTAL, [], report.sent as f64);
    out.push(&LOST_TOTAL, [], report.lost as f64);
}

/// The metrics of this module.
pub(super) fn metrics() -> Vec<MetricInfo> {
    vec![*ROUND_TRIP.info(), *RECEIVED.info(), *SENT_TOTAL.info(), *LOST_TOTAL.info()]
}
