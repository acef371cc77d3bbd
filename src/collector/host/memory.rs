//! /proc/meminfo.

use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    /// The lines that are shown, by key.
    const FIELDS: [(&'static str, Metric<0>)];
    "MemTotal" => gauge "node_memory_MemTotal_bytes" [] Bytes, "Memory usable by the kernel.", "/proc/meminfo";
    "MemFree" => gauge "node_memory_MemFree_bytes" [] Bytes, "Unused memory.", "/proc/meminfo";
    "MemAvailable" => gauge "node_memory_MemAvailable_bytes" [] Bytes,
        "Memory available to new programs without swapping.", "/proc/meminfo";
    "Buffers" => gauge "node_memory_Buffers_bytes" [] Bytes, "Buffers of block devices.", "/proc/meminfo";
    "Cached" => gauge "node_memory_Cached_bytes" [] Bytes,
        "Cached content of files, and shared memory.", "/proc/meminfo";
    "SwapCached" => gauge "node_memory_SwapCached_bytes" [] Bytes, "Memory that is also in swap.", "/proc/meminfo";
    "Active" => gauge "node_memory_Active_bytes" [] Bytes, "Recently used memory.", "/proc/meminfo";
    "Inactive" => gauge "node_memory_Inactive_bytes" [] Bytes, "Memory that is reclaimed first.", "/proc/meminfo";
    "SwapTotal" => gauge "node_memory_SwapTotal_bytes" [] Bytes, "Swap space.", "/proc/meminfo";
    "SwapFree" => gauge "node_memory_SwapFree_bytes" [] Bytes, "Unused swap space.", "/proc/meminfo";
    "Dirty" => gauge "node_memory_Dirty_bytes" [] Bytes, "Memory waiting to be written to disk.", "/proc/meminfo";
    "Writeback" => gauge "node_memory_Writeback_bytes" [] Bytes, "Memory being written to disk.", "/proc/meminfo";
    "AnonPages" => gauge "node_memory_AnonPages_bytes" [] Bytes, "Anonymous memory of programs.", "/proc/meminfo";
    "AnonHugePages" => gauge "node_memory_AnonHugePages_bytes" [] Bytes,
        "Anonymous memory in transparent huge pages.", "/proc/meminfo";
    "Mapped" => gauge "node_memory_Mapped_bytes" [] Bytes, "Files mapped into programs.", "/proc/meminfo";
    "Shmem" => gauge "node_memory_Shmem_bytes" [] Bytes, "Shared memory and tmpfs.", "/proc/meminfo";
    "Slab" => gauge "node_memory_Slab_bytes" [] Bytes, "Kernel data structures.", "/proc/meminfo";
    "SReclaimable" => gauge "node_memory_SReclaimable_bytes" [] Bytes,
        "Kernel data structures that can be reclaimed.", "/proc/meminfo";
    "SUnreclaim" => gauge "node_memory_SUnreclaim_bytes" [] Bytes,
        "Kernel data structures that cannot be reclaimed.", "/proc/meminfo";
    "PageTables" => gauge "node_memory_PageTables_bytes" [] Bytes, "Page tables.", "/proc/meminfo";
    "CommitLimit" => gauge "node_memory_CommitLimit_bytes" [] Bytes,
        "Memory that programs may commit where overcommit is off.", "/proc/meminfo";
    "Committed_AS" => gauge "node_memory_Committed_AS_bytes" [] Bytes,
        "Memory that programs have committed.", "/proc/meminfo";
}

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
