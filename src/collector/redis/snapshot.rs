//! What one poll of a Redis server saw, and its names.

use redis::Value;

use super::canary::{self, CanaryReport};
use super::clients::{self, BufferLimits, ClassLimit, ClientSummary};
use super::info::{self, Info};
use super::ping::{self, Pings};
use super::reply::{self, Unexpected};
use super::server_config::{self, ServerConfig};
use super::{cluster, hit_ratio, latency, metrics, pubsub, slowlog, support};
use crate::metric::{Families, MetricInfo};

/// What one poll saw. A part that was not asked for, or was refused, is `None` or empty.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) pings: Option<Pings>,
    pub(super) connect_seconds: f64,
    /// The state that an error reply named, if any did.
    pub(super) state: Option<&'static str>,
    pub(super) info: Option<Info>,
    pub(super) start_time: Option<f64>,
    pub(super) hit_ratio: Option<hit_ratio::WindowedRatio>,
    pub(super) config: Option<ServerConfig>,
    pub(super) clients: Option<ClientSummary>,
    pub(super) client_list_skipped: bool,
    pub(super) latency: latency::Latency,
    pub(super) slowlog_length: Option<u64>,
    pub(super) slowlog_entries: Option<Vec<slowlog::Entry>>,
    pub(super) slowlog: Option<slowlog::Slowlog>,
    pub(super) commandlog: Option<slowlog::commandlog::CommandlogLengths>,
    pub(super) cluster: Option<cluster::ClusterInfo>,
    pub(super) channels: Vec<(usize, pubsub::Channels)>,
    pub(super) patterns: Vec<pubsub::PatternSubscribers>,
    pub(super) canary: Option<CanaryReport>,
    pub(super) commands: Vec<(&'static str, bool)>,
}

/// The INFO reply.
pub(super) fn info(reply: &Value) -> Result<Info, Unexpected> {
    let info = info::parse(reply::bytes(reply, "INFO")?);
    if info.is_empty() {
        return Err(Unexpected::new("INFO", "at least one known field", reply));
    }
    Ok(info)
}

/// The limits that output buffers are held against.
pub(super) fn buffer_limits(config: &ServerConfig) -> BufferLimits {
    let limit = |class| {
        config.output_limit(class).map_or_else(ClassLimit::default, |limit| ClassLimit {
            hard_bytes: limit.hard_bytes,
            soft_bytes: limit.soft_bytes,
        })
    };
    let mut replica = limit("replica");
    if replica.hard_bytes > 0 {
        // The server never closes a replica over less than its backlog.
        replica.hard_bytes = replica.hard_bytes.max(config.repl_backlog_size.unwrap_or(0));
    }
    BufferLimits { normal: limit("normal"), replica, pubsub: limit("pubsub") }
}

/// Names everything.
pub(super) fn export(snapshot: &Snapshot, out: &mut Families) {
    metrics::export_poll(snapshot.connect_seconds, snapshot.client_list_skipped, out);
    metrics::export_state(state(snapshot), out);
    if let Some(pings) = &snapshot.pings {
        ping::export(pings, out);
    }
    if let Some(canary) = &snapshot.canary {
        canary::export(canary, out);
    }
    let databases = snapshot.config.as_ref().and_then(ServerConfig::databases);
    if let Some(info) = &snapshot.info {
        info::export(info, databases, snapshot.start_time, out);
    }
    if let Some(ratio) = &snapshot.hit_ratio {
        hit_ratio::export(ratio, out);
    }
    if let Some(config) = &snapshot.config {
        server_config::export(config, out);
    }
    let usec =
        |command: &str| snapshot.info.as_ref().and_then(|info| info.command_usec(command)).map(|usec| usec as f64);
    latency::export(&snapshot.latency, usec, out);
    if let Some(slowlog) = &snapshot.slowlog {
        slowlog::export(slowlog, out);
    }
    if let Some(commandlog) = &snapshot.commandlog {
        slowlog::commandlog::export(commandlog, out);
    }
    if let Some(cluster) = &snapshot.cluster {
        cluster::export(cluster, out);
    }
    for pattern in &snapshot.patterns {
        pubsub::export(pattern, out);
    }
    if let Some(clients) = &snapshot.clients {
        clients::export(clients, out);
    }
    support::export(&snapshot.commands, out);
}

/// The state of the server: what an error reply said, else what INFO says.
fn state(snapshot: &Snapshot) -> &'static str {
    match (snapshot.state, &snapshot.info) {
        (Some(state), _) => state,
        (None, Some(info)) if info.loading() => "loading",
        (None, _) => "ok",
    }
}

/// Everything with a fixed name.
pub(super) fn metrics() -> Vec<MetricInfo> {
    [
        metrics::metrics(),
        ping::metrics(),
        canary::metrics(),
        info::metrics(),
        hit_ratio::metrics(),
        server_config::metrics(),
        latency::metrics(),
        slowlog::metrics(),
        cluster::metrics(),
        pubsub::metrics(),
        clients::metrics(),
        support::metrics(),
    ]
    .concat()
}
