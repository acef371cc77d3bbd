//! What is exported of a Kafka cluster: the names of `kafka_exporter`, and beside them what it does not tell.

use super::snapshot::{Consumed, Group, Partition, Snapshot, Topic};
use crate::collector::Health;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    UP: gauge "kafka_up" [] Bool, "Whether the last poll of the cluster succeeded.", "poll";
    BROKERS: gauge "kafka_brokers" [] Count, "Brokers in the cluster, as it tells them.", "Metadata";
    BROKER_INFO: gauge "kafka_broker_info" ["id", "address"] Info, "A broker, and the address that it advertises.", "Metadata";
    BROKER_UP: gauge "kafka_broker_up" ["id"] Bool,
        "Whether the broker answered all that the last poll asked it. What a broker alone could tell is absent while it is 0.",
        "poll";
    GROUPS: gauge "kafka_consumergroups" [] Count, "Consumer groups in the cluster that the configuration wants.", "ListGroups";
    GROUPS_LEFT_OUT: gauge "kafka_consumergroups_left_out" [] Count,
        "Consumer groups of those that are not watched because there are more than max_groups.", "ListGroups";
    PARTITIONS_LEFT_OUT: gauge "kafka_topic_partitions_left_out" [] Count,
        "Partitions of topics that are not watched because there are more than max_partitions.", "Metadata";
    MEMBERS: gauge "kafka_consumergroup_members" ["consumergroup"] Count,
        "Members of the consumer group; 0 of one that only its committed offsets keep.",
        "DescribeGroups, ConsumerGroupDescribe";
    LAG_SUM: gauge "kafka_consumergroup_lag_sum" ["consumergroup", "topic"] Count,
        "Messages that the group has not committed yet, in all partitions of the topic; absent while one cannot be asked.",
        "ListOffsets, OffsetFetch";
    LAG_SECONDS: gauge "kafka_consumergroup_lag_seconds" ["consumergroup", "topic"] Seconds,
        "Age of the oldest message that the group has not committed yet, from the offsets that earlier polls saw; of one that \
         is older than the first of them, at least so much.",
        "ListOffsets, OffsetFetch";
    OFFSET_SUM: gauge "kafka_consumergroup_current_offset_sum" ["consumergroup", "topic"] Count,
        "Sum of the offsets that the group has committed, over the partitions of the topic.", "OffsetFetch";
    MAX_POLL_INTERVAL: gauge "kafka_consumergroup_max_poll_interval_seconds" ["consumergroup"] Seconds,
        "How long the consumers may take from one poll to the next (max.poll.interval.ms), as configured.",
        "configuration";
    MAX_POLL_RATIO: gauge "kafka_consumergroup_max_poll_interval_ratio" ["consumergroup"] Ratio,
        "Age of the oldest message that the group has not committed yet, in all its topics, as a part of max_poll_interval.",
        "ListOffsets, OffsetFetch";
    LAG: gauge "kafka_consumergroup_lag" ["consumergroup", "topic", "partition"] Count,
        "Messages of the partition that the group has not committed yet.", "ListOffsets, OffsetFetch";
    OFFSET: gauge "kafka_consumergroup_current_offset" ["consumergroup", "topic", "partition"] Count,
        "Offset that the group has committed: that of the message that it reads next.", "OffsetFetch";
    PARTITIONS: gauge "kafka_topic_partitions" ["topic"] Count, "Partitions of the topic.", "Metadata";
    NEWEST: gauge "kafka_topic_partition_current_offset" ["topic", "partition"] Count,
        "End of the partition: the offset that its next message gets.", "ListOffsets";
    OLDEST: gauge "kafka_topic_partition_oldest_offset" ["topic", "partition"] Count,
        "Offset of the first message that the partition still has.", "ListOffsets";
    LEADER: gauge "kafka_topic_partition_leader" ["topic", "partition"] Count,
        "Id of the broker that leads the partition; -1 while none does.", "Metadata";
    REPLICAS: gauge "kafka_topic_partition_replicas" ["topic", "partition"] Count, "Replicas of the partition.", "Metadata";
    IN_SYNC: gauge "kafka_topic_partition_in_sync_replica" ["topic", "partition"] Count,
        "Replicas of the partition that are in sync.", "Metadata";
    PREFERRED: gauge "kafka_topic_partition_leader_is_preferred" ["topic", "partition"] Bool,
        "Whether the partition is led by the broker that is to lead it.", "Metadata";
    UNDER_REPLICATED: gauge "kafka_topic_partition_under_replicated_partition" ["topic", "partition"] Bool,
        "Whether replicas of the partition are not in sync.", "Metadata";
}

/// Exports what is known whether or not the last poll succeeded.
pub(super) fn export_health(health: &Health<'_>, out: &mut Families) {
    out.push_bool(&UP, [], health.error.is_none());
}

/// Exports what a poll saw: what alerts are about first, so that it is not what a series limit cuts off.
pub(super) fn export(snapshot: &Snapshot, out: &mut Families) {
    out.push(&BROKERS, [], snapshot.brokers.len() as f64);
    for broker in &snapshot.brokers {
        let id = broker.id.to_string();
        out.push(&BROKER_INFO, [&id, &broker.address], 1.0);
        out.push_bool(&BROKER_UP, [&id], broker.up);
    }
    out.push_known(&GROUPS, [], snapshot.groups_found.map(|count| count as f64));
    out.push_known(&GROUPS_LEFT_OUT, [], snapshot.groups_left_out.map(|count| count as f64));
    out.push(&PARTITIONS_LEFT_OUT, [], snapshot.partitions_left_out as f64);
    for group in &snapshot.groups {
        export_group(group, snapshot.max_poll_interval, out);
    }
    for group in &snapshot.groups {
        group.topics.iter().for_each(|consumed| export_consumed(&group.name, consumed, out));
    }
    for (name, topic) in &snapshot.topics {
        export_topic(name, topic, out);
    }
}

fn export_group(group: &Group, max_poll_interval: Option<f64>, out: &mut Families) {
    let name: &str = &group.name;
    out.push_known(&MEMBERS, [name], group.members.map(|count| count as f64));
    for consumed in &group.topics {
        let labels = [name, &consumed.topic];
        out.push_known(&LAG_SUM, labels, consumed.lag_sum().map(|lag| lag as f64));
        out.push_known(&LAG_SECONDS, labels, consumed.lag_seconds);
        out.push(&OFFSET_SUM, labels, consumed.partitions.iter().map(|part| part.committed as f64).sum());
    }
    if let Some(interval) = max_poll_interval {
        // One that is unknown may be the oldest of all.
        let ages = group.topics.iter().map(|consumed| consumed.lag_seconds);
        let oldest = ages.reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other))).flatten();
        out.push(&MAX_POLL_INTERVAL, [name], interval);
        out.push_known(&MAX_POLL_RATIO, [name], oldest.map(|seconds| seconds / interval));
    }
}

fn export_consumed(group: &str, consumed: &Consumed, out: &mut Families) {
    for part in &consumed.partitions {
        let partition = part.index.to_string();
        let labels = [group, &consumed.topic, &partition];
        out.push_known(&LAG, labels, part.lag.map(|lag| lag as f64));
        out.push(&OFFSET, labels, part.committed as f64);
    }
}

fn export_topic(name: &str, topic: &Topic, out: &mut Families) {
    out.push(&PARTITIONS, [name], topic.partitions.len() as f64);
    for Partition { index, leader, replicas, in_sync, preferred, newest, oldest } in &topic.partitions {
        let labels = [name, &index.to_string()];
        out.push_known(&NEWEST, labels, newest.map(|offset| offset as f64));
        out.push_known(&OLDEST, labels, oldest.map(|offset| offset as f64));
        out.push(&LEADER, labels, f64::from(*leader));
        out.push(&REPLICAS, labels, *replicas as f64);
        out.push(&IN_SYNC, labels, *in_sync as f64);
        out.push_bool(&PREFERRED, labels, *preferred);
        out.push_bool(&UNDER_REPLICATED, labels, in_sync < replicas);
    }
}
