//! The running sums of a summary, which borrow the names from the reply.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use super::MAX_ADDRESSES;
use super::{ClassTotals, ClientSummary, Options, OutputBuffer, PoolState, Reported};
use crate::class::{BufferLimits, ClientClass};
use crate::groups::Groups;
use crate::growth::{Buffer, BufferTracker};
use crate::label;
use crate::parse::{Client, UNIX};
use crate::pool;
use crate::tracker::ClientTracker;

/// The label of what a client does not tell.
const UNKNOWN: &str = "unknown";

/// The largest output buffer of a group.
#[derive(Debug, Clone, Copy)]
struct Largest {
    buffer: Buffer,
    class: ClientClass,
    /// Of that connection of the group which is nearest to its end.
    nearness: Option<f64>,
}

impl Largest {
    /// The larger of two; of equal ones the older connection, so that the choice does not jump.
    fn or(self, other: Self) -> Self {
        let key = |largest: Self| (largest.buffer.bytes, std::cmp::Reverse(largest.buffer.id));
        let nearness = [self.nearness, other.nearness].into_iter().flatten().reduce(f64::max);
        Self { nearness, ..if key(other) > key(self) { other } else { self } }
    }
}

#[derive(Debug)]
pub(super) struct Tally<'r, 'o> {
    options: &'o Options,
    limits: BufferLimits,
    now: Instant,
    classes: [ClassTotals; ClientClass::ALL.len()],
    reported: Reported,
    names: Groups<&'r [u8]>,
    users: Groups<&'r [u8]>,
    databases: Groups<Option<u64>>,
    libraries: Groups<&'r [u8]>,
    hosts: Groups<&'r [u8]>,
    /// Connections of replicas and the like, by host.
    of_servers: HashMap<&'r [u8], u64>,
    output_buffers: HashMap<&'r [u8], Largest>,
    stale: u64,
    pools: Vec<PoolState>,
    own: u64,
    malformed_lines: u64,
    malformed_fields: u64,
}

impl<'r, 'o> Tally<'r, 'o> {
    pub(super) fn new(
        options: &'o Options,
        limits: Option<&BufferLimits>,
        tracker: &ClientTracker,
        now: Instant,
    ) -> Self {
        let limits = limits.copied().unwrap_or_default();
        let pools = options.pools.iter();
        Self {
            options,
            limits,
            now,
            classes: ClientClass::ALL.map(|class| {
                let limit = limits.of(class);
                ClassTotals {
                    limit_ratio_max: limit.ratio(0),
                    over_soft_limit: (limit.soft_bytes > 0).then_some(0),
                    ..ClassTotals::default()
                }
            }),
            reported: Reported::default(),
            names: Groups::with_capacity(tracker.names),
            users: Groups::with_capacity(0),
            databases: Groups::with_capacity(0),
            libraries: Groups::with_capacity(0),
            hosts: Groups::with_capacity(tracker.hosts),
            of_servers: HashMap::new(),
            output_buffers: HashMap::new(),
            stale: 0,
            pools: pools
                .map(|pool| PoolState { name: pool.name.clone(), open: 0, busy: Some(0), max: pool.max })
                .collect(),
            own: 0,
            malformed_lines: 0,
            malformed_fields: 0,
        }
    }

    pub(super) fn add_malformed_line(&mut self) {
        self.malformed_lines += 1;
    }

    pub(super) fn add(&mut self, client: &Client<'r>, tracker: &mut ClientTracker) {
        let class = ClientClass::of(client);
        self.malformed_fields += client.malformed_fields;
        self.add_sizes(client, class);
        let own_name = self.options.own_name.as_bytes();
        if client.name == own_name && !own_name.is_empty() {
            self.own += 1;
            return;
        }
        self.add_output_buffer(client, class, &mut tracker.buffers);
        let pool = self.add_groups(client);
        if !class.is_application() {
            *self.of_servers.entry(client.host()).or_default() += 1;
        }

        // A blocked client, a subscriber and one within MULTI wait for something, however long they are silent.
        let at_rest = class == ClientClass::Normal && client.multi.is_none() && !client.has_flag(b'x');
        let idle = client.idle.filter(|_| at_rest).map(Duration::from_secs);
        self.stale += u64::from(idle.is_some_and(|idle| idle > self.options.stale_after));
        if let Some(place) = pool.filter(|_| class.is_application()) {
            let pool = &mut self.pools[place];
            pool.open += 1;
            let ran = client.tot_cmds.and_then(|total| tracker.commands.ran(client.id, client.age, total));
            // The server's clock is a whole second: idle for 1 is anything below 2, and what runs each second is never
            // seen as idle for more.
            let lately = || idle.map(|idle| idle <= self.options.pools[place].idle_after);
            let busy = if at_rest { ran.or_else(lately) } else { Some(true) };
            pool.busy = pool.busy.zip(busy).map(|(sum, busy)| sum + u64::from(busy));
        }
    }

    /// Counts a connection by all that it tells of itself, and says which pool takes it.
    fn add_groups(&mut self, client: &Client<'r>) -> Option<usize> {
        let pools = &self.options.pools;
        let fitting = self.names.add(client.name, |name| pool::by_name(pools, name))
            & self.users.add(client.user, |user| pool::by_user(pools, user))
            & self.databases.add(client.db, |database| pool::by_database(pools, database))
            & self.libraries.add(client.lib_name, |library| pool::by_library(pools, library))
            & self.hosts.add(client.host(), |host| pool::by_host(pools, host));
        (fitting != 0).then(|| fitting.trailing_zeros() as usize)
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
        let limit = self.limits.of(class);
        let totals = &mut self.classes[class as usize];
        if let (Some(max), Some(ratio)) = (&mut totals.limit_ratio_max, limit.ratio(bytes)) {
            *max = max.max(ratio);
        }
        if let Some(over) = &mut totals.over_soft_limit {
            *over += u64::from(limit.reaches_soft(bytes));
        }
        let mut buffer = Buffer { id: client.id, age: client.age, bytes, over_since: None };
        if limit.reaches_soft(bytes) {
            buffer.over_since = Some(tracker.over_since(buffer, limit.soft_bytes, self.now));
        }
        tracker.record(buffer);
        let over_soft = buffer.over_since.map(|since| self.now.saturating_duration_since(since));
        let largest = Largest { buffer, class, nearness: limit.nearness(bytes, over_soft) };
        self.output_buffers.entry(group(client)).and_modify(|other| *other = other.or(largest)).or_insert(largest);
    }

    pub(super) fn finish(self, tracker: &mut ClientTracker) -> ClientSummary {
        (tracker.names, tracker.hosts) = (self.names.len(), self.hosts.len());
        let k = self.options.top_k;
        // Unlike a client without a name, one without a user or a database is of a server that tells none.
        let users = self.users.counts().filter(|(user, _)| !user.is_empty());
        let databases: Vec<_> =
            self.databases.counts().filter_map(|(number, count)| Some((number?.to_string(), count))).collect();
        let databases = databases.iter().map(|(number, count)| (number.as_bytes(), *count));
        let hosts: Vec<(&[u8], u64)> = self.hosts.counts().collect();
        ClientSummary {
            classes: self.classes,
            reported: self.reported,
            by_name: label::top_counts(self.names.counts(), "__unnamed__", k),
            by_user: label::top_counts(users, UNKNOWN, k),
            by_database: label::top_counts(databases, UNKNOWN, k),
            addresses: addresses(&hosts, &self.of_servers),
            by_address: label::top_counts(hosts.into_iter(), UNKNOWN, k),
            by_library: label::top_counts(self.libraries.counts(), "none", k),
            top_output_buffers: top_output_buffers(self.output_buffers, k, &self.limits, &tracker.buffers, self.now),
            stale: self.stale,
            pools: self.pools,
            own: self.own,
            malformed_lines: self.malformed_lines,
            malformed_fields: self.malformed_fields,
        }
    }
}

/// The hosts from which more is connected than servers.
fn addresses(hosts: &[(&[u8], u64)], of_servers: &HashMap<&[u8], u64>) -> BTreeSet<IpAddr> {
    let of_applications =
        hosts.iter().filter(|(host, count)| of_servers.get(host).is_none_or(|servers| servers < count));
    let parsed = of_applications.filter_map(|(host, _)| match std::str::from_utf8(host).ok()? {
        UNIX => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        host => host.parse().ok(),
    });
    parsed.take(MAX_ADDRESSES).collect()
}

fn top_output_buffers(
    groups: HashMap<&[u8], Largest>,
    k: usize,
    limits: &BufferLimits,
    tracker: &BufferTracker,
    now: Instant,
) -> Vec<OutputBuffer> {
    let mut ranked = label::merge(groups.into_iter(), UNKNOWN, Largest::or);
    label::first(&mut ranked, k, |(a_label, a), (b_label, b)| {
        b.buffer.bytes.cmp(&a.buffer.bytes).then_with(|| a_label.cmp(b_label))
    });
    let output_buffer = |(label, Largest { buffer, class, nearness }): (Cow<'_, str>, Largest)| OutputBuffer {
        client: label.into_owned(),
        id: buffer.id,
        class,
        bytes: buffer.bytes,
        limit_ratio: limits.of(class).ratio(buffer.bytes),
        nearness,
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
    } else {
        client.host()
    }
}
