//! /proc/vmstat: what the kernel did for want of memory. Without types, as `node_exporter` has them.

use super::parse::Rows;
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    /// The lines that are shown, by key.
    const FIELDS: [(&'static str, Metric<0>)];
    "oom_kill" => untyped "node_vmstat_oom_kill" [] Count,
        "Processes that the kernel killed for want of memory, of the machine or of a container; Linux >= 4.13.",
        "/proc/vmstat";
    "pgfault" => untyped "node_vmstat_pgfault" [] Count, "Page faults.", "/proc/vmstat";
    "pgmajfault" => untyped "node_vmstat_pgmajfault" [] Count,
        "Page faults for which a disk was read.", "/proc/vmstat";
    "pgpgin" => untyped "node_vmstat_pgpgin" [] Count, "KiB that were read from disks.", "/proc/vmstat";
    "pgpgout" => untyped "node_vmstat_pgpgout" [] Count, "KiB that were written to disks.", "/proc/vmstat";
    "pswpin" => untyped "node_vmstat_pswpin" [] Count, "Pages that were read from swap.", "/proc/vmstat";
    "pswpout" => untyped "node_vmstat_pswpout" [] Count, "Pages that were written to swap.", "/proc/vmstat";
}

/// Reads the text; `None` if there is nothing of it.
pub(super) fn parse(text: &str) -> Option<Rows> {
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    Rows::of(FIELDS, lines.filter_map(|(key, value)| Some((key, value.trim().parse::<u64>().ok()? as f64))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_not_known_or_no_numbers_are_passed_over() {
        let vmstat = parse("nr_free_pages 1\noom_kill 3\npgmajfault x\npgmajfault_x 7\npswpin 4\n").unwrap();
        let values = ["oom_kill", "pgmajfault", "pswpin", "nr_free_pages"].map(|key| vmstat.get(key));
        assert_eq!(values, [Some(3.0), None, Some(4.0), None]);
        assert_eq!(parse(""), None);
        assert_eq!(parse("oom_kill\n"), None);
    }
}
