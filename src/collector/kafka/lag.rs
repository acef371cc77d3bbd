//! How far groups are behind: what they have committed against where the partitions end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::groups::{Listed, Told};
use super::history::Histories;
use super::offsets::Topics;
use super::snapshot::{Consumed, ConsumedPartition, Group};

/// The groups that were told of, each with its lag at `now`, in seconds of the histories' clock.
pub(super) fn of_groups(
    listed: &BTreeMap<String, Listed>,
    mut told: BTreeMap<String, Told>,
    topics: &mut Topics,
    histories: &mut Histories,
    now: f64,
) -> Vec<Group> {
    let mut groups = Vec::new();
    for name in listed.keys() {
        // One that is gone, or whose coordinator is: nothing is known of it.
        let Some(Told { members, committed }) = told.remove(name) else { continue };
        let mut consumed: Vec<Consumed> = committed
            .into_iter()
            .flatten()
            .filter_map(|(topic, partitions)| of_topic(&topic, partitions, topics, histories, now))
            .collect();
        consumed.sort_by(|one, other| one.topic.cmp(&other.topic));
        groups.push(Group { name: name.as_str().into(), members, topics: consumed });
    }
    histories.retain(|topic| topics.contains_key(topic));
    groups
}

/// What a group has read of a topic; `None` of one that is not watched, or gone.
fn of_topic(
    name: &str,
    committed: Vec<(i32, i64)>,
    topics: &mut Topics,
    histories: &mut Histories,
    now: f64,
) -> Option<Consumed> {
    let (topic, _) = topics.get_key_value(name)?;
    let topic = Arc::clone(topic);
    let known = topics.get_mut(&topic)?;
    let mut partitions = Vec::with_capacity(committed.len());
    // Of a partition whose end is unknown nothing is known to be new: without it the rest would look better than it is.
    let mut lag_seconds = Some(0.0_f64);
    for (index, committed) in committed {
        let Some(part) = known.partition(index) else { continue };
        // Offsets that were committed are asked for first, so the end lies behind them, unless the partition has lost messages.
        let lag = part.newest.map(|newest| (newest - committed).max(0));
        let age = part.newest.map(|newest| {
            let history = histories.of(&topic, index);
            history.note(now, newest);
            // What is deleted is read by nobody any more.
            let next = part.oldest.map_or(committed, |oldest| oldest.max(committed));
            if next >= newest { 0.0 } else { history.age(now, next) }
        });
        lag_seconds = lag_seconds.zip(age).map(|(oldest, age)| oldest.max(age));
        partitions.push(ConsumedPartition { index, committed, lag });
    }
    partitions.sort_by_key(|part| part.index);
    (!partitions.is_empty()).then_some(Consumed { topic, partitions, lag_seconds })
}
