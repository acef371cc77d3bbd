//! Reloads: validate first, then swap. A bad new configuration changes nothing, and says so in the log and in a gauge.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::self_metrics::SelfMetrics;
use super::supervisor::Supervisor;
use super::{Source, StartError, load_web};
use crate::config::{Config, Targets};
use crate::discover::Discovery;
use crate::http::routes::{ReloadRequest, Routes, Settings};
use crate::http::web::WebConfig;
use crate::hub::Hub;

/// The most that reading a configuration may take: a file on a share that hangs must not end all reloads.
const READ_DEADLINE: Duration = Duration::from_secs(10);

/// Lines about reloads that are logged at once, and the time after which there is one more: whoever may ask for a reload must
/// not be able to fill the log.
const LINES: u32 = 6;
const LINE_EACH: Duration = Duration::from_secs(10);

/// Applies configurations, one at a time.
pub(super) struct Reloader {
    pub(super) source: Source,
    pub(super) web: Arc<ArcSwap<WebConfig>>,
    pub(super) routes: Arc<Routes>,
    pub(super) self_metrics: Arc<SelfMetrics>,
    pub(super) supervisor: Supervisor,
    pub(super) discovery: Discovery,
    pub(super) hub: Arc<Hub>,
    /// The configuration in force.
    pub(super) config: Arc<Config>,
    pub(super) requests: mpsc::Receiver<ReloadRequest>,
    pub(super) hangup: Signal,
    /// What has been said of the configuration in force.
    pub(super) warned: Vec<String>,
    pub(super) lines: Lines,
}

/// Which reloads get a line in the log.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Those of late, of which one is forgotten each [`LINE_EACH`].
    written: u32,
    since: Option<Instant>,
    held_back: u64,
}

impl Lines {
    /// How many reloads went unsaid since the last line; `None` if this one does too.
    fn next(&mut self, now: Instant) -> Option<u64> {
        let since = *self.since.get_or_insert(now);
        let forgotten = (now - since).as_secs() / LINE_EACH.as_secs();
        self.written = self.written.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX));
        self.since =
            Some(if self.written == 0 { now } else { since + LINE_EACH * u32::try_from(forgotten).unwrap_or(0) });
        if self.written >= LINES {
            self.held_back += 1;
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.held_back))
    }
}

impl Reloader {
    /// Applies each new configuration that SIGHUP or a request asks for after `started`, until `stop`; then ends the
    /// targets.
    pub(super) async fn run(mut self, started: Config, stop: CancellationToken) {
        loop {
            let request = tokio::select! {
                () = stop.cancelled() => break,
                _ = self.hangup.recv() => None,
                request = self.requests.recv() => request,
                () = self.discovery.changed() => {
                    self.watch().await;
                    continue;
                }
            };
            // A file on a share that hangs does not hold up the end.
            let Some(read) = stop.run_until_cancelled(self.validated()).await else { break };
            let outcome = self.reload(&started, read).await;
            if let Some(request) = request {
                // Whoever asked may have gone.
                let _ = request.send(outcome);
            }
        }
        self.supervisor.end_all().await;
    }

    async fn reload(&mut self, started: &Config, read: Result<(Config, WebConfig), StartError>) -> Result<(), String> {
        let unlogged = self.lines.next(Instant::now());
        match read {
            Ok((config, web)) => {
                for setting in unlogged.iter().flat_map(|_| needs_restart(started, &config)) {
                    warn!(setting, "changed, but takes effect only when the agent is started again");
                }
                self.web.store(Arc::new(web));
                let targets = config.targets.len();
                self.apply(config).await;
                if let Some(unlogged) = unlogged {
                    info!(targets, unlogged, "configuration reloaded");
                }
                Ok(())
            }
            Err(error) => {
                self.self_metrics.reload_failed();
                if let Some(unlogged) = unlogged {
                    error!(%error, unlogged, "reload failed; the old configuration stays");
                }
                Err(error.to_string())
            }
        }
    }

    /// Reads and validates off the runtime's threads: the files may lie on a slow disk.
    async fn validated(&self) -> Result<(Config, WebConfig), StartError> {
        let source = self.source.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let config = source.read()?;
            let web = load_web(&config.web)?;
            Ok((config, web))
        });
        match tokio::time::timeout(READ_DEADLINE, reading).await {
            Ok(read) => read.unwrap_or_else(|fault| Err(StartError::Read(format!("a fault of the agent: {fault}")))),
            Err(_) => Err(StartError::Read(format!("not read within {READ_DEADLINE:?}; does a disk or a share hang?"))),
        }
    }

    /// Puts a configuration in force.
    pub(super) async fn apply(&mut self, config: Config) {
        for warning in config.warnings.iter().filter(|warning| !self.warned.contains(warning)) {
            warn!("{warning}");
        }
        self.warned.clone_from(&config.warnings);
        let (environment, enable_lifecycle) = (config.environment.clone(), config.web.enable_lifecycle);
        self.routes.configure(Settings { environment, enable_lifecycle });
        self.self_metrics.configured(&config);
        self.supervisor.reloaded(config.site.clone());
        self.discovery.configured(&config);
        self.config = Arc::new(config);
        self.watch().await;
    }

    /// Looks for targets once before anybody asks which there are.
    pub(super) async fn look(&mut self) {
        if self.discovery.look().await {
            self.watch().await;
        }
    }

    /// Watches what is configured, and what was found beside it.
    async fn watch(&mut self) {
        let targets: Targets = self.config.targets.iter().cloned().chain(self.discovery.targets()).collect();
        let told = self.discovery.told();
        self.hub.set_notices(told.lines());
        self.self_metrics.watching(&self.config.policy, &targets, told);
        self.supervisor.apply(&targets).await;
    }
}

/// The settings that differ from those the agent was started with, and cannot be swapped while running.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let mut settings = Vec::new();
    if old.web.listen_addresses != new.web.listen_addresses {
        settings.push("web.listen_address");
    }
    if (old.web.max_connections, old.web.max_requests) != (new.web.max_connections, new.web.max_requests) {
        settings.push("web.max_connections, web.max_requests");
    }
    if old.log != new.log {
        settings.push("logging");
    }
    if old.state_dir != new.state_dir {
        settings.push("state_dir");
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_reloads_some_are_logged_and_the_rest_is_counted() {
        let (mut lines, start) = (Lines::default(), Instant::now());
        for _ in 0..LINES {
            assert_eq!(lines.next(start), Some(0));
        }
        for _ in 0..500 {
            assert_eq!(lines.next(start + Duration::from_secs(9)), None);
        }
        assert_eq!(lines.next(start + LINE_EACH), Some(500));
        assert_eq!(lines.next(start + LINE_EACH + Duration::from_secs(9)), None);
        assert_eq!(lines.next(start + LINE_EACH * 2), Some(1));
        for _ in 0..LINES {
            assert_eq!(lines.next(start + Duration::from_hours(1)), Some(0));
        }
        assert_eq!(lines.next(start + Duration::from_hours(1)), None);
    }
}
