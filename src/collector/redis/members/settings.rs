//! `sentinel` and `cluster` of a `[[redis]]`: by whom its servers are found.

use std::fmt;
use std::net::SocketAddr;

use redis::Cmd;
use serde::Serialize;

use super::View;
use super::witness::{Witness, words};
use crate::collector::redis::RedisTarget;
use crate::net::{Credential, Endpoint, RedisUrl};
use reader::Table;

/// The port of Sentinel where none is given.
const SENTINEL_PORT: u16 = 26_379;

/// By whom the servers of a target are found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Found {
    /// By Sentinels.
    Sentinel(BySentinel),
    /// By the nodes of their cluster.
    Cluster(ByCluster),
}

/// A master and its replicas.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BySentinel {
    #[serde(rename = "sentinel")]
    sentinels: Vec<Endpoint>,
    master: String,
    #[serde(rename = "sentinel_username", skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(rename = "sentinel_password", skip_serializing_if = "Option::is_none")]
    password: Option<Credential>,
}

/// The nodes of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByCluster {
    cluster: bool,
    /// Beside the one of `url`.
    seeds: Vec<Endpoint>,
    /// That of `url`.
    #[serde(skip)]
    first: Endpoint,
}

impl Found {
    /// Reads the keys. `url` is the address that is given, if one is.
    pub(in crate::collector::redis) fn read(table: &mut Table<'_>, url: &Endpoint) -> Option<Self> {
        let is_cluster = table.boolean("cluster") == Some(true);
        let has_sentinel = table.has("sentinel");
        if !is_cluster && table.has("seeds") {
            let _ = table.strings("seeds");
            table.problem(None, "seeds", None, "are nodes of a cluster; add cluster = true");
        }
        if !has_sentinel {
            for key in ["master", "sentinel_username", "sentinel_password", "sentinel_password_file"] {
                if table.has(key) {
                    let _ = table.string(key);
                    table.problem(None, key, None, "belongs to sentinel = [\"host:26379\", ...]");
                }
            }
        }
        match (has_sentinel, is_cluster) {
            (true, true) => {
                let _ = (BySentinel::read(table), addresses(table, "seeds", 0));
                table.problem(None, "cluster", None, "a cluster has no Sentinels; leave out sentinel, or cluster");
                None
            }
            (true, false) => BySentinel::read(table).map(Self::Sentinel),
            (false, true) => {
                if url.name().is_none() {
                    table.problem(None, "cluster", None, "needs a url with a host and a port");
                }
                let seeds = addresses(table, "seeds", 6379);
                Some(Self::Cluster(ByCluster { cluster: true, seeds, first: url.clone() }))
            }
            (false, false) => None,
        }
    }

    /// Those of the configuration who can be asked.
    pub(super) fn configured(&self) -> Vec<Witness> {
        let endpoints: Vec<&Endpoint> = match self {
            Self::Sentinel(by) => by.sentinels.iter().collect(),
            Self::Cluster(by) => std::iter::once(&by.first).chain(&by.seeds).collect(),
        };
        let names = endpoints.into_iter().filter_map(Endpoint::name);
        let node = |host: &str, port| host.parse().ok().map(|ip| SocketAddr::new(ip, port));
        names.map(|(host, port)| Witness { node: node(&host, port), host, port }).collect()
    }

    /// Those of a view who can be asked: the nodes of a cluster know each other.
    pub(super) fn witnesses_among(&self, view: &View) -> Vec<Witness> {
        match self {
            Self::Sentinel(_) => Vec::new(),
            Self::Cluster(_) => {
                view.iter().map(|(address, seen)| Witness::at(*address, seen.host.as_deref())).collect()
            }
        }
    }

    /// What they are asked.
    pub(super) fn commands(&self) -> Vec<Cmd> {
        match self {
            Self::Sentinel(by) => ["MASTER", "SLAVES"].map(|word| words(&["SENTINEL", word, &by.master])).into(),
            Self::Cluster(_) => vec![words(&["CLUSTER", "NODES"])],
        }
    }

    /// The name of that question.
    pub(super) const fn question(&self) -> &'static str {
        match self {
            Self::Sentinel(_) => "SENTINEL MASTER",
            Self::Cluster(_) => "CLUSTER NODES",
        }
    }

    /// Whether exactly one of the servers is a primary, of which the rest are copies.
    pub(super) const fn has_one_primary(&self) -> bool {
        matches!(self, Self::Sentinel(_))
    }

    /// The target as its witnesses are spoken to.
    pub(super) fn as_witness(&self, mut target: RedisTarget) -> RedisTarget {
        target.database = 0;
        if let Self::Sentinel(by) = self {
            target.username.clone_from(&by.username);
            target.password.clone_from(&by.password);
        }
        target
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |endpoints: &mut dyn Iterator<Item = &Endpoint>| {
            endpoints.map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Sentinel(by) => write!(f, "Sentinel of {} at {}", by.master, list(&mut by.sentinels.iter())),
            Self::Cluster(by) => write!(f, "the cluster at {}", list(&mut std::iter::once(&by.first).chain(&by.seeds))),
        }
    }
}

impl BySentinel {
    fn read(table: &mut Table<'_>) -> Option<Self> {
        let sentinels = addresses(table, "sentinel", SENTINEL_PORT);
        let master = table.string("master").unwrap_or_default();
        if master.is_empty() {
            table.problem(None, "master", None, "is missing; it is the name in sentinel monitor, such as \"mymaster\"");
        }
        let username = table.string("sentinel_username").filter(|username| !username.is_empty());
        let password = Credential::read(table, "sentinel_password", "sentinel_password_file");
        if username.is_some() && password.is_none() {
            let message = "a user needs a password; add sentinel_password or sentinel_password_file";
            table.problem(None, "sentinel_username", None, message);
        }
        if sentinels.is_empty() {
            table.problem(
                None,
                "sentinel",
                None,
                "names no Sentinel; write it like [\"10.0.0.1:26379\", \"10.0.0.2:26379\"]",
            );
            return None;
        }
        (!master.is_empty()).then_some(Self { sentinels, master, username, password })
    }
}

/// Reads a list of `host:port`.
fn addresses(table: &mut Table<'_>, key: &'static str, port: u16) -> Vec<Endpoint> {
    table.each(key, |text| {
        let url = RedisUrl::parse(text)?;
        let has_more = url.tls || url.username.is_some() || url.password.is_some() || url.database.is_some();
        match url.endpoint {
            // The credentials, database and TLS are those of the target.
            _ if text.contains("://") || has_more => {
                Err("must be host:port; what else there is to say stands beside it in the table".to_owned())
            }
            Endpoint::Unix(_) => Err("must be host:port: nodes are found over the network".to_owned()),
            Endpoint::Tcp { host, .. } if !has_port(text) => Ok(Endpoint::Tcp { host, port }),
            tcp @ Endpoint::Tcp { .. } => Ok(tcp),
        }
    })
}

fn has_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        port.parse::<u16>().is_ok() && !host.ends_with(':') && (host.ends_with(']') || !host.contains(':'))
    })
}
