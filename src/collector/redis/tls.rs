//! TLS failures in the words of a poll.

use std::io;

use super::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::net::tls::{self, TlsError};

/// The poll's error when no TLS could be spoken.
pub(super) fn failed_handshake(target: &RedisTarget, error: &TlsError) -> PollError {
    let advice = match error {
        TlsError::Files(_) => "check the files of [redis.tls]",
        TlsError::ServerName(_) => "set server_name to the name in the certificate",
        TlsError::Handshake(_) => HANDSHAKE_ADVICE,
    };
    failed(target, error, advice)
}

const HANDSHAKE_ADVICE: &str = "check ca_file, server_name and the client certificate, and that the port speaks TLS";

/// The poll's error if a later `error` is the server's verdict on the handshake.
pub(super) fn late_failure(target: &RedisTarget, error: &io::Error) -> Option<PollError> {
    tls::is_verdict(error).then(|| failed(target, error, HANDSHAKE_ADVICE))
}

fn failed(target: &RedisTarget, cause: &dyn std::error::Error, advice: &'static str) -> PollError {
    PollError::new(Reason::Tls, format!("TLS handshake with {}", target.endpoint), cause.to_string(), advice)
}
