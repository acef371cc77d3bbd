//! /proc/meminfo.

use super::parse::Rows;
use crate::metric::metrics;

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
    "Active(anon)" => gauge "node_memory_Active_anon_bytes" [] Bytes,
        "Recently used anonymous memory.", "/proc/meminfo";
    "Inactive(anon)" => gauge "node_memory_Inactive_anon_bytes" [] Bytes,
        "Anonymous memory that is reclaimed first.", "/proc/meminfo";
    "Active(file)" => gauge "node_memory_Active_file_bytes" [] Bytes,
        "Recently used content of files.", "/proc/meminfo";
    "Inactive(file)" => gauge "node_memory_Inactive_file_bytes" [] Bytes,
        "Content of files that is reclaimed first.", "/proc/meminfo";
    "Unevictable" => gauge "node_memory_Unevictable_bytes" [] Bytes,
        "Memory that cannot be reclaimed.", "/proc/meminfo";
    "Mlocked" => gauge "node_memory_Mlocked_bytes" [] Bytes, "Memory that programs have locked.", "/proc/meminfo";
    "KReclaimable" => gauge "node_memory_KReclaimable_bytes" [] Bytes,
        "Memory of the kernel that can be reclaimed; Linux >= 4.20.", "/proc/meminfo";
    "KernelStack" => gauge "node_memory_KernelStack_bytes" [] Bytes, "Stacks of the kernel.", "/proc/meminfo";
    "Percpu" => gauge "node_memory_Percpu_bytes" [] Bytes,
        "Memory of the kernel that each CPU has for itself.", "/proc/meminfo";
    "NFS_Unstable" => gauge "node_memory_NFS_Unstable_bytes" [] Bytes,
        "Memory sent to an NFS server and not yet on its disk.", "/proc/meminfo";
    "Bounce" => gauge "node_memory_Bounce_bytes" [] Bytes, "Memory that block devices copy through.", "/proc/meminfo";
    "WritebackTmp" => gauge "node_memory_WritebackTmp_bytes" [] Bytes,
        "Memory that FUSE writes back through.", "/proc/meminfo";
    "VmallocTotal" => gauge "node_memory_VmallocTotal_bytes" [] Bytes, "Address space of vmalloc.", "/proc/meminfo";
    "VmallocUsed" => gauge "node_memory_VmallocUsed_bytes" [] Bytes,
        "Address space of vmalloc in use.", "/proc/meminfo";
    "VmallocChunk" => gauge "node_memory_VmallocChunk_bytes" [] Bytes,
        "Largest free piece of the address space of vmalloc.", "/proc/meminfo";
    "HardwareCorrupted" => gauge "node_memory_HardwareCorrupted_bytes" [] Bytes,
        "Memory that the kernel has taken out of use as broken.", "/proc/meminfo";
    "ShmemHugePages" => gauge "node_memory_ShmemHugePages_bytes" [] Bytes,
        "Shared memory in huge pages.", "/proc/meminfo";
    "ShmemPmdMapped" => gauge "node_memory_ShmemPmdMapped_bytes" [] Bytes,
        "Shared memory mapped in huge pages.", "/proc/meminfo";
    "FileHugePages" => gauge "node_memory_FileHugePages_bytes" [] Bytes,
        "Content of files in huge pages.", "/proc/meminfo";
    "FilePmdMapped" => gauge "node_memory_FilePmdMapped_bytes" [] Bytes,
        "Content of files mapped in huge pages.", "/proc/meminfo";
    "Zswap" => gauge "node_memory_Zswap_bytes" [] Bytes,
        "Memory that holds compressed swap; Linux >= 5.19.", "/proc/meminfo";
    "Zswapped" => gauge "node_memory_Zswapped_bytes" [] Bytes,
        "Memory that is compressed there; Linux >= 5.19.", "/proc/meminfo";
    "SecPageTables" => gauge "node_memory_SecPageTables_bytes" [] Bytes,
        "Page tables of virtual machines and devices; Linux >= 6.0.", "/proc/meminfo";
    "Balloon" => gauge "node_memory_Balloon_bytes" [] Bytes,
        "Memory that a virtual machine has given back to its host; Linux >= 6.16.", "/proc/meminfo";
    "CmaTotal" => gauge "node_memory_CmaTotal_bytes" [] Bytes, "Memory for contiguous blocks.", "/proc/meminfo";
    "CmaFree" => gauge "node_memory_CmaFree_bytes" [] Bytes, "Unused memory for contiguous blocks.", "/proc/meminfo";
    "Hugepagesize" => gauge "node_memory_Hugepagesize_bytes" [] Bytes, "Default size of a huge page.", "/proc/meminfo";
    "Hugetlb" => gauge "node_memory_Hugetlb_bytes" [] Bytes, "Memory of all huge pages.", "/proc/meminfo";
    "DirectMap4k" => gauge "node_memory_DirectMap4k_bytes" [] Bytes,
        "Memory mapped in pages of 4 KiB.", "/proc/meminfo";
    "DirectMap2M" => gauge "node_memory_DirectMap2M_bytes" [] Bytes,
        "Memory mapped in pages of 2 MiB.", "/proc/meminfo";
    "DirectMap1G" => gauge "node_memory_DirectMap1G_bytes" [] Bytes,
        "Memory mapped in pages of 1 GiB.", "/proc/meminfo";
    "HugePages_Total" => gauge "node_memory_HugePages_Total" [] Count, "Huge pages.", "/proc/meminfo";
    "HugePages_Free" => gauge "node_memory_HugePages_Free" [] Count, "Unused huge pages.", "/proc/meminfo";
    "HugePages_Rsvd" => gauge "node_memory_HugePages_Rsvd" [] Count, "Huge pages promised and not yet used.", "/proc/meminfo";
    "HugePages_Surp" => gauge "node_memory_HugePages_Surp" [] Count, "Huge pages beyond the configured number.", "/proc/meminfo";
}

/// Reads the text; `None` if it does not say how much memory there is.
pub(super) fn parse(text: &str) -> Option<Rows> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let rows = Rows::of(FIELDS, lines.filter_map(|(key, value)| Some((key, number(key, value.trim())?))))?;
    rows.get("MemTotal").map(|_| rows)
}

/// The bytes of `1234 kB`, or the number of huge pages.
fn number(key: &str, value: &str) -> Option<f64> {
    if key.starts_with("HugePages_") {
        return value.parse::<u64>().ok().map(|count| count as f64);
    }
    let kibibytes = value.strip_suffix("kB")?.trim_end().parse::<u64>().ok()?;
    kibibytes.checked_mul(1024).map(|bytes| bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_missing_or_strange_is_absent() {
        let memory = parse(
            "MemTotal: 10 kB\nMemFree:\t 3 kB\nBuffers: 1\nCached: -1 kB\nMemAvailable: 2 MB\n\
             Active(anon): 4 kB\nHugePages_Free: 5\nHugePages_Rsvd: 6 kB\n",
        )
        .unwrap();
        let keys = ["MemTotal", "MemFree", "Buffers", "Cached", "MemAvailable"].map(|key| memory.get(key));
        assert_eq!(keys, [Some(10_240.0), Some(3_072.0), None, None, None]);
        let keys = ["Active(anon)", "HugePages_Free", "HugePages_Rsvd"].map(|key| memory.get(key));
        assert_eq!(keys, [Some(4_096.0), Some(5.0), None]);
        assert_eq!(parse("MemFree: 3 kB\n"), None);
        assert_eq!(parse("MemTotal: 18446744073709551615 kB\n"), None);
    }
}
