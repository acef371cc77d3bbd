//! Servers by their names: SRV names of entries, and the hosts that targets files name.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use tokio::time::{Instant, timeout, timeout_at};
use toml::Table as Toml;

use super::candidate::{Candidate, Of};
use super::dns;
use crate::config::{Entry, Srv};
use crate::net::resolve::Resolver;

/// How long what a name means is taken to hold, where nothing says how long.
const HOLDS: Duration = Duration::from_secs(30);

/// The shortest and the longest time to live of a record that is kept to.
const TTL: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(5));

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
    due: Option<Instant>,
    error: Option<String>,
}

/// Everything that is known by name.
#[derive(Debug, Default)]
pub(super) struct Names {
    services: BTreeMap<String, Service>,
    hosts: BTreeMap<String, Host>,
}

impl Names {
    /// Asks for the SRV names of `entries` that are due; what is not answered stays as it was.
    pub(super) async fn ask(&mut self, entries: &[Entry], until: Instant) {
        let wanted: Vec<&Srv> = entries.iter().filter_map(|entry| entry.srv.as_ref()).collect();
        self.services.retain(|name, _| wanted.iter().any(|srv| srv.name == *name));
        let now = Instant::now();
        let is_due =
            |srv: &&&Srv| self.services.get(&srv.name).and_then(|known| known.due).is_none_or(|due| due <= now);
        let due: Vec<Srv> = wanted.iter().filter(is_due).map(|srv| (**srv).clone()).collect();
        let mut answers = iter(due)
            .map(|srv| async move { (dns::service(&srv.name, srv.server).await, srv.name) })
            .buffer_unordered(AT_A_TIME);
        while let Ok(Some((answer, name))) = timeout_at(until, answers.next()).await {
            let service = self.services.entry(name).or_default();
            match answer {
                Ok(known) => {
                    service.due = Some(Instant::now() + known.ttl.clamp(TTL.0, TTL.1));
                    (service.known, service.error, service.at) = (known, None, Some(SystemTime::now()));
                }
                Err(error) => {
                    service.due = Some(Instant::now() + TTL.0);
                    service.error = Some(error);
                }
            }
        }
    }

    /// Looks up those of `hosts` that are due; one that is not found stays where it was.
    pub(super) async fn look_up(&mut self, hosts: Vec<&str>, until: Instant) {
        self.hosts.retain(|known, _| hosts.contains(&known.as_str()));
        let now = Instant::now();
        let mut due = Vec::new();
        for name in hosts {
            let host = self.hosts.entry(name.to_owned()).or_default();
            if host.due.is_none_or(|due| due <= now) {
                due.push((name.to_owned(), Arc::clone(&host.resolver)));
            }
        }
        let mut answers = iter(due)
            .map(|(name, resolver)| async move {
                let answer = timeout(PATIENCE, resolver.resolve(&name, 0)).await;
                (answer.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())), name)
            })
            .buffer_unordered(AT_A_TIME);
        while let Ok(Some((answer, name))) = timeout_at(until, answers.next()).await {
            let host = self.hosts.entry(name).or_default();
            host.due = Some(Instant::now() + HOLDS);
            match answer {
                Ok(found) => {
                    host.addresses = found.into_iter().map(|at| at.ip()).collect();
                    host.addresses.sort_unstable();
                    host.addresses.dedup();
                    host.error = None;
                }
                Err(error) => host.error = Some(error.to_string()),
            }
        }
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
    pub(super) fn services(&self) -> impl Iterator<Item = (&str, &Service)> {
        self.services.iter().map(|(name, service)| (name.as_str(), service))
    }

    /// What the SRV names of `entries` mean.
    pub(super) fn candidates(&self, entries: &[Entry]) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (at, srv) in entries.iter().enumerate().filter_map(|(at, entry)| Some((at, entry.srv.as_ref()?))) {
            let source: Arc<str> = format!("SRV {}", srv.name).into();
            let servers = self.services.get(&srv.name).map(|service| service.known.servers.as_slice());
            candidates.extend(servers.unwrap_or_default().iter().map(|(host, port, addresses)| Candidate {
                source: Arc::clone(&source),
                of: Of::Srv(at),
                kind: srv.kind.to_owned(),
                name: format!("{host}:{port}"),
                host: host.clone(),
                port: *port,
                addresses: Some(addresses.clone()),
                keys: Toml::new(),
            }));
        }
        candidates
    }
}
