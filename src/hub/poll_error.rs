//! Why a poll failed: what was tried, on which target, what happened, what to do.

use std::borrow::Cow;
use std::fmt;

/// The reason label of `manometer_poll_failures_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The poll's deadline passed.
    Timeout,
    /// No connection: the name does not resolve, the network or the socket file is not there.
    Connect,
    /// The peer refused the connection, or refuses the work it is asked for.
    Refused,
    /// The TLS handshake or its certificates failed.
    Tls,
    /// Wrong or missing user or password.
    Auth,
    /// The user may not do what the poll cannot do without.
    Acl,
    /// The reply is no valid reply of the protocol.
    Protocol,
    /// The peer answered, and said that it cannot serve (LOADING, BUSY, HTTP 503).
    Status,
    /// The reply is valid and its content is not understood.
    Decode,
    /// A fault of the agent itself.
    Internal,
}

impl Reason {
    /// Every reason, in the order of the documentation; each is exported from the start, at 0.
    pub const ALL: [Self; 10] = [
        Self::Timeout,
        Self::Connect,
        Self::Refused,
        Self::Tls,
        Self::Auth,
        Self::Acl,
        Self::Protocol,
        Self::Status,
        Self::Decode,
        Self::Internal,
    ];

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Refused => "refused",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Acl => "acl",
            Self::Protocol => "protocol",
            Self::Status => "status",
            Self::Decode => "decode",
            Self::Internal => "internal",
        }
    }
}

/// A failed poll. Its text names no secret: it is logged and shown on the status page.
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
        Self { reason, attempt: attempt.into(), cause: cause.into(), advice: advice.into(), state: None }
    }
}

impl fmt::Display for PollError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.attempt, self.cause, self.advice)
    }
}

impl std::error::Error for PollError {}
