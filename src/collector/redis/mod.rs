//! The Redis collector: one server, one persistent connection, one pipelined round trip a poll.
//!
//! I/O lives in [`link`](self) and its neighbours; each reply has a module that parses it into a typed value and names
//! what is in it. A poll measures PING first, then asks everything at once, then (if enabled) flies the canary.

mod ask;
mod canary;
pub mod clients;
pub mod cluster;
mod environment;
mod facts;
pub mod hit_ratio;
pub mod info;
mod label;
pub mod latency;
mod link;
mod metrics;
mod ping;
pub mod pubsub;
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

use ::redis::Value;
use tokio::time::Instant;

use self::ask::{Answer, Command, Outcome};
use self::canary::Canary;
use self::facts::{Facts, whole};
use self::info::Info;
use self::link::Link;
use self::ping::Pings;
use self::reply::Unexpected;
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
    canary: Canary,
    slowlog: slowlog::SlowlogTracker,
    hit_ratio: hit_ratio::HitRatio,
    buffers: clients::BufferTracker,
    client_options: clients::Options,
}

impl RedisCollector {
    /// A collector that has not connected yet.
    #[must_use]
    pub fn new(target: RedisTarget) -> Self {
        let pools = target.pools.iter().map(|pool| clients::Pool {
            name: pool.name.clone(),
            matcher: pool.matcher.clone(),
            max: pool.max,
            idle_after: pool.idle_after,
        });
        let client_options = clients::Options {
            top_k: target.top_k,
            stale_after: target.stale_after,
            pools: pools.collect(),
            own_name: session::CLIENT_NAME,
        };
        Self {
            link: None,
            resolver: Resolver::default(),
            support: Support::default(),
            facts: Facts::default(),
            canary: Canary::default(),
            slowlog: slowlog::SlowlogTracker::default(),
            hit_ratio: hit_ratio::HitRatio::new(target.hit_ratio_window),
            buffers: clients::BufferTracker::default(),
            client_options,
            target,
        }
    }

    /// The open connection, or a new one, with its PINGs.
    ///
    /// A connection from an earlier poll may have ended since (the server's `timeout`, a restart): that is no failure of
    /// this poll, so it connects again at once.
    async fn linked(&mut self) -> Result<(Link, Option<Pings>), PollError> {
        if let Some(mut link) = self.link.take() {
            link.begin_poll();
            match ping::measure(&self.target, &mut link, &mut self.support).await {
                Err(error) if error.reason == Reason::Connect => {}
                outcome => return outcome.map(|pings| (link, pings)),
            }
        }
        self.support.reconnecting(Command::Info.name());
        let mut link = Link::open(&self.target, &mut self.resolver, &mut self.support).await?;
        self.meet(&mut link).await?;
        let pings = ping::measure(&self.target, &mut link, &mut self.support).await?;
        Ok((link, pings))
    }

    /// Learns which run of the server answers on a new connection, and what it can be asked.
    async fn meet(&mut self, link: &mut Link) -> Result<(), PollError> {
        if self.support.may_ask(Command::Info.name()) {
            let mut introduction = Snapshot::default();
            for answer in ask::ask(&self.target, link, vec![Command::Info], &self.facts).await? {
                self.take(answer, &mut introduction)?;
            }
        }
        Ok(())
    }

    /// Puts one answer into the snapshot. Only an INFO that is none fails the poll; anything else is left out and noted.
    fn take(&mut self, answer: Answer, snapshot: &mut Snapshot) -> Result<(), PollError> {
        let name = answer.command.name();
        match answer.outcome {
            Outcome::Replies(replies) => {
                let is_info = answer.command == Command::Info;
                match self.digest(&answer.command, &replies, snapshot) {
                    Ok(()) => self.support.answered(name),
                    Err(error) if is_info => {
                        let attempt = format!("asking {} for INFO", self.target.endpoint);
                        let advice = "is this a Redis server, or a proxy that answers INFO in its own way?";
                        return Err(PollError::new(Reason::Decode, attempt, error.to_string(), advice));
                    }
                    Err(error) => self.support.refused(&self.target.name, name, &error.to_string()),
                }
            }
            Outcome::State(state) => snapshot.state = Some(state),
            Outcome::Refused(error) => self.support.refused(&self.target.name, name, &error),
        }
        Ok(())
    }

    /// Parses the replies of one command into the snapshot.
    fn digest(&mut self, command: &Command, replies: &[Value], snapshot: &mut Snapshot) -> Result<(), Unexpected> {
        let first = replies.first().unwrap_or(&Value::Nil);
        match command {
            Command::Info => {
                let info = snapshot::info(first)?;
                self.support.observe_run(info.run_id());
                if self.facts.is_other_server(&info) {
                    self.slowlog.rebase();
                }
                self.facts.observe(&info);
                snapshot.start_time = self.facts.start_time;
                snapshot.hit_ratio = self.observe_hits(&info);
                snapshot.info = Some(info);
            }
            Command::Config => {
                let config = server_config::parse(replies)?;
                self.facts.has_commandlog = config.commandlog.execution_slower_than.is_some();
                snapshot.config = Some(config);
            }
            Command::ClientList => {
                let limits = snapshot.config.as_ref().map(snapshot::buffer_limits);
                let reply = reply::bytes(first, "CLIENT LIST")?;
                let now = std::time::Instant::now();
                let options = &self.client_options;
                snapshot.clients = Some(clients::summarize(reply, options, limits.as_ref(), &mut self.buffers, now));
            }
            Command::LatencyLatest => snapshot.latency.spikes = latency::parse_latest(first)?,
            Command::LatencyHistogram => snapshot.latency.histograms = latency::parse_histogram(first)?,
            Command::SlowlogLen => snapshot.slowlog_length = Some(slowlog::parse_len(first)?),
            // A second page is longer and holds the first one.
            Command::SlowlogGet(_) => snapshot.slowlog_entries = Some(slowlog::parse_get(first)?),
            Command::CommandlogLen => snapshot.commandlog = Some(slowlog::commandlog::parse(replies)?),
            Command::ClusterInfo => snapshot.cluster = Some(cluster::parse(first)?),
            Command::PubsubChannels(index) => snapshot.channels.push((*index, pubsub::parse_channels(first)?)),
            Command::PubsubNumsub(index, _) => {
                let counts = pubsub::parse_numsub(first)?;
                let pattern = self.target.pubsub_patterns.get(*index);
                let found = snapshot.channels.iter().find(|(of, _)| of == index);
                if let (Some(pattern), Some((_, found))) = (pattern, found) {
                    let summary = pubsub::PatternSubscribers::new(pattern, found, &counts, self.target.top_k);
                    snapshot.patterns.push(summary);
                }
            }
        }
        Ok(())
    }

    fn observe_hits(&mut self, info: &Info) -> Option<hit_ratio::WindowedRatio> {
        let (hits, misses) = (info.number("keyspace_hits")?, info.number("keyspace_misses")?);
        Some(self.hit_ratio.observe(std::time::Instant::now(), info.run_id(), whole(hits), whole(misses)))
    }

    /// What the first round trip made necessary to ask in a second one.
    fn follow_up(&self, snapshot: &mut Snapshot) -> Vec<Command> {
        let run_id = snapshot.info.as_ref().and_then(Info::run_id);
        let entries = snapshot.slowlog_entries.as_deref().unwrap_or_default();
        let mut commands: Vec<Command> =
            self.slowlog.wanted(run_id, entries).map(Command::SlowlogGet).into_iter().collect();
        for (index, channels) in &snapshot.channels {
            if !channels.names.is_empty() {
                commands.push(Command::PubsubNumsub(*index, channels.names.clone()));
            } else if let Some(pattern) = self.target.pubsub_patterns.get(*index) {
                snapshot.patterns.push(pubsub::PatternSubscribers::new(pattern, channels, &[], 0));
            }
        }
        commands.retain(|command| self.support.may_ask(command.name()));
        commands
    }

    /// Flies the canary if it is enabled and allowed. Returns whether the link may be used again.
    async fn fly_canary(&mut self, link: &mut Link, started: Instant) -> (Option<canary::CanaryReport>, bool) {
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
        let mut snapshot = Snapshot::default();
        // The link is put back when no reply is outstanding: a poll that breaks or is cancelled leaves none half-read.
        let (mut link, pings) = self.linked().await?;
        if !self.support.may_ask(Command::Info.name()) {
            self.link = Some(link);
            return Err(self.blind());
        }
        snapshot.state = pings.and_then(|pings| pings.state);
        snapshot.pings = pings;
        snapshot.connect_seconds = link.connect_seconds;
        snapshot.client_list_skipped =
            self.target.client_list && self.facts.connected_clients > self.target.client_list_max_clients;
        let commands = ask::plan(&self.target, &self.facts, &self.support);
        for answer in ask::ask(&self.target, &mut link, commands, &self.facts).await? {
            self.take(answer, &mut snapshot)?;
        }
        if snapshot.info.is_none() {
            self.link = Some(link);
            return Err(self.blind());
        }
        let more = self.follow_up(&mut snapshot);
        if !more.is_empty() {
            for answer in ask::ask(&self.target, &mut link, more, &self.facts).await? {
                self.take(answer, &mut snapshot)?;
            }
        }
        let run_id = snapshot.info.as_ref().and_then(Info::run_id).map(str::to_owned);
        if let (Some(length), Some(entries)) = (snapshot.slowlog_length, snapshot.slowlog_entries.take()) {
            snapshot.slowlog = Some(self.slowlog.update(run_id.as_deref(), length, &entries));
        }
        let (canary, link_clear) = self.fly_canary(&mut link, started).await;
        snapshot.canary = canary;
        snapshot.commands = self.support.snapshot();
        if link_clear && !link.is_bloated() {
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
