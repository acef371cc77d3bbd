use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use futures_util::FutureExt as _;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use sysinfo::LoadAvg;

use super::*;
use crate::collector::TargetKind as _;
use crate::config::TargetSettings;
use crate::metric::Rejections;
use crate::metric::text::{Format, exposition};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/host");

/// The files of a machine with two CPUs and one disk.
fn recorded() -> Texts {
    let texts = read::texts(&Path::new(FIXTURES).join("proc")).unwrap();
    let load = Some(LoadAvg { one: 1.39, five: 1.26, fifteen: 0.7 });
    Texts { load, machine: "x86_64".to_owned(), ticks_per_second: 100, page_size: 4096, ..texts }
}

fn machine(texts: &Texts) -> Machine {
    let none = Bounded { shown: Vec::new(), left_out: 0 };
    let slow = Slow { mounts: Some(none), properties: None };
    Machine::of(texts, slow, SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_555_000))
}

fn shown(snapshot: &Snapshot) -> String {
    let mut out = Families::new();
    HostCollector::export(snapshot, &mut out);
    assert_eq!(out.rejections(), Rejections::default());
    exposition(&out.into_sorted(), Format::Prometheus)
}

/// The value of the series that is written like this.
#[track_caller]
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in\n{text}")).parse().unwrap()
}

fn target(when: HostWhen) -> HostTarget {
    HostTarget {
        common: TargetSettings {
            deadline: Duration::from_secs(30),
            ..TargetSettings::new("host".to_owned(), &HostTarget::DEFAULTS)
        },
        when,
        processes: Vec::new(),
    }
}

#[test]
fn golden_machine() {
    let golden = format!("{FIXTURES}/machine.prom");
    let machine = machine(&recorded());
    let text = shown(&Snapshot { processes: Processes::default(), room: machine.room(), machine: Some(machine) });
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &text).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap();
    assert!(text == expected, "differs from {golden}; UPDATE_GOLDEN=1 rewrites it. Now:\n{text}");
}

#[test]
fn the_values_are_those_of_the_files() {
    let text = shown(&Snapshot {
        processes: Processes::default(),
        room: Room::default(),
        machine: Some(machine(&recorded())),
    });
    for (series, expected) in [
        ("node_cpu_seconds_total{cpu=\"0\",mode=\"user\"}", 446.63),
        ("node_cpu_seconds_total{cpu=\"1\",mode=\"steal\"}", 0.3),
        ("node_cpu_seconds_total{cpu=\"1\",mode=\"iowait\"}", 12.19),
        ("node_boot_time_seconds", 1_795_552_504.0),
        ("node_context_switches_total", 3_687_201.0),
        ("node_nf_conntrack_entries", 812.0),
        ("node_nf_conntrack_entries_limit", 262_144.0),
        ("node_vmstat_oom_kill", 241.0),
        ("node_load5", 1.26),
        ("node_memory_MemTotal_bytes", 24_684_084.0 * 1024.0),
        ("node_disk_reads_completed_total{device=\"vda\"}", 221_949.0),
        ("node_disk_read_bytes_total{device=\"vda\"}", 17_979_834.0 * 512.0),
        ("node_disk_read_time_seconds_total{device=\"vda\"}", 287.594),
        ("node_disk_written_bytes_total{device=\"vda\"}", 36_844_536.0 * 512.0),
        ("node_disk_io_time_seconds_total{device=\"vda\"}", 30.6),
        ("node_network_receive_bytes_total{device=\"eth0\"}", 221_170_845.0),
        ("node_network_transmit_packets_total{device=\"eth0\"}", 4_422.0),
        ("node_disk_reads_merged_total{device=\"vda\"}", 14_044.0),
        ("node_disk_discard_time_seconds_total{device=\"vda\"}", 4.595),
        ("node_disk_flush_requests_total{device=\"vda\"}", 5_275.0),
        ("node_netstat_TcpExt_ListenOverflows", 521.0),
        ("node_netstat_Tcp_RetransSegs", 12_119.0),
        ("node_netstat_Udp6_NoPorts", 0.0),
        ("node_sockstat_TCP_mem_bytes", 104.0 * 4096.0),
        ("node_pressure_io_waiting_seconds_total", 467.565_225),
        ("node_softnet_dropped_total{cpu=\"1\"}", 645.0),
        ("node_entropy_available_bits", 256.0),
        ("node_memory_Active_anon_bytes", 1_604.0 * 1024.0),
        ("node_memory_HugePages_Total", 0.0),
        ("node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"}", 0.0),
        ("node_sysctl_net_core_somaxconn", 4096.0),
        ("node_sysctl_net_ipv4_ip_local_port_range{index=\"0\"}", 32_768.0),
        ("node_sysctl_net_ipv4_ip_local_port_range{index=\"1\"}", 60_999.0),
        ("node_sysctl_net_ipv4_tcp_fastopen", 1.0),
        ("node_sysctl_net_core_rmem_max", 4_194_304.0),
        ("node_time_seconds", 1_795_555_000.0),
        ("node_scrape_collector_success{collector=\"filesystem\"}", 1.0),
    ] {
        assert!((value(&text, series) - expected).abs() < 1e-9, "{series}");
    }
    assert!(!text.contains("loop0") && !text.contains("zram0"), "{text}");
}

#[test]
fn a_part_that_cannot_be_read_is_absent_and_said_to_be() {
    let texts = Texts {
        load: None,
        machine: "x86_64".to_owned(),
        ticks_per_second: 100,
        page_size: 4096,
        stat: "nothing".to_owned(),
        meminfo: None,
        diskstats: None,
        net_dev: Some(String::new()),
        vmstat: None,
        conntrack: [None, None],
        netstat: [const { None }; 3],
        sockstat: [const { None }; 2],
        pressure: [const { None }; 4],
        softnet: None,
        entropy: [None, None],
        file_nr: Some("1 2".to_owned()),
        kernel: [const { None }; 5],
        sysctls: Vec::new(),
    };
    let machine = Machine::of(&texts, Slow::default(), SystemTime::UNIX_EPOCH);
    let text = shown(&Snapshot { processes: Processes::default(), room: Room::default(), machine: Some(machine) });
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let parts = "cpu diskstats entropy filefd filesystem loadavg meminfo netclass netdev netstat pressure sockstat softnet \
                 sysctl uname vmstat";
    let success = |part: &str| u8::from(part == "netdev");
    let part = |part| format!("node_scrape_collector_success{{collector=\"{part}\"}} {}", success(part));
    let mut expected: Vec<String> = parts.split(' ').map(part).collect();
    expected.insert(0, "manometer_host_left_out{kind=\"network\"} 0".to_owned());
    expected.insert(1, "manometer_host_suppressed 0".to_owned());
    expected.push("node_time_seconds 0".to_owned());
    assert_eq!(samples, expected);
}

#[test]
fn everything_that_is_exported_is_in_the_catalog() {
    let known = HostCollector::metrics();
    let mut out = Families::new();
    HostCollector::export(
        &Snapshot { processes: Processes::default(), room: Room::default(), machine: Some(machine(&recorded())) },
        &mut out,
    );
    for family in &out.into_sorted() {
        assert!(known.iter().any(|info| info.name == family.name()), "{}", family.name());
    }
}

#[test]
fn files_that_are_cut_off_are_no_trouble() {
    let whole = recorded();
    for end in 0..whole.stat.len() {
        let cut = |text: &Option<String>| text.as_ref().map(|text| text[..end.min(text.len())].to_owned());
        let texts = Texts {
            stat: whole.stat[..end].to_owned(),
            meminfo: cut(&whole.meminfo),
            diskstats: cut(&whole.diskstats),
            net_dev: cut(&whole.net_dev),
            file_nr: cut(&whole.file_nr),
            kernel: whole.kernel.each_ref().map(cut),
            sysctls: whole.sysctls.iter().map(cut).collect(),
            netstat: whole.netstat.each_ref().map(cut),
            sockstat: whole.sockstat.each_ref().map(cut),
            pressure: whole.pressure.each_ref().map(cut),
            softnet: cut(&whole.softnet),
            ..recorded()
        };
        shown(&Snapshot { processes: Processes::default(), room: Room::default(), machine: Some(machine(&texts)) });
    }
}

proptest! {
    #[test]
    fn anything_may_stand_in_the_files(text in "[a-z0-9 :\n.-]{0,200}|\\PC{0,100}") {
        let any = Some(text.clone());
        let texts = Texts {
            stat: text,
            meminfo: any.clone(),
            diskstats: any.clone(),
            net_dev: any.clone(),
            file_nr: any.clone(),
            kernel: std::array::from_fn(|_| any.clone()),
            netstat: std::array::from_fn(|_| any.clone()),
            sockstat: std::array::from_fn(|_| any.clone()),
            pressure: std::array::from_fn(|_| any.clone()),
            softnet: any.clone(),
            sysctls: vec![any; sysctl::names().count()],
            ..recorded()
        };
        let mut out = Families::new();
        HostCollector::export(&Snapshot { processes: Processes::default(), room: Room::default(), machine: Some(machine(&texts)) }, &mut out);
        prop_assert_eq!(out.rejections().name, 0);
    }
}

#[tokio::test]
async fn a_file_system_or_a_driver_that_hangs_costs_its_own_numbers_alone() {
    let mut target = target(HostWhen::Always);
    target.common.deadline = Duration::from_millis(200);
    let mut collector = HostCollector::new(target);
    let (release, released) = mpsc::channel::<()>();
    let hangs = move || {
        let _ = released.recv();
        None
    };
    assert!(collector.mounts.run(hangs).now_or_never().is_none());
    let (end, ended) = mpsc::channel::<()>();
    let driver = move || {
        let _ = ended.recv();
        None
    };
    assert!(collector.devices.run(driver).now_or_never().is_none());
    for _ in 0..2 {
        let text = shown(&collector.poll().await.unwrap());
        for part in ["filesystem", "netclass"] {
            let success = value(&text, &format!("node_scrape_collector_success{{collector=\"{part}\"}}"));
            assert_eq!(success.to_bits(), 0.0_f64.to_bits(), "{part}");
        }
        assert!(value(&text, "node_memory_MemTotal_bytes") > 0.0);
        assert!(!text.contains("node_filesystem_") && !text.contains("node_network_info"), "{text}");
    }
    release.send(()).unwrap();
    end.send(()).unwrap();
    collector.target.common.deadline = Duration::from_mins(1);
    let text = shown(&collector.poll().await.unwrap());
    assert!(value(&text, "node_scrape_collector_success{collector=\"filesystem\"}") > 0.0);
}

/// An address where somebody says on every page that this is `node_exporter`.
async fn other_exporter() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = peer.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 13\r\n\r\nNode Exporter";
            let _ = peer.write_all(answer).await;
        }
    });
    address
}

#[tokio::test]
async fn where_node_exporter_answers_its_series_are_left_to_it_unless_they_are_wanted() {
    let address = other_exporter().await;
    for (when, is_suppressed) in [(HostWhen::Auto, true), (HostWhen::Always, false)] {
        let mut collector =
            HostCollector::new(HostTarget { processes: vec!["no-such-program".to_owned()], ..target(when) });
        collector.exporter = Exporter::at(&address);
        let text = shown(&collector.poll().await.unwrap());
        assert_eq!(collector.suppressed, is_suppressed);
        assert_eq!(text.contains("\nmanometer_host_suppressed 1\n"), is_suppressed, "{text}");
        let of_node: Vec<&str> = text.lines().filter(|line| line.starts_with("node_")).collect();
        assert_eq!(of_node.is_empty(), is_suppressed, "{of_node:?}");
        // What it does not have is there either way.
        assert!(text.contains("manometer_host_processes{process=\"no-such-program\"} 0"), "{text}");
        assert!((0.0..=1.0).contains(&value(&text, "host_memory_available_ratio")));
    }
}

#[test]
fn without_proc_the_poll_says_what_is_missing() {
    let error = read::texts(Path::new("/does/not/exist")).unwrap_err();
    assert_eq!(
        unreadable(&error).to_string(),
        "reading /proc: No such file or directory (os error 2); mount proc there, and let the agent read it"
    );
}
