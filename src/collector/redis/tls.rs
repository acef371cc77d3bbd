//! TLS failures in the words of a poll.

use std::io;

use super::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::net::tls::{self, TlsError};

/// The poll's error when no TLS could be spoken.
pub(super) fn failed_handshake(target: &RedisTarget, error: TlsError) -> PollError {
    PollError::new(Reason::Tls, format!("TLS handshake with {}", target.endpoint), error.cause, error.advice)
}

/// The poll's error if a later `error` is the server's verdict on the handshake.
pub(super) fn late_failure(target: &RedisTarget, error: &io::Error) -> Option<PollError> {
    tls::verdict(error).map(|error| failed_handshake(target, error))
}
