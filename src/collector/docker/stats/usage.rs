//! What one sweep brought, and its names.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::derive::Derived;
use super::device::Devices;
use super::memory::{Cgroup, Memory};
use super::sample::Sample;
use super::series::Series;
use super::spec;
use crate::collector::docker::cgroup::Machine;
use crate::collector::docker::container::Container;
use crate::collector::docker::engine::Limits;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    DURATION: gauge "manometer_docker_sweep_duration_seconds" [] Seconds,
        "How long the last poll took to ask the running containers for their usage.", "agent";
    CONTAINERS: gauge "manometer_docker_containers" ["stage"] Count,
        "Watched containers (seen), and the outcome of the last poll's request for their usage: sampled, idle (not \
         running), failed (error, or no answer in time) or skipped (not requested).", "agent";
    CAPACITY: gauge "container_memory_capacity_bytes" ["name", "image"] Bytes,
        "Memory that the container can have: its limit or, where that is less, its working set and what the machine has \
         left; the machine's memory in its place where the containers' own files do not tell what is left; absent without a \
         working set.",
        "stats: memory_stats.limit; /proc/meminfo: MemAvailable";
    CORES: gauge "machine_cpu_cores" [] Count,
        "CPUs of the machine on which the engine runs; absent until a container runs.",
        "stats: cpu_stats.online_cpus; num_procs of Windows";
    PHYSICAL_CORES: gauge "machine_cpu_physical_cores" [] Count,
        "Cores of the machine on which the engine runs, of which each may be several CPUs; only with the containers' \
         own files.", "/sys/devices/system/cpu/*/topology";
    SOCKETS: gauge "machine_cpu_sockets" [] Count,
        "Sockets of the machine on which the engine runs; only with the containers' own files.",
        "/sys/devices/system/cpu/*/topology";
    MEMORY: gauge "machine_memory_bytes" [] Bytes,
        "Memory of the machine on which the engine runs; without the containers' own files absent until a container \
         without a memory limit runs.", "/proc/meminfo; stats: memory_stats.limit of a container without a limit";
    SWAP: gauge "machine_swap_bytes" [] Bytes,
        "Swap of the machine on which the engine runs; only with the containers' own files.", "/proc/meminfo";
}

/// Bytes that no machine has: the kernel's ways to write that there is no limit are above it.
const NO_LIMIT: u64 = 1 << 60;

/// What one sweep brought, container by container.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// By the engine's id.
    measured: HashMap<String, Measured>,
    devices: Devices,
    stages: Stages,
    duration: Duration,
    /// Where the containers' files told it.
    machine: Machine,
}

/// One container's sample and what it says together with the one before it.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) sample: Sample,
    pub(super) derived: Derived,
}

/// How many containers got how far; all but the first add up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stages {
    pub(super) seen: usize,
    pub(super) sampled: usize,
    pub(super) idle: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

impl Usage {
    pub(super) fn new(
        measured: HashMap<String, Measured>,
        devices: Devices,
        stages: Stages,
        duration: Duration,
    ) -> Self {
        Self { measured, devices, stages, duration, machine: Machine::default() }
    }

    /// With what is known of the machine.
    pub(super) fn on(self, machine: Option<Machine>) -> Self {
        Self { machine: machine.unwrap_or_default(), ..self }
    }

    /// How many processes of each container the kernel has killed for want of memory, and when that was read.
    pub(crate) fn oom_kills(&self) -> impl Iterator<Item = (&str, SystemTime, u64)> {
        self.measured.iter().filter_map(|(id, measured)| {
            let [.., killed] = measured.sample.more.as_ref()?.events;
            Some((id.as_str(), measured.sample.read, killed?))
        })
    }

    /// The path of a container's control group, as far as it is known: an engine that was not told otherwise has this one.
    pub(crate) fn cgroup_of(&self, id: &str) -> String {
        let more = self.measured.get(id).and_then(|measured| measured.sample.more.as_ref());
        more.map_or_else(|| format!("/docker/{id}"), |more| format!("/{}", more.folder.display()))
    }

    #[cfg(test)]
    pub(super) const fn stages(&self) -> Stages {
        self.stages
    }

    /// The control groups of the engine; all of its containers have the same.
    fn cgroup(&self) -> Option<Cgroup> {
        self.measured.values().find_map(|measured| measured.sample.memory.cgroup)
    }
}

/// Names what a sweep brought.
pub(crate) fn export(containers: &[Container], usage: &Usage, out: &mut Families) {
    let Stages { seen, sampled, idle, failed, skipped } = usage.stages;
    out.push(&DURATION, [], usage.duration.as_secs_f64());
    for (stage, containers) in
        [("seen", seen), ("sampled", sampled), ("idle", idle), ("failed", failed), ("skipped", skipped)]
    {
        out.push(&CONTAINERS, [stage], containers as f64);
    }
    let cgroup = usage.cgroup();
    for container in containers {
        let limits = container.inspected.as_ref().map(|inspected| &inspected.limits);
        let mut series = Series::new(container, out);
        // As cAdvisor does, which knows the limits of what runs: sums over them are sums over what may be used now.
        if let Some(limits) = limits.filter(|_| container.state.has_usage()) {
            spec::export(limits, cgroup, &mut series);
        }
        if let Some(Measured { sample, derived }) = usage.measured.get(&container.id) {
            let has_quota = limits.and_then(Limits::quota_cpus).is_some();
            sample.export(has_quota, &usage.devices, &mut series);
            derived.export(&mut series);
            series.count(&CAPACITY, &[], capacity(&sample.memory, usage.machine.available));
        }
    }
    export_machine(containers, usage, out);
}

/// Up to where the memory of a container can grow.
fn capacity(memory: &Memory, available: Option<u64>) -> Option<u64> {
    // Of what has no limit the engine says that it is the machine's memory.
    let limit = memory.limit.filter(|limit| (1..NO_LIMIT).contains(limit));
    let used = memory.working_set?;
    [limit, available.map(|available| used.saturating_add(available))].into_iter().flatten().min()
}

/// Names what the samples tell of the engine's machine.
fn export_machine(containers: &[Container], usage: &Usage, out: &mut Families) {
    let Machine { memory, swap, sockets, cores, ids, .. } = &usage.machine;
    let mut put = |metric, value: Option<f64>| {
        if let Some(value) = value {
            out.push_with(metric, [], ids, value);
        }
    };
    put(&CORES, usage.measured.values().filter_map(|measured| measured.sample.cpus).max().map(f64::from));
    put(&PHYSICAL_CORES, cores.map(|cores| cores as f64));
    put(&SOCKETS, sockets.map(|sockets| sockets as f64));
    put(&SWAP, swap.map(|bytes| bytes as f64));
    // The engine shows the machine's memory as the limit of what has none.
    let unlimited =
        |container: &&Container| container.inspected.as_ref().is_some_and(|inspected| inspected.limits.memory == 0);
    let limits = containers.iter().filter(unlimited).filter_map(|container| {
        let memory = &usage.measured.get(&container.id)?.sample.memory;
        memory.limit.filter(|limit| (1..NO_LIMIT).contains(limit))
    });
    put(&MEMORY, memory.or_else(|| limits.max()).map(|bytes| bytes as f64));
}
