//! The limits of the kernel that services run into, under the names of `node_exporter`'s `sysctl` collector.

use crate::metric::{Families, MetricInfo, metrics};

metrics! {
    fn singles;
    /// The files with one number.
    const SINGLES: [(&'static str, Metric<0>)];
    "net/core/somaxconn" => gauge "node_sysctl_net_core_somaxconn" [] Count,
        "Maximum number of connections waiting to be accepted, whatever the server requests.", "/proc/sys";
    "net/ipv4/tcp_max_syn_backlog" => gauge "node_sysctl_net_ipv4_tcp_max_syn_backlog" [] Count,
        "Maximum number of half-open connections for each listening socket.", "/proc/sys";
    "net/ipv4/tcp_fastopen" => gauge "node_sysctl_net_ipv4_tcp_fastopen" [] Count,
        "TCP Fast Open as a sum: 1 for clients, 2 for servers, and further bits.", "/proc/sys";
    "net/core/rmem_max" => gauge "node_sysctl_net_core_rmem_max" [] Bytes,
        "Largest receive buffer that a program may request.", "/proc/sys";
    "net/core/wmem_max" => gauge "node_sysctl_net_core_wmem_max" [] Bytes,
        "Largest send buffer that a program may request.", "/proc/sys";
    "fs/nr_open" => gauge "node_sysctl_fs_nr_open" [] Count,
        "Maximum number of open files that a process can be allowed.", "/proc/sys";
    "vm/overcommit_memory" => gauge "node_sysctl_vm_overcommit_memory" [] Count,
        "Memory overcommit mode: 0 heuristic, 1 always, 2 never; Redis needs 1 to fork safely.", "/proc/sys";
}

metrics! {
    fn lists;
    /// The files with several numbers, told apart by their place.
    const LISTS: [(&'static str, Metric<1>)];
    "net/ipv4/ip_local_port_range" => gauge "node_sysctl_net_ipv4_ip_local_port_range" ["index"] Count,
        "The first (0) and the last (1) local port of outgoing connections.", "/proc/sys";
    "net/ipv4/tcp_rmem" => gauge "node_sysctl_net_ipv4_tcp_rmem" ["index"] Bytes,
        "Minimum (0), default (1) and maximum (2) TCP receive buffer.", "/proc/sys";
    "net/ipv4/tcp_wmem" => gauge "node_sysctl_net_ipv4_tcp_wmem" ["index"] Bytes,
        "Minimum (0), default (1) and maximum (2) TCP send buffer.", "/proc/sys";
}

/// The files below /proc/sys that are read.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SINGLES.iter().map(|(name, _)| *name).chain(LISTS.iter().map(|(name, _)| *name))
}

/// The numbers of each of [`names`]; none of one that is not there or is something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sysctls(Vec<Vec<i64>>);

/// Reads the texts, which are in the order of [`names`]; `None` if there is no number in any of them.
pub(super) fn parse(texts: &[Option<String>]) -> Option<Sysctls> {
    let all: Vec<Vec<i64>> = texts.iter().map(|text| numbers(text.as_deref().unwrap_or_default())).collect();
    all.iter().any(|numbers| !numbers.is_empty()).then_some(Sysctls(all))
}

fn numbers(text: &str) -> Vec<i64> {
    text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().unwrap_or_default()
}

pub(super) fn export(sysctls: &Sysctls, out: &mut Families) {
    let (singles, lists) = sysctls.0.split_at(SINGLES.len());
    for ((_, metric), numbers) in SINGLES.iter().zip(singles) {
        if let [number] = numbers.as_slice() {
            out.push(metric, [], *number as f64);
        }
    }
    for ((_, metric), numbers) in LISTS.iter().zip(lists) {
        for (index, number) in numbers.iter().enumerate() {
            out.push(metric, [&index.to_string()], *number as f64);
        }
    }
}

pub(super) fn metrics() -> Vec<MetricInfo> {
    [singles(), lists()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_no_number_is_absent() {
        let mut texts: Vec<Option<String>> = vec![None; names().count()];
        assert_eq!(parse(&texts), None);
        texts[0] = Some("4096\n".to_owned());
        texts[1] = Some("many\n".to_owned());
        texts[SINGLES.len()] = Some("1024\t65535\n".to_owned());
        texts[2] = Some("-1 2\n".to_owned());
        let mut out = Families::new();
        export(&parse(&texts).unwrap(), &mut out);
        let names: Vec<_> = out.into_sorted().iter().map(|family| family.name().to_owned()).collect();
        assert_eq!(names, ["node_sysctl_net_core_somaxconn", "node_sysctl_net_ipv4_ip_local_port_range"]);
    }
}
