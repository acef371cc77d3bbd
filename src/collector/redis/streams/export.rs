//! The metrics of streams.

use super::Told;
use super::read::{Group, Others};
use crate::collector::redis::keys::key_label;
use crate::metric::{Families, Metric, OTHER, metrics};

/// 2010, in milliseconds since 1970: an id before it is not a time.
const FIRST_TIME: u64 = 1_262_304_000_000;

/// What clocks may differ by, milliseconds.
const DAY: u64 = 86_400_000;

metrics! {
    pub fn metrics;
    LENGTH: gauge "redis_stream_length" ["db", "stream"] Count,
        "Entries of a stream.", "XINFO STREAM, Redis >= 5";
    RADIX_TREE_KEYS: gauge "redis_stream_radix_tree_keys" ["db", "stream"] Count,
        "Keys of the radix tree that holds a stream: nodes of many entries each.", "XINFO STREAM, Redis >= 5";
    RADIX_TREE_NODES: gauge "redis_stream_radix_tree_nodes" ["db", "stream"] Count,
        "Nodes of the radix tree that holds a stream.", "XINFO STREAM, Redis >= 5";
    LAST_GENERATED: gauge "redis_stream_last_generated_id" ["db", "stream"] Milliseconds,
        "The milliseconds in the id that was added last, whether its entry still exists or not.", "XINFO STREAM, Redis >= 5";
    GROUPS: gauge "redis_stream_groups" ["db", "stream"] Count,
        "Consumer groups of a stream.", "XINFO STREAM, Redis >= 5";
    MAX_DELETED: gauge "redis_stream_max_deleted_entry_id" ["db", "stream"] Milliseconds,
        "The milliseconds in the greatest id that was deleted; 0 for none.", "XINFO STREAM, Redis >= 7";
    FIRST: gauge "redis_stream_first_entry_id" ["db", "stream"] Milliseconds,
        "The milliseconds in the id of the first entry; absent for an empty stream.", "XINFO STREAM, Redis >= 5";
    LAST: gauge "redis_stream_last_entry_id" ["db", "stream"] Milliseconds,
        "The milliseconds in the id of the last entry; absent for an empty stream.", "XINFO STREAM, Redis >= 5";
    ADDED: counter "redis_stream_entries_added_total" ["db", "stream"] Count,
        "Entries that were ever added to a stream.", "XINFO STREAM, Redis >= 7";
    GROUP_CONSUMERS: gauge "redis_stream_group_consumers" ["db", "stream", "group"] Count,
        "Consumers of a group. The groups that are furthest behind are shown by name, the others together as __other__.",
        "XINFO GROUPS, Redis >= 5";
    GROUP_PENDING: gauge "redis_stream_group_messages_pending" ["db", "stream", "group"] Count,
        "Entries that were delivered to consumers of a group and are not acknowledged.", "XINFO GROUPS, Redis >= 5";
    GROUP_DELIVERED: gauge "redis_stream_group_last_delivered_id" ["db", "stream", "group"] Milliseconds,
        "The milliseconds in the id that was last delivered to a group.", "XINFO GROUPS, Redis >= 5";
    GROUP_READ: gauge "redis_stream_group_entries_read" ["db", "stream", "group"] Count,
        "Entries that a group has read; absent where the server cannot tell.", "XINFO GROUPS, Redis >= 7";
    GROUP_LAG: gauge "redis_stream_group_lag" ["db", "stream", "group"] Count,
        "Entries of a stream that were not delivered to a group yet, of the groups that are furthest behind; absent where the server \
         cannot tell.", "XINFO GROUPS, Redis >= 7";
    GROUP_OLDEST: gauge "redis_stream_group_oldest_pending_seconds" ["db", "stream", "group"] Seconds,
        "Age of the oldest entry that a group has not acknowledged; absent where nothing is pending, and where ids are not \
         times.", "XPENDING, the milliseconds in the id, Redis >= 5";
    CONSUMER_PENDING: gauge "redis_stream_group_consumer_messages_pending" ["db", "stream", "group", "consumer"] Count,
        "Entries that a consumer has not acknowledged. The consumers with the most are shown by name, the others together as \
         __other__.", "XINFO CONSUMERS, Redis >= 5";
    CONSUMER_IDLE: gauge "redis_stream_group_consumer_idle_seconds" ["db", "stream", "group", "consumer"] Seconds,
        "How long ago a consumer last tried to read or claim entries.", "XINFO CONSUMERS, Redis >= 5";
}

/// Exports everything.
pub(super) fn export(told: &Told, out: &mut Families) {
    for (stream, seen) in &told.streams {
        let db = format!("db{}", stream.database);
        let label = key_label(&stream.key);
        if let Some(info) = &seen.info {
            let mut push = |metric: &'static Metric<2>, value: Option<u64>| {
                out.push_known(metric, [&db, &label], value.map(|value| value as f64));
            };
            push(&LENGTH, info.length);
            push(&RADIX_TREE_KEYS, info.radix_tree_keys);
            push(&RADIX_TREE_NODES, info.radix_tree_nodes);
            push(&LAST_GENERATED, info.last_generated);
            push(&GROUPS, info.groups);
            push(&MAX_DELETED, info.max_deleted);
            push(&FIRST, info.first);
            push(&LAST, info.last);
            push(&ADDED, info.entries_added);
        }
        for group in &seen.groups {
            export_group([&db, &label], group, told.now, out);
        }
        export_others([&db, &label], seen.others, out);
    }
}

fn export_group([db, stream]: [&str; 2], group: &Group, now: u64, out: &mut Families) {
    let name = key_label(&group.name);
    // A client may have chosen that name.
    if name == OTHER {
        return;
    }
    let labels = [db, stream, &*name];
    let number = |value: u64| value as f64;
    out.push(&GROUP_CONSUMERS, labels, number(group.consumers));
    out.push(&GROUP_PENDING, labels, number(group.pending));
    out.push_known(&GROUP_DELIVERED, labels, group.last_delivered.map(number));
    out.push_known(&GROUP_READ, labels, group.entries_read.map(number));
    out.push_known(&GROUP_LAG, labels, group.lag.map(number));
    let oldest = group.oldest.filter(|time| (FIRST_TIME..now.saturating_add(DAY)).contains(time));
    out.push_known(&GROUP_OLDEST, labels, oldest.map(|time| number(now.saturating_sub(time)) / 1e3));
    for consumer in &group.shown {
        let consumer_name = key_label(&consumer.name);
        if consumer_name != OTHER {
            let labels = [db, stream, &*name, &*consumer_name];
            out.push(&CONSUMER_PENDING, labels, number(consumer.pending));
            out.push_known(&CONSUMER_IDLE, labels, consumer.idle.map(|idle| number(idle) / 1e3));
        }
    }
    out.push_known(&CONSUMER_PENDING, [db, stream, &name, OTHER], group.other_consumers.map(number));
}

fn export_others([db, stream]: [&str; 2], others: Others, out: &mut Families) {
    if others.groups > 0 {
        let labels = [db, stream, OTHER];
        out.push(&GROUP_CONSUMERS, labels, others.consumers as f64);
        out.push(&GROUP_PENDING, labels, others.pending as f64);
    }
}
