//! CPU time and throttling.

use bollard::models::ContainerCpuStats;

use super::dialect::Dialect;
use super::series::{Series, seconds};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    USAGE: counter "container_cpu_usage_seconds_total" ["name", "image", "cpu"] Seconds,
        "CPU time that the container has used, of all CPUs together (cpu=\"total\"); with cadvisor_labels of each of \
         them instead, where that is counted (cgroup v1).",
        "stats: cpu_stats.cpu_usage.total_usage";
    USER: counter "container_cpu_user_seconds_total" ["name", "image"] Seconds,
        "CPU time that the container has used in user mode; in steps of 10 ms on cgroup v1, absent on Windows.",
        "stats: cpu_stats.cpu_usage.usage_in_usermode";
    SYSTEM: counter "container_cpu_system_seconds_total" ["name", "image"] Seconds,
        "CPU time that the container has used in kernel mode; in steps of 10 ms on cgroup v1.",
        "stats: cpu_stats.cpu_usage.usage_in_kernelmode";
    PERIODS: counter "container_cpu_cfs_periods_total" ["name", "image"] Count,
        "Periods of the container's CPU quota in which it wanted to run; absent without a quota.",
        "stats: cpu_stats.throttling_data.periods";
    THROTTLED_PERIODS: counter "container_cpu_cfs_throttled_periods_total" ["name", "image"] Count,
        "Periods in which the container had used up its CPU quota and had to wait; absent without a quota.",
        "stats: cpu_stats.throttling_data.throttled_periods";
    THROTTLED_SECONDS: counter "container_cpu_cfs_throttled_seconds_total" ["name", "image"] Seconds,
        "Time for which the container had to wait for its next CPU quota, of all CPUs together; absent without a \
         quota.", "stats: cpu_stats.throttling_data.throttled_time";
}

/// The CPU time of a container, in nanoseconds since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cpu {
    pub(super) total: Option<u64>,
    pub(super) user: Option<u64>,
    pub(super) system: Option<u64>,
    pub(super) throttling: Option<Throttling>,
}

/// What a CPU quota cost a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Throttling {
    pub(super) periods: u64,
    pub(super) throttled_periods: u64,
    /// Nanoseconds.
    pub(super) throttled_time: u64,
}

impl Cpu {
    pub(super) fn read(stats: &ContainerCpuStats, dialect: Dialect) -> Self {
        let usage = stats.cpu_usage.as_ref();
        let (total, system) =
            (usage.and_then(|usage| usage.total_usage), usage.and_then(|usage| usage.usage_in_kernelmode));
        if dialect.windows {
            // Hundreds of nanoseconds. What the engine calls user mode there is the time in kernel mode once more, and
            // under Hyper-V the kernel's part is not known and sent as 0.
            let nanos = |ticks: u64| ticks.saturating_mul(100);
            return Self {
                total: total.map(nanos),
                system: system.filter(|ticks| *ticks > 0).map(nanos),
                ..Self::default()
            };
        }
        let throttling = stats.throttling_data.as_ref().and_then(|data| {
            Some(Throttling {
                periods: data.periods?,
                throttled_periods: data.throttled_periods?,
                throttled_time: data.throttled_time?,
            })
        });
        Self {
            total,
            system,
            user: usage.and_then(|usage| usage.usage_in_usermode),
            // Podman sends zeros whatever happens.
            throttling: throttling.filter(|throttling| throttling.periods > 0 || dialect.podman.is_none()),
        }
    }

    /// Names it, with what each CPU has done for the container if that is wanted. Without a quota the engine sends zeros for
    /// the throttling.
    pub(super) fn export(&self, has_quota: bool, per_cpu: &[u64], series: &mut Series<'_>) {
        if per_cpu.is_empty() {
            series.put(&USAGE, &["total"], self.total.map(seconds));
        }
        // As cAdvisor does, which leaves out a CPU that has done nothing.
        for (cpu, nanos) in per_cpu.iter().enumerate().filter(|(_, nanos)| **nanos > 0) {
            series.put(&USAGE, &[&format!("cpu{cpu:02}")], Some(seconds(*nanos)));
        }
        series.put(&USER, &[], self.user.map(seconds));
        series.put(&SYSTEM, &[], self.system.map(seconds));
        let throttling = self.throttling.filter(|throttling| has_quota || throttling.periods > 0);
        series.count(&PERIODS, &[], throttling.map(|throttling| throttling.periods));
        series.count(&THROTTLED_PERIODS, &[], throttling.map(|throttling| throttling.throttled_periods));
        series.put(&THROTTLED_SECONDS, &[], throttling.map(|throttling| seconds(throttling.throttled_time)));
    }
}
