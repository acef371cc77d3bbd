//! Connections to the engine, of which those that are free are kept: a sweep over TLS must not shake hands a hundred times.

use std::io;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;

use super::error::EngineError;
use crate::collector::Reason;
use crate::collector::docker::DockerTarget;
use crate::http::client;
use crate::net::dial::dial;
use crate::net::resolve::Resolver;
use crate::net::{self, BaseUrl, Reached, TlsSettings, Watch, Watched, headers};

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
    /// None where the URL does not ask for TLS.
    tls: Option<TlsSettings>,
    headers: Result<HeaderMap, String>,
    /// The version of the API in the path of each request, once it is settled.
    api: Mutex<Option<(usize, usize)>>,
    resolver: Resolver,
    free: Mutex<Vec<Connection>>,
}

/// A connection that a task of its own drives, until its sender and the body of its last answer are dropped.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    left: net::Budget,
}

impl Transport {
    pub(super) fn new(target: &DockerTarget) -> Self {
        Self {
            headers: headers::of_requests(&target.url, []),
            url: target.url.clone(),
            tls: target.url.is_tls().then(|| target.tls.clone().unwrap_or_default()),
            api: Mutex::default(),
            resolver: Resolver::default(),
            free: Mutex::default(),
        }
    }

    /// The answer to GET, once its head is there. The caller sets the time limit.
    pub(super) async fn get(&self, path_and_query: &str, budget: Budget) -> Result<Response<Incoming>, EngineError> {
        let attempt = self.attempt(path_and_query);
        let version = *self.api.lock();
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

    /// Where the last connection went.
    pub(super) fn last_reached(&self) -> Option<Reached> {
        self.resolver.last_reached()
    }

    /// Settles the version in the path of each request from now on.
    pub(super) fn set_api(&self, version: Option<(usize, usize)>) {
        *self.api.lock() = version;
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
        let mut free = self.free.lock();
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
            Budget::Bytes(limit) => limit.saturating_add(MAX_HEAD_BYTES) as u64,
            Budget::Unlimited => net::Budget::UNLIMITED,
        };
        connection.left.grant(bytes);
        connection.sender.ready().await?;
        let answer = connection.sender.send_request(request).await?;
        // It becomes ready when the body has been read; one whose body goes on is of no more use.
        if budget != Budget::Unlimited {
            let mut free = self.free.lock();
            if free.len() < KEPT {
                free.push(connection);
            }
        }
        Ok(answer)
    }

    async fn connect(&self, attempt: &str) -> Result<Connection, EngineError> {
        let dialled = dial(self.url.endpoint(), self.tls.as_ref(), &self.resolver).await;
        let dialled = dialled.map_err(|error| EngineError::from(client::unconnected(&error, attempt)))?;
        let left = net::Budget::default();
        left.grant(net::Budget::UNLIMITED);
        let metered = Watched::new(dialled.stream, Meter(left.clone()));
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

/// The error of an exchange that broke off.
pub(super) fn broken(error: &hyper::Error, attempt: &str) -> EngineError {
    client::broken(error, attempt).into()
}

/// A transport on which no more than so many bytes arrive: whoever decodes an answer may keep all of it in memory.
struct Meter(net::Budget);

impl Watch for Meter {
    fn received(&mut self, bytes: usize) -> io::Result<()> {
        let exceeded = || io::Error::new(io::ErrorKind::FileTooLarge, "the answer is larger than it may be");
        self.0.spend(bytes).then_some(()).ok_or_else(exceeded)
    }
}

#[cfg(test)]
mod tests;
