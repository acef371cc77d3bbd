//! Connections to the engine, of which those that are free are kept: a sweep over TLS must not shake hands a hundred times.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bollard::BollardRequest;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;

use super::error::EngineError;
use crate::collector::Reason;
use crate::collector::docker::DockerTarget;
use crate::http::client::{self, BaseUrl, ClientError};
use crate::net::resolve::Resolver;
use crate::net::{Endpoint, TlsSettings};
use crate::net::{stream, tls};

/// Free connections that are kept.
const KEPT: usize = 32;

/// Bytes that an answer's head may have.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// What one answer may have, head and body together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Budget {
    Bytes(usize),
    /// Of an answer that goes on; whoever reads it keeps no more than it needs.
    Unlimited,
}

/// How the engine is reached.
pub(super) struct Transport {
    url: BaseUrl,
    tls: TlsSettings,
    headers: Result<HeaderMap, String>,
    /// The version of the API in the path of each request, once it is settled.
    api: Mutex<Option<(usize, usize)>>,
    resolver: tokio::sync::Mutex<Resolver>,
    free: Mutex<Vec<Connection>>,
}

/// A connection that a task of its own drives, until its sender and the body of its last answer are dropped.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Bytes that may still arrive.
    left: Arc<AtomicUsize>,
}

impl Transport {
    pub(super) fn new(target: &DockerTarget) -> Self {
        Self {
            headers: client::base_headers(&target.url),
            url: target.url.clone(),
            tls: target.tls.clone().unwrap_or_default(),
            api: Mutex::default(),
            resolver: tokio::sync::Mutex::default(),
            free: Mutex::default(),
        }
    }

    /// The answer to GET, once its head is there. The caller sets the time limit.
    pub(super) async fn get(&self, path_and_query: &str, budget: Budget) -> Result<Response<Incoming>, EngineError> {
        let attempt = self.attempt(path_and_query);
        let version = *self.api.lock().unwrap_or_else(PoisonError::into_inner);
        let path = version
            .map_or_else(|| path_and_query.to_owned(), |(major, minor)| format!("/v{major}.{minor}{path_and_query}"));
        let target =
            PathAndQuery::try_from(self.url.join(&path)).map_err(|_| self.unusable("the path is not valid"))?;
        let headers = self.headers.as_ref().map_err(|cause| self.unusable(cause))?;
        let request = || {
            let mut request = Request::new(Full::default());
            *request.uri_mut() = Uri::from(target.clone());
            request.headers_mut().clone_from(headers);
            request
        };
        // The engine may have closed a kept connection since; a new one tells whether it still answers.
        while let Some(kept) = self.take() {
            if let Ok(answer) = self.ask(kept, request(), budget).await {
                return Ok(answer);
            }
        }
        let fresh = self.connect(&attempt).await?;
        self.ask(fresh, request(), budget).await.map_err(|error| broken(&error, &attempt))
    }

    /// Sends a request of bollard's, by [`get`](Self::get): whatever its method is, nothing but GET leaves the agent.
    pub(super) async fn of_bollard(
        self: Arc<Self>,
        request: BollardRequest,
    ) -> Result<Response<Incoming>, bollard::errors::Error> {
        let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        let answer = self.get(unversioned(path), Budget::Bytes(super::REPLY_LIMIT)).await;
        answer.map_err(|error| bollard::errors::Error::IOError { err: io::Error::other(error) })
    }

    /// Settles the version in the path of each request from now on.
    pub(super) fn set_api(&self, version: Option<(usize, usize)>) {
        *self.api.lock().unwrap_or_else(PoisonError::into_inner) = version;
    }

    /// What is tried, for people: without version and query.
    pub(super) fn attempt(&self, path_and_query: &str) -> String {
        let path = path_and_query.split('?').next().unwrap_or_default();
        format!("GET {}", self.url.show(&self.url.join(path)))
    }

    /// The error of an engine that cannot be asked at all.
    pub(super) fn unusable(&self, cause: &str) -> EngineError {
        EngineError::new(Reason::Protocol, &self.attempt("/"), cause, "correct the url of this [[docker]]")
    }

    /// A kept connection that is still open.
    fn take(&self) -> Option<Connection> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.retain(|connection| !connection.sender.is_closed());
        let ready = free.iter().rposition(|connection| connection.sender.is_ready())?;
        Some(free.swap_remove(ready))
    }

    async fn ask(
        &self,
        mut connection: Connection,
        request: Request<Full<Bytes>>,
        budget: Budget,
    ) -> hyper::Result<Response<Incoming>> {
        let bytes = match budget {
            Budget::Bytes(limit) => limit.saturating_add(MAX_HEAD_BYTES),
            Budget::Unlimited => usize::MAX,
        };
        connection.left.store(bytes, Ordering::Relaxed);
        connection.sender.ready().await?;
        let answer = connection.sender.send_request(request).await?;
        // It becomes ready when the body has been read; one whose body goes on is of no more use.
        if budget != Budget::Unlimited {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            if free.len() < KEPT {
                free.push(connection);
            }
        }
        Ok(answer)
    }

    async fn connect(&self, attempt: &str) -> Result<Connection, EngineError> {
        let of = |error: ClientError| EngineError::from(error);
        let unconnected = |error: io::Error| of(client::unconnected(&error, attempt));
        let transport: Box<dyn stream::Transport> = match self.url.endpoint() {
            Endpoint::Tcp { host, port } => {
                let mut resolver = self.resolver.lock().await;
                let tcp = stream::connect(host, *port, &mut resolver).await.map_err(unconnected)?;
                drop(resolver);
                if self.url.is_tls() {
                    let tls = tls::handshake(&self.tls, host, tcp).await;
                    Box::new(tls.map_err(|error| of(client::untrusted(&error, attempt)))?)
                } else {
                    Box::new(tcp)
                }
            }
            Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await.map_err(unconnected)?),
        };
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let metered = Metered { transport, left: Arc::clone(&left) };
        let mut http = http1::Builder::new();
        http.max_header_size(MAX_HEAD_BYTES).max_buf_size(MAX_HEAD_BYTES);
        let (sender, driver) = http.handshake(TokioIo::new(metered)).await.map_err(|error| broken(&error, attempt))?;
        tokio::spawn(async move {
            // Whoever reads the answer is told how it ended.
            let _ = driver.await;
        });
        Ok(Connection { sender, left })
    }
}

/// A path without the API version that a newer bollard puts before it.
fn unversioned(path: &str) -> &str {
    let versioned = path.strip_prefix("/v").filter(|rest| rest.starts_with(|char: char| char.is_ascii_digit()));
    versioned.and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap_or(path)
}

/// The error of an exchange that broke off.
pub(super) fn broken(error: &hyper::Error, attempt: &str) -> EngineError {
    client::broken(error, attempt).into()
}

/// A transport on which no more than so many bytes arrive: whoever decodes an answer may keep all of it in memory.
struct Metered {
    transport: Box<dyn stream::Transport>,
    left: Arc<AtomicUsize>,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.transport).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        let left = self.left.load(Ordering::Relaxed);
        if left == usize::MAX {
            return Poll::Ready(Ok(()));
        }
        if read > left {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the answer is larger than it may be",
            )));
        }
        self.left.store(left - read, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
