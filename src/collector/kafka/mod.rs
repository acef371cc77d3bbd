//! The Kafka collector: one cluster, a connection to each broker, a few round trips a poll.
//!
//! A poll asks one broker who is in the cluster (`Metadata`), each which groups it coordinates, what these have committed and
//! how many members they have, and then, in this order, the leaders of partitions where these end: so no group is ahead of what
//! it reads. A broker that does not answer costs what it alone can tell. The encoding is the agent's own (`wire`): the codecs
//! that there are reserve memory for as many elements as a reply says that it has.

mod api;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod groups;
mod history;
mod lag;
mod link;
mod metrics;
mod node;
mod offsets;
mod sasl;
mod settings;
mod snapshot;
mod wire;

use tokio::time::Instant;

use self::api::metadata::{Cluster, Metadata};
use self::groups::Nodes;
use self::history::Histories;
use self::node::Node;
use super::{Collector, Health, PollError, Reason};
use crate::config::TargetSettings;
use crate::metric::{Families, MetricInfo};
use crate::net::{Budget, Endpoint};
use crate::topology::Sight;

pub use self::settings::{KafkaTarget, Mechanism};
pub use self::snapshot::Snapshot;

/// Bytes that one poll may read, from all brokers: 25,000 partitions that groups have committed are less than one megabyte,
/// the members of 10,000 groups are ten.
const POLL_BUDGET: u64 = 96 * 1024 * 1024;

/// Brokers that are connected to at most. The largest clusters have some hundreds.
const MAX_BROKERS: usize = 1_000;

/// Things that went wrong in a poll that are told.
const MAX_NOTES: usize = 10;

/// Watches one cluster.
pub struct KafkaCollector {
    target: KafkaTarget,
    budget: Budget,
    /// Brokers by what the configuration calls them, the one that answered last first.
    seeds: Vec<Node>,
    nodes: Nodes,
    histories: Histories,
    started: Instant,
    notes: Vec<String>,
}

impl KafkaCollector {
    /// A collector that has not connected yet.
    #[must_use]
    pub fn new(target: KafkaTarget) -> Self {
        Self {
            budget: Budget::default(),
            seeds: target.brokers.iter().cloned().map(Node::at).collect(),
            nodes: Nodes::new(),
            histories: Histories::default(),
            started: Instant::now(),
            notes: Vec::new(),
            target,
        }
    }

    /// Who is in the cluster: from a broker that is connected, else from the first that answers of those that are configured.
    async fn cluster(&mut self, nodes: &mut Nodes, until: Instant) -> Result<Cluster, PollError> {
        let (target, budget) = (&self.target, &self.budget);
        // Whoever hangs costs those who are still to be asked nothing of their time.
        let share =
            |asked: usize| until.saturating_duration_since(Instant::now()) / u32::try_from(asked).unwrap_or(u32::MAX);
        let mut others = nodes.values().filter(|node| node.is_connected()).count() + self.seeds.len();
        for node in nodes.values_mut().filter(|node| node.is_connected()) {
            let until = Instant::now() + share(others).min(target.connect_timeout);
            others -= 1;
            if let Ok(cluster) = node.begin(&Metadata, target, budget, until).await.and_then(whole) {
                return Ok(cluster);
            }
        }
        let mut first = None;
        for at in 0..self.seeds.len() {
            let until = Instant::now() + share(self.seeds.len() - at);
            match self.seeds[at].begin(&Metadata, target, budget, until).await.and_then(whole) {
                Ok(cluster) => {
                    self.seeds[..=at].rotate_right(1);
                    return Ok(cluster);
                }
                // Others have the same users, and lock one out who is wrong too often.
                Err(error) if error.reason == Reason::Auth => return Err(error),
                Err(error) => {
                    first.get_or_insert(error);
                }
            }
        }
        let nobody = || PollError::new(Reason::Internal, "asking the brokers", "none is configured", "report this");
        let error = first.unwrap_or_else(nobody);
        let others = self.seeds.len().saturating_sub(1);
        let cause = if others > 0 { format!("{}, and {others} more did not answer", error.cause) } else { error.cause };
        Err(PollError { cause, ..error })
    }

    /// The brokers of the cluster, with the connections that there are.
    fn take_up(&mut self, cluster: &Cluster, mut known: Nodes) -> Nodes {
        let mut nodes = Nodes::new();
        for broker in cluster.brokers.iter().take(MAX_BROKERS) {
            let endpoint = endpoint_of(broker);
            let node = known.remove(&broker.id).filter(|node| node.endpoint == endpoint);
            let mut node = node.unwrap_or_else(|| Node::taking_over(endpoint, &mut self.seeds));
            node.fault = None;
            nodes.insert(broker.id, node);
        }
        if let Some(tls) = &self.target.tls {
            tls.retain(cluster.brokers.iter().map(|broker| broker.host.as_str()));
        }
        // One that is reached elsewhere than it says needs no second connection.
        for seed in &mut self.seeds {
            *seed = Node::at(seed.endpoint.clone());
        }
        nodes
    }

    fn note(&mut self, cluster: &Nodes, refusals: &[PollError]) {
        let faults = cluster.values().filter_map(|node| node.fault.as_ref()).map(PollError::to_string);
        let mut notes: Vec<String> = faults.chain(refusals.iter().map(PollError::to_string)).collect();
        if notes.len() > MAX_NOTES {
            let more = notes.len() - MAX_NOTES;
            notes.truncate(MAX_NOTES);
            notes.push(format!("and {more} more"));
        }
        self.notes.extend(notes);
    }
}

/// A cluster without brokers is what a broker tells that has only just started.
fn whole(cluster: Cluster) -> Result<Cluster, PollError> {
    if cluster.brokers.is_empty() {
        let cause = "a broker answered that the cluster has none";
        return Err(PollError::new(Reason::Status, "asking for the brokers", cause, "wait; does it still start?"));
    }
    Ok(cluster)
}

fn endpoint_of(broker: &api::metadata::Broker) -> Endpoint {
    Endpoint::Tcp { host: broker.host.clone(), port: u16::try_from(broker.port).unwrap_or_default() }
}

impl Collector for KafkaCollector {
    const NAME: &'static str = "kafka";
    type Snapshot = Snapshot;

    fn metrics() -> Vec<MetricInfo> {
        metrics::metrics()
    }

    async fn poll(&mut self) -> Result<Snapshot, PollError> {
        self.notes.clear();
        self.budget.grant(POLL_BUDGET);
        let (began, deadline) = (Instant::now(), self.target.deadline);
        let until = |part: f64| began + deadline.mul_f64(part);
        // A poll that is given up leaves no connection behind on which a reply may still come.
        let mut known = std::mem::take(&mut self.nodes);
        let cluster = match self.cluster(&mut known, until(0.4)).await {
            Ok(cluster) => cluster,
            Err(error) => {
                // Those that have failed have no connection any more; the next poll asks the others.
                self.nodes = known;
                return Err(error);
            }
        };
        let mut nodes = self.take_up(&cluster, known);
        let listing = groups::list(&mut nodes, &self.target, &self.budget, until(0.5)).await;
        if let Some(fault) = nodes.values().next().and_then(|node| node.fault.clone())
            && nodes.values().all(|node| node.fault.is_some())
        {
            self.nodes = nodes;
            return Err(fault);
        }
        let (told, refusals) = groups::ask(&mut nodes, &listing.groups, until(0.7)).await;
        let (mut topics, partitions_left_out) = offsets::topics(&cluster, &self.target);
        let wanted = offsets::all(&topics);
        let mut refused = offsets::ask(&mut nodes, &mut topics, &wanted, until(0.85)).await;
        if !refused.again.is_empty()
            && let Ok(cluster) = self.cluster(&mut nodes, until(0.87)).await
        {
            offsets::lead_anew(&mut topics, &cluster);
            let still = offsets::ask(&mut nodes, &mut topics, &refused.again, until(0.9)).await;
            refused.moved = still.moved;
            refused.for_good.extend(still.for_good);
        }
        let now = self.started.elapsed().as_secs_f64();
        let groups = lag::of_groups(&listing.groups, told, &mut topics, &mut self.histories, now);
        self.note(&nodes, &[listing.refusals, refusals, refused.for_good, refused.moved].concat());
        let brokers = nodes.iter().map(|(id, node)| snapshot::Broker {
            id: *id,
            address: node.endpoint.to_string(),
            up: node.fault.is_none(),
        });
        let snapshot = Snapshot {
            brokers: brokers.collect(),
            groups_found: listing.is_known.then_some(listing.found),
            groups_left_out: listing.is_known.then_some(listing.found - listing.groups.len()),
            partitions_left_out,
            max_poll_interval: Some(self.target.max_poll_interval.as_secs_f64()).filter(|seconds| *seconds > 0.0),
            groups,
            topics,
        };
        self.nodes = nodes;
        Ok(snapshot)
    }

    fn pace(&mut self, settings: &TargetSettings) {
        (*self.target).clone_from(settings);
    }

    fn export(snapshot: &Snapshot, out: &mut Families) {
        metrics::export(snapshot, out);
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        metrics::export_health(health, out);
    }

    fn sight(&self, _snapshot: &Snapshot) -> Sight {
        // Several brokers are at several places, and none of them is where the cluster is.
        let only = self.nodes.values().next().filter(|_| self.nodes.len() == 1);
        Sight { reached: only.and_then(Node::reached), ..Sight::default() }
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod tests;
