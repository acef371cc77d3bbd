//! The texts of /proc.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sysinfo::{LoadAvg, System};

use super::{netstat, pressure, sockstat, sysctl};

/// Bytes of one file; the interrupts of /proc/stat are some hundred KiB on the largest machines.
const FILE_LIMIT: u64 = 4 << 20;

/// The texts as they were, and what is not told by one; `None` for what could not be read.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) load: Option<LoadAvg>,
    /// The kind of processor.
    pub(super) machine: String,
    /// Bytes.
    pub(super) page_size: u64,
    /// The unit of the times in `stat`.
    pub(super) ticks_per_second: u64,
    pub(super) stat: String,
    pub(super) meminfo: Option<String>,
    pub(super) diskstats: Option<String>,
    pub(super) net_dev: Option<String>,
    pub(super) file_nr: Option<String>,
    pub(super) vmstat: Option<String>,
    /// Those of `netstat::FILES`, `sockstat::FILES` and `pressure::FILES`.
    pub(super) netstat: [Option<String>; netstat::FILES.len()],
    pub(super) sockstat: [Option<String>; sockstat::FILES.len()],
    pub(super) pressure: [Option<String>; pressure::FILES.len()],
    pub(super) softnet: Option<String>,
    /// The randomness that the kernel has ready, and the most of it.
    pub(super) entropy: [Option<String>; 2],
    /// The connections that the firewall tracks, and the most of them.
    pub(super) conntrack: [Option<String>; 2],
    /// `domainname`, `hostname`, `osrelease`, `ostype` and `version`.
    pub(super) kernel: [Option<String>; 5],
    /// In the order of [`sysctl::names`].
    pub(super) sysctls: Vec<Option<String>>,
}

/// Reads them under `root`. Without the kernel's statistics there is no proc file system there.
pub(super) fn texts(root: &Path) -> io::Result<Texts> {
    let read = |path: &str| text(&root.join(path)).ok();
    let kernel = |name: &str| read(&format!("sys/kernel/{name}"));
    Ok(Texts {
        load: System::load_average().ok(),
        machine: System::cpu_arch(),
        page_size: procfs::page_size(),
        ticks_per_second: procfs::ticks_per_second(),
        stat: text(&root.join("stat"))?,
        meminfo: read("meminfo"),
        diskstats: read("diskstats"),
        net_dev: read("net/dev"),
        file_nr: read("sys/fs/file-nr"),
        vmstat: read("vmstat"),
        netstat: netstat::FILES.map(|name| read(&format!("net/{name}"))),
        sockstat: sockstat::FILES.map(|name| read(&format!("net/{name}"))),
        pressure: pressure::FILES.map(|name| read(&format!("pressure/{name}"))),
        softnet: read("net/softnet_stat"),
        entropy: ["entropy_avail", "poolsize"].map(|name| kernel(&format!("random/{name}"))),
        conntrack: ["count", "max"].map(|what| read(&format!("sys/net/netfilter/nf_conntrack_{what}"))),
        kernel: ["domainname", "hostname", "osrelease", "ostype", "version"].map(kernel),
        sysctls: sysctl::names().map(|name| read(&format!("sys/{name}"))).collect(),
    })
}

/// One file; what is no UTF-8 in it is replaced, for a name in it may be anything.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
