//! What polls tell of where targets are and who talks to them.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use reader::Network;

use crate::net::Reached;

/// What a kind of target is to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Role {
    /// It is asked by services: Redis.
    Server,
    /// It asks servers: a service.
    Service,
    /// Containers run on it.
    Engine,
    /// The machine of the agent.
    Machine,
    /// Nothing is known of it but what the configuration says.
    #[default]
    Other,
}

/// What one poll saw of where a target is and who talks to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sight {
    /// Where it was reached.
    pub reached: Option<Reached>,
    /// Addresses from which it is used, [`MAX_ADDRESSES`](clientlist::MAX_ADDRESSES) at most, without those of the agent itself. A client on a unix
    /// socket has the loopback address.
    pub clients: BTreeSet<IpAddr>,
    /// Host and port of what it is a replica of.
    pub primary: Option<(String, u16)>,
    /// The containers that it runs.
    pub containers: Vec<ContainerSight>,
}

/// A container, as far as others can reach it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerSight {
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub runs: bool,
    /// Whether it is removed, and only remembered.
    pub is_removed: bool,
    /// The service of Compose that it belongs to, which is a host name in its networks.
    pub service: Option<String>,
    /// Its addresses in the engine's networks.
    pub addresses: Vec<IpAddr>,
    /// The addresses of those networks' gateways: what the machine itself has there.
    pub gateways: Vec<IpAddr>,
    /// Its ports that are published, each with the address of the machine; an unspecified one is any of the machine's.
    pub published: Vec<(u16, SocketAddr)>,
    /// The networks of its addresses, in their order.
    pub networks: Vec<Network>,
    /// Whether it has the network of the engine's machine.
    pub is_on_host: bool,
    /// The Compose project that it belongs to.
    pub project: Option<String>,
    /// Its Docker labels that are meant for the agent, by what stands behind [`OWN_LABELS`].
    pub labels: Vec<(String, String)>,
}

/// What the Docker labels begin with that say something to the agent.
pub const OWN_LABELS: &str = "manometer.";

impl ContainerSight {
    /// Whether its published ports are at `address` of the engine's machine.
    pub(super) fn publishes(&self, address: SocketAddr) -> bool {
        self.published
            .iter()
            .any(|(_, at)| at.port() == address.port() && (at.ip().is_unspecified() || at.ip() == address.ip()))
    }

    /// Whether it has that host name in its networks.
    pub(super) fn is_called(&self, host: &str) -> bool {
        self.name == host || self.service.as_deref() == Some(host)
    }
}
