//! One connection to a server, and one exchange at a time on it.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::http::response::Parts;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::error::{self, Failure};
use super::{Progress, Stage, body, redirect};
use crate::net::dial::{Dialled, Transport, dial};
use crate::net::resolve::Resolver;
use crate::net::{BaseUrl, TlsSettings, Watch, Watched};

/// Bytes that an answer's head may have, and about those that are read ahead of the one who asks.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Headers that an answer may have.
const MAX_HEADERS: usize = 500;

type Driver = http1::Connection<TokioIo<Watched<Box<dyn Transport>, Answered>>, Full<Bytes>>;

/// An open connection with no request on it.
///
/// No task drives it: it moves while an exchange is awaited and rests in between, so that whoever drops the exchange
/// drops the connection with it.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
    answered: Answered,
}

/// Whether anything arrived since it was last asked for.
#[derive(Clone, Default)]
struct Answered(Arc<AtomicBool>);

impl Watch for Answered {
    fn received(&mut self, bytes: usize) -> io::Result<()> {
        if bytes > 0 {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A whole answer, its body as sent.
pub(super) struct Answer {
    pub(super) head: Parts,
    pub(super) body: Bytes,
}

/// Why there is no answer.
pub(super) enum Fault {
    /// The connection ended before the request was on it.
    Unsent(hyper::Error),
    /// The connection ended or failed.
    Broken(hyper::Error),
    /// The answer is one that is not wanted.
    Failure(Failure),
}

/// A failed exchange. The connection is gone.
pub(super) struct Broken {
    pub(super) failure: Failure,
    /// Whether nothing of an answer came.
    pub(super) unanswered: bool,
}

impl Connection {
    /// Connects, with the TLS handshake if the URL asks for it. The caller sets the time limit.
    pub(super) async fn open(
        base: &BaseUrl,
        settings: &TlsSettings,
        resolver: &Resolver,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        progress.stage = Stage::Connecting;
        let settings = base.is_tls().then_some(settings);
        let dialled = dial(base.endpoint(), settings, resolver).await;
        let Dialled { stream, connect, tls } = dialled.map_err(|error| error::unconnected(&error))?;
        progress.phases.connect += connect;
        progress.phases.tls += tls;
        Self::over(stream).await.map_err(|error| error::broken(&error))
    }

    pub(super) async fn over(stream: Box<dyn Transport>) -> hyper::Result<Self> {
        let answered = Answered::default();
        let watched = Watched::new(stream, answered.clone());
        let mut http = http1::Builder::new();
        http.max_headers(MAX_HEADERS);
        http.max_header_size(MAX_HEAD_BYTES).max_buf_size(MAX_HEAD_BYTES);
        let (sender, driver) = http.handshake(TokioIo::new(watched)).await?;
        Ok(Self { sender, driver, answered })
    }

    /// Sends `request` and reads the answer; the connection comes back if it can take another.
    pub(super) async fn ask(
        self,
        request: Request<Full<Bytes>>,
        limit: usize,
        progress: &mut Progress,
    ) -> Result<(Answer, Option<Self>), Broken> {
        let Self { mut sender, driver, answered } = self;
        let asking = exchange(&mut sender, &answered, request, limit, progress);
        let (outcome, driver) = drive(driver, asking).await;
        let (unanswered, error) = match outcome {
            Ok(answer) => return Ok((answer, reusable(sender, driver, answered))),
            Err(Fault::Failure(failure)) => return Err(Broken { failure, unanswered: false }),
            Err(Fault::Unsent(error)) => (true, error),
            Err(Fault::Broken(error)) => (!answered.0.load(Ordering::Relaxed), error),
        };
        // The connection knows best how it ended; a request that it did not take up knows nothing.
        let error = match driver {
            Err(Err(end)) => end,
            _ => error,
        };
        Err(Broken { failure: error::broken(&error), unanswered })
    }
}

/// The connection, unless the last answer was the last on it or was followed by what nobody asked for.
fn reusable(
    sender: SendRequest<Full<Bytes>>,
    driver: Result<Driver, hyper::Result<()>>,
    answered: Answered,
) -> Option<Connection> {
    let mut driver = driver.ok()?;
    let open = (&mut driver).now_or_never().is_none() && sender.is_ready();
    open.then_some(Connection { sender, driver, answered })
}

async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    answered: &Answered,
    request: Request<Full<Bytes>>,
    limit: usize,
    progress: &mut Progress,
) -> Result<Answer, Fault> {
    progress.stage = Stage::Waiting;
    sender.ready().await.map_err(Fault::Unsent)?;
    answered.0.store(false, Ordering::Relaxed);
    let sent = Instant::now();
    let answer = sender.send_request(request).await;
    progress.phases.first_byte += sent.elapsed();
    let (head, body) = answer
        .map_err(|error| if error.is_canceled() { Fault::Unsent(error) } else { Fault::Broken(error) })?
        .into_parts();
    let begun = Instant::now();
    (progress.stage, progress.received) = (Stage::Reading, 0);
    // The page that comes with a redirect is read only to keep the connection.
    let limit = if redirect::location(&head).is_some() { limit.max(redirect::BODY_LIMIT) } else { limit };
    let body = body::read(body, limit, &mut progress.received).await?;
    progress.phases.transfer += begun.elapsed();
    Ok(Answer { head, body })
}

/// Awaits `asking` while the connection moves. The connection comes back unless it ended, and then how it did.
async fn drive<T>(mut driver: Driver, asking: impl Future<Output = T>) -> (T, Result<Driver, hyper::Result<()>>) {
    let mut asking = pin!(asking);
    tokio::select! {
        biased;
        outcome = &mut asking => (outcome, Ok(driver)),
        end = &mut driver => {
            // What is still in its queue must not be waited for.
            drop(driver);
            (asking.await, Err(end))
        }
    }
}
