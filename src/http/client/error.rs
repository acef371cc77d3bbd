//! Why a request failed: what was tried, on which address, what happened, what to do.

use std::borrow::Cow;
use std::error::Error as _;
use std::{fmt, io};

use crate::net::dial::DialError;
use crate::net::tls::{self, TlsError};

/// The kinds of failures, each of which someone has to treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The time limit passed, or that of connecting.
    Timeout,
    /// No connection, or it broke: the name does not resolve, the network or the socket file is not there.
    Connect,
    /// The server refused the connection.
    Refused,
    /// The TLS handshake or its certificates failed.
    Tls,
    /// The answer is not valid HTTP, or its body is not what its headers say.
    Protocol,
    /// The body of the answer is larger than the limit.
    TooLarge,
    /// The answer leads to another server, or in circles.
    Redirect,
    /// The request itself cannot be made: its path or content type is not valid.
    Request,
}

/// A failed request. Its text holds no query, no header and no credentials: it is logged and shown on the status page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// What was tried, on what: `GET http://10.0.0.7:8080/stats`.
    pub attempt: String,
    /// What happened.
    pub cause: String,
    /// What to do.
    pub advice: Cow<'static, str>,
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.attempt, self.cause, self.advice)
    }
}

impl std::error::Error for ClientError {}

/// A failure before it is known what was tried.
#[derive(Debug)]
pub(super) struct Failure {
    kind: ErrorKind,
    cause: String,
    advice: &'static str,
}

impl Failure {
    pub(super) fn new(kind: ErrorKind, cause: impl Into<String>, advice: &'static str) -> Self {
        Self { kind, cause: cause.into(), advice }
    }

    /// The error when this happened to `attempt`.
    pub(super) fn of(self, attempt: String) -> ClientError {
        ClientError { kind: self.kind, attempt, cause: self.cause, advice: Cow::Borrowed(self.advice) }
    }
}

/// The failure to connect.
pub(super) fn unconnected(error: &DialError) -> Failure {
    let error = match error {
        DialError::Connect(error) => error,
        DialError::Tls(error) => return untrusted(error),
    };
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::new(
            ErrorKind::Refused,
            "connection refused",
            "is the server running, and does it listen on this address?",
        ),
        io::ErrorKind::TimedOut => {
            Failure::new(ErrorKind::Timeout, "no answer", "is a firewall or a dead host in the way?")
        }
        io::ErrorKind::PermissionDenied => {
            Failure::new(ErrorKind::Connect, error.to_string(), "let the agent's user write to the socket")
        }
        _ => Failure::new(ErrorKind::Connect, error.to_string(), "check host, port or path in url"),
    }
}

/// The failure of a TLS handshake.
fn untrusted(error: &TlsError) -> Failure {
    Failure::new(ErrorKind::Tls, format!("TLS handshake: {error}"), error.advice)
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
                Failure::new(ErrorKind::TooLarge, cause.to_string(), "is this the server that is meant?")
            }
            // So hyper words what is wrong with chunks.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => malformed(cause),
            _ => Failure::new(ErrorKind::Connect, format!("the connection broke: {cause}"), BREAK_ADVICE),
        };
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return closed();
    }
    if error.is_parse_too_large() {
        return Failure::new(
            ErrorKind::TooLarge,
            "the head of the answer has more than 500 headers or 64 KiB",
            "is this the server that is meant? It sets cookies or headers without end",
        );
    }
    malformed(error)
}

const BREAK_ADVICE: &str = "look at the server's log: it was restarted, or it gave up on the request";

fn closed() -> Failure {
    Failure::new(ErrorKind::Connect, "the server closed the connection before its answer was whole", BREAK_ADVICE)
}

fn malformed(error: &dyn std::error::Error) -> Failure {
    Failure::new(
        ErrorKind::Protocol,
        format!("the answer is not valid HTTP: {error}"),
        "does the port speak HTTP, and is it http or https?",
    )
}
