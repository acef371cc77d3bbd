//! The Redis collector: one server, one persistent connection, a few round trips a poll.
//!
//! I/O lives in [`link`](self) and its neighbours; each question has a module that says how it is asked, read and
//! exported. A poll asks INFO first, without which there is none, measures PING, then asks everything else at once, then (if
//! enabled) flies the canary. What goes wrong behind INFO costs its own numbers alone.

mod ask;
mod asked;
mod canary;
pub mod clients;
pub mod cluster;
mod environment;
pub mod facts;
pub mod hit_ratio;
pub mod info;
pub mod keys;
mod last_run;
pub mod latency;
mod left_out;
mod link;
pub mod lookups;
pub mod members;
pub mod memory_stats;
mod metrics;
mod ping;
pub mod pubsub;
pub mod question;
pub mod queues;
pub mod reply;
mod reply_error;
pub mod resp;
pub mod sentinel;
pub mod server_config;
mod session;
mod settings;
pub mod slot;
pub mod slowlog;
mod snapshot;
pub mod streams;
mod support;
mod switches;
mod think;
mod tls;
mod trial;
mod wire;

use std::time::Duration;

use tokio::time::Instant;

use self::asked::Asked;
use self::canary::{Canary, CanaryReport};
use self::clients::ClientList;
use self::facts::Facts;
use self::link::Link;
use self::question::{QUESTIONS, Question as _, Row};
use self::support::Support;
use super::{Collector, Health, PollError};

use crate::config::TargetSettings;
use crate::metric::{Families, MetricInfo};
use crate::net::Blocking;
use crate::net::resolve::Resolver;
use crate::topology::Sight;

pub use self::settings::RedisTarget;
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
    pings: ping::History,
    /// The last connection that was to get a name was not answered in time.
    name_late: bool,
    /// What the last poll left out, and why.
    notes: Vec<String>,
    /// Reads long replies; it has the questions and the facts meanwhile.
    thread: Blocking<think::Mind>,
    /// The configuration was read again since the last poll.
    is_reloaded: bool,
}

impl RedisCollector {
    /// A collector that has not connected yet.
    #[must_use]
    pub fn new(target: RedisTarget) -> Self {
        Self::with_questions(target, QUESTIONS)
    }

    /// A collector that asks these questions; one of them must be that of INFO.
    #[must_use]
    pub fn with_questions(target: RedisTarget, questions: &[Row]) -> Self {
        let wanted = questions.iter().filter(|row| row.switch.is_none_or(|switch| target.commands.asks(switch)));
        Self {
            link: None,
            resolver: Resolver::at(target.addresses()),
            support: Support::new(&target.name),
            facts: Facts::default(),
            questions: wanted.map(|row| row.open(&target)).collect(),
            canary: Canary::default(),
            pings: ping::History::default(),
            name_late: false,
            notes: Vec::new(),
            thread: Blocking::new("replies"),
            is_reloaded: false,
            target,
        }
    }

    /// Flies the canary if it is enabled and allowed, over a line with that round trip. Returns whether the link may be used
    /// again.
    async fn fly_canary(&mut self, link: &mut Link, trip: Duration, until: Instant) -> (Option<CanaryReport>, bool) {
        // Enough is left for the canary and a subscription, or its loss would say nothing but that the line is slow.
        let enough = self.target.deadline.mul_f64(0.1).max(trip * canary::ROUND_TRIPS);
        let in_time = Instant::now() + enough < until;
        let allowed = [canary::PUBLISH, canary::SUBSCRIBE].iter().all(|command| self.support.may_ask(command));
        if !(self.target.canary && allowed && in_time) {
            return (None, true);
        }
        let Self { target, resolver, support, .. } = self;
        self.canary.fly(target, link, until, resolver, support).await
    }
}

impl Collector for RedisCollector {
    const NAME: &'static str = "redis";
    type Snapshot = Snapshot;

    fn metrics() -> Vec<MetricInfo> {
        [snapshot::metrics(), members::metrics()].concat()
    }

    async fn poll(&mut self) -> Result<Snapshot, PollError> {
        self.recollect().await;
        self.notes.clear();
        self.support.begin_poll();
        self.facts.forget_replies();
        // Enough is left of the deadline to hand in what was heard.
        let until = Instant::now() + self.target.deadline.mul_f64(0.9);
        // The link is put back when no reply is outstanding: a poll that breaks or is cancelled leaves none half-read.
        let mut talk = self.ask_info(until).await?;
        let pings = self.ping(&mut talk).await;
        self.ask(&mut talk).await;
        let facts = &self.facts;
        let left_out: Vec<(&str, String)> =
            self.questions.iter().filter_map(|question| Some((question.name(), question.left_out(facts)?))).collect();
        let client_list_skipped = left_out.iter().any(|(name, _)| *name == ClientList::NAME);
        let answer = |(questions, facts): &mut think::Mind| {
            questions.iter_mut().filter_map(|question| question.answer(facts)).collect::<Vec<_>>()
        };
        let answers = self.think(talk.bytes, answer).await;
        self.facts.forget_replies();
        let notes: Vec<String> = self.questions.iter().filter_map(|question| question.note()).collect();
        let (mut canary, mut link_clear) = (None, true);
        if let Some(link) = &mut talk.link {
            let trip = pings.map_or(Duration::ZERO, |pings| pings.max);
            (canary, link_clear) = self.fly_canary(link, trip, until).await;
        }
        self.notes = left_out.into_iter().map(|(_, why)| why).chain(notes).chain(self.support.notes()).collect();
        let named = talk.state.or_else(|| pings.and_then(|pings| pings.state));
        let snapshot = Snapshot {
            pings,
            connect_seconds: talk.connect_seconds,
            state: named.unwrap_or(if self.facts.loading { "loading" } else { "ok" }),
            client_list_skipped,
            answers,
            canary,
            support: self.support.snapshot(),
        };
        let is_good = |link: &Link| link_clear && !link.is_outdated(self.target.tls.is_some());
        self.link = talk.link.filter(is_good).map(Link::rested);
        Ok(snapshot)
    }

    fn pace(&mut self, settings: &TargetSettings) {
        (*self.target).clone_from(settings);
    }

    fn export(snapshot: &Snapshot, out: &mut Families) {
        snapshot::export(snapshot, out);
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        metrics::export_health(health, out);
    }

    fn export_state(&self, out: &mut Families) {
        self.pings.export(out);
        self.canary.export(out);
        self.target.roster.export(self.target.node, out);
    }

    fn sight(&self, snapshot: &Snapshot) -> Sight {
        let mut sight = Sight { reached: self.resolver.last_reached(), ..Sight::default() };
        snapshot.answers.iter().for_each(|answer| answer.show(&mut sight));
        sight
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn reloaded(&mut self) {
        self.support.reloaded();
        self.is_reloaded = true;
    }
}
