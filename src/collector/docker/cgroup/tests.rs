//! Trees of both kinds, made of recorded files.

use std::fs;

use bollard::models::ContainerNetworkStats;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const ID: &str = "e8a38bc735cdaafcfcb037938af30f00eff7971c3d4815a8952140350f951f0a";
const OTHER: &str = "21620ffb79f72be32ccc190d9f4ca0e0bde09bdb549c1ec60ce941c2e4361589";

const V1: [(&str, &str); 14] = [
    ("cpuacct/cpuacct.usage", "3041224500\n"),
    ("cpuacct/cpuacct.usage_percpu", "3041224000 0 500 \n"),
    ("cpuacct/cpuacct.stat", "user 251\nsystem 42\n"),
    ("cpu/cpu.stat", "nr_periods 150\nnr_throttled 30\nthrottled_time 4250000000\n"),
    (
        "memory/memory.stat",
        "cache 1\nrss 2\ntotal_cache 17825792\ntotal_rss 86016\ntotal_swap 4096\ntotal_workingset_refault_anon 3\n\
         total_workingset_refault_file 5\ntotal_pgfault 100\ntotal_inactive_file 1048576\n",
    ),
    ("memory/memory.usage_in_bytes", "20000768\n"),
    ("memory/memory.max_usage_in_bytes", "25000000\n"),
    ("memory/memory.failcnt", "7\n"),
    ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
    ("memory/memory.kmem.usage_in_bytes", "348160\n"),
    ("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
    (
        "blkio/blkio.throttle.io_service_bytes_recursive",
        "254:0 Read 2097152\n254:0 Write 4194304\n254:0 Total 6291456\nTotal 6291456\n",
    ),
    ("pids/pids.current", "3\n"),
    ("pids/pids.max", "max\n"),
];

const V2: [(&str, &str); 13] = [
    (
        "cpu.stat",
        "usage_usec 90500000\nuser_usec 60250000\nsystem_usec 30250000\nnr_periods 1500\nnr_throttled 300\n\
         throttled_usec 42500000\n",
    ),
    (
        "memory.stat",
        "anon 471859200\nfile 146800640\nkernel 8388608\ninactive_file 104857600\npgfault 250000\n\
         workingset_refault_anon 11\nworkingset_refault_file 12\n",
    ),
    ("memory.current", "629145600\n"),
    ("memory.max", "1073741824\n"),
    ("memory.peak", "700000000\n"),
    ("memory.swap.current", "8192\n"),
    ("memory.events", "low 0\nhigh 3\nmax 21\noom 2\noom_kill 1\noom_group_kill 0\n"),
    ("io.stat", "259:0 rbytes=12288 wbytes=4096 rios=3 wios=1 dbytes=0 dios=0\n253:1 \n"),
    ("pids.current", "12\n"),
    ("pids.max", "100\n"),
    (
        "cpu.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=250000\n",
    ),
    ("io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"),
    (
        "memory.pressure",
        "some avg10=0.10 avg60=0.00 avg300=0.00 total=42\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=40\n",
    ),
];

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The files of a container in the folder `place` of each controller's tree.
fn v1(root: &Path, place: &str) {
    for (file, text) in V1 {
        let (controller, name) = file.split_once('/').unwrap();
        write(&root.join(controller).join(place).join(name), text);
    }
}

fn v2(root: &Path, place: &str) {
    write(&root.join("cgroup.controllers"), "cpu io memory pids\n");
    for (name, text) in V2 {
        write(&root.join(place).join(name), text);
    }
}

fn proc() -> TempDir {
    let proc = tempfile::tempdir().unwrap();
    write(&proc.path().join("meminfo"), "MemTotal:       24684084 kB\nMemFree: 1 kB\n");
    proc
}

fn wanted(id: &str) -> Wanted {
    Wanted { id: id.to_owned(), network: true }
}

fn see(finder: &mut Finder, proc: &Path, ids: &[&str]) -> Look {
    let options = Options { processes: true, cadvisor_labels: false };
    look(finder, proc, &ids.iter().map(|id| wanted(id)).collect::<Vec<_>>(), options)
}

#[test]
fn v1_becomes_what_the_engine_would_send() {
    let (root, proc) = (tempfile::tempdir().unwrap(), proc());
    v1(root.path(), &format!("docker/{ID}"));
    let seen = see(&mut Finder::new(root.path().to_owned()), proc.path(), &[ID]);
    let Reading { body, more, .. } = &seen.readings[ID];
    let cpu = body.cpu_stats.as_ref().unwrap();
    let usage = cpu.cpu_usage.as_ref().unwrap();
    assert_eq!(
        (usage.total_usage, usage.usage_in_usermode, usage.usage_in_kernelmode),
        (Some(3_041_224_500), Some(2_510_000_000), Some(420_000_000))
    );
    assert_eq!(usage.percpu_usage, Some(vec![3_041_224_000, 0, 500]));
    let throttling = cpu.throttling_data.as_ref().unwrap();
    assert_eq!(
        (throttling.periods, throttling.throttled_periods, throttling.throttled_time),
        (Some(150), Some(30), Some(4_250_000_000))
    );
    let memory = body.memory_stats.as_ref().unwrap();
    assert_eq!((memory.usage, memory.max_usage, memory.failcnt), (Some(20_000_768), Some(25_000_000), Some(7)));
    assert_eq!(memory.limit, Some(24_684_084 * 1024), "no limit is the machine's memory");
    assert_eq!(memory.stats.as_ref().unwrap()["total_rss"], 86016);
    let io = body.blkio_stats.as_ref().unwrap().io_service_bytes_recursive.as_ref().unwrap();
    let io: Vec<_> = io.iter().map(|entry| (entry.major, entry.op.as_deref().unwrap(), entry.value)).collect();
    assert_eq!(
        io,
        [
            (Some(254), "Read", Some(2_097_152)),
            (Some(254), "Write", Some(4_194_304)),
            (Some(254), "Total", Some(6_291_456))
        ]
    );
    let pids = body.pids_stats.as_ref().unwrap();
    assert_eq!((pids.current, pids.limit), (Some(3), None));
    let expected = More {
        swap: Some(4096),
        kernel: Some(348_160),
        refaults: [Some(3), Some(5)],
        events: [None, None, None, Some(2)],
        folder: format!("docker/{ID}").into(),
        ..More::default()
    };
    assert_eq!(*more, expected);
    assert_eq!((body.networks.clone(), seen.sees_networks), (None, Some(false)));
}

#[test]
fn v2_becomes_what_the_engine_would_send() {
    let (root, proc) = (tempfile::tempdir().unwrap(), proc());
    v2(root.path(), &format!("system.slice/docker-{ID}.scope"));
    let seen = see(&mut Finder::new(root.path().to_owned()), proc.path(), &[ID]);
    let Reading { body, more, .. } = &seen.readings[ID];
    // That of Docker 25, whose numbers these are.
    let engine: ContainerStatsResponse =
        serde_json::from_str(include_str!("../../../../tests/fixtures/docker/stats/v2-api-1.44.json")).unwrap();
    let (cpu, of_engine) = (body.cpu_stats.clone().unwrap(), engine.cpu_stats.unwrap());
    assert_eq!(cpu.cpu_usage, of_engine.cpu_usage);
    assert_eq!(cpu.throttling_data, of_engine.throttling_data);
    let (memory, of_engine) = (body.memory_stats.as_ref().unwrap(), engine.memory_stats.unwrap());
    assert_eq!((memory.usage, memory.limit), (of_engine.usage, of_engine.limit));
    for key in ["anon", "file", "inactive_file", "pgfault"] {
        assert_eq!(memory.stats.as_ref().unwrap()[key], of_engine.stats.as_ref().unwrap()[key], "{key}");
    }
    let io = body.blkio_stats.as_ref().unwrap();
    let entries = |list: &Option<Vec<bollard::models::ContainerBlkioStatEntry>>| -> Vec<_> {
        let entry = |entry: &bollard::models::ContainerBlkioStatEntry| (entry.op.clone().unwrap(), entry.value);
        list.iter().flatten().map(entry).collect()
    };
    let both = |reads, writes| vec![("read".to_owned(), Some(reads)), ("write".to_owned(), Some(writes))];
    assert_eq!(entries(&io.io_service_bytes_recursive), both(12288, 4096));
    assert_eq!(entries(&io.io_serviced_recursive), both(3, 1));
    let expected = More {
        swap: Some(8192),
        kernel: Some(8_388_608),
        peak: Some(700_000_000),
        refaults: [Some(11), Some(12)],
        events: [Some(3), Some(21), Some(2), Some(1)],
        pressure: [[Some(1_500_000), Some(250_000)], [Some(7), None], [Some(42), Some(40)]],
        folder: format!("system.slice/docker-{ID}.scope").into(),
        processes: None,
    };
    assert_eq!(*more, expected);
}

#[test]
fn a_folder_is_found_wherever_an_engine_puts_it() {
    for place in [
        format!("docker/{ID}"),
        format!("system.slice/docker-{ID}.scope"),
        format!("libpod_parent/libpod-{ID}"),
        format!("machine.slice/libpod-{ID}.scope"),
        format!("a/b/c/{ID}"),
        format!("docker/{OTHER}/docker/{ID}"),
    ] {
        let (root, proc) = (tempfile::tempdir().unwrap(), proc());
        v2(root.path(), &place);
        // What has the id in its name and is none.
        for other in [format!("libpod-conmon-{ID}.scope"), format!("var-lib-{ID}-mounts-shm.mount")] {
            fs::create_dir_all(root.path().join(other)).unwrap();
        }
        let mut finder = Finder::new(root.path().to_owned());
        assert_eq!(finder.find(&[ID, "short"]), [Some(PathBuf::from(&place)), None], "{place}");
        assert_eq!(see(&mut finder, proc.path(), &[ID]).readings.len(), 1);
    }
}

#[test]
fn a_new_container_is_found_beside_the_others_without_a_search() {
    let root = tempfile::tempdir().unwrap();
    v2(root.path(), &format!("docker/{ID}"));
    let mut finder = Finder::new(root.path().to_owned());
    assert!(finder.find(&[ID])[0].is_some());
    v2(root.path(), &format!("docker/{OTHER}"));
    assert_eq!(finder.find(&[ID, OTHER])[1], Some(format!("docker/{OTHER}").into()));
    // One that is elsewhere waits for the next search.
    let third = ID.replace('e', "0");
    v2(root.path(), &format!("elsewhere/{third}"));
    assert_eq!(finder.find(&[&third]), [None]);
}

#[test]
fn what_vanishes_is_counted_and_costs_nobody_else() {
    let (root, proc) = (tempfile::tempdir().unwrap(), proc());
    for id in [ID, OTHER] {
        v1(root.path(), &format!("docker/{id}"));
    }
    let mut finder = Finder::new(root.path().to_owned());
    assert_eq!(see(&mut finder, proc.path(), &[ID, OTHER]).readings.len(), 2);
    fs::remove_file(root.path().join(format!("cpuacct/docker/{ID}/cpuacct.usage"))).unwrap();
    let seen = see(&mut finder, proc.path(), &[ID, OTHER]);
    assert_eq!((seen.readings.keys().map(String::as_str).collect::<Vec<_>>(), seen.vanished), (vec![OTHER], 1));
    fs::remove_dir_all(root.path().join("memory/docker").join(OTHER)).unwrap();
    let seen = see(&mut finder, proc.path(), &[OTHER]);
    assert_eq!((seen.readings.len(), seen.vanished), (0, 1));
    // Without any of it, and without a tree.
    assert_eq!(see(&mut finder, proc.path(), &[OTHER]).vanished, 0);
    assert!(see(&mut Finder::new("/nowhere".into()), proc.path(), &[ID]).readings.is_empty());
}

#[test]
fn traffic_is_that_of_a_process_that_can_be_seen() {
    let (root, proc) = (tempfile::tempdir().unwrap(), proc());
    v2(root.path(), &format!("docker/{ID}"));
    // In a folder of its own, as some engines do; the first process has just ended, and one is of another namespace.
    write(&root.path().join(format!("docker/{ID}/container/cgroup.procs")), "0\n41\n42\n");
    write(
        &proc.path().join("42/net/dev"),
        "Inter-|   Receive                                                |  Transmit\n \
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
         lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0\n  \
         eth0:    1000      20    3    4    0     0          0         0     5000      60    7    8    0     0       0          0\n\
         tunl0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\nveth1: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\nshort: 1 2\n",
    );
    let seen = see(&mut Finder::new(root.path().to_owned()), proc.path(), &[ID]);
    let eth0 = ContainerNetworkStats {
        rx_bytes: Some(1000),
        rx_packets: Some(20),
        rx_errors: Some(3),
        rx_dropped: Some(4),
        tx_bytes: Some(5000),
        tx_packets: Some(60),
        tx_errors: Some(7),
        tx_dropped: Some(8),
        ..ContainerNetworkStats::default()
    };
    assert_eq!(seen.readings[ID].body.networks, Some(HashMap::from([("eth0".to_owned(), eth0)])));
    assert_eq!(seen.sees_networks, Some(true));
    // Without a task it is not there any more.
    assert_eq!(seen.readings[ID].more.processes, None);
    write(&proc.path().join("42/task/42/stat"), "42 (redis-server) S 1\n");
    let seen = see(&mut Finder::new(root.path().to_owned()), proc.path(), &[ID]);
    let one = Processes { count: 1, files: Some([0, 0]), states: [1, 0, 0, 0] };
    assert_eq!(seen.readings[ID].more.processes, Some(one));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn anything_may_stand_in_the_files(text in "[a-z0-9:=._ \n-]{0,200}", v1_tree in any::<bool>()) {
        let (root, proc) = (tempfile::tempdir().unwrap(), proc());
        let place = format!("docker/{ID}");
        if v1_tree {
            v1(root.path(), &place);
            write(&root.path().join("memory").join(&place).join("memory.stat"), &text);
            write(&root.path().join("blkio").join(&place).join("blkio.throttle.io_service_bytes_recursive"), &text);
        } else {
            v2(root.path(), &place);
            for name in ["memory.stat", "io.stat", "cpu.pressure", "memory.events", "cgroup.procs"] {
                write(&root.path().join(&place).join(name), &text);
            }
        }
        let seen = see(&mut Finder::new(root.path().to_owned()), proc.path(), &[ID]);
        prop_assert_eq!(seen.readings.len(), 1);
    }
}
