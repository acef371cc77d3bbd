//! A real `redis_exporter` and a real `node_exporter` to compare with.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::exposition::Exposition;
use super::http::Request;
use super::port;
use super::process::Process;
use super::wait::{SOON, until};

/// The programs.
pub(crate) const NODE_EXPORTER: &str = "prometheus-node-exporter";
pub(crate) const PROGRAM: &str = "prometheus-redis-exporter";

/// A running exporter. It ends when it is dropped.
pub(crate) struct Exporter {
    _process: Process,
    pub(crate) address: SocketAddr,
}

impl Exporter {
    /// Starts `redis_exporter` with its defaults, of one server; it may not listen yet.
    pub(crate) fn start(redis_url: &str) -> Self {
        Self::start_with(redis_url, &[])
    }

    /// Starts it with more flags.
    pub(crate) fn start_with(redis_url: &str, flags: &[&str]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], port::free()));
        let process = Process::spawn(
            Command::new(PROGRAM)
                .arg(format!("-web.listen-address={address}"))
                .arg(format!("-redis.addr={redis_url}"))
                .args(flags)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        Self { _process: process, address }
    }
}

/// `/metrics` of `redis_exporter` with its defaults, of one server.
pub(crate) fn scrape(redis_url: &str) -> Exposition {
    let exporter = Exporter::start(redis_url);
    page(exporter.address)
}

/// `/metrics` of an exporter that may not listen yet.
#[track_caller]
pub(crate) fn page(address: SocketAddr) -> Exposition {
    let ask = || Request::get("/metrics").try_send(address).ok();
    Exposition::of(&until(SOON, "the exporter answers", ask).text())
}

/// A running `node_exporter` with its defaults, under a name by which no agent of another test knows it.
pub(crate) fn node_exporter() -> (TempDir, Exporter) {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("of-the-machine");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).map(|folder| folder.join(NODE_EXPORTER)).find(|file| file.is_file());
    std::os::unix::fs::symlink(installed.expect("it is installed"), &program).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port::free()));
    let mut command = Command::new(program);
    command.arg(format!("--web.listen-address={address}"));
    // Those of node_exporter itself; Debian leaves out more.
    command.arg("--collector.netdev.device-exclude=^$");
    let places = "dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+";
    command.arg(format!("--collector.filesystem.mount-points-exclude=^/({places})($|/)"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    (dir, Exporter { _process: Process::spawn(&mut command), address })
}
