//! A CLIENT LIST reply reduced to bounded numbers, in one pass.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::class::{BufferLimits, ClientClass};
use super::parse::clients;
use super::pool::Pool;
use super::tracker::ClientTracker;
use tally::Tally;

mod tally;
#[cfg(test)]
mod tests;

/// Addresses that are kept of one server. More tell nothing: whoever has so many clients is used by everybody.
pub const MAX_ADDRESSES: usize = 256;

/// What is told apart.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names, libraries, users, databases, addresses and output buffers that get their own series; the rest is one
    /// `__other__`.
    pub top_k: usize,
    /// A connection that could be closed is stale when it was idle for longer.
    pub stale_after: Duration,
    /// Connection pools. The first that fits takes a connection.
    pub pools: Vec<Pool>,
    /// The name of the agent's own connections, which are nobody's clients; empty to count all.
    pub own_name: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self { top_k: 10, stale_after: Duration::from_mins(5), pools: Vec::new(), own_name: "" }
    }
}

/// The numbers of one class of clients.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClassTotals {
    /// Connections.
    pub clients: u64,
    /// Bytes of the output lists (`omem`). The fixed part of each buffer (`obl`, at most 16 KiB) is not among them:
    /// the server's limits do not count it either.
    pub output_bytes: u64,
    /// Bytes that the query buffers take, used and free (`qbuf` + `qbuf-free`).
    pub query_bytes: u64,
    /// Bytes that the connections take in all (`tot-mem`).
    pub memory_bytes: u64,
    /// The largest part of the class's hard limit that a connection's output list takes; `None` without a limit.
    pub limit_ratio_max: Option<f64>,
    /// Connections whose output list reaches the class's soft limit; `None` without one.
    pub over_soft_limit: Option<u64>,
}

/// Which sizes the server sends: a sum of what was not sent would be a false 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reported {
    /// `omem`.
    pub output: bool,
    /// `qbuf`.
    pub query: bool,
    /// `tot-mem`, Redis >= 6.2.
    pub memory: bool,
}

/// The largest output buffer of a group of clients.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputBuffer {
    /// The group: the client's name, else its library, else its user unless that is `default`, else its host.
    pub client: String,
    /// The connection with the largest buffer, for `CLIENT KILL ID`. It is not a label: it changes by itself.
    pub id: u64,
    /// The class of that connection.
    pub class: ClientClass,
    /// Bytes of its output list.
    pub bytes: u64,
    /// The part of its class's hard limit that they take; `None` without a limit.
    pub limit_ratio: Option<f64>,
    /// How near its end that connection of the group is that is nearest, 1 where the server closes it; `None` without a
    /// limit.
    pub nearness: Option<f64>,
    /// Bytes per second since the previous poll, negative when the buffer drains; `None` when it held nothing then.
    pub growth: Option<f64>,
}

/// The connections of one pool, as far as the server knows: not what the application has taken out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolState {
    /// The pool's name.
    pub name: String,
    /// Connections that are open.
    pub open: u64,
    /// Connections that wait in a blocking command, subscribe, are in MULTI, or ran a command lately. `None` where the
    /// server does not tell when they did.
    pub busy: Option<u64>,
    /// The most connections that the application may open.
    pub max: Option<u64>,
}

impl PoolState {
    /// The part of the pool's connections that is open; `None` without a maximum.
    #[must_use]
    pub fn open_ratio(&self) -> Option<f64> {
        let max = self.max.filter(|max| *max > 0)?;
        Some(self.open as f64 / max as f64)
    }
}

/// What one CLIENT LIST reply says. Its size depends on the options, not on the reply.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientSummary {
    classes: [ClassTotals; ClientClass::ALL.len()],
    /// Which sizes the server sends.
    pub reported: Reported,
    /// Connections by name, most first, `__unnamed__` for those without, at last `__other__`.
    pub by_name: Vec<(String, u64)>,
    /// Connections by ACL user, most first, at last `__other__`; empty where the server has no users.
    pub by_user: Vec<(String, u64)>,
    /// Connections by selected database, most first, at last `__other__`.
    pub by_database: Vec<(String, u64)>,
    /// Connections by the client's address without its port, most first, `unix` for the socket, at last `__other__`.
    pub by_address: Vec<(String, u64)>,
    /// From where applications are connected, the agent and replicas left out, [`MAX_ADDRESSES`] at most; the unix
    /// socket counts as the loopback address.
    pub addresses: BTreeSet<IpAddr>,
    /// Connections by client library, most first, `none` for those that told none, at last `__other__`.
    pub by_library: Vec<(String, u64)>,
    /// The largest output buffers, largest first; empty ones are left out.
    pub top_output_buffers: Vec<OutputBuffer>,
    /// Normal connections that are idle for longer than the option says, are not in MULTI and have no subscription.
    pub stale: u64,
    /// Each pool of the options, in their order.
    pub pools: Vec<PoolState>,
    /// The agent's own connections, which are among the classes and nowhere else.
    pub own: u64,
    /// Lines that were left out.
    pub malformed_lines: u64,
    /// Fields that were left out, or were doubled.
    pub malformed_fields: u64,
}

impl ClientSummary {
    /// The numbers of one class.
    #[must_use]
    pub const fn class(&self, class: ClientClass) -> &ClassTotals {
        &self.classes[class as usize]
    }

    /// All connections.
    #[must_use]
    pub fn clients(&self) -> u64 {
        self.classes.iter().map(|totals| totals.clients).sum()
    }
}

/// Reduces a reply, in one pass over it.
///
/// `limits` are `None` when the server does not let them be read. `tracker` remembers what the next call compares with,
/// and belongs to one server; `now` is when the reply came.
#[must_use]
pub fn summarize(
    reply: &[u8],
    options: &Options,
    limits: Option<&BufferLimits>,
    tracker: &mut ClientTracker,
    now: Instant,
) -> ClientSummary {
    tracker.commands.begin(now);
    let mut tally = Tally::new(options, limits, tracker, now);
    for client in clients(reply) {
        match client {
            Ok(client) => tally.add(&client, tracker),
            Err(_) => tally.add_malformed_line(),
        }
    }
    let summary = tally.finish(tracker);
    tracker.advance(now);
    summary
}
