//! The Redis collector: one server, one persistent connection, one pipelined round trip a poll.
//!
//! I/O lives in [`link`](self) and its neighbours; each question has a module that says how it is asked, read and
//! exported. A poll measures PING first, then asks everything at once, then (if enabled) flies the canary.

mod ask;
mod canary;
pub mod clients;
pub mod cluster;
mod digits;
mod environment;
pub mod facts;
pub mod hit_ratio;
pub mod info;
mod label;
mod last_run;
pub mod latency;
mod link;
mod metrics;
mod ping;
pub mod pubsub;
pub mod question;
pub mod reply;
mod reply_error;
pub mod server_config;
mod session;
mod settings;
pub mod slowlog;
mod snapshot;
mod stream;
mod support;
mod tls;

use tokio::time::Instant;

use self::ask::Answers;
use self::canary::{Canary, CanaryReport};
use self::facts::Facts;
use self::info::InfoAll;
use self::link::Link;
use self::ping::Pings;
use self::question::{Asked, QUESTIONS, Question as _, Row};
use self::support::Support;
use super::{Collector, Health, PollError, Reason};

use crate::metric::{Families, MetricInfo};
use crate::net::resolve::Resolver;

pub use self::settings::{PoolConfig, RedisTarget};
pub use self::snapshot::Snapshot;

/// Watches one Redis server.
pub struct RedisCollector {
    target: RedisTarget,
    link: Option<Link>,
    resolver: Resolver,
    support: Support,
    facts: Facts,
    questions: Vec<Box<dyn Asked>>,
    canary: Canary,
}

impl RedisCollector {
    /// A collector that has not connected yet.
    #[must_use]
    pub fn new(target: RedisTarget) -> Self {
        Self::with_questions(target, QUESTIONS)
    }

    /// A collector that asks these questions; one of them must be [`InfoAll`].
    #[must_use]
    pub fn with_questions(target: RedisTarget, questions: &[Row]) -> Self {
        Self {
            link: None,
            resolver: Resolver::default(),
            support: Support::default(),
            facts: Facts::default(),
            questions: questions.iter().map(|row| row.open(&target)).collect(),
            canary: Canary::default(),
            target,
        }
    }

    /// The open connection, or a new one, with its PINGs.
    ///
    /// A connection from an earlier poll may have ended since (the server's `timeout`, a restart): that is not a failure
    /// of this poll, so it connects again at once.
    async fn linked(&mut self) -> Result<(Link, Option<Pings>), PollError> {
        if let Some(mut link) = self.link.take() {
            link.begin_poll();
            match ping::measure(&self.target, &mut link, &mut self.support).await {
                Err(error) if error.reason == Reason::Connect => {}
                outcome => return outcome.map(|pings| (link, pings)),
            }
        }
        self.support.reconnecting(InfoAll::NAME);
        let mut link = Link::open(&self.target, &mut self.resolver, &mut self.support).await?;
        // Which run of the server answers, and in what version, decides what it can be asked.
        self.ask(&mut link, |name| name == InfoAll::NAME).await?;
        let pings = ping::measure(&self.target, &mut link, &mut self.support).await?;
        Ok((link, pings))
    }

    /// Flies the canary if it is enabled and allowed. Returns whether the link may be used again.
    async fn fly_canary(&mut self, link: &mut Link, started: Instant) -> (Option<CanaryReport>, bool) {
        // Enough is left of the deadline to hand in the poll, lost canary or not; and enough for the canary, or its loss
        // would say nothing.
        let until = started + self.target.deadline.mul_f64(0.9);
        let in_time = Instant::now() + self.target.deadline.mul_f64(0.1) < until;
        let allowed = [canary::PUBLISH, canary::SUBSCRIBE].iter().all(|command| self.support.may_ask(command));
        if !(self.target.canary && allowed && in_time) {
            return (None, true);
        }
        let Self { target, resolver, support, .. } = self;
        self.canary.fly(target, link, until, resolver, support).await
    }

    /// The poll's error where INFO is refused: nothing is known of such a server, not even that it is well.
    fn blind(&self) -> PollError {
        let attempt = format!("asking {} for INFO", self.target.endpoint);
        let cause = "the server refuses INFO to this user, and is not asked again on this connection";
        PollError::new(Reason::Acl, attempt, cause, "allow the user the commands listed in docs/SECURITY.md")
    }
}

impl Collector for RedisCollector {
    const NAME: &'static str = "redis";
    type Snapshot = Snapshot;

    fn metrics() -> Vec<MetricInfo> {
        snapshot::metrics()
    }

    async fn poll(&mut self) -> Result<Snapshot, PollError> {
        let started = Instant::now();
        // The link is put back when no reply is outstanding: a poll that breaks or is cancelled leaves none half-read.
        let (mut link, pings) = self.linked().await?;
        let client_list_skipped = clients::is_skipped(&self.target, &self.facts);
        let mut answers = Answers::default();
        if self.support.may_ask(InfoAll::NAME) {
            answers = self.ask(&mut link, |_| true).await?;
        }
        if !self.support.may_ask(InfoAll::NAME) {
            self.link = Some(link);
            return Err(self.blind());
        }
        let (canary, link_clear) = self.fly_canary(&mut link, started).await;
        let named = answers.state.or_else(|| pings.and_then(|pings| pings.state));
        let snapshot = Snapshot {
            pings,
            connect_seconds: link.connect_seconds,
            state: named.unwrap_or(if self.facts.loading { "loading" } else { "ok" }),
            client_list_skipped,
            answers: answers.of_questions,
            canary,
            support: self.support.snapshot(),
        };
        if link_clear && !link.is_bloated() && !link.is_outdated(self.target.tls.is_some()) {
            self.link = Some(link);
        }
        Ok(snapshot)
    }

    fn export(snapshot: &Snapshot, out: &mut Families) {
        snapshot::export(snapshot, out);
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        metrics::export_health(health, out);
    }
}
