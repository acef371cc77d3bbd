//! /proc/stat: the time of each CPU, and what the kernel counts beside it.

use std::collections::HashMap;

use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    SECONDS: counter "node_cpu_seconds_total" ["cpu", "mode"] Seconds,
        "Seconds that each CPU spent in each mode.", "/proc/stat";
    GUEST_SECONDS: counter "node_cpu_guest_seconds_total" ["cpu", "mode"] Seconds,
        "Seconds that each CPU spent in virtual machines; they are part of user and nice.", "/proc/stat";
    BOOT_TIME: gauge "node_boot_time_seconds" [] UnixSeconds, "When the machine booted.", "/proc/stat";
    CONTEXT_SWITCHES: counter "node_context_switches_total" [] Count, "Context switches since boot.", "/proc/stat";
    INTERRUPTS: counter "node_intr_total" [] Count, "Interrupts served since boot.", "/proc/stat";
    FORKS: counter "node_forks_total" [] Count, "Processes and threads created since boot.", "/proc/stat";
    RUNNING: gauge "node_procs_running" [] Count, "Threads that run or could run.", "/proc/stat";
    BLOCKED: gauge "node_procs_blocked" [] Count, "Threads that wait for I/O.", "/proc/stat";
}

/// The modes in the order of a line.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];

/// What follows them: the part of guests in two of them.
const GUESTS: [&str; 2] = ["user", "nice"];

/// Seconds by which a counter may fall before it is taken for a CPU that was off in between.
const SLIP: u64 = 3;

/// What /proc/stat says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stat {
    ticks_per_second: u64,
    cpus: Vec<Cpu>,
    boot_time: Option<u64>,
    context_switches: Option<u64>,
    interrupts: Option<u64>,
    forks: Option<u64>,
    running: Option<u64>,
    blocked: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cpu {
    /// Its number: those that are off have no line.
    number: u32,
    /// By mode, as many as the kernel knows.
    ticks: Vec<u64>,
}

/// Reads the text; `None` if there is no CPU in it.
pub(super) fn parse(text: &str, ticks_per_second: u64) -> Option<Stat> {
    let mut stat = Stat {
        ticks_per_second,
        cpus: Vec::new(),
        boot_time: None,
        context_switches: None,
        interrupts: None,
        forks: None,
        running: None,
        blocked: None,
    };
    for line in text.lines() {
        let Some((key, values)) = line.split_once(' ') else { continue };
        let value = || values.trim().parse().ok();
        match key {
            "btime" => stat.boot_time = value(),
            "ctxt" => stat.context_switches = value(),
            "intr" => stat.interrupts = values.split_ascii_whitespace().next().and_then(|sum| sum.parse().ok()),
            "processes" => stat.forks = value(),
            "procs_running" => stat.running = value(),
            "procs_blocked" => stat.blocked = value(),
            _ => stat.cpus.extend(key.strip_prefix("cpu").and_then(|number| cpu(number, values))),
        }
    }
    (!stat.cpus.is_empty()).then_some(stat)
}

/// The line of one CPU; `None` for the sum of all.
fn cpu(number: &str, values: &str) -> Option<Cpu> {
    let number = number.parse().ok()?;
    let ticks: Result<Vec<u64>, _> =
        values.split_ascii_whitespace().take(MODES.len() + GUESTS.len()).map(str::parse).collect();
    Some(Cpu { number, ticks: ticks.ok().filter(|ticks| !ticks.is_empty())? })
}

/// What each CPU was last seen at. The kernel takes back a part of `idle` and `iowait` now and then, and a counter must not
/// go back.
#[derive(Debug, Default)]
pub(super) struct Ratchet(HashMap<u32, Vec<u64>>);

impl Ratchet {
    /// Holds what fell by a little where it was.
    pub(super) fn hold(&mut self, stat: &mut Stat) {
        let slip = SLIP.saturating_mul(stat.ticks_per_second);
        for cpu in &mut stat.cpus {
            let Some(before) = self.0.get(&cpu.number) else { continue };
            for (now, before) in cpu.ticks.iter_mut().zip(before) {
                if *now < *before && *before - *now <= slip {
                    *now = *before;
                }
            }
        }
        self.0 = stat.cpus.iter().map(|cpu| (cpu.number, cpu.ticks.clone())).collect();
    }
}

/// What there is one of.
pub(super) fn export_counts(stat: &Stat, out: &mut Families) {
    let counts = [
        (&BOOT_TIME, stat.boot_time),
        (&CONTEXT_SWITCHES, stat.context_switches),
        (&INTERRUPTS, stat.interrupts),
        (&FORKS, stat.forks),
        (&RUNNING, stat.running),
        (&BLOCKED, stat.blocked),
    ];
    for (metric, count) in counts {
        if let Some(count) = count {
            out.push(metric, [], count as f64);
        }
    }
}

/// The time of each CPU.
pub(super) fn export_cpus(stat: &Stat, out: &mut Families) {
    for cpu in &stat.cpus {
        let number = cpu.number.to_string();
        let modes = MODES.iter().map(|mode| (&SECONDS, mode)).chain(GUESTS.iter().map(|mode| (&GUEST_SECONDS, mode)));
        for ((metric, mode), ticks) in modes.zip(&cpu.ticks) {
            out.push(metric, [&number, mode], *ticks as f64 / stat.ticks_per_second as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(stat: &Stat) -> Vec<(u32, Vec<u64>)> {
        stat.cpus.iter().map(|cpu| (cpu.number, cpu.ticks.clone())).collect()
    }

    #[test]
    fn a_cpu_that_is_off_and_an_old_kernel() {
        let stat =
            parse("cpu  5 6 7 8\ncpu0 1 2 3 4\ncpu2 5 6 7 8 9 10 11 12 13 14\nintr 1 2\nbtime x\n", 100).unwrap();
        assert_eq!(ticks(&stat), [(0, vec![1, 2, 3, 4]), (2, vec![5, 6, 7, 8, 9, 10, 11, 12, 13, 14])]);
        assert_eq!((stat.boot_time, stat.context_switches, stat.interrupts), (None, None, Some(1)));
        assert_eq!(parse("cpu  5 6 7 8\n", 100), None);
        assert_eq!(parse("cpu0 1 2 x\n", 100), None);
        assert_eq!(parse("", 100), None);
    }

    #[test]
    fn a_counter_that_slips_is_held_and_one_that_begins_anew_is_not() {
        let mut ratchet = Ratchet::default();
        let mut hold = |text: &str| {
            let mut stat = parse(text, 100).unwrap();
            ratchet.hold(&mut stat);
            ticks(&stat).into_iter().flat_map(|(_, ticks)| ticks).collect::<Vec<_>>()
        };
        assert_eq!(hold("cpu0 10 0 0 1000 500\n"), [10, 0, 0, 1000, 500]);
        assert_eq!(hold("cpu0 11 0 0 990 200\n"), [11, 0, 0, 1000, 500]);
        assert_eq!(hold("cpu0 12 0 0 1001 501\n"), [12, 0, 0, 1001, 501]);
        assert_eq!(hold("cpu0 0 0 0 600 3\n"), [12, 0, 0, 600, 3]);
        // One that went and came back is another.
        assert_eq!(hold("cpu1 1 1 1 1 1\n"), [1, 1, 1, 1, 1]);
        assert_eq!(hold("cpu0 0 0 0 599 2\n"), [0, 0, 0, 599, 2]);
    }
}
