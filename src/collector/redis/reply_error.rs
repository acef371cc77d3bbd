//! What an error reply of a server means for the poll.

use redis::{ErrorKind, RedisError, Value};

use crate::collector::{PollError, Reason};

/// The states a server can be in, as it names them itself; `unknown` is for what a later version may add.
pub(super) const STATES: [&str; 8] =
    ["ok", "loading", "masterdown", "busy", "oom", "clusterdown", "misconf", "unknown"];

/// What one error reply means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The server is in a passing state in which it does not serve.
    Unready(&'static str),
    /// The connection is not authenticated, or wrongly.
    Auth,
    /// The server does not take this connection at all.
    Turned,
    /// This command is not allowed or not known; asking again changes nothing.
    Refused,
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
        _ => Meaning::Refused,
    }
}

/// The poll's error for an error reply to what the poll cannot do without.
pub(super) fn from_reply(attempt: String, code: &str, detail: &str) -> PollError {
    let cause = format!("the server answered \"{}\"", words(code, detail));
    match meaning(code, detail) {
        Meaning::Unready(state) => {
            PollError { state: Some(state), ..PollError::new(Reason::Status, attempt, cause, state_advice(state)) }
        }
        Meaning::Auth => unauthenticated(attempt, code, detail),
        Meaning::Turned => PollError::new(
            Reason::Refused,
            attempt,
            cause,
            "raise maxclients, or set a password and bind address so that protected mode lets the agent in",
        ),
        Meaning::Refused => {
            PollError::new(Reason::Acl, attempt, cause, "allow the user the commands listed in docs/SECURITY.md")
        }
    }
}

/// An error reply as it may be shown: a server that does not know a command repeats its arguments, which are not for
/// logs.
pub(super) fn words(code: &str, detail: &str) -> String {
    let detail = detail.split_once(", with args beginning with").map_or(detail, |(words, _)| words);
    format!("{code} {detail}")
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

/// The poll's error for a failed exchange: an I/O error, a malformed reply, or an error reply.
pub(super) fn from_redis(attempt: String, error: &RedisError) -> PollError {
    if let Some(code) = error.code() {
        return from_reply(attempt, code, error.detail().unwrap_or_default());
    }
    match error.kind() {
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => PollError::new(
            Reason::Protocol,
            attempt,
            format!("the reply is not valid RESP: {error}"),
            "is this a Redis port, and is nothing between that alters the stream?",
        ),
        _ if error.is_timeout() => {
            PollError::new(Reason::Timeout, attempt, "no answer in time", "the server hangs, or the network does")
        }
        _ if error.to_string().contains(super::stream::BUDGET_EXCEEDED) => PollError::new(
            Reason::Protocol,
            attempt,
            error.to_string(),
            "set client_list = false or lower client_list_max_clients",
        ),
        _ => PollError::new(
            Reason::Connect,
            attempt,
            format!("the connection broke: {error}"),
            "the server ended it: restart, maxclients, timeout, or CLIENT KILL; the next poll connects again",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{Meaning, from_reply, meaning, words};
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
        ];
        for (code, detail, expected) in cases {
            assert_eq!(meaning(code, detail), expected, "{code} {detail}");
        }
    }

    #[test]
    fn no_secret_comes_back_with_an_error() {
        let renamed = "unknown command 'AUTH', with args beginning with: 'hunter2' ";
        for (code, detail) in [("ERR", renamed), ("ERR", "hunter2 is wrong"), ("WRONGPASS", "hunter2")] {
            let error = super::unauthenticated("AUTH on h".to_owned(), code, detail);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert_eq!(words("ERR", renamed), "ERR unknown command 'AUTH'");
        assert!(!from_reply("asking h".to_owned(), "ERR", renamed).to_string().contains("hunter2"));
    }

    #[test]
    fn a_state_becomes_a_status_error_that_names_it() {
        let error = from_reply("asking INFO".to_owned(), "BUSY", "Redis is busy running a script.");
        assert_eq!((error.reason, error.state), (Reason::Status, Some("busy")));
        assert_eq!(
            error.to_string(),
            "asking INFO: the server answered \"BUSY Redis is busy running a script.\"; a script or function blocks the \
             server; SCRIPT KILL or FUNCTION KILL ends it if it has not written"
        );
    }
}
