//! The limits that a container was given.

use super::memory::Cgroup;
use super::series::Series;
use crate::collector::docker::engine::Limits;
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    CPU_PERIOD: gauge "container_spec_cpu_period" ["name", "image"] Microseconds,
        "Length of a period of the container's CPU quota, in microseconds.", "inspect: HostConfig.CpuPeriod";
    CPU_QUOTA: gauge "container_spec_cpu_quota" ["name", "image"] Microseconds,
        "CPU time that the container may use in each period, in microseconds; absent if it may use all.",
        "inspect: HostConfig.CpuQuota, NanoCpus";
    CPU_SHARES: gauge "container_spec_cpu_shares" ["name", "image"] Count,
        "Weight of the container where CPUs are scarce; 1024 unless it is set.", "inspect: HostConfig.CpuShares";
    MEMORY_LIMIT: gauge "container_spec_memory_limit_bytes" ["name", "image"] Bytes,
        "Memory that the container may have; 0 if it has no limit, so divide by it only where it is above 0.",
        "inspect: HostConfig.Memory";
    SWAP_LIMIT: gauge "container_spec_memory_swap_limit_bytes" ["name", "image"] Bytes,
        "Memory and swap together (cgroup v1) or swap alone (v2) that the container may have; 0 if it has no limit.",
        "inspect: HostConfig.MemorySwap";
    RESERVATION: gauge "container_spec_memory_reservation_limit_bytes" ["name", "image"] Bytes,
        "Memory to which the container is shrunk when memory is scarce; 0 if none is set.",
        "inspect: HostConfig.MemoryReservation";
}

/// Names the limits of a container. What limits its swap depends on the engine's control groups.
pub(super) fn export(limits: &Limits, cgroup: Option<Cgroup>, series: &mut Series<'_>) {
    let bytes = |limit: i64| u64::try_from(limit).unwrap_or(0);
    series.count(&CPU_PERIOD, &[], u64::try_from(limits.period()).ok());
    series.put(&CPU_QUOTA, &[], quota(limits));
    series.count(&CPU_SHARES, &[], Some(if limits.cpu_shares > 0 { bytes(limits.cpu_shares) } else { 1024 }));
    series.count(&MEMORY_LIMIT, &[], Some(bytes(limits.memory)));
    let swap = cgroup.map(|cgroup| match cgroup {
        Cgroup::V1 => bytes(limits.memory_swap),
        Cgroup::V2 => bytes(limits.memory_swap).saturating_sub(bytes(limits.memory)),
    });
    series.count(&SWAP_LIMIT, &[], swap);
    series.count(&RESERVATION, &[], Some(bytes(limits.memory_reservation)));
}

/// Microseconds in a period.
fn quota(limits: &Limits) -> Option<f64> {
    // Both say the same, and at most one of them is set; the whole numbers of the first need no rounding.
    if limits.nano_cpus <= 0 && limits.cpu_quota > 0 {
        return Some(limits.cpu_quota as f64);
    }
    Some((limits.quota_cpus()? * limits.period() as f64).round())
}
