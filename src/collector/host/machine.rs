//! The machine as a whole: what is known of it, each part for itself.

use std::time::SystemTime;

use sysinfo::LoadAvg;

use super::cpu::{self, Stat};
use super::disk::{self, Disk};
use super::filesystem::{self, Mount};
use super::netclass;
use super::network::{self, Device};
use super::parse::{Bounded, Rows};
use super::read::Texts;
use super::room::Room;
use super::sysctl::{self, Sysctls};
use super::system::{self, Files, Uname};
use super::{memory, netstat, pressure, sockstat, softnet, vmstat};
use crate::metric::{Families, MetricInfo, metrics};

metrics! {
    fn own;
    SUCCESS: gauge "node_scrape_collector_success" ["collector"] Bool,
        "Whether this part of the machine could be read; filesystem is 0 while a file system does not answer.", "poll";
    LEFT_OUT: gauge "manometer_host_left_out" ["kind"] Count,
        "File systems, disks and network devices that were left out because there are too many.", "poll";
}

/// What is known of it; `None` for a part that could not be read.
#[derive(Debug)]
pub(super) struct Machine {
    time: SystemTime,
    pub(super) cpu: Option<Stat>,
    load: Option<LoadAvg>,
    memory: Option<Rows>,
    disks: Option<Bounded<Disk>>,
    devices: Option<Bounded<Device>>,
    properties: Option<Bounded<netclass::Device>>,
    softnet: Option<Bounded<softnet::Cpu>>,
    netstat: Option<Rows>,
    sockstat: Option<Rows>,
    pressure: Option<Rows>,
    mounts: Option<Bounded<Mount>>,
    files: Option<Files>,
    uname: Option<Uname>,
    sysctls: Option<Sysctls>,
    vmstat: Option<Rows>,
    conntrack: Option<(u64, u64)>,
    entropy: Option<(u64, u64)>,
}

/// What a thread of its own reads of each: it may be kept waiting.
#[derive(Debug, Default)]
pub(super) struct Slow {
    pub(super) mounts: Option<Bounded<Mount>>,
    pub(super) properties: Option<Bounded<netclass::Device>>,
}

impl Machine {
    /// Reads the texts.
    pub(super) fn of(texts: &Texts, slow: Slow, time: SystemTime) -> Self {
        Self {
            time,
            cpu: cpu::parse(&texts.stat, texts.ticks_per_second),
            load: texts.load.clone(),
            memory: texts.meminfo.as_deref().and_then(memory::parse),
            disks: texts.diskstats.as_deref().map(disk::parse),
            devices: texts.net_dev.as_deref().map(network::parse),
            properties: slow.properties,
            softnet: texts.softnet.as_deref().and_then(softnet::parse),
            netstat: netstat::parse(&texts.netstat),
            sockstat: sockstat::parse(&texts.sockstat, texts.page_size),
            pressure: pressure::parse(&texts.pressure),
            mounts: slow.mounts,
            files: texts.file_nr.as_deref().and_then(system::parse_files),
            uname: system::parse_uname(&texts.kernel, texts.machine.clone()),
            sysctls: sysctl::parse(&texts.sysctls),
            vmstat: texts.vmstat.as_deref().and_then(vmstat::parse),
            conntrack: system::parse_pair(&texts.conntrack),
            entropy: system::parse_pair(&texts.entropy),
        }
    }

    /// What is left of what can run out.
    pub(super) fn room(&self) -> Room {
        let mounts = self.mounts.as_ref().map_or(&[][..], |mounts| &mounts.shown);
        Room::of(self.memory.as_ref(), self.files, mounts)
    }

    /// Whether each part could be read, under the names that `node_exporter` gives them.
    const fn parts(&self) -> [(&'static str, bool); 16] {
        [
            ("cpu", self.cpu.is_some()),
            ("diskstats", self.disks.is_some()),
            ("entropy", self.entropy.is_some()),
            ("filefd", self.files.is_some()),
            ("filesystem", self.mounts.is_some()),
            ("loadavg", self.load.is_some()),
            ("meminfo", self.memory.is_some()),
            ("netclass", self.properties.is_some()),
            ("netdev", self.devices.is_some()),
            ("netstat", self.netstat.is_some()),
            ("pressure", self.pressure.is_some()),
            ("sockstat", self.sockstat.is_some()),
            ("softnet", self.softnet.is_some()),
            ("sysctl", self.sysctls.is_some()),
            ("uname", self.uname.is_some()),
            ("vmstat", self.vmstat.is_some()),
        ]
    }
}

/// The large families come last: it is they that the series limit cuts.
pub(super) fn export(machine: &Machine, out: &mut Families) {
    for (part, success) in machine.parts() {
        out.push_bool(&SUCCESS, [part], success);
    }
    system::export_time(machine.time, out);
    let left_out = [
        ("disk", machine.disks.as_ref().map(|disks| disks.left_out)),
        ("filesystem", machine.mounts.as_ref().map(|mounts| mounts.left_out)),
        ("network", machine.devices.as_ref().map(|devices| devices.left_out)),
    ];
    for (kind, count) in left_out {
        if let Some(count) = count {
            out.push(&LEFT_OUT, [kind], count as f64);
        }
    }
    let Machine { cpu, load, memory, disks, devices, mounts, files, uname, sysctls, vmstat, .. } = machine;
    put(load.as_ref(), system::export_load, out);
    put(uname.as_ref(), system::export_uname, out);
    put(*files, system::export_files, out);
    put(sysctls.as_ref(), sysctl::export, out);
    for rows in [memory, vmstat, &machine.pressure, &machine.netstat, &machine.sockstat] {
        put(rows.as_ref(), Rows::export, out);
    }
    put(machine.conntrack, system::export_conntrack, out);
    put(machine.entropy, system::export_entropy, out);
    put(cpu.as_ref(), cpu::export_counts, out);
    put(mounts.as_ref(), filesystem::export, out);
    put(devices.as_ref(), network::export, out);
    put(machine.properties.as_ref(), netclass::export, out);
    put(disks.as_ref(), disk::export, out);
    put(machine.softnet.as_ref(), softnet::export, out);
    put(cpu.as_ref(), cpu::export_cpus, out);
}

fn put<T>(part: Option<T>, export: impl FnOnce(T, &mut Families), out: &mut Families) {
    if let Some(part) = part {
        export(part, out);
    }
}

pub(super) fn metrics() -> Vec<MetricInfo> {
    let parts = [
        own(),
        system::metrics(),
        cpu::metrics(),
        memory::metrics(),
        filesystem::metrics(),
        disk::metrics(),
        network::metrics(),
        netclass::metrics(),
        softnet::metrics(),
        netstat::metrics(),
        sockstat::metrics(),
        pressure::metrics(),
        sysctl::metrics(),
        vmstat::metrics(),
    ];
    parts.concat()
}
