//! Wiring: from a configuration to a running agent, its reloads and its bounded shutdown.
//!
//! What the agent is for goes out of it on the runtime that runs [`run`]: accepting, routes, signals, the end. Whatever targets do
//! has a runtime of its own (`Polls`), so that a reply which takes a second to read delays no scrape.

mod error;
mod inert;
mod look;
mod polls;
mod reload;
mod self_metrics;
mod source;
mod supervisor;
mod thresholds;

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub use self::error::StartError;
pub use self::inert::cannot_fire;
pub use self::look::{Concerned, concerned, look, may_concern, standing};
pub use self::self_metrics::{DROPPED_LOG_LINES, catalog, catalog_of, metrics};
pub use self::source::{Overrides, Source};
pub use self::supervisor::{find, poll_once};

use self::polls::Polls;
use self::reload::{Lines, Reloader};
use self::self_metrics::SelfMetrics;
use self::supervisor::Supervisor;
use crate::config::{Config, WebSettings};
use crate::discover::Discovery;
use crate::http::routes::{Routes, Runbooks};
use crate::http::server::{self, Limits, ServerStats};
use crate::http::web::WebConfig;
use crate::hub::Hub;
use crate::net::descriptors;
use crate::policy::render::{Catalog, runbooks};
use crate::state::{State, WRITE_INTERVAL};

/// How long requests in flight and polls may take to end. Answers are at hand: who has not read one by then reads slowly.
const DRAIN: Duration = Duration::from_millis(500);
/// How long the start waits for targets that are found: they may be many, and what tells of them may hang.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// How long the last write of the state may take, on a disk that is slow.
const LAST_WRITE: Duration = Duration::from_secs(5);
/// Connections that wait to be accepted, where the system allows as many (net.core.somaxconn).
const BACKLOG: u32 = 4096;

/// The section of the state file that has what was seen of who stands on whom.
const TOPOLOGY: &str = "topology";

/// Runs the agent until SIGTERM or SIGINT.
pub async fn run(source: Source, config: Config) -> Result<(), StartError> {
    let (mut terminate, mut interrupt) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
    let (version, revision) = (env!("CARGO_PKG_VERSION"), env!("MANOMETER_GIT_REVISION"));
    info!(version, revision, configuration = %config.origin, targets = config.targets.len(), "starting");
    let mut signalled = pin!(async {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    });
    let agent = tokio::select! {
        agent = Agent::start(source, config) => Some(agent?),
        signal = &mut signalled => {
            info!(signal, "stopping before the start was over");
            None
        }
    };
    if let Some(agent) = agent {
        let signal = signalled.await;
        info!(signal, "stopping");
        agent.stop().await;
    }
    info!("stopped");
    Ok(())
}

fn on(kind: SignalKind) -> Result<Signal, StartError> {
    signal(kind).map_err(StartError::Signals)
}

/// A running agent.
pub struct Agent {
    addresses: Vec<SocketAddr>,
    servers: JoinSet<()>,
    /// Owns the supervisor, which ends its targets when the agent stops.
    reloads: JoinHandle<()>,
    hub: Arc<Hub>,
    stop: CancellationToken,
    /// The last to go.
    _polls: Polls,
}

impl Agent {
    /// Watches what `config` says and serves it. `source` is where the next configuration is read when a reload is asked
    /// for.
    pub async fn start(source: Source, config: Config) -> Result<Self, StartError> {
        // First of all: a reload that is asked for while the agent starts comes after it, and does not end it.
        let hangup = on(SignalKind::hangup())?;
        let polls = Polls::start().map_err(StartError::Threads)?;
        let web = Arc::new(ArcSwap::from_pointee(load_web(&config.web)?));
        let stats = Arc::new(ServerStats::default());
        let unknown_targets = Arc::new(AtomicU64::new(0));
        let kept = Arc::new(State::open(config.state_dir.as_deref()));
        let self_metrics =
            Arc::new(SelfMetrics::new(Arc::clone(&stats), Arc::clone(&unknown_targets), Arc::clone(&kept)));
        let hub = Hub::new({
            let (self_metrics, web) = (Arc::clone(&self_metrics), Arc::clone(&web));
            move |out| {
                self_metrics.export(out);
                web.load().export(out);
            }
        });
        let hub = Arc::new(hub.with_state(Arc::clone(&kept)));
        self_metrics.look_at(&hub);
        restore(&hub, &kept);
        let (reload_sender, requests) = mpsc::channel(1);
        let runbooks: Runbooks = Box::new({
            let self_metrics = Arc::clone(&self_metrics);
            move |name| runbooks::page(&self_metrics.policy(), &Catalog::new(&metrics()), name)
        });
        let routes = Arc::new(Routes::new(Arc::clone(&hub), reload_sender, unknown_targets, runbooks));
        let listeners = bind(&config.web)?;
        let (connections, max_requests) = (connections(&config.web, listeners.len()), config.web.max_requests);
        let mut reloader = Reloader {
            discovery: Discovery::new(source.kinds, Arc::clone(&hub)),
            hub: Arc::clone(&hub),
            config: Arc::default(),
            source,
            web: Arc::clone(&web),
            routes: Arc::clone(&routes),
            self_metrics,
            supervisor: Supervisor::new(Arc::clone(&hub)),
            requests,
            hangup,
            warned: Vec::new(),
            lines: Lines::default(),
        };
        let stop = CancellationToken::new();
        let (ready, is_ready) = oneshot::channel();
        let watching = {
            let stop = stop.clone();
            async move {
                reloader.apply(config.clone()).await;
                reloader.look().await;
                // Nobody waits any more if it took long.
                let _ = ready.send(());
                reloader.run(config, stop).await;
            }
        };
        let reloads = polls.handle().spawn(keeping(Arc::clone(&hub), watching));
        // Who asks before it is known what is watched would hear of a ready agent without targets.
        let _ = timeout(FIRST_LOOK, is_ready).await;
        let limits = Limits { connections, requests: max_requests, drain: DRAIN, ..Limits::default() };
        let (mut addresses, mut servers) = (Vec::new(), JoinSet::new());
        for listener in listeners {
            if let Ok(address) = listener.local_addr() {
                info!(%address, tls = web.load().is_tls(), "listening");
                addresses.push(address);
            }
            let (web, routes, stats) = (Arc::clone(&web), Arc::clone(&routes), Arc::clone(&stats));
            servers.spawn(server::serve(listener, web, limits, routes, stats, stop.clone().cancelled_owned()));
        }
        Ok(Self { addresses, servers, reloads, hub, stop, _polls: polls })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Ends what is going on, within a limit of time, and writes the state.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let served = async { while self.servers.join_next().await.is_some() {} };
        let ended = timeout(DRAIN, &mut self.reloads);
        if let ((), Err(_)) = tokio::join!(served, ended) {
            info!(deadline = ?DRAIN, "some polls did not end in time; stopping all the same");
        }
        if timeout(LAST_WRITE, write(&self.hub)).await.is_err() {
            error!(deadline = ?LAST_WRITE, "the state was not written in time; does its disk hang?");
        }
    }
}

/// Takes up what an agent has kept in `folder` of who stands on whom: what is down shows nobody who stands on it.
pub fn recall(hub: &Hub, folder: Option<&Path>) {
    restore(hub, &State::look(folder));
}

fn restore(hub: &Hub, state: &State) {
    if let Some(topology) = state.section(TOPOLOGY).and_then(|section| serde_json::from_value(section).ok()) {
        hub.topology().restore(topology);
    }
}

/// Writes the state every few seconds, until `targets`, the task that owns them all, has ended.
async fn keeping(hub: Arc<Hub>, targets: impl Future<Output = ()>) {
    let writes = async {
        loop {
            tokio::time::sleep(WRITE_INTERVAL).await;
            write(&hub).await;
        }
    };
    tokio::select! {
        () = targets => {}
        () = writes => {}
    }
}

/// Writes the state, if anything has changed. A disk that hangs holds up the next write and nothing else.
async fn write(hub: &Hub) {
    let topology = hub.topology().to_keep(SystemTime::now());
    if let Some(topology) = topology.and_then(|topology| serde_json::to_value(topology).ok()) {
        hub.state().put(TOPOLOGY, topology);
    }
    let state = Arc::clone(hub.state());
    let _ = tokio::task::spawn_blocking(move || state.write()).await;
}

/// Reads the web configuration file, if there is one.
pub fn load_web(settings: &WebSettings) -> Result<WebConfig, StartError> {
    match &settings.config_file {
        Some(file) => WebConfig::load(file).map_err(|error| StartError::Web(error.to_string())),
        None => Ok(WebConfig::default()),
    }
}

fn bind(settings: &WebSettings) -> Result<Vec<TcpListener>, StartError> {
    let bind = |address: &SocketAddr| {
        match listen(*address) {
            // `:PORT` on a machine without IPv6.
            Err(cause) if address.is_ipv6() && address.ip().is_unspecified() && has_no_ipv6(&cause) => {
                listen((Ipv4Addr::UNSPECIFIED, address.port()).into())
            }
            bound => bound,
        }
        .map_err(|cause| StartError::Listen { address: *address, cause })
    };
    settings.listen_addresses.iter().map(bind).collect()
}

/// How many connections each of the listeners takes, for which descriptors are kept.
fn connections(settings: &WebSettings, listeners: usize) -> usize {
    let listeners = listeners.max(1);
    let connections = (descriptors::keep(settings.max_connections * listeners) / listeners).max(1);
    if connections < settings.max_connections {
        warn!(
            connections,
            max_connections = settings.max_connections,
            "the limit of open files allows fewer HTTP connections; raise it: LimitNOFILE of systemd, ulimit -n"
        );
    }
    connections
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restarted agent takes its port at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn has_no_ipv6(cause: &std::io::Error) -> bool {
    /// Linux' number; the standard library has no word for it.
    const EAFNOSUPPORT: i32 = 97;
    cause.raw_os_error() == Some(EAFNOSUPPORT) || cause.kind() == ErrorKind::AddrNotAvailable
}
