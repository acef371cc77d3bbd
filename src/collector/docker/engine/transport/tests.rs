//! Connections to an engine of the test's own, which speaks just enough HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use super::*;
use crate::collector::parsed;

/// Listens until it is dropped, and counts connections and requests.
struct Server {
    dir: TempDir,
    counts: Arc<(AtomicUsize, AtomicUsize)>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers each request by its first line; a connection ends after an answer that says so.
fn serve(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(dir.path().join("sock")).unwrap();
    let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let (counted, answer) = (Arc::clone(&counts), Arc::new(answer));
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.0.fetch_add(1, Ordering::Relaxed);
            let (counted, answer) = (Arc::clone(&counted), Arc::clone(&answer));
            tokio::spawn(async move {
                let mut head = Vec::new();
                while let Ok(byte) = stream.read_u8().await {
                    head.push(byte);
                    if head.ends_with(b"\r\n\r\n") {
                        counted.1.fetch_add(1, Ordering::Relaxed);
                        let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
                        let answer = answer(text.lines().next().unwrap());
                        if stream.write_all(answer.as_bytes()).await.is_err() || answer.contains("close") {
                            return;
                        }
                    }
                }
            });
        }
    });
    Server { dir, counts, task }
}

fn body(text: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}

impl Server {
    fn transport(&self) -> Transport {
        let url = format!("unix://{}", self.dir.path().join("sock").display());
        let text = format!("[[docker]]\nname = \"engine\"\nurl = {url:?}\n");
        Transport::new(&parsed(&text)[0])
    }

    fn counts(&self) -> (usize, usize) {
        (self.counts.0.load(Ordering::Relaxed), self.counts.1.load(Ordering::Relaxed))
    }
}

async fn ask(transport: &Transport, path: &str) -> String {
    let answer = transport.get(path, Budget::Bytes(1000)).await.unwrap();
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn a_connection_is_kept_and_the_version_stands_before_the_path() {
    let server = serve(body);
    let transport = server.transport();
    assert_eq!(ask(&transport, "/version").await, "GET /version HTTP/1.1");
    transport.set_api(Some((1, 41)));
    assert_eq!(ask(&transport, "/containers/json?all=1").await, "GET /v1.41/containers/json?all=1 HTTP/1.1");
    transport.set_api(None);
    assert_eq!(ask(&transport, "/x").await, "GET /x HTTP/1.1");
    assert_eq!(server.counts(), (1, 3));
    let attempt = transport.attempt("/containers/json?filters=secret");
    assert!(attempt.contains("/containers/json") && !attempt.contains("secret"), "{attempt}");
}

#[tokio::test]
async fn a_kept_connection_that_the_engine_closed_is_replaced() {
    let server = serve(|_| body("x").replace("\r\n\r\n", "\r\nX: close\r\n\r\n"));
    let transport = server.transport();
    for _ in 0..3 {
        assert_eq!(ask(&transport, "/x").await, "x");
    }
    assert_eq!(server.counts(), (3, 3));
}

#[tokio::test]
async fn an_answer_that_goes_on_has_a_connection_of_its_own() {
    let server = serve(|line| {
        let endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
        if line.contains("events") { endless.to_owned() } else { body("x") }
    });
    let transport = server.transport();
    let mut events = transport.get("/events", Budget::Unlimited).await.unwrap().into_body();
    assert_eq!(events.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
    for _ in 0..3 {
        assert_eq!(ask(&transport, "/x").await, "x");
    }
    assert_eq!(server.counts(), (2, 4));
}

#[tokio::test]
async fn an_answer_larger_than_its_budget_is_refused_and_the_engine_is_not_lost() {
    let large = "x".repeat(MAX_HEAD_BYTES + 2000);
    let server = serve(move |_| body(&large));
    let transport = server.transport();
    let answer = transport.get("/x", Budget::Bytes(1000)).await.unwrap();
    let error = answer.into_body().collect().await.unwrap_err();
    let error = broken(&error, "GET /x");
    assert_eq!((error.reason(), error.is_unreachable()), (Reason::Decode, false), "{error}");
}

#[tokio::test]
async fn an_engine_that_is_away_is_named() {
    let server = serve(body);
    let transport = server.transport();
    std::fs::remove_file(server.dir.path().join("sock")).unwrap();
    let error = transport.get("/version", Budget::Bytes(10)).await.unwrap_err();
    assert!(error.is_unreachable() && error.to_string().contains("No such file"), "{error}");
}

#[tokio::test]
async fn what_speaks_no_http_is_a_protocol_error() {
    let server = serve(|_| "220 smtp ready\r\n\r\n".to_owned());
    let error = server.transport().get("/version", Budget::Bytes(10)).await.unwrap_err();
    assert_eq!((error.reason(), error.is_unreachable()), (Reason::Protocol, false), "{error}");
}
