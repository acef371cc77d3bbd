//! The playground's Redis: small, in memory, and with limits that are reached.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::connection::{exchange, free_port};
use crate::process::Process;

pub(crate) const START_DEADLINE: Duration = Duration::from_secs(10);
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// Starts redis-server on a free port; the port comes with it.
pub(crate) fn start(folder: &Path) -> Result<(Process, u16)> {
    let port = free_port()?;
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port"]).arg(port.to_string()).arg("--dir").arg(folder).args([
        "--daemonize",
        "no",
        "--save",
        "",
        "--appendonly",
        "no",
        "--maxmemory",
        "64mb",
        "--maxmemory-policy",
        "allkeys-lru",
        "--client-output-buffer-limit",
        "pubsub 32mb 8mb 60",
    ]);
    match Process::start("redis", &mut command, folder) {
        Ok(process) => Ok((process, port)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("redis-server is not in PATH: `make run` installs it on Debian and Ubuntu; \
                elsewhere the package is called redis"
                .into())
        }
        Err(error) => Err(format!("starting redis-server: {error}").into()),
    }
}

/// Completes when Redis answers a PING.
pub(crate) async fn is_ready(port: u16) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    while !exchange(address, "PING\r\n", |reply| reply.ends_with(b"\r\n")).await.is_ok_and(|reply| reply == "+PONG\r\n")
    {
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
}
