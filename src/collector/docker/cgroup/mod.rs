//! The control groups of the containers, read from their own files: what the engine's statistics are made of, and what they
//! leave out, for a fraction of what asking the engine costs the machine.
//!
//! A container's folder is found by its id (`find`), and its files are read (`v1`, `v2`) to the body that the engine would
//! send of them, so that whatever reads such a body reads these. All of it happens on a thread of its own, at most one at a
//! time. What cannot be read here, the engine is asked for: a folder that vanishes between two reads costs nobody else.

mod find;
mod machine;
mod network;
mod processes;
mod text;
mod v1;
mod v2;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bollard::models::ContainerStatsResponse;
use tokio::time::timeout;

use self::find::{Finder, Hierarchy};
pub(super) use self::machine::Machine;
pub(super) use self::processes::{Processes, STATES};
use crate::collector::docker::DockerTarget;
use crate::net::{Blocking, Endpoint};
use parking_lot::Mutex;

/// Where Linux shows the processes.
const PROC: &str = "/proc";

/// Processes of a container of which one tells its traffic: the first may have just ended.
const NETWORK_PROCESSES: usize = 4;

/// A container whose files are wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) id: String,
    /// Whether it has a network of its own whose traffic is wanted.
    pub(super) network: bool,
}

/// What is wanted of all of them beside that.
#[derive(Debug, Clone, Copy, Default)]
struct Options {
    processes: bool,
    cadvisor_labels: bool,
}

/// What the files of one container say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) time: SystemTime,
    /// As the engine would send it; its networks are `None` where they cannot be read here.
    pub(super) body: ContainerStatsResponse,
    pub(super) more: More,
}

/// What the engine does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct More {
    /// Bytes.
    pub(super) swap: Option<u64>,
    /// Bytes.
    pub(super) kernel: Option<u64>,
    /// Bytes; on v1 the engine tells it.
    pub(super) peak: Option<u64>,
    /// Pages of anonymous memory and of files that were needed again soon after they had been reclaimed.
    pub(super) refaults: [Option<u64>; 2],
    /// How often memory was over `memory.high`, at its limit, out of memory, and how many processes were killed for it.
    pub(super) events: [Option<u64>; 4],
    /// Microseconds for which some and all waited, for CPU, I/O and memory.
    pub(super) pressure: [[Option<u64>; 2]; 3],
    /// Where the control group is, in its tree.
    pub(super) folder: PathBuf,
    pub(super) processes: Option<Processes>,
}

/// What came of one look at all of them.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// By the engine's id.
    pub(super) readings: HashMap<String, Reading>,
    /// Folders that vanished while they were read.
    pub(super) vanished: u64,
    /// Whether the networks of processes can be read.
    pub(super) sees_networks: Option<bool>,
    pub(super) machine: Machine,
}

/// Reads the control groups of one engine's containers.
#[derive(Debug)]
pub(super) struct Files {
    finder: Arc<Mutex<Finder>>,
    options: Options,
    thread: Blocking<Look>,
}

impl Files {
    /// Those of the engine's machine, which is this one if the engine is reached over a socket file; `None` if it is not, or
    /// the configuration turns them off.
    pub(super) fn of(target: &DockerTarget) -> Option<Self> {
        let root = target.cgroup_root.clone()?;
        let options = Options { processes: target.processes, cadvisor_labels: target.cadvisor_labels };
        matches!(target.url.endpoint(), Endpoint::Unix(_)).then(|| Self {
            finder: Arc::new(Mutex::new(Finder::new(root))),
            options,
            thread: Blocking::new("docker-cgroups"),
        })
    }

    /// What can be read of them within `limit`; nothing if that takes longer.
    pub(super) async fn look(&mut self, wanted: Vec<Wanted>, limit: Duration) -> Look {
        let (finder, options) = (Arc::clone(&self.finder), self.options);
        let work = move || look(&mut finder.lock(), Path::new(PROC), &wanted, options);
        timeout(limit, self.thread.run(work)).await.ok().and_then(Result::ok).unwrap_or_default()
    }
}

fn look(finder: &mut Finder, proc: &Path, wanted: &[Wanted], options: Options) -> Look {
    let mut look = Look::default();
    let Some(hierarchy) = finder.hierarchy() else { return look };
    let found = finder.find(&wanted.iter().map(|wanted| wanted.id.as_str()).collect::<Vec<_>>());
    look.machine = Machine::read(proc, options.cadvisor_labels);
    for (wanted, folder) in wanted.iter().zip(found) {
        let Some(folder) = folder else { continue };
        let Some(mut reading) = read(finder.root(), hierarchy, &folder, &look.machine) else {
            look.vanished += 1;
            finder.forget(&wanted.id);
            continue;
        };
        if wanted.network {
            reading.body.networks = network::read(proc, &finder.processes(hierarchy, &folder, NETWORK_PROCESSES));
            *look.sees_networks.get_or_insert(false) |= reading.body.networks.is_some();
        }
        if options.processes {
            let processes = finder.processes(hierarchy, &folder, processes::MOST);
            reading.more.processes = processes::read(proc, &processes);
        }
        reading.more.folder = folder;
        look.readings.insert(wanted.id.clone(), reading);
    }
    look
}

fn read(root: &Path, hierarchy: Hierarchy, folder: &Path, machine: &Machine) -> Option<Reading> {
    let time = SystemTime::now();
    let (mut body, more) = match hierarchy {
        Hierarchy::V1 => v1::read(root, folder)?,
        Hierarchy::V2 => v2::read(&root.join(folder))?,
    };
    if let Some(memory) = &mut body.memory_stats {
        // As the engine shows it: the machine's memory is everyone's limit.
        memory.limit = [memory.limit, machine.memory].into_iter().flatten().min();
    }
    if let Some(cpu) = &mut body.cpu_stats {
        cpu.online_cpus = machine.cpus;
    }
    Some(Reading { time, body, more })
}

#[cfg(test)]
mod tests;
