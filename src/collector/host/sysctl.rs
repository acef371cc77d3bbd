//! The limits of the kernel that services run into, under the names of `node_exporter`'s `sysctl` collector.

use crate::metric::{Families, Metric, MetricInfo, Unit};

/// A file below /proc/sys, and what it becomes.
struct Sysctl {
    path: &'static str,
    shape: Shape,
}

enum Shape {
    One(Metric<0>),
    /// Several numbers, by their place.
    List(Metric<1>),
}

const fn one(path: &'static str, name: &'static str, help: &'static str, unit: Unit) -> Sysctl {
    Sysctl { path, shape: Shape::One(Metric::gauge(name, &[], help).unit(unit).source("/proc/sys")) }
}

const fn list(path: &'static str, name: &'static str, help: &'static str, unit: Unit) -> Sysctl {
    Sysctl { path, shape: Shape::List(Metric::gauge(name, &["index"], help).unit(unit).source("/proc/sys")) }
}

const SYSCTLS: [Sysctl; 10] = [
    one(
        "net/core/somaxconn",
        "node_sysctl_net_core_somaxconn",
        "The most connections that may wait to be accepted, whatever the server asks for.",
        Unit::Count,
    ),
    one(
        "net/ipv4/tcp_max_syn_backlog",
        "node_sysctl_net_ipv4_tcp_max_syn_backlog",
        "The most connections that may be half open, for each listening socket.",
        Unit::Count,
    ),
    list(
        "net/ipv4/ip_local_port_range",
        "node_sysctl_net_ipv4_ip_local_port_range",
        "The first (0) and the last (1) local port of outgoing connections.",
        Unit::Count,
    ),
    one(
        "net/ipv4/tcp_fastopen",
        "node_sysctl_net_ipv4_tcp_fastopen",
        "TCP Fast Open as a sum: 1 for clients, 2 for servers, and further bits.",
        Unit::Count,
    ),
    one(
        "net/core/rmem_max",
        "node_sysctl_net_core_rmem_max",
        "The largest receive buffer that a program may ask for.",
        Unit::Bytes,
    ),
    one(
        "net/core/wmem_max",
        "node_sysctl_net_core_wmem_max",
        "The largest send buffer that a program may ask for.",
        Unit::Bytes,
    ),
    list(
        "net/ipv4/tcp_rmem",
        "node_sysctl_net_ipv4_tcp_rmem",
        "Smallest (0), first (1) and largest (2) receive buffer of TCP.",
        Unit::Bytes,
    ),
    list(
        "net/ipv4/tcp_wmem",
        "node_sysctl_net_ipv4_tcp_wmem",
        "Smallest (0), first (1) and largest (2) send buffer of TCP.",
        Unit::Bytes,
    ),
    one("fs/nr_open", "node_sysctl_fs_nr_open", "The most open files that any process can be allowed.", Unit::Count),
    one(
        "vm/overcommit_memory",
        "node_sysctl_vm_overcommit_memory",
        "Whether memory may be promised that is not there: 0 within reason, 1 always, 2 never; Redis needs 1 to fork safely.",
        Unit::Count,
    ),
];

/// The files below /proc/sys that are read.
pub(super) const NAMES: [&str; SYSCTLS.len()] = {
    let mut names = [""; SYSCTLS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = SYSCTLS[at].path;
        at += 1;
    }
    names
};

/// The numbers of each of [`NAMES`]; none of one that is not there or is something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sysctls(Vec<Vec<i64>>);

/// Reads the texts, which are in the order of [`NAMES`]; `None` if there is no number in any of them.
pub(super) fn parse(texts: &[Option<String>]) -> Option<Sysctls> {
    let all: Vec<Vec<i64>> = texts.iter().map(|text| numbers(text.as_deref().unwrap_or_default())).collect();
    all.iter().any(|numbers| !numbers.is_empty()).then_some(Sysctls(all))
}

fn numbers(text: &str) -> Vec<i64> {
    text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().unwrap_or_default()
}

pub(super) fn export(sysctls: &Sysctls, out: &mut Families) {
    for (sysctl, numbers) in SYSCTLS.iter().zip(&sysctls.0) {
        match (&sysctl.shape, numbers.as_slice()) {
            (Shape::One(metric), [number]) => out.push(metric, [], *number as f64),
            (Shape::List(metric), numbers) => {
                for (index, number) in numbers.iter().enumerate() {
                    out.push(metric, [&index.to_string()], *number as f64);
                }
            }
            (Shape::One(_), _) => {}
        }
    }
}

pub(super) fn metrics() -> Vec<MetricInfo> {
    let info = |sysctl: &Sysctl| match &sysctl.shape {
        Shape::One(metric) => *metric.info(),
        Shape::List(metric) => *metric.info(),
    };
    SYSCTLS.iter().map(info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_no_number_is_absent() {
        let mut texts: Vec<Option<String>> = vec![None; NAMES.len()];
        assert_eq!(parse(&texts), None);
        texts[0] = Some("4096\n".to_owned());
        texts[1] = Some("many\n".to_owned());
        texts[2] = Some("1024\t65535\n".to_owned());
        texts[3] = Some("-1 2\n".to_owned());
        let mut out = Families::new();
        export(&parse(&texts).unwrap(), &mut out);
        let names: Vec<_> = out.into_sorted().iter().map(|family| family.name().to_owned()).collect();
        assert_eq!(names, ["node_sysctl_net_core_somaxconn", "node_sysctl_net_ipv4_ip_local_port_range"]);
    }
}
