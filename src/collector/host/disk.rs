//! /proc/diskstats.

use super::parse::{Bounded, numbers};
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    READS: counter "node_disk_reads_completed_total" ["device"] Count, "Reads completed.", "/proc/diskstats";
    READ_BYTES: counter "node_disk_read_bytes_total" ["device"] Bytes, "Bytes read.", "/proc/diskstats";
    READ_TIME: counter "node_disk_read_time_seconds_total" ["device"] Seconds,
        "Seconds spent by all reads together.", "/proc/diskstats";
    WRITES: counter "node_disk_writes_completed_total" ["device"] Count, "Writes completed.", "/proc/diskstats";
    WRITTEN_BYTES: counter "node_disk_written_bytes_total" ["device"] Bytes, "Bytes written.", "/proc/diskstats";
    WRITE_TIME: counter "node_disk_write_time_seconds_total" ["device"] Seconds,
        "Seconds spent by all writes together.", "/proc/diskstats";
    IO_NOW: gauge "node_disk_io_now" ["device"] Count, "Reads and writes in progress.", "/proc/diskstats";
    IO_TIME: counter "node_disk_io_time_seconds_total" ["device"] Seconds,
        "Seconds during which I/O was in progress.", "/proc/diskstats";
    WEIGHTED_TIME: counter "node_disk_io_time_weighted_seconds_total" ["device"] Seconds,
        "Seconds during which I/O was in progress, weighted by the number of operations.", "/proc/diskstats";
}

/// Disks beyond it are left out.
const MOST: usize = 64;

/// The unit of the file, whatever the disk's own is.
const SECTOR: f64 = 512.0;

/// One disk: the first eleven numbers behind its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disk {
    name: String,
    numbers: [u64; 11],
}

/// Reads the text, without the devices that `node_exporter` leaves out too.
pub(super) fn parse(text: &str) -> Bounded<Disk> {
    Bounded::of(text.lines().filter_map(disk).filter(|disk| !is_ignored(&disk.name)), MOST)
}

fn disk(line: &str) -> Option<Disk> {
    let mut words = line.split_ascii_whitespace();
    let name = words.nth(2)?;
    Some(Disk { name: name.to_owned(), numbers: numbers(words)? })
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
        let number = |at: usize| numbers[at] as f64;
        let seconds = |at: usize| number(at) / 1000.0;
        out.push(&READS, [name], number(0));
        out.push(&READ_BYTES, [name], number(2) * SECTOR);
        out.push(&READ_TIME, [name], seconds(3));
        out.push(&WRITES, [name], number(4));
        out.push(&WRITTEN_BYTES, [name], number(6) * SECTOR);
        out.push(&WRITE_TIME, [name], seconds(7));
        out.push(&IO_NOW, [name], number(8));
        out.push(&IO_TIME, [name], seconds(9));
        out.push(&WEIGHTED_TIME, [name], seconds(10));
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
