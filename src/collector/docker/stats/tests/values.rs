//! Each formula, and what must be left out.

use super::*;
use crate::collector::docker::stats::block::Operation;
use crate::collector::docker::stats::cpu::{Cpu, Throttling};
use crate::collector::docker::stats::memory::Cgroup;
use crate::collector::docker::stats::network::Network;

/// A body with the given parts beside the time and some CPU usage.
fn with(parts: &str) -> Sample {
    let json = format!(
        r#"{{"read":"2026-11-24T10:00:00Z","cpu_stats":{{"cpu_usage":{{"total_usage":1000000000}}}},{parts}}}"#
    );
    read(&json)
}

#[test]
fn cpu_time_is_in_nanoseconds_on_linux_and_in_hundreds_of_them_on_windows() {
    let throttling = Throttling { periods: 58, throttled_periods: 57, throttled_time: 9_917_990_202 };
    assert_eq!(
        read(V1_LIMITED).cpu,
        Cpu {
            total: Some(1_174_653_421),
            user: Some(1_150_000_000),
            system: Some(10_000_000),
            throttling: Some(throttling)
        }
    );
    // 123.456789 s and 34.56789 s; what stands there as user mode is the kernel's time again.
    assert_eq!(
        read(WINDOWS).cpu,
        Cpu { total: Some(123_456_789_000), user: None, system: Some(34_567_890_000), throttling: None }
    );
    let hyper_v = WINDOWS.replace("345678900", "0");
    assert_eq!(read(&hyper_v).cpu.system, None);
    let most = read(&WINDOWS.replace("1234567890", "18446744073709551615"));
    assert_eq!(most.cpu.total, Some(u64::MAX));
}

#[test]
fn each_cpu_is_shown_in_place_of_all_where_that_is_wanted_and_counted() {
    let sample = Sample { per_cpu: vec![2_500_000_000, 0, 500_000_000], ..read(V1_UNLIMITED) };
    assert_eq!(
        lines_of(sample, None, "container_cpu_usage_seconds_total"),
        [
            r#"container_cpu_usage_seconds_total{cpu="cpu00"} 2.5"#,
            r#"container_cpu_usage_seconds_total{cpu="cpu02"} 0.5"#,
        ]
    );
}

#[test]
fn throttling_is_shown_with_a_quota_or_where_it_happened() {
    let throttled = "container_cpu_cfs_";
    let quota = Limits { cpu_quota: 20_000, ..Limits::default() };
    assert_eq!(lines_of(read(V1_UNLIMITED), Some(Limits::default()), throttled), [""; 0]);
    assert_eq!(lines_of(read(V1_UNLIMITED), None, throttled), [""; 0]);
    assert_eq!(
        lines_of(read(V1_UNLIMITED), Some(quota), throttled),
        [
            "container_cpu_cfs_periods_total 0",
            "container_cpu_cfs_throttled_periods_total 0",
            "container_cpu_cfs_throttled_seconds_total 0",
        ]
    );
    // Without inspections nobody knows of a quota, and there is one.
    assert_eq!(
        lines_of(read(V1_LIMITED), None, throttled),
        [
            "container_cpu_cfs_periods_total 58",
            "container_cpu_cfs_throttled_periods_total 57",
            "container_cpu_cfs_throttled_seconds_total 9.917990202",
        ]
    );
    // Podman sends zeros with a quota too.
    assert_eq!(lines_of(read_of_podman(PODMAN), Some(quota), throttled), [""; 0]);
}

#[test]
fn memory_without_cache_is_that_of_docker_stats() {
    let usage = |sample: Sample| (sample.memory.cgroup, sample.memory.usage, sample.memory.working_set);
    // 2482176 - total_inactive_file 274432
    assert_eq!(usage(read(V1_LIMITED)), (Some(Cgroup::V1), Some(2_482_176), Some(2_207_744)));
    // 18542592 - total_inactive_file 17825792
    assert_eq!(usage(read(V1_UNLIMITED)), (Some(Cgroup::V1), Some(18_542_592), Some(716_800)));
    // 629145600 - inactive_file 104857600
    assert_eq!(usage(read(V2_44)), (Some(Cgroup::V2), Some(629_145_600), Some(524_288_000)));
    assert_eq!(usage(read(WINDOWS)), (None, None, Some(83_886_080)));
    // Of cgroup v1 both keys are there, and total_inactive_file has the nested groups too.
    let nested = V1_LIMITED.replace(r#""total_inactive_file":274432"#, r#""total_inactive_file":1000000"#);
    assert_eq!(usage(read(&nested)).2, Some(1_482_176));
    // cAdvisor's 0, where docker stats shows all of the usage.
    for more in ["2482176", "2482177", "18446744073709551615"] {
        let more = V1_LIMITED.replace(r#""total_inactive_file":274432"#, &format!(r#""total_inactive_file":{more}"#));
        assert_eq!(usage(read(&more)).2, Some(0));
    }
}

#[test]
fn what_the_one_number_of_podman_is_depends_on_its_version() {
    let told = |version: [u32; 3], json: &str| {
        let sample = Sample::read(&body(json), Dialect { podman: Some(version), windows: false }).unwrap();
        let ratio = Limits { memory: 2_783_584_256, ..Limits::default() };
        let whole = Whole { limits: Some(&ratio), has_limits: true, ..Whole::default() };
        let ratio = Derived::of(&sample, None, &Previous::of(&sample, None), whole).memory_ratio;
        let mut lines = lines_of(sample, None, "container_memory_");
        lines.retain(|line| !line.starts_with("container_memory_capacity_bytes"));
        (lines, ratio)
    };
    let one = |name: &str| vec![format!("container_memory_{name} 1391792128")];
    let v1 = PODMAN.replace(r#""cpu_usage":{"#, r#""cpu_usage":{"percpu_usage":[1,2],"#);
    for version in [[4, 0, 0], [4, 3, 1], [4, 9, 5], [5, 4, 2], [5, 5, 9]] {
        assert_eq!(told(version, PODMAN), (one("rss"), None), "{version:?}");
    }
    assert_eq!(told([4, 7, 9], &v1), (one("usage_bytes"), None));
    assert_eq!(told([4, 8, 0], &v1), (vec![], None));
    for version in [[5, 6, 0], [6, 0, 0]] {
        assert_eq!(told(version, PODMAN), (one("working_set_bytes"), Some(0.5)), "{version:?}");
        assert_eq!(told(version, &v1), (one("working_set_bytes"), Some(0.5)), "{version:?}");
    }
    assert_eq!(told([0, 0, 0], PODMAN), (vec![], None));
    // Another engine without statistics of memory tells what it uses.
    let other = Sample::read(&body(PODMAN), Dialect::default()).unwrap();
    assert_eq!((other.memory.usage, other.memory.working_set), (Some(1_391_792_128), Some(1_391_792_128)));
}

#[test]
fn keys_of_both_cgroups_feed_the_same_names() {
    let names = ["rss", "cache", "mapped_file", "total_active_file_bytes", "file_dirty_bytes", "file_writeback_bytes"];
    let values = |json: &str| {
        let lines = lines_of(read(json), None, "container_memory_");
        names.map(|name| {
            let prefix = format!("container_memory_{name} ");
            lines.iter().find_map(|line| line.strip_prefix(&prefix)).unwrap().to_owned()
        })
    };
    assert_eq!(values(V1_LIMITED), ["151552", "1908736", "1679360", "1634304", "0", "0"]);
    assert_eq!(values(V2_44), ["471859200", "146800640", "10485760", "20971520", "8192", "4096"]);
}

#[test]
fn what_one_cgroup_does_not_know_is_not_shown_of_it() {
    let shown = |json: &str, name: &str| lines_of(read(json), None, &format!("container_memory_{name}"));
    // The engine leaves out a failcnt of 0 on v1, and means something else by it on v2.
    assert_eq!(shown(V1_LIMITED, "failcnt"), ["container_memory_failcnt 0"]);
    let failed = V1_LIMITED.replace(r#""max_usage":"#, r#""failcnt":31,"max_usage":"#);
    assert_eq!(shown(&failed, "failcnt"), ["container_memory_failcnt 31"]);
    assert_eq!(shown(V2_44, "failcnt"), [""; 0]);
    assert_eq!(shown(V1_LIMITED, "max_usage"), ["container_memory_max_usage_bytes 4083712"]);
    assert_eq!(shown(V2_44, "max_usage"), [""; 0]);
    assert_eq!(shown(V1_LIMITED, "pgs"), [""; 0]);
    assert_eq!(shown(V2_44, "pgs"), ["container_memory_pgscan_total 640", "container_memory_pgsteal_total 512"]);
    assert_eq!(lines_of(read_of_podman(PODMAN), None, "container_memory_max"), [""; 0]);
}

#[test]
fn faults_are_the_same_in_both_scopes() {
    assert_eq!(
        lines_of(read(V2_44), None, "container_memory_failures_total"),
        [
            r#"container_memory_failures_total{failure_type="pgfault",scope="container"} 250000"#,
            r#"container_memory_failures_total{failure_type="pgfault",scope="hierarchy"} 250000"#,
            r#"container_memory_failures_total{failure_type="pgmajfault",scope="container"} 17"#,
            r#"container_memory_failures_total{failure_type="pgmajfault",scope="hierarchy"} 17"#,
        ]
    );
}

#[test]
fn an_interface_whose_name_is_an_id_is_one_of_the_others() {
    let network = read(WINDOWS).network;
    assert_eq!(network.bytes(), Some([42_000, 21_000]));
    assert_eq!(
        lines_of(read(WINDOWS), None, "container_network_"),
        [
            r#"container_network_receive_bytes_total{interface="__other__"} 42000"#,
            r#"container_network_receive_packets_dropped_total{interface="__other__"} 1"#,
            r#"container_network_receive_packets_total{interface="__other__"} 420"#,
            r#"container_network_transmit_bytes_total{interface="__other__"} 21000"#,
            r#"container_network_transmit_packets_dropped_total{interface="__other__"} 2"#,
            r#"container_network_transmit_packets_total{interface="__other__"} 210"#,
        ]
    );
}

#[test]
fn podman_knows_bytes_alone_until_it_counts_packets() {
    assert_eq!(
        lines_of(read_of_podman(PODMAN), None, "container_network_"),
        [
            r#"container_network_receive_bytes_total{interface="network"} 29380"#,
            r#"container_network_transmit_bytes_total{interface="network"} 1168"#,
        ]
    );
    let counting = PODMAN.replace(r#""rx_packets":0"#, r#""rx_packets":12"#);
    let lines = lines_of(read_of_podman(&counting), None, "container_network_");
    assert_eq!(lines.len(), 8, "{lines:?}");
    assert!(lines.contains(&r#"container_network_receive_packets_total{interface="network"} 12"#.to_owned()));
}

#[test]
fn no_network_is_no_series() {
    for networks in [r#""networks":null"#, r#""networks":{}"#, r#""num_procs":0"#] {
        let sample = with(networks);
        assert_eq!(sample.network, Network(None));
        assert_eq!(lines_of(sample, None, "container_network_"), [""; 0]);
    }
}

#[test]
fn interfaces_and_devices_beyond_a_number_are_counted_together() {
    let interface = |at: u64| format!(r#""n{at:03}":{{"rx_bytes":{at},"tx_bytes":1}}"#);
    let networks: Vec<String> = (1..=100).map(interface).collect();
    let lines = lines_of(with(&format!(r#""networks":{{{}}}"#, networks.join(","))), None, "container_network_");
    assert_eq!(lines.len(), 2 * (64 + 1));
    let rest: u64 = (65..=100).sum();
    for line in [
        r#"container_network_receive_bytes_total{interface="n064"} 64"#.to_owned(),
        format!(r#"container_network_receive_bytes_total{{interface="__other__"}} {rest}"#),
        r#"container_network_transmit_bytes_total{interface="__other__"} 36"#.to_owned(),
    ] {
        assert!(lines.contains(&line), "{line}: {lines:?}");
    }
    let entry = |minor: u64| format!(r#"{{"major":8,"minor":{minor},"op":"read","value":2}}"#);
    let entries: Vec<String> = (0..100).map(entry).collect();
    let io = format!(r#""blkio_stats":{{"io_service_bytes_recursive":[{}]}}"#, entries.join(","));
    let lines = lines_of(with(&io), None, "container_fs_reads_bytes_total");
    assert_eq!(lines.len(), 64 + 1);
    assert!(lines.contains(&r#"container_fs_reads_bytes_total{device="8:63"} 2"#.to_owned()), "{lines:?}");
    assert!(lines.contains(&r#"container_fs_reads_bytes_total{device="__other__"} 72"#.to_owned()), "{lines:?}");
    let usage = lines_of(with(&io), None, "container_blkio_device_usage_total");
    assert_eq!(usage.len(), 64, "it has the numbers of a device");
}

#[test]
fn block_io_is_summed_by_device_whatever_the_case_of_its_operations() {
    let entries = [
        ("Read", 8, 0, 100),
        ("read", 8, 0, 20),
        ("R", 8, 0, 3),
        ("WRITE", 8, 0, 7),
        ("Write", 8, 16, 9),
        ("Sync", 8, 16, 1000),
        ("Async", 8, 16, 2000),
        ("Discard", 8, 16, 4000),
        ("Total", 8, 16, 8000),
        ("rios", 8, 16, 16000),
        ("wios", 8, 16, 32000),
        ("dios", 8, 16, 64000),
        ("", 8, 16, 5),
        ("özel", 8, 16, 5),
        ("Quantum", 8, 16, 5),
    ];
    let entry = |(op, major, minor, value): (&str, u64, u64, u64)| {
        format!(r#"{{"major":{major},"minor":{minor},"op":"{op}","value":{value}}}"#)
    };
    let entries = entries.map(entry).join(",");
    let sample = with(&format!(r#""blkio_stats":{{"io_service_bytes_recursive":[{entries}]}}"#));
    assert_eq!(sample.block.0.len(), 2);
    assert_eq!(sample.block.0[0].bytes.get(&Operation::Read), Some(&123));
    assert_eq!(
        lines_of(sample, None, "container_"),
        [
            r#"container_blkio_device_usage_total{device="8:0",major="8",minor="0",operation="Read"} 123"#,
            r#"container_blkio_device_usage_total{device="8:0",major="8",minor="0",operation="Write"} 7"#,
            r#"container_blkio_device_usage_total{device="8:16",major="8",minor="16",operation="Write"} 9"#,
            r#"container_blkio_device_usage_total{device="8:16",major="8",minor="16",operation="Sync"} 1000"#,
            r#"container_blkio_device_usage_total{device="8:16",major="8",minor="16",operation="Async"} 2000"#,
            r#"container_blkio_device_usage_total{device="8:16",major="8",minor="16",operation="Discard"} 4000"#,
            r#"container_blkio_device_usage_total{device="8:16",major="8",minor="16",operation="Total"} 8000"#,
            r#"container_cpu_usage_seconds_total{cpu="total"} 1"#,
            r#"container_fs_reads_bytes_total{device="8:0"} 123"#,
            r#"container_fs_sector_reads_total{device="8:0"} 0"#,
            r#"container_fs_sector_writes_total{device="8:0"} 0"#,
            r#"container_fs_sector_writes_total{device="8:16"} 0"#,
            r#"container_fs_writes_bytes_total{device="8:0"} 7"#,
            r#"container_fs_writes_bytes_total{device="8:16"} 9"#,
        ]
    );
}

#[test]
fn requests_times_and_queues_are_there_where_the_scheduler_counts_them() {
    let entry = |op: &str, value: u64| format!(r#"{{"major":8,"minor":0,"op":"{op}","value":{value}}}"#);
    let list = |name: &str, read: u64, write: u64, total: u64| {
        format!(r#""{name}":[{},{},{}]"#, entry("Read", read), entry("Write", write), entry("Total", total))
    };
    let lists = [
        list("io_serviced_recursive", 4, 8, 12),
        list("io_merged_recursive", 1, 2, 3),
        list("io_service_time_recursive", 1_500_000_000, 250_000_000, 1_750_000_000),
        list("io_queue_recursive", 0, 5, 5),
    ];
    assert_eq!(
        lines_of(with(&format!(r#""blkio_stats":{{{}}}"#, lists.join(","))), None, "container_fs_"),
        [
            r#"container_fs_io_current{device="8:0"} 5"#,
            r#"container_fs_io_time_seconds_total{device="8:0"} 1.75"#,
            r#"container_fs_read_seconds_total{device="8:0"} 1.5"#,
            r#"container_fs_reads_merged_total{device="8:0"} 1"#,
            r#"container_fs_reads_total{device="8:0"} 4"#,
            r#"container_fs_write_seconds_total{device="8:0"} 0.25"#,
            r#"container_fs_writes_merged_total{device="8:0"} 2"#,
            r#"container_fs_writes_total{device="8:0"} 8"#,
        ]
    );
}

#[test]
fn tasks_have_a_limit_only_if_there_is_one() {
    let tasks = |json: &str| {
        let sample = with(&format!(r#""pids_stats":{json}"#));
        (sample.tasks, sample.max_tasks)
    };
    assert_eq!(tasks(r#"{"current":3,"limit":50}"#), (Some(3), Some(50)));
    assert_eq!(tasks(r#"{"current":3}"#), (Some(3), None));
    assert_eq!(tasks(r#"{"current":3,"limit":0}"#), (Some(3), None));
    assert_eq!(tasks(r#"{"current":3,"limit":18446744073709551615}"#), (Some(3), None));
    assert_eq!(tasks("{}"), (None, None));
}

#[test]
fn the_agent_says_how_a_sweep_went() {
    let stages = Stages { seen: 10, sampled: 4, idle: 3, failed: 2, skipped: 1 };
    let usage = Usage::new(HashMap::new(), Devices::default(), stages, Duration::from_millis(1250));
    let text = text_of(&[], &usage);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        lines,
        [
            r#"manometer_docker_containers{stage="seen"} 10"#,
            r#"manometer_docker_containers{stage="sampled"} 4"#,
            r#"manometer_docker_containers{stage="idle"} 3"#,
            r#"manometer_docker_containers{stage="failed"} 2"#,
            r#"manometer_docker_containers{stage="skipped"} 1"#,
            "manometer_docker_sweep_duration_seconds 1.25",
        ]
    );
}
