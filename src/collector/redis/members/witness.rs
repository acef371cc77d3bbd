//! Who is asked for a target's servers, and the connection over which that is done.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::time::{Instant, timeout};

use super::settings::Found;
use super::{Said, Seen, View, cluster, sentinel};
use crate::collector::redis::RedisTarget;
use crate::collector::redis::link::Link;
use crate::collector::redis::question::command;
use crate::collector::redis::reply;
use crate::collector::redis::reply_error;
use crate::collector::redis::resp::Allowance;
use crate::collector::redis::support::Support;
use crate::collector::{PollError, Reason};
use crate::net::Endpoint;
use crate::net::resolve::{Addresses, Resolver};

/// A server that may be asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Witness {
    pub(super) host: String,
    pub(super) port: u16,
    /// Its address, where it is known without a lookup.
    pub(super) node: Option<SocketAddr>,
}

/// What is kept between two calls.
pub(super) struct Links {
    /// The target as its witnesses are spoken to.
    target: RedisTarget,
    /// Whoever answered last, and the connection to it.
    last: Option<(Witness, Conversation)>,
    /// Those who were wrong, or did not answer, when they were asked last, and when that was.
    failed: BTreeMap<Witness, Instant>,
}

/// An open connection.
struct Conversation {
    link: Link,
    reached: Option<SocketAddr>,
}

impl Links {
    pub(super) fn new(target: &RedisTarget, found: &Found) -> Self {
        Self { target: found.as_witness(target.clone()), last: None, failed: BTreeMap::new() }
    }

    pub(super) fn last(&self) -> Option<&Witness> {
        self.last.as_ref().map(|(witness, _)| witness)
    }

    /// Lets the next call begin with another one.
    pub(super) fn distrust(&mut self, witness: &Witness) {
        self.last = None;
        self.failed(witness);
    }

    /// Puts it behind the others.
    pub(super) fn failed(&mut self, witness: &Witness) {
        self.failed.insert(witness.clone(), Instant::now());
    }

    pub(super) fn failed_at(&self, witness: &Witness) -> Option<Instant> {
        self.failed.get(witness).copied()
    }

    /// Forgets those that are not there any more.
    pub(super) fn retain(&mut self, witnesses: &[Witness]) {
        self.failed.retain(|failed, _| witnesses.contains(failed));
    }

    /// Asks a witness over the open connection to it, or a new one, which is kept.
    pub(super) async fn ask(
        &mut self,
        found: &Found,
        witness: &Witness,
        known: &View,
        patience: Duration,
    ) -> Result<Said, PollError> {
        if let Some((last, mut open)) = self.last.take()
            && last == *witness
            && let Ok(said) = said(found, &self.target, known, &mut open, patience).await
        {
            self.keep(last, open);
            return Ok(said);
        }
        let mut open = connect(&self.target, witness, patience).await?;
        let said = said(found, &self.target, known, &mut open, patience).await?;
        self.failed.remove(witness);
        self.keep(witness.clone(), open);
        Ok(said)
    }

    fn keep(&mut self, witness: Witness, open: Conversation) {
        self.last = Some((witness, Conversation { link: open.link.rested(), ..open }));
    }

    /// The target as its witnesses are spoken to.
    pub(super) fn target(&self) -> RedisTarget {
        self.target.clone()
    }
}

/// Asks a witness over a connection that is not kept.
pub(super) async fn ask_once(
    found: &Found,
    target: &RedisTarget,
    witness: &Witness,
    known: &View,
    patience: Duration,
) -> Result<Said, PollError> {
    let mut open = connect(target, witness, patience).await?;
    said(found, target, known, &mut open, patience).await
}

/// Whether a server of the target says that it is a primary.
pub(super) async fn is_primary(target: &RedisTarget, server: &Witness, patience: Duration) -> bool {
    let Ok(mut open) = connect(target, server, patience).await else { return false };
    let asked = open.link.ask_one(&command(&["ROLE"]), Instant::now() + patience).await;
    let Ok(reply) = asked else { return false };
    let role = reply::items(&reply, "ROLE").ok().and_then(|items| items.first());
    role.is_some_and(|role| reply::text(role, "ROLE").is_ok_and(|role| role == "master"))
}

impl Witness {
    /// A server of which the address is known, and the name that it goes by.
    pub(super) fn at(address: SocketAddr, host: Option<&str>) -> Self {
        let host = host.map_or_else(|| address.ip().to_string(), str::to_owned);
        Self { host, port: address.port(), node: Some(address) }
    }

    /// Whether both are the same server, as far as that is known without a lookup.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.node.is_some() && self.node == other.node || self.host == other.host && self.port == other.port
    }
}

async fn connect(target: &RedisTarget, witness: &Witness, patience: Duration) -> Result<Conversation, PollError> {
    let mut target = target.clone();
    target.endpoint = Endpoint::Tcp { host: witness.host.clone(), port: witness.port };
    target.connect_timeout = patience;
    let mut resolver = Resolver::at(witness.node.map(Addresses::Node));
    // What it does not know is the business of the polls, which say so.
    let mut support = Support::silent();
    let named = target.commands.asks("setname");
    let link = Link::open(&target, &mut resolver, &mut support, named).await?;
    let reached = match resolver.last_reached() {
        Some(crate::net::Reached::Address { peer, .. }) => Some(peer),
        _ => None,
    };
    Ok(Conversation { link, reached })
}

/// What a witness says.
async fn said(
    found: &Found,
    target: &RedisTarget,
    known: &View,
    open: &mut Conversation,
    patience: Duration,
) -> Result<Said, PollError> {
    open.link.begin_poll(Instant::now() + patience);
    let commands = found.commands();
    let at = open.reached.map_or_else(|| "a server".to_owned(), |at| at.to_string());
    let attempt = || format!("{} at {at}", found.question());
    let (replies, ending) = open.link.ask([(&commands[..], Allowance::LIST)], Instant::now() + patience).await;
    if let Some(ending) = ending {
        return Err(ending.into_error(attempt(), found.question()));
    }
    let replies: Vec<Value> = replies.into_iter().flatten().collect();
    if let Some((code, detail)) = replies.iter().find_map(reply_error::of) {
        return Err(reply_error::from_reply(attempt(), found.question(), code, detail));
    }
    let view = async {
        match found {
            Found::Sentinel(_) => sentinel::view(&replies, known).await,
            Found::Cluster(_) => cluster::view(&replies, open.reached, known).await,
        }
    };
    let unreadable = |cause: String| {
        PollError::new(Reason::Decode, attempt(), cause, "is this what the configuration says that it is?")
    };
    match timeout(target.deadline, view).await {
        Ok(Ok(view)) if view.is_empty() => Err(unreadable("it names no node".to_owned())),
        Ok(Ok(view)) => Ok(Said { by: open.reached, view }),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(_) => Err(unreadable("the names of its nodes were not looked up in time".to_owned())),
    }
}

/// The address of a server that is named by an address or a host name, and is `called` so. A lookup that fails here says nothing
/// of the server: the address that is known of it stays.
pub(super) async fn located(host: &str, port: u16, called: &str, known: &View) -> Option<SocketAddr> {
    let addresses = Resolver::default().resolve(host, port).await.unwrap_or_default();
    address_of(&addresses, port, called, known)
}

/// Of several addresses the least: in which order they come may change from lookup to lookup.
fn address_of(addresses: &[SocketAddr], port: u16, called: &str, known: &View) -> Option<SocketAddr> {
    let is_it = |(address, seen): &(&SocketAddr, &Seen)| address.port() == port && seen.host.as_deref() == Some(called);
    addresses.iter().min().or_else(|| known.iter().find(is_it).map(|(address, _)| address)).copied()
}

/// A host that is a name.
pub(super) fn name(host: &str) -> Option<&str> {
    Some(host).filter(|host| !host.is_empty() && host.parse::<IpAddr>().is_err())
}

/// One command of these words, for those who ask.
pub(super) fn words(words: &[&str]) -> Cmd {
    command(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_address_and_keeps_it() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let seen = |host: &str| Seen { host: Some(host.to_owned()), is_primary: false };
        let known: View = [("10.0.0.1:1", "a"), ("10.0.0.2:2", "a"), ("10.0.0.3:1", "b")]
            .map(|(at, host)| (address(at), seen(host)))
            .into();
        let [first, second] = ["10.0.0.7:1", "10.0.0.8:1"].map(address);
        assert_eq!(address_of(&[first, second], 1, "a", &known), Some(first));
        assert_eq!(address_of(&[second, first], 1, "a", &known), Some(first));
        // The lookup failed.
        assert_eq!(address_of(&[], 1, "a", &known), Some(address("10.0.0.1:1")));
        assert_eq!(address_of(&[], 2, "a", &known), Some(address("10.0.0.2:2")));
        assert_eq!(address_of(&[], 2, "b", &known), None);
    }
}
