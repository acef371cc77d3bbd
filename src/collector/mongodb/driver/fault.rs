//! What an error of the driver means: a reason, what happened, and what to do.
//!
//! The texts of the driver and of the server are not repeated, but for those of the system: they may name a user or quote what was
//! sent.

use std::io;
use std::sync::Arc;

use mongodb::error::{Error, ErrorKind};
use rustls::Error as TlsError;
use tokio_rustls::rustls;

use super::super::MongodbTarget;
use super::session::Heard;
use crate::collector::{PollError, Reason};
use crate::hub;

/// The oldest wire version that the driver speaks: that of `MongoDB` 4.4.
const OLDEST_WIRE_VERSION: i32 = 9;

const HANGS: &str = "the server hangs, a firewall drops the packets, or the port does not speak MongoDB's protocol (or speaks TLS: \
                     ?tls=true)";
const NO_MONGODB: &str = "does the port speak MongoDB's protocol? For TLS add ?tls=true to the url";
const LOGIN: &str = "check username, password and auth_source, the database in which the user was made";
const RIGHTS: &str =
    "give the user the role clusterMonitor: db.getSiblingDB(\"admin\").grantRolesToUser(USER, [\"clusterMonitor\"])";

/// Whether a connection broke that may be opened anew.
pub(super) fn is_broken(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Io(error) => error.kind() != io::ErrorKind::TimedOut && tls(error).is_none(),
        ErrorKind::ConnectionPoolCleared { .. } => true,
        _ => false,
    }
}

/// Whether nothing will come of trying again in the same poll, of an error of the driver's own look at the server. A connection that
/// broke may have been an old one.
pub(super) fn is_final(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Io(error) => {
            let broken = [
                io::ErrorKind::UnexpectedEof,
                io::ErrorKind::ConnectionReset,
                io::ErrorKind::ConnectionAborted,
                io::ErrorKind::BrokenPipe,
            ];
            !broken.contains(&error.kind())
        }
        ErrorKind::ConnectionPoolCleared { .. } | ErrorKind::Internal { .. } => false,
        _ => true,
    }
}

/// The poll's error.
pub(super) fn of(error: &Error, heard: &Heard, target: &MongodbTarget, attempt: &str) -> PollError {
    let as_poll =
        |(reason, cause, advice): (Reason, String, &'static str)| PollError::new(reason, attempt, cause, advice);
    match &*error.kind {
        ErrorKind::Io(error) => as_poll(of_io(error, target)),
        ErrorKind::ServerSelection { .. } | ErrorKind::ConnectionPoolCleared { .. } => unavailable(heard, target),
        ErrorKind::Authentication { .. } => as_poll((Reason::Auth, "the server refuses the login".to_owned(), LOGIN)),
        ErrorKind::Command(command) => as_poll(of_code(command.code, &command.code_name, target)),
        ErrorKind::DnsResolve { .. } => {
            as_poll((Reason::Connect, "the name has no address".to_owned(), "check the host in url"))
        }
        ErrorKind::InvalidTlsConfig { message, .. } => as_poll((
            Reason::Tls,
            message.clone(),
            "check ca_file and cert_key_file: PEM, the latter with certificate and key",
        )),
        ErrorKind::InvalidResponse { .. } | ErrorKind::IncompatibleServer { .. } | ErrorKind::Bson(_) => {
            as_poll((Reason::Protocol, "the reply is not one of MongoDB's protocol".to_owned(), NO_MONGODB))
        }
        // Its words may hold what the configuration says.
        _ => {
            as_poll((Reason::Internal, "the driver cannot do it".to_owned(), "report it, with the table of the target"))
        }
    }
}

/// The poll's error where its time was over.
pub(super) fn late(heard: &Heard, target: &MongodbTarget) -> PollError {
    if heard.failure.is_some() {
        return unavailable(heard, target);
    }
    let cause = format!("no answer within {:?}", target.deadline.mul_f64(0.9));
    let advice = if heard.wire_version.is_some() {
        "the server answers hello and hangs at more: is its disk full or slow, or is it overloaded?"
    } else {
        HANGS
    };
    PollError::new(Reason::Timeout, format!("asking {}", target.endpoint), cause, advice)
}

/// The server was not there, by what the driver heard of it.
fn unavailable(heard: &Heard, target: &MongodbTarget) -> PollError {
    let attempt = format!("connecting to {}", target.endpoint);
    let too_old = heard.wire_version.filter(|version| *version < OLDEST_WIRE_VERSION);
    match (&heard.failure, too_old) {
        (Some(failure), _) if !matches!(*failure.kind, ErrorKind::ServerSelection { .. }) => {
            // It has no failure of the background of its own.
            of(failure, &Heard::default(), target, &attempt)
        }
        (_, Some(version)) => {
            let cause = format!("the server is older than MongoDB 4.4 (it speaks wire version {version})");
            PollError::new(Reason::Protocol, attempt, cause, "update the server; the driver speaks to no older one")
        }
        _ => PollError::new(Reason::Connect, attempt, "the connection broke", NO_MONGODB),
    }
}

fn of_io(error: &Arc<io::Error>, target: &MongodbTarget) -> (Reason, String, &'static str) {
    if let Some(tls) = tls(error) {
        let advice =
            "check ca_file, that the host in url is a name in the server's certificate, and that the port speaks TLS";
        return (Reason::Tls, tls.to_string(), advice);
    }
    match error.kind() {
        io::ErrorKind::TimedOut => {
            (Reason::Timeout, format!("no answer within {:?}", target.deadline.mul_f64(0.7)), HANGS)
        }
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            (Reason::Connect, "the server closed the connection".to_owned(), NO_MONGODB)
        }
        _ => hub::unconnected(error, "let the agent's user write to the socket"),
    }
}

fn tls(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

/// What the codes of `MongoDB` mean that a server answers these commands with.
fn of_code(code: i32, name: &str, target: &MongodbTarget) -> (Reason, String, &'static str) {
    // The server's word for the code, and not its text.
    let is_word = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let cause = if is_word { format!("error {code} ({name})") } else { format!("error {code}") };
    match code {
        13 if target.username.is_none() && target.auth_mechanism.is_none() => {
            (Reason::Auth, cause, "the server wants a login: set username and password (or password_file)")
        }
        13 => (Reason::Acl, cause, RIGHTS),
        11 | 18 | 334 => (Reason::Auth, cause, LOGIN),
        91 | 11_600 => (Reason::Status, cause, "the server is shutting down"),
        _ => (Reason::Status, cause, "see the server's log"),
    }
}
