//! What one poll saw of a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What one poll saw.
#[derive(Debug, Default, PartialEq)]
pub struct Snapshot {
    pub(super) brokers: Vec<Broker>,
    /// Groups that the configuration wants, however many of them are watched; `None` where no broker listed its own.
    pub(super) groups_found: Option<usize>,
    pub(super) groups_left_out: Option<usize>,
    pub(super) partitions_left_out: usize,
    /// In seconds.
    pub(super) max_poll_interval: Option<f64>,
    pub(super) groups: Vec<Group>,
    pub(super) topics: BTreeMap<Arc<str>, Topic>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Broker {
    pub(super) id: i32,
    pub(super) address: String,
    /// It answered all that it was asked.
    pub(super) up: bool,
}

/// A topic, as far as it is watched.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Topic {
    /// In the order of their numbers.
    pub(super) partitions: Vec<Partition>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Partition {
    pub(super) index: i32,
    /// -1 while none leads it.
    pub(super) leader: i32,
    pub(super) replicas: usize,
    pub(super) in_sync: usize,
    /// Its leader is the first of its replicas.
    pub(super) preferred: bool,
    /// The offset that its next message gets.
    pub(super) newest: Option<i64>,
    /// The offset of its first message.
    pub(super) oldest: Option<i64>,
}

impl Topic {
    pub(super) fn partition(&mut self, index: i32) -> Option<&mut Partition> {
        let at = self.partitions.binary_search_by_key(&index, |partition| partition.index).ok()?;
        self.partitions.get_mut(at)
    }
}

/// A consumer group.
#[derive(Debug, PartialEq)]
pub(super) struct Group {
    pub(super) name: Arc<str>,
    pub(super) members: Option<usize>,
    pub(super) topics: Vec<Consumed>,
}

/// What a group has read of a topic.
#[derive(Debug, PartialEq)]
pub(super) struct Consumed {
    pub(super) topic: Arc<str>,
    pub(super) partitions: Vec<ConsumedPartition>,
    /// Of the oldest message that it has not committed.
    pub(super) lag_seconds: Option<f64>,
}

#[derive(Debug, PartialEq)]
pub(super) struct ConsumedPartition {
    pub(super) index: i32,
    pub(super) committed: i64,
    /// `None` where the end of the partition is not known.
    pub(super) lag: Option<i64>,
}

impl Consumed {
    /// Of all partitions, if all are known.
    pub(super) fn lag_sum(&self) -> Option<i64> {
        self.partitions.iter().try_fold(0_i64, |sum, part| Some(sum.saturating_add(part.lag?)))
    }
}
