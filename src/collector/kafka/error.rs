//! What went wrong, in the words of a poll.

use std::io;

use super::api::{Ask, code};
use super::settings::KafkaTarget;
use crate::collector::{PollError, Reason};
use crate::hub;
use crate::net::dial::DialError;
use crate::net::tls;
use crate::net::{Endpoint, TooLarge};

/// The first bytes of what is not Kafka: the length of a reply would be over a gigabyte, or begins as an alert of TLS does.
pub(super) const fn is_foreign(head: [u8; 4]) -> bool {
    head[0] >= 0x20 || matches!(head, [0x15, 0x03, ..])
}

pub(super) fn foreign(endpoint: &Endpoint, head: [u8; 4]) -> PollError {
    let (cause, advice) = match head {
        [0x15, 0x03, ..] => ("the broker speaks TLS", "add the table [kafka.tls]".to_owned()),
        [b'H', b'T', b'T', b'P'] => ("an HTTP server answers", "check host and port in brokers".to_owned()),
        _ => ("the reply is not of Kafka", "is this the port of a Kafka broker, and does it speak TLS?".to_owned()),
    };
    PollError::new(Reason::Protocol, format!("talking to {endpoint}"), cause, advice)
}

pub(super) fn undialled(endpoint: &Endpoint, error: DialError) -> PollError {
    match error {
        DialError::Connect(error) => {
            let (reason, cause, known) = hub::unconnected(&error, "");
            let advice = "is the broker running, and is this an address that is reached from here? what a broker advertises \
                          (advertised.listeners) counts, not what it listens on";
            let advice = if reason == Reason::Descriptors { known } else { advice };
            PollError::new(reason, format!("connecting to {endpoint}"), cause, advice)
        }
        DialError::Tls(error) => {
            PollError::new(Reason::Tls, format!("TLS handshake with {endpoint}"), error.cause, error.advice)
        }
    }
}

pub(super) fn unconnected_in_time(endpoint: &Endpoint, target: &KafkaTarget) -> PollError {
    let (cause, advice) = hub::unconnected_within(target.connect_timeout, target.tls.is_some());
    PollError::new(Reason::Timeout, format!("connecting to {endpoint}"), cause, advice)
}

/// A connection that ended.
pub(super) fn broken(what: &str, endpoint: &Endpoint, error: &io::Error) -> PollError {
    if let Some(verdict) = tls::verdict(error) {
        return PollError::new(Reason::Tls, format!("TLS handshake with {endpoint}"), verdict.cause, verdict.advice);
    }
    let cause = match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            "the broker closed the connection".to_owned()
        }
        _ => error.to_string(),
    };
    let advice = "look into the broker's log; a listener that wants SASL or TLS closes a connection without it";
    PollError::new(Reason::Connect, format!("{what} of {endpoint}"), cause, advice)
}

/// The first question failed on a new connection.
pub(super) fn greeting(error: PollError, target: &KafkaTarget) -> PollError {
    if error.reason == Reason::Connect && target.tls.is_none() {
        let advice = "a listener that wants TLS closes a connection without it: is [kafka.tls] missing?";
        return PollError { advice: advice.into(), ..error };
    }
    error
}

/// The connection ended at the first question that only those are answered who have said who they are.
pub(super) fn unknown_user(error: PollError, target: &KafkaTarget) -> PollError {
    if error.reason == Reason::Connect && target.username.is_none() {
        let advice = "a listener that wants SASL does so: set username and password";
        return PollError { reason: Reason::Auth, advice: advice.into(), ..error };
    }
    error
}

/// The broker answered with an error.
pub(super) fn refused(what: &str, endpoint: &Endpoint, refusal: i16) -> PollError {
    let (reason, advice) = match refusal {
        29..=31 => (Reason::Acl, "allow the agent's user DESCRIBE of topics and groups (kafka-acls)"),
        33 | 34 | 58 => (Reason::Auth, "check username, password and sasl_mechanism"),
        _ => (Reason::Status, "look into the broker's log"),
    };
    PollError::new(reason, format!("{what} of {endpoint}"), code::meaning(refusal), advice)
}

pub(super) fn unauthenticated(endpoint: &Endpoint, cause: impl Into<String>, advice: impl Into<String>) -> PollError {
    PollError::new(Reason::Auth, format!("SASL with {endpoint}"), cause, advice.into())
}

pub(super) fn malformed(what: &str, endpoint: &Endpoint, cause: &str) -> PollError {
    let advice = "is this a Kafka broker? report it if it is";
    PollError::new(Reason::Protocol, format!("{what} of {endpoint}"), cause, advice)
}

pub(super) fn too_much(endpoint: &Endpoint, bytes: usize) -> PollError {
    let cause = format!("a reply of {bytes} bytes is more than one poll may read");
    PollError::new(
        Reason::Protocol,
        format!("reading from {endpoint}"),
        cause,
        "watch fewer groups: groups, max_groups",
    )
}

/// The agent has no memory for the reply.
pub(super) fn no_room(endpoint: &Endpoint, full: TooLarge) -> PollError {
    let cause = format!("a reply of more than {} MiB is more than the agent may hold with its memory", full.most >> 20);
    let advice =
        "give the agent more memory (a quarter of its limit is for replies), or watch fewer groups: groups, max_groups";
    PollError::new(Reason::Protocol, format!("reading from {endpoint}"), cause, advice)
}

/// The broker answers no version of a question that the agent speaks.
pub(super) fn unspoken<A: Ask>(endpoint: &Endpoint) -> PollError {
    let advice = "Kafka 2.1 and newer answer it; is this a broker, and not a controller or a proxy?";
    PollError::new(Reason::Protocol, format!("{} of {endpoint}", A::NAME), "the broker does not answer it", advice)
}

/// The broker did not answer in time.
pub(super) fn late(what: &str, endpoint: &Endpoint) -> PollError {
    let advice = "the broker hangs or is overloaded; a longer deadline gives it more time";
    PollError::new(Reason::Timeout, format!("{what} of {endpoint}"), "no answer in time", advice)
}
