//! Servers by their names: SRV names of entries, and the hosts that targets files name.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use tokio::time::{Instant, timeout_at};

use super::candidate::{Candidate, Of, host_and_port, shown};
use super::dns;
use crate::config::{Entry, Srv};
use crate::net::resolve::Resolver;

/// How long what a name means is taken to hold, where nothing says how long.
const HOLDS: Duration = Duration::from_secs(30);

/// The shortest and the longest time to live of a record that is kept to.
const TTL: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(5));

/// How long a host's address is taken to be its own after it was last named.
const STAYS: Duration = Duration::from_mins(5);

/// The most that one lookup of a host may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lookups at a time.
const AT_A_TIME: usize = 8;

/// An SRV name, and what it meant when it was last answered.
#[derive(Debug, Default)]
pub(super) struct Service {
    known: dns::Service,
    due: Option<Instant>,
    /// Why what it means is what it meant before.
    pub(super) error: Option<String>,
    /// When it was answered.
    pub(super) at: Option<SystemTime>,
}

/// A host, and its addresses when it was last looked up.
#[derive(Debug, Default)]
struct Host {
    resolver: Arc<Resolver>,
    addresses: Vec<IpAddr>,
    /// When each was last named.
    named: BTreeMap<IpAddr, Instant>,
    due: Option<Instant>,
    error: Option<String>,
}

/// Everything that is known by name.
#[derive(Debug, Default)]
pub(super) struct Names {
    services: BTreeMap<Key, Service>,
    hosts: BTreeMap<String, Host>,
}

/// An SRV name, and the name server that is asked for it.
type Key = (String, Option<SocketAddr>);

fn key(srv: &Srv) -> Key {
    (srv.name.clone(), srv.server)
}

impl Names {
    /// Asks for the SRV names of `entries` that are due; what is not answered stays as it was.
    pub(super) async fn ask(&mut self, entries: &[Entry], until: Instant) {
        let wanted: BTreeSet<Key> = entries.iter().filter_map(|entry| entry.srv.as_ref()).map(key).collect();
        self.services.retain(|key, _| wanted.contains(key));
        let due = wanted.into_iter().map(|key| (self.services.get(&key).and_then(|known| known.due), key));
        let mut answers = iter(in_turn(due))
            .map(|key| async move {
                if Instant::now() >= until {
                    return None;
                }
                Some((dns::service(&key.0, key.1, until).await, key))
            })
            .buffer_unordered(AT_A_TIME)
            .filter_map(ready);
        while let Some((answer, key)) = answers.next().await {
            let service = self.services.entry(key).or_default();
            let ttl = match answer {
                Ok(mut known) => {
                    service.take_over(&mut known);
                    (service.known, service.error, service.at) = (known, None, Some(SystemTime::now()));
                    if service.known.failed.is_empty() { service.known.ttl } else { TTL.0 }
                }
                Err(error) => {
                    service.error = Some(error);
                    TTL.0
                }
            };
            service.due = Some(Instant::now() + ttl.clamp(TTL.0, TTL.1));
        }
    }

    /// Looks up those of `hosts` that are due; one that is not found stays where it was.
    pub(super) async fn look_up(&mut self, hosts: BTreeSet<&str>, until: Instant) {
        self.hosts.retain(|known, _| hosts.contains(known.as_str()));
        let due: Vec<_> = hosts
            .into_iter()
            .map(|name| {
                let host = self.hosts.entry(name.to_owned()).or_default();
                (host.due, (name.to_owned(), Arc::clone(&host.resolver)))
            })
            .collect();
        let mut answers = iter(in_turn(due.into_iter()))
            .map(|(name, resolver)| async move {
                let now = Instant::now();
                if now >= until {
                    return None;
                }
                let answer = timeout_at(until.min(now + PATIENCE), resolver.resolve(&name, 0)).await;
                Some((answer.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())), name))
            })
            .buffer_unordered(AT_A_TIME)
            .filter_map(ready);
        while let Some((answer, name)) = answers.next().await {
            let host = self.hosts.entry(name).or_default();
            host.due = Some(Instant::now() + HOLDS);
            match answer {
                Ok(found) => host.take(found.into_iter().map(|at| at.ip()).collect(), Instant::now()),
                Err(error) => host.error = Some(error.to_string()),
            }
        }
    }

    /// Whether what is watched at `addresses` may stay there: a name with many addresses tells a few of them at a time.
    pub(super) fn still_has(&self, host: &str, addresses: &[IpAddr]) -> bool {
        self.hosts.get(host).is_some_and(|host| {
            addresses.iter().any(|address| host.addresses.contains(address))
                && addresses.iter().all(|address| host.named.contains_key(address))
        })
    }

    /// The addresses of a host that was looked up, or why there are none.
    pub(super) fn addresses(&self, host: &str) -> Result<&[IpAddr], &str> {
        let known = self.hosts.get(host).ok_or("it has not been looked up yet")?;
        if known.addresses.is_empty() {
            return Err(known.error.as_deref().unwrap_or("it has no address"));
        }
        Ok(&known.addresses)
    }

    /// The SRV names, with what is known of them.
    pub(super) fn services(&self) -> impl Iterator<Item = (String, &Service)> {
        self.services.iter().map(|((name, server), service)| {
            let is_one = self.services.keys().filter(|(of, _)| of == name).count() == 1;
            let shown = match server {
                Some(server) if !is_one => format!("{name} of {server}"),
                _ => name.clone(),
            };
            (shown, service)
        })
    }

    /// What the SRV names of `entries` mean, and what is wrong with the rest.
    pub(super) fn candidates(&self, entries: &[Entry]) -> Vec<Result<Candidate, (String, String)>> {
        let mut candidates = Vec::new();
        for (at, srv) in entries.iter().enumerate().filter_map(|(at, entry)| Some((at, entry.srv.as_ref()?))) {
            let source: Arc<str> = format!("SRV {}", srv.name).into();
            let servers = self.services.get(&key(srv)).map(|service| service.known.servers.as_slice());
            candidates.extend(servers.unwrap_or_default().iter().map(|(host, port, addresses)| {
                let name = format!("{host}:{port}");
                // Whoever answers for the name may write anything, and it becomes part of a URL.
                let (host, port) =
                    host_and_port(&name).map_err(|error| (format!("{} of {source}", shown(&name)), error))?;
                Ok(Candidate {
                    source: Arc::clone(&source),
                    of: Of::Srv(at),
                    kind: srv.kind.to_owned(),
                    name,
                    host,
                    port,
                    addresses: Some(addresses.clone()),
                    keys: Arc::default(),
                })
            }));
        }
        candidates
    }
}

impl Service {
    /// Gives the hosts that failed what they had.
    fn take_over(&self, known: &mut dns::Service) {
        for (host, port, addresses) in &mut known.servers {
            if known.failed.contains(host) {
                let earlier = self.known.servers.iter().find(|(of, at, _)| of == host && at == port);
                addresses.extend(earlier.into_iter().flat_map(|(.., addresses)| addresses));
            }
        }
    }
}

impl Host {
    fn take(&mut self, mut addresses: Vec<IpAddr>, now: Instant) {
        addresses.sort_unstable();
        addresses.dedup();
        self.named.extend(addresses.iter().map(|address| (*address, now)));
        self.named.retain(|_, at| now.duration_since(*at) < STAYS);
        (self.addresses, self.error) = (addresses, None);
    }
}

/// What is due now, the longest first: what one look has no time for comes first at the next.
fn in_turn<T>(all: impl Iterator<Item = (Option<Instant>, T)>) -> Vec<T> {
    let now = Instant::now();
    let mut due: Vec<_> = all.filter(|(due, _)| due.is_none_or(|due| due <= now)).collect();
    due.sort_by_key(|(due, _)| *due);
    due.into_iter().map(|(_, what)| what).collect()
}

#[cfg(test)]
mod tests;
