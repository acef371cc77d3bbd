//! Streams among the watched keys: their entries, groups and consumers.
//!
//! XINFO STREAM and XINFO GROUPS are asked once it is known which keys are streams, then XINFO CONSUMERS and XPENDING of the
//! groups that are shown: those that are furthest behind. A stream with thousands of groups costs one reply more, no question.

mod export;
mod read;
#[cfg(test)]
mod tests;

use std::time::{SystemTime, UNIX_EPOCH};

use redis::{Cmd, Value};

use self::read::{Group, Info, Others};
use super::facts::Facts;
use super::keys::{Batch, StreamKey};
use super::question::{Question, Request, command};
use super::reply::Unexpected;
use super::reply_error::{self, Meaning};
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo};

/// Groups whose consumers and oldest entry are asked for in a poll, over all streams.
const MAX_GROUPS: usize = 2_000;

/// The streams of one server.
#[derive(Debug)]
pub struct Streams {
    home: u32,
    /// Consumers of a group that are shown.
    top: usize,
    keys: Vec<StreamKey>,
    batch: Batch,
    /// What is asked of groups: the places of stream and group.
    asks: Vec<(usize, usize, Ask)>,
}

#[derive(Debug, Clone, Copy)]
enum Ask {
    Consumers,
    Pending,
}

/// A stream.
#[derive(Debug)]
pub struct Stream {
    info: Option<Info>,
    groups: Vec<Group>,
    others: Others,
}

/// What is exported.
#[derive(Debug)]
pub struct Told {
    streams: Vec<(StreamKey, Stream)>,
    /// Milliseconds since 1970 by the server's clock.
    now: u64,
}

impl Question for Streams {
    const NAME: &'static str = "XINFO STREAM";
    const COMES_LAST: bool = true;
    const METRICS: fn() -> Vec<MetricInfo> = export::metrics;
    type Heard = Vec<Stream>;
    type Answer = Told;

    fn new(target: &RedisTarget) -> Self {
        Self {
            home: target.database,
            top: target.top_k,
            keys: Vec::new(),
            batch: Batch::new(target.database),
            asks: Vec::new(),
        }
    }

    fn prepare(&mut self, facts: &Facts) {
        self.keys.clone_from(&facts.streams);
        self.batch = Batch::new(self.home);
        for stream in &self.keys {
            for part in ["STREAM", "GROUPS"] {
                let mut ask = command(&["XINFO", part]);
                ask.arg(&stream.key);
                self.batch.add(stream.database, ask);
            }
        }
    }

    fn commands(&self, _: &Facts) -> Vec<Cmd> {
        self.batch.commands()
    }

    /// A stream or a group may be gone by now, or be another thing.
    fn pardons(&self, _: usize, code: &str, detail: &str) -> bool {
        reply_error::meaning(code, detail) == Meaning::Failed
    }

    fn read(&self, replies: Vec<Value>) -> Result<Vec<Stream>, Unexpected> {
        let replies: Vec<Option<Value>> = self.batch.replies(replies).into_iter().map(Result::ok).collect();
        let streams = self.keys.iter().zip(replies.chunks(2)).map(|(stream, replies)| {
            let part = |place: usize| replies.get(place)?.as_ref().filter(|reply| reply_error::of(reply).is_none());
            let info = part(0).map(read::info).transpose()?;
            let groups = part(1).map(read::groups).transpose()?.unwrap_or_default();
            let (groups, others) = read::furthest_behind(groups, stream.top);
            Ok(Stream { info, groups, others })
        });
        streams.collect()
    }

    fn more(&mut self, streams: &Vec<Stream>, _: &Facts) -> Option<Request> {
        self.batch = Batch::new(self.home);
        self.asks.clear();
        let groups = streams
            .iter()
            .enumerate()
            .flat_map(|(place, stream)| stream.groups.iter().enumerate().map(move |(of, group)| (place, of, group)));
        for (place, of, group) in groups.take(MAX_GROUPS) {
            let stream = &self.keys[place];
            let mut add = |words: &[&str], ask: Ask| {
                let mut command = command(words);
                command.arg(&stream.key).arg(&group.name);
                self.batch.add(stream.database, command);
                self.asks.push((place, of, ask));
            };
            if group.consumers > 0 && stream.consumers {
                add(&["XINFO", "CONSUMERS"], Ask::Consumers);
            }
            if group.pending > 0 {
                add(&["XPENDING"], Ask::Pending);
            }
        }
        let commands = self.batch.commands();
        (!commands.is_empty()).then_some(Request { name: "XPENDING", commands, reply: Self::REPLY })
    }

    fn read_more(&self, streams: &mut Vec<Stream>, replies: Vec<Value>) -> Result<(), Unexpected> {
        for ((place, of, ask), reply) in self.asks.iter().zip(self.batch.replies(replies)) {
            let Ok(reply) = reply else { continue };
            let Some(group) = streams.get_mut(*place).and_then(|stream| stream.groups.get_mut(*of)) else { continue };
            match ask {
                _ if reply_error::of(&reply).is_some() => {}
                Ask::Consumers => (group.shown, group.other_consumers) = read::consumers(&reply, self.top)?,
                Ask::Pending => group.oldest = read::oldest(&reply)?,
            }
        }
        Ok(())
    }

    fn answer(&mut self, streams: Vec<Stream>, facts: &Facts) -> Told {
        let server = facts.info.as_ref().and_then(|info| info.server_time_usec());
        let own = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1e6);
        let now = super::facts::whole(server.unwrap_or_else(own) / 1e3);
        Told { streams: std::mem::take(&mut self.keys).into_iter().zip(streams).collect(), now }
    }

    fn export(told: &Told, out: &mut Families) {
        export::export(told, out);
    }
}
