//! What the agent exports of itself: build, configuration, process, HTTP server.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use prometheus::core::Collector as _;
use prometheus::process_collector::ProcessCollector;

use super::thresholds;
use crate::collector::{KINDS, runner};
use crate::config::{Config, KindEntry};
use crate::http::routes::Routes;
use crate::http::server::{self, ServerStats};
use crate::metric::catalog::Group;
use crate::metric::{Families, Metric, MetricInfo, Unit};
use crate::policy::Policy;

const BUILD_INFO: Metric<2> =
    Metric::gauge("manometer_build_info", &["version", "revision"], "The version and git revision of the agent.")
        .unit(Unit::Info)
        .source("build");

const ENVIRONMENT_INFO: Metric<1> = Metric::gauge(
    "manometer_environment_info",
    &["environment"],
    "The name of the environment that is watched; absent if none is configured.",
)
.unit(Unit::Info)
.source("config.toml environment, ENV_NAME");

const TARGETS: Metric<0> = Metric::gauge("manometer_targets", &[], "Configured targets.").source("config.toml");

const RELOAD_SUCCESSFUL: Metric<0> = Metric::gauge(
    "manometer_config_last_reload_successful",
    &[],
    "Whether the last reading of the configuration succeeded; 0 means that the agent runs on an older one.",
)
.unit(Unit::Bool)
.source("SIGHUP, POST /-/reload");

const RELOAD_TIMESTAMP: Metric<0> = Metric::gauge(
    "manometer_config_last_reload_success_timestamp_seconds",
    &[],
    "When the configuration that is in force was read.",
)
.unit(Unit::UnixSeconds)
.source("SIGHUP, POST /-/reload");

const SCRAPE_REQUEST_ERRORS: Metric<0> = Metric::counter(
    "redis_target_scrape_request_errors_total",
    &[],
    "Requests of /scrape without a target or for one that is not configured, under redis_exporter's name.",
)
.source("GET /scrape");

const CPU_SECONDS: Metric<0> =
    Metric::counter("process_cpu_seconds_total", &[], "Total user and system CPU time spent in seconds.")
        .unit(Unit::Seconds)
        .source("/proc/self/stat");

const PROCESS: [Metric<0>; 6] = [
    Metric::gauge("process_open_fds", &[], "Number of open file descriptors.").source("/proc/self/fd"),
    Metric::gauge("process_max_fds", &[], "Maximum number of open file descriptors.").source("/proc/self/limits"),
    Metric::gauge("process_virtual_memory_bytes", &[], "Virtual memory size in bytes.")
        .unit(Unit::Bytes)
        .source("/proc/self/stat"),
    Metric::gauge("process_resident_memory_bytes", &[], "Resident memory size in bytes.")
        .unit(Unit::Bytes)
        .source("/proc/self/stat"),
    Metric::gauge("process_start_time_seconds", &[], "Start time of the process since unix epoch in seconds.")
        .unit(Unit::UnixSeconds)
        .source("/proc/self/stat"),
    Metric::gauge("process_threads", &[], "Number of OS threads in the process.").source("/proc/self/stat"),
];

const VIRTUAL_MEMORY_MAX: Metric<0> =
    Metric::gauge("process_virtual_memory_max_bytes", &[], "Maximum amount of virtual memory available in bytes.")
        .unit(Unit::Bytes)
        .source("/proc/self/limits");

/// What the agent knows of itself.
pub(super) struct SelfMetrics {
    server: Arc<ServerStats>,
    routes: OnceLock<Weak<Routes>>,
    process: Option<ProcessCollector>,
    environment: ArcSwap<Option<String>>,
    policy: ArcSwap<Policy>,
    targets: AtomicU64,
    reload_successful: AtomicBool,
    /// Seconds since the epoch.
    reloaded_at: AtomicU64,
}

impl SelfMetrics {
    pub(super) fn new(server: Arc<ServerStats>) -> Self {
        let pid = i32::try_from(std::process::id()).ok();
        Self {
            server,
            routes: OnceLock::new(),
            process: pid.map(|pid| ProcessCollector::new(pid, "")),
            environment: ArcSwap::default(),
            policy: ArcSwap::default(),
            targets: AtomicU64::new(0),
            reload_successful: AtomicBool::new(true),
            reloaded_at: AtomicU64::new(0),
        }
    }

    /// The routes count what they refuse. They hold the hub, which holds this: hence weak.
    pub(super) fn watch_routes(&self, routes: &Arc<Routes>) {
        // Set once, by the wiring.
        let _ = self.routes.set(Arc::downgrade(routes));
    }

    /// `config` is in force.
    pub(super) fn configured(&self, config: &Config) {
        self.environment.store(Arc::new(config.environment.clone()));
        self.policy.store(Arc::new(config.policy.clone()));
        self.targets.store(config.targets.len() as u64, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.reloaded_at.store(now.as_secs(), Ordering::Relaxed);
        self.reload_successful.store(true, Ordering::Relaxed);
    }

    /// A new configuration was refused.
    pub(super) fn reload_failed(&self) {
        self.reload_successful.store(false, Ordering::Relaxed);
    }

    /// Names it all.
    pub(super) fn export(&self, out: &mut Families) {
        out.push(&BUILD_INFO, [env!("CARGO_PKG_VERSION"), env!("MANOMETER_GIT_REVISION")], 1.0);
        if let Some(environment) = self.environment.load().as_deref() {
            out.push(&ENVIRONMENT_INFO, [environment], 1.0);
        }
        out.push(&TARGETS, [], self.targets.load(Ordering::Relaxed) as f64);
        out.push_bool(&RELOAD_SUCCESSFUL, [], self.reload_successful.load(Ordering::Relaxed));
        out.push(&RELOAD_TIMESTAMP, [], self.reloaded_at.load(Ordering::Relaxed) as f64);
        let refused = self.routes.get().and_then(Weak::upgrade).map_or(0, |routes| routes.unknown_targets());
        out.push(&SCRAPE_REQUEST_ERRORS, [], refused as f64);
        thresholds::export(&self.policy.load(), out);
        self.export_process(out);
        server::export(&self.server, out);
    }

    fn export_process(&self, out: &mut Families) {
        for family in self.process.iter().flat_map(ProcessCollector::collect) {
            let metric = PROCESS.iter().find(|metric| metric.info().name == family.name());
            if let (Some(metric), Some(sample)) = (metric, family.get_metric().first()) {
                out.push(metric, [], sample.get_gauge().get_value());
            }
        }
        let Ok(own) = procfs::process::Process::myself() else { return };
        // The library counts whole seconds of CPU, which hides what a small agent uses.
        if let Ok(stat) = own.stat() {
            let ticks = (stat.utime + stat.stime) as f64;
            out.push(&CPU_SECONDS, [], ticks / procfs::ticks_per_second() as f64);
        }
        if let Ok(limits) = own.limits() {
            let bytes = match limits.max_address_space.soft_limit {
                procfs::process::LimitValue::Value(bytes) => bytes as f64,
                // As the Go client writes "unlimited": 2^64 - 1.
                procfs::process::LimitValue::Unlimited => u64::MAX as f64,
            };
            out.push(&VIRTUAL_MEMORY_MAX, [], bytes);
        }
    }
}

/// Everything with a fixed name that the agent can export.
#[must_use]
pub fn catalog() -> Vec<Group> {
    catalog_of(KINDS)
}

/// The catalog of an agent that knows `kinds`.
#[must_use]
pub fn catalog_of(kinds: &[KindEntry]) -> Vec<Group> {
    let mut own = vec![
        *BUILD_INFO.info(),
        *ENVIRONMENT_INFO.info(),
        *TARGETS.info(),
        *RELOAD_SUCCESSFUL.info(),
        *RELOAD_TIMESTAMP.info(),
        *SCRAPE_REQUEST_ERRORS.info(),
        *thresholds::THRESHOLD.info(),
        *VIRTUAL_MEMORY_MAX.info(),
        *CPU_SECONDS.info(),
    ];
    own.extend(PROCESS.iter().map(|metric| *metric.info()));
    own.extend(server::metrics());
    let mut groups: Vec<Group> = kinds.iter().map(|kind| group(kind.title, kind.intro, (kind.metrics)())).collect();
    groups.push(group("Every target", "The runner's view of a target, whatever its kind.", runner::metrics()));
    groups.push(group("The agent", "These have no `target` label and are not part of `/scrape`.", own));
    groups
}

/// The catalog without its headings, each metric once: what the policy is checked against.
#[must_use]
pub fn metrics() -> Vec<MetricInfo> {
    catalog().into_iter().flat_map(|group| group.metrics).collect()
}

const fn group(title: &'static str, intro: &'static str, metrics: Vec<MetricInfo>) -> Group {
    Group { title, intro, metrics }
}
