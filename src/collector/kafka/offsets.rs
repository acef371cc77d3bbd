//! Where the partitions begin and end, from those who lead them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::api::code;
use super::api::metadata::Cluster;
use super::api::offsets::{At, Edge, ListOffsets};
use super::error;
use super::groups::Nodes;
use super::node::Node;
use super::settings::KafkaTarget;
use super::snapshot::{Partition, Topic};
use crate::collector::PollError;
use crate::net::Endpoint;

/// Topics by name.
pub(super) type Topics = BTreeMap<Arc<str>, Topic>;

/// Partitions that are asked for, by topic.
type Wanted = BTreeMap<Arc<str>, BTreeSet<i32>>;

/// The topics that the configuration wants, and how many partitions of others it is too many.
pub(super) fn topics(cluster: &Cluster, target: &KafkaTarget) -> (Topics, usize) {
    let wanted = cluster.topics.iter().filter(|topic| topic.code == code::NONE || !topic.partitions.is_empty());
    let mut wanted: Vec<_> = wanted.filter(|topic| target.wants_topic(&topic.name, topic.is_internal)).collect();
    // By their names, so that they are the same ones in each poll.
    wanted.sort_by(|one, other| one.name.cmp(&other.name));
    let (mut topics, mut room, mut left_out) = (Topics::new(), target.max_partitions, 0);
    for topic in wanted {
        let Some(rest) = room.checked_sub(topic.partitions.len()) else {
            left_out += topic.partitions.len();
            continue;
        };
        room = rest;
        let mut partitions: Vec<Partition> = topic
            .partitions
            .iter()
            .map(|part| Partition {
                index: part.index,
                leader: part.leader,
                replicas: part.replicas,
                in_sync: part.in_sync,
                preferred: part.first == Some(part.leader),
                newest: None,
                oldest: None,
            })
            .collect();
        partitions.sort_by_key(|part| part.index);
        partitions.dedup_by_key(|part| part.index);
        topics.insert(topic.name.as_str().into(), Topic { partitions });
    }
    (topics, left_out)
}

/// All partitions.
pub(super) fn all(topics: &Topics) -> Wanted {
    let indexes = |topic: &Topic| topic.partitions.iter().map(|part| part.index).collect();
    topics.iter().map(|(name, topic)| (Arc::clone(name), indexes(topic))).collect()
}

/// What brokers refused to tell.
#[derive(Default)]
pub(super) struct Refused {
    /// Partitions whose leader does not lead them any more, or that are gone.
    pub(super) again: Wanted,
    /// How that was said: once for each topic.
    pub(super) moved: Vec<PollError>,
    /// What asking again does not mend.
    pub(super) for_good: Vec<PollError>,
}

/// Asks the leaders of the partitions where they begin and end.
pub(super) async fn ask(nodes: &mut Nodes, topics: &mut Topics, wanted: &Wanted, until: Instant) -> Refused {
    let mut by_leader: BTreeMap<i32, BTreeMap<&str, Vec<i32>>> = BTreeMap::new();
    for (name, indexes) in wanted {
        let Some(topic) = topics.get_mut(name) else { continue };
        for index in indexes {
            if let Some(part) = topic.partition(*index) {
                by_leader.entry(part.leader).or_default().entry(name).or_default().push(*index);
            }
        }
    }
    let asking = nodes.iter_mut().filter_map(|(id, node)| {
        let of = by_leader.remove(id)?;
        node.is_connected().then(|| ask_one(node, of.into_iter().collect(), until))
    });
    let heard = join_all(asking.collect::<Vec<_>>()).await;
    let mut refused = Refused::default();
    for (endpoint, edge, (name, partitions)) in heard.into_iter().flatten() {
        let Some((name, _)) = topics.get_key_value(name.as_str()) else { continue };
        let name = Arc::clone(name);
        let Some(topic) = topics.get_mut(&name) else { continue };
        for At { index, code, offset } in partitions {
            let refusal = || error::refused(&format!("ListOffsets of topic {name}"), &endpoint, code);
            match code {
                code::NONE => {
                    let Some(part) = topic.partition(index) else { continue };
                    let known = (offset >= 0).then_some(offset);
                    if edge == Edge::Newest { part.newest = known } else { part.oldest = known }
                }
                // Who may not see a topic is not told of it as a rule, and it may be gone.
                29 => refused.for_good.push(refusal()),
                _ => {
                    let indexes = refused.again.entry(Arc::clone(&name)).or_default();
                    if indexes.is_empty() {
                        refused.moved.push(refusal());
                    }
                    indexes.insert(index);
                }
            }
        }
    }
    refused
}

type Heard = (Endpoint, Edge, (String, Vec<At>));

async fn ask_one(node: &mut Node, topics: Vec<(&str, Vec<i32>)>, until: Instant) -> Vec<Heard> {
    let edges = [Edge::Newest, Edge::Oldest];
    let asks = edges.map(|of| ListOffsets { of, topics: &topics });
    let mut replies = Vec::new();
    if let Err(fault) = node.ask_all(&asks, &mut replies, until).await {
        node.fault = Some(fault);
    }
    let endpoint = &node.endpoint;
    let told = edges
        .into_iter()
        .zip(replies)
        .flat_map(|(edge, topics)| topics.into_iter().map(move |topic| (endpoint.clone(), edge, topic)));
    told.collect()
}

/// Takes over who leads the partitions now. Those of topics that are gone go.
pub(super) fn lead_anew(topics: &mut Topics, cluster: &Cluster) {
    let told: BTreeMap<&str, _> = cluster.topics.iter().map(|topic| (topic.name.as_str(), topic)).collect();
    topics.retain(|name, topic| {
        let Some(told) = told.get(&**name).filter(|told| told.code != code::UNKNOWN_TOPIC) else { return false };
        for part in &told.partitions {
            if let Some(known) = topic.partition(part.index) {
                known.leader = part.leader;
                known.preferred = part.first == Some(part.leader);
                (known.replicas, known.in_sync) = (part.replicas, part.in_sync);
            }
        }
        true
    });
}
