//! /proc/vmstat: what the kernel did for want of memory.

use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    /// The lines that are shown, by key.
    const FIELDS: [(&'static str, Metric<0>)];
    "oom_kill" => counter "node_vmstat_oom_kill" [] Count,
        "Processes that the kernel killed for want of memory, of the machine or of a container; Linux >= 4.13.",
        "/proc/vmstat";
    "pgfault" => counter "node_vmstat_pgfault" [] Count, "Page faults.", "/proc/vmstat";
    "pgmajfault" => counter "node_vmstat_pgmajfault" [] Count,
        "Page faults for which a disk was read.", "/proc/vmstat";
    "pgpgin" => counter "node_vmstat_pgpgin" [] Count, "KiB that were read from disks.", "/proc/vmstat";
    "pgpgout" => counter "node_vmstat_pgpgout" [] Count, "KiB that were written to disks.", "/proc/vmstat";
    "pswpin" => counter "node_vmstat_pswpin" [] Count, "Pages that were read from swap.", "/proc/vmstat";
    "pswpout" => counter "node_vmstat_pswpout" [] Count, "Pages that were written to swap.", "/proc/vmstat";
}

/// The value of each of [`FIELDS`], as far as there is a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vmstat([Option<u64>; FIELDS.len()]);

/// Reads the text; `None` if there is nothing of it.
pub(super) fn parse(text: &str) -> Option<Vmstat> {
    let mut found = [None; FIELDS.len()];
    for (key, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        if let Some(at) = FIELDS.iter().position(|(name, _)| *name == key) {
            found[at] = value.trim().parse().ok();
        }
    }
    found.iter().any(Option::is_some).then_some(Vmstat(found))
}

pub(super) fn export(vmstat: &Vmstat, out: &mut Families) {
    for ((_, metric), value) in FIELDS.iter().zip(vmstat.0) {
        if let Some(value) = value {
            out.push(metric, [], value as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_not_known_or_no_numbers_are_passed_over() {
        let vmstat = parse("nr_free_pages 1\noom_kill 3\npgmajfault x\npgmajfault_x 7\npswpin 18446744073709551615\n");
        assert_eq!(vmstat, Some(Vmstat([Some(3), None, None, None, None, Some(u64::MAX), None])));
        assert_eq!(parse(""), None);
        assert_eq!(parse("oom_kill\n"), None);
    }
}
