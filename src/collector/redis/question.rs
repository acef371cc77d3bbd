//! What a poll asks: one row for each question.
//!
//! A question says its name, its commands and when they are sent, how its replies are read, what is exported of them and under
//! which metrics. Adding one is a type that implements [`Question`] and its row in [`QUESTIONS`].
//!
//! INFO is asked by itself, since the poll cannot do without it, and all others together, worded with what it told. The order
//! of the rows means nothing to what is made of the replies:
//!
//! 1. [`read`](Question::read) takes each reply by itself; INFO and CONFIG GET [`tell`](Question::tell) what they say.
//! 2. [`more`](Question::more) sends what the first replies made necessary, in another round trip, or in [several](Question::ROUNDS);
//!    then those are asked that [need](Question::COMES_LAST) what the others told.
//! 3. [`answer`](Question::answer) makes of each what is exported, with all that INFO and CONFIG GET told.

use redis::{Cmd, Value};

use super::asked::{self, Asked};
use super::clients::ClientList;
use super::cluster::{ClusterNodes, ClusterState, SlotStats};
use super::facts::Facts;
use super::info::InfoAll;
use super::keys::Keys;
use super::latency::{LatencyHistogram, LatencyLatest};
use super::memory_stats::MemoryStats;
use super::pubsub::PubsubChannels;
use super::queues::QueueSizes;
use super::reply::Unexpected;
use super::resp::Allowance;
use super::sentinel::SentinelMasters;
use super::server_config::ConfigGet;
use super::slowlog::{CommandlogLen, SlowlogGet, SlowlogLen};
use super::streams::Streams;
use super::wire::Sent;
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo};
use crate::topology::Sight;

/// Every question. The order is the one on the wire; the longest reply comes last.
pub const QUESTIONS: &[Row] = &[
    Row::of::<InfoAll>(),
    Row::of::<ConfigGet>(),
    Row::of::<LatencyLatest>(),
    Row::of::<LatencyHistogram>(),
    Row::of::<SlowlogLen>(),
    Row::of::<SlowlogGet>(),
    Row::of::<CommandlogLen>(),
    Row::of::<ClusterState>(),
    Row::of::<ClusterNodes>(),
    Row::of::<SlotStats>(),
    Row::of::<SentinelMasters>(),
    Row::of::<MemoryStats>(),
    Row::of::<PubsubChannels>(),
    Row::of::<QueueSizes>(),
    Row::of::<Keys>(),
    Row::of::<Streams>(),
    Row::of::<ClientList>(),
];

/// One question to one server, with what it remembers from poll to poll.
pub trait Question: Send + Sized + 'static {
    /// Its commands' name: the label of `redis_command_supported`.
    const NAME: &'static str;

    /// The key of `commands` in the settings that switches it off; questions may share one.
    const SWITCH: Option<&'static str> = None;

    /// Whether it is worded with what other questions told (CONFIG GET, keys), and so asked after them.
    const COMES_LAST: bool = false;

    /// The most round trips of a poll in which [`more`](Self::more) is asked.
    const ROUNDS: usize = 1;

    /// What a reply to one of its commands may be.
    const REPLY: Allowance = Allowance::LIST;

    /// Everything with a fixed name that [`export`](Self::export) may push.
    const METRICS: fn() -> Vec<MetricInfo>;

    /// What metrics with a name of the server's own choice begin with, if it exports any: they are not in the catalog.
    const PASSED_THROUGH: Option<&'static str> = None;

    /// What its replies say by themselves.
    type Heard: Send;

    /// What is exported of them.
    type Answer: Send + Sync;

    /// The question as a target's settings want it.
    fn new(target: &RedisTarget) -> Self;

    /// A poll begins: what will be asked can be laid down here.
    fn prepare(&mut self, _facts: &Facts) {}

    /// The commands of this poll; none when there is nothing to ask.
    fn commands(&self, facts: &Facts) -> Vec<Cmd>;

    /// The server refused the commands with this error, or answered with nothing (no error). Whether there are other words
    /// for them, which [`commands`](Self::commands) has from now on and which are worth sending at once.
    fn reword(&mut self, _error: Option<&str>) -> bool {
        false
    }

    /// Whether the error reply to the command in this place of those that were sent last is for the question to read, like any
    /// other reply: it concerns one key of many, say.
    fn pardons(&self, _place: usize, _code: &str, _detail: &str) -> bool {
        false
    }

    /// A new connection, or a reload: what was refused may be allowed now.
    fn renew(&mut self) {}

    /// Why it is not asked although it is wanted: a sentence for people.
    fn left_out(&self, _facts: &Facts) -> Option<String> {
        None
    }

    /// Reads the replies, one for each command.
    fn read(&self, replies: Vec<Value>) -> Result<Self::Heard, Unexpected>;

    /// Adds to the facts, for all other questions.
    fn tell(&self, _heard: &Self::Heard, _facts: &mut Facts) {}

    /// What has to be asked in another round trip.
    fn more(&mut self, _heard: &Self::Heard, _facts: &Facts) -> Option<Request> {
        None
    }

    /// Adds the replies to [`more`](Self::more); after an error the answer is made of what was heard until then.
    fn read_more(&self, _heard: &mut Self::Heard, _replies: Vec<Value>) -> Result<(), Unexpected> {
        Ok(())
    }

    /// What is exported. `facts` are those of this poll.
    fn answer(&mut self, heard: Self::Heard, facts: &Facts) -> Self::Answer;

    /// What of the last answer could not be read: a sentence for people.
    fn note(&self) -> Option<String> {
        None
    }

    /// Exports it.
    fn export(answer: &Self::Answer, out: &mut Families);

    /// Adds what it tells of who talks to whom.
    fn show(_answer: &Self::Answer, _sight: &mut Sight) {}
}

/// Commands that are sent together, under the name by which it is remembered whether the server answers them.
pub struct Request {
    pub(super) name: &'static str,
    pub(super) commands: Vec<Cmd>,
    pub(super) reply: Allowance,
}

impl Request {
    /// Commands of that question.
    #[must_use]
    pub fn of<Q: Question>(commands: Vec<Cmd>) -> Self {
        Self { name: Q::NAME, commands, reply: Q::REPLY }
    }

    pub(super) fn sent(&self) -> Sent<'_> {
        (&self.commands, self.reply)
    }
}

/// One command of these words.
#[must_use]
pub fn command(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    command.arg(words);
    command
}

/// A question of the table.
#[derive(Clone, Copy)]
pub struct Row {
    pub(super) name: &'static str,
    pub(super) switch: Option<&'static str>,
    metrics: fn() -> Vec<MetricInfo>,
    open: fn(&RedisTarget) -> Box<dyn Asked>,
}

impl Row {
    /// The row of a question.
    #[must_use]
    pub const fn of<Q: Question>() -> Self {
        Self { name: Q::NAME, switch: Q::SWITCH, metrics: Q::METRICS, open: asked::open::<Q> }
    }

    /// Everything with a fixed name that it can export.
    pub(super) fn metrics(&self) -> Vec<MetricInfo> {
        (self.metrics)()
    }

    /// The question to one server.
    pub(super) fn open(&self, target: &RedisTarget) -> Box<dyn Asked> {
        (self.open)(target)
    }
}

/// Everything with a fixed name that the questions can export. Two that are parsed by one module may share a list.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let mut metrics: Vec<MetricInfo> = Vec::new();
    for info in QUESTIONS.iter().flat_map(|row| (row.metrics)()) {
        if !metrics.iter().any(|known| known.name == info.name) {
            metrics.push(info);
        }
    }
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_has_the_metrics_of_all_questions_once() {
        let listed = metrics();
        let mut names: Vec<&str> = listed.iter().map(|info| info.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), listed.len(), "each metric is in the catalog once");
        for name in ["redis_commandlog_slow_length", "redis_slowlog_length", "redis_commands_latencies_usec"] {
            assert!(names.contains(&name), "{name}");
        }
    }
}
