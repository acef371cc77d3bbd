//! The playground: a Redis of its own under the live traffic of a ticker, a web cache and a queue, and the agent watching it.
//!
//! `make run` builds and starts it. Everything listens on 127.0.0.1, lives in one temporary folder, and ends with
//! Ctrl-C: nothing is left behind.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to the person who started it")]

mod agent;
mod cache;
mod connection;
mod container;
mod folder;
mod jobs;
mod process;
mod redis_server;
mod ticker;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::agent::Agent;
use crate::container::Engine;
use crate::folder::Folder;
use crate::process::Process;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How often the processes are looked at.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Starts a Redis with live traffic and the agent watching it; Ctrl-C ends it all.
#[derive(Parser)]
#[command(name = "playground")]
struct Arguments {
    /// The agent's binary; by default the one that was built beside the playground.
    #[arg(long, value_name = "PATH")]
    agent: Option<PathBuf>,
    /// End by itself that long after everything is ready.
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

/// What has to be cleaned up, on every way out.
struct Playground {
    folder: Folder,
    /// In the order of their start.
    processes: Vec<Process>,
    /// The engine in which the ticker runs.
    engine: Option<Engine>,
}

impl Playground {
    /// The first process that ended by itself, as an error with the end of its log.
    fn check(&mut self) -> Result<()> {
        self.processes.iter_mut().try_for_each(Process::check)
    }

    /// Starts everything, says where it is, and stays until the time is up or a process ended.
    async fn run(&mut self, arguments: &Arguments) -> Result<()> {
        let binary = agent::binary(arguments.agent.as_ref())?;
        let ticker_binary = ticker::binary()?;
        let (server, port) = redis_server::start(self.folder.path())?;
        self.processes.push(server);
        self.until(redis_server::is_ready(port), redis_server::START_DEADLINE, "redis-server").await?;

        let mut traffic = JoinSet::new();
        cache::start(port, &mut traffic).await?;
        jobs::start(port, &mut traffic)?;
        ticker::subscribe(port, &mut traffic);
        let (ticker, containers) = self.start_ticker(&ticker_binary, port).await?;

        let agent = Agent::configure(self.folder.path(), port, ticker, self.engine.as_ref())?;
        self.processes.push(agent.start(&binary)?);
        self.until(agent.is_ready(), agent::START_DEADLINE, "the agent").await?;
        self.announce(&agent, ticker, port, &containers);

        let end = arguments.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        while end.is_none_or(|end| Instant::now() < end) {
            tokio::time::sleep(WATCH_INTERVAL).await;
            self.check()?;
        }
        Ok(())
    }

    /// Starts the ticker, in a container if there is an engine for it; where it serves, and a line on what it runs in.
    async fn start_ticker(&mut self, binary: &Path, redis_port: u16) -> Result<(SocketAddr, String)> {
        let why = match self.start_ticker_in_container(binary, redis_port).await {
            Ok(started) => return Ok(started),
            Err(error) => error,
        };
        if let Some(engine) = self.engine.take() {
            engine.remove().await;
        }
        let (address, command) = ticker::command(std::process::Command::new(binary), redis_port)?;
        self.processes.push(ticker::start(command, self.folder.path())?);
        self.until(ticker::is_ready(address), ticker::START_DEADLINE, "the ticker").await?;
        Ok((address, format!("none, so there is no container_* to see: {why}")))
    }

    async fn start_ticker_in_container(&mut self, binary: &Path, redis_port: u16) -> Result<(SocketAddr, String)> {
        let engine = self.engine.insert(Engine::find().await?);
        let (address, command) = ticker::command(engine.run(binary), redis_port)?;
        let line = format!("{} of the engine at {}: the ticker", engine.name, engine.url);
        let mut service = ticker::start(command, self.folder.path())?;
        let mut ready = std::pin::pin!(ticker::is_ready(address));
        let end = Instant::now() + ticker::START_DEADLINE;
        while tokio::time::timeout(WATCH_INTERVAL, &mut ready).await.is_err() {
            service.check()?;
            if Instant::now() >= end {
                return Err(format!("a ticker in a container was not reached{}", service.log_tail()).into());
            }
        }
        self.processes.push(service);
        Ok((address, line))
    }

    /// Waits for `ready`, which retries by itself, as long as every process lives.
    async fn until(&mut self, ready: impl Future<Output = ()>, deadline: Duration, name: &str) -> Result<()> {
        let mut ready = std::pin::pin!(ready);
        let end = Instant::now() + deadline;
        loop {
            if tokio::time::timeout(WATCH_INTERVAL, &mut ready).await.is_ok() {
                return Ok(());
            }
            self.check()?;
            if Instant::now() >= end {
                let log = self.processes.last().map(Process::log_tail).unwrap_or_default();
                return Err(format!("{name} is not ready after {} s{log}", deadline.as_secs()).into());
            }
        }
    }

    fn announce(&self, agent: &Agent, ticker: SocketAddr, port: u16, containers: &str) {
        let address = agent.address;
        let folder = self.folder.path().display();
        println!(
            "\
The playground is running; Ctrl-C ends it and removes its folder.

  status page  http://{address}/
  metrics      http://{address}/metrics
  redis        redis-cli -p {port}
  ticker       http://{ticker}/advanced/backpressure/status
  its knobs    curl -s http://{ticker}/admin/knobs
  containers   {containers}
  folder       {folder} (config.toml, agent.log, redis.log, ticker.log)

What to look at: curl -s http://{address}/metrics | grep NAME
  container_cpu_usage_ratio              of the CPU that the ticker's container may use, if it runs in one
  redis_ping_ms                          one PING of the agent, well below 1
  redis_cache_hit_ratio                  about 0.85, from 2,000 keys which expire and are filled again
  redis_client_output_buffer_top_bytes   slow-dashboard grows until Redis closes it, about every two minutes
  queue_size                             jobs of Celery that wait for a worker which does five a second
  redis_keys_count                       the keys of that cache, by a pattern
  pool_busy_connections                  pool web: 8 connections at work of 12 that are open; it may open 20
  redis-cli -p {port} client pause 2000 write: the publish canary is late by up to 2 s, redis_ping_ms is not

A drill: more than the ticker can publish, for half a minute, and back to calm
  curl -X POST -d '{{\"instruments\":1000}}' http://{ticker}/admin/knobs
  curl -X POST -d '{{\"instruments\":110}}' http://{ticker}/admin/knobs
What to look at meanwhile:
  backpressure_level                     0 healthy, 1 warning, 2 critical, 3 overload
  backpressure_pending_publishes         grows while more comes than is published
  backpressure_sampling_ratio            1, then 0.8, 0.5 and 0.2 of the ticks are let in, 5 s each
  backpressure_circuit_state             closed; open after redis-cli -p {port} client pause 9000 write
  curl -X POST -d '{{\"stall_ms\":5000}}' http://{ticker}/admin/knobs: the publisher stands still for 5 s
"
        );
    }

    /// Ends the processes, the last started one first, and removes the folder.
    async fn stop(self) {
        for process in self.processes.into_iter().rev() {
            process.stop().await;
        }
        if let Some(engine) = self.engine {
            engine.remove().await;
        }
        let path = self.folder.path().to_owned();
        if let Err(error) = self.folder.remove() {
            eprintln!("playground: removing {}: {error}", path.display());
        }
    }
}

/// Completes with the first signal that asks for the end.
async fn end_signal() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

async fn play(arguments: &Arguments) -> Result<()> {
    let mut playground = Playground { folder: Folder::make()?, processes: Vec::new(), engine: None };
    let outcome = tokio::select! {
        // The handlers are in place before the first process is.
        biased;
        ended = end_signal() => ended.map_err(Into::into),
        outcome = playground.run(arguments) => outcome,
    };
    playground.stop().await;
    outcome
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match play(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("playground: {error}");
            ExitCode::FAILURE
        }
    }
}
