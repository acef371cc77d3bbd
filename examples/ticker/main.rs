//! A ticker service on Redis, with back-pressure: what the agent watches in the playground and in its tests.
//!
//! Ticks of made-up instruments go through an adaptive sampler into a bounded buffer, and from there in batches through
//! a circuit breaker to Redis (`PUBLISH ticker:SYMBOL`). How that goes is told over HTTP; `POST /admin/knobs` turns up
//! the load and lets things go wrong.
//!
//! `cargo run --package manometer-examples --bin ticker -- --redis redis://127.0.0.1:6379 --listen 127.0.0.1:8000`

#![allow(clippy::print_stderr, reason = "it talks to the person who started it")]

mod arguments;
mod breaker;
mod cache;
mod exposition;
mod flow;
mod json;
mod knobs;
mod latency;
mod level;
mod limit;
mod link;
mod publisher;
mod queue;
mod rate;
mod routes;
mod sampler;
mod server;
mod service;
mod shapes;
mod source;
#[cfg(test)]
mod tests;
mod usage;

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;
use crate::service::Service;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

async fn run(arguments: Arguments) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let service = Service::start(arguments).await?;
    let mut output = stdout();
    writeln!(output, "listening on http://{}", service.address)?;
    output.flush()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_writer(stderr).with_ansi(stderr().is_terminal()).init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ticker: {error}");
            ExitCode::FAILURE
        }
    }
}
