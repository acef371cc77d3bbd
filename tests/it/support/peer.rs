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

/// `/metrics` of `redis_exporter` with its defaults, of one server.
pub(crate) fn scrape(redis_url: &str) -> Exposition {
    let address = SocketAddr::from(([127, 0, 0, 1], port::free()));
    let _process = Process::spawn(
        Command::new(PROGRAM)
            .arg(format!("-web.listen-address={address}"))
            .arg(format!("-redis.addr={redis_url}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    let response = until(SOON, "redis_exporter answers", || Request::get("/metrics").try_send(address).ok());
    Exposition::of(&response.text())
}
