//! Why a poll failed: what was tried, on which target, what happened, what to do.

use std::borrow::Cow;
use std::time::Duration;
use std::{fmt, io};

use crate::net::descriptors;

metric::words! {
    /// The reason label of `manometer_poll_failures_total`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Reason {
        /// The poll's deadline passed.
        Timeout = "timeout",
        /// No connection: the name does not resolve, the network or the socket file is not there.
        Connect = "connect",
        /// The peer refused the connection, or refuses the work it is asked for.
        Refused = "refused",
        /// The TLS handshake or its certificates failed.
        Tls = "tls",
        /// Wrong or missing user or password.
        Auth = "auth",
        /// The user may not do what the poll cannot do without.
        Acl = "acl",
        /// The reply is no valid reply of the protocol.
        Protocol = "protocol",
        /// The peer answered, and said that it cannot serve (LOADING, BUSY, HTTP 503).
        Status = "status",
        /// The reply is valid and its content is not understood.
        Decode = "decode",
        /// The agent has no file descriptor left for it.
        Descriptors = "descriptors",
        /// A fault of the agent itself.
        Internal = "internal",
    }
}

/// A failed poll. Its text names no secret: it is logged and shown on the status page. Nor is it longer than what is read there,
/// nor does it hide anything, whatever a server had to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollError {
    /// For the counter's label.
    pub reason: Reason,
    /// What was tried, on what: `connecting to 10.0.0.7:6379`.
    pub attempt: String,
    /// What happened.
    pub cause: String,
    /// What to do.
    pub advice: Cow<'static, str>,
    /// The state that the peer named itself to be in (`loading`, `busy`), if it did.
    pub state: Option<&'static str>,
}

impl PollError {
    /// An error without a named state of the peer.
    pub fn new(
        reason: Reason,
        attempt: impl Into<String>,
        cause: impl Into<String>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (attempt, cause) = (shown(attempt.into()), shown(cause.into()));
        let advice = match advice.into() {
            // A peer's words may be in it.
            Cow::Owned(advice) => Cow::Owned(shown(advice)),
            fixed @ Cow::Borrowed(_) => fixed,
        };
        Self { reason, attempt, cause, advice, state: None }
    }
}

fn shown(text: String) -> String {
    match reader::excerpt(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

impl fmt::Display for PollError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.attempt, self.cause, self.advice)
    }
}

impl std::error::Error for PollError {}

/// Why `error` ended connecting, and what to do: reason, cause, advice. `denied` is the advice where the agent may not connect.
pub(crate) fn unconnected(error: &io::Error, denied: &'static str) -> (Reason, String, &'static str) {
    if descriptors::is_lack(error) {
        let cause = "the agent has no file descriptor left but those that it keeps to answer scrapes";
        return (
            Reason::Descriptors,
            cause.to_owned(),
            "raise its limit of open files: LimitNOFILE of systemd, ulimit -n",
        );
    }
    let (reason, cause, advice) = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            (Reason::Refused, "connection refused", "is the server running, and does it listen on this address?")
        }
        io::ErrorKind::TimedOut => (Reason::Timeout, "no answer", "is a firewall or a dead host in the way?"),
        io::ErrorKind::PermissionDenied => return (Reason::Connect, error.to_string(), denied),
        _ => return (Reason::Connect, error.to_string(), "check host, port or path in url"),
    };
    (reason, cause.to_owned(), advice)
}

/// What it means that there is no connection within `limit`, and what to do.
pub(crate) fn unconnected_within(limit: Duration, is_tls: bool) -> (String, &'static str) {
    let advice = if is_tls {
        "the server hangs, a firewall drops the packets, or the port does not speak TLS"
    } else {
        "the server or the name server hangs, or a firewall drops the packets"
    };
    (format!("not connected within {limit:?}"), advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_kept_as_far_as_anybody_reads_it() {
        let said = format!("\u{202e}LOADING {}", "B".repeat(30 << 20));
        let error = PollError::new(Reason::Status, "INFO", said, "wait");
        assert!(error.cause.starts_with(r"\u{202e}LOADING BBB"), "{error}");
        assert!(error.cause.ends_with("BBB... (31457291 bytes)") && error.cause.len() <= 1024, "{error}");
        assert!(error.cause.capacity() <= 4096);
    }
}
