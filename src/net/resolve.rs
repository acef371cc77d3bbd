//! Name resolution that cannot hold up anything but the one who asks.
//!
//! The system's resolver cannot be cancelled and may hang for half a minute. On the runtime's shared blocking threads a
//! dead name server would stop everything that needs one of them; here each target has at most one lookup in flight, on a
//! thread of its own.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use tokio::sync::Mutex;

use super::blocking::Blocking;

use super::dial::Reached;

type Answer = io::Result<Vec<SocketAddr>>;

/// The addresses that a name is taken to have, whatever the system knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addresses {
    /// This one, whatever the port.
    Node(SocketAddr),
    /// These, at the port that is asked for.
    Hosts(Arc<[IpAddr]>),
}

/// The lookups of one target, all for the same name.
#[derive(Debug)]
pub struct Resolver {
    thread: Mutex<Blocking<Answer>>,
    /// The answer to every question, where that is known already.
    fixed: Option<Addresses>,
    /// Where the last connection went.
    reached: parking_lot::Mutex<Option<Reached>>,
}

impl Resolver {
    /// One for which the name has these addresses alone, if there are any.
    #[must_use]
    pub fn at(fixed: Option<Addresses>) -> Self {
        Self { thread: Mutex::new(Blocking::new("resolve")), fixed, reached: parking_lot::Mutex::default() }
    }

    /// A connection was made.
    pub(super) fn reached(&self, at: Reached) {
        *self.reached.lock() = Some(at);
    }

    /// Where the last connection went.
    #[must_use]
    pub fn last_reached(&self) -> Option<Reached> {
        *self.reached.lock()
    }

    /// The addresses of `host`. When the future is dropped the lookup goes on, and the next call waits for it.
    pub async fn resolve(&self, host: &str, port: u16) -> Answer {
        match &self.fixed {
            Some(Addresses::Node(node)) => return Ok(vec![*node]),
            Some(Addresses::Hosts(hosts)) => return Ok(hosts.iter().map(|ip| SocketAddr::new(*ip, port)).collect()),
            None => {}
        }
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let host = host.to_owned();
        let lookup = move || (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
        self.thread.lock().await.join(lookup).await.flatten()
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::at(None)
    }
}

#[cfg(test)]
impl Resolver {
    /// One whose lookup takes as long as the sender lives.
    pub(crate) fn hanging() -> (tokio::sync::oneshot::Sender<Answer>, Self) {
        let (sender, thread) = Blocking::running();
        (sender, Self { thread: Mutex::new(thread), ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_zone_is_an_interface() {
        let addresses = Resolver::default().resolve("fe80::1%lo", 7).await.unwrap();
        let [SocketAddr::V6(address)] = addresses[..] else { panic!("{addresses:?}") };
        assert_eq!((address.ip().to_string().as_str(), address.port()), ("fe80::1", 7));
        assert_ne!(address.scope_id(), 0);
    }

    #[tokio::test]
    async fn addresses_that_are_known_are_the_only_ones() {
        let hosts = ["10.0.0.7".parse().unwrap(), "fd00::7".parse().unwrap()];
        let fixed = Resolver::at(Some(Addresses::Hosts(hosts.into())));
        // Neither the name nor an address in its place leads anywhere else.
        for host in ["localhost", "127.0.0.1"] {
            let addresses = fixed.resolve(host, 6379).await.unwrap();
            assert_eq!(addresses, ["10.0.0.7:6379".parse().unwrap(), "[fd00::7]:6379".parse().unwrap()]);
        }
        let node = "10.0.0.8:1".parse().unwrap();
        assert_eq!(Resolver::at(Some(Addresses::Node(node))).resolve("localhost", 6379).await.unwrap(), [node]);
    }

    #[tokio::test]
    async fn addresses_need_no_lookup_and_names_get_one() {
        let resolver = Resolver::default();
        assert_eq!(resolver.resolve("::1", 6379).await.unwrap(), ["[::1]:6379".parse().unwrap()]);
        assert!(resolver.thread.lock().await.is_idle());
        let addresses = resolver.resolve("localhost", 6379).await.unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 6379), "{addresses:?}");
        assert!(!addresses.is_empty());
        assert!(resolver.thread.lock().await.is_idle());
    }

    #[tokio::test]
    async fn a_lookup_that_was_given_up_is_awaited_again() {
        let (sender, resolver) = Resolver::hanging();
        let given_up = tokio::time::timeout(std::time::Duration::ZERO, resolver.resolve("redis.example", 1)).await;
        assert!(given_up.is_err());
        let address = "10.0.0.7:1".parse().unwrap();
        sender.send(Ok(vec![address])).unwrap();
        assert_eq!(resolver.resolve("redis.example", 1).await.unwrap(), [address]);
    }
}
