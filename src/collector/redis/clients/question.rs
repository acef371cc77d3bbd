//! CLIENT LIST, as long as there are not too many clients.

use std::sync::Arc;
use std::time::Instant;

use redis::{Cmd, Value};

use clientlist::{BufferLimits, ClassLimit, ClientSummary, ClientTracker, Options, summarize};

use super::{export, metrics};
use crate::collector::redis::RedisTarget;
use crate::collector::redis::facts::{Facts, whole};
use crate::collector::redis::question::{Question, command};
use crate::collector::redis::reply::{self, Unexpected};
use crate::collector::redis::resp::Allowance;
use crate::collector::redis::server_config::ServerConfig;
use crate::collector::redis::session;
use crate::metric::{Families, MetricInfo};
use crate::topology::Sight;

/// CLIENT LIST.
#[derive(Debug)]
pub struct ClientList {
    enabled: bool,
    max_clients: u64,
    /// Bytes that the reply has for one client.
    line_bytes: u64,
    options: Options,
    tracker: ClientTracker,
}

/// Bytes of a line, until a reply shows how long they are here: those of Redis 7.0 for a client without a name.
const USUAL_LINE: u64 = 270;

impl Question for ClientList {
    const NAME: &'static str = "CLIENT LIST";
    const COMES_LAST: bool = true;
    const REPLY: Allowance = Allowance::TEXT;
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    /// The reply as sent: it is read in one pass, with the limits of CONFIG GET at hand.
    type Heard = Arc<Vec<u8>>;
    type Answer = ClientSummary;

    fn new(target: &RedisTarget) -> Self {
        let options = Options {
            top_k: target.top_k,
            stale_after: target.stale_after,
            pools: target.pools.clone(),
            own_name: session::CLIENT_NAME,
        };
        let (enabled, max_clients) = (target.client_list, target.client_list_max_clients);
        Self { enabled, max_clients, line_bytes: USUAL_LINE, options, tracker: ClientTracker::default() }
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        let asked = self.enabled && self.left_out(facts).is_none();
        asked.then(|| command(&["CLIENT", "LIST"])).into_iter().collect()
    }

    fn left_out(&self, facts: &Facts) -> Option<String> {
        let (clients, limit) = (facts.connected_clients, facts.normal_limit);
        let expected = clients.saturating_mul(self.line_bytes);
        if !self.enabled {
            None
        } else if clients > self.max_clients {
            let most = self.max_clients;
            Some(format!("CLIENT LIST is left out: {clients} clients, and client_list_max_clients is {most}"))
        } else if limit > 0 && expected > limit {
            Some(format!(
                "CLIENT LIST is left out: about {expected} bytes for {clients} clients, and the server closes who has more \
                 than {limit} bytes to read (client-output-buffer-limit normal)"
            ))
        } else {
            None
        }
    }

    fn read(&self, replies: Vec<Value>) -> Result<Arc<Vec<u8>>, Unexpected> {
        reply::into_bytes(replies, Self::NAME).map(Arc::new)
    }

    fn tell(&self, list: &Arc<Vec<u8>>, facts: &mut Facts) {
        facts.client_list = Some(Arc::clone(list));
    }

    fn answer(&mut self, reply: Arc<Vec<u8>>, facts: &Facts) -> ClientSummary {
        let lines = memchr::memchr_iter(b'\n', &reply).count();
        if let Some(bytes) = reply.len().checked_div(lines) {
            self.line_bytes = USUAL_LINE.max(bytes as u64);
        }
        let limits = facts.config.as_deref().map(buffer_limits);
        summarize(&reply, &self.options, limits.as_ref(), &mut self.tracker, Instant::now())
    }

    fn export(summary: &ClientSummary, out: &mut Families) {
        export(summary, out);
    }

    fn show(summary: &ClientSummary, sight: &mut Sight) {
        sight.clients.clone_from(&summary.addresses);
    }
}

/// The limits that output buffers are held against.
fn buffer_limits(config: &ServerConfig) -> BufferLimits {
    let limit = |class| {
        config.output_limit(class).map_or_else(ClassLimit::default, |limit| ClassLimit {
            hard_bytes: limit.hard_bytes,
            soft_bytes: limit.soft_bytes,
            soft_seconds: limit.soft_seconds,
        })
    };
    let mut replica = limit("replica");
    if replica.hard_bytes > 0 {
        // The server never closes a replica over less than its backlog.
        replica.hard_bytes = replica.hard_bytes.max(whole(config.number("repl-backlog-size").unwrap_or(0.0)));
    }
    BufferLimits { normal: limit("normal"), replica, pubsub: limit("pubsub") }
}
