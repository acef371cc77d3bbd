//! What an error reply of a server means for the poll.

use std::io;

use redis::Value;

use super::resp::Fault;
use super::wire::Ending;
use crate::collector::{PollError, Reason};

/// The states a server can be in, as it names them itself; `unknown` is for what a later version may add.
pub(super) const STATES: [&str; 8] =
    ["ok", "loading", "masterdown", "busy", "oom", "clusterdown", "misconf", "unknown"];

/// Bytes that are kept of a server's words.
const MAX_WORDS: usize = 800;

/// What one error reply means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The server is in a passing state in which it does not serve.
    Unready(&'static str),
    /// The connection is not authenticated, or wrongly.
    Auth,
    /// The server does not take this connection at all.
    Turned,
    /// This command is not allowed or not known; asking again soon changes nothing.
    Refused,
    /// It did not work this time.
    Failed,
}

/// Code and detail of an error reply; `None` for any other.
pub(super) fn of(reply: &Value) -> Option<(&str, &str)> {
    match reply {
        Value::ServerError(error) => Some((error.code(), error.details().unwrap_or_default())),
        _ => None,
    }
}

/// The meaning of the error reply `code detail`.
pub(super) fn meaning(code: &str, detail: &str) -> Meaning {
    match code {
        "LOADING" => Meaning::Unready("loading"),
        "MASTERDOWN" => Meaning::Unready("masterdown"),
        "BUSY" | "UNKILLABLE" => Meaning::Unready("busy"),
        "OOM" => Meaning::Unready("oom"),
        "CLUSTERDOWN" | "TRYAGAIN" => Meaning::Unready("clusterdown"),
        "MISCONF" => Meaning::Unready("misconf"),
        "NOAUTH" | "WRONGPASS" => Meaning::Auth,
        "DENIED" => Meaning::Turned,
        "ERR" if detail.starts_with("max number of clients") => Meaning::Turned,
        "ERR" if detail.contains("invalid password") || detail.contains("operation not permitted") => Meaning::Auth,
        "NOPERM" => Meaning::Refused,
        "ERR" if is_refusal(detail) => Meaning::Refused,
        _ => Meaning::Failed,
    }
}

/// Whether the error says that another node of the cluster is to be asked.
pub(super) fn is_elsewhere(code: &str) -> bool {
    matches!(code, "MOVED" | "ASK")
}

/// Whether the error is about the key, or the database, that a command names, so that others may be asked with the same
/// command.
pub(super) fn is_of_a_key(code: &str, detail: &str) -> bool {
    match code {
        "WRONGTYPE" | "CROSSSLOT" => true,
        // "No permissions to access a key", before Redis 7 "... to access one of the keys used as arguments".
        "NOPERM" => detail.contains(" key"),
        "CLUSTERDOWN" => detail == "Hash slot not served",
        "ERR" => detail.contains("DB index is out of range") || detail.starts_with("SELECT is not allowed"),
        code => is_elsewhere(code),
    }
}

/// Whether an `ERR` is about what the server allows and knows, in the words of servers and proxies. Nothing else is
/// believed for longer than a poll.
fn is_refusal(detail: &str) -> bool {
    const WORDS: [&str; 7] = [
        "unknown command",
        "unknown subcommand",
        "wrong number of arg",
        "unsupported command",
        "is not allowed",
        "command is not available",
        "cluster support disabled",
    ];
    let detail = detail.to_ascii_lowercase();
    WORDS.iter().any(|words| detail.contains(words))
}

/// The poll's error for an error reply to what the poll cannot do without.
pub(super) fn from_reply(attempt: String, question: &str, code: &str, detail: &str) -> PollError {
    let cause = format!("the server answered \"{}\"", words(code, detail));
    match meaning(code, detail) {
        Meaning::Unready(state) => {
            PollError { state: Some(state), ..PollError::new(Reason::Status, attempt, cause, state_advice(state)) }
        }
        Meaning::Auth => unauthenticated(attempt, code, detail),
        Meaning::Turned if code == "DENIED" => {
            let advice = "set a password or a bind address on the server, so that its protected mode lets the agent in";
            PollError::new(Reason::Refused, attempt, cause, advice)
        }
        Meaning::Turned => {
            let advice = "raise maxclients, or see in CLIENT LIST who holds the connections";
            PollError::new(Reason::Refused, attempt, cause, advice)
        }
        Meaning::Refused => PollError::new(Reason::Acl, attempt, cause, refusal_advice(question, code)),
        Meaning::Failed if question == "SELECT" => {
            PollError::new(Reason::Status, attempt, cause, "check database of the target")
        }
        Meaning::Failed => {
            let advice = "it is asked again at the next poll; look at the log of the server, or of the proxy before it";
            PollError::new(Reason::Status, attempt, cause, advice)
        }
    }
}

/// An error reply as it may be shown: short, and without what hides or turns other words. A server that does not know a
/// command repeats its arguments, which are not for logs.
pub(super) fn words(code: &str, detail: &str) -> String {
    // What it repeats: arguments, and a name that may be a secret. Which command it was the caller knows.
    let detail = if detail.starts_with("unknown command") { "unknown command" } else { detail };
    let words = format!("{code} {detail}");
    let words = reader::visible(&words);
    if words.len() <= MAX_WORDS {
        return words.into_owned();
    }
    format!("{}...", &words[..words.floor_char_boundary(MAX_WORDS)])
}

fn refusal_advice(question: &str, code: &str) -> &'static str {
    match question {
        _ if code == "NOPERM" => "allow the user the commands listed in docs/SECURITY.md",
        "INFO" => {
            "nothing is known of a server without INFO: was it renamed, or is this a proxy? then point url at the servers \
             behind it"
        }
        "SELECT" => "leave out database: in cluster mode and behind some proxies there is only one",
        _ => "was it renamed, or is a proxy between?",
    }
}

/// The poll's error for wrong or missing credentials.
///
/// The server's words are not repeated: some servers and proxies answer AUTH with what they were sent.
pub(super) fn unauthenticated(attempt: String, code: &str, detail: &str) -> PollError {
    let cause = match code {
        "WRONGPASS" => "wrong user or password, or the user is disabled (WRONGPASS)",
        "NOAUTH" => "the server wants a password (NOAUTH)",
        _ if detail.contains("without any password") || detail.contains("no password is set") => {
            "a password was sent, and the server has none"
        }
        _ if detail.starts_with("unknown command") => "the server does not know AUTH; was it renamed?",
        _ if detail.contains("wrong number of arguments") => {
            let cause = "the server takes a password and no user: it is older than Redis 6, or a proxy";
            return PollError::new(Reason::Auth, attempt, cause, "leave out username");
        }
        _ => "the server refused the password",
    };
    PollError::new(Reason::Auth, attempt, cause, "check username and password (or password_file) of the target")
}

fn state_advice(state: &str) -> &'static str {
    match state {
        "loading" => "the dataset is being loaded; it will answer when that is done",
        "masterdown" => "the replica has lost its master and replica-serve-stale-data is off",
        "busy" => "a script or function blocks the server; SCRIPT KILL or FUNCTION KILL ends it if it has not written",
        "oom" => "maxmemory is reached and nothing may be evicted",
        "clusterdown" => "the cluster does not cover all slots; look at CLUSTER INFO",
        _ => "look at the server's log",
    }
}

/// The poll's error where the connection broke.
pub(super) fn broken(attempt: String, question: &str, error: &io::Error) -> PollError {
    if error.kind() == io::ErrorKind::TimedOut {
        return late(attempt);
    }
    let advice = match question {
        "INFO" => {
            "a proxy that does not know INFO (twemproxy) closes the connection: point url at the servers behind it; a server \
             does so at a restart, or by its timeout or CLIENT KILL, and the next poll connects again"
        }
        _ => "the server ended it: restart, timeout, or CLIENT KILL; the next poll connects again",
    };
    PollError::new(Reason::Connect, attempt, format!("the connection broke: {error}"), advice)
}

/// The poll's error where what came is not a reply, or more than `question` allows.
pub(super) fn unfit(attempt: String, question: &str, fault: &Fault) -> PollError {
    let (cause, advice) = match fault {
        Fault::Bytes(_) | Fault::Values(_) | Fault::Depth => (
            format!("the reply to {question} has {fault}, and the rest was not read"),
            "is this a Redis port? no server has so much to say here",
        ),
        Fault::Malformed(_) => (
            format!("the reply is not valid RESP: {fault}"),
            "is this a Redis port, and is nothing between that alters the stream?",
        ),
        Fault::Foreign(words) => (
            format!("the reply {words:?} is not RESP"),
            if words.starts_with("HTTP/") || words.starts_with('<') {
                "an HTTP server answers on this port; check host and port in url"
            } else {
                "is this a Redis port, and does it speak TLS?"
            },
        ),
    };
    PollError::new(Reason::Protocol, attempt, cause, advice)
}

/// The poll's error where the agent has no memory for the reply.
pub(super) fn no_room(attempt: String, question: &str, ending: &Ending) -> PollError {
    let cause = format!("{question}: {ending}");
    let (reason, advice) = match ending {
        Ending::Crowded => (
            Reason::Timeout,
            "it is asked again at the next poll; if it stays so, give the agent more memory: a quarter of its limit is for replies",
        ),
        _ => (
            Reason::Protocol,
            "is this a Redis port? if it is, give the agent more memory: a quarter of its limit is for replies",
        ),
    };
    PollError::new(reason, attempt, cause, advice)
}

/// The poll's error where no answer came in time.
pub(super) fn late(attempt: String) -> PollError {
    PollError::new(Reason::Timeout, attempt, "no answer in time", "the server hangs, or the network does")
}

#[cfg(test)]
mod tests {
    use super::{MAX_WORDS, Meaning, from_reply, is_elsewhere, is_of_a_key, meaning, words};
    use crate::collector::Reason;

    #[test]
    fn replies_are_named() {
        let cases = [
            ("LOADING", "Redis is loading the dataset in memory", Meaning::Unready("loading")),
            ("MASTERDOWN", "Link with MASTER is down", Meaning::Unready("masterdown")),
            ("BUSY", "Redis is busy running a script.", Meaning::Unready("busy")),
            ("OOM", "command not allowed when used memory > 'maxmemory'.", Meaning::Unready("oom")),
            ("NOAUTH", "Authentication required.", Meaning::Auth),
            ("WRONGPASS", "invalid username-password pair or user is disabled.", Meaning::Auth),
            ("ERR", "invalid password", Meaning::Auth),
            ("ERR", "max number of clients reached", Meaning::Turned),
            ("DENIED", "Redis is running in protected mode", Meaning::Turned),
            ("NOPERM", "User x has no permissions to run the 'config|get' command", Meaning::Refused),
            ("ERR", "unknown command 'LATENCY'", Meaning::Refused),
            ("ERR", "Unknown subcommand or wrong number of arguments for 'GET'. Try CONFIG HELP.", Meaning::Refused),
            ("ERR", "wrong number of arguments for 'config|get' command", Meaning::Refused),
            ("ERR", "This instance has cluster support disabled", Meaning::Refused),
            ("ERR", "upstream failure", Meaning::Failed),
            ("ERR", "syntax error", Meaning::Failed),
            ("READONLY", "You can't write against a read only replica.", Meaning::Failed),
            ("WHATEVER", "", Meaning::Failed),
        ];
        for (code, detail, expected) in cases {
            assert_eq!(meaning(code, detail), expected, "{code} {detail}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_key_is_told_from_what_is_wrong_with_the_command() {
        for (code, detail, expected) in [
            ("WRONGTYPE", "Operation against a key holding the wrong kind of value", true),
            ("MOVED", "3999 127.0.0.1:6381", true),
            ("ASK", "3999 127.0.0.1:6381", true),
            ("CROSSSLOT", "Keys in request don't hash to the same slot", true),
            ("CLUSTERDOWN", "Hash slot not served", true),
            ("NOPERM", "No permissions to access a key", true),
            ("NOPERM", "this user has no permissions to access one of the keys used as arguments", true),
            ("ERR", "DB index is out of range", true),
            ("ERR", "SELECT is not allowed in cluster mode", true),
            ("CLUSTERDOWN", "The cluster is down", false),
            ("NOPERM", "User x has no permissions to run the 'llen' command", false),
            ("ERR", "unknown command 'LLEN'", false),
            ("LOADING", "Redis is loading the dataset in memory", false),
        ] {
            assert_eq!(is_of_a_key(code, detail), expected, "{code} {detail}");
        }
        assert!(is_elsewhere("MOVED") && is_elsewhere("ASK") && !is_elsewhere("WRONGTYPE"));
    }

    #[test]
    fn no_secret_comes_back_with_an_error() {
        let renamed = "unknown command 'AUTH', with args beginning with: 'hunter2' ";
        for (code, detail) in [("ERR", renamed), ("ERR", "hunter2 is wrong"), ("WRONGPASS", "hunter2")] {
            let error = super::unauthenticated("AUTH on h".to_owned(), code, detail);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert_eq!(words("ERR", &"x".repeat(1 << 20)), format!("ERR {}...", "x".repeat(MAX_WORDS - 4)));
        assert_eq!(words("ERR", "\u{202e}a\u{2028}'b\"\u{1b}[31mé"), "ERR \\u{202e}a\\u{2028}'b\"\\u{1b}[31mé");
        assert_eq!(words("ERR", renamed), "ERR unknown command");
        assert!(!from_reply("asking h".to_owned(), "INFO", "ERR", renamed).to_string().contains("hunter2"));
    }

    #[test]
    fn a_state_becomes_a_status_error_that_names_it() {
        let error = from_reply("asking INFO".to_owned(), "INFO", "BUSY", "Redis is busy running a script.");
        assert_eq!((error.reason, error.state), (Reason::Status, Some("busy")));
        assert_eq!(
            error.to_string(),
            "asking INFO: the server answered \"BUSY Redis is busy running a script.\"; a script or function blocks the \
             server; SCRIPT KILL or FUNCTION KILL ends it if it has not written"
        );
    }
}
