//! Cgroup v2: one folder, with the pressure and the events of memory beside what v1 has.

use std::path::Path;

use bollard::models::{
    ContainerBlkioStatEntry, ContainerBlkioStats, ContainerCpuStats, ContainerCpuUsage, ContainerMemoryStats,
    ContainerPidsStats, ContainerStatsResponse, ContainerThrottlingData,
};

use super::More;
use super::text::{device, number, pairs, read as text};

/// Reads the files of the container's folder; `None` without those that every container has.
pub(super) fn read(folder: &Path) -> Option<(ContainerStatsResponse, More)> {
    let own = |name: &str| number(&folder.join(name));
    let all = |name: &str| text(&folder.join(name)).map(|text| pairs(&text)).unwrap_or_default();
    let cpu = pairs(&text(&folder.join("cpu.stat"))?);
    let stat = pairs(&text(&folder.join("memory.stat"))?);
    let events = all("memory.events");
    let more = More {
        swap: own("memory.swap.current"),
        kernel: stat.get("kernel").copied(),
        peak: own("memory.peak"),
        refaults: ["anon", "file"].map(|kind| stat.get(&format!("workingset_refault_{kind}")).copied()),
        events: ["high", "max", "oom", "oom_kill"].map(|kind| events.get(kind).copied()),
        pressure: pressures(folder),
        ..More::default()
    };
    let body = ContainerStatsResponse {
        cpu_stats: Some(read_cpu(&|key| cpu.get(key).copied())?),
        memory_stats: Some(ContainerMemoryStats {
            usage: Some(own("memory.current")?),
            limit: own("memory.max"),
            stats: Some(stat),
            ..ContainerMemoryStats::default()
        }),
        blkio_stats: text(&folder.join("io.stat")).map(|text| read_io(&text)),
        pids_stats: Some(ContainerPidsStats { current: own("pids.current"), limit: own("pids.max") }),
        ..ContainerStatsResponse::default()
    };
    Some((body, more))
}

fn read_cpu(stat: &dyn Fn(&str) -> Option<u64>) -> Option<ContainerCpuStats> {
    let nanos = |key: &str| Some(stat(key)?.saturating_mul(1000));
    Some(ContainerCpuStats {
        cpu_usage: Some(ContainerCpuUsage {
            total_usage: Some(nanos("usage_usec")?),
            usage_in_usermode: nanos("user_usec"),
            usage_in_kernelmode: nanos("system_usec"),
            ..ContainerCpuUsage::default()
        }),
        throttling_data: Some(ContainerThrottlingData {
            periods: stat("nr_periods"),
            throttled_periods: stat("nr_throttled"),
            throttled_time: nanos("throttled_usec"),
        }),
        ..ContainerCpuStats::default()
    })
}

/// The lines `254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`.
fn read_io(text: &str) -> ContainerBlkioStats {
    let (mut bytes, mut requests) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some((major, minor)) = words.next().and_then(device) else { continue };
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            let (list, op) = match key {
                "rbytes" => (&mut bytes, "read"),
                "wbytes" => (&mut bytes, "write"),
                "rios" => (&mut requests, "read"),
                "wios" => (&mut requests, "write"),
                _ => continue,
            };
            let Ok(value) = value.parse() else { continue };
            list.push(ContainerBlkioStatEntry {
                major: Some(major),
                minor: Some(minor),
                op: Some(op.to_owned()),
                value: Some(value),
            });
        }
    }
    ContainerBlkioStats {
        io_service_bytes_recursive: Some(bytes),
        io_serviced_recursive: Some(requests),
        ..ContainerBlkioStats::default()
    }
}

/// For how long tasks waited; also where v1 counts the rest, if the kernel has this tree beside it.
pub(super) fn pressures(folder: &Path) -> [[Option<u64>; 2]; 3] {
    ["cpu", "io", "memory"]
        .map(|what| text(&folder.join(format!("{what}.pressure"))).map(|text| pressure(&text)).unwrap_or_default())
}

/// The totals of the lines `some avg10=0.00 avg60=0.00 avg300=0.00 total=1234` and `full ...`.
fn pressure(text: &str) -> [Option<u64>; 2] {
    ["some ", "full "].map(|kind| {
        let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
        line.split_ascii_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
    })
}
