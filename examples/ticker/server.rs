//! The HTTP/1.1 server.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::routes;
use crate::service::Shared;

/// Connections at once; others wait in the kernel's queue.
const CONNECTIONS: usize = 256;
const HEADER_DEADLINE: Duration = Duration::from_secs(30);
const BODY_LIMIT: usize = 64 * 1024;
/// After an accept that failed, as it does when there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves for ever.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    serve(stream, peer.ip(), shared).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: IpAddr, shared: Arc<Shared>) {
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, hyper::Error>(answer(&shared, peer, request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_DEADLINE);
    // A client that goes away in the middle is its own affair.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(shared: &Shared, peer: IpAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => routes::answer(shared, peer, &Request::from_parts(parts, body.to_bytes())).await,
        Err(_) => routes::refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or incomplete"),
    }
}
