//! How much room the machine has left: what alerts compare. It is told also where another exporter tells the rest.
//!
//! A disk is mounted at many places where containers run, each with the same numbers, and is one trouble: it is told once.

use std::collections::BTreeMap;

use super::filesystem::Mount;
use super::parse::Rows;
use super::system::Files;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    SPACE: gauge "host_filesystem_available_ratio" ["device", "mountpoint"] Ratio,
        "Space of a file system that is available to unprivileged users, as a fraction of its size. A disk that is \
         mounted at several places is told once, at the shortest path; what is read-only, in memory or below /boot is \
         left out.", "statvfs";
    INODES: gauge "host_filesystem_inodes_available_ratio" ["device", "mountpoint"] Ratio,
        "Inodes of a file system that are not used, as a fraction of all of them, of the same file systems; absent where \
         they are not limited.", "statvfs";
    MEMORY: gauge "host_memory_available_ratio" [] Ratio,
        "Memory available to new programs without swapping, as a fraction of the memory usable by the kernel.",
        "/proc/meminfo: MemAvailable, MemTotal";
    FILES: gauge "host_file_handles_ratio" [] Ratio,
        "Open files on the whole machine, as a fraction of the maximum.", "/proc/sys/fs/file-nr";
}

/// Types of file systems whose space is memory.
const IN_MEMORY: [&str; 2] = ["ramfs", "tmpfs"];

/// What is left, as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Room {
    memory: Option<f64>,
    files: Option<f64>,
    disks: Vec<Disk>,
}

/// A file system that things are written to.
#[derive(Debug, Clone, PartialEq)]
struct Disk {
    device: String,
    place: String,
    space: f64,
    inodes: Option<f64>,
}

impl Room {
    /// Takes it from what was read.
    pub(super) fn of(memory: Option<&Rows>, files: Option<Files>, mounts: &[Mount]) -> Self {
        let bytes = |key| memory.and_then(|rows| rows.get(key));
        Self {
            memory: bytes("MemAvailable").zip(bytes("MemTotal")).and_then(|(left, all)| part(left, all)),
            files: files.and_then(|(open, most)| part(open as f64, most as f64)),
            disks: disks(mounts),
        }
    }

    pub(super) fn export(&self, out: &mut Families) {
        for (metric, value) in [(&MEMORY, self.memory), (&FILES, self.files)] {
            if let Some(value) = value {
                out.push(metric, [], value);
            }
        }
        for Disk { device, place, space, inodes } in &self.disks {
            let labels = [device.as_str(), place.as_str()];
            out.push(&SPACE, labels, *space);
            if let Some(inodes) = inodes {
                out.push(&INODES, labels, *inodes);
            }
        }
    }
}

fn part(of: f64, all: f64) -> Option<f64> {
    (all > 0.0).then(|| of / all)
}

/// Each of the file systems that things are written to, once.
fn disks(mounts: &[Mount]) -> Vec<Disk> {
    let mut by_device: BTreeMap<&str, &Mount> = BTreeMap::new();
    let is_boot = |place: &str| place == "/boot" || place.starts_with("/boot/") || place == "/efi";
    for mount in mounts {
        let is_written = mount.space.is_some_and(|space| !space.readonly) && !is_boot(&mount.place);
        if !is_written || IN_MEMORY.contains(&mount.kind.as_str()) || is_layer_of_another(mount, mounts) {
            continue;
        }
        // What has no name of its own is told apart by its place.
        let has_name = mount.device.starts_with('/') || mount.kind == "zfs";
        let device = if has_name { &mount.device } else { &mount.place };
        let shown = by_device.entry(device).or_insert(mount);
        if mount.place.len() < shown.place.len() {
            *shown = mount;
        }
    }
    let disk = |mount: &Mount| {
        let space = mount.space?;
        Some(Disk {
            device: mount.device.clone(),
            place: mount.place.clone(),
            space: part(space.available as f64, space.size as f64)?,
            inodes: part(space.files_free as f64, space.files as f64),
        })
    };
    by_device.into_values().filter_map(disk).collect()
}

/// Whether it is a layer over a disk that is there as well: the root of the agent's container is one over the disk on which
/// its /etc/hosts lies.
fn is_layer_of_another(mount: &Mount, mounts: &[Mount]) -> bool {
    let size = |mount: &Mount| mount.space.map(|space| space.size);
    mount.kind == "overlay" && mounts.iter().any(|other| other.kind != "overlay" && size(other) == size(mount))
}

#[cfg(test)]
mod tests {
    use super::super::filesystem::Space;
    use super::super::memory;
    use super::*;

    const SPACE: Space = Space { size: 1000, free: 90, available: 40, files: 200, files_free: 50, readonly: false };

    fn mount(device: &str, place: &str, kind: &str, space: Space) -> Mount {
        Mount { device: device.to_owned(), place: place.to_owned(), kind: kind.to_owned(), space: Some(space) }
    }

    fn told(mounts: &[Mount]) -> Vec<(String, String, f64, Option<f64>)> {
        disks(mounts).into_iter().map(|disk| (disk.device, disk.place, disk.space, disk.inodes)).collect()
    }

    #[test]
    fn a_disk_is_told_once_and_what_cannot_fill_up_not_at_all() {
        let own = |device: &str, place: &str, left, inodes| (device.to_owned(), place.to_owned(), left, inodes);
        let full = Space { available: 0, files_free: 0, ..SPACE };
        assert_eq!(
            told(&[
                mount("/dev/sda1", "/etc/hostname", "ext4", SPACE),
                mount("/dev/sda1", "/", "ext4", SPACE),
                mount("/dev/sda1", "/etc/hosts", "ext4", SPACE),
                mount("/dev/sdb", "/data", "btrfs", Space { files: 0, files_free: 0, ..SPACE }),
                mount("/dev/sdc", "/cd", "udf", Space { readonly: true, ..full }),
                mount("/dev/sda15", "/boot/efi", "vfat", full),
                mount("tmpfs", "/run", "tmpfs", full),
                mount("pool/a", "/pool/a", "zfs", full),
                Mount { space: None, ..mount("/dev/sdd", "/broken", "ext4", SPACE) },
            ]),
            [
                own("/dev/sda1", "/", 0.04, Some(0.25)),
                own("/dev/sdb", "/data", 0.04, None),
                own("pool/a", "/pool/a", 0.0, Some(0.0)),
            ]
        );
    }

    #[test]
    fn the_root_of_a_container_is_the_disk_below_it() {
        let hosts = mount("/dev/sda1", "/etc/hosts", "ext4", SPACE);
        let root = mount("overlay", "/", "overlay", Space { available: 41, ..SPACE });
        let places = |mounts: &[Mount]| told(mounts).into_iter().map(|(_, place, ..)| place).collect::<Vec<_>>();
        assert_eq!(places(&[root.clone(), hosts]), ["/etc/hosts"]);
        assert_eq!(places(&[root.clone(), mount("tmpfs", "/run", "tmpfs", SPACE)]), ["/run"; 0]);
        assert_eq!(places(&[root]), ["/"]);
    }

    #[test]
    fn memory_and_files_are_parts_of_what_there_is() {
        let memory = memory::parse("MemTotal: 200 kB\nMemAvailable: 50 kB\n");
        let room = Room::of(memory.as_ref(), Some((90, 100)), &[]);
        assert_eq!(room, Room { memory: Some(0.25), files: Some(0.9), disks: Vec::new() });
        let old = memory::parse("MemTotal: 200 kB\nMemFree: 50 kB\n");
        assert_eq!(Room::of(old.as_ref(), Some((90, 0)), &[]), Room::default());
        assert_eq!(Room::of(None, None, &[]), Room::default());
    }
}
