//! Cgroup v1: a folder in each controller's own tree.

use std::path::{Path, PathBuf};

use bollard::models::{
    ContainerBlkioStatEntry, ContainerBlkioStats, ContainerCpuStats, ContainerCpuUsage, ContainerMemoryStats,
    ContainerPidsStats, ContainerStatsResponse, ContainerThrottlingData,
};

use super::text::{device, number, pairs, read as text};
use super::{More, v2};

/// The unit of `cpuacct.stat`, whatever the kernel's own clock does.
const NANOS_A_TICK: u64 = 10_000_000;

/// What the kernel shows as memory limit where there is none is above it.
const NO_LIMIT: u64 = 1 << 60;

/// Reads the files of the container at `folder` of each tree; `None` without those that every container has.
pub(super) fn read(root: &Path, folder: &Path) -> Option<(ContainerStatsResponse, More)> {
    let of = |controller: &str| tree(root, controller).join(folder);
    let (cpu, memory) = (read_cpu(&of("cpuacct"), &of("cpu"))?, of("memory"));
    let stat = pairs(&text(&memory.join("memory.stat"))?);
    let own = |name: &str| number(&memory.join(name));
    let control = text(&memory.join("memory.oom_control")).map(|text| pairs(&text)).unwrap_or_default();
    let more = More {
        swap: stat.get("total_swap").copied(),
        kernel: own("memory.kmem.usage_in_bytes"),
        peak: None,
        refaults: ["anon", "file"].map(|kind| stat.get(&format!("total_workingset_refault_{kind}")).copied()),
        events: [None, None, None, control.get("oom_kill").copied()],
        pressure: v2::pressures(&root.join("unified").join(folder)),
        ..More::default()
    };
    let body = ContainerStatsResponse {
        memory_stats: Some(ContainerMemoryStats {
            usage: Some(own("memory.usage_in_bytes")?),
            max_usage: own("memory.max_usage_in_bytes"),
            failcnt: own("memory.failcnt"),
            limit: own("memory.limit_in_bytes").filter(|limit| *limit < NO_LIMIT),
            stats: Some(stat),
            ..ContainerMemoryStats::default()
        }),
        cpu_stats: Some(cpu),
        blkio_stats: Some(read_blkio(&of("blkio"))),
        pids_stats: Some(ContainerPidsStats {
            current: number(&of("pids").join("pids.current")),
            limit: number(&of("pids").join("pids.max")),
        }),
        ..ContainerStatsResponse::default()
    };
    Some((body, more))
}

/// The tree of a controller, which may share one with another.
pub(super) fn tree(root: &Path, controller: &str) -> PathBuf {
    let own = root.join(controller);
    if matches!(controller, "cpu" | "cpuacct") && !own.is_dir() {
        return root.join("cpu,cpuacct");
    }
    own
}

fn read_cpu(usage: &Path, quota: &Path) -> Option<ContainerCpuStats> {
    let ticks = text(&usage.join("cpuacct.stat")).map(|text| pairs(&text)).unwrap_or_default();
    let nanos = |mode: &str| Some(ticks.get(mode)?.saturating_mul(NANOS_A_TICK));
    let throttling = text(&quota.join("cpu.stat")).map(|text| pairs(&text)).unwrap_or_default();
    let throttled = |key: &str| throttling.get(key).copied();
    Some(ContainerCpuStats {
        cpu_usage: Some(ContainerCpuUsage {
            total_usage: Some(number(&usage.join("cpuacct.usage"))?),
            usage_in_usermode: nanos("user"),
            usage_in_kernelmode: nanos("system"),
            percpu_usage: text(&usage.join("cpuacct.usage_percpu"))
                .and_then(|text| text.split_ascii_whitespace().map(|nanos| nanos.parse().ok()).collect()),
        }),
        throttling_data: Some(ContainerThrottlingData {
            periods: throttled("nr_periods"),
            throttled_periods: throttled("nr_throttled"),
            throttled_time: throttled("throttled_time"),
        }),
        ..ContainerCpuStats::default()
    })
}

/// The scheduler CFQ counts by itself; with every other one the throttling does.
fn read_blkio(folder: &Path) -> ContainerBlkioStats {
    let of = |name: &str| text(&folder.join(name)).map(|text| entries(&text)).filter(|entries| !entries.is_empty());
    let counted = |what: &str| {
        of(&format!("blkio.{what}_recursive"))
            .or_else(|| of(&format!("blkio.throttle.{what}_recursive")))
            .or_else(|| of(&format!("blkio.throttle.{what}")))
    };
    ContainerBlkioStats {
        io_service_bytes_recursive: counted("io_service_bytes"),
        io_serviced_recursive: counted("io_serviced"),
        io_merged_recursive: of("blkio.io_merged_recursive"),
        io_service_time_recursive: of("blkio.io_service_time_recursive"),
        io_queue_recursive: of("blkio.io_queued_recursive"),
        ..ContainerBlkioStats::default()
    }
}

/// The lines `254:0 Read 4096`. The last one is the sum of all devices.
fn entries(text: &str) -> Vec<ContainerBlkioStatEntry> {
    let entry = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let (major, minor) = device(words.next()?)?;
        let (op, value) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        Some(ContainerBlkioStatEntry { major: Some(major), minor: Some(minor), op: Some(op), value: Some(value) })
    };
    text.lines().filter_map(entry).collect()
}
