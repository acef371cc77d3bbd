//! From what polls saw to edges: which container a target is, and which service uses which server.
//!
//! Nothing is guessed: an edge is drawn where exactly one container or service fits, and none where there are two.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::graph::{Node, Via};
use super::kept::Found;
use super::member::Member;
use super::sight::{ContainerSight, Role, Sight};
use crate::net::Reached;

/// Under this address stands what is at any address of this machine.
const OWN: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A container and its engine.
#[derive(Clone, Copy)]
struct Place<'a> {
    engine: &'a str,
    container: &'a ContainerSight,
}

impl Place<'_> {
    fn node(&self) -> Node {
        Node::container(self.engine, &self.container.name)
    }
}

/// What the polls of all targets saw, by what is looked up in it.
pub(super) struct Seen<'a> {
    members: &'a BTreeMap<String, Member>,
    containers: Vec<Place<'a>>,
    by_address: HashMap<IpAddr, Vec<usize>>,
    by_port: HashMap<u16, Vec<usize>>,
    /// Where engines are that are not on this machine.
    remote: HashMap<&'a str, IpAddr>,
    /// What this machine is called in the networks of its containers, beside loopback.
    own: BTreeSet<IpAddr>,
    /// The container of each target that is one, said or seen.
    placed: BTreeMap<&'a str, Node>,
    /// The targets of each container.
    in_container: HashMap<Node, Vec<&'a str>>,
    /// Where targets were reached that are in no container.
    outside: HashMap<IpAddr, Vec<(&'a str, SocketAddr)>>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(members: &'a BTreeMap<String, Member>) -> Self {
        let mut seen = Self {
            members,
            containers: Vec::new(),
            by_address: HashMap::new(),
            by_port: HashMap::new(),
            remote: HashMap::new(),
            own: BTreeSet::new(),
            placed: BTreeMap::new(),
            in_container: HashMap::new(),
            outside: HashMap::new(),
        };
        for (name, sight) in all(members) {
            let remote = match sight.reached {
                Some(Reached::Address { peer, is_own: false }) => Some(peer.ip()),
                _ => None,
            };
            if let Some(ip) = remote {
                seen.remote.insert(name, ip);
            }
            for container in &sight.containers {
                let at = seen.containers.len();
                seen.containers.push(Place { engine: name, container });
                for address in &container.addresses {
                    seen.by_address.entry(*address).or_default().push(at);
                }
                for port in container.published.iter().map(|(_, at)| at.port()).collect::<BTreeSet<_>>() {
                    seen.by_port.entry(port).or_default().push(at);
                }
                if remote.is_none() {
                    seen.own.extend(&container.gateways);
                }
            }
        }
        for (name, member) in members {
            let said = member.container.clone();
            if let Some(node) = said.or_else(|| seen.place_of(member).map(|(place, _)| place.node())) {
                seen.in_container.entry(node.clone()).or_default().push(name);
                seen.placed.insert(name, node);
                continue;
            }
            for sight in &member.sights {
                if let Some(Reached::Address { peer, is_own }) = sight.reached {
                    let ip = if is_own || seen.is_own(peer.ip()) { OWN } else { peer.ip() };
                    seen.outside.entry(ip).or_default().push((name, peer));
                }
            }
        }
        seen
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.own.contains(&ip)
    }

    /// Every edge that is seen, with what shows it.
    pub(super) fn edges(&self) -> BTreeMap<Found, String> {
        let mut found = BTreeMap::new();
        for (name, member) in self.members {
            let mut push = |from: &str, on: Node, via, reason| {
                found.insert(Found { from: from.to_owned(), on, via }, reason);
            };
            if let Some((place, reason)) = self.place_of(member) {
                push(name, place.node(), Via::Address, reason);
            }
            for sight in &member.sights {
                if let Some((primary, reason)) = self.primary_of(name, sight) {
                    push(name, Node::target(primary), Via::Replica, reason);
                }
                for client in &sight.clients {
                    if let Some((service, reason)) = self.service_at(name, *client) {
                        push(service, Node::target(name), Via::Clients, reason);
                    }
                }
            }
        }
        found
    }

    /// The container that a target is, where its address tells; of several instances nothing is told.
    fn place_of(&self, member: &Member) -> Option<(Place<'a>, String)> {
        let [Sight { reached: Some(Reached::Address { peer, is_own }), .. }] = &member.sights[..] else { return None };
        if matches!(member.role, Role::Engine | Role::Machine) {
            return None;
        }
        if let Some(place) = self.one(self.at(self.by_address.get(&peer.ip())), None) {
            return Some((place, format!("its address {} is that of the container", peer.ip())));
        }
        let publishers = self.at(self.by_port.get(&peer.port())).filter(|place| {
            let is_there = match self.remote.get(place.engine) {
                Some(ip) => *ip == peer.ip(),
                None => *is_own || peer.ip().is_loopback(),
            };
            is_there && place.container.publishes(*peer)
        });
        let place = self.one(publishers, None)?;
        Some((place, format!("its address {peer} is a published port of the container")))
    }

    /// The service whose connections come from `client`, where exactly one fits.
    fn service_at(&self, server: &str, client: IpAddr) -> Option<(&'a str, String)> {
        let is_service = |name: &&'a str| self.members[*name].role == Role::Service;
        let engine = match self.placed.get(server) {
            Some(Node::Container { engine, .. }) => Some(engine.as_str()),
            _ => None,
        };
        if let Some(place) = self.one(self.at(self.by_address.get(&client)), engine) {
            let service = only(self.in_container.get(&place.node())?.iter().copied().filter(is_service))?;
            return Some((service, format!("its container {} ({client}) is among the clients", place.container.name)));
        }
        let is_own = self.is_own(client);
        let at = self.outside.get(if is_own { &OWN } else { &client })?;
        let (service, peer) = only(at.iter().copied().filter(|(name, _)| is_service(name)))?;
        let reason = if is_own {
            format!("it is the only service on this machine ({peer}), from which there are clients")
        } else {
            format!("its address {client} is among the clients")
        };
        Some((service, reason))
    }

    /// The server that one is a replica of, where it is a target too.
    fn primary_of(&self, replica: &str, sight: &Sight) -> Option<(&'a str, String)> {
        let (host, port) = sight.primary.as_ref()?;
        let address = host.parse::<IpAddr>().ok();
        let is_server = |name: &&'a str| self.members[*name].role == Role::Server && *name != replica;
        let ip = address.map(|ip| if self.is_own(ip) { OWN } else { ip });
        let outside = ip.and_then(|ip| self.outside.get(&ip)).into_iter().flatten();
        let outside = outside.filter(|(_, peer)| peer.port() == *port).map(|(name, _)| *name);
        let place = match address {
            Some(ip) => self.one(self.at(self.by_address.get(&ip)), None),
            None => only(self.containers.iter().filter(|place| place.container.is_called(host))).copied(),
        };
        let inside = place.and_then(|place| self.in_container.get(&place.node())).into_iter().flatten().copied();
        let primary = only(outside.chain(inside).filter(is_server))?;
        Some((primary, format!("it is a replica of {host}:{port}")))
    }

    /// The containers at these places of the list.
    fn at<'s>(&'s self, places: Option<&'s Vec<usize>>) -> impl Iterator<Item = Place<'a>> + 's {
        places.into_iter().flatten().map(|at| self.containers[*at])
    }

    /// The only one of `places`, or of those on `engine`: two engines may have networks with the same addresses.
    fn one(&self, places: impl Iterator<Item = Place<'a>>, engine: Option<&str>) -> Option<Place<'a>> {
        let places: Vec<Place<'a>> = places.collect();
        let is_on = |place: &&Place<'a>| engine.is_some_and(|engine| place.engine == engine);
        let is_near = |place: &&Place<'a>| !self.remote.contains_key(place.engine);
        only(places.iter().filter(is_on))
            .or_else(|| only(places.iter()))
            .or_else(|| only(places.iter().filter(is_near)))
            .copied()
    }
}

/// What was seen of all targets, with whose sight it is.
fn all(members: &BTreeMap<String, Member>) -> impl Iterator<Item = (&str, &Sight)> {
    members.iter().flat_map(|(name, member)| member.sights.iter().map(move |sight| (name.as_str(), sight)))
}

/// The item of what has exactly one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}
