//! The space of the file systems.

use std::collections::HashSet;

use sysinfo::{DiskRefreshKind, Disks};

use super::parse::Bounded;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    SIZE: gauge "node_filesystem_size_bytes" ["device", "mountpoint", "fstype"] Bytes,
        "Size of the file system.", "statvfs";
    AVAIL: gauge "node_filesystem_avail_bytes" ["device", "mountpoint", "fstype"] Bytes,
        "Space of the file system available to unprivileged users.", "statvfs";
    READONLY: gauge "node_filesystem_readonly" ["device", "mountpoint", "fstype"] Bool,
        "Whether the file system is read-only.", "statvfs";
}

/// File systems beyond it are left out.
const MOST: usize = 64;

/// Types whose space is none, or is that of another.
const IGNORED_TYPES: [&str; 22] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
];

/// Below the first nothing has space of its own; below the others the engines mount what belongs to containers.
const IGNORED_PLACES: [&str; 4] = ["/dev", "/proc", "/run/credentials", "/sys"];
const ENGINES: [&str; 3] = ["/var/lib/containerd/", "/var/lib/containers/storage/", "/var/lib/docker/"];

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    device: String,
    place: String,
    kind: String,
    size: u64,
    available: u64,
    readonly: bool,
}

/// Asks every mounted file system, but those of networks; `None` if it cannot be known which there are. One that does not
/// answer hangs it.
pub(super) fn read() -> Option<Vec<Mount>> {
    let disks = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage()).ok()?;
    let mount = |disk: &sysinfo::Disk| Mount {
        device: disk.name().to_string_lossy().into_owned(),
        place: disk.mount_point().to_string_lossy().into_owned(),
        kind: disk.file_system().to_string_lossy().into_owned(),
        size: disk.total_space(),
        available: disk.available_space(),
        readonly: disk.is_read_only(),
    };
    Some(disks.iter().map(mount).collect())
}

/// Those that are shown, as `node_exporter` chooses them.
pub(super) fn select(mounts: Vec<Mount>) -> Bounded<Mount> {
    let mut seen = HashSet::new();
    let mut is_new = |mount: &Mount| seen.insert((mount.device.clone(), mount.place.clone(), mount.kind.clone()));
    Bounded::of(mounts.into_iter().filter(|mount| is_shown(mount) && is_new(mount)), MOST)
}

fn is_shown(mount: &Mount) -> bool {
    let place = mount.place.as_str();
    let is_at_or_below =
        |above: &str| place.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // The root of a container is an overlay: the space that the agent's container can have.
    let is_layer = mount.kind == "overlay" && place != "/";
    // One that could not be asked has no size.
    mount.size > 0
        && !is_layer
        && !IGNORED_TYPES.contains(&mount.kind.as_str())
        && !IGNORED_PLACES.iter().any(|above| is_at_or_below(above))
        && !ENGINES.iter().any(|above| place.starts_with(above))
}

pub(super) fn export(mounts: &Bounded<Mount>, out: &mut Families) {
    for Mount { device, place, kind, size, available, readonly } in &mounts.shown {
        let labels = [device.as_str(), place.as_str(), kind.as_str()];
        out.push(&SIZE, labels, *size as f64);
        out.push(&AVAIL, labels, *available as f64);
        out.push_bool(&READONLY, labels, *readonly);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(device: &str, place: &str, kind: &str, size: u64) -> Mount {
        let (device, place, kind) = (device.to_owned(), place.to_owned(), kind.to_owned());
        Mount { device, place, kind, size, available: size / 2, readonly: false }
    }

    #[test]
    fn what_has_no_space_of_its_own_is_left_out() {
        let mounts = vec![
            mount("/dev/sda1", "/", "ext4", 100),
            mount("overlay", "/var/lib/docker/overlay2/0123/merged", "overlay", 100),
            mount("overlay", "/srv/merged", "overlay", 100),
            mount("/dev/sdb1", "/var/lib/docker", "xfs", 200),
            mount("/dev/sdb1", "/var/lib/docker/volumes/x/_data", "xfs", 200),
            mount("/dev/sdc1", "/var/lib/docker-data", "xfs", 300),
            mount("devtmpfs", "/dev", "devtmpfs", 10),
            mount("/dev/sda2", "/dev/hugepages", "ext4", 10),
            mount("nsfs", "/run/netns/a", "nsfs", 10),
            mount("/dev/sdd1", "/mnt/gone", "ext4", 0),
            mount("/dev/sda1", "/", "ext4", 100),
        ];
        let shown = select(mounts).shown;
        let places: Vec<&str> = shown.iter().map(|mount| mount.place.as_str()).collect();
        assert_eq!(places, ["/", "/var/lib/docker", "/var/lib/docker-data"]);
        let root = select(vec![mount("overlay", "/", "overlay", 100)]);
        assert_eq!(root.shown.len(), 1, "in a container");
    }

    #[test]
    fn there_is_a_most_of_them() {
        let many = (0..70).map(|n| mount("/dev/sda1", &format!("/mnt/{n}"), "ext4", 1)).collect();
        let selected = select(many);
        assert_eq!((selected.shown.len(), selected.left_out), (64, 6));
    }
}
