//! Which groups there are, their members, and what they have committed.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use tokio::time::Instant;

use super::api::groups::{ConsumerGroupDescribe, DescribeGroups, Described, FindCoordinator, ListGroups};
use super::api::offsets::{Committed, OfTopic, OffsetFetch};
use super::api::{Ask, code};
use super::error;
use super::link::Link;
use super::node::Node;
use super::settings::KafkaTarget;
use crate::collector::PollError;
use crate::net::{Budget, Endpoint};

/// Groups in one question.
const BATCH: usize = 100;

/// Brokers by their ids.
pub(super) type Nodes = BTreeMap<i32, Node>;

/// The groups that were listed.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Those that are watched, each with the broker that coordinates it.
    pub(super) groups: BTreeMap<String, Listed>,
    /// All that the configuration wants.
    pub(super) found: usize,
    /// Each broker told of its groups.
    pub(super) is_known: bool,
    /// What a broker answered instead.
    pub(super) refusals: Vec<PollError>,
}

/// A group that a broker told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) coordinator: i32,
    pub(super) is_new: bool,
}

/// What is known of a group.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    pub(super) members: Option<usize>,
    /// Partitions and offsets by topic; `None` where the group could not be asked.
    pub(super) committed: Option<Vec<OfTopic>>,
}

/// Asks each broker which groups it coordinates.
pub(super) async fn list(nodes: &mut Nodes, target: &KafkaTarget, budget: &Budget, until: Instant) -> Listing {
    let asking = nodes.iter_mut().map(|(id, node)| async move {
        (
            *id,
            node.endpoint.clone(),
            node.begin(&ListGroups, target, budget, until).await.map_err(|fault| node.fault = Some(fault)),
        )
    });
    let mut listing = Listing { is_known: true, ..Listing::default() };
    for (id, endpoint, answer) in join_all(asking).await {
        match answer {
            Ok((code::NONE, groups)) => {
                let wanted = groups.into_iter().filter(|group| target.wants_group(&group.name));
                listing
                    .groups
                    .extend(wanted.map(|group| (group.name, Listed { coordinator: id, is_new: group.is_new })));
            }
            Ok((refusal, _)) => {
                listing.is_known = false;
                listing.refusals.push(error::refused(ListGroups::NAME, &endpoint, refusal));
            }
            Err(()) => listing.is_known = false,
        }
    }
    listing.found = listing.groups.len();
    // By their names, so that they are the same ones in each poll.
    while listing.groups.len() > target.max_groups {
        listing.groups.pop_last();
    }
    listing
}

/// Asks of each group its members and what it has committed; of those that have moved since, their new coordinators. A group
/// that is gone is not among the answers.
pub(super) async fn ask(
    nodes: &mut Nodes,
    groups: &BTreeMap<String, Listed>,
    until: Instant,
) -> (BTreeMap<String, Told>, Vec<PollError>) {
    let mut answers = Answers::default();
    answers.round(nodes, groups, until).await;
    let moved = std::mem::take(&mut answers.moved);
    if !moved.is_empty() {
        let found = find(nodes, moved, groups, until).await;
        answers.round(nodes, &found, until).await;
    }
    (answers.told, answers.refusals)
}

/// Who coordinates groups now.
async fn find(
    nodes: &mut Nodes,
    names: BTreeSet<String>,
    groups: &BTreeMap<String, Listed>,
    until: Instant,
) -> BTreeMap<String, Listed> {
    let Some(node) = nodes.values_mut().find(|node| node.is_connected()) else { return BTreeMap::new() };
    let asks: Vec<FindCoordinator> = names.into_iter().map(FindCoordinator).collect();
    let mut replies = Vec::new();
    if let Err(fault) = node.ask_all(&asks, &mut replies, until).await {
        node.fault = Some(fault);
    }
    let found = asks.into_iter().zip(replies).filter(|(_, (refusal, _))| *refusal == code::NONE);
    found
        .filter_map(|(ask, (_, coordinator))| Some((ask.0.clone(), Listed { coordinator, ..*groups.get(&ask.0)? })))
        .collect()
}

/// What was heard so far.
#[derive(Debug, Default)]
struct Answers {
    told: BTreeMap<String, Told>,
    /// Groups that are another broker's business.
    moved: BTreeSet<String>,
    /// Groups that were listed, and are no more.
    gone: BTreeSet<String>,
    refusals: Vec<PollError>,
}

impl Answers {
    async fn round(&mut self, nodes: &mut Nodes, groups: &BTreeMap<String, Listed>, until: Instant) {
        let mut by_coordinator: BTreeMap<i32, [Vec<String>; 2]> = BTreeMap::new();
        for (name, listed) in groups {
            by_coordinator.entry(listed.coordinator).or_default()[usize::from(listed.is_new)].push(name.clone());
        }
        let asking = nodes.iter_mut().filter_map(|(id, node)| {
            let [classic, new] = by_coordinator.remove(id)?;
            node.is_connected().then(|| ask_one(node, classic, new, until))
        });
        for heard in join_all(asking.collect::<Vec<_>>()).await {
            self.take(heard);
        }
    }

    fn take(&mut self, heard: Heard) {
        let from = &heard.from;
        for Committed { code, name, topics } in heard.committed {
            if self.is_answer(code, &name, OffsetFetch::NAME, from) {
                self.told.entry(name).or_default().committed = Some(topics);
            }
        }
        for Described { code, name, members } in heard.described {
            if self.is_answer(code, &name, DescribeGroups::NAME, from) {
                self.told.entry(name).or_default().members = Some(members);
            }
        }
        for name in &self.gone {
            self.told.remove(name);
        }
    }

    fn is_answer(&mut self, code: i16, name: &str, question: &str, from: &Endpoint) -> bool {
        match code {
            code::NONE => return true,
            code::GROUP_NOT_FOUND => {
                self.gone.insert(name.to_owned());
            }
            moved if code::has_moved(moved) => {
                self.moved.insert(name.to_owned());
            }
            refusal => self.refusals.push(error::refused(&format!("{question} of group {name}"), from, refusal)),
        }
        false
    }
}

/// What one broker answered.
struct Heard {
    from: Endpoint,
    described: Vec<Described>,
    committed: Vec<Committed>,
}

async fn ask_one(node: &mut Node, classic: Vec<String>, new: Vec<String>, until: Instant) -> Heard {
    let mut heard = Heard { from: node.endpoint.clone(), described: Vec::new(), committed: Vec::new() };
    if let Err(fault) = try_ask_one(node, &classic, &new, &mut heard, until).await {
        node.fault = Some(fault);
    }
    heard
}

async fn try_ask_one(
    node: &mut Node,
    classic: &[String],
    new: &[String],
    heard: &mut Heard,
    until: Instant,
) -> Result<(), PollError> {
    // Lag is what nobody can do without: offsets come first.
    let is_batched = node.link().and_then(Link::version::<OffsetFetch>).is_some_and(|version| version.flexible);
    let all: Vec<String> = classic.iter().chain(new).cloned().collect();
    let asks: Vec<OffsetFetch> =
        all.chunks(if is_batched { BATCH } else { 1 }).map(|names| OffsetFetch(names.to_vec())).collect();
    let mut replies = Vec::new();
    let asked = node.ask_all(&asks, &mut replies, until).await;
    for (ask, reply) in asks.into_iter().zip(replies) {
        // A question about one group is answered without its name.
        let named = reply
            .into_iter()
            .zip(ask.0)
            .map(|(group, name)| if group.name.is_empty() { Committed { name, ..group } } else { group });
        heard.committed.extend(named);
    }
    asked?;
    let describe: Vec<DescribeGroups> = classic.chunks(BATCH).map(|names| DescribeGroups(names.to_vec())).collect();
    let mut replies = Vec::new();
    let asked = node.ask_all(&describe, &mut replies, until).await;
    heard.described.extend(replies.into_iter().flatten());
    asked?;
    let describe: Vec<ConsumerGroupDescribe> =
        new.chunks(BATCH).map(|names| ConsumerGroupDescribe(names.to_vec())).collect();
    if describe.is_empty() {
        return Ok(());
    }
    let mut replies = Vec::new();
    let asked = node.ask_all(&describe, &mut replies, until).await;
    heard.described.extend(replies.into_iter().flatten());
    asked
}
