//! The agent's one outgoing HTTP client: one service, one connection that is kept, one request at a time.
//!
//! Every part of an exchange has a limit: its time as a whole, the head and the body of the answer, the redirects. An
//! error says what was tried and what to do, and shows neither query nor header.

mod body;
mod connection;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod header;
mod redirect;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, Request, Uri};
use reader::Secret;
use tokio::time::timeout;
use tracing::warn;

use crate::hub::{self, PollError, Reason};
use crate::net::dial::DialError;
use crate::net::resolve::{Addresses, Resolver};
use crate::net::{BaseUrl, Credential, Reached, TlsSettings, headers};
use connection::{Answer, Connection};
use error::Failure;

/// How requests are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Of `https`; without use for others.
    pub tls: TlsSettings,
    /// Name and value of headers that are added to each request.
    pub headers: Vec<(String, Credential)>,
    /// Bytes that the body of an answer may have, before and after decompression.
    pub body_limit: usize,
    /// The most that name resolution, connecting and the TLS handshake may take together, of a request's time.
    pub connect_timeout: Duration,
    /// Where to connect to, in place of the addresses that the host of the base URL has.
    pub addresses: Option<Addresses>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tls: TlsSettings::default(),
            headers: Vec::new(),
            body_limit: 1024 * 1024,
            connect_timeout: Duration::from_secs(5),
            addresses: None,
        }
    }
}

/// The error of an `attempt` for which no connection could be made.
pub(crate) fn unconnected(error: &DialError, attempt: &str) -> PollError {
    error::unconnected(error).of(attempt)
}

/// The error of an `attempt` that broke off on its connection.
pub(crate) fn broken(error: &hyper::Error, attempt: &str) -> PollError {
    error::broken(error).of(attempt)
}

/// A whole answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body, decompressed.
    pub body: Bytes,
    /// How long the server asks to wait; an hour at most.
    pub retry_after: Option<Duration>,
    /// The server's clock.
    pub date: Option<SystemTime>,
    /// The value of `Content-Type`.
    pub content_type: Option<String>,
    /// Where the time went.
    pub phases: Phases,
}

/// Where the time of a request went; that of its redirects and of a lost connection is added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Name resolution and connecting; zero on a connection that was kept.
    pub connect: Duration,
    /// The TLS handshake; zero on a connection that was kept.
    pub tls: Duration,
    /// From the request to the head of its answer.
    pub first_byte: Duration,
    /// From the head to the last byte of the body.
    pub transfer: Duration,
}

/// How far a request has come, for the one who gives it up.
#[derive(Default)]
struct Progress {
    stage: Stage,
    /// Bytes of the body so far.
    received: usize,
    phases: Phases,
}

#[derive(Default)]
enum Stage {
    #[default]
    Connecting,
    Waiting,
    Reading,
}

/// A client of one service.
///
/// Its futures may be dropped at any time: what an exchange left unfinished goes with them, and the next request connects
/// anew.
pub struct Client {
    base: BaseUrl,
    tls: TlsSettings,
    headers: HeaderMap,
    /// Name and value of those that are configured, and the values of which `headers` is made.
    configured: Vec<(String, Credential)>,
    values: Vec<Secret>,
    body_limit: usize,
    connect_timeout: Duration,
    resolver: Resolver,
    connection: Option<Connection>,
    progress: Progress,
}

/// A request that can be sent more than once.
struct Message {
    method: Method,
    target: PathAndQuery,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

impl Client {
    /// A client that has not connected yet. The error names the header that cannot be sent.
    pub fn new(base: &BaseUrl, settings: Settings) -> Result<Self, String> {
        Ok(Self {
            headers: headers::of_requests(
                base,
                settings.headers.iter().map(|(name, value)| (name.as_str(), value.first())),
            )?,
            values: settings.headers.iter().map(|(_, value)| value.first().clone()).collect(),
            configured: settings.headers,
            base: base.clone(),
            tls: settings.tls,
            body_limit: settings.body_limit,
            connect_timeout: settings.connect_timeout,
            resolver: Resolver::at(settings.addresses),
            connection: None,
            progress: Progress::default(),
        })
    }

    /// Where the last connection went.
    #[must_use]
    pub fn last_reached(&self) -> Option<Reached> {
        self.resolver.last_reached()
    }

    /// Takes the values of headers as their files have them now; to be called once a poll.
    pub async fn renew(&mut self) {
        if !self.configured.iter().any(|(_, value)| value.rotates()) {
            return;
        }
        let mut values = Vec::with_capacity(self.configured.len());
        for (_, value) in &self.configured {
            values.push(value.current().await.as_ref().clone());
        }
        if values == self.values {
            return;
        }
        let names = self.configured.iter().map(|(name, _)| name.as_str());
        match headers::of_requests(&self.base, names.zip(&values)) {
            Ok(headers) => self.headers = headers,
            Err(error) => warn!(%error, "the changed file of a header cannot be used; its last value stays in use"),
        }
        self.values = values;
    }

    /// Asks for a path, and a query if it has one, under the base URL. `limit` is for all of it, from connecting to the
    /// last byte.
    pub async fn get(&mut self, path_and_query: &str, limit: Duration) -> Result<Response, PollError> {
        self.request(Method::GET, path_and_query, None, Bytes::new(), limit).await
    }

    /// The same with a body to send. No redirect is followed.
    ///
    /// When a kept connection ends without an answer, the request is sent once more, so the server may get it twice.
    pub async fn post(
        &mut self,
        path_and_query: &str,
        content_type: &str,
        body: Bytes,
        limit: Duration,
    ) -> Result<Response, PollError> {
        self.request(Method::POST, path_and_query, Some(content_type), body, limit).await
    }

    async fn request(
        &mut self,
        method: Method,
        path_and_query: &str,
        content_type: Option<&str>,
        body: Bytes,
        limit: Duration,
    ) -> Result<Response, PollError> {
        let target = self.base.join(path_and_query);
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let attempt = format!("{method} {}", self.base.show(path));
        let unsendable = |what| Failure::new(Reason::Internal, format!("the {what} is not valid"), "correct it");
        let Ok(target) = PathAndQuery::try_from(target) else { return Err(unsendable("path").of(attempt)) };
        let Ok(content_type) = content_type.map(HeaderValue::from_str).transpose() else {
            return Err(unsendable("content type").of(attempt));
        };
        self.progress = Progress::default();
        let mut message = Message { method, target, content_type, body };
        let answer = timeout(limit, self.follow(&mut message)).await;
        answer.unwrap_or_else(|_| Err(self.late(limit))).map_err(|failure| failure.of(attempt))
    }

    /// Sends `message` to wherever redirects lead.
    async fn follow(&mut self, message: &mut Message) -> Result<Response, Failure> {
        for _ in 0..=redirect::LIMIT {
            let Answer { head, body } = self.exchange(message).await?;
            if let Some(target) = redirect::follow(&self.base, &message.method, &message.target, &head)? {
                message.target = target;
                continue;
            }
            let date = header::date(&head.headers, DATE);
            return Ok(Response {
                status: head.status.as_u16(),
                body: body::decode(&head.headers, body, self.body_limit)?,
                retry_after: header::retry_after(&head.headers, date.unwrap_or_else(SystemTime::now)),
                date,
                content_type: header::text(&head.headers, CONTENT_TYPE).map(str::to_owned),
                phases: self.progress.phases,
            });
        }
        Err(redirect::endless())
    }

    /// One answer to `message`, on the connection that is open or on a new one.
    async fn exchange(&mut self, message: &Message) -> Result<Answer, Failure> {
        // It is put back only after a whole answer.
        if let Some(connection) = self.connection.take() {
            let asked = connection.ask(self.request_of(message), self.body_limit, &mut self.progress).await;
            match asked {
                Ok((answer, connection)) => {
                    self.connection = connection;
                    return Ok(answer);
                }
                // The server closed it since the last request, which it may.
                Err(broken) if broken.unanswered => {}
                Err(broken) => return Err(broken.failure),
            }
        }
        let connection = self.connect().await?;
        let asked = connection.ask(self.request_of(message), self.body_limit, &mut self.progress).await;
        let (answer, connection) = asked.map_err(|broken| broken.failure)?;
        self.connection = connection;
        Ok(answer)
    }

    async fn connect(&mut self) -> Result<Connection, Failure> {
        let opening = Connection::open(&self.base, &self.tls, &self.resolver, &mut self.progress);
        timeout(self.connect_timeout, opening).await.unwrap_or_else(|_| Err(self.late(self.connect_timeout)))
    }

    fn request_of(&self, message: &Message) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(message.body.clone()));
        *request.method_mut() = message.method.clone();
        *request.uri_mut() = Uri::from(message.target.clone());
        request.headers_mut().clone_from(&self.headers);
        if let Some(content_type) = &message.content_type {
            request.headers_mut().insert(CONTENT_TYPE, content_type.clone());
        }
        request
    }

    /// The failure of what took longer than `limit`.
    fn late(&self, limit: Duration) -> Failure {
        const SLOW: &str = "the server hangs or is overloaded, or the time limit is too short for it";
        let (cause, advice) = match self.progress.stage {
            Stage::Connecting => hub::unconnected_within(limit, self.base.is_tls()),
            Stage::Waiting => (format!("connected, but no answer within {limit:?}"), SLOW),
            Stage::Reading => {
                let received = self.progress.received;
                (format!("the answer is not whole within {limit:?}, after {received} bytes of its body"), SLOW)
            }
        };
        Failure::new(Reason::Timeout, cause, advice)
    }
}
