//! The host collector: the machine that the agent runs on, under `node_exporter`'s names.
//!
//! Its files are read on threads of their own: a look at a dead network file system may hang in the kernel for ever, and
//! must cost neither the runtime a thread nor the rest of the numbers their freshness. Where `node_exporter` runs already
//! its series are left to it, and only what it has not is shown.

mod cpu;
mod disk;
mod exporter;
mod filesystem;
mod machine;
mod memory;
mod netclass;
mod netstat;
mod network;
mod parse;
mod pressure;
mod process;
mod read;
mod room;
mod settings;
mod sockstat;
mod softnet;
mod sysctl;
mod system;
mod vmstat;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::timeout;
use tracing::info;

use self::cpu::Ratchet;
use self::exporter::Exporter;
use self::filesystem::Mount;
use self::machine::{Machine, Slow};
use self::netclass::Device;
use self::parse::Bounded;
use self::process::Processes;
use self::read::Texts;
use self::room::Room;
pub use self::settings::{HostTarget, HostWhen};
use super::{Collector, Health, PollError, Reason};
use crate::metric::{Families, MetricInfo, metrics};
use crate::net::Blocking;

/// Where the kernel tells of itself.
const PROC: &str = "/proc";

metrics! {
    fn metrics;
    UP: gauge "host_up" [] Bool, "Whether the last poll of the host succeeded.", "poll";
    SUPPRESSED: gauge "manometer_host_suppressed" [] Bool,
        "Whether the agent leaves node_exporter's series to the node_exporter that runs beside it.",
        "/proc/PID/comm and cmdline; GET / of 127.0.0.1:9100";
}

/// Watches the machine.
pub struct HostCollector {
    target: HostTarget,
    names: Arc<[String]>,
    files: Blocking<io::Result<Reading>>,
    mounts: Blocking<Option<Bounded<Mount>>>,
    devices: Blocking<Option<Bounded<Device>>>,
    exporter: Exporter,
    ratchet: Ratchet,
    /// What was last said of it in the log.
    suppressed: bool,
}

/// What one poll saw.
#[derive(Debug)]
pub struct Snapshot {
    processes: Processes,
    room: Room,
    /// `None` where another exporter has it.
    machine: Option<Machine>,
}

/// What was read of /proc, all at one moment.
struct Reading {
    texts: Texts,
    processes: Processes,
    time: SystemTime,
}

impl HostCollector {
    /// A collector that has not looked yet.
    #[must_use]
    pub fn new(target: HostTarget) -> Self {
        Self {
            names: target.processes.clone().into(),
            target,
            files: Blocking::new("host"),
            mounts: Blocking::new("host-mounts"),
            devices: Blocking::new("host-devices"),
            exporter: Exporter::default(),
            ratchet: Ratchet::default(),
            suppressed: false,
        }
    }

    /// Whether another exporter has the series already.
    async fn is_suppressed(&mut self, processes: &Processes) -> bool {
        let suppressed = self.target.when == HostWhen::Auto && (processes.exporter || self.exporter.answers().await);
        if suppressed != self.suppressed {
            self.suppressed = suppressed;
            if suppressed {
                info!(target_name = %self.target.name, "node_exporter runs here; its series are left to it");
            } else {
                info!(target_name = %self.target.name, "node_exporter has gone; its series are shown");
            }
        }
        suppressed
    }
}

fn read(names: &[String]) -> io::Result<Reading> {
    let root = Path::new(PROC);
    Ok(Reading { time: SystemTime::now(), texts: read::texts(root)?, processes: process::scan(root, names) })
}

impl Collector for HostCollector {
    const NAME: &'static str = "host";
    type Snapshot = Snapshot;

    fn metrics() -> Vec<MetricInfo> {
        [metrics(), process::metrics(), room::metrics(), machine::metrics()].concat()
    }

    async fn poll(&mut self) -> Result<Snapshot, PollError> {
        let names = Arc::clone(&self.names);
        let read = self.files.run(move || read(&names)).await.and_then(std::convert::identity);
        let Reading { texts, processes, time } = read.map_err(|error| unreadable(&error))?;
        let suppressed = self.is_suppressed(&processes).await;
        // One that hangs costs its own numbers and no others.
        let limit = self.target.deadline / 2;
        let mounts = timeout(limit, self.mounts.run(filesystem::read));
        let properties = async {
            if suppressed { None } else { timeout(limit, self.devices.run(netclass::read)).await.ok()?.ok()? }
        };
        let (mounts, properties) = tokio::join!(mounts, properties);
        let slow = Slow { mounts: mounts.ok().and_then(Result::ok).flatten(), properties };
        let mut machine = Machine::of(&texts, slow, time);
        let room = machine.room();
        if suppressed {
            return Ok(Snapshot { processes, room, machine: None });
        }
        if let Some(cpu) = &mut machine.cpu {
            self.ratchet.hold(cpu);
        }
        Ok(Snapshot { processes, room, machine: Some(machine) })
    }

    fn export(snapshot: &Snapshot, out: &mut Families) {
        out.push_bool(&SUPPRESSED, [], snapshot.machine.is_none());
        process::export(&snapshot.processes, out);
        snapshot.room.export(out);
        if let Some(machine) = &snapshot.machine {
            machine::export(machine, out);
        }
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        out.push_bool(&UP, [], health.error.is_none());
    }
}

fn unreadable(error: &io::Error) -> PollError {
    let advice = "mount proc there, and let the agent read it";
    PollError::new(Reason::Connect, format!("reading {PROC}"), error.to_string(), advice)
}

#[cfg(test)]
mod tests;
