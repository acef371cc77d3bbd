//! The HTTP/1.1 server: who may connect, for how long, and how much may be asked at once.
//!
//! One task accepts; each connection has its own task, and its requests run in it. The accepting task alone knows all
//! connections, so no lock is needed: a connection publishes what it is doing in an `Activity`, and the
//! accepting task closes those that take too long, or makes room by closing the one that has been idle longest.

mod accept;
mod activity;
mod connection;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub(crate) mod host;
mod request;
mod stats;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::{Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep_until};

use super::web::WebConfig;
use accept::{AcceptErrors, Connections};
pub use stats::{ServerStats, StatsSnapshot, export, metrics};

/// Bytes of a request's head, after which it is answered with 431.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The address of the client, among the extensions of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Answers requests. A closure from a request to a future of a response is one.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. Its body was read and thrown away: no route of the agent needs one.
    ///
    /// The future is dropped when the client goes away.
    fn handle(&self, request: Request<()>) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

impl<F, Fut> Handler for F
where
    F: Fn(Request<()>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response<Full<Bytes>>> + Send,
{
    fn handle(&self, request: Request<()>) -> impl Future<Output = Response<Full<Bytes>>> + Send {
        self(request)
    }
}

/// What one listener allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. Beyond it the connection that has been idle longest is closed; when none is idle, the one whose client
    /// has been reading longest; when all are quick, the new one is refused with 503.
    pub connections: usize,
    /// Requests in flight over all listeners that share a [`ServerStats`]. Beyond it a request is answered with 503.
    pub requests: usize,
    /// From the start of a connection or of a request to the end of the request's head and body; TLS included.
    pub header_timeout: Duration,
    /// From the end of a response to the first byte of the next request.
    pub idle_timeout: Duration,
    /// From the start of a response to its end.
    pub write_timeout: Duration,
    /// The same where all connections are taken, none is idle, and another client comes.
    pub crowded_write_timeout: Duration,
    /// How long requests in flight may go on when the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    /// Idle connections outlast the usual scrape intervals, since Prometheus keeps its connection between scrapes.
    fn default() -> Self {
        Self {
            connections: 512,
            requests: 64,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(2),
            write_timeout: Duration::from_secs(30),
            crowded_write_timeout: Duration::from_secs(5),
            drain: Duration::from_secs(5),
        }
    }
}

/// The content type of plain text.
pub const PLAIN: &str = "text/plain; charset=utf-8";

/// A whole response.
pub fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What all connections of a listener share.
struct Shared<H> {
    web: Arc<ArcSwap<WebConfig>>,
    limits: Limits,
    handler: Arc<H>,
    stats: Arc<ServerStats>,
    http: http1::Builder,
    /// Set once, when the server stops: each response is then the last of its connection.
    draining: AtomicBool,
}

/// Serves until `shutdown` is done, then lets requests in flight end within [`Limits::drain`].
///
/// `web` may be replaced at any time: what it asks for holds from the next request, and its TLS settings from the next
/// connection. Errors of single connections are not errors of the server, which goes on whatever happens.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    web: Arc<ArcSwap<WebConfig>>,
    limits: Limits,
    handler: Arc<H>,
    stats: Arc<ServerStats>,
    shutdown: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    // Deadlines are kept by `Connections`, which tells an idle connection from a slow one; hyper does not.
    // The Date is ours, and absent where the clock has none. hyper computes its own all the same, and panics in it where a thread
    // has known no time since 1970.
    http.max_header_size(MAX_HEAD_BYTES).header_read_timeout(None).auto_date_header(false);
    let shared = Arc::new(Shared { web, limits, handler, stats, http, draining: AtomicBool::new(false) });
    let mut connections = Connections::new(Arc::clone(&shared));
    let mut errors = AcceptErrors::default();
    let mut paused_until = Instant::now();
    let mut shutdown = pin!(shutdown);
    loop {
        let paused = paused_until > Instant::now();
        let (next_sweep, sweeping) = (connections.next_sweep(), !connections.is_empty());
        tokio::select! {
            // Ends before beginnings, so that a flood of connections finds the room that there is.
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.next_end() => connections.remove(ended),
            () = sleep_until(next_sweep), if sweeping => connections.sweep(),
            () = sleep_until(paused_until), if paused => {}
            accepted = listener.accept(), if !paused && connections.is_open() => match accepted {
                Ok((stream, _)) => {
                    errors.succeeded();
                    connections.admit(stream);
                }
                Err(error) => if let Some(pause) = errors.failed(&error) {
                    connections.evict();
                    paused_until = Instant::now() + pause;
                },
            },
        }
    }
    drop(listener);
    shared.draining.store(true, Ordering::Relaxed);
    connections.drain().await;
}
