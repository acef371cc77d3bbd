//! A redis-server, and what the tests ask the service.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Parser as _;
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::arguments::Arguments;
use crate::flow::Snapshot;
use crate::routes;
use crate::service::Service;

/// Long enough for anything that happens at all, on a slow machine that does much else.
pub(super) const SOON: Duration = Duration::from_secs(30);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(20);
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A redis-server that ends when it is dropped.
pub(super) struct Redis {
    process: Child,
    pub(super) port: u16,
}

impl Redis {
    /// `None` where it is not installed; a failure where `CI` is set.
    pub(super) async fn start() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| Path::new(&folder).join("redis-server").is_file()) {
            assert!(std::env::var_os("CI").is_none(), "not installed: redis-server");
            eprintln!("SKIPPED, not installed: redis-server");
            return None;
        }
        let port = free_port();
        let redis = Self { process: spawn(port), port };
        redis.is_up().await;
        Some(redis)
    }

    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(super) async fn start_again(&mut self) {
        self.process = spawn(self.port);
        self.is_up().await;
    }

    async fn is_up(&self) {
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_err() {
            assert!(started.elapsed() < SOON, "redis-server listens");
            sleep(LOOK).await;
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(port: u16) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A port that nothing listens on, below those that outgoing connections get.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = || 20_000 + (std::process::id() + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(next).map(|port| u16::try_from(port).unwrap()).find(free).unwrap()
}

pub(super) async fn service(port: u16, flags: &str) -> Service {
    let redis = format!("--redis=redis://127.0.0.1:{port}");
    let words = ["ticker", redis.as_str()].into_iter().chain(flags.split_whitespace());
    Service::start(Arguments::parse_from(words)).await.unwrap()
}

/// An answer: status, headers of interest, body.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// Asks the routes, without a socket.
pub(super) async fn ask(service: &Service, method: Method, path: &str, body: &str) -> Reply {
    let request = Request::builder().method(method).uri(path).body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let answer = routes::answer(&service.shared, LOOPBACK, &request).await;
    let (parts, body) = answer.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Reply { status: parts.status, headers: parts.headers, text }
}

pub(super) async fn get(service: &Service, path: &str) -> Value {
    ask(service, Method::GET, path, "").await.json()
}

pub(super) async fn turn(service: &Service, knobs: &Value) {
    let reply = ask(service, Method::POST, "/admin/knobs", &knobs.to_string()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
}

/// Looks at a page until it is as wanted.
pub(super) async fn until(service: &Service, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let seen = get(service, path).await;
        if wanted(&seen) {
            return seen;
        }
        assert!(started.elapsed() < SOON, "{path}: {seen}");
        sleep(LOOK).await;
    }
}

/// The accounts of this moment, which must be even.
pub(super) fn assert_even(service: &Service) -> Snapshot {
    let seen = service.shared.view().seen;
    let totals = seen.totals;
    assert_eq!(
        totals.received,
        totals.published + totals.dropped + totals.sampled_out + seen.pending as u64,
        "{seen:?}"
    );
    seen
}
