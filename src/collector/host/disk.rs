//! /proc/diskstats.

use super::parse::Bounded;
use crate::metric::{Families, Unit, metrics};

metrics! {
    pub(super) fn metrics;
    /// The numbers that are shown, by their place behind the name.
    const COLUMNS: [(usize, Metric<1>)];
    0 => counter "node_disk_reads_completed_total" ["device"] Count, "Reads completed.", "/proc/diskstats";
    1 => counter "node_disk_reads_merged_total" ["device"] Count,
        "Reads that were merged with others.", "/proc/diskstats";
    2 => counter "node_disk_read_bytes_total" ["device"] Bytes, "Bytes read.", "/proc/diskstats";
    3 => counter "node_disk_read_time_seconds_total" ["device"] Seconds,
        "Seconds spent by all reads together.", "/proc/diskstats";
    4 => counter "node_disk_writes_completed_total" ["device"] Count, "Writes completed.", "/proc/diskstats";
    5 => counter "node_disk_writes_merged_total" ["device"] Count,
        "Writes that were merged with others.", "/proc/diskstats";
    6 => counter "node_disk_written_bytes_total" ["device"] Bytes, "Bytes written.", "/proc/diskstats";
    7 => counter "node_disk_write_time_seconds_total" ["device"] Seconds,
        "Seconds spent by all writes together.", "/proc/diskstats";
    8 => gauge "node_disk_io_now" ["device"] Count, "Reads and writes in progress.", "/proc/diskstats";
    9 => counter "node_disk_io_time_seconds_total" ["device"] Seconds,
        "Seconds during which I/O was in progress.", "/proc/diskstats";
    10 => counter "node_disk_io_time_weighted_seconds_total" ["device"] Seconds,
        "Seconds during which I/O was in progress, weighted by the number of operations.", "/proc/diskstats";
    11 => counter "node_disk_discards_completed_total" ["device"] Count,
        "Discards completed; Linux >= 4.18.", "/proc/diskstats";
    12 => counter "node_disk_discards_merged_total" ["device"] Count,
        "Discards that were merged with others; Linux >= 4.18.", "/proc/diskstats";
    13 => counter "node_disk_discarded_sectors_total" ["device"] Count,
        "Sectors of 512 bytes discarded; Linux >= 4.18.", "/proc/diskstats";
    14 => counter "node_disk_discard_time_seconds_total" ["device"] Seconds,
        "Seconds spent by all discards together; Linux >= 4.18.", "/proc/diskstats";
    15 => counter "node_disk_flush_requests_total" ["device"] Count,
        "Flushes completed; Linux >= 5.5.", "/proc/diskstats";
    16 => counter "node_disk_flush_requests_time_seconds_total" ["device"] Seconds,
        "Seconds spent by all flushes together; Linux >= 5.5.", "/proc/diskstats";
}

/// Disks beyond it are left out.
const MOST: usize = 64;

/// The unit of the file, whatever the disk's own is.
const SECTOR: f64 = 512.0;

/// The numbers that every kernel has.
const LEAST: usize = 11;

/// One disk: the numbers behind its name, as many as the kernel knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disk {
    name: String,
    numbers: Vec<u64>,
}

/// Reads the text, without the devices that `node_exporter` leaves out too.
pub(super) fn parse(text: &str) -> Bounded<Disk> {
    Bounded::of(text.lines().filter_map(disk).filter(|disk| !is_ignored(&disk.name)), MOST)
}

fn disk(line: &str) -> Option<Disk> {
    let mut words = line.split_ascii_whitespace();
    let name = words.nth(2)?;
    let numbers: Result<Vec<u64>, _> = words.take(COLUMNS.len()).map(str::parse).collect();
    Some(Disk { name: name.to_owned(), numbers: numbers.ok().filter(|numbers| numbers.len() >= LEAST)? })
}

/// Memory, files and floppies as disks, and partitions, whose traffic is that of their disk.
fn is_ignored(name: &str) -> bool {
    let base = name.trim_end_matches(|char: char| char.is_ascii_digit());
    if base.len() == name.len() {
        return false;
    }
    matches!(base, "ram" | "zram" | "loop" | "fd") || is_disk_with_letter(base) || is_nvme_partition(base)
}

/// `sda`, `vdb`, `xvdc`: what stands before the number of a partition.
fn is_disk_with_letter(base: &str) -> bool {
    let letter = ["hd", "sd", "vd", "xvd"].iter().find_map(|prefix| base.strip_prefix(prefix));
    letter.is_some_and(|letter| letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// `nvme0n1p`.
fn is_nvme_partition(base: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = base.strip_prefix("nvme").and_then(|rest| rest.strip_suffix('p')?.split_once('n'));
    parts.is_some_and(|(controller, namespace)| is_number(controller) && is_number(namespace))
}

pub(super) fn export(disks: &Bounded<Disk>, out: &mut Families) {
    for Disk { name, numbers } in &disks.shown {
        for ((_, metric), number) in COLUMNS.iter().zip(numbers) {
            // Sizes are in sectors, times in milliseconds.
            let factor = match metric.info().unit {
                Unit::Bytes => SECTOR,
                Unit::Seconds => 1e-3,
                _ => 1.0,
            };
            out.push(metric, [name], *number as f64 * factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_and_disks_that_are_none_are_ignored() {
        for name in ["loop0", "ram15", "zram1", "fd0", "sda1", "hdb12", "vdz3", "xvda1", "nvme0n1p2", "nvme10n21p13"] {
            assert!(is_ignored(name), "{name}");
        }
        for name in
            ["sda", "sdaa1", "vda", "nvme0n1", "nvme0c0n1", "dm-0", "md127", "mmcblk0", "sr0", "nbd0", "p1", "sd1"]
        {
            assert!(!is_ignored(name), "{name}");
        }
    }

    #[test]
    fn short_lines_are_left_out() {
        let disks =
            parse("8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n8 16 sdb 1 2 3\n8 32 sdc\n\n8 48 sdd 1 1 1 1 1 1 1 1 1 1 x\n");
        let names: Vec<&str> = disks.shown.iter().map(|disk| disk.name.as_str()).collect();
        assert_eq!(names, ["sda"]);
        assert_eq!(disks.shown[0].numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    }
}
