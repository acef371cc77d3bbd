//! Containers of the watched engines, by their labels.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use super::candidate::{Candidate, Of, WORDS, host_and_port, keys, literal};
use crate::net::Reached;
use crate::topology::{ContainerSight, OWN_LABELS, Sight};

/// The begin of labels that become labels of the series.
const LABEL: &str = "label.";

/// What containers say, by engine and name: one that does not run has no address, and stays what it was.
#[derive(Debug, Clone, Default)]
pub(super) struct Containers(BTreeMap<(String, String), Vec<Candidate>>);

/// What is wrong with a label: whose it is, and why.
type Wrong = (String, String);

impl Containers {
    /// Takes what the last polls of the engines saw; `kinds` are the kinds of targets that a label may name.
    pub(super) fn look(&mut self, engines: &[(String, Sight)], kinds: &[&str]) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut known = std::mem::take(&mut self.0);
        for (engine, sight) in engines {
            for container in sight.containers.iter().filter(|container| !container.is_removed) {
                let key = (engine.clone(), container.name.clone());
                let candidates = if container.runs {
                    read(engine, sight.reached, container, kinds, &mut wrong)
                } else {
                    known.remove(&key).unwrap_or_default()
                };
                if !candidates.is_empty() {
                    self.0.insert(key, candidates);
                }
            }
        }
        wrong
    }

    pub(super) fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.0.values().flatten()
    }
}

/// What the labels of a container that runs say.
fn read(
    engine: &str,
    reached: Option<Reached>,
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
        wrong.push((source.clone(), format!("label {OWN_LABELS}{label} = {value:?}: {message}")));
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
            "" => place(reached, container, port).map(|at| (at.ip().to_string(), at.port(), true)),
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
            keys,
        });
    }
    candidates
}

/// Where the agent reaches a port of a container: at its own address where a network of it is one of the agent's, else where
/// the port is published, else at its own address all the same.
fn place(reached: Option<Reached>, container: &ContainerSight, port: u16) -> Result<SocketAddr, String> {
    let remote = match reached {
        Some(Reached::Address { peer, is_own: false }) if !peer.ip().is_loopback() => Some(peer.ip()),
        _ => None,
    };
    let machine = remote.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
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
    let published = container.published.iter().filter(|(inside, _)| *inside == port).find_map(|(_, at)| {
        let ip = match at.ip() {
            ip if ip.is_unspecified() => machine,
            ip if ip.is_loopback() && remote.is_some() => return None,
            ip => ip,
        };
        Some(SocketAddr::new(ip, at.port()))
    });
    let own = container.addresses.first().map(|address| SocketAddr::new(*address, port));
    published.or(own).ok_or_else(|| {
        "the container has neither an address nor this port published; give it a network, or publish the port"
            .to_owned()
    })
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
