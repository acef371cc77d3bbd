//! The servers of a target that are found by asking: the group of a Sentinel's master, the nodes of a cluster.
//!
//! One witness is asked at each call: a Sentinel, or a node. Only where it does not say what is known already others are asked
//! too, and what more than half of them do not know is out: one that lies, was reset or was cut off does not remove a node.
//! Where none of the others answers nobody is taken out, and they are asked again at each call.

mod cluster;
mod roster;
mod sentinel;
mod settings;
mod witness;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use tracing::info;

use super::RedisTarget;
use crate::collector::runner::{Member, Roll, Terms};
use crate::collector::{PollError, Reason};

pub use roster::Roster;
pub(super) use roster::metrics;
pub use settings::Found;
use witness::{Links, Witness, ask_once, is_primary};

/// Witnesses that are asked beside the first one.
const OTHERS: usize = 5;

/// Witnesses that are tried before nobody answers.
const TRIED: usize = 8;

/// What is known of a server beside its address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    host: Option<String>,
    is_primary: bool,
}

/// The servers of a target.
type View = BTreeMap<SocketAddr, Seen>;

/// What a witness says, and where it was reached: nobody bears witness to himself.
struct Said {
    by: Option<SocketAddr>,
    view: View,
}

/// The roll of a target.
pub(super) struct Members {
    target: RedisTarget,
    found: Found,
    links: Links,
    known: View,
    /// Whether more than one witness stands for what is known.
    is_confirmed: bool,
}

impl Said {
    /// Whether it speaks of somebody else: a node that was reset knows itself alone.
    fn names_others(&self) -> bool {
        self.view.keys().any(|address| self.by != Some(*address))
    }
}

impl Members {
    /// The roll of a target whose servers are found by asking.
    pub(super) fn of(target: &RedisTarget) -> Option<Self> {
        let found = target.found.clone()?;
        let links = Links::new(target, &found);
        Some(Self { target: target.clone(), found, links, known: View::new(), is_confirmed: true })
    }

    async fn ask(&mut self) -> Result<(), PollError> {
        let (witnesses, patience) = (self.witnesses(), self.patience());
        self.links.retain(&witnesses);
        let mut errors = Vec::new();
        let mut first = None;
        for witness in witnesses.iter().take(TRIED) {
            match self.links.ask(&self.found, witness, &self.known, patience).await {
                Ok(said) => {
                    first = Some((witness, said));
                    break;
                }
                Err(error) => {
                    // Should the time be over before somebody answers, the next call begins with another one.
                    self.links.distrust(witness);
                    errors.push(error);
                }
            }
        }
        let Some((witness, said)) = first else { return Err(self.nobody(errors)) };
        if said.view == self.known && self.is_confirmed {
            return Ok(());
        }
        let (all, unanswered) = self.ask_others(&witnesses, witness, said).await;
        self.is_confirmed = are_enough(&all, unanswered);
        let mut settled = if self.is_confirmed { settle(&all) } else { added(&self.known, &all) };
        if self.found.has_one_primary() {
            self.choose_primary(&all, &mut settled).await;
        }
        if self.is_confirmed && all[0].view != settled {
            // The next call asks somebody else first.
            self.links.distrust(witness);
        }
        if settled != self.known {
            let (target_name, nodes) = (&self.target.name, settled.len());
            info!(%target_name, nodes, witnesses = all.len(), "the target's nodes changed");
            self.known = settled;
        }
        Ok(())
    }

    /// Asks others what `first` has said, too. All that was said, and how many did not answer.
    async fn ask_others(&mut self, witnesses: &[Witness], first: &Witness, said: Said) -> (Vec<Said>, usize) {
        // Nodes that it knows are witnesses too, where nothing was known before.
        let named = self.found.witnesses_among(&said.view);
        let mut others: Vec<&Witness> = Vec::new();
        for witness in witnesses.iter().chain(&named) {
            let is_first = witness.is(first) || witness.node.is_some() && witness.node == said.by;
            if !is_first && others.len() < OTHERS && !others.iter().any(|other| other.is(witness)) {
                others.push(witness);
            }
        }
        let (target, patience) = (self.links.target(), self.patience());
        let asked = others.iter().map(|witness| ask_once(&self.found, &target, witness, &self.known, patience));
        let answers = join_all(asked).await;
        let (mut all, mut unanswered) = (vec![said], 0);
        for (witness, answer) in others.into_iter().zip(answers) {
            match answer {
                // The same one under another name does not count twice.
                Ok(said) if said.by.is_some() && all.iter().any(|other| other.by == said.by) => {}
                Ok(said) => all.push(said),
                Err(_) => {
                    self.links.failed(witness);
                    unanswered += 1;
                }
            }
        }
        (all, unanswered)
    }

    /// Whom to ask, the most trusted first: whoever answered last, those of the configuration, the others that are known.
    fn witnesses(&self) -> Vec<Witness> {
        let mut all = self.links.last().cloned().into_iter().collect::<Vec<_>>();
        let known = self.found.witnesses_among(&self.known);
        let mut configured = self.found.configured();
        // What is known of a node has the name that its certificate is held against.
        configured.retain(|witness| !known.iter().any(|known| known.is(witness)));
        for witness in configured.into_iter().chain(known) {
            if !all.iter().any(|other| other.is(&witness)) {
                all.push(witness);
            }
        }
        // Whoever was wrong or silent comes last, and among those the one that was so most recently.
        all.sort_by_key(|witness| self.links.failed_at(witness));
        all
    }

    /// The most that one witness may take: several have their turn within a call.
    fn patience(&self) -> Duration {
        self.target.connect_timeout.min(self.target.deadline / 4)
    }

    /// Of a group with one primary: the one that most name and that says so itself. Where none does, the known one stays: who is
    /// named may be a lie, and the known one may come back.
    async fn choose_primary(&mut self, all: &[Said], settled: &mut View) {
        let mut votes: BTreeMap<SocketAddr, usize> = BTreeMap::new();
        for (address, _) in all.iter().flat_map(|said| said.view.iter().filter(|(_, seen)| seen.is_primary)) {
            *votes.entry(*address).or_default() += 1;
        }
        let known = self.known.iter().find(|(_, seen)| seen.is_primary).map(|(address, _)| *address);
        let mut named: Vec<(usize, SocketAddr)> = votes.into_iter().map(|(address, count)| (count, address)).collect();
        named.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let mut chosen = None;
        let host = |address| all.iter().find_map(|said| said.view.get(&address)?.host.clone());
        for (_, address) in &named {
            let witness = Witness::at(*address, host(*address).as_deref());
            if Some(*address) == known || is_primary(&self.target, &witness, self.patience()).await {
                chosen = Some(*address);
                break;
            }
        }
        let Some(chosen) = chosen.or(known).or(named.first().map(|(_, address)| *address)) else { return };
        let host = host(chosen).or_else(|| self.known.get(&chosen)?.host.clone());
        for seen in settled.values_mut() {
            seen.is_primary = false;
        }
        settled.insert(chosen, Seen { host, is_primary: true });
    }

    fn nobody(&self, errors: Vec<PollError>) -> PollError {
        let attempt = format!("asking {} who the nodes of {} are", self.found, self.target.name);
        match errors.into_iter().next() {
            Some(first) => PollError { attempt: format!("{attempt}: {}", first.attempt), ..first },
            None => PollError::new(
                Reason::Connect,
                attempt,
                "nobody is there to be asked",
                "check sentinel, or url and seeds",
            ),
        }
    }
}

impl Roll for Members {
    fn terms(&self) -> Terms {
        // A view is whole, and a server that is in none any more was taken out by somebody.
        Terms { every: None, deadline: self.target.deadline, kept: Duration::ZERO }
    }

    fn call(&mut self) -> BoxFuture<'_, Result<Vec<Member>, PollError>> {
        async {
            self.ask().await?;
            self.target.roster.set(self.known.iter().map(|(address, seen)| (*address, seen.is_primary)));
            let member = |(address, seen): (&SocketAddr, &Seen)| Member { address: *address, host: seen.host.clone() };
            Ok(self.known.iter().map(member).collect())
        }
        .boxed()
    }
}

/// Whether what is said may take a node out: more than one tells of others, or there is nobody else to be asked.
fn are_enough(all: &[Said], unanswered: usize) -> bool {
    match all.iter().filter(|said| said.names_others()).count() {
        0 => unanswered == 0 && all.len() == 1,
        1 => unanswered == 0,
        _ => true,
    }
}

/// What is known, and what is said beside it that nobody confirms: nobody is taken out. That a node is no primary has to come
/// from another one: it may have been reset.
fn added(known: &View, all: &[Said]) -> View {
    let mut view = known.clone();
    for (by, address, seen) in all.iter().flat_map(|said| said.view.iter().map(|(at, seen)| (said.by, at, seen))) {
        if !view.contains_key(address) || by != Some(*address) || seen.is_primary {
            view.insert(*address, seen.clone());
        }
    }
    view
}

/// What the witnesses come to: whom no less than half of them name, and as what most do. Each speaks of the others, unless
/// all that it knows is itself, and some know more.
fn settle(all: &[Said]) -> View {
    let is_told = all.iter().any(Said::names_others);
    let all: Vec<&Said> = all.iter().filter(|said| !is_told || said.names_others()).collect();
    let mut settled = View::new();
    let addresses: Vec<SocketAddr> = all.iter().flat_map(|said| said.view.keys().copied()).collect();
    for address in addresses {
        if settled.contains_key(&address) {
            continue;
        }
        let asked = all.iter().filter(|said| said.by != Some(address)).count();
        let named: Vec<&Seen> =
            all.iter().filter(|said| said.by != Some(address)).filter_map(|said| said.view.get(&address)).collect();
        if 2 * named.len() < asked {
            continue;
        }
        // Alone in its cluster it has nobody to speak for it.
        let of_itself = || all.iter().find_map(|said| said.view.get(&address));
        let Some(first) = named.first().copied().or_else(of_itself) else { continue };
        let primaries = named.iter().filter(|seen| seen.is_primary).count();
        let is_primary = if named.is_empty() {
            first.is_primary
        } else {
            2 * primaries > named.len() || 2 * primaries == named.len() && first.is_primary
        };
        settled.insert(address, Seen { host: first.host.clone(), is_primary });
    }
    settled
}

#[cfg(test)]
mod tests;
