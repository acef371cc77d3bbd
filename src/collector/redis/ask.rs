//! What a poll asks, and in which form each version of the server understands it.

use redis::{Cmd, Value, cmd};

use super::facts::Facts;
use super::link::Link;
use super::reply_error::{self, Meaning};
use super::support::Support;
use super::{server_config, slowlog};
use crate::collector::PollError;
use crate::collector::redis::RedisTarget;

/// One question to the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Info,
    Config,
    ClientList,
    LatencyLatest,
    LatencyHistogram,
    SlowlogLen,
    /// The newest so many entries.
    SlowlogGet(usize),
    /// The lengths of the three command logs.
    CommandlogLen,
    ClusterInfo,
    /// The channels of the pattern with that index in the configuration.
    PubsubChannels(usize),
    /// The subscribers of channels of the pattern with that index.
    PubsubNumsub(usize, Vec<Vec<u8>>),
}

/// What came back for one question.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) command: Command,
    pub(super) outcome: Outcome,
}

/// How a question ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A reply for each command that the question took.
    Replies(Vec<Value>),
    /// The server is in a state in which it does not answer this.
    State(&'static str),
    /// The server will not answer this, whenever it is asked.
    Refused(String),
}

impl Command {
    /// The label of `redis_command_supported`.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Config => "CONFIG GET",
            Self::ClientList => "CLIENT LIST",
            Self::LatencyLatest => "LATENCY LATEST",
            Self::LatencyHistogram => "LATENCY HISTOGRAM",
            Self::SlowlogLen => "SLOWLOG LEN",
            Self::SlowlogGet(_) => "SLOWLOG GET",
            Self::CommandlogLen => "COMMANDLOG LEN",
            Self::ClusterInfo => "CLUSTER INFO",
            Self::PubsubChannels(_) => "PUBSUB CHANNELS",
            Self::PubsubNumsub(..) => "PUBSUB NUMSUB",
        }
    }

    /// The commands on the wire.
    fn build(&self, target: &RedisTarget, facts: &Facts) -> Vec<Cmd> {
        match self {
            Self::Info => vec![words(&["INFO", "ALL"])],
            // Several keys at once since Redis 7; before, a key a command. Never `*`: that would fetch passwords.
            Self::Config if facts.is_at_least(7) => {
                let mut get = words(&["CONFIG", "GET"]);
                get.arg(server_config::KEYS);
                vec![get]
            }
            Self::Config => server_config::KEYS.iter().map(|key| words(&["CONFIG", "GET", key])).collect(),
            Self::ClientList => vec![words(&["CLIENT", "LIST"])],
            Self::LatencyLatest => vec![words(&["LATENCY", "LATEST"])],
            Self::LatencyHistogram => vec![words(&["LATENCY", "HISTOGRAM"])],
            Self::SlowlogLen => vec![words(&["SLOWLOG", "LEN"])],
            Self::SlowlogGet(count) => {
                let mut get = words(&["SLOWLOG", "GET"]);
                get.arg(*count);
                vec![get]
            }
            Self::CommandlogLen => {
                slowlog::commandlog::KINDS.iter().map(|kind| words(&["COMMANDLOG", "LEN", kind])).collect()
            }
            Self::ClusterInfo => vec![words(&["CLUSTER", "INFO"])],
            Self::PubsubChannels(index) => target
                .pubsub_patterns
                .get(*index)
                .map(|pattern| words(&["PUBSUB", "CHANNELS", pattern]))
                .into_iter()
                .collect(),
            Self::PubsubNumsub(_, channels) => {
                let mut count = words(&["PUBSUB", "NUMSUB"]);
                count.arg(channels);
                vec![count]
            }
        }
    }
}

fn words(words: &[&str]) -> Cmd {
    let (name, arguments) = words.split_first().unwrap_or((&"PING", &[]));
    let mut command = cmd(name);
    command.arg(arguments);
    command
}

/// The questions of one poll. INFO comes first and CONFIG second: what follows is understood with their help.
pub(super) fn plan(target: &RedisTarget, facts: &Facts, support: &Support) -> Vec<Command> {
    let mut commands = vec![
        Command::Info,
        Command::Config,
        Command::LatencyLatest,
        Command::SlowlogLen,
        Command::SlowlogGet(slowlog::FIRST_PAGE),
    ];
    if target.latency_histogram && facts.is_at_least(7) {
        commands.push(Command::LatencyHistogram);
    }
    if facts.has_commandlog {
        commands.push(Command::CommandlogLen);
    }
    if facts.cluster_enabled {
        commands.push(Command::ClusterInfo);
    }
    commands.extend((0..target.pubsub_patterns.len()).map(Command::PubsubChannels));
    if target.client_list && facts.connected_clients <= target.client_list_max_clients {
        commands.push(Command::ClientList);
    }
    commands.retain(|command| support.may_ask(command.name()));
    commands
}

/// Asks everything in one round trip.
///
/// An error reply concerns its question alone, but for two: wrong credentials fail the poll, and so does a server that
/// says of INFO that it does not serve now.
pub(super) async fn ask(
    target: &RedisTarget,
    link: &mut Link,
    commands: Vec<Command>,
    facts: &Facts,
) -> Result<Vec<Answer>, PollError> {
    let built: Vec<Vec<Cmd>> = commands.iter().map(|command| command.build(target, facts)).collect();
    let attempt = || format!("polling {}", target.endpoint);
    let asked = link.ask(built.iter().flatten()).await;
    let mut replies = asked.map_err(|error| reply_error::from_redis(attempt(), &error))?.into_iter();
    let mut answers = Vec::with_capacity(commands.len());
    for (command, sent) in commands.into_iter().zip(&built) {
        let outcome = outcome(target, &command, replies.by_ref().take(sent.len()).collect())?;
        answers.push(Answer { command, outcome });
    }
    Ok(answers)
}

fn outcome(target: &RedisTarget, command: &Command, replies: Vec<Value>) -> Result<Outcome, PollError> {
    let Some((code, detail)) = replies.iter().find_map(reply_error::of) else { return Ok(Outcome::Replies(replies)) };
    match reply_error::meaning(code, detail) {
        Meaning::State(state) if *command != Command::Info => Ok(Outcome::State(state)),
        Meaning::Refused => Ok(Outcome::Refused(reply_error::words(code, detail))),
        _ => {
            let attempt = format!("asking {} for {}", target.endpoint, command.name());
            Err(reply_error::from_reply(attempt, code, detail))
        }
    }
}
