//! Reading XINFO and XPENDING.

use redis::Value;

use crate::collector::redis::reply::{self, Unexpected};
use clientlist::label;

/// XINFO STREAM. What a version does not tell is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Info {
    pub(super) length: Option<u64>,
    pub(super) radix_tree_keys: Option<u64>,
    pub(super) radix_tree_nodes: Option<u64>,
    pub(super) groups: Option<u64>,
    pub(super) entries_added: Option<u64>,
    pub(super) last_generated: Option<u64>,
    pub(super) max_deleted: Option<u64>,
    pub(super) first: Option<u64>,
    pub(super) last: Option<u64>,
}

/// A group that is shown by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: Vec<u8>,
    pub(super) consumers: u64,
    pub(super) pending: u64,
    pub(super) last_delivered: Option<u64>,
    pub(super) entries_read: Option<u64>,
    /// `None` where the server cannot tell: the group was set to the middle of the stream, or entries were deleted.
    pub(super) lag: Option<u64>,
    /// The time in the id of the oldest entry that is not acknowledged.
    pub(super) oldest: Option<u64>,
    pub(super) shown: Vec<Consumer>,
    /// Pending entries of the consumers that are not shown, if there are any.
    pub(super) other_consumers: Option<u64>,
}

/// The groups that are not shown. What they lag together would say nothing: each is less behind than those that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Others {
    pub(super) groups: u64,
    pub(super) consumers: u64,
    pub(super) pending: u64,
}

/// A consumer that is shown by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Consumer {
    pub(super) name: Vec<u8>,
    pub(super) pending: u64,
    /// Milliseconds.
    pub(super) idle: Option<u64>,
}

/// The milliseconds of an id: `1526919030474-55`.
fn time_of(id: &Value) -> Option<u64> {
    reply::text(id, "id").ok()?.split('-').next()?.parse().ok()
}

/// Reads XINFO STREAM.
pub(super) fn info(reply: &Value) -> Result<Info, Unexpected> {
    let mut info = Info::default();
    for (field, value) in reply::pairs(reply, "XINFO STREAM")? {
        let count = || reply::count(value, "XINFO STREAM").ok();
        let of_entry = || time_of(reply::items(value, "XINFO STREAM").ok()?.first()?);
        match &*reply::text(field, "XINFO STREAM: field")? {
            "length" => info.length = count(),
            "radix-tree-keys" => info.radix_tree_keys = count(),
            "radix-tree-nodes" => info.radix_tree_nodes = count(),
            "groups" => info.groups = count(),
            "entries-added" => info.entries_added = count(),
            "last-generated-id" => info.last_generated = time_of(value),
            "max-deleted-entry-id" => info.max_deleted = time_of(value),
            "first-entry" => info.first = of_entry(),
            "last-entry" => info.last = of_entry(),
            _ => {}
        }
    }
    Ok(info)
}

/// Reads XINFO GROUPS.
pub(super) fn groups(reply: &Value) -> Result<Vec<Group>, Unexpected> {
    reply::items(reply, "XINFO GROUPS")?.iter().map(group).collect()
}

fn group(reply: &Value) -> Result<Group, Unexpected> {
    let mut group = Group::default();
    for (field, value) in reply::pairs(reply, "XINFO GROUPS")? {
        let count = || reply::count(value, "XINFO GROUPS").ok();
        match &*reply::text(field, "XINFO GROUPS: field")? {
            "name" => group.name = reply::bytes(value, "XINFO GROUPS: name")?.to_vec(),
            "consumers" => group.consumers = reply::count(value, "XINFO GROUPS: consumers")?,
            "pending" => group.pending = reply::count(value, "XINFO GROUPS: pending")?,
            "last-delivered-id" => group.last_delivered = time_of(value),
            "entries-read" => group.entries_read = count(),
            "lag" => group.lag = count(),
            _ => {}
        }
    }
    Ok(group)
}

/// The groups that are shown, those first that are furthest behind, and the sum of the others.
pub(super) fn furthest_behind(mut groups: Vec<Group>, top: usize) -> (Vec<Group>, Others) {
    let behind = |group: &Group| group.lag.unwrap_or(0).saturating_add(group.pending);
    groups.sort_unstable_by(|a, b| behind(b).cmp(&behind(a)).then_with(|| a.name.cmp(&b.name)));
    let mut others = Others::default();
    for group in groups.drain(top.min(groups.len())..) {
        others.groups += 1;
        others.consumers = others.consumers.saturating_add(group.consumers);
        others.pending = others.pending.saturating_add(group.pending);
    }
    (groups, others)
}

/// Reads XINFO CONSUMERS: those with most pending entries, and what the others have.
pub(super) fn consumers(reply: &Value, top: usize) -> Result<(Vec<Consumer>, Option<u64>), Unexpected> {
    let mut all = reply::items(reply, "XINFO CONSUMERS")?.iter().map(consumer).collect::<Result<Vec<_>, _>>()?;
    let pending = |all: &[Consumer]| all.iter().fold(0, |sum: u64, consumer| sum.saturating_add(consumer.pending));
    let (count, sum) = (all.len(), pending(&all));
    label::first(&mut all, top, |a, b| b.pending.cmp(&a.pending).then_with(|| a.name.cmp(&b.name)));
    let others = (count > all.len()).then(|| sum.saturating_sub(pending(&all)));
    Ok((all, others))
}

fn consumer(reply: &Value) -> Result<Consumer, Unexpected> {
    let mut consumer = Consumer { name: Vec::new(), pending: 0, idle: None };
    for (field, value) in reply::pairs(reply, "XINFO CONSUMERS")? {
        match &*reply::text(field, "XINFO CONSUMERS: field")? {
            "name" => consumer.name = reply::bytes(value, "XINFO CONSUMERS: name")?.to_vec(),
            "pending" => consumer.pending = reply::count(value, "XINFO CONSUMERS: pending")?,
            "idle" => consumer.idle = reply::count(value, "XINFO CONSUMERS: idle").ok(),
            _ => {}
        }
    }
    Ok(consumer)
}

/// Reads XPENDING: the time of the oldest pending entry.
pub(super) fn oldest(reply: &Value) -> Result<Option<u64>, Unexpected> {
    Ok(reply::items(reply, "XPENDING")?.get(1).and_then(time_of))
}
