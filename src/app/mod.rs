//! Wiring: from a configuration to a running agent, its reloads and its bounded shutdown.

mod error;
mod inert;
mod look;
mod reload;
mod self_metrics;
mod source;
mod supervisor;
mod thresholds;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

pub use self::error::StartError;
pub use self::inert::cannot_fire;
pub use self::look::{Concerned, concerned, look, may_concern, standing};
pub use self::self_metrics::{catalog, catalog_of, metrics};
pub use self::source::{Overrides, Source};
pub use self::supervisor::{find, poll_once};

use self::reload::{Lines, Reloader};
use self::self_metrics::SelfMetrics;
use self::supervisor::Supervisor;
use crate::config::{Config, WebSettings};
use crate::discover::Discovery;
use crate::http::routes::{Routes, Runbooks};
use crate::http::server::{self, Limits, ServerStats};
use crate::http::web::WebConfig;
use crate::hub::Hub;
use crate::policy::render::{Catalog, runbooks};
use crate::state::{State, WRITE_INTERVAL};

/// The most that the whole shutdown may take: in-flight requests, then the tasks.
const DRAIN: Duration = Duration::from_secs(5);

/// The section of the state file that has what was seen of who stands on whom.
const TOPOLOGY: &str = "topology";

/// Runs the agent until SIGTERM or SIGINT.
pub async fn run(source: Source, config: Config) -> Result<(), StartError> {
    let (mut terminate, mut interrupt) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
    let (version, revision) = (env!("CARGO_PKG_VERSION"), env!("MANOMETER_GIT_REVISION"));
    info!(version, revision, configuration = %config.origin, targets = config.targets.len(), "starting");
    let agent = Agent::start(source, config).await?;
    let signal = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    info!(signal, "stopping");
    agent.stop().await;
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
    stop: CancellationToken,
}

impl Agent {
    /// Watches what `config` says and serves it. `source` is where the next configuration is read when a reload is asked
    /// for.
    pub async fn start(source: Source, config: Config) -> Result<Self, StartError> {
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
        let hangup = on(SignalKind::hangup())?;
        let listeners = bind(&config.web).await?;
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
        // Who asks before it is known what is watched would hear of a ready agent without targets.
        reloader.apply(config.clone()).await;
        reloader.look().await;
        let stop = CancellationToken::new();
        let limits = Limits {
            connections: config.web.max_connections,
            requests: config.web.max_requests,
            drain: DRAIN,
            ..Limits::default()
        };
        let (mut addresses, mut servers) = (Vec::new(), JoinSet::new());
        for listener in listeners {
            if let Ok(address) = listener.local_addr() {
                info!(%address, tls = web.load().is_tls(), "listening");
                addresses.push(address);
            }
            let (web, routes, stats) = (Arc::clone(&web), Arc::clone(&routes), Arc::clone(&stats));
            servers.spawn(server::serve(listener, web, limits, routes, stats, stop.clone().cancelled_owned()));
        }
        let reloads = reloader.run(config, stop.clone());
        let reloads = tokio::spawn(keeping(kept, hub, reloads));
        Ok(Self { addresses, servers, reloads, stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Ends what is going on, within a limit of time.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let drained = tokio::time::timeout(DRAIN + Duration::from_secs(1), async {
            while self.servers.join_next().await.is_some() {}
            let _ = self.reloads.await;
        });
        if drained.await.is_err() {
            error!(deadline = ?DRAIN, "not everything ended in time; stopping all the same");
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

/// Writes the state every few seconds, and when `targets`, the task that owns them all, has ended.
async fn keeping(state: Arc<State>, hub: Arc<Hub>, targets: impl Future<Output = ()>) {
    let write = || {
        let topology = hub.topology().to_keep(SystemTime::now());
        if let Some(topology) = topology.and_then(|topology| serde_json::to_value(topology).ok()) {
            state.put(TOPOLOGY, topology);
        }
        let state = Arc::clone(&state);
        // A disk that hangs holds up the next write and nothing else.
        tokio::task::spawn_blocking(move || state.write())
    };
    let writes = async {
        loop {
            tokio::time::sleep(WRITE_INTERVAL).await;
            let _ = write().await;
        }
    };
    tokio::select! {
        () = targets => {}
        () = writes => {}
    }
    let _ = write().await;
}

/// Reads the web configuration file, if there is one.
pub fn load_web(settings: &WebSettings) -> Result<WebConfig, StartError> {
    match &settings.config_file {
        Some(file) => WebConfig::load(file).map_err(|error| StartError::Web(error.to_string())),
        None => Ok(WebConfig::default()),
    }
}

async fn bind(settings: &WebSettings) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for address in &settings.listen_addresses {
        let bound = match TcpListener::bind(address).await {
            // `:PORT` on a machine without IPv6.
            Err(cause) if address.is_ipv6() && address.ip().is_unspecified() && has_no_ipv6(&cause) => {
                TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
            }
            bound => bound,
        };
        let listener = bound.map_err(|cause| StartError::Listen { address: *address, cause })?;
        listeners.push(listener);
    }
    Ok(listeners)
}

fn has_no_ipv6(cause: &std::io::Error) -> bool {
    /// Linux' number; the standard library has no word for it.
    const EAFNOSUPPORT: i32 = 97;
    cause.raw_os_error() == Some(EAFNOSUPPORT) || cause.kind() == ErrorKind::AddrNotAvailable
}
