//! What an inspection tells of a container: the few parts of a large reply. The environment is not among them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Deserialize;

use super::lenient::{nullable, or_default, texts};
use super::time::parse;

/// A container as its inspection shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub(crate) struct Inspected {
    /// As given at creation.
    pub(crate) image: String,
    pub(crate) state: String,
    pub(crate) health: Option<String>,
    pub(crate) created: Option<SystemTime>,
    pub(crate) started: Option<SystemTime>,
    /// `None` until it has ended once.
    pub(crate) finished: Option<SystemTime>,
    /// Of the last run; 0 while it runs.
    pub(crate) exit_code: i64,
    /// Whether something in the container was killed for want of memory in this run. Cleared at the next start.
    pub(crate) oom_killed: bool,
    /// By the restart policy; a start by hand sets it back.
    pub(crate) restarts: u64,
    /// Whether it has a terminal: its log has no frames then.
    pub(crate) tty: bool,
    pub(crate) log_driver: String,
    pub(crate) network_mode: String,
    /// `no`, `always`, `unless-stopped`, `on-failure`.
    pub(crate) restart_policy: String,
    /// The id of its image: `sha256:...`.
    pub(crate) image_id: String,
    /// A folder or file of the container on the engine's machine, in the file system that it writes to; empty if none is told.
    pub(crate) storage: String,
    pub(crate) limits: Limits,
}

/// The limits that a container was given. 0 is no limit in all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes.
    pub(crate) memory: i64,
    /// Bytes of memory and swap together; -1 is no limit.
    pub(crate) memory_swap: i64,
    /// Bytes.
    pub(crate) memory_reservation: i64,
    pub(crate) cpu_shares: i64,
    /// Microseconds.
    pub(crate) cpu_period: i64,
    /// Microseconds in a period.
    pub(crate) cpu_quota: i64,
    /// Billionths of a CPU; another way to say the quota.
    pub(crate) nano_cpus: i64,
    /// CPUs of the list to which it is pinned.
    pub(crate) cpuset: u32,
}

impl Limits {
    /// The CPUs that it may use at most on a host with so many: the smallest of its quota, its list of CPUs and the host.
    pub(crate) fn usable_cpus(&self, host: Option<f64>) -> Option<f64> {
        let pinned = (self.cpuset > 0).then(|| f64::from(self.cpuset));
        [self.quota_cpus(), pinned, host].into_iter().flatten().reduce(f64::min)
    }

    /// The CPUs of its quota.
    pub(crate) fn quota_cpus(&self) -> Option<f64> {
        if self.nano_cpus > 0 {
            return Some(self.nano_cpus as f64 / 1e9);
        }
        (self.cpu_quota > 0).then(|| self.cpu_quota as f64 / self.period() as f64)
    }

    /// The length of a period of the CPU quota, in microseconds.
    pub(crate) const fn period(&self) -> i64 {
        if self.cpu_period > 0 { self.cpu_period } else { 100_000 }
    }
}

/// Without a state and an exit code in it a reply is no inspection: 0 would be a good end.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    #[serde(default, deserialize_with = "nullable")]
    created: String,
    #[serde(default, deserialize_with = "nullable")]
    image: String,
    #[serde(default, deserialize_with = "or_default")]
    graph_driver: WireGraphDriver,
    #[serde(default, deserialize_with = "nullable")]
    hostname_path: String,
    #[serde(default, deserialize_with = "nullable")]
    restart_count: u64,
    state: WireState,
    #[serde(default, deserialize_with = "nullable")]
    config: WireConfig,
    #[serde(default, deserialize_with = "nullable")]
    host_config: WireHostConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireState {
    #[serde(default, deserialize_with = "nullable")]
    status: String,
    #[serde(rename = "OOMKilled", default, deserialize_with = "nullable")]
    oom_killed: bool,
    exit_code: i64,
    #[serde(default, deserialize_with = "nullable")]
    started_at: String,
    #[serde(default, deserialize_with = "nullable")]
    finished_at: String,
    #[serde(default, deserialize_with = "nullable")]
    health: WireHealth,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireGraphDriver {
    #[serde(deserialize_with = "texts")]
    data: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireHealth {
    #[serde(deserialize_with = "nullable")]
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireConfig {
    #[serde(deserialize_with = "nullable")]
    image: String,
    #[serde(deserialize_with = "nullable")]
    tty: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireHostConfig {
    #[serde(deserialize_with = "nullable")]
    network_mode: String,
    #[serde(deserialize_with = "nullable")]
    log_config: WireLogConfig,
    #[serde(deserialize_with = "nullable")]
    restart_policy: WireRestartPolicy,
    #[serde(deserialize_with = "nullable")]
    memory: i64,
    #[serde(deserialize_with = "nullable")]
    memory_swap: i64,
    #[serde(deserialize_with = "nullable")]
    memory_reservation: i64,
    #[serde(deserialize_with = "nullable")]
    cpu_shares: i64,
    #[serde(deserialize_with = "nullable")]
    cpu_period: i64,
    #[serde(deserialize_with = "nullable")]
    cpu_quota: i64,
    #[serde(deserialize_with = "nullable")]
    nano_cpus: i64,
    #[serde(deserialize_with = "nullable")]
    cpuset_cpus: String,
}

/// How many CPUs a list such as `0-3,5` names; 0 of one that cannot be read, as of none.
pub(crate) fn cpus_in(text: &str) -> u32 {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse::<u32>().ok()?, last.trim().parse::<u32>().ok()?);
        (first <= last).then_some((first, last))
    };
    let Some(mut ranges) = text.split(',').map(range).collect::<Option<Vec<_>>>() else { return 0 };
    ranges.sort_unstable();
    // Ranges may overlap: what is below `next` is counted.
    let (mut count, mut next) = (0_u32, 0_u32);
    for (first, last) in ranges {
        let end = last.saturating_add(1);
        count = count.saturating_add(end.saturating_sub(first.max(next)));
        next = next.max(end);
    }
    count
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireRestartPolicy {
    #[serde(deserialize_with = "nullable")]
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireLogConfig {
    #[serde(rename = "Type", deserialize_with = "nullable")]
    driver: String,
}

impl From<Wire> for Inspected {
    fn from(wire: Wire) -> Self {
        let Wire { state, config, host_config: host, mut graph_driver, .. } = wire;
        // The writable layer of overlay file systems; the others tell none, and keep it beside the container's own files.
        let storage = graph_driver.data.remove("UpperDir").unwrap_or(wire.hostname_path);
        let policy = host.restart_policy.name;
        let health = Some(state.health.status).filter(|health| !matches!(health.as_str(), "" | "none"));
        Self {
            image: config.image,
            state: state.status,
            health,
            created: parse(&wire.created),
            started: parse(&state.started_at),
            finished: parse(&state.finished_at),
            exit_code: state.exit_code,
            oom_killed: state.oom_killed,
            restarts: wire.restart_count,
            tty: config.tty,
            log_driver: host.log_config.driver,
            network_mode: host.network_mode,
            restart_policy: if policy.is_empty() { "no".to_owned() } else { policy },
            image_id: wire.image,
            storage,
            limits: Limits {
                memory: host.memory,
                memory_swap: host.memory_swap,
                memory_reservation: host.memory_reservation,
                cpu_shares: host.cpu_shares,
                cpu_period: host.cpu_period,
                cpu_quota: host.cpu_quota,
                nano_cpus: host.nano_cpus,
                cpuset: cpus_in(&host.cpuset_cpus),
            },
        }
    }
}

#[cfg(test)]
mod tests;
