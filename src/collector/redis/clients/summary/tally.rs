//! The running sums of a summary, which borrow the names from the reply.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, Instant};

use super::{ClassTotals, ClientSummary, Options, OutputBuffer, PoolUsage, Reported};
use crate::collector::redis::clients::class::{BufferLimits, ClientClass};
use crate::collector::redis::clients::growth::{Buffer, BufferTracker};
use crate::collector::redis::clients::parse::Client;
use crate::collector::redis::label;

/// Connections of one name, and the pool that the name belongs to, matched once.
#[derive(Debug, Clone, Copy)]
struct Named {
    clients: u64,
    pool: Option<usize>,
}

/// The largest output buffer of a group.
#[derive(Debug, Clone, Copy)]
struct Largest {
    buffer: Buffer,
    class: ClientClass,
}

impl Largest {
    /// The larger of two; of equal ones the older connection, so that the choice does not jump.
    fn or(self, other: Self) -> Self {
        let key = |largest: Self| (largest.buffer.bytes, std::cmp::Reverse(largest.buffer.id));
        if key(other) > key(self) { other } else { self }
    }
}

#[derive(Debug)]
pub(super) struct Tally<'r, 'o> {
    options: &'o Options,
    limits: BufferLimits,
    classes: [ClassTotals; ClientClass::ALL.len()],
    reported: Reported,
    names: HashMap<&'r [u8], Named>,
    libraries: HashMap<&'r [u8], u64>,
    output_buffers: HashMap<&'r [u8], Largest>,
    stale: u64,
    pools: Vec<PoolUsage>,
    malformed_lines: u64,
    malformed_fields: u64,
}

impl<'r, 'o> Tally<'r, 'o> {
    pub(super) fn new(options: &'o Options, limits: Option<&BufferLimits>) -> Self {
        let limits = limits.copied().unwrap_or_default();
        let pools = options.pools.iter();
        Self {
            options,
            limits,
            classes: ClientClass::ALL.map(|class| {
                let limit = limits.of(class);
                ClassTotals {
                    limit_ratio_max: limit.ratio(0),
                    over_soft_limit: (limit.soft_bytes > 0).then_some(0),
                    ..ClassTotals::default()
                }
            }),
            reported: Reported::default(),
            names: HashMap::new(),
            libraries: HashMap::new(),
            output_buffers: HashMap::new(),
            stale: 0,
            pools: pools.map(|pool| PoolUsage { name: pool.name.clone(), in_use: 0, idle: 0, max: pool.max }).collect(),
            malformed_lines: 0,
            malformed_fields: 0,
        }
    }

    pub(super) fn add_malformed_line(&mut self) {
        self.malformed_lines += 1;
    }

    pub(super) fn add(&mut self, client: &Client<'r>, tracker: &mut BufferTracker) {
        let class = ClientClass::of(client);
        self.malformed_fields += client.malformed_fields;
        self.add_sizes(client, class);
        self.add_output_buffer(client, class, tracker);
        *self.libraries.entry(client.lib_name).or_insert(0) += 1;
        let pool = self.add_name(client.name);

        // A blocked client, a subscriber and one within MULTI wait for something, however long they are silent.
        let at_rest = class == ClientClass::Normal && client.multi.is_none() && !client.has_flag(b'x');
        let idle = client.idle.filter(|_| at_rest).map(Duration::from_secs);
        self.stale += u64::from(idle.is_some_and(|idle| idle > self.options.stale_after));
        if let Some(pool) = pool.filter(|_| class.is_application()) {
            let usage = &mut self.pools[pool];
            if idle.is_some_and(|idle| idle >= self.options.pools[pool].idle_after) {
                usage.idle += 1;
            } else {
                usage.in_use += 1;
            }
        }
    }

    fn add_sizes(&mut self, client: &Client<'_>, class: ClientClass) {
        self.reported.output |= client.omem.is_some();
        self.reported.query |= client.qbuf.is_some();
        self.reported.memory |= client.tot_mem.is_some();
        let totals = &mut self.classes[class as usize];
        totals.clients += 1;
        // A server that lies may send sizes whose sum has no u64.
        let add = |sum: u64, bytes: Option<u64>| sum.saturating_add(bytes.unwrap_or(0));
        totals.output_bytes = add(totals.output_bytes, client.omem);
        totals.query_bytes = add(add(totals.query_bytes, client.qbuf), client.qbuf_free);
        totals.memory_bytes = add(totals.memory_bytes, client.tot_mem);
    }

    fn add_output_buffer(&mut self, client: &Client<'r>, class: ClientClass, tracker: &mut BufferTracker) {
        let Some(bytes) = client.omem.filter(|bytes| *bytes > 0) else { return };
        if client.name == self.options.own_name.as_bytes() && client.cmd.starts_with(b"client") {
            // The replies of the very poll that asks: they are gone when it is exported.
            return;
        }
        let limit = self.limits.of(class);
        let totals = &mut self.classes[class as usize];
        if let (Some(max), Some(ratio)) = (&mut totals.limit_ratio_max, limit.ratio(bytes)) {
            *max = max.max(ratio);
        }
        if let Some(over) = &mut totals.over_soft_limit {
            *over += u64::from(limit.reaches_soft(bytes));
        }
        let buffer = Buffer { id: client.id, age: client.age, bytes };
        tracker.record(buffer);
        let largest = Largest { buffer, class };
        self.output_buffers.entry(group(client)).and_modify(|other| *other = other.or(largest)).or_insert(largest);
    }

    /// Counts a name, and says which pool it belongs to.
    fn add_name(&mut self, name: &'r [u8]) -> Option<usize> {
        match self.names.entry(name) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().clients += 1;
                entry.get().pool
            }
            Entry::Vacant(entry) => {
                let text = OsStr::from_bytes(name);
                let pool = self.options.pools.iter().position(|pool| pool.matcher.is_match(text));
                entry.insert(Named { clients: 1, pool });
                pool
            }
        }
    }

    pub(super) fn finish(self, tracker: &BufferTracker, now: Instant) -> ClientSummary {
        let k = self.options.top_k;
        let names = self.names.into_iter().map(|(name, named)| (name, named.clients));
        ClientSummary {
            classes: self.classes,
            reported: self.reported,
            by_name: label::top_counts(names, "__unnamed__", k),
            by_library: label::top_counts(self.libraries.into_iter(), "none", k),
            top_output_buffers: top_output_buffers(self.output_buffers, k, &self.limits, tracker, now),
            stale: self.stale,
            pools: self.pools,
            malformed_lines: self.malformed_lines,
            malformed_fields: self.malformed_fields,
        }
    }
}

fn top_output_buffers(
    groups: HashMap<&[u8], Largest>,
    k: usize,
    limits: &BufferLimits,
    tracker: &BufferTracker,
    now: Instant,
) -> Vec<OutputBuffer> {
    let mut ranked: Vec<_> = label::merge(groups.into_iter(), "unknown", Largest::or).into_iter().collect();
    ranked.sort_unstable_by(|(a_label, a), (b_label, b)| {
        b.buffer.bytes.cmp(&a.buffer.bytes).then_with(|| a_label.cmp(b_label))
    });
    ranked.truncate(k);
    let output_buffer = |(label, Largest { buffer, class }): (Cow<'_, str>, Largest)| OutputBuffer {
        client: label.into_owned(),
        id: buffer.id,
        class,
        bytes: buffer.bytes,
        limit_ratio: limits.of(class).ratio(buffer.bytes),
        growth: tracker.growth(buffer, now),
    };
    ranked.into_iter().map(output_buffer).collect()
}

/// What a connection is called: the first of name, library, user and host that tells it from others.
fn group<'r>(client: &Client<'r>) -> &'r [u8] {
    if !client.name.is_empty() {
        client.name
    } else if !client.lib_name.is_empty() {
        client.lib_name
    } else if !matches!(client.user, b"" | b"default") {
        client.user
    } else if client.has_flag(b'U') {
        b"unix"
    } else {
        host(client.addr)
    }
}

/// The host of `10.0.0.7:51234` and `[::1]:51234`; `unix` for the path of a socket.
fn host(addr: &[u8]) -> &[u8] {
    if addr.starts_with(b"/") {
        return b"unix";
    }
    let host = memchr::memrchr(b':', addr).map_or(addr, |colon| &addr[..colon]);
    host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host)
}
