//! Which keys a poll asks, and in which order.

use std::collections::HashMap;

use redis::{Cmd, Value};

use super::super::question::command;
use super::kinds::Part;
use super::settings::Queues;

/// Channels of a group that are looked at.
pub(super) const MAX_CHANNELS: usize = 1000;

/// Workers of a queue that are looked for.
const MAX_WORKERS: usize = 1000;

/// A key of a queue, of several that share it, or of a group.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) db: u32,
    pub(super) key: String,
    pub(super) what: What,
    /// The refusal that it got on this connection: it is not asked again.
    pub(super) refused: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A part of what is told of the queues with these places.
    Of { queues: Vec<usize>, part: &'static Part },
    /// How many channels the group of that place has.
    Members(usize),
    /// Their names.
    Channels(usize),
}

impl Step {
    /// The command for it.
    pub(super) fn command(&self) -> Cmd {
        let key = self.key.as_str();
        match &self.what {
            What::Of { part: Part::Count(_, count, _), .. } => command(&[count, key]),
            What::Of { part: Part::Next { command: word, place, .. }, .. } => {
                let mut next = command(&[word, key]);
                next.arg(*place);
                next
            }
            What::Of { part: Part::Living(..), .. } => {
                let mut members = command(&["SRANDMEMBER", key]);
                members.arg(MAX_WORKERS);
                members
            }
            What::Members(_) => command(&["ZCARD", key]),
            What::Channels(_) => {
                // Those that came last: of processes that died long ago the group still has the channels.
                let mut channels = command(&["ZREVRANGE", key, "0"]);
                channels.arg(MAX_CHANNELS - 1);
                channels
            }
        }
    }
}

/// One queue of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The table.
    pub(super) table: usize,
    /// The name within it.
    pub(super) name: usize,
}

/// Every queue, in the order of the configuration.
pub(super) fn places(tables: &[Queues]) -> Vec<Place> {
    let of = |(table, queues): (usize, &Queues)| (0..queues.names.len()).map(move |name| Place { table, name });
    tables.iter().enumerate().flat_map(of).collect()
}

/// The keys of all queues and groups, by database.
pub(super) fn steps(tables: &[Queues], database: u32) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut known = HashMap::new();
    for (queue, place) in places(tables).into_iter().enumerate() {
        let (queues, db) = (&tables[place.table], tables[place.table].db.unwrap_or(database));
        for part in queues.kind.parts {
            let (Part::Count(_, _, key) | Part::Living(_, key) | Part::Next { key, .. }) = part;
            // A key without the queue's name is that of all queues of the place.
            let shared = !key.contains("{name}");
            for key in queues.keys(key, &queues.names[place.name]) {
                if shared {
                    let step = *known.entry((db, key.clone())).or_insert(steps.len());
                    if let Some(What::Of { queues, .. }) = steps.get_mut(step).map(|step| &mut step.what) {
                        queues.push(queue);
                        continue;
                    }
                }
                steps.push(Step { db, key, what: What::Of { queues: vec![queue], part }, refused: None });
            }
        }
    }
    let groups = tables.iter().flat_map(|queues| queues.groups.iter().map(move |group| (queues, group)));
    for (place, (queues, group)) in groups.enumerate() {
        let (db, key) = (queues.db.unwrap_or(database), format!("{}:group:{group}", queues.prefix));
        steps.push(Step { db, key: key.clone(), what: What::Members(place), refused: None });
        steps.push(Step { db, key, what: What::Channels(place), refused: None });
    }
    steps.sort_by_key(|step| step.db);
    steps
}
