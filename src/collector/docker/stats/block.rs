//! Block I/O by device. Control groups count what reaches a device on the container's account: on cgroup v1 that is direct
//! and synchronous I/O alone, and only where the I/O scheduler or a limit makes the kernel count at all.

use std::collections::BTreeMap;

use bollard::models::{ContainerBlkioStatEntry, ContainerBlkioStats, ContainerStorageStats};

use super::device::Devices;
use super::series::{Series, seconds};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    READ_BYTES: counter "container_fs_reads_bytes_total" ["name", "image", "device"] Bytes,
        "Bytes that the container read from a device; absent where the kernel does not count them.",
        "stats: blkio_stats.io_service_bytes_recursive";
    WRITTEN_BYTES: counter "container_fs_writes_bytes_total" ["name", "image", "device"] Bytes,
        "Bytes that the container wrote to a device; absent where the kernel does not count them.",
        "stats: blkio_stats.io_service_bytes_recursive";
    READS: counter "container_fs_reads_total" ["name", "image", "device"] Count,
        "Reads of the container from a device; on cgroup v2 only from the container's own files.",
        "stats: blkio_stats.io_serviced_recursive; io.stat";
    WRITES: counter "container_fs_writes_total" ["name", "image", "device"] Count,
        "Writes of the container to a device; on cgroup v2 only from the container's own files.",
        "stats: blkio_stats.io_serviced_recursive; io.stat";
    SECTORS_READ: counter "container_fs_sector_reads_total" ["name", "image", "device"] Count,
        "Sectors of 512 bytes that the container read from a device.",
        "stats: blkio_stats.io_service_bytes_recursive";
    SECTORS_WRITTEN: counter "container_fs_sector_writes_total" ["name", "image", "device"] Count,
        "Sectors of 512 bytes that the container wrote to a device.",
        "stats: blkio_stats.io_service_bytes_recursive";
    READS_MERGED: counter "container_fs_reads_merged_total" ["name", "image", "device"] Count,
        "Reads of the container that were merged into others; only on cgroup v1 with the BFQ or CFQ I/O scheduler.",
        "stats: blkio_stats.io_merged_recursive";
    WRITES_MERGED: counter "container_fs_writes_merged_total" ["name", "image", "device"] Count,
        "Writes of the container that were merged into others; only on cgroup v1 with the BFQ or CFQ I/O scheduler.",
        "stats: blkio_stats.io_merged_recursive";
    READ_SECONDS: counter "container_fs_read_seconds_total" ["name", "image", "device"] Seconds,
        "Time that the container's reads took; only on cgroup v1 with the BFQ or CFQ I/O scheduler.",
        "stats: blkio_stats.io_service_time_recursive";
    WRITE_SECONDS: counter "container_fs_write_seconds_total" ["name", "image", "device"] Seconds,
        "Time that the container's writes took; only on cgroup v1 with the BFQ or CFQ I/O scheduler.",
        "stats: blkio_stats.io_service_time_recursive";
    IO_SECONDS: counter "container_fs_io_time_seconds_total" ["name", "image", "device"] Seconds,
        "Time that the container's I/O took; only on cgroup v1 with the BFQ or CFQ I/O scheduler.",
        "stats: blkio_stats.io_service_time_recursive";
    QUEUED: gauge "container_fs_io_current" ["name", "image", "device"] Count,
        "I/O of the container that waits or is under way; only on cgroup v1 with the BFQ or CFQ I/O scheduler.",
        "stats: blkio_stats.io_queue_recursive";
    USAGE: counter "container_blkio_device_usage_total" ["name", "image", "device", "major", "minor", "operation"] Bytes,
        "Bytes of the container's I/O by operation, as the engine counts it; operations overlap on cgroup v1.",
        "stats: blkio_stats.io_service_bytes_recursive";
}

/// Bytes of what the kernel calls a sector, whatever the device's are.
const SECTOR: u64 = 512;

/// Devices of one container that are told apart, and the number that stands for the others together.
const MAX_DEVICES: usize = 64;
pub(super) const OTHERS: (u64, u64) = (u64::MAX, u64::MAX);

/// What an entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Read,
    Write,
    Sync,
    Async,
    Discard,
    Total,
}

impl Operation {
    /// Engines differ in their spelling: `Read`, `read`, `rbytes`. Podman has counts of requests among the bytes, whose
    /// names must not be taken for reads and writes.
    fn named(word: &str) -> Option<Self> {
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        match word.bytes().next()?.to_ascii_lowercase() {
            _ if word.ends_with("ios") => None,
            b'r' => Some(Self::Read),
            b'w' => Some(Self::Write),
            b's' if is("sync") => Some(Self::Sync),
            b'a' if is("async") => Some(Self::Async),
            b'd' if is("discard") || is("dbytes") => Some(Self::Discard),
            b't' if is("total") => Some(Self::Total),
            _ => None,
        }
    }

    /// As cAdvisor shows it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Sync => "Sync",
            Self::Async => "Async",
            Self::Discard => "Discard",
            Self::Total => "Total",
        }
    }
}

/// The block I/O of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Block(pub(super) Vec<Device>);

/// That of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Device {
    /// Major and minor number; `None` for all devices of a system that does not tell them apart.
    pub(super) number: Option<(u64, u64)>,
    pub(super) bytes: Counts,
    pub(super) requests: Counts,
    pub(super) merged: Counts,
    /// Nanoseconds.
    pub(super) time: Counts,
    pub(super) queued: Counts,
}

/// Counts by operation.
type Counts = BTreeMap<Operation, u64>;

impl Block {
    /// That of Linux.
    pub(super) fn read(stats: &ContainerBlkioStats) -> Self {
        let mut devices = BTreeMap::<(u64, u64), Device>::new();
        let mut take = |entries: Option<&Vec<ContainerBlkioStatEntry>>, counts: fn(&mut Device) -> &mut Counts| {
            for entry in entries.into_iter().flatten() {
                let (Some(major), Some(minor), Some(value)) = (entry.major, entry.minor, entry.value) else { continue };
                let Some(operation) = entry.op.as_deref().and_then(Operation::named) else { continue };
                let number = (major, minor);
                let is_told = devices.len() < MAX_DEVICES || devices.contains_key(&number);
                let device = devices.entry(if is_told { number } else { OTHERS }).or_default();
                let count = counts(device).entry(operation).or_default();
                *count = count.saturating_add(value);
            }
        };
        take(stats.io_service_bytes_recursive.as_ref(), |device| &mut device.bytes);
        take(stats.io_serviced_recursive.as_ref(), |device| &mut device.requests);
        take(stats.io_merged_recursive.as_ref(), |device| &mut device.merged);
        take(stats.io_service_time_recursive.as_ref(), |device| &mut device.time);
        take(stats.io_queue_recursive.as_ref(), |device| &mut device.queued);
        Self(devices.into_iter().map(|(number, device)| Device { number: Some(number), ..device }).collect())
    }

    /// That of Windows, which does not tell devices apart.
    pub(super) fn read_storage(stats: &ContainerStorageStats) -> Self {
        let counts = |reads: Option<u64>, writes: Option<u64>| -> Counts {
            let both = [(Operation::Read, reads), (Operation::Write, writes)];
            both.into_iter().filter_map(|(operation, count)| Some((operation, count?))).collect()
        };
        let device = Device {
            bytes: counts(stats.read_size_bytes, stats.write_size_bytes),
            requests: counts(stats.read_count_normalized, stats.write_count_normalized),
            ..Device::default()
        };
        Self(if device == Device::default() { Vec::new() } else { vec![device] })
    }

    /// Names it.
    pub(super) fn export(&self, names: &Devices, series: &mut Series<'_>) {
        for device in &self.0 {
            let name = names.name(device.number);
            let of = |counts: &Counts, operation| counts.get(&operation).copied();
            for (metric, counts, operation) in [
                (&READ_BYTES, &device.bytes, Operation::Read),
                (&WRITTEN_BYTES, &device.bytes, Operation::Write),
                (&READS, &device.requests, Operation::Read),
                (&WRITES, &device.requests, Operation::Write),
                (&READS_MERGED, &device.merged, Operation::Read),
                (&WRITES_MERGED, &device.merged, Operation::Write),
                (&QUEUED, &device.queued, Operation::Total),
            ] {
                series.count(metric, &[&name], of(counts, operation));
            }
            for (metric, operation) in [(&SECTORS_READ, Operation::Read), (&SECTORS_WRITTEN, Operation::Write)] {
                series.count(metric, &[&name], of(&device.bytes, operation).map(|bytes| bytes / SECTOR));
            }
            for (metric, operation) in
                [(&READ_SECONDS, Operation::Read), (&WRITE_SECONDS, Operation::Write), (&IO_SECONDS, Operation::Total)]
            {
                series.put(metric, &[&name], of(&device.time, operation).map(seconds));
            }
            let Some((major, minor)) = device.number.filter(|number| *number != OTHERS) else { continue };
            let [major, minor] = [major, minor].map(|number| number.to_string());
            for (operation, bytes) in &device.bytes {
                series.count(&USAGE, &[&name, &major, &minor, operation.as_str()], Some(*bytes));
            }
        }
    }
}
