//! What there is one of: load, open files, clock, and the name of it all.

use std::time::{SystemTime, UNIX_EPOCH};

use sysinfo::LoadAvg;

use super::parse::numbers;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    LOAD_1: gauge "node_load1" [] Count,
        "Mean number of threads running or waiting to run, over 1 minute.", "/proc/loadavg";
    LOAD_5: gauge "node_load5" [] Count,
        "Mean number of threads running or waiting to run, over 5 minutes.", "/proc/loadavg";
    LOAD_15: gauge "node_load15" [] Count,
        "Mean number of threads running or waiting to run, over 15 minutes.", "/proc/loadavg";
    FILES: gauge "node_filefd_allocated" [] Count, "Open files on the whole machine.", "/proc/sys/fs/file-nr";
    MAX_FILES: gauge "node_filefd_maximum" [] Count,
        "Maximum number of open files on the whole machine.", "/proc/sys/fs/file-nr";
    TRACKED: gauge "node_nf_conntrack_entries" [] Count,
        "Connections that the firewall tracks; absent where it tracks none.",
        "/proc/sys/net/netfilter/nf_conntrack_count";
    MAX_TRACKED: gauge "node_nf_conntrack_entries_limit" [] Count,
        "Maximum number of connections that the firewall tracks; beyond it packets are dropped.",
        "/proc/sys/net/netfilter/nf_conntrack_max";
    ENTROPY: gauge "node_entropy_available_bits" [] Count,
        "Bits of randomness that the kernel has ready.", "/proc/sys/kernel/random/entropy_avail";
    MAX_ENTROPY: gauge "node_entropy_pool_size_bits" [] Count,
        "Bits of randomness that the kernel can have ready.", "/proc/sys/kernel/random/poolsize";
    TIME: gauge "node_time_seconds" [] UnixSeconds, "The machine's clock at the time of the poll.", "clock";
    UNAME: gauge "node_uname_info" ["domainname", "machine", "nodename", "release", "sysname", "version"] Info,
        "The kernel and the host name.", "/proc/sys/kernel";
}

/// Files that are open, and the most that may be.
pub(super) type Files = (u64, u64);

/// Reads /proc/sys/fs/file-nr: open files, those that are kept for reuse, and the most of them.
pub(super) fn parse_files(text: &str) -> Option<Files> {
    numbers(text.split_ascii_whitespace()).map(|[allocated, _, maximum]| (allocated, maximum))
}

/// Reads two files, of what there is now and of the most of it: of connection tracking, which are there if the kernel's module
/// is, or of randomness.
pub(super) fn parse_pair(texts: &[Option<String>; 2]) -> Option<(u64, u64)> {
    let [now, most] = texts.each_ref().map(|text| text.as_deref()?.trim().parse().ok());
    now.zip(most)
}

/// The kernel and the host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Uname {
    domain: String,
    machine: String,
    node: String,
    release: String,
    system: String,
    version: String,
}

/// Reads the files of /proc/sys/kernel; `None` without all of them.
pub(super) fn parse_uname(texts: &[Option<String>; 5], machine: String) -> Option<Uname> {
    let [domain, node, release, system, version] =
        texts.each_ref().map(|text| text.as_ref().map(|text| text.trim_end().to_owned()));
    Some(Uname { domain: domain?, machine, node: node?, release: release?, system: system?, version: version? })
}

pub(super) fn export_load(load: &LoadAvg, out: &mut Families) {
    for (metric, value) in [(&LOAD_1, load.one), (&LOAD_5, load.five), (&LOAD_15, load.fifteen)] {
        out.push(metric, [], value);
    }
}

pub(super) fn export_files((allocated, maximum): Files, out: &mut Families) {
    out.push(&FILES, [], allocated as f64);
    out.push(&MAX_FILES, [], maximum as f64);
}

pub(super) fn export_conntrack((entries, limit): (u64, u64), out: &mut Families) {
    out.push(&TRACKED, [], entries as f64);
    out.push(&MAX_TRACKED, [], limit as f64);
}

pub(super) fn export_entropy((available, size): (u64, u64), out: &mut Families) {
    out.push(&ENTROPY, [], available as f64);
    out.push(&MAX_ENTROPY, [], size as f64);
}

pub(super) fn export_time(time: SystemTime, out: &mut Families) {
    if let Ok(since) = time.duration_since(UNIX_EPOCH) {
        out.push(&TIME, [], since.as_secs_f64());
    }
}

pub(super) fn export_uname(uname: &Uname, out: &mut Families) {
    let Uname { domain, machine, node, release, system, version } = uname;
    out.push(&UNAME, [domain, machine, node, release, system, version], 1.0);
}
