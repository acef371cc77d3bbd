//! From replies to numbers.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::{Cmd, Value};

use super::Heard;
use super::kinds::{Number, Part, Put};
use super::plan::{self, Place, Step, What};
use super::reading::{ALL, Group, QueuesAnswer, Reading, Told};
use super::settings::Queues;
use super::workers::Seen;
use crate::collector::redis::facts::{Facts, whole};
use crate::collector::redis::question::command;
use crate::collector::redis::{reply, reply_error};
use clientlist::label::{first, label};

/// Channels by name that are shown; those of all processes together are one.
const MAX_SHOWN: usize = 100;

/// What is asked because of a first reply.
#[derive(Debug)]
pub(super) struct Further {
    pub(super) db: u32,
    pub(super) command: Cmd,
    what: Why,
}

#[derive(Debug)]
enum Why {
    /// The time at which the next job of a queue was put there.
    Put(usize, &'static Put),
    /// How many workers of a queue live.
    Living(usize, Number),
    /// How much is in a channel: its name, without what only its process knows, and the groups that lead to it.
    Channel(Channel),
}

#[derive(Debug)]
struct Channel {
    table: usize,
    name: String,
    groups: Vec<usize>,
}

/// What the first replies make necessary.
pub(super) fn further(tables: &[Queues], steps: &[Step], replies: &[Value], facts: &Facts) -> Vec<Further> {
    let places = plan::places(tables);
    let mut all = Vec::new();
    let mut channels: BTreeMap<(u32, String), Channel> = BTreeMap::new();
    for (step, value) in steps.iter().zip(replies) {
        match &step.what {
            What::Of { queues, part: Part::Next { job, put, .. } } => {
                let (Some(queue), Some(id)) = (queues.first(), id(value)) else { continue };
                let Place { table, name } = places[*queue];
                let key = tables[table].job(job, &tables[table].names[name], &id);
                if facts.holds(key.as_bytes()) {
                    let command = command(&["HGET", &key, put.field()]);
                    all.push(Further { db: step.db, command, what: Why::Put(*queue, put) });
                }
            }
            What::Of { queues, part: Part::Living(number, _) } => {
                let members = names(value);
                if let Some(queue) = queues.first().filter(|_| !members.is_empty()) {
                    let mut command = command(&["EXISTS"]);
                    command.arg(&members);
                    all.push(Further { db: step.db, command, what: Why::Living(*queue, *number) });
                }
            }
            What::Channels(group) => {
                let Some(table) = table_of(tables, *group) else { continue };
                for name in names(value) {
                    let name = String::from_utf8_lossy(name);
                    // What stands behind the ! is told apart by the process that reads them all from one key.
                    let name = name.find('!').map_or(&*name, |end| &name[..=end]);
                    let key = format!("{}{name}", tables[table].prefix);
                    let new = || Channel { table, name: name.to_owned(), groups: Vec::new() };
                    let groups = &mut channels.entry((step.db, key)).or_insert_with(new).groups;
                    if groups.last() != Some(group) {
                        groups.push(*group);
                    }
                }
            }
            _ => {}
        }
    }
    channels.retain(|(_, key), _| facts.holds(key.as_bytes()));
    let channels = channels.into_iter().take(plan::MAX_CHANNELS).map(|((db, key), channel)| Further {
        db,
        command: command(&["ZCARD", &key]),
        what: Why::Channel(channel),
    });
    all.extend(channels);
    all.sort_by_key(|further| further.db);
    all
}

/// Makes the numbers, and a sentence about what could not be read.
pub(super) fn answer(
    tables: &[Queues],
    steps: &[Step],
    further: &[Further],
    heard: &Heard,
    database: u32,
    client_list: Option<&[u8]>,
) -> (QueuesAnswer, Option<String>) {
    let places = plan::places(tables);
    let mut made = Made::new(tables, &places);
    for (step, value) in steps.iter().zip(&heard.replies) {
        made.hear(step, value);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    for (further, value) in further.iter().zip(&heard.further) {
        made.hear_further(tables, further, value, now);
    }
    if let Some(seen) = client_list.and_then(|list| Seen::read(tables, database, list)) {
        for (place, reading) in places.iter().zip(&mut made.queues) {
            let queues = &tables[place.table];
            if let Some(workers) = seen.workers(queues, &queues.names[place.name], database) {
                reading.add(Number::Workers, Told::Is(workers as f64));
            }
        }
    }
    made.finish()
}

/// What has been made of the replies so far.
struct Made {
    queues: Vec<Reading>,
    /// Of several queues together.
    together: Option<Reading>,
    groups: Vec<Group>,
    /// The fullest channel of each name.
    channels: BTreeMap<String, Reading>,
    unreadable: Vec<String>,
}

impl Made {
    fn new(tables: &[Queues], places: &[Place]) -> Self {
        let queue = |place: &Place| {
            let queues = &tables[place.table];
            let name = &queues.names[place.name];
            let mut reading = Reading::new(queues.label_of(name), queues.kind);
            reading.capacity = queues.capacity_of(name);
            reading
        };
        let group = |name: &String| Group { name: label(name.as_bytes()).into_owned(), channels: None, full: None };
        Self {
            queues: places.iter().map(queue).collect(),
            together: None,
            groups: tables.iter().flat_map(|queues| &queues.groups).map(group).collect(),
            channels: BTreeMap::new(),
            unreadable: Vec::new(),
        }
    }

    /// A count, unless the key is another node's or holds something else.
    fn count(&mut self, key: &str, value: &Value) -> Told {
        if let Some((code, detail)) = reply_error::of(value) {
            if reply_error::is_elsewhere(code) {
                return Told::Nothing;
            }
            self.unreadable.push(format!("{key:?}: {}", reply_error::words(code, detail)));
            return Told::Unreadable;
        }
        match reply::count(value, "queue") {
            Ok(count) => Told::Is(count as f64),
            Err(error) => {
                self.unreadable.push(format!("{key:?}: {error}"));
                Told::Unreadable
            }
        }
    }

    fn hear(&mut self, step: &Step, value: &Value) {
        match &step.what {
            What::Of { queues, part: Part::Count(number, ..) } => {
                let told = self.count(&step.key, value);
                match queues[..] {
                    [queue] => self.queues[queue].add(*number, told),
                    [queue, ..] => {
                        let kind = self.queues[queue].kind;
                        self.together.get_or_insert_with(|| Reading::new(ALL.to_owned(), kind)).add(*number, told);
                    }
                    [] => {}
                }
            }
            // Without a worker there is nobody to look for.
            What::Of { queues, part: Part::Living(number, _) } => match (queues.first(), reply_error::of(value)) {
                (Some(queue), None) if names(value).is_empty() => self.queues[*queue].add(*number, Told::Is(0.0)),
                (Some(_), Some(_)) => drop(self.count(&step.key, value)),
                _ => {}
            },
            What::Of { part: Part::Next { .. }, .. } => {}
            What::Members(group) => {
                if let Told::Is(count) = self.count(&step.key, value) {
                    self.groups[*group].channels = Some(whole(count));
                }
            }
            What::Channels(group) => {
                if reply_error::of(value).is_none() {
                    self.groups[*group].full = Some(0);
                }
            }
        }
    }

    fn hear_further(&mut self, tables: &[Queues], further: &Further, value: &Value, now: Duration) {
        match &further.what {
            Why::Put(queue, put) => {
                // A job that was taken meanwhile is not there any more.
                let time = reply::text(value, "queue: job").ok().and_then(|text| put.read(&text));
                if let Some(time) = time {
                    self.queues[*queue].add(Number::Oldest, Told::Is(now.saturating_sub(time).as_secs_f64()));
                }
            }
            Why::Living(queue, number) => {
                let told = self.count("workers", value);
                self.queues[*queue].add(*number, told);
            }
            Why::Channel(channel) => {
                let queues = &tables[channel.table];
                let Told::Is(size) = self.count(&channel.name, value) else {
                    channel.groups.iter().for_each(|group| self.groups[*group].full = None);
                    return;
                };
                let capacity = queues.capacity_of(&channel.name);
                if capacity.is_some_and(|capacity| size >= capacity as f64) {
                    let groups = channel.groups.iter();
                    groups.for_each(|group| self.groups[*group].full = self.groups[*group].full.map(|full| full + 1));
                }
                let mut reading = Reading::new(shown(&channel.name), queues.kind);
                reading.add(Number::Size, Told::Is(size));
                reading.capacity = capacity;
                let fullest = self.channels.entry(reading.label.clone()).or_insert_with(|| reading.clone());
                if fullness(&reading) > fullness(fullest) {
                    *fullest = reading;
                }
            }
        }
    }

    fn finish(self) -> (QueuesAnswer, Option<String>) {
        let Self { mut queues, together, groups, channels, unreadable } = self;
        queues.extend(together);
        let taken: HashSet<&str> = queues.iter().map(|queue| queue.label.as_str()).collect();
        let mut channels: Vec<Reading> =
            channels.into_values().filter(|channel| !taken.contains(channel.label.as_str())).collect();
        first(&mut channels, MAX_SHOWN, |a, b| fullness(b).total_cmp(&fullness(a)).then_with(|| a.label.cmp(&b.label)));
        queues.extend(channels);
        let more = unreadable.len().saturating_sub(1);
        let note = unreadable.first().map(|first| {
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            format!("not all of [[redis.queue]] could be read: {first}{more}; look at kind, name, db and prefix")
        });
        (QueuesAnswer { queues, groups }, note)
    }
}

fn fullness(reading: &Reading) -> f64 {
    let size = reading.get(Number::Size).unwrap_or(0.0);
    reading.capacity.map_or(size, |capacity| size / capacity as f64)
}

/// The name of a channel as a label. That of a process has an id in it, which is another one after each restart.
fn shown(channel: &str) -> String {
    let Some(of_process) = channel.strip_suffix('!') else { return label(channel.as_bytes()).into_owned() };
    let kind = of_process.rsplit_once('.').map_or("", |(kind, _)| kind);
    format!("{}.*", label(kind.as_bytes()))
}

/// The table of a group.
fn table_of(tables: &[Queues], group: usize) -> Option<usize> {
    let groups = tables.iter().enumerate().flat_map(|(table, queues)| queues.groups.iter().map(move |_| table));
    groups.into_iter().nth(group)
}

/// The id of a job: as it is, or the only one of a list.
fn id(value: &Value) -> Option<String> {
    let value = match value {
        Value::Array(items) | Value::Set(items) => items.first()?,
        value => value,
    };
    Some(reply::text(value, "queue: job").ok()?.into_owned()).filter(|id| !id.is_empty())
}

/// The names in a list; none of what is not one.
fn names(value: &Value) -> Vec<&[u8]> {
    let items = reply::items(value, "queue: names").unwrap_or_default();
    items.iter().filter_map(|name| reply::bytes(name, "queue: names").ok()).collect()
}
