//! The byte stream to a server: TCP, unix socket or TLS, with a budget of bytes that one poll may read.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;

use super::tls;
use crate::collector::redis::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::net::Endpoint;
use crate::net::resolve::Resolver;
use crate::net::stream::{self, Transport};

/// The text of the error when a poll reads more than its budget.
pub(super) const BUDGET_EXCEEDED: &str = "more bytes than one poll may read";

/// A connected stream. It fails when more bytes arrive than were granted: a server (or what poses as one) must not be
/// able to fill the agent's memory.
pub(super) struct ServerStream {
    transport: Box<dyn Transport>,
    budget: Budget,
}

/// The bytes that may still be read, and why the stream ended; shared with the one who grants the bytes.
///
/// The redis crate drops the cause of a broken pipeline and says "broken pipe" in its place, so it is kept here.
#[derive(Clone, Default)]
pub(super) struct Budget(Arc<Shared>);

#[derive(Default)]
struct Shared {
    left: AtomicU64,
    ending: Mutex<Option<io::Error>>,
}

impl Budget {
    /// Grants `bytes` from now on, whatever was left before.
    pub(super) fn grant(&self, bytes: u64) {
        self.0.left.store(bytes, Ordering::Relaxed);
    }

    /// What is left.
    pub(super) fn left(&self) -> u64 {
        self.0.left.load(Ordering::Relaxed)
    }

    /// Why the stream ended, the first time that it is asked; `None` while it has not.
    pub(super) fn take_ending(&self) -> Option<io::Error> {
        self.0.ending.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps why the stream ended, and returns it to pass on.
    fn end(&self, error: io::Error) -> io::Error {
        let copy = || io::Error::new(error.kind(), error.to_string());
        self.0.ending.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(copy);
        error
    }

    fn spend(&self, bytes: u64) -> io::Result<()> {
        self.0
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes))
            .map(drop)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, BUDGET_EXCEEDED))
    }
}

impl ServerStream {
    /// Connects, with the TLS handshake if the target asks for it. The caller sets the time limit.
    pub(super) async fn connect(
        target: &RedisTarget,
        budget: Budget,
        resolver: &mut Resolver,
    ) -> Result<Self, PollError> {
        let transport: Box<dyn Transport> = match &target.endpoint {
            Endpoint::Tcp { host, port } => {
                let tcp = stream::connect(host, *port, resolver).await.map_err(|error| refused(target, &error))?;
                match &target.tls {
                    Some(settings) => Box::new(tls::handshake(target, settings, host, tcp).await?),
                    None => Box::new(tcp),
                }
            }
            Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await.map_err(|error| refused(target, &error))?),
        };
        Ok(Self { transport, budget })
    }
}

fn refused(target: &RedisTarget, error: &io::Error) -> PollError {
    let attempt = format!("connecting to {}", target.endpoint);
    match error.kind() {
        io::ErrorKind::ConnectionRefused => PollError::new(
            Reason::Refused,
            attempt,
            "connection refused",
            "is the server running, and does it listen on this address?",
        ),
        io::ErrorKind::TimedOut => {
            PollError::new(Reason::Timeout, attempt, "no answer", "is a firewall or a dead host in the way?")
        }
        io::ErrorKind::PermissionDenied => PollError::new(
            Reason::Connect,
            attempt,
            error.to_string(),
            "let the agent's user into the socket's group (unixsocketperm 770)",
        ),
        _ => PollError::new(Reason::Connect, attempt, error.to_string(), "check host, port or path in url"),
    }
}

impl AsyncRead for ServerStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.transport).poll_read(cx, buf));
        let outcome = read.and_then(|()| match buf.filled().len() - before {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it")),
            length => self.budget.spend(length as u64),
        });
        Poll::Ready(outcome.map_err(|error| self.budget.end(error)))
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.transport).poll_write(cx, bytes));
        Poll::Ready(written.map_err(|error| self.budget.end(error)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.transport).poll_flush(cx));
        Poll::Ready(flushed.map_err(|error| self.budget.end(error)))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}
