//! What the agent's own questions of keys add to the lookups that the server counts (`keyspace_hits`, `keyspace_misses`).
//!
//! A queue that is empty has no keys: each poll of it would be a miss or five, and on a server that nobody uses as a cache
//! there is nothing else.

use redis::{Arg, Cmd, Value};

use super::reply_error;

/// The commands that look a key up, of those that the agent sends. MEMORY USAGE and SCAN are not counted by the server.
const OF_A_KEY: [&[u8]; 15] = [
    b"TYPE",
    b"LLEN",
    b"SCARD",
    b"ZCARD",
    b"HLEN",
    b"XLEN",
    b"STRLEN",
    b"GETRANGE",
    b"HGET",
    b"LINDEX",
    b"ZRANGE",
    b"ZREVRANGE",
    b"SRANDMEMBER",
    b"XINFO",
    b"XPENDING",
];

/// Lookups of the agent, since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Those that found their key.
    pub hits: u64,
    /// Those that did not.
    pub misses: u64,
}

impl Lookups {
    /// Adds those of these commands.
    pub(super) fn count(&mut self, commands: &[Cmd], replies: &[Value]) {
        for (command, reply) in commands.iter().zip(replies) {
            let Some(Arg::Simple(name)) = command.args_iter().next() else { continue };
            if OF_A_KEY.contains(&name) {
                match found(name, reply) {
                    Some(true) => self.hits += 1,
                    Some(false) => self.misses += 1,
                    None => {}
                }
            } else if let (b"EXISTS", Value::Int(found)) = (name, reply) {
                let asked = command.args_iter().count() as u64 - 1;
                let found = u64::try_from(*found).unwrap_or_default().min(asked);
                self.hits += found;
                self.misses += asked - found;
            }
        }
    }
}

/// Whether the key was there; `None` where it was not looked up.
fn found(name: &[u8], reply: &Value) -> Option<bool> {
    if let Some((code, detail)) = reply_error::of(reply) {
        return match code {
            "WRONGTYPE" => Some(true),
            "NOGROUP" => Some(false),
            _ => (code == "ERR" && detail == "no such key").then_some(false),
        };
    }
    // A stream may have no entries and no groups, and a group nothing that is pending.
    if name.starts_with(b"X") {
        return Some(true);
    }
    Some(match reply {
        Value::Nil | Value::Int(0) => false,
        Value::SimpleString(text) => text != "none",
        Value::BulkString(bytes) => !bytes.is_empty(),
        Value::Array(items) | Value::Set(items) => !items.is_empty(),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::redis::question::command;
    use crate::collector::redis::reply::build::{bulk, error};

    #[test]
    fn what_was_looked_up_and_found_is_told_by_the_reply() {
        let cases = [
            (&["TYPE", "a"][..], Value::SimpleString("list".into()), 1, 0),
            (&["TYPE", "a"], Value::SimpleString("none".into()), 0, 1),
            (&["LLEN", "a"], Value::Int(3), 1, 0),
            (&["LLEN", "a"], Value::Int(0), 0, 1),
            (&["LLEN", "a"], error("WRONGTYPE Operation against a key"), 1, 0),
            (&["LLEN", "a"], error("MOVED 1 127.0.0.1:7001"), 0, 0),
            (&["LLEN", "a"], error("NOPERM no"), 0, 0),
            (&["HGET", "a", "b"], Value::Nil, 0, 1),
            (&["GETRANGE", "a", "0", "63"], bulk(""), 0, 1),
            (&["GETRANGE", "a", "0", "63"], bulk("x"), 1, 0),
            (&["ZREVRANGE", "a", "0", "1"], Value::Array(vec![]), 0, 1),
            (&["XLEN", "a"], Value::Int(0), 1, 0),
            (&["XPENDING", "a", "g", "-", "+", "1"], Value::Array(vec![]), 1, 0),
            (&["XINFO", "GROUPS", "a"], error("ERR no such key"), 0, 1),
            (&["XPENDING", "a", "g"], error("NOGROUP No such key 'a'"), 0, 1),
            (&["EXISTS", "a", "b", "c"], Value::Int(2), 2, 1),
            (&["MEMORY", "USAGE", "a"], Value::Nil, 0, 0),
            (&["SCAN", "0"], Value::Array(vec![]), 0, 0),
        ];
        for (words, reply, hits, misses) in cases {
            let mut lookups = Lookups::default();
            lookups.count(&[command(words)], std::slice::from_ref(&reply));
            assert_eq!(lookups, Lookups { hits, misses }, "{words:?}: {reply:?}");
        }
    }
}
