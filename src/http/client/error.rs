//! Why a request failed: what was tried, on which address, what happened, what to do.

use std::error::Error as _;
use std::io;

use crate::hub::{self, PollError, Reason};
use crate::net::dial::DialError;
use crate::net::tls::{self, TlsError};

/// A failure before it is known what was tried.
#[derive(Debug)]
pub(super) struct Failure {
    reason: Reason,
    cause: String,
    advice: &'static str,
}

impl Failure {
    pub(super) fn new(reason: Reason, cause: impl Into<String>, advice: &'static str) -> Self {
        Self { reason, cause: cause.into(), advice }
    }

    /// The error when this happened to `attempt`, which names no query, no header and no credentials: it is logged and shown on
    /// the status page.
    pub(super) fn of(self, attempt: impl Into<String>) -> PollError {
        PollError::new(self.reason, attempt, self.cause, self.advice)
    }
}

/// The failure to connect.
pub(super) fn unconnected(error: &DialError) -> Failure {
    let error = match error {
        DialError::Connect(error) => error,
        DialError::Tls(error) => return untrusted(error),
    };
    let (reason, cause, advice) = hub::unconnected(error, "let the agent's user write to the socket");
    Failure { reason, cause, advice }
}

/// The failure of a TLS handshake.
fn untrusted(error: &TlsError) -> Failure {
    Failure::new(Reason::Tls, format!("TLS handshake: {error}"), error.advice)
}

/// The failure of an exchange on a connection.
pub(super) fn broken(error: &hyper::Error) -> Failure {
    // The cause of a cancelled request is the error of its connection.
    if let Some(cause) = error.source().and_then(|source| source.downcast_ref::<hyper::Error>()) {
        return broken(cause);
    }
    if let Some(cause) = error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        if let Some(error) = tls::verdict(cause) {
            return untrusted(&error);
        }
        return match cause.kind() {
            io::ErrorKind::UnexpectedEof => closed(),
            io::ErrorKind::FileTooLarge => {
                Failure::new(Reason::Decode, cause.to_string(), "is this the server that is meant?")
            }
            // So hyper words what is wrong with chunks.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => malformed(cause),
            _ => Failure::new(Reason::Connect, format!("the connection broke: {cause}"), BREAK_ADVICE),
        };
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return closed();
    }
    if error.is_parse_too_large() {
        return Failure::new(
            Reason::Decode,
            "the head of the answer has more than 500 headers or 64 KiB",
            "is this the server that is meant? It sets cookies or headers without end",
        );
    }
    malformed(error)
}

const BREAK_ADVICE: &str = "look at the server's log: it was restarted, or it gave up on the request";

fn closed() -> Failure {
    Failure::new(Reason::Connect, "the server closed the connection before its answer was whole", BREAK_ADVICE)
}

fn malformed(error: &dyn std::error::Error) -> Failure {
    Failure::new(
        Reason::Protocol,
        format!("the answer is not valid HTTP: {error}"),
        "does the port speak HTTP, and is it http or https?",
    )
}
