//! /proc/meminfo.

use crate::metric::{Families, Metric, MetricInfo, Unit};

const fn bytes(name: &'static str, help: &'static str) -> Metric<0> {
    Metric::gauge(name, &[], help).unit(Unit::Bytes).source("/proc/meminfo")
}

/// The lines that are shown, by key.
const FIELDS: [(&str, Metric<0>); 22] = [
    ("MemTotal", bytes("node_memory_MemTotal_bytes", "Memory that the kernel can use.")),
    ("MemFree", bytes("node_memory_MemFree_bytes", "Memory that is used for nothing.")),
    (
        "MemAvailable",
        bytes("node_memory_MemAvailable_bytes", "Memory that new programs can have before the machine swaps."),
    ),
    ("Buffers", bytes("node_memory_Buffers_bytes", "Buffers of block devices.")),
    ("Cached", bytes("node_memory_Cached_bytes", "Cached content of files, and shared memory.")),
    ("SwapCached", bytes("node_memory_SwapCached_bytes", "Memory that is in swap as well.")),
    ("Active", bytes("node_memory_Active_bytes", "Memory that was used lately.")),
    ("Inactive", bytes("node_memory_Inactive_bytes", "Memory that is given up first.")),
    ("SwapTotal", bytes("node_memory_SwapTotal_bytes", "Swap space.")),
    ("SwapFree", bytes("node_memory_SwapFree_bytes", "Swap space that is free.")),
    ("Dirty", bytes("node_memory_Dirty_bytes", "Memory that waits to be written to disk.")),
    ("Writeback", bytes("node_memory_Writeback_bytes", "Memory that is being written to disk.")),
    ("AnonPages", bytes("node_memory_AnonPages_bytes", "Memory of programs that no file is behind.")),
    ("AnonHugePages", bytes("node_memory_AnonHugePages_bytes", "The part of it in transparent huge pages.")),
    ("Mapped", bytes("node_memory_Mapped_bytes", "Files that are mapped into programs.")),
    ("Shmem", bytes("node_memory_Shmem_bytes", "Shared memory and tmpfs.")),
    ("Slab", bytes("node_memory_Slab_bytes", "Structures of the kernel.")),
    ("SReclaimable", bytes("node_memory_SReclaimable_bytes", "The part of them that can be given up.")),
    ("SUnreclaim", bytes("node_memory_SUnreclaim_bytes", "The part of them that cannot be given up.")),
    ("PageTables", bytes("node_memory_PageTables_bytes", "Page tables.")),
    ("CommitLimit", bytes("node_memory_CommitLimit_bytes", "What programs may ask for where overcommit is off.")),
    ("Committed_AS", bytes("node_memory_Committed_AS_bytes", "What programs have asked for.")),
];

/// The bytes of each of [`FIELDS`], as far as there is a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Memory([Option<u64>; FIELDS.len()]);

/// Reads the text; `None` if it does not say how much memory there is.
pub(super) fn parse(text: &str) -> Option<Memory> {
    let mut memory = [None; FIELDS.len()];
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        if let Some(at) = FIELDS.iter().position(|(name, _)| *name == key) {
            memory[at] = kibibytes(value);
        }
    }
    memory[0].map(|_| Memory(memory))
}

/// The bytes of ` 1234 kB`.
fn kibibytes(value: &str) -> Option<u64> {
    value.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

pub(super) fn export(memory: &Memory, out: &mut Families) {
    for ((_, metric), bytes) in FIELDS.iter().zip(memory.0) {
        if let Some(bytes) = bytes {
            out.push(metric, [], bytes as f64);
        }
    }
}

pub(super) fn metrics() -> Vec<MetricInfo> {
    FIELDS.iter().map(|(_, metric)| *metric.info()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_missing_or_strange_is_absent() {
        let memory =
            parse("MemTotal: 10 kB\nMemFree:\t 3 kB\nBuffers: 1\nCached: -1 kB\nMemAvailable: 2 MB\n").unwrap();
        assert_eq!(memory.0[..5], [Some(10_240), Some(3_072), None, None, None]);
        assert_eq!(parse("MemFree: 3 kB\n"), None);
        assert_eq!(parse("MemTotal: 18446744073709551615 kB\n"), None);
    }
}
