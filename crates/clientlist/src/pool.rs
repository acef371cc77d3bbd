//! `[[redis.pool]]`: which connections are those of an application's pool.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use super::parse::UNIX;
use reader::{Names, Network, Table};

/// Pools of a target, at most: a set of them is the bits of one number.
pub const MAX_POOLS: usize = 64;

/// A set of the pools of a target: bit `n` is the pool of that place.
pub(super) type PoolSet = u64;

/// A connection pool of an application, as it is seen from the server. A connection is the pool's that fits all of what
/// is given.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pool {
    /// The label `pool`.
    pub name: String,
    /// Client names (CLIENT SETNAME).
    #[serde(rename = "match", skip_serializing_if = "Names::is_empty")]
    pub names: Names,
    /// ACL users.
    #[serde(rename = "user", skip_serializing_if = "Names::is_empty")]
    pub users: Names,
    /// Databases.
    #[serde(rename = "db", skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<u16>,
    /// Client libraries (CLIENT SETINFO).
    #[serde(rename = "lib", skip_serializing_if = "Names::is_empty")]
    pub libraries: Names,
    /// Addresses of clients.
    #[serde(rename = "address", skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Peer>,
    /// The most connections that the application may open.
    pub max: Option<u64>,
    /// How long ago a busy connection may have run a command, where the server does not count commands.
    #[serde(serialize_with = "reader::duration")]
    pub idle_after: Duration,
}

/// Where clients connect from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Peer {
    /// The server's own machine, by Unix socket.
    Unix(&'static str),
    /// A network, or an address.
    Network(Network),
}

impl std::str::FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == UNIX { Ok(Self::Unix(UNIX)) } else { text.parse().map(Self::Network) }
    }
}

impl Peer {
    fn fits(self, host: &str) -> bool {
        match self {
            Self::Unix(unix) => host == unix,
            Self::Network(network) => {
                // fe80::1%eth0
                let address = host.split('%').next().unwrap_or(host);
                address.parse::<IpAddr>().is_ok_and(|address| network.contains(address))
            }
        }
    }
}

impl Pool {
    /// A pool with every other default.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            names: Names::default(),
            users: Names::default(),
            databases: Vec::new(),
            libraries: Names::default(),
            addresses: Vec::new(),
            max: None,
            idle_after: Duration::from_secs(1),
        }
    }

    /// Reads `[[redis.pool]]`.
    pub fn read(mut table: Table<'_>) -> Option<Self> {
        const KEYS: [&str; 5] = ["match", "user", "db", "lib", "address"];
        let name = table.string("name").filter(|name| !name.is_empty());
        if name.is_none() {
            table.problem(None, "name", None, "is missing; name the pool, it becomes the label pool");
        }
        let told = KEYS.iter().any(|key| table.has(key));
        let mut pool = Self::new(name.clone().unwrap_or_default());
        pool.names = Names::read(&mut table, "match");
        pool.users = Names::read(&mut table, "user");
        pool.databases = if table.has("db") { table.integers("db", 0..=u16::MAX) } else { Vec::new() };
        pool.libraries = Names::read(&mut table, "lib");
        pool.addresses = table.each("address", str::parse);
        if !told {
            let message = "is missing; say whose connections these are: match (client names, like \"web-*\"), user, db, lib or \
                           address, or several of them";
            table.problem(None, "match", None, message);
        }
        pool.max = table.integer("max", 1..=1_000_000);
        reader::set(
            &mut pool.idle_after,
            table.duration("idle_after", Duration::from_secs(1)..=Duration::from_hours(24)),
        );
        table.finish();
        name.map(|_| pool)
    }
}

/// The pools that fit, as far as one property of a connection goes.
fn fitting(pools: &[Pool], fits: impl Fn(&Pool) -> bool) -> PoolSet {
    let places = pools.iter().take(MAX_POOLS).enumerate().filter(|(_, pool)| fits(pool));
    places.fold(0, |set, (place, _)| set | 1 << place)
}

pub(super) fn by_name(pools: &[Pool], name: &[u8]) -> PoolSet {
    if is_sentinel(name) { 0 } else { by_text(pools, name, |pool| &pool.names) }
}

pub(super) fn by_user(pools: &[Pool], user: &[u8]) -> PoolSet {
    by_text(pools, user, |pool| &pool.users)
}

pub(super) fn by_library(pools: &[Pool], library: &[u8]) -> PoolSet {
    by_text(pools, library, |pool| &pool.libraries)
}

pub(super) fn by_database(pools: &[Pool], database: Option<u64>) -> PoolSet {
    fitting(pools, |pool| {
        pool.databases.is_empty() || pool.databases.iter().any(|known| Some(u64::from(*known)) == database)
    })
}

pub(super) fn by_host(pools: &[Pool], host: &[u8]) -> PoolSet {
    let host = String::from_utf8_lossy(host);
    fitting(pools, |pool| pool.addresses.is_empty() || pool.addresses.iter().any(|peer| peer.fits(&host)))
}

fn by_text(pools: &[Pool], text: &[u8], names: impl Fn(&Pool) -> &Names) -> PoolSet {
    let text = String::from_utf8_lossy(text);
    fitting(pools, |pool| names(pool).is_empty() || names(pool).matches(&text))
}

/// The name of a connection of Sentinel: `sentinel-`, eight digits of its id, and `-cmd` or `-pubsub`.
fn is_sentinel(name: &[u8]) -> bool {
    let id = name.strip_prefix(b"sentinel-");
    let id = id.and_then(|rest| rest.strip_suffix(b"-cmd").or_else(|| rest.strip_suffix(b"-pubsub")));
    id.is_some_and(|id| id.len() == 8 && id.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connections_of_sentinel_are_told_by_their_names() {
        for name in ["sentinel-0123abcd-cmd", "sentinel-89abcdef-pubsub"] {
            assert!(is_sentinel(name.as_bytes()), "{name}");
        }
        for name in
            ["", "sentinel", "sentinel-cmd", "sentinel-web-cmd", "sentinel-0123abcd-x", "x-sentinel-0123abcd-cmd"]
        {
            assert!(!is_sentinel(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn addresses_are_networks_or_the_unix_socket() {
        let pool = Pool {
            addresses: vec!["10.0.0.0/8".parse().unwrap(), "fe80::/10".parse().unwrap(), "unix".parse().unwrap()],
            ..Pool::new("p")
        };
        let pools = [pool, Pool::new("any")];
        for (host, set) in [
            (&b"10.1.2.3"[..], 0b11),
            (b"11.1.2.3", 0b10),
            (b"fe80::1%eth0", 0b11),
            (b"unix", 0b11),
            (b"", 0b10),
            (b"\xff", 0b10),
        ] {
            assert_eq!(by_host(&pools, host), set, "{host:?}");
        }
        assert!("10.0.0.0/99".parse::<Peer>().is_err());
    }
}
