//! What no single sample says: rates and ratios, from what a container's counters grew by since its previous sample.
//!
//! The time between two samples is that between their own stamps: neither the agent's delays nor the engine's idea of the
//! system's CPU time (with which Podman leaves out the idle part) are in it.

use std::time::{Duration, SystemTime};

use super::sample::Sample;
use super::series::Series;
use crate::collector::docker::engine::Limits;
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    CPU_CORES: gauge "container_cpu_usage_cores" ["name", "image"] Count,
        "CPUs that the container kept busy since its previous sample: CPU time / time; docker stats shows it times \
         100.", "stats: cpu_stats.cpu_usage.total_usage of two samples, divided by the time between their read stamps";
    CPU_RATIO: gauge "container_cpu_usage_ratio" ["name", "image"] Ratio,
        "CPU that the container used since its previous sample, as a fraction of what it may use: CPU time / time / \
         the smallest of its CPU quota, the CPUs that it is pinned to and the host's CPUs; the host's alone if \
         inspections are off.",
        "container_cpu_usage_cores; inspect: HostConfig.NanoCpus, CpuQuota, CpusetCpus; stats: cpu_stats.online_cpus";
    ONE_CORE_RATIO: gauge "container_cpu_one_core_ratio" ["name", "image"] Ratio,
        "CPU that the container used since its previous sample, as a fraction of one CPU, which is all that a program \
         on one thread can use; only of containers that single_threaded names, and of those that have not used more \
         than 1.1 CPUs for ten minutes.",
        "container_cpu_usage_cores; config.toml single_threaded";
    MEMORY_RATIO: gauge "container_memory_usage_ratio" ["name", "image"] Ratio,
        "Memory of the container without inactive page cache, as a fraction of its configured limit: working set / \
         limit; absent without a limit.", "container_memory_working_set_bytes; inspect: HostConfig.Memory";
    BANDWIDTH_RATIO: gauge "container_network_bandwidth_ratio" ["name", "image", "direction"] Ratio,
        "Network traffic of the container since its previous sample, as a fraction of the configured bandwidth: bytes \
         of all interfaces x 8 / time / bandwidth_bits_per_second; absent unless that is set.",
        "stats: networks of two samples; config.toml bandwidth_bits_per_second";
}

/// More than what runs on one thread ever uses: beside that, kernel and runtime do a little.
const MORE_THAN_ONE: f64 = 1.1;

/// What has not used more for so long runs on one thread in effect, whatever it could.
const IN_EFFECT: Duration = Duration::from_mins(10);

/// What is kept of a container's last sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Previous {
    /// The run to which it belongs: a new one counts from 0.
    started: Option<SystemTime>,
    read: SystemTime,
    cpu: Option<u64>,
    traffic: Option<[u64; 2]>,
    /// When it was last seen to use more than one thread can.
    used_more: Option<SystemTime>,
}

/// What two samples and the limits say together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Derived {
    pub(super) cpu_cores: Option<f64>,
    pub(super) cpu_ratio: Option<f64>,
    /// Whether it runs on one thread, by its name or in effect.
    pub(super) one_core: bool,
    pub(super) memory_ratio: Option<f64>,
    /// Received and sent.
    pub(super) bandwidth: Option<[f64; 2]>,
}

/// What the derived numbers are parts of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Whole<'a> {
    /// `None` where they are not known.
    pub(super) limits: Option<&'a Limits>,
    /// Whether limits can be known, so that without them nobody can tell of what a number is a part.
    pub(super) has_limits: bool,
    pub(super) bits_per_second: Option<u64>,
    /// Whether all of its work is said to be done on one thread.
    pub(super) one_core: bool,
}

impl Previous {
    /// What the next sample needs of this one.
    pub(super) fn of(sample: &Sample, started: Option<SystemTime>) -> Self {
        let (cpu, traffic) = (sample.cpu.total, sample.network.bytes());
        Self { started, read: sample.read, cpu, traffic, used_more: None }
    }

    /// With what is remembered of the samples before it.
    pub(super) fn after(self, previous: Option<&Self>) -> Self {
        let uses_more = previous.and_then(|previous| previous.cores(&self)).is_some_and(|cores| cores > MORE_THAN_ONE);
        let used_more = if uses_more { Some(self.read) } else { previous.and_then(|previous| previous.used_more) };
        Self { used_more, ..self }
    }

    /// Whether it has not used more than one thread can for a while.
    fn is_on_one_thread(&self) -> bool {
        self.used_more.is_none_or(|at| self.read.duration_since(at).is_ok_and(|passed| passed >= IN_EFFECT))
    }

    /// CPUs that were kept busy from this sample to the next.
    fn cores(&self, next: &Self) -> Option<f64> {
        // A counter that went back is another run's.
        let used = next.cpu?.checked_sub(self.cpu?)?;
        Some(used as f64 / 1e9 / self.until(next)?)
    }

    /// Seconds from this sample to the next of the same run, if it is later.
    fn until(&self, next: &Self) -> Option<f64> {
        let passed = next.read.duration_since(self.read).ok().filter(|passed| !passed.is_zero())?;
        (self.started == next.started).then_some(passed.as_secs_f64())
    }
}

impl Derived {
    /// Of a sample and the one before it.
    pub(super) fn of(sample: &Sample, previous: Option<&Previous>, current: &Previous, whole: Whole<'_>) -> Self {
        let since = previous.and_then(|previous| Some((previous, previous.until(current)?)));
        let cpu_cores = previous.and_then(|previous| previous.cores(current));
        let host = sample.cpus.map(f64::from);
        let cpus = match whole.limits {
            Some(limits) => limits.usable_cpus(host),
            None if whole.has_limits => None,
            None => host,
        };
        let memory_limit = whole.limits.map(|limits| limits.memory).filter(|limit| *limit > 0);
        let capacity = whole.bits_per_second.filter(|capacity| *capacity > 0);
        let bandwidth = since.zip(capacity).and_then(|((previous, seconds), capacity)| {
            let ([received_before, sent_before], [received, sent]) = (previous.traffic?, current.traffic?);
            let grown = [received.checked_sub(received_before)?, sent.checked_sub(sent_before)?];
            Some(grown.map(|bytes| bytes as f64 * 8.0 / seconds / capacity as f64))
        });
        Self {
            cpu_cores,
            cpu_ratio: cpu_cores.zip(cpus).map(|(used, cpus)| used / cpus),
            one_core: whole.one_core || current.is_on_one_thread(),
            memory_ratio: sample.memory.working_set.zip(memory_limit).map(|(used, limit)| used as f64 / limit as f64),
            bandwidth,
        }
    }

    /// Names it.
    pub(super) fn export(&self, series: &mut Series<'_>) {
        series.put(&CPU_CORES, &[], self.cpu_cores);
        series.put(&CPU_RATIO, &[], self.cpu_ratio);
        series.put(&ONE_CORE_RATIO, &[], self.cpu_cores.filter(|_| self.one_core));
        series.put(&MEMORY_RATIO, &[], self.memory_ratio);
        let [received, sent] = self.bandwidth.map_or([None; 2], |both| both.map(Some));
        series.put(&BANDWIDTH_RATIO, &["receive"], received);
        series.put(&BANDWIDTH_RATIO, &["transmit"], sent);
    }
}
