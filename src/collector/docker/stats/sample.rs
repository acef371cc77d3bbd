//! One sample of a container's usage, as the engine's body tells it. Who the container is, is not read from it: some
//! engines leave that out.

use std::time::SystemTime;

use bollard::models::ContainerStatsResponse;

use super::block::Block;
use super::cpu::Cpu;
use super::device::Devices;
use super::dialect::Dialect;
use super::memory::Memory;
use super::more;
use super::network::Network;
use super::series::Series;
use crate::collector::docker::cgroup::{More, Reading};
use crate::collector::docker::engine::parse_time;
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    TASKS: gauge "container_threads" ["name", "image"] Count,
        "Processes and threads in the container; docker stats shows it as PIDS.", "stats: pids_stats.current";
    MAX_TASKS: gauge "container_threads_max" ["name", "image"] Count,
        "Processes and threads that the container may have; absent without a limit.", "stats: pids_stats.limit";
}

/// CPUs that are told apart: more than any machine has that runs one Linux.
const MAX_CPUS: usize = 8192;

/// What a container uses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// When the engine read it.
    pub(super) read: SystemTime,
    /// CPUs of the host.
    pub(super) cpus: Option<u32>,
    pub(super) cpu: Cpu,
    /// Nanoseconds of each CPU, where they are told.
    pub(super) per_cpu: Vec<u64>,
    pub(super) memory: Memory,
    pub(super) network: Network,
    pub(super) block: Block,
    pub(super) tasks: Option<u64>,
    pub(super) max_tasks: Option<u64>,
    /// What its own files tell and the engine does not; `None` of a sample of the engine's.
    pub(super) more: Option<More>,
}

impl Sample {
    /// Reads a body. `None` if it is none of a running container: the engine answers for others too, with zeros.
    pub(super) fn read(body: &ContainerStatsResponse, engine: Dialect) -> Option<Self> {
        Self::read_at(body, engine.of_body(body), body.read.as_deref().and_then(parse_time)?)
    }

    /// Reads what the files of a container say.
    pub(super) fn of_files(reading: Reading) -> Option<Self> {
        let Reading { time, body, more } = reading;
        let sample = Self::read_at(&body, Dialect::default(), time)?;
        Some(Self { memory: sample.memory.with_peak(more.peak), more: Some(more), ..sample })
    }

    fn read_at(body: &ContainerStatsResponse, dialect: Dialect, read: SystemTime) -> Option<Self> {
        let cpu = body.cpu_stats.as_ref().map(|stats| Cpu::read(stats, dialect)).unwrap_or_default();
        let memory = body.memory_stats.as_ref().map(|stats| Memory::read(stats, dialect, listed(body).is_some()));
        let memory = memory.unwrap_or_default();
        // Machines without the memory controller tell no memory at all, and nothing has run without CPU time.
        if memory.usage.is_none() && cpu.total.unwrap_or(0) == 0 {
            return None;
        }
        let block = if dialect.windows {
            body.storage_stats.as_ref().map(Block::read_storage)
        } else {
            body.blkio_stats.as_ref().map(Block::read)
        };
        let tasks = body.pids_stats.as_ref();
        let online = body.cpu_stats.as_ref().and_then(|stats| stats.online_cpus);
        Some(Self {
            read,
            cpus: if dialect.windows { body.num_procs } else { online }
                .filter(|cpus| *cpus > 0)
                .or_else(|| u32::try_from(listed(body)?.len()).ok()),
            cpu,
            per_cpu: listed(body).map_or_else(Vec::new, |cpus| cpus.iter().take(MAX_CPUS).copied().collect()),
            memory,
            network: body.networks.as_ref().map(|networks| Network::read(networks, dialect)).unwrap_or_default(),
            block: block.unwrap_or_default(),
            tasks: tasks.and_then(|tasks| tasks.current),
            max_tasks: tasks.and_then(|tasks| tasks.limit).filter(|limit| ![0, u64::MAX].contains(limit)),
            more: None,
        })
    }

    /// Names it.
    pub(super) fn export(&self, has_quota: bool, devices: &Devices, series: &mut Series<'_>) {
        self.cpu.export(has_quota, &self.per_cpu, series);
        self.memory.export(series);
        self.network.export(series);
        self.block.export(devices, series);
        if let Some(more) = &self.more {
            more::export(more, series);
        }
        series.count(&TASKS, &[], self.tasks);
        series.count(&MAX_TASKS, &[], self.max_tasks);
    }
}

/// The usage of each CPU, which also tells their number where an engine does not.
fn listed(body: &ContainerStatsResponse) -> Option<&[u64]> {
    let listed = body.cpu_stats.as_ref()?.cpu_usage.as_ref()?.percpu_usage.as_deref();
    listed.filter(|cpus| !cpus.is_empty())
}
