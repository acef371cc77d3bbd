//! The lengths of Valkey's three command logs, of which the slow log is one.

use redis::{Cmd, Value};

use super::super::facts::Facts;
use super::super::question::{Question, command};
use super::super::reply::{self, Unexpected};
use super::super::resp::Allowance;
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo, metrics};

/// The arguments of COMMANDLOG LEN, in the order in which the replies are read.
pub const LOGS: [&str; 3] = ["slow", "large-request", "large-reply"];

/// Entries in each command log, Valkey >= 8.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandlogLengths {
    /// Slow commands; the same log as SLOWLOG's.
    pub slow: u64,
    /// Commands with large requests.
    pub large_request: u64,
    /// Commands with large replies.
    pub large_reply: u64,
}

metrics! {
    pub fn metrics;
    SLOW: gauge "redis_commandlog_slow_length" [] Count, "Entries in the log of slow commands.",
        "COMMANDLOG LEN slow, Valkey >= 8.1";
    LARGE_REQUEST: gauge "redis_commandlog_large_request_length" [] Count,
        "Entries in the log of commands with large requests.", "COMMANDLOG LEN large-request, Valkey >= 8.1";
    LARGE_REPLY: gauge "redis_commandlog_large_reply_length" [] Count,
        "Entries in the log of commands with large replies.", "COMMANDLOG LEN large-reply, Valkey >= 8.1";
}

/// COMMANDLOG LEN of each log.
#[derive(Debug)]
pub struct CommandlogLen;

impl Question for CommandlogLen {
    const NAME: &'static str = "COMMANDLOG LEN";
    const SWITCH: Option<&'static str> = Some("commandlog");
    const COMES_LAST: bool = true;
    const REPLY: Allowance = Allowance::WORD;
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = CommandlogLengths;
    type Answer = CommandlogLengths;

    fn new(_: &RedisTarget) -> Self {
        Self
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        let logs = if facts.has_commandlog { &LOGS[..] } else { &[] };
        logs.iter().map(|log| command(&["COMMANDLOG", "LEN", log])).collect()
    }

    fn read(&self, replies: Vec<Value>) -> Result<CommandlogLengths, Unexpected> {
        let [slow, large_request, large_reply] = &replies[..] else {
            return Err(Unexpected::new(Self::NAME, "three replies", &Value::Nil));
        };
        Ok(CommandlogLengths {
            slow: reply::count(slow, "COMMANDLOG LEN slow")?,
            large_request: reply::count(large_request, "COMMANDLOG LEN large-request")?,
            large_reply: reply::count(large_reply, "COMMANDLOG LEN large-reply")?,
        })
    }

    fn answer(&mut self, lengths: CommandlogLengths, _: &Facts) -> CommandlogLengths {
        lengths
    }

    fn export(lengths: &CommandlogLengths, out: &mut Families) {
        out.push(&SLOW, [], lengths.slow as f64);
        out.push(&LARGE_REQUEST, [], lengths.large_request as f64);
        out.push(&LARGE_REPLY, [], lengths.large_reply as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_log_has_its_length() {
        let lengths = CommandlogLen.read(vec![Value::Int(1), Value::Int(2), Value::Int(3)]).unwrap();
        let mut families = Families::new();
        CommandlogLen::export(&lengths, &mut families);
        for (name, value) in [
            ("redis_commandlog_slow_length", 1.0),
            ("redis_commandlog_large_request_length", 2.0),
            ("redis_commandlog_large_reply_length", 3.0),
        ] {
            assert_eq!(families.get(name).unwrap().values().collect::<Vec<_>>(), [("", value)]);
        }
        assert_eq!(families.series(), 3);
    }

    #[test]
    fn another_shape_is_an_error() {
        let replies = vec![Value::Int(1), Value::Nil, Value::Int(3)];
        assert_eq!(CommandlogLen.read(replies).unwrap_err().what, "COMMANDLOG LEN large-request");
    }
}
