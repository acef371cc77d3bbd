//! `[[redis.key]]`: sizes, values and memory of keys.
//!
//! Exact keys are asked for in each poll: TYPE with all other questions, then their sizes in one more round trip. For patterns
//! each database is walked with SCAN, at most so many keys a poll, and all that a walk tells is of its last whole pass.
//!
//! Every command stands for itself: a key that is gone, of another type by now or on another node tells nothing, and what a user
//! may not ask is left out until there is a new connection.

pub(super) mod batch;
mod export;
mod glob;
mod looked;
mod plan;
mod settings;
mod tally;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::time::Instant;

use self::looked::{Looked, Type};
use self::plan::{Off, Plan};
use self::walk::{Pass, Slice, Stage, Walk};
use super::facts::Facts;
use super::last_run::LastRun;
use super::question::{Question, Request};
use super::reply::Unexpected;
use super::reply_error;
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo};

pub(super) use self::batch::Batch;
pub(super) use self::export::key_label;
pub use self::settings::Watched;

/// Keys that one SCAN is asked for: it holds up the server's other clients, among 10 million keys for about a millisecond.
const COUNT: usize = 250;

/// A key of exact name.
#[derive(Debug)]
struct Exact {
    database: u32,
    key: Vec<u8>,
    watched: Arc<Watched>,
}

/// A watched key that is a stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamKey {
    pub(super) database: u32,
    pub(super) key: Vec<u8>,
    pub(super) consumers: bool,
    pub(super) top: usize,
}

impl StreamKey {
    const fn new(database: u32, key: Vec<u8>, watched: &Watched) -> Self {
        Self { database, key, consumers: watched.consumers, top: watched.top }
    }
}

/// The keys of one server.
#[derive(Debug)]
pub struct Keys {
    home: u32,
    /// Whether the server may be a replica of another instance, which tells the same.
    has_instances: bool,
    exact: Vec<Exact>,
    walks: Vec<Walk>,
    /// The walk that goes on in the next poll.
    turn: usize,
    budget: usize,
    time: Duration,
    /// Keys that SCAN named beyond the budget: the next poll's is less by so many.
    debt: usize,
    scanned: u64,
    /// MEMORY USAGE: Redis >= 4.
    has_memory_usage: bool,
    run: LastRun,
    plan: Plan,
    /// Nothing is left to ask in the poll that runs: what is not known by now will not be.
    is_done: bool,
    /// What may not be asked on this connection, and the server's words.
    off: BTreeMap<Off, String>,
}

/// What was heard in one poll.
#[derive(Debug)]
pub struct Heard {
    began: Instant,
    exact: Vec<Looked>,
    are_exact_sized: bool,
    slices: Vec<Slice>,
    /// Where SCAN goes on: a walk and its cursor.
    at: (usize, u64),
    /// Walks that came to their end in this poll.
    ended: usize,
    spent: usize,
    off: Vec<(Off, String)>,
}

/// What is exported.
#[derive(Debug)]
pub struct Told {
    exact: Vec<(u32, Arc<Watched>, Vec<u8>, Looked)>,
    passes: Vec<(u32, Arc<Pass>, Duration)>,
    scanned: Option<u64>,
}

impl Keys {
    fn may(&self, off: Off) -> bool {
        !self.off.contains_key(&off)
    }
}

impl Question for Keys {
    const NAME: &'static str = "TYPE";
    const ROUNDS: usize = usize::MAX;
    const METRICS: fn() -> Vec<MetricInfo> = export::metrics;
    type Heard = Heard;
    type Answer = Told;

    fn new(target: &RedisTarget) -> Self {
        let mut exact: BTreeMap<(u32, Vec<u8>), Arc<Watched>> = BTreeMap::new();
        let mut patterns: BTreeMap<u32, Vec<Arc<Watched>>> = BTreeMap::new();
        for watched in target.keys.iter().cloned().map(Arc::new) {
            let databases = watched.databases.iter().map(|database| u32::from(*database));
            let databases: Vec<u32> =
                if watched.databases.is_empty() { vec![target.database] } else { databases.collect() };
            for database in databases {
                for name in &watched.names {
                    exact.entry((database, name.clone().into_bytes())).or_insert_with(|| Arc::clone(&watched));
                }
                if watched.pattern.is_some() {
                    patterns.entry(database).or_default().push(Arc::clone(&watched));
                }
            }
        }
        let exact = exact.into_iter().map(|((database, key), watched)| Exact { database, key, watched });
        Self {
            home: target.database,
            has_instances: target.node.is_some(),
            exact: exact.collect(),
            walks: patterns.into_iter().map(|(database, patterns)| Walk::new(database, patterns)).collect(),
            turn: 0,
            budget: target.scan_keys,
            time: target.scan_time,
            debt: 0,
            scanned: 0,
            has_memory_usage: false,
            run: LastRun::default(),
            plan: Plan::new(target.database),
            is_done: false,
            off: BTreeMap::new(),
        }
    }

    fn prepare(&mut self, facts: &Facts) {
        if self.run.observe(facts.run_id()) {
            self.walks.iter_mut().for_each(Walk::forget);
            (self.turn, self.debt) = (0, 0);
        }
        (self.has_memory_usage, self.is_done) = (facts.is_at_least(4), false);
        let mut plan = Plan::new(self.home);
        if self.has_instances && facts.is_replica() {
            // In a cluster it would answer SCAN and refer to its primary for each key.
            self.plan = plan;
            return;
        }
        for (place, exact) in self.exact.iter().enumerate() {
            if facts.holds(&exact.key) {
                plan.look_at_exact(self, place);
            }
        }
        // A database that cannot be walked must not keep the others from it.
        let count = self.walks.len();
        let mut places = (0..count).map(|step| (self.turn + step) % count);
        if let Some(place) = places.find(|place| self.may(Off::Database(self.walks[*place].database))) {
            self.turn = place;
            plan.scan(self, place, self.walks[place].cursor, 0);
        }
        self.plan = plan;
    }

    fn commands(&self, _: &Facts) -> Vec<Cmd> {
        self.plan.commands()
    }

    fn pardons(&self, place: usize, code: &str, detail: &str) -> bool {
        use reply_error::Meaning;

        match reply_error::meaning(code, detail) {
            Meaning::Unready(_) | Meaning::Auth | Meaning::Turned => false,
            Meaning::Refused => !self.plan.is_type(place) || plan::is_of_a_key(code, detail),
            Meaning::Failed => true,
        }
    }

    fn renew(&mut self) {
        self.off.clear();
    }

    fn left_out(&self, facts: &Facts) -> Option<String> {
        let Some((off, words)) = self.off.iter().next() else {
            let keys = self.exact.iter().map(|exact| exact.key.as_slice());
            return if self.has_instances { None } else { facts.held_elsewhere("keys of [[redis.key]]", keys) };
        };
        let more = self.off.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        Some(format!("{}: {words}{more}", off.words(self)))
    }

    fn read(&self, replies: Vec<Value>) -> Result<Heard, Unexpected> {
        let mut heard = Heard {
            began: Instant::now(),
            exact: self.exact.iter().map(|_| Looked::default()).collect(),
            are_exact_sized: false,
            slices: Vec::new(),
            at: (self.turn, 0),
            ended: 0,
            spent: 0,
            off: Vec::new(),
        };
        self.plan.read(self, &mut heard, replies)?;
        Ok(heard)
    }

    fn tell(&self, heard: &Heard, facts: &mut Facts) {
        let exact = self.exact.iter().zip(&heard.exact);
        let named = exact.filter(|(exact, looked)| looked.kind == Type::Stream && exact.watched.streams);
        let mut streams: BTreeSet<StreamKey> =
            named.map(|(exact, _)| StreamKey::new(exact.database, exact.key.clone(), &exact.watched)).collect();
        for walk in &self.walks {
            let patterns = walk.last.iter().flat_map(|pass| &pass.patterns).filter(|(watched, _)| watched.streams);
            for (watched, tallied) in patterns {
                let shown = tallied.top.iter().filter(|shown| shown.looked.kind == Type::Stream);
                for shown in shown {
                    streams.insert(StreamKey::new(walk.database, shown.key.clone(), watched));
                }
            }
        }
        facts.streams = streams.into_iter().filter(|stream| facts.holds(&stream.key)).collect();
    }

    fn more(&mut self, heard: &Heard, _: &Facts) -> Option<Request> {
        let mut plan = Plan::new(self.home);
        if !heard.are_exact_sized {
            for (place, looked) in heard.exact.iter().enumerate() {
                plan.size_exact(self, place, looked.kind);
            }
        }
        for (of, slice) in heard.slices.iter().enumerate() {
            match slice.stage {
                Stage::Named => plan.look_at_found(self, of, slice),
                Stage::Typed => plan.size_found(self, of, slice),
                Stage::Whole => {}
            }
        }
        // Where there is none the first SCAN has failed.
        if !heard.slices.is_empty() && heard.ended < self.walks.len() && heard.began.elapsed() < self.time {
            plan.scan(self, heard.at.0, heard.at.1, heard.spent);
        }
        self.plan = plan;
        let commands = self.plan.commands();
        self.is_done = commands.is_empty();
        (!self.is_done).then(|| Request::of::<Self>(commands))
    }

    fn read_more(&self, heard: &mut Heard, replies: Vec<Value>) -> Result<(), Unexpected> {
        self.plan.read(self, heard, replies)?;
        heard.are_exact_sized = true;
        Ok(())
    }

    fn answer(&mut self, heard: Heard, _: &Facts) -> Told {
        let now = Instant::now();
        let is_whole = |slice: &&Slice| self.is_done || slice.stage == Stage::Whole;
        let cut_off = heard.slices.iter().find(|slice| !is_whole(slice)).map(|slice| slice.walk);
        let whole = heard.slices.iter().take_while(is_whole);
        for slice in whole {
            self.walks[slice.walk].add(slice, heard.began, now);
            self.scanned += slice.named as u64;
        }
        // What is not whole is asked for again.
        self.turn = cut_off.unwrap_or(heard.at.0);
        self.debt = (self.debt + heard.spent).saturating_sub(self.budget);
        self.off.extend(heard.off);
        let exact = self.exact.iter().zip(heard.exact);
        let exact = exact.filter(|(_, looked)| looked.kind != Type::Unknown);
        let exact =
            exact.map(|(exact, looked)| (exact.database, Arc::clone(&exact.watched), exact.key.clone(), looked));
        let passes = self.walks.iter().filter_map(|walk| {
            let pass = walk.last.as_ref()?;
            Some((walk.database, Arc::clone(pass), now - pass.ended))
        });
        Told {
            exact: exact.collect(),
            passes: passes.collect(),
            scanned: (!self.walks.is_empty()).then_some(self.scanned),
        }
    }

    fn export(told: &Told, out: &mut Families) {
        export::export(told, out);
    }
}
