//! What only the files of a container tell: pressure, the events of its memory, swap and reclaim.

use super::series::Series;
use crate::collector::docker::cgroup::{More, Processes, STATES};
use crate::metric::{Metric, metrics};

metrics! {
    pub(super) fn metrics;
    SWAP: gauge "container_memory_swap" ["name", "image"] Bytes,
        "Memory of the container in swap.", "cgroup files: memory.stat total_swap (v1), memory.swap.current (v2)";
    KERNEL: gauge "container_memory_kernel_usage" ["name", "image"] Bytes,
        "Memory that the kernel uses for the container.",
        "cgroup files: memory.kmem.usage_in_bytes (v1), memory.stat kernel (v2, Linux >= 5.18)";
    REFAULT_ANON: counter "container_memory_workingset_refault_anon_total" ["name", "image"] Count,
        "Anonymous pages that were needed again soon after they had been reclaimed: memory is too small.",
        "cgroup files: memory.stat workingset_refault_anon";
    REFAULT_FILE: counter "container_memory_workingset_refault_file_total" ["name", "image"] Count,
        "Pages of files that were needed again soon after they had been reclaimed: memory is too small.",
        "cgroup files: memory.stat workingset_refault_file";
    EVENTS_HIGH: counter "container_memory_events_high_total" ["name", "image"] Count,
        "Times that the container was slowed down because its memory was above memory.high; only on cgroup v2.",
        "cgroup files: memory.events high";
    EVENTS_MAX: counter "container_memory_events_max_total" ["name", "image"] Count,
        "Times that the container's memory was about to exceed its limit; only on cgroup v2.",
        "cgroup files: memory.events max";
    EVENTS_OOM: counter "container_memory_events_oom_total" ["name", "image"] Count,
        "Times that the container was out of memory; only on cgroup v2.", "cgroup files: memory.events oom";
    EVENTS_OOM_KILL: counter "container_memory_events_oom_kill_total" ["name", "image"] Count,
        "Processes in the container that the kernel killed for want of memory in this run.",
        "cgroup files: memory.oom_control oom_kill (v1), memory.events oom_kill (v2)";
    CPU_WAITING: counter "container_pressure_cpu_waiting_seconds_total" ["name", "image"] Seconds,
        "Time for which some task of the container waited for a CPU; only on cgroup v2, or where its tree is mounted \
         beside v1.",
        "cgroup files: cpu.pressure some";
    CPU_STALLED: counter "container_pressure_cpu_stalled_seconds_total" ["name", "image"] Seconds,
        "Time for which all tasks of the container waited for a CPU; only on cgroup v2.",
        "cgroup files: cpu.pressure full";
    IO_WAITING: counter "container_pressure_io_waiting_seconds_total" ["name", "image"] Seconds,
        "Time for which some task of the container waited for I/O; only on cgroup v2.",
        "cgroup files: io.pressure some";
    IO_STALLED: counter "container_pressure_io_stalled_seconds_total" ["name", "image"] Seconds,
        "Time for which all tasks of the container waited for I/O; only on cgroup v2.",
        "cgroup files: io.pressure full";
    MEMORY_WAITING: counter "container_pressure_memory_waiting_seconds_total" ["name", "image"] Seconds,
        "Time for which some task of the container waited for memory; only on cgroup v2.",
        "cgroup files: memory.pressure some";
    MEMORY_STALLED: counter "container_pressure_memory_stalled_seconds_total" ["name", "image"] Seconds,
        "Time for which all tasks of the container waited for memory; only on cgroup v2.",
        "cgroup files: memory.pressure full";
    PROCESSES: gauge "container_processes" ["name", "image"] Count,
        "Processes in the container; only with processes = true.", "cgroup files: cgroup.procs";
    FILES: gauge "container_file_descriptors" ["name", "image"] Count,
        "Open files of the container's processes; only with processes = true, and where they may be looked at.",
        "/proc/PID/fd";
    SOCKETS: gauge "container_sockets" ["name", "image"] Count,
        "Open sockets of the container's processes; only with processes = true, and where they may be looked at.",
        "/proc/PID/fd";
    TASKS: gauge "container_tasks_state" ["name", "image", "state"] Count,
        "Tasks of the container by state: sleeping, running, stopped, uninterruptible (which waits for I/O); only with \
         processes = true.", "/proc/PID/task/*/stat";
}

/// In the order of [`More::events`].
const EVENTS: [&Metric<2>; 4] = [&EVENTS_HIGH, &EVENTS_MAX, &EVENTS_OOM, &EVENTS_OOM_KILL];

/// In the order of [`More::pressure`].
const PRESSURE: [[&Metric<2>; 2]; 3] =
    [[&CPU_WAITING, &CPU_STALLED], [&IO_WAITING, &IO_STALLED], [&MEMORY_WAITING, &MEMORY_STALLED]];

/// Names it.
pub(super) fn export(more: &More, series: &mut Series<'_>) {
    series.count(&SWAP, &[], more.swap);
    series.count(&KERNEL, &[], more.kernel);
    for (metric, count) in [&REFAULT_ANON, &REFAULT_FILE].into_iter().zip(more.refaults) {
        series.count(metric, &[], count);
    }
    if let Some(Processes { count, files, states }) = &more.processes {
        series.count(&PROCESSES, &[], Some(*count));
        series.count(&FILES, &[], files.map(|[all, _]| all));
        series.count(&SOCKETS, &[], files.map(|[_, sockets]| sockets));
        for ((state, _), tasks) in STATES.iter().zip(states) {
            series.count(&TASKS, &[state], Some(*tasks));
        }
    }
    for (metric, count) in EVENTS.into_iter().zip(more.events) {
        series.count(metric, &[], count);
    }
    for (metrics, totals) in PRESSURE.into_iter().zip(more.pressure) {
        for (metric, micros) in metrics.into_iter().zip(totals) {
            series.put(metric, &[], micros.map(|micros| micros as f64 / 1e6));
        }
    }
}
