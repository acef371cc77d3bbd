//! The commands of one round trip, and what their replies are about.

use redis::{Cmd, Value};

use super::batch::Batch;
use super::looked::{Looked, Type};
use super::walk::{Slice, Stage};
use super::{COUNT, Heard, Keys};
use crate::collector::redis::question::command;
use crate::collector::redis::reply::{self, Unexpected};
use crate::collector::redis::reply_error::{self, Meaning};

/// What may not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Off {
    Command(&'static str),
    Database(u32),
    /// The exact key of this place.
    Key(usize),
    /// Keys that SCAN names in this database.
    Found(u32),
}

impl Off {
    /// For people.
    pub(super) fn words(self, keys: &Keys) -> String {
        match self {
            Self::Command(name) => format!("{name} of keys is refused"),
            Self::Database(database) => format!("database {database} of [[redis.key]] cannot be selected"),
            Self::Key(place) => {
                let exact = &keys.exact[place];
                format!("the key {:?} may not be read", String::from_utf8_lossy(&exact.key))
            }
            Self::Found(database) => {
                format!("keys in database {database} may not be read, and so only their number is told")
            }
        }
    }
}

/// Whether a refusal is of one key, and not of the command.
pub(super) fn is_of_a_key(code: &str, detail: &str) -> bool {
    code == "NOPERM" && detail.contains("key") && !detail.contains("command")
}

/// The key that a reply is about.
#[derive(Debug, Clone, Copy)]
enum Place {
    Exact(usize),
    /// Of a slice.
    Found(usize, usize),
}

/// What a command asks.
#[derive(Debug, Clone, Copy)]
enum What {
    Type(Place),
    Memory(Place),
    /// By this command.
    Size(Place, &'static str),
    Head(Place),
    /// The next part of a walk.
    Scan(usize, usize),
}

impl What {
    const fn command(self) -> &'static str {
        match self {
            Self::Type(_) => "TYPE",
            Self::Memory(_) => "MEMORY USAGE",
            Self::Size(_, name) => name,
            Self::Head(_) => "GETRANGE",
            Self::Scan(..) => "SCAN",
        }
    }

    const fn place(self) -> Option<Place> {
        match self {
            Self::Type(place) | Self::Memory(place) | Self::Size(place, _) | Self::Head(place) => Some(place),
            Self::Scan(..) => None,
        }
    }
}

/// The commands of one round trip.
#[derive(Debug)]
pub(super) struct Plan {
    batch: Batch,
    asks: Vec<What>,
}

impl Plan {
    pub(super) const fn new(home: u32) -> Self {
        Self { batch: Batch::new(home), asks: Vec::new() }
    }

    pub(super) fn commands(&self) -> Vec<Cmd> {
        self.batch.commands()
    }

    /// Whether the command in this place is TYPE, without which nothing is known of any key.
    pub(super) fn is_type(&self, place: usize) -> bool {
        self.batch.asked_at(place).is_some_and(|asked| matches!(self.asks[asked], What::Type(_)))
    }

    fn add(&mut self, keys: &Keys, database: u32, what: What, command: Cmd) {
        if keys.may(Off::Command(what.command())) && keys.may(Off::Database(database)) {
            self.batch.add(database, command);
            self.asks.push(what);
        }
    }

    /// Asks what an exact key is.
    pub(super) fn look_at_exact(&mut self, keys: &Keys, place: usize) {
        let exact = &keys.exact[place];
        if keys.may(Off::Key(place)) {
            let memory = exact.watched.memory;
            self.look_at(keys, exact.database, &exact.key, Place::Exact(place), true, memory);
        }
    }

    /// Asks how large it is.
    pub(super) fn size_exact(&mut self, keys: &Keys, place: usize, kind: Type) {
        let exact = &keys.exact[place];
        self.size(keys, exact.database, &exact.key, Place::Exact(place), kind);
    }

    /// Asks what the keys are that SCAN named.
    pub(super) fn look_at_found(&mut self, keys: &Keys, of: usize, slice: &Slice) {
        let database = keys.walks[slice.walk].database;
        if keys.may(Off::Found(database)) {
            for (place, found) in slice.found.iter().enumerate() {
                self.look_at(keys, database, &found.key, Place::Found(of, place), found.is_shown, found.wants_memory);
            }
        }
    }

    /// Asks how large they are.
    pub(super) fn size_found(&mut self, keys: &Keys, of: usize, slice: &Slice) {
        let database = keys.walks[slice.walk].database;
        for (place, found) in slice.found.iter().enumerate().filter(|(_, found)| found.is_shown) {
            self.size(keys, database, &found.key, Place::Found(of, place), found.looked.kind);
        }
    }

    fn look_at(&mut self, keys: &Keys, database: u32, key: &[u8], place: Place, kind: bool, memory: bool) {
        if kind {
            let mut ask = command(&["TYPE"]);
            ask.arg(key);
            self.add(keys, database, What::Type(place), ask);
        }
        if memory && keys.has_memory_usage {
            let mut ask = command(&["MEMORY", "USAGE"]);
            ask.arg(key);
            self.add(keys, database, What::Memory(place), ask);
        }
    }

    fn size(&mut self, keys: &Keys, database: u32, key: &[u8], place: Place, kind: Type) {
        let Some((name, has_head)) = kind.sizing() else { return };
        let mut ask = command(&[name]);
        ask.arg(key);
        self.add(keys, database, What::Size(place, name), ask);
        if has_head {
            let mut ask = command(&["GETRANGE"]);
            ask.arg(key).arg("0").arg(Type::LAST_OF_HEAD);
            self.add(keys, database, What::Head(place), ask);
        }
    }

    /// Asks for the next part of a walk, as far as the budget of the poll goes.
    pub(super) fn scan(&mut self, keys: &Keys, walk: usize, cursor: u64, spent: usize) {
        // One at least, so that a poll that has to make up for the last one has something to tell.
        let left = keys.budget.saturating_sub(keys.debt).max(1).saturating_sub(spent);
        let count = left.min(COUNT);
        if count > 0 {
            let ask = command(&["SCAN", &cursor.to_string(), "COUNT", &count.to_string()]);
            self.add(keys, keys.walks[walk].database, What::Scan(walk, count), ask);
        }
    }

    /// Reads the replies.
    pub(super) fn read(&self, keys: &Keys, heard: &mut Heard, replies: Vec<Value>) -> Result<(), Unexpected> {
        let mut scanned = None;
        let scan = self.asks.iter().find_map(|what| if let What::Scan(walk, _) = what { Some(*walk) } else { None });
        for (what, answer) in self.asks.iter().zip(self.batch.replies(replies)) {
            match answer {
                Err((database, error)) => note(heard, Off::Database(database), &error),
                Ok(error @ Value::ServerError(_)) => {
                    if let Some(off) = refused(keys, heard, *what, &error) {
                        note(heard, off, &error);
                    }
                }
                Ok(reply) => match *what {
                    What::Type(place) => with(heard, place, |looked| looked.kind = Type::read(&reply)),
                    What::Memory(place) => with(heard, place, |looked| {
                        looked.memory = reply::count(&reply, "MEMORY USAGE").ok();
                    }),
                    What::Size(place, _) => with(heard, place, |looked| looked.size(&reply)),
                    What::Head(place) => with(heard, place, |looked| looked.head(&reply)),
                    What::Scan(walk, count) => scanned = Some((keys.walks[walk].read(walk, &reply)?, count)),
                },
            }
        }
        // All that were begun have been asked for.
        for slice in &mut heard.slices {
            slice.stage = match slice.stage {
                Stage::Named => Stage::Typed,
                Stage::Typed | Stage::Whole => Stage::Whole,
            };
            slice.skip();
        }
        let after = |walk: usize| (walk + 1) % keys.walks.len();
        if let Some((slice, count)) = scanned {
            let is_last = slice.cursor == 0;
            // A table of which most places are empty costs the server as much as a full one.
            heard.spent += slice.named.max(if is_last { 1 } else { count });
            heard.at = (slice.walk, slice.cursor);
            if is_last {
                let next = after(slice.walk);
                heard.at = (next, keys.walks[next].cursor);
                heard.ended += 1;
            }
            heard.slices.push(slice);
        } else if let Some(walk) = scan {
            // It was refused: in this poll no other is tried, and the next one begins with another database.
            (heard.at, heard.ended) = ((after(walk), 0), keys.walks.len());
        }
        Ok(())
    }
}

/// What is not to be asked any more after this error.
fn refused(keys: &Keys, heard: &Heard, what: What, error: &Value) -> Option<Off> {
    let (code, detail) = reply_error::of(error)?;
    if reply_error::meaning(code, detail) != Meaning::Refused {
        return None;
    }
    Some(match what.place() {
        Some(Place::Exact(place)) if is_of_a_key(code, detail) => Off::Key(place),
        Some(Place::Found(of, _)) if is_of_a_key(code, detail) => {
            Off::Found(keys.walks[heard.slices.get(of)?.walk].database)
        }
        _ => Off::Command(what.command()),
    })
}

fn note(heard: &mut Heard, off: Off, error: &Value) {
    if let Some((code, detail)) = reply_error::of(error) {
        heard.off.push((off, reply_error::words(code, detail)));
    }
}

fn with(heard: &mut Heard, place: Place, change: impl FnOnce(&mut Looked)) {
    let looked = match place {
        Place::Exact(place) => heard.exact.get_mut(place),
        Place::Found(of, place) => {
            heard.slices.get_mut(of).and_then(|slice| slice.found.get_mut(place)).map(|found| &mut found.looked)
        }
    };
    if let Some(looked) = looked {
        change(looked);
    }
}
