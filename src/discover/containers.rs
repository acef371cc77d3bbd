//! Containers of the watched engines, by their labels.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::candidate::{Candidate, Of, WORDS, host_and_port, keys, literal, shown};
use crate::net::Reached;
use crate::topology::{ContainerSight, OWN_LABELS, Sight};

/// The begin of labels that become labels of the series.
const LABEL: &str = "label.";

/// This machine.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What containers say, by engine and name: one that does not run has no address, and stays what it was, until somebody else
/// has its place.
#[derive(Debug, Clone, Default)]
pub(super) struct Containers(BTreeMap<Key, Vec<Candidate>>);

/// An engine and a name.
type Key = (String, String);

/// What is wrong with a label: whose it is, and why.
type Wrong = (String, String);

impl Containers {
    /// Takes what the last polls of the engines saw; `kinds` are the kinds of targets that a label may name.
    pub(super) fn look(&mut self, engines: &[(String, Sight)], kinds: &[&str]) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut known = std::mem::take(&mut self.0);
        let mut stopped = Vec::new();
        let mut places = Places::default();
        for (engine, sight) in engines {
            let remote = other_machine(sight);
            let machine = remote.unwrap_or(HERE);
            for container in sight.containers.iter().filter(|container| !container.is_removed) {
                let key = (engine.clone(), container.name.clone());
                if container.runs {
                    let candidates = read(engine, remote, container, kinds, &mut wrong);
                    places.take(machine, container, &candidates);
                    if !candidates.is_empty() {
                        self.0.insert(key, candidates);
                    }
                } else if let Some(candidates) = known.remove(&key) {
                    stopped.push((key, machine, candidates));
                }
            }
        }
        for (key, machine, mut candidates) in stopped {
            candidates.retain(|candidate| !places.has(machine, candidate));
            if !candidates.is_empty() {
                self.0.insert(key, candidates);
            }
        }
        wrong
    }

    pub(super) fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.0.values().flatten()
    }
}

/// What containers that run have: a password for one that does not run goes to none of them.
#[derive(Debug, Default)]
struct Places {
    addresses: BTreeSet<IpAddr>,
    /// Where the ports of containers are; an unspecified address is any of the machine's.
    ports: BTreeSet<(IpAddr, SocketAddr)>,
}

impl Places {
    fn take(&mut self, machine: IpAddr, container: &ContainerSight, candidates: &[Candidate]) {
        self.addresses.extend(&container.addresses);
        self.ports.extend(container.published.iter().map(|(_, at)| (machine, *at)));
        // One in the machine's network has no other place than its label says.
        self.ports.extend(candidates.iter().filter_map(own_place).map(|at| (machine, at)));
    }

    fn has(&self, machine: IpAddr, candidate: &Candidate) -> bool {
        let any = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        own_place(candidate).is_some_and(|at| {
            let is_published = |ip| self.ports.contains(&(machine, SocketAddr::new(ip, at.port())));
            self.addresses.contains(&at.ip()) || is_published(at.ip()) || any.into_iter().any(is_published)
        })
    }
}

/// Where a candidate is, unless its label says so.
fn own_place(candidate: &Candidate) -> Option<SocketAddr> {
    let ip = candidate.addresses.as_ref()?.first()?;
    matches!(candidate.of, Of::Container { is_own: true, .. }).then(|| SocketAddr::new(*ip, candidate.port))
}

/// The address of the machine that an engine runs on, if it is not this one. A proxy of the engine's socket is often one of
/// its containers.
fn other_machine(sight: &Sight) -> Option<IpAddr> {
    let Some(Reached::Address { peer, is_own: false }) = sight.reached else { return None };
    let is_container = |ip: IpAddr| sight.containers.iter().any(|container| container.addresses.contains(&ip));
    Some(peer.ip()).filter(|ip| !ip.is_loopback() && !is_container(*ip))
}

/// What the labels of a container that runs say.
fn read(
    engine: &str,
    remote: Option<IpAddr>,
    container: &ContainerSight,
    kinds: &[&str],
    wrong: &mut Vec<Wrong>,
) -> Vec<Candidate> {
    let words: BTreeMap<&str, &str> =
        container.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let named: Vec<(&str, &str)> = kinds.iter().filter_map(|kind| Some((*kind, *words.get(kind)?))).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let source = format!("container {engine}/{}", container.name);
    let mut refuse = |label: &str, value: &str, message: String| {
        wrong.push((source.clone(), format!("label {OWN_LABELS}{} = {:?}: {message}", shown(label), shown(value))));
        Vec::new()
    };
    let is_known = |word: &str| kinds.contains(&word) || WORDS.contains(&word) || word.starts_with(LABEL);
    if let Some((word, value)) = words.iter().find(|(word, _)| !is_known(word)) {
        let known = kinds.iter().chain(&WORDS).copied().chain([LABEL]).collect::<Vec<_>>();
        return refuse(
            word,
            value,
            format!("means nothing; there are {OWN_LABELS}{}", known.join(&format!(", {OWN_LABELS}"))),
        );
    }
    let labels: Vec<(&str, &str)> =
        words.iter().filter_map(|(word, value)| Some((word.strip_prefix(LABEL)?, *value))).collect();
    let mut keys = match keys(&words, &labels) {
        Ok(keys) => keys,
        Err(message) => return refuse("queues", words.get("queues").copied().unwrap_or_default(), message),
    };
    keys.insert("container".to_owned(), literal(&format!("{engine}/{}", container.name)));
    let mut candidates = Vec::new();
    for (kind, address) in &named {
        let place = host_and_port(address).and_then(|(host, port)| match host.as_str() {
            "" => place(remote, container, port).map(|at| (at.ip().to_string(), at.port(), true)),
            _ => Ok((host, port, false)),
        });
        let (host, port, is_own) = match place {
            Ok(place) => place,
            Err(message) => return refuse(kind, address, message),
        };
        let name = words.get("name").copied().unwrap_or(&container.name);
        let mut keys = keys.clone();
        if named.len() > 1 {
            // What is said of queues is said of the server, what is said of a profile of the service.
            let others = if kinds.first() == Some(kind) { &["profile", "uses"][..] } else { &["queue"][..] };
            keys.retain(|key, _| !others.contains(&key));
        }
        candidates.push(Candidate {
            source: source.clone().into(),
            of: Of::Container { name: container.name.clone(), project: container.project.clone(), is_own },
            kind: (*kind).to_owned(),
            name: if named.len() > 1 { format!("{name}-{kind}") } else { name.to_owned() },
            addresses: host.parse().ok().map(|address| vec![address]),
            host,
            port,
            keys: keys.into(),
        });
    }
    candidates
}

/// Where the agent reaches a port of a container: at its own address where a network of it is one of the agent's, else where
/// the port is published, else at its own address all the same. On another machine it is where the port is published: private
/// addresses are the same on every machine.
fn place(remote: Option<IpAddr>, container: &ContainerSight, port: u16) -> Result<SocketAddr, String> {
    let machine = remote.unwrap_or(HERE);
    if container.is_on_host {
        return Ok(SocketAddr::new(machine, port));
    }
    let is_near = |address: &&IpAddr| {
        let source = source_for(**address);
        source.is_some_and(|source| container.networks.iter().any(|network| network.contains(source)))
    };
    if remote.is_none()
        && let Some(address) = container.addresses.iter().find(is_near)
    {
        return Ok(SocketAddr::new(*address, port));
    }
    let mut published = container.published.iter().filter(|(inside, _)| *inside == port).filter_map(|(_, at)| {
        let ip = match at.ip() {
            ip if ip.is_unspecified() => machine,
            ip if ip.is_loopback() && remote.is_some() => return None,
            ip => ip,
        };
        Some(SocketAddr::new(ip, at.port()))
    });
    match (published.next(), container.addresses.first()) {
        (Some(at), _) => Ok(at),
        (None, _) if remote.is_some() => {
            Err("the container is on another machine and this port is not published beyond \
                                              it; publish it, or name HOST:PORT in the label"
                .to_owned())
        }
        (None, Some(address)) => Ok(SocketAddr::new(*address, port)),
        (None, None) => {
            Err("the container has neither an address nor this port published; give it a network, or publish \
                             the port"
                .to_owned())
        }
    }
}

/// The address from which this machine would speak to another one; nothing is sent.
fn source_for(address: IpAddr) -> Option<IpAddr> {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(SocketAddr::new(address, 9)).ok()?;
    socket.local_addr().ok().map(|at| at.ip())
}

#[cfg(test)]
mod tests;
