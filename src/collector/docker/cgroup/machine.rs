//! What every container is a part of.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::text;
use crate::collector::docker::engine::cpus_in;

/// Where Linux shows the CPUs of the machine.
const CPUS: &str = "/sys/devices/system/cpu";

/// Where Linux shows by what the machine and its start can be told from others, under the names of the labels.
const IDS: [(&str, &str); 3] = [
    ("machine_id", "/etc/machine-id"),
    ("system_uuid", "/sys/class/dmi/id/product_uuid"),
    ("boot_id", "/proc/sys/kernel/random/boot_id"),
];

/// The machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Machine {
    /// Bytes.
    pub(in super::super) memory: Option<u64>,
    /// Bytes that new programs could have without swapping.
    pub(in super::super) available: Option<u64>,
    /// Bytes.
    pub(in super::super) swap: Option<u64>,
    /// CPUs that are on.
    pub(in super::super) cpus: Option<u32>,
    pub(in super::super) sockets: Option<usize>,
    /// Of all sockets; each may be several CPUs.
    pub(in super::super) cores: Option<usize>,
    /// Labels that cAdvisor gives what it tells of a machine.
    pub(in super::super) ids: Vec<(String, String)>,
}

impl Machine {
    /// This one; `with_ids` if what tells it from others is wanted.
    pub(super) fn read(proc: &Path, with_ids: bool) -> Self {
        let meminfo = text::read(&proc.join("meminfo")).unwrap_or_default();
        let bytes = |key: &str| {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_ascii_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
        };
        let [sockets, cores] = topology(Path::new(CPUS)).map(|count| Some(count).filter(|count| *count > 0));
        let online = text::read(&Path::new(CPUS).join("online"));
        let id = |(name, path): &(&str, &str)| {
            ((*name).to_owned(), text::read(Path::new(path)).unwrap_or_default().trim().to_owned())
        };
        Self {
            memory: bytes("MemTotal:"),
            available: bytes("MemAvailable:"),
            swap: bytes("SwapTotal:"),
            cpus: online.map(|list| cpus_in(list.trim())).filter(|cpus| *cpus > 0),
            sockets,
            cores,
            ids: if with_ids { IDS.iter().map(id).collect() } else { Vec::new() },
        }
    }
}

/// Sockets and cores of the CPUs below that folder.
fn topology(cpus: &Path) -> [usize; 2] {
    let (mut sockets, mut cores) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir(cpus).into_iter().flatten().flatten() {
        let of = |name: &str| text::number(&entry.path().join("topology").join(name));
        let (Some(socket), Some(core)) = (of("physical_package_id"), of("core_id")) else { continue };
        sockets.insert(socket);
        cores.insert((socket, core));
    }
    [sockets.len(), cores.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_cores_and_cores_share_sockets() {
        let root = tempfile::tempdir().unwrap();
        // Two sockets with two cores of two threads each; core ids begin anew in each socket.
        for cpu in 0..8 {
            let folder = root.path().join(format!("cpu{cpu}/topology"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("physical_package_id"), format!("{}\n", cpu / 4)).unwrap();
            fs::write(folder.join("core_id"), format!("{}\n", cpu % 2)).unwrap();
        }
        fs::create_dir_all(root.path().join("cpufreq")).unwrap();
        assert_eq!(topology(root.path()), [2, 4]);
        assert_eq!(topology(Path::new("/nowhere")), [0, 0]);
    }

    #[test]
    fn memory_and_swap_are_bytes_and_ids_are_there_where_they_are_wanted() {
        let proc = tempfile::tempdir().unwrap();
        fs::write(
            proc.path().join("meminfo"),
            "MemTotal:   1000 kB\nMemFree: 1 kB\nMemAvailable: 3 kB\nSwapTotal:  0 kB\n",
        )
        .unwrap();
        let machine = Machine::read(proc.path(), false);
        assert_eq!((machine.memory, machine.available), (Some(1_024_000), Some(3_072)));
        assert_eq!((machine.swap, machine.ids), (Some(0), Vec::new()));
        let names: Vec<String> = Machine::read(proc.path(), true).ids.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["machine_id", "system_uuid", "boot_id"]);
        assert_eq!(Machine::read(Path::new("/nowhere"), false).memory, None);
    }
}
