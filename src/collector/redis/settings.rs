//! `[[redis]]`: one Redis server to watch.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::keys::Watched;
use super::members::{Found, Members, Roster};
use super::queues::{self, Queues};
use super::switches::Switches;
use super::{RedisCollector, environment, left_out};
use crate::collector::TargetKind;
use crate::collector::kind::resolved;
use crate::collector::runner::{Member, Roll};
use crate::config::{Defaults, Instances, Lookup, TargetSettings, read_url};
use crate::net::{Credential, Endpoint, RedisUrl, TlsSettings};
use crate::topology::Role;
use clientlist::{MAX_POOLS, Pool};
use reader::{Problem, Reader, Table, set};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// A validated `[[redis]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RedisTarget {
    /// What every target has.
    #[serde(flatten)]
    pub common: TargetSettings,
    /// Where the server is; of servers that Sentinels find it is not said.
    #[serde(rename = "url", skip_serializing_if = "is_nowhere")]
    pub endpoint: Endpoint,
    /// By whom its servers are found, where it has several.
    #[serde(flatten)]
    pub found: Option<Found>,
    /// Which of its servers are primaries.
    #[serde(skip)]
    pub(super) roster: Roster,
    /// The ACL user, Redis >= 6.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Credential>,
    /// The database to select; it changes nothing of what is exported.
    pub database: u32,
    /// The most that connecting may take, of the deadline.
    #[serde(serialize_with = "reader::duration")]
    pub connect_timeout: Duration,
    /// PINGs timed in a poll.
    pub ping_samples: u32,
    /// Whether CLIENT LIST is read.
    pub client_list: bool,
    /// With more clients than this CLIENT LIST is not asked.
    pub client_list_max_clients: u64,
    /// What CONFIG was renamed to.
    pub config_command: String,
    /// Whether LATENCY HISTOGRAM is read, Redis >= 7.
    pub latency_histogram: bool,
    /// Hash slots of a node whose numbers are shown, by keys and by CPU time; 0 for none.
    pub slot_stats: u32,
    /// Names shown of anything that clients can name; the rest is `__other__`.
    pub top_k: usize,
    /// A client without subscription that was idle for longer is stale.
    #[serde(serialize_with = "reader::duration")]
    pub stale_after: Duration,
    /// The window of `redis_cache_hit_ratio`.
    #[serde(serialize_with = "reader::duration")]
    pub hit_ratio_window: Duration,
    /// Whether keys may be evicted without harm; `None` leaves it to the policy of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evictable: Option<bool>,
    /// Channel patterns whose channels and subscribers are counted.
    pub pubsub_patterns: Vec<String>,
    /// Whether a message is published to `canary_channel` and awaited at each poll.
    pub canary: bool,
    /// The agent's own channel.
    pub canary_channel: String,
    /// Keys that SCAN may name in a poll.
    pub scan_keys: usize,
    /// The most time of a poll after which no further SCAN is sent.
    #[serde(serialize_with = "reader::duration")]
    pub scan_time: Duration,
    /// Questions that are switched off.
    pub commands: Switches,
    /// TLS, if the scheme or a table asks for it.
    pub tls: Option<TlsSettings>,
    /// Keys whose sizes are told.
    #[serde(rename = "key", skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Watched>,
    /// Connection pools, by what their connections tell of themselves.
    #[serde(rename = "pool", skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<Pool>,
    /// Where applications keep their jobs.
    #[serde(rename = "queue", skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<Queues>,
}

impl Deref for RedisTarget {
    type Target = TargetSettings;

    fn deref(&self) -> &TargetSettings {
        &self.common
    }
}

impl DerefMut for RedisTarget {
    fn deref_mut(&mut self) -> &mut TargetSettings {
        &mut self.common
    }
}

impl RedisTarget {
    /// A target with every other default.
    pub(super) fn new(common: TargetSettings, url: RedisUrl) -> Self {
        Self {
            connect_timeout: url.connect_timeout.unwrap_or(5 * SECOND).min(common.deadline),
            endpoint: url.endpoint,
            found: None,
            roster: Roster::default(),
            username: url.username,
            password: url.password.map(Credential::from),
            database: url.database.unwrap_or(0),
            ping_samples: 3,
            client_list: true,
            client_list_max_clients: 20_000,
            config_command: "CONFIG".to_owned(),
            latency_histogram: true,
            slot_stats: 0,
            top_k: 10,
            stale_after: 300 * SECOND,
            hit_ratio_window: default_hit_ratio_window(common.interval.length()),
            evictable: None,
            pubsub_patterns: Vec::new(),
            canary: false,
            canary_channel: "manometer:canary".to_owned(),
            commands: Switches::default(),
            tls: url.tls.then_some(url.files),
            scan_keys: 1_000,
            scan_time: SECOND / 10,
            keys: Vec::new(),
            pools: Vec::new(),
            queues: Vec::new(),
            common,
        }
    }
}

/// Where nothing is.
fn is_nowhere(endpoint: &Endpoint) -> bool {
    matches!(endpoint, Endpoint::Unix(path) if path.as_os_str().is_empty())
}

/// A window that is not given follows the interval: it must span two, or there is no difference to take.
fn default_hit_ratio_window(interval: Duration) -> Duration {
    (300 * SECOND).max(2 * interval)
}

impl TargetKind for RedisTarget {
    type Collector = RedisCollector;

    const TITLE: &'static str = "Redis";
    const INTRO: &'static str = "Of each `[[redis]]` target. Names, types and labels are those of redis_exporter wherever it \
        has one; docs/COMPATIBILITY.md lists the differences. Numeric `cluster_*` fields of INFO and CLUSTER INFO pass \
        through as gauges under `redis_<field>`.";
    const ROLE: Role = Role::Server;
    const SCHEMES: &'static [&'static str] = &["redis", "rediss"];
    const DEFAULTS: Defaults = Defaults { series_limit: 20_000, has_instances: true, ..Defaults::USUAL };

    fn read(common: TargetSettings, table: &mut Table<'_>, reader: &Reader<'_>) -> Option<Self> {
        let missing = "is missing; write it like \"redis://127.0.0.1:6379\"".to_owned();
        // The other keys are looked at all the same.
        let nowhere = || RedisUrl::plain(Endpoint::Unix(PathBuf::new()));
        let line = table.line_of("url");
        let schemeless = table.peek("url").is_some_and(|url| !url.contains("://") && !url.trim().starts_with('/'));
        let by_sentinel = table.has("sentinel");
        let absent = if by_sentinel { Ok(nowhere()) } else { Err(missing) };
        let mut url = read_url(table, absent, RedisUrl::parse).unwrap_or_else(nowhere);
        if by_sentinel && line.is_some() {
            let message = "says where a server is, and its Sentinels say that; leave it out (username, password, database and \
                           [redis.tls] stand beside)";
            table.problem(line, "url", None, message);
        }
        let found = Found::read(table, &url.endpoint);
        // An address without scheme does not say, and the table does.
        url.tls |= (schemeless || by_sentinel) && table.has("tls");
        if let Some(warning) = url.warning(url.tls) {
            table.warn(line, "url", warning);
        }
        let files = url.files.clone();
        let mut target = Self::new(common, url);
        if found.is_some() && target.instances == Some(Instances::Resolved) {
            table.problem(None, "instances", None, "its nodes are found by sentinel or cluster; leave it out");
        }
        target.found = found;
        if let Some(username) = table.string("username").filter(|username| !username.is_empty()) {
            target.username = Some(username);
        }
        if let Some(password) = Credential::read(table, "password", "password_file") {
            target.password = Some(password);
        }
        if target.username.is_some() && target.password.is_none() {
            table.problem(None, "username", None, "a user needs a password; add password or password_file");
        }
        set(&mut target.database, table.integer("database", 0..=u64::from(u32::MAX)));
        read_times(table, &mut target);
        read_scope(table, &mut target);
        target.commands = Switches::read(table.table("commands"));
        target.tls = TlsSettings::read(table, reader, target.tls.is_some(), "rediss://").map(|tls| tls.over(files));
        set(&mut target.scan_keys, table.integer("scan_keys", 10..=100_000));
        set(&mut target.scan_time, table.duration("scan_time", SECOND / 1_000..=10 * SECOND));
        target.keys = Watched::read_all(table, target.database);
        target.pools = read_pools(table);
        target.queues = queues::read(table);
        if !target.queues.is_empty() {
            // An evicted key may have been a queue with all its jobs.
            target.evictable.get_or_insert(false);
        }
        Some(target)
    }

    fn from_environment(env: Lookup<'_>, problems: &mut Vec<Problem>) -> Vec<Self> {
        environment::targets(env, problems)
    }

    fn left_out(&self, metric: &str) -> Option<String> {
        left_out::left_out(self, metric)
    }

    fn address(&self) -> String {
        match &self.found {
            Some(found) => found.to_string(),
            None => self.endpoint.to_string(),
        }
    }

    fn roll(&self) -> Option<Box<dyn Roll>> {
        match Members::of(self) {
            Some(members) => Some(Box::new(members)),
            None => resolved(self),
        }
    }

    /// Its Sentinels or its cluster are not its own business any more.
    fn take_place(&mut self, member: &Member) {
        if self.found.take().is_some() {
            let host = member.host.clone().unwrap_or_else(|| member.address.ip().to_string());
            self.endpoint = Endpoint::Tcp { host, port: member.address.port() };
        }
    }

    fn name_with_addresses(&self) -> Option<(String, u16)> {
        self.endpoint.name()
    }

    fn tls(&self) -> Option<&TlsSettings> {
        self.tls.as_ref()
    }

    fn collectors(self) -> impl Fn() -> RedisCollector + Send + 'static {
        move || RedisCollector::new(self.clone())
    }
}

fn read_times(table: &mut Table<'_>, target: &mut RedisTarget) {
    let connect = table.duration("connect_timeout", SECOND / 100..=DAY);
    target.connect_timeout = connect.unwrap_or(target.connect_timeout).min(target.deadline);
    set(&mut target.stale_after, table.duration("stale_after", SECOND..=30 * DAY));
    // As long as the window that follows the longest interval.
    set(&mut target.hit_ratio_window, table.duration("hit_ratio_window", 10 * SECOND..=2 * DAY));
    if target.hit_ratio_window < 2 * target.interval.length() {
        let message = "must span at least two intervals, or there is no difference to take";
        table.problem(None, "hit_ratio_window", None, message);
    }
}

fn read_scope(table: &mut Table<'_>, target: &mut RedisTarget) {
    set(&mut target.ping_samples, table.integer("ping_samples", 1..=100));
    set(&mut target.client_list, table.boolean("client_list"));
    set(&mut target.client_list_max_clients, table.integer("client_list_max_clients", 1..=1_000_000));
    if let Some((line, command)) = table.string_at("config_command") {
        if command.is_empty() || command.contains(char::is_whitespace) {
            let message = "must be one word; to leave CONFIG alone write commands = { config = false }";
            table.problem(Some(line), "config_command", None, message);
        }
        target.config_command = command;
    }
    set(&mut target.latency_histogram, table.boolean("latency_histogram"));
    set(&mut target.slot_stats, table.integer("slot_stats", 0..=1_000));
    set(&mut target.top_k, table.integer("top_k", 1..=1_000));
    target.evictable = table.boolean("evictable");
    target.pubsub_patterns = table.strings("pubsub_patterns").into_iter().map(|(_, pattern)| pattern).collect();
    set(&mut target.canary, table.boolean("canary"));
    set(&mut target.canary_channel, table.string("canary_channel"));
    if target.canary_channel.is_empty() {
        table.problem(None, "canary_channel", None, "is empty; name a channel that nothing else uses");
    }
}

fn read_pools(table: &mut Table<'_>) -> Vec<Pool> {
    let tables = table.tables("pool");
    let lines: Vec<_> = tables.iter().map(|pool| pool.line_of("name")).collect();
    let pools: Vec<_> = tables.into_iter().map(Pool::read).collect();
    for (at, pool) in pools.iter().enumerate() {
        let same =
            |other: &&Option<Pool>| matches!((other, pool), (Some(other), Some(pool)) if other.name == pool.name);
        if let Some(pool) = pool.as_ref().filter(|_| pools[..at].iter().any(|other| same(&other))) {
            let message = "is taken by another pool of this target; each needs a name of its own, and may have lists of what it matches";
            table.problem(lines[at], &format!("pool[{at}].name"), Some(format!("{:?}", pool.name)), message);
        }
    }
    if pools.len() > MAX_POOLS {
        table.problem(None, "pool", None, format!("there are {} pools, at most {MAX_POOLS} of a target", pools.len()));
    }
    pools.into_iter().flatten().collect()
}
