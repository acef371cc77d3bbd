//! Wiring: from a configuration to a running agent, its reloads and its bounded shutdown.

mod reload;
mod self_metrics;
mod supervisor;
mod thresholds;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

pub use self::self_metrics::{catalog, metrics};
pub use self::supervisor::poll_once;

use self::reload::Reloader;
use self::self_metrics::SelfMetrics;
use self::supervisor::Supervisor;
use crate::config::{Config, ConfigError, WebSettings};
use crate::http::routes::{RouteStats, Routes};
use crate::http::server::{self, Limits, ServerStats};
use crate::http::web::WebConfig;
use crate::hub::Hub;

/// The most that the whole shutdown may take: in-flight requests, then the tasks.
const DRAIN: Duration = Duration::from_secs(5);

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file; `None` for the environment.
    pub file: Option<PathBuf>,
    /// What the command line sets, over what the file says.
    pub overrides: Overrides,
}

/// Settings of the command line.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--web.listen-address`.
    pub listen_addresses: Vec<SocketAddr>,
    /// `--web.config.file`.
    pub web_config_file: Option<PathBuf>,
    /// `--log.level`.
    pub log_level: Option<crate::config::LogLevel>,
    /// `--log.format`.
    pub log_format: Option<crate::config::LogFormat>,
}

impl Source {
    /// Reads and validates the configuration.
    pub fn read(&self) -> Result<Config, StartError> {
        let mut config = match &self.file {
            Some(file) => Config::load(file)?,
            None => Config::from_environment(&|name| std::env::var(name).ok())?.ok_or(StartError::NoConfig)?,
        };
        if !self.overrides.listen_addresses.is_empty() {
            config.web.listen_addresses.clone_from(&self.overrides.listen_addresses);
        }
        if let Some(file) = &self.overrides.web_config_file {
            config.web.config_file = Some(file.clone());
        }
        config.log.level = self.overrides.log_level.unwrap_or(config.log.level);
        config.log.format = self.overrides.log_format.unwrap_or(config.log.format);
        Ok(config)
    }
}

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Neither a file nor the environment.
    #[error(
        "no configuration: there is no ./config.toml and REDIS_URL is not set; write a config.toml (see README), give \
         one with --config FILE, or set REDIS_URL=redis://HOST:6379"
    )]
    NoConfig,
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The web configuration file is wrong.
    #[error("{0}")]
    Web(String),
    /// The configuration could not be read at all.
    #[error("reading the configuration: {0}")]
    Read(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}; is another agent running, or is the port below 1024?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        cause: std::io::Error,
    },
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(std::io::Error),
}

impl StartError {
    /// Whether the person who started the agent can mend it by other arguments or another configuration.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::NoConfig | Self::Config(_) | Self::Web(_))
    }
}

/// Reads the web configuration file, if there is one.
pub fn load_web(settings: &WebSettings) -> Result<WebConfig, StartError> {
    match &settings.config_file {
        Some(file) => WebConfig::load(file).map_err(|error| StartError::Web(error.to_string())),
        None => Ok(WebConfig::default()),
    }
}

/// Runs the agent until SIGTERM or SIGINT.
pub async fn run(source: Source, config: Config) -> Result<(), StartError> {
    let web = Arc::new(ArcSwap::from_pointee(load_web(&config.web)?));
    let stats = Arc::new(ServerStats::default());
    let route_stats = Arc::new(RouteStats::default());
    let self_metrics = Arc::new(SelfMetrics::new(Arc::clone(&stats), Arc::clone(&route_stats)));
    let hub = Arc::new(Hub::new({
        let self_metrics = Arc::clone(&self_metrics);
        move |out| self_metrics.export(out)
    }));
    let (reload_sender, reload_requests) = mpsc::channel(1);
    let routes = Arc::new(Routes::new(Arc::clone(&hub), reload_sender, route_stats));
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    let hangup = signal(SignalKind::hangup()).map_err(StartError::Signals)?;

    let listeners = bind(&config.web).await?;
    let limits = Limits {
        connections: config.web.max_connections,
        requests: config.web.max_requests,
        drain: DRAIN,
        ..Limits::default()
    };
    let mut reloader = Reloader {
        source,
        web: Arc::clone(&web),
        routes: Arc::clone(&routes),
        self_metrics,
        supervisor: Supervisor::new(hub),
        requests: reload_requests,
        hangup,
    };
    // Who asks before it is known what is watched would hear of a ready agent without targets.
    reloader.apply(&config).await;
    let mut servers = JoinSet::new();
    for listener in listeners {
        if let Ok(address) = listener.local_addr() {
            info!(%address, tls = web.load().is_tls(), "listening");
        }
        let handler = Arc::clone(&routes);
        servers.spawn(server::serve(
            listener,
            Arc::clone(&web),
            limits,
            handler,
            Arc::clone(&stats),
            stop.clone().cancelled_owned(),
        ));
    }
    let reloads = tokio::spawn(reloader.run(config, stop.clone()));

    let signal = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    info!(signal, "stopping");
    stop.cancel();
    let drained = tokio::time::timeout(DRAIN + Duration::from_secs(1), async {
        while servers.join_next().await.is_some() {}
        // The reloader owns the supervisor, which ends its targets when the agent stops.
        let _ = reloads.await;
    });
    if drained.await.is_err() {
        error!(deadline = ?DRAIN, "not everything ended in time; stopping all the same");
    }
    info!("stopped");
    Ok(())
}

async fn bind(settings: &WebSettings) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for address in &settings.listen_addresses {
        let listener =
            TcpListener::bind(address).await.map_err(|cause| StartError::Listen { address: *address, cause })?;
        listeners.push(listener);
    }
    Ok(listeners)
}
