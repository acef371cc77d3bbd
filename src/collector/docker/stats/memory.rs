//! Memory: what a container uses, with and without the page cache.

use std::collections::HashMap;

use bollard::models::ContainerMemoryStats;

use super::dialect::Dialect;
use super::series::Series;
use crate::metric::{Metric, metrics};

metrics! {
    pub(super) fn metrics;
    USAGE: gauge "container_memory_usage_bytes" ["name", "image"] Bytes,
        "Memory of the container with all of its page cache; absent on Windows, and by Podman's API unless that is \
         older than 4.8 and on cgroup v1.", "stats: memory_stats.usage";
    WORKING_SET: gauge "container_memory_working_set_bytes" ["name", "image"] Bytes,
        "Memory of the container without the page cache that can go at once, as docker stats shows it: usage - \
         total_inactive_file (cgroup v1) or usage - inactive_file (v2), at least 0; usage where the engine sends \
         neither; by Podman's API only from 5.6 on; the private working set of Windows.", "stats: memory_stats";
    RSS: gauge "container_memory_rss" ["name", "image"] Bytes,
        "Anonymous memory of the container: total_rss (cgroup v1) or anon (v2); by Podman's API only up to \
         5.5, on v2.",
        "stats: memory_stats.stats; memory_stats.usage of Podman";
    CACHE: gauge "container_memory_cache" ["name", "image"] Bytes,
        "Page cache of the container: total_cache (cgroup v1) or file (v2).", "stats: memory_stats.stats";
    MAPPED_FILE: gauge "container_memory_mapped_file" ["name", "image"] Bytes,
        "Mapped files of the container: total_mapped_file (cgroup v1) or file_mapped (v2).",
        "stats: memory_stats.stats";
    MAX_USAGE: gauge "container_memory_max_usage_bytes" ["name", "image"] Bytes,
        "The most memory that the container has had since its start; on cgroup v2 only from its own \
         files, Linux >= 5.19.", "stats: memory_stats.max_usage; memory.peak";
    FAILCNT: counter "container_memory_failcnt" ["name", "image"] Count,
        "Times that the container's memory reached its limit; only on cgroup v1, and some kernels never count it.",
        "stats: memory_stats.failcnt";
    ACTIVE_FILE: gauge "container_memory_total_active_file_bytes" ["name", "image"] Bytes,
        "Page cache of the container that was used more than once recently.", "stats: memory_stats.stats";
    INACTIVE_FILE: gauge "container_memory_total_inactive_file_bytes" ["name", "image"] Bytes,
        "Page cache of the container that is reclaimed first.", "stats: memory_stats.stats";
    DIRTY: gauge "container_memory_file_dirty_bytes" ["name", "image"] Bytes,
        "Page cache of the container that is not written to its disk yet: total_dirty (cgroup v1) or file_dirty (v2).",
        "stats: memory_stats.stats";
    WRITEBACK: gauge "container_memory_file_writeback_bytes" ["name", "image"] Bytes,
        "Page cache of the container that is being written to its disk: total_writeback (cgroup v1) or file_writeback \
         (v2).", "stats: memory_stats.stats";
    FAULTS: counter "container_memory_failures_total" ["name", "image", "failure_type", "scope"] Count,
        "Page faults of the container: all (pgfault), and those that read from disk (pgmajfault); both scopes have \
         the same value.", "stats: memory_stats.stats";
    SCANNED: counter "container_memory_pgscan_total" ["name", "image"] Count,
        "Pages of the container scanned for reclaim; only on cgroup v2.", "stats: memory_stats.stats.pgscan";
    STOLEN: counter "container_memory_pgsteal_total" ["name", "image"] Count,
        "Pages reclaimed from the container; only on cgroup v2.", "stats: memory_stats.stats.pgsteal";
}

/// The two hierarchies of control groups; their statistics have different keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cgroup {
    V1,
    V2,
}

impl Cgroup {
    fn of(stats: &HashMap<String, u64>) -> Option<Self> {
        if stats.contains_key("total_inactive_file") {
            return Some(Self::V1);
        }
        (stats.contains_key("inactive_file") || stats.contains_key("anon")).then_some(Self::V2)
    }
}

/// The memory of a container, in bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Memory {
    pub(super) cgroup: Option<Cgroup>,
    pub(super) usage: Option<u64>,
    pub(super) working_set: Option<u64>,
    /// The container's limit or that of the host, whichever is less.
    pub(super) limit: Option<u64>,
    /// What only the statistics of control groups tell, in the order of [`IN_STATS`].
    in_stats: [Option<u64>; IN_STATS.len()],
    /// Page faults, and those for which a disk was read.
    faults: [Option<u64>; 2],
    max_usage: Option<u64>,
    failcnt: Option<u64>,
}

/// What is in the statistics, and under which keys on v1 and v2; an empty one is not there.
const IN_STATS: [(&Metric<2>, &str, &str); 9] = [
    (&RSS, "total_rss", "anon"),
    (&CACHE, "total_cache", "file"),
    (&MAPPED_FILE, "total_mapped_file", "file_mapped"),
    (&ACTIVE_FILE, "total_active_file", "active_file"),
    (&INACTIVE_FILE, "total_inactive_file", "inactive_file"),
    (&DIRTY, "total_dirty", "file_dirty"),
    (&WRITEBACK, "total_writeback", "file_writeback"),
    (&SCANNED, "", "pgscan"),
    (&STOLEN, "", "pgsteal"),
];

impl Memory {
    /// Reads the memory of a body; `per_cpu` says whether that lists the CPUs.
    pub(super) fn read(memory: &ContainerMemoryStats, dialect: Dialect, per_cpu: bool) -> Self {
        if dialect.windows {
            return Self { working_set: memory.privateworkingset, ..Self::default() };
        }
        let (usage, limit) = (memory.usage, memory.limit);
        let Some((stats, cgroup)) = memory.stats.as_ref().and_then(|stats| Some((stats, Cgroup::of(stats)?))) else {
            return match dialect.podman {
                Some(version) => Self { limit, ..Self::of_podman(usage, version, per_cpu) },
                None => Self { usage, working_set: usage, limit, ..Self::default() },
            };
        };
        let is_v1 = cgroup == Cgroup::V1;
        let inactive_file = stats.get(if is_v1 { "total_inactive_file" } else { "inactive_file" });
        Self {
            cgroup: Some(cgroup),
            usage,
            // The docker command shows the whole usage if more of it is inactive than there is; cAdvisor, whose name
            // this is, shows 0.
            working_set: usage.map(|usage| usage.saturating_sub(inactive_file.copied().unwrap_or(0))),
            limit,
            in_stats: IN_STATS.map(|(_, v1, v2)| stats.get(if is_v1 { v1 } else { v2 }).copied()),
            faults: ["pgfault", "pgmajfault"].map(|key| stats.get(key).copied()),
            max_usage: memory.max_usage.filter(|_| is_v1),
            // The engine leaves out a 0; on v2 it sends another count under this name.
            failcnt: is_v1.then(|| memory.failcnt.unwrap_or(0)),
        }
    }

    /// Podman sends one number, and no statistics that say what it is: that depends on its version, and on the control
    /// groups, of which only v1 lists the CPUs.
    fn of_podman(told: Option<u64>, version: [u32; 3], is_v1: bool) -> Self {
        let mut memory = Self::default();
        match version {
            // Built from a branch without a number.
            [0, ..] => {}
            [major, minor, _] if (major, minor) >= (5, 6) => memory.working_set = told,
            _ if !is_v1 => memory.in_stats[0] = told,
            [major, minor, _] if (major, minor) < (4, 8) => memory.usage = told,
            // Anonymous memory and that of tmpfs, for which there is no name.
            _ => {}
        }
        memory
    }

    /// With the most memory that it has had, where that is told elsewhere.
    pub(super) fn with_peak(self, peak: Option<u64>) -> Self {
        Self { max_usage: self.max_usage.or(peak), ..self }
    }

    pub(super) fn export(&self, series: &mut Series<'_>) {
        series.count(&USAGE, &[], self.usage);
        series.count(&WORKING_SET, &[], self.working_set);
        series.count(&MAX_USAGE, &[], self.max_usage);
        series.count(&FAILCNT, &[], self.failcnt);
        for ((metric, ..), value) in IN_STATS.iter().zip(self.in_stats) {
            series.count(metric, &[], value);
        }
        for (kind, value) in ["pgfault", "pgmajfault"].iter().zip(self.faults) {
            for scope in ["container", "hierarchy"] {
                series.count(&FAULTS, &[kind, scope], value);
            }
        }
    }
}
