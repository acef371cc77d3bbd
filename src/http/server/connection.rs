//! One connection: handshake, requests, end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::activity::Activity;
use super::request::{self, Exchange};
use super::stats::Rejection;
use super::{Handler, Peer, Shared};
use crate::net::{Watch, Watched};

/// The whole answer to a connection for which there is no room.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n\r\ntoo many connections\n";
/// How long a refusal may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// What is read from a client that was told to stop, so that it gets to read the answer.
const LINGER_BYTES: usize = 1024 * 1024;

/// Serves a connection to its end. The deadlines are the accepting task's, which aborts this one.
pub(super) async fn serve<H: Handler>(stream: TcpStream, shared: Arc<Shared<H>>, activity: Arc<Activity>) {
    let _open = shared.stats.open();
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "TCP_NODELAY could not be set");
    }
    let peer = stream.peer_addr().ok().map(|address| Peer(address.ip()));
    let tls = shared.web.load().tls.clone();
    match tls {
        None => requests(stream, peer, &shared, &activity).await,
        Some(tls) => match TlsAcceptor::from(tls.current().await).accept(stream).await {
            Ok(stream) => requests(stream, peer, &shared, &activity).await,
            Err(error) => {
                shared.stats.rejected(Rejection::Tls);
                debug!(%error, "TLS handshake failed");
            }
        },
    }
}

pub(super) async fn requests<H, S>(stream: S, peer: Option<Peer>, shared: &Shared<H>, activity: &Activity)
where
    H: Handler,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = Exchange::new(shared, activity);
    let mut watched = Watched::new(stream, activity);
    let service = service_fn(|mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        request::answer(&exchange, request)
    });
    let result = shared.http.serve_connection(TokioIo::new(&mut watched), service).await;
    let malformed = result.as_ref().is_err_and(hyper::Error::is_parse);
    if malformed {
        shared.stats.rejected(Rejection::Malformed);
    }
    if let Err(error) = result {
        debug!(%error, "HTTP connection failed");
    }
    if malformed || exchange.left_unread() {
        activity.received();
        let _ = linger(watched.unwatched()).await;
    }
}

/// Refuses a connection for which there is no room.
pub(super) async fn refuse(mut stream: TcpStream) {
    let _ = timeout(REFUSAL_TIMEOUT, async {
        stream.write_all(REFUSAL).await?;
        linger(&mut stream).await
    })
    .await;
}

/// Reads on after the last response. Closing a socket with unread bytes in it resets the connection, and the client
/// may then never see the response.
async fn linger(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    stream.shutdown().await?;
    let mut buffer = [0; 4096];
    let mut left = LINGER_BYTES;
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => left = left.checked_sub(count).ok_or(io::ErrorKind::FileTooLarge)?,
        }
    }
}

/// A watched connection says what it is doing.
impl Watch for &Activity {
    fn received(&mut self, bytes: usize) -> io::Result<()> {
        if bytes > 0 {
            Activity::received(self);
        }
        Ok(())
    }

    fn flushed(&mut self) {
        // hyper flushes when its own buffer is empty, so then nothing is left of the response.
        Activity::flushed(self);
    }
}
