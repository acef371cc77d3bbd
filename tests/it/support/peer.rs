//! A real `redis_exporter` to compare with.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use super::exposition::Exposition;
use super::http::Request;
use super::port;
use super::process::Process;
use super::wait::{SOON, until};

/// The program.
pub(crate) const PROGRAM: &str = "prometheus-redis-exporter";

/// A running `redis_exporter` with its defaults, of one server. It ends when it is dropped.
pub(crate) struct Exporter {
    _process: Process,
    pub(crate) address: SocketAddr,
}

impl Exporter {
    /// Starts it; it may not listen yet.
    pub(crate) fn start(redis_url: &str) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], port::free()));
        let process = Process::spawn(
            Command::new(PROGRAM)
                .arg(format!("-web.listen-address={address}"))
                .arg(format!("-redis.addr={redis_url}"))
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        Self { _process: process, address }
    }
}

/// `/metrics` of `redis_exporter` with its defaults, of one server.
pub(crate) fn scrape(redis_url: &str) -> Exposition {
    let exporter = Exporter::start(redis_url);
    let ask = || Request::get("/metrics").try_send(exporter.address).ok();
    let response = until(SOON, "redis_exporter answers", ask);
    Exposition::of(&response.text())
}
