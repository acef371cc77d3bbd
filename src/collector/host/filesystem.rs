//! The space of the file systems.

use std::collections::HashSet;
use std::path::Path;

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};

use super::parse::Bounded;
use super::read::text;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    SIZE: gauge "node_filesystem_size_bytes" ["device", "mountpoint", "fstype"] Bytes,
        "Size of the file system.", "statvfs";
    AVAIL: gauge "node_filesystem_avail_bytes" ["device", "mountpoint", "fstype"] Bytes,
        "Space of the file system available to unprivileged users.", "statvfs";
    FREE: gauge "node_filesystem_free_bytes" ["device", "mountpoint", "fstype"] Bytes,
        "Space of the file system that is not used, with what root alone may use.", "statvfs";
    FILES: gauge "node_filesystem_files" ["device", "mountpoint", "fstype"] Count,
        "Inodes of the file system.", "statvfs";
    FILES_FREE: gauge "node_filesystem_files_free" ["device", "mountpoint", "fstype"] Count,
        "Inodes of the file system that are not used.", "statvfs";
    DEVICE_ERROR: gauge "node_filesystem_device_error" ["device", "mountpoint", "fstype"] Bool,
        "Whether the file system answers with an error; it has no other series then.", "statvfs";
    READONLY: gauge "node_filesystem_readonly" ["device", "mountpoint", "fstype"] Bool,
        "Whether the file system is read-only.", "statvfs";
}

/// File systems beyond it are left out.
const MOST: usize = 64;

/// Types whose space is none, or is that of another.
const IGNORED_TYPES: [&str; 24] = [
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
    "iso9660",
    "mqueue",
    "nsfs",
    "proc",
    "procfs",
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

/// Types that a server elsewhere answers for: it may be gone.
const REMOTE_TYPES: [&str; 12] = [
    "9p",
    "afs",
    "ceph",
    "cifs",
    "fuse.glusterfs",
    "fuse.s3fs",
    "fuse.sshfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
];

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) device: String,
    pub(super) place: String,
    pub(super) kind: String,
    /// `None` where asking was an error.
    pub(super) space: Option<Space>,
}

/// What a file system says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) size: u64,
    pub(super) free: u64,
    pub(super) available: u64,
    pub(super) files: u64,
    pub(super) files_free: u64,
    pub(super) readonly: bool,
}

impl From<StatVfs> for Space {
    fn from(stat: StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Self {
            size: bytes(stat.f_blocks),
            free: bytes(stat.f_bfree),
            available: bytes(stat.f_bavail),
            files: stat.f_files,
            files_free: stat.f_ffree,
            readonly: stat.f_flag.contains(StatVfsMountFlags::RDONLY),
        }
    }
}

/// Asks every mounted file system that is shown; `None` if it cannot be known which there are. One that does not answer
/// hangs it.
pub(super) fn read() -> Option<Bounded<Mount>> {
    let mounts = text(Path::new("/proc/self/mounts")).ok()?;
    let ask = |mount: Mount| Mount { space: statvfs(&mount.place).ok().map(Space::from), ..mount };
    let Bounded { shown, left_out } = select(&mounts);
    Some(Bounded { shown: shown.into_iter().map(ask).filter(is_of_use).collect(), left_out })
}

/// One without space is none that can fill up.
fn is_of_use(mount: &Mount) -> bool {
    mount.space.is_none_or(|space| space.size > 0)
}

/// Those that are shown, as `node_exporter` chooses them, but for those of networks. None has been asked yet.
fn select(mounts: &str) -> Bounded<Mount> {
    let mut seen = HashSet::new();
    let mut is_new = |mount: &Mount| seen.insert((mount.device.clone(), mount.place.clone(), mount.kind.clone()));
    Bounded::of(mounts.lines().filter_map(mount).filter(|mount| is_shown(mount) && is_new(mount)), MOST)
}

/// `/dev/sda1 /mnt/with\040space ext4 rw,relatime 0 0`.
fn mount(line: &str) -> Option<Mount> {
    let mut words = line.split(' ').map(unescaped);
    Some(Mount { device: words.next()?, place: words.next()?, kind: words.next()?, space: None })
}

/// Without what stands for the characters that would end a word.
fn unescaped(word: &str) -> String {
    let pairs = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\043", "#"), ("\\134", "\\")];
    pairs.iter().fold(word.to_owned(), |word, (code, character)| word.replace(code, character))
}

fn is_shown(mount: &Mount) -> bool {
    let place = mount.place.as_str();
    let is_at_or_below =
        |above: &str| place.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // The root of a container is an overlay: the space that the agent's container can have.
    let is_layer = mount.kind == "overlay" && place != "/";
    !is_layer
        && !IGNORED_TYPES.contains(&mount.kind.as_str())
        && !REMOTE_TYPES.contains(&mount.kind.as_str())
        && !IGNORED_PLACES.iter().any(|above| is_at_or_below(above))
        && !ENGINES.iter().any(|above| place.starts_with(above))
}

pub(super) fn export(mounts: &Bounded<Mount>, out: &mut Families) {
    for Mount { device, place, kind, space } in &mounts.shown {
        let labels = [device.as_str(), place.as_str(), kind.as_str()];
        out.push_bool(&DEVICE_ERROR, labels, space.is_none());
        let Some(space) = space else { continue };
        out.push_bool(&READONLY, labels, space.readonly);
        let numbers = [
            (&SIZE, space.size),
            (&AVAIL, space.available),
            (&FREE, space.free),
            (&FILES, space.files),
            (&FILES_FREE, space.files_free),
        ];
        for (metric, number) in numbers {
            out.push(metric, labels, number as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_space_of_its_own_is_left_out() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\n\
            overlay /var/lib/docker/overlay2/0123/merged overlay rw 0 0\n\
            overlay /srv/merged overlay rw 0 0\n\
            /dev/sdb1 /var/lib/docker xfs rw 0 0\n\
            /dev/sdb1 /var/lib/docker/volumes/x/_data xfs rw 0 0\n\
            /dev/sdc1 /var/lib/docker-data xfs rw 0 0\n\
            devtmpfs /dev devtmpfs rw 0 0\n\
            /dev/sda2 /dev/hugepages ext4 rw 0 0\n\
            nsfs /run/netns/a nsfs rw 0 0\n\
            tmpfs /run tmpfs rw 0 0\n\
            server:/home /home nfs4 rw 0 0\n\
            /dev/sdd1 /mnt/with\\040space ext4 rw 0 0\n\
            cut\n\
            /dev/sda1 / ext4 rw 0 0\n";
        let shown = select(mounts).shown;
        let places: Vec<&str> = shown.iter().map(|mount| mount.place.as_str()).collect();
        assert_eq!(places, ["/", "/var/lib/docker", "/var/lib/docker-data", "/run", "/mnt/with space"]);
        let root = select("overlay / overlay rw 0 0\n");
        assert_eq!(root.shown.len(), 1, "in a container");
    }

    #[test]
    fn there_is_a_most_of_them() {
        let many: Vec<String> = (0..70).map(|n| format!("/dev/sda1 /mnt/{n} ext4 rw 0 0")).collect();
        let selected = select(&many.join("\n"));
        assert_eq!((selected.shown.len(), selected.left_out), (64, 6));
    }

    #[test]
    fn one_that_answers_with_an_error_says_so_alone() {
        let asked = |space| Mount { space, ..mount("/dev/sda1 /mnt ext4 rw 0 0").unwrap() };
        let space = Space { size: 10, free: 5, available: 4, files: 3, files_free: 2, readonly: true };
        let mounts = Bounded { shown: vec![asked(None)], left_out: 0 };
        let mut out = Families::new();
        export(&mounts, &mut out);
        assert_eq!(out.series(), 1);
        export(
            &Bounded { shown: vec![Mount { place: "/ok".to_owned(), ..asked(Some(space)) }], left_out: 0 },
            &mut out,
        );
        assert_eq!(out.series(), 8);
        assert!(is_of_use(&asked(None)) && is_of_use(&asked(Some(space))));
        assert!(!is_of_use(&asked(Some(Space { size: 0, ..space }))));
    }
}
