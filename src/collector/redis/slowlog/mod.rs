//! The slow log: what is in it now, and what entered it since the agent watches.
//!
//! SLOWLOG GET answers with the newest entries; [`SlowlogTracker`] turns page after page into counters, so that an alert
//! sees every slow command once. Arguments, client names and addresses of the entries are never kept. The agent's own
//! commands are told by its client name and counted nowhere.

pub mod commandlog;
mod metrics;
mod tracker;

use redis::{Cmd, Value};

pub use self::commandlog::CommandlogLen;
pub use self::metrics::{export, export_length, metrics};
pub use self::tracker::SlowlogTracker;
use super::facts::Facts;
use super::question::{Question, Request, command};
use super::reply::{self, Unexpected};
use super::resp::Allowance;
use super::session;
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo, OTHER};

/// Entries that a poll asks for; enough for a quiet server, and small when it is not.
pub const FIRST_PAGE: usize = 16;

/// Entries that a poll asks for at most.
pub const MAX_PAGE: usize = 1024;

/// Bytes of a command's name; real ones are far shorter, and what an operator renamed a command to is a secret of
/// usually more.
const MAX_COMMAND: usize = 32;

/// One slow command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowlogEntry {
    /// Rises by one an entry; starts at 0 with the server and goes on over SLOWLOG RESET.
    pub id: u64,
    /// How long the command ran, microseconds.
    pub duration_us: u64,
    /// The first word in lower case, or `__other__` if it cannot be the name of a command.
    pub command: String,
    /// Whether the agent ran it.
    pub own: bool,
}

/// The slow log as one poll saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slowlog {
    /// The newest entry in the log; `None` when it is empty.
    pub newest: Option<SlowlogEntry>,
    /// What entered the log since the agent watches, by command.
    pub by_command: Vec<CommandTotal>,
    /// Entries since the agent watches that were gone before they could be read.
    pub missed: u64,
}

/// The slow runs of one command since the agent watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandTotal {
    /// The command's name, or `__other__`.
    pub command: String,
    /// Entries.
    pub entries: u64,
    /// Their durations together, microseconds.
    pub duration_us: u64,
}

/// SLOWLOG LEN.
#[derive(Debug)]
pub struct SlowlogLen;

impl Question for SlowlogLen {
    const NAME: &'static str = "SLOWLOG LEN";
    const SWITCH: Option<&'static str> = Some("slowlog");
    const REPLY: Allowance = Allowance::WORD;
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = u64;
    type Answer = u64;

    fn new(_: &RedisTarget) -> Self {
        Self
    }

    fn commands(&self, _: &Facts) -> Vec<Cmd> {
        vec![command(&["SLOWLOG", "LEN"])]
    }

    fn read(&self, replies: Vec<Value>) -> Result<u64, Unexpected> {
        reply::count(reply::only(&replies), Self::NAME)
    }

    fn answer(&mut self, length: u64, _: &Facts) -> u64 {
        length
    }

    fn export(length: &u64, out: &mut Families) {
        export_length(*length, out);
    }
}

/// SLOWLOG GET: a page, and a longer one where that does not reach back to what was read before.
#[derive(Debug, Default)]
pub struct SlowlogGet {
    tracker: SlowlogTracker,
    failovers: u64,
}

impl Question for SlowlogGet {
    const NAME: &'static str = "SLOWLOG GET";
    const SWITCH: Option<&'static str> = Some("slowlog");
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = Vec<SlowlogEntry>;
    type Answer = Slowlog;

    fn new(_: &RedisTarget) -> Self {
        Self::default()
    }

    fn commands(&self, _: &Facts) -> Vec<Cmd> {
        vec![get(FIRST_PAGE)]
    }

    fn read(&self, replies: Vec<Value>) -> Result<Vec<SlowlogEntry>, Unexpected> {
        parse_get(reply::only(&replies))
    }

    fn more(&mut self, entries: &Vec<SlowlogEntry>, facts: &Facts) -> Option<Request> {
        if std::mem::replace(&mut self.failovers, facts.failovers) != facts.failovers {
            self.tracker.rebase();
        }
        let count = self.tracker.wanted(facts.run_id(), entries)?;
        Some(Request::of::<Self>(vec![get(count)]))
    }

    fn read_more(&self, entries: &mut Vec<SlowlogEntry>, replies: Vec<Value>) -> Result<(), Unexpected> {
        // The second page is longer and holds the first one.
        *entries = parse_get(reply::only(&replies))?;
        Ok(())
    }

    fn answer(&mut self, entries: Vec<SlowlogEntry>, facts: &Facts) -> Slowlog {
        self.tracker.update(facts.run_id(), &entries)
    }

    fn export(slowlog: &Slowlog, out: &mut Families) {
        export(slowlog, out);
    }
}

fn get(count: usize) -> Cmd {
    let mut get = command(&["SLOWLOG", "GET"]);
    get.arg(count);
    get
}

/// Reads SLOWLOG GET: the newest entry first.
pub fn parse_get(reply: &Value) -> Result<Vec<SlowlogEntry>, Unexpected> {
    reply::items(reply, "SLOWLOG GET")?.iter().take(MAX_PAGE).map(parse_entry).collect()
}

/// Id, Unix time, microseconds, words of the command; since Redis 4 client address and name.
fn parse_entry(reply: &Value) -> Result<SlowlogEntry, Unexpected> {
    let [id, _time, duration, words, client @ ..] = reply::items(reply, "SLOWLOG GET: entry")? else {
        return Err(Unexpected::new("SLOWLOG GET: entry", "four elements or more", reply));
    };
    let name = match reply::items(words, "SLOWLOG GET: command")?.first() {
        Some(name) => reply::bytes(name, "SLOWLOG GET: command")?,
        None => b"",
    };
    // A name that is not a text is not the agent's.
    let client_name = client.get(1).and_then(|name| reply::bytes(name, "SLOWLOG GET: client name").ok());
    Ok(SlowlogEntry {
        own: client_name == Some(session::CLIENT_NAME.as_bytes()),
        id: reply::count(id, "SLOWLOG GET: id")?,
        duration_us: reply::count(duration, "SLOWLOG GET: duration")?,
        command: command_name(name),
    })
}

fn command_name(word: &[u8]) -> String {
    let is_name = (1..=MAX_COMMAND).contains(&word.len())
        && word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.|-".contains(byte));
    if is_name { word.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect() } else { OTHER.to_owned() }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::super::reply::build::{array, bulk};
    use super::*;

    fn reply(id: i64, duration: i64, words: &[&str]) -> Value {
        array([
            Value::Int(id),
            Value::Int(1_795_265_452),
            Value::Int(duration),
            array(words.iter().map(|word| bulk(word))),
            bulk("127.0.0.1:50168"),
            bulk(""),
        ])
    }

    fn entry(id: u64, duration_us: u64, command: &str) -> SlowlogEntry {
        SlowlogEntry { id, duration_us, command: command.to_owned(), own: false }
    }

    #[test]
    fn a_recorded_reply_of_7_0_15() {
        let recorded = array([
            reply(2, 28_001, &["eval", "local x=0; for i=1,3000000 do x=x+i end; return x", "0"]),
            reply(1, 50_120, &["debug", "sleep", "0.05"]),
            reply(0, 20_103, &["debug", "sleep", "0.02"]),
        ]);
        assert_eq!(
            parse_get(&recorded).unwrap(),
            [entry(2, 28_001, "eval"), entry(1, 50_120, "debug"), entry(0, 20_103, "debug")]
        );
        assert_eq!(SlowlogLen.read(vec![Value::Int(3)]).unwrap(), 3);
        assert_eq!(parse_get(&array([])).unwrap(), []);
    }

    #[test]
    fn entries_before_redis_4_have_four_elements() {
        let old = array([Value::Int(7), Value::Int(1), Value::Int(12_000), array([bulk("publish"), bulk("ticker:1")])]);
        assert_eq!(parse_get(&array([old])).unwrap(), [entry(7, 12_000, "publish")]);
    }

    #[test]
    fn the_agents_own_entries_are_told_by_its_name() {
        let of = |name: Value| {
            let words = array([bulk("client"), bulk("list")]);
            let client = [bulk("10.0.0.1:5"), name];
            parse_get(&array([array([Value::Int(1), Value::Int(2), Value::Int(3), words].into_iter().chain(client))]))
        };
        assert!(of(bulk("manometer")).unwrap()[0].own);
        for name in [bulk("web"), bulk(""), Value::Nil] {
            assert!(!of(name.clone()).unwrap()[0].own, "{name:?}");
        }
    }

    #[test]
    fn only_a_commands_name_is_kept() {
        for (word, expected) in [
            ("publish", "publish"),
            ("FT.SEARCH", "ft.search"),
            ("CONFIG|GET", "config|get"),
            ("RESTORE-ASKING", "restore-asking"),
            ("with space", OTHER),
            ("a\"b", OTHER),
            ("größe", OTHER),
            ("", OTHER),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", "abcdefghijklmnopqrstuvwxyz012345"),
            ("abcdefghijklmnopqrstuvwxyz0123456", OTHER),
        ] {
            assert_eq!(command_name(word.as_bytes()), expected, "{word}");
        }
        assert_eq!(parse_get(&array([reply(0, 1, &[])])).unwrap(), [entry(0, 1, OTHER)]);
    }

    #[test]
    fn another_shape_is_an_error() {
        for (value, what) in [
            (Value::Nil, "SLOWLOG GET"),
            (array([Value::Int(1)]), "SLOWLOG GET: entry"),
            (array([array([Value::Int(1), Value::Int(2), Value::Int(3)])]), "SLOWLOG GET: entry"),
            (array([reply(-1, 1, &["get"])]), "SLOWLOG GET: id"),
            (array([reply(1, -1, &["get"])]), "SLOWLOG GET: duration"),
            (array([array([Value::Int(1), Value::Int(2), Value::Int(3), Value::Nil])]), "SLOWLOG GET: command"),
        ] {
            assert_eq!(parse_get(&value).unwrap_err().what, what);
        }
        assert_eq!(SlowlogLen.read(vec![Value::Nil]).unwrap_err().what, "SLOWLOG LEN");
    }
}
