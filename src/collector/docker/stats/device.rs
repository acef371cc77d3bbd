//! Names of block devices. The engine tells their numbers; the machine on which it runs knows what they are called.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::block::{Block, OTHERS};
use crate::collector::docker::DockerTarget;
use crate::metric::OTHER;
use crate::net::Endpoint;

/// Where Linux has a link for each device, named by its number, that leads to its own folder.
const LINKS: &str = "/sys/dev/block";

/// Devices that are remembered; more are shown by their numbers.
const MAX_DEVICES: usize = 256;

/// The names of devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Devices {
    links: Option<PathBuf>,
    known: BTreeMap<(u64, u64), String>,
}

impl Devices {
    /// Those of the engine's machine. It is this one if the engine is reached over a socket file; the devices of another
    /// machine may have the same numbers and other names.
    pub(super) fn of(target: &DockerTarget) -> Self {
        Self::under(matches!(target.url.endpoint(), Endpoint::Unix(_)).then(|| LINKS.into()))
    }

    /// Those to which the links of a folder lead.
    pub(super) const fn under(links: Option<PathBuf>) -> Self {
        Self { links, known: BTreeMap::new() }
    }

    /// Looks up the devices of a sample that have not been seen yet. A link of sysfs is in memory, not on a disk.
    pub(super) fn learn(&mut self, block: &Block) {
        let Some(links) = &self.links else { return };
        for (major, minor) in block.0.iter().filter_map(|device| device.number) {
            if self.known.len() >= MAX_DEVICES || self.known.contains_key(&(major, minor)) {
                continue;
            }
            let Ok(folder) = std::fs::read_link(links.join(format!("{major}:{minor}"))) else { continue };
            if let Some(name) = folder.file_name().and_then(|name| name.to_str()) {
                // `cciss!c0d0` is /dev/cciss/c0d0.
                self.known.insert((major, minor), format!("/dev/{}", name.replace('!', "/")));
            }
        }
    }

    /// What a device is called: its name, its numbers, or `all`; `__other__` for those that are not told apart.
    pub(super) fn name(&self, number: Option<(u64, u64)>) -> String {
        let Some((major, minor)) = number else { return "all".to_owned() };
        if (major, minor) == OTHERS {
            return OTHER.to_owned();
        }
        self.known.get(&(major, minor)).cloned().unwrap_or_else(|| format!("{major}:{minor}"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use bollard::models::{ContainerBlkioStatEntry, ContainerBlkioStats};

    use super::*;

    fn block(numbers: &[(u64, u64)]) -> Block {
        let entry = |(major, minor): &(u64, u64)| ContainerBlkioStatEntry {
            major: Some(*major),
            minor: Some(*minor),
            op: Some("Read".to_owned()),
            value: Some(1),
        };
        let entries = numbers.iter().map(entry).collect();
        Block::read(&ContainerBlkioStats {
            io_service_bytes_recursive: Some(entries),
            ..ContainerBlkioStats::default()
        })
    }

    #[test]
    fn a_device_is_called_what_its_link_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        symlink("../../devices/pci0000:00/virtio1/block/vda", folder.path().join("254:0")).unwrap();
        symlink("../../devices/virtual/block/dm-3", folder.path().join("253:3")).unwrap();
        symlink("../../devices/x/block/cciss!c0d0", folder.path().join("104:0")).unwrap();
        let mut devices = Devices::under(Some(folder.path().to_owned()));
        assert_eq!(devices.name(Some((254, 0))), "254:0");
        devices.learn(&block(&[(254, 0), (253, 3), (104, 0), (8, 0), (u64::MAX, u64::MAX)]));
        let names = [(254, 0), (253, 3), (104, 0), (8, 0)].map(|number| devices.name(Some(number)));
        assert_eq!(names, ["/dev/vda", "/dev/dm-3", "/dev/cciss/c0d0", "8:0"]);
        assert_eq!(devices.name(None), "all");
    }

    #[test]
    fn those_of_another_machine_keep_their_numbers() {
        let mut devices = Devices::under(None);
        devices.learn(&block(&[(254, 0)]));
        assert_eq!(devices.name(Some((254, 0))), "254:0");
    }

    #[test]
    fn no_more_are_remembered_than_there_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let numbers: Vec<(u64, u64)> = (0..300).map(|minor| (7, minor)).collect();
        for (_, minor) in &numbers {
            symlink(format!("../block/loop{minor}"), folder.path().join(format!("7:{minor}"))).unwrap();
        }
        let mut devices = Devices::under(Some(folder.path().to_owned()));
        // Of several containers: one has fewer.
        numbers.chunks(50).for_each(|numbers| devices.learn(&block(numbers)));
        assert_eq!(devices.known.len(), MAX_DEVICES);
        assert_eq!(devices.name(Some((7, 299))), "7:299");
    }
}
