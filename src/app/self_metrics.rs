//! What the agent exports of itself: build, configuration, process, HTTP server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use prometheus::core::Collector as _;
use prometheus::process_collector::ProcessCollector;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::inert::{self, Inert};
use super::thresholds;
use crate::collector::{KINDS, runner};
use crate::config::{Config, KindEntry, Targets};
use crate::discover::{self, Told};
use crate::http::server::{self, ServerStats};
use crate::http::web;
use crate::hub::Hub;
use crate::metric::catalog::Group;
use crate::metric::{Families, MetricInfo, metrics};
use crate::policy::Policy;
use crate::state::State;
use crate::topology;

metrics! {
    fn own;
    BUILD_INFO: gauge "manometer_build_info" ["version", "revision"] Info,
        "The version and git revision of the agent.", "build";
    ENVIRONMENT_INFO: gauge "manometer_environment_info" ["environment"] Info,
        "The name of the environment that is watched; absent if none is configured.",
        "config.toml environment, ENV_NAME";
    TARGETS: gauge "manometer_targets" [] Count, "Configured targets.", "config.toml";
    RELOAD_SUCCESSFUL: gauge "manometer_config_last_reload_successful" [] Bool,
        "Whether the last reading of the configuration succeeded; 0 means that the agent runs on an older one.",
        "SIGHUP, POST /-/reload";
    RELOAD_TIMESTAMP: gauge "manometer_config_last_reload_success_timestamp_seconds" [] UnixSeconds,
        "When the configuration that is in force was read.", "SIGHUP, POST /-/reload";
    SCRAPE_REQUEST_ERRORS: counter "redis_target_scrape_request_errors_total" [] Count,
        "Requests of /scrape for a target that is not configured, under redis_exporter's name.",
        "GET /scrape";
    STATE_KEPT: gauge "manometer_state_kept" [] Bool,
        "Whether positions in logs and the like are kept over a restart; 0 without state_dir, and where it cannot be \
         used.", "state_dir";
    STATE_FAILURES: counter "manometer_state_write_failures_total" [] Count,
        "Failed writes of the state file; the agent goes on and tries again.", "state_dir";
    STATE_WRITTEN: gauge "manometer_state_last_write_timestamp_seconds" [] UnixSeconds,
        "When the state file was last written; absent before the first time. Nothing is written while nothing changes.",
        "state_dir";
    STATE_BYTES: gauge "manometer_state_bytes" [] Bytes,
        "Size of the state file when it was last written.", "state_dir";
    LOG_LINES_DROPPED: counter "manometer_log_lines_dropped_total" [] Count,
        "Log lines that were dropped, because nobody read the log or writing failed.", "stderr";
    CPU_SECONDS: counter "process_cpu_seconds_total" [] Seconds,
        "Total user and system CPU time spent in seconds.", "CLOCK_PROCESS_CPUTIME_ID";
    VIRTUAL_MEMORY_MAX: gauge "process_virtual_memory_max_bytes" [] Bytes,
        "Maximum amount of virtual memory available in bytes.", "RLIMIT_AS";
}

metrics! {
    fn process;
    /// What the library reads, by its name there, which is ours.
    const PROCESS: [(&'static str, Metric<0>)];
    "process_open_fds" => gauge "process_open_fds" [] Count, "Number of open file descriptors.", "/proc/self/fd";
    "process_max_fds" => gauge "process_max_fds" [] Count,
        "Maximum number of open file descriptors.", "/proc/self/limits";
    "process_virtual_memory_bytes" => gauge "process_virtual_memory_bytes" [] Bytes,
        "Virtual memory size in bytes.", "/proc/self/stat";
    "process_resident_memory_bytes" => gauge "process_resident_memory_bytes" [] Bytes,
        "Resident memory size in bytes.", "/proc/self/stat";
    "process_start_time_seconds" => gauge "process_start_time_seconds" [] UnixSeconds,
        "Start time of the process since unix epoch in seconds.", "/proc/self/stat";
    "process_threads" => gauge "process_threads" [] Count, "Number of OS threads in the process.", "/proc/self/stat";
}

/// The lines that the log of this process has dropped.
pub static DROPPED_LOG_LINES: AtomicU64 = AtomicU64::new(0);

/// What the agent knows of itself.
pub(super) struct SelfMetrics {
    server: Arc<ServerStats>,
    unknown_targets: Arc<AtomicU64>,
    state: Arc<State>,
    process: Option<ProcessCollector>,
    environment: ArcSwap<Option<String>>,
    policy: ArcSwap<Policy>,
    inert: Inert,
    targets: AtomicU64,
    told: ArcSwap<Told>,
    reload_successful: AtomicBool,
    /// Seconds since the epoch.
    reloaded_at: AtomicU64,
}

impl SelfMetrics {
    pub(super) fn new(server: Arc<ServerStats>, unknown_targets: Arc<AtomicU64>, state: Arc<State>) -> Self {
        let pid = i32::try_from(std::process::id()).ok();
        Self {
            server,
            unknown_targets,
            state,
            process: pid.map(|pid| ProcessCollector::new(pid, "")),
            environment: ArcSwap::default(),
            policy: ArcSwap::default(),
            inert: Inert::default(),
            targets: AtomicU64::new(0),
            told: ArcSwap::default(),
            reload_successful: AtomicBool::new(true),
            reloaded_at: AtomicU64::new(0),
        }
    }

    /// `config` is in force.
    pub(super) fn configured(&self, config: &Config) {
        self.environment.store(Arc::new(config.environment.clone()));
        self.policy.store(Arc::new(config.policy.clone()));
        self.inert.forget();
        self.targets.store(config.targets.len() as u64, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.reloaded_at.store(now.as_secs(), Ordering::Relaxed);
        self.reload_successful.store(true, Ordering::Relaxed);
    }

    /// `targets` are watched: those of the configuration, and those that were found.
    pub(super) fn watching(&self, policy: &Policy, targets: &Targets, told: &Told) {
        self.inert.watching(policy, targets);
        self.told.store(Arc::new(told.clone()));
    }

    /// Where the targets show what they have.
    pub(super) fn look_at(&self, hub: &Arc<Hub>) {
        self.inert.look_at(hub);
    }

    /// The policy in force.
    pub(super) fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
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
        out.push(&SCRAPE_REQUEST_ERRORS, [], self.unknown_targets.load(Ordering::Relaxed) as f64);
        out.push(&LOG_LINES_DROPPED, [], DROPPED_LOG_LINES.load(Ordering::Relaxed) as f64);
        discover::export(&self.told.load(), out);
        thresholds::export(&self.policy.load(), out);
        self.inert.export(out);
        self.export_state(out);
        self.export_process(out);
        server::export(&self.server, out);
    }

    fn export_state(&self, out: &mut Families) {
        out.push_bool(&STATE_KEPT, [], self.state.is_kept());
        out.push(&STATE_FAILURES, [], self.state.failures() as f64);
        if let Some((at, bytes)) = self.state.written() {
            out.push(&STATE_WRITTEN, [], at as f64);
            out.push(&STATE_BYTES, [], bytes as f64);
        }
    }

    fn export_process(&self, out: &mut Families) {
        for family in self.process.iter().flat_map(ProcessCollector::collect) {
            let known = PROCESS.iter().find(|(name, _)| *name == family.name());
            if let (Some((_, metric)), Some(sample)) = (known, family.get_metric().first()) {
                out.push(metric, [], sample.get_gauge().get_value());
            }
        }
        // The library counts whole seconds of CPU, which hides what a small agent uses.
        let used = clock_gettime(ClockId::ProcessCPUTime);
        out.push(&CPU_SECONDS, [], used.tv_sec as f64 + used.tv_nsec as f64 / 1e9);
        // As the Go client writes "unlimited": 2^64 - 1.
        out.push(&VIRTUAL_MEMORY_MAX, [], getrlimit(Resource::As).current.unwrap_or(u64::MAX) as f64);
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
    let own = [
        own(),
        discover::metrics(),
        thresholds::metrics(),
        inert::metrics(),
        topology::metrics(),
        process(),
        server::metrics(),
        web::metrics(),
    ]
    .concat();
    let mut groups: Vec<Group> = kinds.iter().map(|kind| group(kind.title, kind.intro, (kind.metrics)())).collect();
    let of_targets = [runner::metrics(), topology::metrics_of_targets()].concat();
    groups.push(group("Every target", "The agent's view of a target, whatever its kind.", of_targets));
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
