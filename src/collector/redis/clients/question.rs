//! CLIENT LIST, as long as there are not too many clients.

use std::time::Instant;

use redis::{Cmd, Value};

use super::{BufferLimits, ClassLimit, ClientSummary, ClientTracker, Options, export, metrics, summarize};
use crate::collector::redis::RedisTarget;
use crate::collector::redis::facts::{Facts, whole};
use crate::collector::redis::question::{Question, command};
use crate::collector::redis::reply::{self, Unexpected};
use crate::collector::redis::server_config::ServerConfig;
use crate::collector::redis::session;
use crate::metric::{Families, MetricInfo};

/// CLIENT LIST.
#[derive(Debug)]
pub struct ClientList {
    enabled: bool,
    max_clients: u64,
    options: Options,
    tracker: ClientTracker,
}

/// Whether CLIENT LIST is left out because of the number of clients at the poll before.
pub(in crate::collector::redis) fn is_skipped(target: &RedisTarget, facts: &Facts) -> bool {
    target.client_list && facts.connected_clients > target.client_list_max_clients
}

impl Question for ClientList {
    const NAME: &'static str = "CLIENT LIST";
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    /// The reply as sent: it is read in one pass, with the limits of CONFIG GET at hand.
    type Heard = Vec<u8>;
    type Answer = ClientSummary;

    fn new(target: &RedisTarget) -> Self {
        let options = Options {
            top_k: target.top_k,
            stale_after: target.stale_after,
            pools: target.pools.clone(),
            own_name: session::CLIENT_NAME,
        };
        let (enabled, max_clients) = (target.client_list, target.client_list_max_clients);
        Self { enabled, max_clients, options, tracker: ClientTracker::default() }
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        let asked = self.enabled && facts.connected_clients <= self.max_clients;
        asked.then(|| command(&["CLIENT", "LIST"])).into_iter().collect()
    }

    fn read(&self, replies: Vec<Value>) -> Result<Vec<u8>, Unexpected> {
        reply::into_bytes(replies, Self::NAME)
    }

    fn answer(&mut self, reply: Vec<u8>, facts: &Facts) -> ClientSummary {
        let limits = facts.config.as_deref().map(buffer_limits);
        summarize(&reply, &self.options, limits.as_ref(), &mut self.tracker, Instant::now())
    }

    fn export(summary: &ClientSummary, out: &mut Families) {
        export(summary, out);
    }
}

/// The limits that output buffers are held against.
fn buffer_limits(config: &ServerConfig) -> BufferLimits {
    let limit = |class| {
        config.output_limit(class).map_or_else(ClassLimit::default, |limit| ClassLimit {
            hard_bytes: limit.hard_bytes,
            soft_bytes: limit.soft_bytes,
        })
    };
    let mut replica = limit("replica");
    if replica.hard_bytes > 0 {
        // The server never closes a replica over less than its backlog.
        replica.hard_bytes = replica.hard_bytes.max(whole(config.number("repl-backlog-size").unwrap_or(0.0)));
    }
    BufferLimits { normal: limit("normal"), replica, pubsub: limit("pubsub") }
}
