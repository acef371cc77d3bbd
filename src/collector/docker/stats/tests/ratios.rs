//! Rates and ratios of two samples.

use super::*;
use crate::collector::docker::cgroup::Machine;
use crate::collector::docker::stats::cpu::Cpu;

const LIMITS: Limits = Limits {
    memory: 1 << 30,
    memory_swap: 0,
    memory_reservation: 0,
    cpu_shares: 0,
    cpu_period: 0,
    cpu_quota: 0,
    nano_cpus: 500_000_000,
    cpuset: 0,
};

/// What two samples say of a container with those limits; the first is of an earlier run if `restarted`.
fn derived(first: &Sample, second: &Sample, restarted: bool, whole: Whole<'_>) -> Derived {
    let run = |second: u64| Some(UNIX_EPOCH + Duration::from_secs(second));
    let previous = Previous::of(first, run(if restarted { 1 } else { 2 }));
    Derived::of(second, Some(&previous), &Previous::of(second, run(2)), whole)
}

/// Limits as they are known, and a bandwidth of 10 Mbit/s.
const fn of_limits(limits: &Limits) -> Whole<'_> {
    Whole { limits: Some(limits), has_limits: true, bits_per_second: Some(10_000_000), one_core: false }
}

fn later(sample: &Sample, seconds: f64) -> Sample {
    Sample { read: sample.read + Duration::from_secs_f64(seconds), ..sample.clone() }
}

#[test]
fn of_two_samples_of_cgroup_v2() {
    // 7 s of CPU time in 15.5 s, of half a CPU.
    let all = derived(&read(V2_44), &read(V2_52), false, of_limits(&LIMITS));
    assert_eq!(all.cpu_cores, Some(7.0 / 15.5));
    assert_eq!(all.cpu_ratio, Some(7.0 / 15.5 / 0.5));
    // 734003200 - 104857600 of 1 GiB.
    assert_eq!(all.memory_ratio, Some(629_145_600.0 / 1_073_741_824.0));
    // 1937500 bytes received and 15500000 sent in 15.5 s: a megabit a second, and eight.
    assert_eq!(all.bandwidth, Some([0.1, 0.8]));
    assert_eq!(
        lines(&exposed(&container("ticker", None), with_nothing(), all)),
        [
            "container_cpu_one_core_ratio 0.45161290322580644",
            "container_cpu_usage_cores 0.45161290322580644",
            "container_cpu_usage_ratio 0.9032258064516129",
            r#"container_cpu_usage_seconds_total{cpu="total"} 1"#,
            "container_memory_usage_ratio 0.5859375",
            r#"container_network_bandwidth_ratio{direction="receive"} 0.1"#,
            r#"container_network_bandwidth_ratio{direction="transmit"} 0.8"#,
        ]
    );
}

const fn nanos(total: u64) -> Cpu {
    Cpu { total: Some(total), user: None, system: None, throttling: None }
}

fn with_nothing() -> Sample {
    read(r#"{"read":"2026-11-24T10:00:00Z","cpu_stats":{"cpu_usage":{"total_usage":1000000000}}}"#)
}

#[test]
fn cpu_is_a_part_of_the_limit_or_of_the_host() {
    let ratio = |whole: Whole<'_>| derived(&read(V2_44), &read(V2_52), false, whole).cpu_ratio;
    let known = |limits: &Limits| ratio(of_limits(limits));
    let quota = Limits { cpu_quota: 150_000, cpu_period: 50_000, ..Limits::default() };
    assert_eq!(known(&quota), Some(7.0 / 15.5 / 3.0));
    assert_eq!(known(&Limits::default()), Some(7.0 / 15.5 / 4.0));
    // The smallest of quota, list of CPUs and host.
    let pinned = |cpuset| Limits { cpuset, ..quota };
    assert_eq!(known(&Limits { cpuset: 1, ..Limits::default() }), Some(7.0 / 15.5));
    assert_eq!([1, 2, 3, 8].map(|cpus| known(&pinned(cpus))), [1.0, 2.0, 3.0, 3.0].map(|cpus| Some(7.0 / 15.5 / cpus)));
    assert_eq!(known(&Limits { nano_cpus: 8_000_000_000, ..Limits::default() }), Some(7.0 / 15.5 / 4.0));
    // Inspections are off or forbidden: the host's CPUs are all that is known.
    assert_eq!(ratio(Whole::default()), Some(7.0 / 15.5 / 4.0));
    // This container's inspection is still to come: it may have a limit.
    assert_eq!(ratio(Whole { has_limits: true, ..Whole::default() }), None);
}

#[test]
fn without_the_number_of_cpus_there_is_no_part_of_them() {
    let old = |json: &str| json.replace(r#""online_cpus":4"#, r#""online_cpus":0"#);
    let of_two = derived(&read(&old(V2_44)), &read(&old(V2_52)), false, Whole::default());
    assert_eq!((of_two.cpu_cores, of_two.cpu_ratio), (Some(7.0 / 15.5), None));
    // Cgroup v1 lists the usage of each.
    assert_eq!(read(&V1_LIMITED.replace(r#""online_cpus":2,"#, "")).cpus, Some(2));
}

#[test]
fn windows_and_podman_need_no_system_time() {
    let busy = Sample { cpu: nanos(123_456_789_000 + 4_000_000_000), ..later(&read(WINDOWS), 10.0) };
    let of_windows = derived(&read(WINDOWS), &busy, false, Whole::default());
    assert_eq!((of_windows.cpu_cores, of_windows.cpu_ratio), (Some(0.4), Some(0.05)));
    let podman = read_of_podman(PODMAN);
    let busy = Sample { cpu: nanos(407_550_299_000 + 4_000_000_000), ..later(&podman, 10.0) };
    assert_eq!(derived(&podman, &busy, false, Whole::default()).cpu_ratio, Some(0.05));
}

#[test]
fn the_first_sample_says_nothing_of_rates() {
    let sample = read(V2_44);
    let first = Derived::of(&sample, None, &Previous::of(&sample, None), of_limits(&LIMITS));
    let memory_ratio = Some(524_288_000.0 / 1_073_741_824.0);
    assert_eq!(first, Derived { memory_ratio, one_core: true, ..Derived::default() });
}

#[test]
fn another_run_is_not_compared_with_this_one() {
    let restarted = derived(&read(V2_44), &read(V2_52), true, of_limits(&LIMITS));
    assert_eq!((restarted.cpu_cores, restarted.cpu_ratio, restarted.bandwidth), (None, None, None));
}

#[test]
fn no_rate_without_time_or_with_a_counter_that_went_back() {
    let (first, second) = (read(V2_44), read(V2_52));
    for stamp in [first.read, first.read - Duration::from_secs(1)] {
        let odd = derived(&first, &Sample { read: stamp, ..second.clone() }, false, of_limits(&LIMITS));
        assert_eq!((odd.cpu_cores, odd.bandwidth), (None, None));
    }
    let back = derived(&first, &Sample { cpu: nanos(1), ..second.clone() }, false, of_limits(&LIMITS));
    assert_eq!((back.cpu_cores, back.cpu_ratio, back.bandwidth), (None, None, Some([0.1, 0.8])));
    let mut less = second.clone();
    less.network.0.as_mut().unwrap().remove("eth0");
    let less = derived(&first, &less, false, of_limits(&LIMITS));
    assert_eq!((less.cpu_cores, less.bandwidth), (Some(7.0 / 15.5), None));
}

#[test]
fn memory_is_a_part_of_a_configured_limit_alone() {
    let ratio = |limits: &Limits| derived(&read(V2_44), &read(V2_52), false, of_limits(limits)).memory_ratio;
    assert_eq!(ratio(&Limits { memory: 629_145_600, ..Limits::default() }), Some(1.0));
    assert_eq!(ratio(&Limits::default()), None);
    assert_eq!(derived(&read(V2_44), &read(V2_52), false, Whole::default()).memory_ratio, None);
}

#[test]
fn bandwidth_is_a_part_of_a_configured_one_alone() {
    let of = |bits_per_second| {
        let whole = Whole { bits_per_second, ..Whole::default() };
        derived(&read(V2_44), &read(V2_52), false, whole).bandwidth
    };
    assert_eq!(of(None), None);
    assert_eq!(of(Some(0)), None);
    assert_eq!(of(Some(1_000_000)), Some([1.0, 8.0]));
    let quiet = later(&read(V2_44), 1.0);
    let idle = derived(&read(V2_44), &quiet, false, of_limits(&LIMITS));
    assert_eq!((idle.cpu_cores, idle.bandwidth), (Some(0.0), Some([0.0, 0.0])));
    let none = derived(&read(V1_LIMITED), &later(&read(V1_LIMITED), 1.0), false, of_limits(&LIMITS));
    assert_eq!((none.cpu_cores, none.bandwidth), (Some(0.0), None));
}

/// What is shown as a part of one CPU of a container that used so many CPUs, a minute each, and whose name may say that it
/// runs on one thread.
fn one_core_ratios(cores: &[f64], one_core: bool) -> Vec<Option<String>> {
    let (mut sample, mut previous) = (with_nothing(), None);
    let mut shown = Vec::new();
    for cores in cores {
        let used = sample.cpu.total.unwrap() + (cores * 60e9) as u64;
        sample = Sample { cpu: nanos(used), ..later(&sample, 60.0) };
        let current = Previous::of(&sample, None).after(previous.as_ref());
        let whole = Whole { one_core, ..Whole::default() };
        let derived = Derived::of(&sample, previous.as_ref(), &current, whole);
        let text = exposed(&container("ticker", None), with_nothing(), derived);
        let line = lines(&text)
            .into_iter()
            .find_map(|line| Some(line.strip_prefix("container_cpu_one_core_ratio ")?.to_owned()));
        shown.push(line);
        previous = Some(current);
    }
    shown
}

#[test]
fn what_runs_on_one_thread_is_shown_as_a_part_of_one_cpu() {
    let of = |values: &[&str]| -> Vec<Option<String>> {
        values.iter().map(|value| Some((*value).to_owned()).filter(|value| !value.is_empty())).collect()
    };
    // Said to: also while it uses more, since a child of Redis saves beside it.
    assert_eq!(one_core_ratios(&[0.0, 0.5, 1.5, 0.75], true), of(&["", "0.5", "1.5", "0.75"]));
    // In effect: a thread does not use more than one CPU.
    assert_eq!(one_core_ratios(&[0.0, 0.5, 1.0, 1.0625], false), of(&["", "0.5", "1", "1.0625"]));
    // What has used more may do so again, for ten minutes.
    let mut cores = vec![0.0, 0.5, 1.25];
    cores.extend([0.75; 11]);
    let mut expected = of(&["", "0.5", ""]);
    expected.extend(vec![None; 9]);
    expected.extend(of(&["0.75", "0.75"]));
    assert_eq!(one_core_ratios(&cores, false), expected);
}

#[test]
fn memory_can_grow_to_the_limit_or_to_what_the_machine_has_left() {
    let of = |json: &str, available: Option<u64>| {
        let measured = Measured { sample: read(json), derived: Derived::default() };
        let measured = HashMap::from([(ID.to_owned(), measured)]);
        let usage = Usage::new(measured, Devices::default(), Stages::default(), Duration::ZERO);
        let usage = usage.on(Some(Machine { available, ..Machine::default() }));
        lines(&text_of(&[container("ticker", None)], &usage))
            .into_iter()
            .find_map(|line| line.strip_prefix("container_memory_capacity_bytes ")?.parse::<f64>().ok())
    };
    // 524288000 bytes are in use, of 1 GiB.
    assert_eq!(of(V2_44, None), Some(1_073_741_824.0));
    assert_eq!(of(V2_44, Some(1 << 30)), Some(1_073_741_824.0));
    assert_eq!(of(V2_44, Some(1 << 20)), Some(524_288_000.0 + 1_048_576.0));
    let limitless = V2_44.replace(r#""limit":1073741824"#, r#""limit":18446744073709551615"#);
    assert_eq!((of(&limitless, None), of(&limitless, Some(1 << 31))), (None, Some(524_288_000.0 + 2_147_483_648.0)));
}
