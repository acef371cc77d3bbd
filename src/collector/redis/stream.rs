//! The byte stream to a server, with a budget of bytes that one poll may read.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::tls;
use crate::collector::PollError;
use crate::collector::redis::RedisTarget;
use crate::hub;
use crate::net::dial::{DialError, Transport, dial};
use crate::net::resolve::Resolver;
use crate::net::{self, Watch, Watched};

/// The text of the error when a poll reads more than its budget.
pub(super) const BUDGET_EXCEEDED: &str = "more bytes than one poll may read";

/// A connected stream. It fails when more bytes arrive than were granted.
pub(super) type ServerStream = Watched<Box<dyn Transport>, Budget>;

/// The bytes that may still be read, and why the stream ended; shared with the one who grants the bytes.
///
/// The redis crate drops the cause of a broken pipeline and says "broken pipe" in its place, so it is kept here.
#[derive(Clone, Default)]
pub(super) struct Budget {
    bytes: net::Budget,
    ending: Arc<Mutex<Option<io::Error>>>,
}

impl Budget {
    /// Grants `bytes` from now on, whatever was left before.
    pub(super) fn grant(&self, bytes: u64) {
        self.bytes.grant(bytes);
    }

    /// What is left.
    pub(super) fn left(&self) -> u64 {
        self.bytes.left()
    }

    /// Why the stream ended, the first time that it is asked; `None` while it has not.
    pub(super) fn take_ending(&self) -> Option<io::Error> {
        self.ending.lock().take()
    }
}

impl Watch for Budget {
    fn received(&mut self, bytes: usize) -> io::Result<()> {
        if bytes == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it"));
        }
        let exceeded = || io::Error::new(io::ErrorKind::InvalidData, BUDGET_EXCEEDED);
        self.bytes.spend(bytes).then_some(()).ok_or_else(exceeded)
    }

    fn failed(&mut self, error: &io::Error) {
        let copy = || io::Error::new(error.kind(), error.to_string());
        self.ending.lock().get_or_insert_with(copy);
    }
}

impl ServerStream {
    /// Connects, with the TLS handshake if the target asks for it. The caller sets the time limit.
    pub(super) async fn connect(target: &RedisTarget, budget: Budget, resolver: &Resolver) -> Result<Self, PollError> {
        match dial(&target.endpoint, target.tls.as_ref(), resolver).await {
            Ok(dialled) => Ok(Self::new(dialled.stream, budget)),
            Err(DialError::Connect(error)) => Err(refused(target, &error)),
            Err(DialError::Tls(error)) => Err(tls::failed_handshake(target, error)),
        }
    }
}

fn refused(target: &RedisTarget, error: &io::Error) -> PollError {
    let denied = "let the agent's user into the socket's group (unixsocketperm 770)";
    let (reason, cause, advice) = hub::unconnected(error, denied);
    PollError::new(reason, format!("connecting to {}", target.endpoint), cause, advice)
}
