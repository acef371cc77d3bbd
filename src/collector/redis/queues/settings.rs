//! `[[redis.queue]]`: where an application keeps its jobs.

use std::collections::HashSet;

use globset::{Glob, GlobMatcher};
use serde::{Serialize, Serializer};

use super::super::facts::whole;
use super::kinds::{Kind, fill};
use clientlist::label::label;
use reader::{Named, Table, set};

/// Queues and groups of a target, at most.
pub const MAX_QUEUES: usize = 1000;

/// Priorities of a Celery queue, at most: kombu has ten.
const MAX_PRIORITIES: usize = 10;

/// Bytes of a name; Redis itself takes any.
const MAX_NAME: usize = 1000;

/// A validated `[[redis.queue]]`: queues of one kind, in one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Queues {
    /// How they keep their jobs.
    pub kind: &'static Kind,
    /// Their names.
    #[serde(rename = "name")]
    pub names: Vec<String>,
    /// The label `queue`, where it is not the name.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The database, where it is not that of the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub db: Option<u32>,
    /// What all keys begin with.
    pub prefix: String,
    /// Priorities that have a list, where the kind has such.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<u16>,
    /// What stands between the name and a priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Messages that a channel holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// Of channels whose name matches a pattern; the first that does counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channel_capacity: Vec<Capacity>,
    /// Groups of channels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// What channels hold whose name matches.
#[derive(Debug, Clone)]
pub struct Capacity {
    channels: GlobMatcher,
    most: u64,
}

impl PartialEq for Capacity {
    fn eq(&self, other: &Self) -> bool {
        (self.channels.glob(), self.most) == (other.channels.glob(), other.most)
    }
}

impl Serialize for Capacity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.channels.glob().glob(), self.most).serialize(serializer)
    }
}

impl Queues {
    /// Queues with every other default.
    #[must_use]
    pub fn new(kind: &'static Kind, names: Vec<String>) -> Self {
        Self {
            kind,
            names,
            alias: None,
            db: None,
            prefix: kind.prefix.to_owned(),
            priorities: if kind.has_levels { vec![0, 3, 6, 9] } else { Vec::new() },
            separator: kind.has_levels.then(|| "\u{6}\u{16}".to_owned()),
            // channels_redis's own default.
            capacity: kind.has_capacity.then_some(100),
            channel_capacity: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// Reads `[[redis.queue]]`.
    pub(in crate::collector::redis) fn read(mut table: Table<'_>) -> Option<Self> {
        let lines = ["kind", "name"].map(|key| table.line_of(key));
        let kind: Option<&'static Kind> = table.parsed("kind");
        if lines[0].is_none() {
            table.problem(None, "kind", None, "is missing; it is celery, asgi, list, rq or bullmq");
        }
        let names = table.each("name", name);
        let Some(kind) = kind else {
            // Which keys it may have is not known.
            return None;
        };
        let mut queues = Self::new(kind, names);
        queues.db = table.integer("db", 0..=u64::from(u32::MAX));
        set(&mut queues.prefix, table.string("prefix"));
        queues.alias = table.string("as").filter(|alias| !alias.is_empty());
        if queues.alias.is_some() && queues.names.len() != 1 {
            table.problem(None, "as", None, "names one queue; give each a [[redis.queue]] of its own");
        }
        if kind.has_levels {
            read_priorities(&mut table, &mut queues);
        }
        if kind.has_capacity {
            queues.capacity = table.integer("capacity", 1..=1_000_000_000).or(queues.capacity);
            queues.channel_capacity = read_capacities(&mut table);
            queues.groups = table.each("groups", name);
        }
        if lines[1].is_none() && queues.groups.is_empty() {
            let or = if kind.has_capacity { ", or groups" } else { "" };
            table.problem(None, "name", None, format!("is missing; name the queue, or a list of them{or}"));
        }
        table.finish();
        Some(queues)
    }

    /// The database that they are in.
    pub(super) fn database(&self, of_target: u32) -> u64 {
        u64::from(self.db.unwrap_or(of_target))
    }

    /// The label of the queue of that name.
    pub(super) fn label_of(&self, name: &str) -> String {
        label(self.alias.as_deref().unwrap_or(name).as_bytes()).into_owned()
    }

    /// The keys of a template: one for each list of priorities, where it has such.
    pub(super) fn keys(&self, template: &str, name: &str) -> Vec<String> {
        let key = |level: &str| fill(template, &[("{prefix}", &self.prefix), ("{name}", name), ("{level}", level)]);
        let Some(separator) = self.separator.as_deref().filter(|_| template.contains("{level}")) else {
            return vec![key("")];
        };
        // The list of the priority 0 has no more than the queue's name.
        let level = |priority: &u16| if *priority == 0 { String::new() } else { format!("{separator}{priority}") };
        self.priorities.iter().map(|priority| key(&level(priority))).collect()
    }

    /// The key of a job.
    pub(super) fn job(&self, template: &str, name: &str, job: &str) -> String {
        fill(template, &[("{prefix}", &self.prefix), ("{name}", name), ("{job}", job)])
    }

    /// Messages that the channel holds.
    pub(super) fn capacity_of(&self, channel: &str) -> Option<u64> {
        let special = self.channel_capacity.iter().find(|capacity| capacity.channels.is_match(channel));
        special.map(|capacity| capacity.most).or(self.capacity)
    }
}

fn name(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("is empty; write the queue's name".to_owned()),
        1..=MAX_NAME => Ok(text.to_owned()),
        bytes => Err(format!("has {bytes} bytes, at most {MAX_NAME}")),
    }
}

fn read_priorities(table: &mut Table<'_>, queues: &mut Queues) {
    if table.has("priorities") {
        queues.priorities = table.integers("priorities", 0..=255);
        queues.priorities.sort_unstable();
        queues.priorities.dedup();
        if queues.priorities.len() > MAX_PRIORITIES {
            let message = "names more than ten; they are those of priority_steps in broker_transport_options";
            table.problem(None, "priorities", None, message);
        }
    }
    queues.separator = table.string("separator").or_else(|| queues.separator.take());
}

fn read_capacities(table: &mut Table<'_>) -> Vec<Capacity> {
    let mut capacities = Vec::new();
    for Named { name, line, value } in table.numbers("channel_capacity") {
        let Some(pattern) = name else {
            table.problem(
                Some(line),
                "channel_capacity",
                None,
                "write it as { \"chat.*\" = 2000 }; capacity is that of the others",
            );
            continue;
        };
        let key = format!("channel_capacity.{pattern}");
        let most = whole(value);
        if !(1.0..=1e9).contains(&value) || most as f64 - value != 0.0 {
            table.problem(Some(line), &key, Some(value.to_string()), "must be a whole number from 1 to 1000000000");
            continue;
        }
        match Glob::new(&pattern) {
            Ok(glob) => capacities.push(Capacity { channels: glob.compile_matcher(), most }),
            Err(error) => {
                table.problem(Some(line), &key, None, format!("is not a pattern: {}", error.kind()));
            }
        }
    }
    capacities
}

/// Reads all `[[redis.queue]]` of a target.
pub(in crate::collector::redis) fn read(table: &mut Table<'_>) -> Vec<Queues> {
    let tables = table.tables("queue");
    let lines: Vec<_> = tables.iter().map(|queue| queue.line_of("name")).collect();
    let all: Vec<_> = tables.into_iter().map(Queues::read).collect();
    let mut taken = HashSet::new();
    let (mut count, mut clash) = (0, Vec::new());
    for (at, queues) in all.iter().enumerate() {
        let Some(queues) = queues else { continue };
        count += queues.names.len() + queues.groups.len();
        let labels = queues.names.iter().map(|name| queues.label_of(name));
        clash.extend(labels.filter(|label| !taken.insert(label.clone())).map(|label| (at, label)));
    }
    for (at, label) in clash {
        let message = "is the label of another queue of this target; give one of them another with as = \"...\"";
        table.problem(lines[at], &format!("queue[{at}].name"), Some(format!("{label:?}")), message);
    }
    if count > MAX_QUEUES {
        let message = format!("there are {count} queues and groups, at most {MAX_QUEUES} of a target");
        table.problem(None, "queue", None, message);
    }
    all.into_iter().flatten().collect()
}
