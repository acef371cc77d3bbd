//! The list of containers.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::lenient::{or_default, texts};
use crate::topology::OWN_LABELS;
use reader::Network;

/// The list, item by item: one that cannot be read must not cost the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) containers: Vec<Listed>,
    /// Items that could not be read.
    pub(crate) undecodable: u64,
}

/// A container as the list shows it. States are words: an unknown one must not cost the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub(crate) struct Listed {
    /// The engine's id.
    pub(crate) id: String,
    /// Without the leading slash. Of several names (legacy links) it is the container's own.
    pub(crate) name: String,
    /// As given at creation, or a digest once the tag has moved.
    pub(crate) image: String,
    /// `running`, `exited`, and whatever else an engine says.
    pub(crate) state: String,
    /// `starting`, `healthy`, `unhealthy`; `None` without a health check.
    pub(crate) health: Option<String>,
    pub(crate) created: Option<SystemTime>,
    pub(crate) labels: BTreeMap<String, String>,
    /// `bridge`, `host`, `none`, `container:<id>` or a network's name.
    pub(crate) network_mode: String,
    /// Where it can be reached.
    pub(crate) reach: Arc<Reach>,
    /// How long it has been running, or not running.
    pub(crate) age: Option<Age>,
    /// Of the last run, if it has ended.
    pub(crate) exit_code: Option<i64>,
    /// Bytes that it has written to its own file system, if they were asked for.
    pub(crate) written: Option<u64>,
}

/// Where a container can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Its addresses in its networks.
    pub(crate) addresses: Vec<IpAddr>,
    /// Those of the networks' gateways.
    pub(crate) gateways: Vec<IpAddr>,
    /// Its ports that are published, and where.
    pub(crate) published: Vec<(u16, SocketAddr)>,
    /// The networks of its addresses, in their order.
    pub(crate) networks: Vec<Network>,
    /// Whether it has the network of the engine's machine.
    pub(crate) is_on_host: bool,
    /// The Docker labels that are meant for the agent, by what they are called there.
    pub(crate) labels: Vec<(String, String)>,
    /// The service of Compose that it is one of, which is a host name in its networks.
    pub(crate) service: Option<String>,
}

/// A time span as the engine words it for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age {
    pub(crate) at_least: Duration,
    pub(crate) below: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    names: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    image: String,
    #[serde(default, deserialize_with = "or_default")]
    state: String,
    /// For people: `Up 5 minutes (healthy)`. Before API 1.52 it is the only place of the health.
    #[serde(default, deserialize_with = "or_default")]
    status: String,
    #[serde(default, deserialize_with = "or_default")]
    health: WireHealth,
    #[serde(default, deserialize_with = "or_default")]
    created: Option<u64>,
    #[serde(default, deserialize_with = "texts")]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    host_config: WireHostConfig,
    #[serde(rename = "SizeRw", default, deserialize_with = "or_default")]
    written: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    network_settings: WireNetworks,
    #[serde(default, deserialize_with = "or_default")]
    ports: Vec<WirePort>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireNetworks {
    #[serde(deserialize_with = "or_default")]
    networks: BTreeMap<String, WireNetwork>,
}

/// Addresses are empty texts where there are none.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireNetwork {
    #[serde(rename = "IPAddress", deserialize_with = "or_default")]
    address: String,
    #[serde(rename = "GlobalIPv6Address", deserialize_with = "or_default")]
    address6: String,
    #[serde(rename = "Gateway", deserialize_with = "or_default")]
    gateway: String,
    #[serde(rename = "IPv6Gateway", deserialize_with = "or_default")]
    gateway6: String,
    #[serde(rename = "IPPrefixLen", deserialize_with = "or_default")]
    prefix: u8,
    #[serde(rename = "GlobalIPv6PrefixLen", deserialize_with = "or_default")]
    prefix6: u8,
}

/// A port of the container, and where it is published, if it is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WirePort {
    #[serde(rename = "IP", deserialize_with = "or_default")]
    ip: String,
    #[serde(rename = "PublicPort", deserialize_with = "or_default")]
    public: Option<u16>,
    #[serde(rename = "PrivatePort", deserialize_with = "or_default")]
    private: u16,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireHealth {
    status: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireHostConfig {
    #[serde(deserialize_with = "or_default")]
    network_mode: String,
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;

        impl<'de> Visitor<'de> for Items {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of containers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
                let mut list = List::default();
                while let Some(item) = items.next_element::<serde_json::Value>()? {
                    match Listed::deserialize(item) {
                        Ok(container) if !container.id.is_empty() => list.containers.push(container),
                        _ => list.undecodable += 1,
                    }
                }
                Ok(list)
            }
        }

        deserializer.deserialize_seq(Items)
    }
}

impl From<Wire> for Listed {
    fn from(wire: Wire) -> Self {
        // A link shows up as `/other/alias`.
        let own = wire.names.iter().map(|name| name.trim_start_matches('/')).find(|name| !name.contains('/'));
        let health = wire.health.status.or_else(|| health_in(&wire.status).map(str::to_owned));
        let networks = wire.network_settings.networks.values();
        let parsed = |texts: [&String; 2]| texts.into_iter().filter_map(|text| text.parse().ok()).collect::<Vec<_>>();
        let address = |port: &WirePort| Some(SocketAddr::new(port.ip.parse().ok()?, port.public?));
        let published = wire.ports.iter().filter_map(|port| Some((port.private, address(port)?)));
        let addresses = networks
            .clone()
            .flat_map(|network| [(&network.address, network.prefix), (&network.address6, network.prefix6)])
            .filter_map(|(address, prefix)| Some((address.parse::<IpAddr>().ok()?, prefix)));
        let (addresses, networks_of): (Vec<IpAddr>, Vec<Option<Network>>) =
            addresses.map(|(address, prefix)| (address, Network::around(address, prefix))).unzip();
        let reach = Reach {
            addresses,
            networks: networks_of.into_iter().flatten().collect(),
            is_on_host: wire.host_config.network_mode == "host",
            labels: own_labels(&wire.labels),
            gateways: networks.flat_map(|network| parsed([&network.gateway, &network.gateway6])).collect(),
            published: published.collect(),
            service: wire.labels.get("com.docker.compose.service").cloned(),
        };
        Self {
            name: own.map_or_else(|| super::short(&wire.id).to_owned(), str::to_owned),
            image: wire.image,
            state: wire.state,
            health: health.filter(|health| !matches!(health.as_str(), "" | "none")),
            created: wire.created.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
            labels: wire.labels,
            network_mode: wire.host_config.network_mode,
            reach: Arc::new(reach),
            age: age_in(&wire.status),
            exit_code: exit_code_in(&wire.status),
            written: wire.written,
            id: wire.id,
        }
    }
}

/// Labels of a container that are meant for the agent, and bytes of one: anyone may write anything into them.
const MAX_LABELS: usize = 32;
const MAX_LABEL: usize = 1024;

fn own_labels(labels: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let own = labels.iter().filter_map(|(key, value)| Some((key.strip_prefix(OWN_LABELS)?, value)));
    let short = own.filter(|(key, value)| key.len() + value.len() <= MAX_LABEL);
    short.take(MAX_LABELS).map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

/// The health in the status text for people.
fn health_in(status: &str) -> Option<&'static str> {
    let inside = status.rsplit_once('(')?.1.strip_suffix(')')?;
    match inside {
        "healthy" => Some("healthy"),
        "unhealthy" => Some("unhealthy"),
        "health: starting" => Some("starting"),
        _ => None,
    }
}

/// The exit code in `Exited (137) 3 seconds ago` and `Restarting (1) 1 second ago`.
fn exit_code_in(status: &str) -> Option<i64> {
    let rest = ["Exited (", "Restarting ("].iter().find_map(|start| status.strip_prefix(start))?;
    rest.split_once(')')?.0.parse().ok()
}

/// The time span in `Up 5 minutes (healthy)` and `Exited (0) About an hour ago`.
fn age_in(status: &str) -> Option<Age> {
    let words = match status.strip_prefix("Up ") {
        Some(up) => up.split(" (").next()?,
        None => status.strip_suffix(" ago")?.split_once(") ")?.1,
    };
    let (count, unit) = match words {
        "Less than a second" => (0, "second"),
        "About a minute" => (1, "minute"),
        "About an hour" => (1, "hour"),
        _ => {
            let (count, unit) = words.split_once(' ')?;
            (count.parse::<u32>().ok()?, unit.strip_suffix('s').unwrap_or(unit))
        }
    };
    let hours = |hours: u64| Duration::from_hours(hours);
    let unit = match unit {
        "second" => Duration::from_secs(1),
        "minute" => Duration::from_mins(1),
        "hour" => hours(1),
        "day" => hours(24),
        "week" => hours(24 * 7),
        "month" => hours(24 * 30),
        "year" => hours(24 * 365),
        _ => return None,
    };
    // From an hour on the engine rounds to the nearest hour before it counts days.
    let rounded = if unit < hours(1) { Duration::ZERO } else { Duration::from_mins(30) };
    Some(Age {
        at_least: unit.checked_mul(count)?.saturating_sub(rounded),
        below: unit.checked_mul(count.checked_add(1)?)?,
    })
}

#[cfg(test)]
mod tests;
