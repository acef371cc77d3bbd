//! Memory: what a container uses, with and without the page cache.

use std::collections::HashMap;

use bollard::models::ContainerMemoryStats;

use super::dialect::Dialect;
use super::series::Series;
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    USAGE: gauge "container_memory_usage_bytes" ["name", "image"] Bytes,
        "Memory of the container with all of its page cache; absent on Windows.", "stats: memory_stats.usage";
    WORKING_SET: gauge "container_memory_working_set_bytes" ["name", "image"] Bytes,
        "Memory of the container without the page cache that can go at once, as docker stats shows it: usage - \
         total_inactive_file (cgroup v1) or usage - inactive_file (v2), at least 0; usage where the engine sends \
         neither; the private working set of Windows.", "stats: memory_stats";
    RSS: gauge "container_memory_rss" ["name", "image"] Bytes,
        "Anonymous memory of the container: total_rss (cgroup v1) or anon (v2).", "stats: memory_stats.stats";
    CACHE: gauge "container_memory_cache" ["name", "image"] Bytes,
        "Page cache of the container: total_cache (cgroup v1) or file (v2).", "stats: memory_stats.stats";
    MAPPED_FILE: gauge "container_memory_mapped_file" ["name", "image"] Bytes,
        "Mapped files of the container: total_mapped_file (cgroup v1) or file_mapped (v2).",
        "stats: memory_stats.stats";
    MAX_USAGE: gauge "container_memory_max_usage_bytes" ["name", "image"] Bytes,
        "The most memory that the container has had since its start; only on cgroup v1.",
        "stats: memory_stats.max_usage";
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) cgroup: Option<Cgroup>,
    pub(super) usage: Option<u64>,
    pub(super) working_set: Option<u64>,
    /// The container's limit or that of the host, whichever is less.
    pub(super) limit: Option<u64>,
    rss: Option<u64>,
    cache: Option<u64>,
    mapped_file: Option<u64>,
    max_usage: Option<u64>,
    failcnt: Option<u64>,
    active_file: Option<u64>,
    inactive_file: Option<u64>,
    dirty: Option<u64>,
    writeback: Option<u64>,
    faults: Option<u64>,
    major_faults: Option<u64>,
    scanned: Option<u64>,
    stolen: Option<u64>,
}

impl Memory {
    pub(super) fn read(memory: &ContainerMemoryStats, dialect: Dialect) -> Self {
        if dialect.windows {
            return Self { working_set: memory.privateworkingset, ..Self::default() };
        }
        let usage = memory.usage;
        let Some((stats, cgroup)) = memory.stats.as_ref().and_then(|stats| Some((stats, Cgroup::of(stats)?))) else {
            return Self { usage, working_set: usage, limit: memory.limit, ..Self::default() };
        };
        let either = |v1, v2| stats.get(if cgroup == Cgroup::V1 { v1 } else { v2 }).copied();
        let of_v1 = |value: Option<u64>| value.filter(|_| cgroup == Cgroup::V1);
        let of_v2 = |key| (cgroup == Cgroup::V2).then(|| stats.get(key).copied()).flatten();
        let inactive_file = either("total_inactive_file", "inactive_file");
        Self {
            cgroup: Some(cgroup),
            usage,
            // The docker command shows the whole usage if more of it is inactive than there is; cAdvisor, whose name
            // this is, shows 0.
            working_set: usage.map(|usage| usage.saturating_sub(inactive_file.unwrap_or(0))),
            limit: memory.limit,
            rss: either("total_rss", "anon"),
            cache: either("total_cache", "file"),
            mapped_file: either("total_mapped_file", "file_mapped"),
            max_usage: of_v1(memory.max_usage),
            // The engine leaves out a 0; on v2 it sends another count under this name.
            failcnt: of_v1(Some(memory.failcnt.unwrap_or(0))),
            active_file: either("total_active_file", "active_file"),
            inactive_file,
            dirty: either("total_dirty", "file_dirty"),
            writeback: either("total_writeback", "file_writeback"),
            faults: stats.get("pgfault").copied(),
            major_faults: stats.get("pgmajfault").copied(),
            scanned: of_v2("pgscan"),
            stolen: of_v2("pgsteal"),
        }
    }

    /// Names it.
    pub(super) fn export(&self, series: &mut Series<'_>) {
        for (metric, value) in [
            (&USAGE, self.usage),
            (&WORKING_SET, self.working_set),
            (&RSS, self.rss),
            (&CACHE, self.cache),
            (&MAPPED_FILE, self.mapped_file),
            (&MAX_USAGE, self.max_usage),
            (&FAILCNT, self.failcnt),
            (&ACTIVE_FILE, self.active_file),
            (&INACTIVE_FILE, self.inactive_file),
            (&DIRTY, self.dirty),
            (&WRITEBACK, self.writeback),
            (&SCANNED, self.scanned),
            (&STOLEN, self.stolen),
        ] {
            series.count(metric, value);
        }
        for (kind, value) in [("pgfault", self.faults), ("pgmajfault", self.major_faults)] {
            for scope in ["container", "hierarchy"] {
                series.count_of_two(&FAULTS, [kind, scope], value);
            }
        }
    }
}
