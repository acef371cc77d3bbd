//! A ticker over pub/sub: the service of examples/ticker, subscribers that keep up, and one that does not.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::Result;
use crate::connection::{Pace, drain, free_port, get, keep_doing};
use crate::process::{Process, absolute, own_folder};

pub(crate) const START_DEADLINE: Duration = Duration::from_secs(10);
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

const SYMBOLS: [&str; 2] = ["nifty", "banknifty"];
const SUBSCRIBERS: usize = 8;
/// 198 messages of a kilobyte a second in all; a thousand instruments are then more than the thousand messages that the
/// ticker publishes in a second, by so much that each level lasts for a poll of the agent.
const FLAGS: [&str; 8] =
    ["--instruments", "110", "--ticks-per-second", "1.8", "--depth", "25", "--sampling-step", "5s"];
/// Longer than the output buffer takes to reach the soft limit and to exceed it for 60 s, together 110 s. Left alone, so
/// slow a reader would not notice for an hour that Redis closed its connection: the kernel still holds megabytes for it.
const SLOW_SESSION: Duration = Duration::from_secs(130);

/// The service, built beside the playground.
pub(crate) fn binary() -> Result<PathBuf> {
    absolute(&own_folder()?.join("ticker"), "ticker")
}

/// `program`, which runs the service, with its arguments; where it will serve comes first.
pub(crate) fn command(mut program: Command, redis_port: u16) -> Result<(SocketAddr, Command)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    program.arg("--redis").arg(format!("redis://127.0.0.1:{redis_port}")).arg("--listen").arg(address.to_string());
    program.args(FLAGS).args(["--environment", "playground"]);
    Ok((address, program))
}

/// Starts the service.
pub(crate) fn start(mut command: Command, folder: &Path) -> Result<Process> {
    Process::start("ticker", &mut command, folder)
        .map_err(|error| format!("starting {}: {error}", command.get_program().display()).into())
}

/// Completes when the service answers.
pub(crate) async fn is_ready(address: SocketAddr) {
    while get(address, "/metrics").await.is_none() {
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
}

/// Starts the subscribers.
pub(crate) fn subscribe(port: u16, tasks: &mut JoinSet<()>) {
    for number in 1..=SUBSCRIBERS {
        let symbol = SYMBOLS[number % SYMBOLS.len()];
        keep_doing(tasks, move || async move {
            let commands = format!("CLIENT SETNAME ws-{number}\r\nSUBSCRIBE ticker:{symbol}\r\n");
            drain(port, &commands, Pace::Fast).await
        });
    }
    keep_doing(tasks, move || {
        let commands = "CLIENT SETNAME slow-dashboard\r\nPSUBSCRIBE ticker:*\r\n";
        tokio::time::timeout(SLOW_SESSION, drain(port, commands, Pace::Slow))
    });
}
