//! What containers use, on a real engine: each number against what the container does, or what the engine itself says.

mod files;

use std::os::unix::fs::MetadataExt as _;
use std::time::Instant;

use crate::support::agent::Agent;
use crate::support::docker::{Docker, unavailable};
use crate::support::exposition::Exposition;
use crate::support::wait::{SOON, until};

const MIB: f64 = 1_048_576.0;

/// A `[[docker]]` table whose polls leave an old engine the second that it takes to answer.
fn target(docker: &Docker, more: &str) -> String {
    let url = docker.url();
    format!("[[docker]]\nname = \"engine\"\nurl = {url:?}\ninterval = \"2s\"\ndeadline = \"1900ms\"\n{more}\n")
}

/// What the engine says now of a container's usage.
fn raw(docker: &Docker, name: &str) -> serde_json::Value {
    docker.api(&format!("/containers/{name}/stats?stream=false&one-shot=true"))
}

/// The memory of a container as the docker command computes it.
fn without_cache(raw: &serde_json::Value) -> f64 {
    let memory = &raw["memory_stats"];
    let usage = memory["usage"].as_f64().unwrap();
    let inactive = ["total_inactive_file", "inactive_file"].iter().find_map(|key| memory["stats"][key].as_f64());
    inactive.filter(|inactive| *inactive < usage).map_or(usage, |inactive| usage - inactive)
}

/// A line of `docker stats --no-stream`, for instance `20.31%` or `50.66MiB / 256MiB`.
fn shown(docker: &Docker, name: &str, field: &str) -> String {
    docker.cli(&["stats", "--no-stream", "--format", &format!("{{{{.{field}}}}}"), name])
}

/// A size as the docker command writes it, in bytes.
fn bytes(text: &str) -> f64 {
    let unit = text.find(|char: char| char.is_ascii_alphabetic()).unwrap();
    let factor = match &text[unit..] {
        "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => MIB,
        "GiB" => MIB * 1024.0,
        other => panic!("{other:?}"),
    };
    text[..unit].parse::<f64>().unwrap() * factor
}

fn of(seen: &Exposition, name: &str, container: &str) -> Option<f64> {
    seen.get(name, &[("name", container)])
}

/// The first exposition that is as it is waited for.
#[track_caller]
fn shows(agent: &Agent, what: &str, look: impl Fn(&Exposition) -> bool) -> Exposition {
    let scraped = || Some(agent.scrape("engine")).filter(|seen| look(seen));
    until(SOON, format!("{what}; the log:\n{}", agent.log()), scraped)
}

#[test]
fn cpu_of_a_busy_container_and_of_an_idle_one() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    docker.run_script("busy", &["--network", "none", "--cpus", "0.2"], "while :; do :; done");
    docker.run_script("free", &["--network", "none"], "while :; do sleep 0.2; done");
    docker.run("idle", &["--network", "none", "--cpus", "0.5"], &["sleep", "100000"]);
    docker.run_script("pinned", &["--cpuset-cpus", "0"], "while :; do usleep 20000; done");
    let agent = Agent::run(&target(&docker, "single_threaded = [\"pinned\"]"));
    // A busy machine may not give it all that it may have.
    let first = shows(&agent, "the busy container is at its limit", |seen| {
        of(seen, "container_cpu_usage_ratio", "busy").is_some_and(|ratio| (0.6..1.4).contains(&ratio))
    });
    for (name, value) in [("quota", 20_000.0), ("period", 100_000.0), ("shares", 1024.0)] {
        first.assert(&format!("container_spec_cpu_{name}"), &[("name", "busy")], value);
    }
    let total = |seen: &Exposition, name: &str| seen.value(name, &[("name", "busy")]);
    let growing = [
        "container_cpu_usage_seconds_total",
        "container_cpu_user_seconds_total",
        "container_cpu_cfs_periods_total",
        "container_cpu_cfs_throttled_periods_total",
        "container_cpu_cfs_throttled_seconds_total",
    ];
    let second = agent.next_poll("engine");
    for name in growing {
        assert!(total(&second, name) > total(&first, name), "{name}");
    }
    let throttled = total(&second, growing[3]) - total(&first, growing[3]);
    let periods = total(&second, growing[2]) - total(&first, growing[2]);
    // A container that does not get its part on a busy machine is throttled the less.
    assert!(throttled <= periods, "{throttled} of {periods} periods");
    let cores = total(&second, "container_cpu_usage_cores");
    let ratio = total(&second, "container_cpu_usage_ratio");
    assert!((cores / 0.2 - ratio).abs() < 1e-9, "{cores} {ratio}");
    // What docker stats shows is the same number times a hundred, of another second.
    shows(&agent, "the percent of docker stats", |seen| {
        let percent: f64 = shown(&docker, "busy", "CPUPerc").trim_end_matches('%').parse().unwrap();
        (percent - total(seen, "container_cpu_usage_cores") * 100.0).abs() < 8.0
    });
    for quiet in ["idle", "free"] {
        let ratio = second.value("container_cpu_usage_ratio", &[("name", quiet)]);
        assert!((0.0..0.2).contains(&ratio), "{quiet}: {ratio}");
    }
    // Half a CPU, all that the machine has, and the one to which it is pinned.
    let machine = second.value("machine_cpu_cores", &[]);
    assert_eq!(Some(machine), raw(&docker, "free")["cpu_stats"]["online_cpus"].as_f64());
    for (name, cpus) in [("idle", 0.5), ("free", machine), ("pinned", 1.0)] {
        let [cores, ratio] = ["cores", "ratio"].map(|kind| of(&second, &format!("container_cpu_usage_{kind}"), name));
        assert!((cores.unwrap() / cpus - ratio.unwrap()).abs() < 1e-9, "{name}");
    }
    for on_one_thread in ["pinned", "busy", "free", "idle"] {
        let cores = of(&second, "container_cpu_usage_cores", on_one_thread);
        assert_eq!(of(&second, "container_cpu_one_core_ratio", on_one_thread), cores, "{on_one_thread}");
    }
    assert_eq!(of(&second, "container_spec_cpu_quota", "free"), None);
    assert_eq!(of(&second, "container_cpu_cfs_periods_total", "free"), None);
}

#[test]
fn memory_is_that_of_docker_stats_and_its_growth_is_seen() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    // dd fills its buffer, and waits for a reader that never reads.
    let script = |megabytes: usize| format!("dd if=/dev/zero bs={megabytes}M 2>/dev/null | sleep 100000");
    let limits = ["--network", "none", "--memory", "256m", "--memory-swap", "256m", "--memory-reservation", "64m"];
    docker.run_script("holds", &limits, &script(50));
    docker.run("small", &["--network", "none"], &["sleep", "100000"]);
    let agent = Agent::run(&target(&docker, ""));
    let working_set = |seen: &Exposition| of(seen, "container_memory_working_set_bytes", "holds");
    let near = |one: Option<f64>, other: f64, most: f64| one.is_some_and(|one| (one - other).abs() < most);
    // The kernel goes on charging and freeing for a while, so all is compared at one moment, again until it stands still.
    let seen = shows(&agent, "fifty megabytes are held, as the engine and docker stats say", |seen| {
        let now = raw(&docker, "holds");
        let kinds = [("rss", ["total_rss", "anon"]), ("mapped_file", ["total_mapped_file", "file_mapped"])];
        // `50.66MiB / 256MiB`: rounded to four digits.
        let text = shown(&docker, "holds", "MemUsage");
        let (usage, limit) = text.split_once(" / ").unwrap();
        working_set(seen).is_some_and(|held| held >= 50.0 * MIB)
            && limit == "256MiB"
            && near(working_set(seen), bytes(usage), 0.2 * MIB)
            && near(working_set(seen), without_cache(&now), 65_536.0)
            && kinds.iter().all(|(name, keys)| {
                let stats = &now["memory_stats"]["stats"];
                let expected = keys.iter().find_map(|key| stats[key].as_f64()).unwrap();
                near(of(seen, &format!("container_memory_{name}"), "holds"), expected, 262_144.0)
            })
    });
    let held = working_set(&seen).unwrap();
    assert!((50.0 * MIB..60.0 * MIB).contains(&held), "{held}");
    let value = |name: &str, container: &str| of(&seen, name, container);
    assert_eq!(value("container_spec_memory_limit_bytes", "holds"), Some(256.0 * MIB));
    assert_eq!(value("container_spec_memory_reservation_limit_bytes", "holds"), Some(64.0 * MIB));
    assert_eq!(value("container_memory_usage_ratio", "holds"), Some(held / (256.0 * MIB)));
    // Without a limit there is nothing of which it could be a part.
    assert_eq!(value("container_spec_memory_limit_bytes", "small"), Some(0.0));
    assert_eq!(value("container_memory_usage_ratio", "small"), None);
    let machine = std::fs::read_to_string("/proc/meminfo").unwrap();
    let machine = machine.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")).unwrap();
    seen.assert("machine_memory_bytes", &[], machine.parse::<f64>().unwrap() * 1024.0);

    docker.cli(&["exec", "--detach", "holds", "/bin/sh", "-c", &script(30)]);
    let grown = agent
        .until("engine", "thirty megabytes more", |seen| working_set(seen).filter(|grown| *grown >= held + 30.0 * MIB));
    assert!(grown < held + 36.0 * MIB, "{held} became {grown}");
}

#[test]
fn network_traffic_is_what_went_over_the_bridge() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    // Its input never ends: nc would tell the other side that it has nothing to say, and that one would leave.
    let serve = "mkfifo /tmp/open && exec 3<>/tmp/open && while :; do nc -l -p 4000 <&3 > /dev/null; done";
    docker.run_script("server", &[], serve);
    docker.run("lonely", &["--network", "none"], &["sleep", "100000"]);
    docker.run("hosts", &["--network", "host"], &["sleep", "100000"]);
    docker.run("guest", &["--network", "container:server"], &["sleep", "100000"]);
    let address = docker.inspect("server")["NetworkSettings"]["IPAddress"].as_str().unwrap().to_owned();
    let agent = Agent::run(&target(&docker, "bandwidth_bits_per_second = 10000000"));
    let labels = [("name", "server"), ("interface", "eth0")];
    let received = |seen: &Exposition| seen.get("container_network_receive_bytes_total", &labels);
    let before = agent.until("engine", "the server's interface", received);
    docker.run("client", &[], &["sleep", "100000"]);
    let send = format!("until head -c 1000000 /dev/zero | nc {address} 4000; do sleep 0.1; done");
    docker.cli(&["exec", "client", "/bin/sh", "-c", &send]);
    let kernel = |file: &str| {
        let path = format!("/sys/class/net/eth0/statistics/{file}");
        docker.cli(&["exec", "server", "cat", &path])
    };
    let counters = [
        ("receive_bytes", "rx_bytes"),
        ("receive_packets", "rx_packets"),
        ("receive_packets_dropped", "rx_dropped"),
        ("receive_errors", "rx_errors"),
        ("transmit_bytes", "tx_bytes"),
        ("transmit_packets", "tx_packets"),
        ("transmit_packets_dropped", "tx_dropped"),
        ("transmit_errors", "tx_errors"),
    ];
    let seen = shows(&agent, "what the kernel counts", |seen| {
        let shown = |name: &str| seen.get(&format!("container_network_{name}_total"), &labels);
        received(seen).is_some_and(|bytes| bytes > before + 1_000_000.0)
            && counters.iter().all(|(name, file)| shown(name).map(|value| value.to_string()) == Some(kernel(file)))
    });
    // Headers of the packets are counted too.
    let grown = received(&seen).unwrap() - before;
    assert!((1_000_000.0..1_200_000.0).contains(&grown), "{grown}");
    let names = seen.label_values("container_network_receive_bytes_total", "name");
    assert_eq!(Vec::from_iter(names), ["client", "server"], "those with a network of their own");

    // Forty megabits a second, of ten.
    let flood = "while :; do head -c 500000 /dev/zero; sleep 0.1; done";
    let flood = format!("while :; do {flood} | nc {address} 4000; done");
    docker.cli(&["exec", "--detach", "client", "/bin/sh", "-c", &flood]);
    let ratio = |seen: &Exposition, name: &str, direction: &str| {
        seen.get("container_network_bandwidth_ratio", &[("name", name), ("direction", direction)])
    };
    let saturated = |seen: &Exposition| {
        [ratio(seen, "server", "receive")?, ratio(seen, "client", "transmit")?]
            .iter()
            .all(|ratio| *ratio > 0.8)
            .then_some(())
    };
    agent.until("engine", "the network is saturated", saturated);
    // Over several polls the ratio is that of the bytes which the counter shows.
    let count = |seen: &Exposition| received(seen).unwrap();
    let first = agent.next_poll("engine");
    let (start, mut last) = (Instant::now(), None);
    let mut ratios = vec![];
    for _ in 0..3 {
        let seen = agent.next_poll("engine");
        ratios.push(ratio(&seen, "server", "receive").unwrap());
        last = Some(seen);
    }
    let last = last.unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let expected = (count(&last) - count(&first)) * 8.0 / seconds / 10_000_000.0;
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!((0.5..2.0).contains(&(mean / expected)), "{ratios:?}, and the counter says {expected}");
    assert!(ratio(&last, "server", "transmit").unwrap() < 0.8);
    assert_eq!(ratio(&last, "lonely", "receive"), None);
}

#[test]
fn block_io_is_by_device() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let device = std::fs::metadata(docker.file("data")).unwrap().dev();
    let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00));
    let Ok(link) = std::fs::read_link(format!("/sys/dev/block/{major}:{minor}")) else {
        eprintln!("SKIPPED, the containers' files are on no block device");
        return;
    };
    let path = format!("/dev/{}", link.file_name().unwrap().to_str().unwrap());
    // Many kernels count where a rate is limited, and nowhere else.
    let limits = [&*format!("--device-read-bps={path}:1gb"), &*format!("--device-write-bps={path}:1gb")];
    let script = "dd if=/dev/zero of=/file bs=1M count=4 oflag=direct && dd if=/file of=/dev/null bs=1M count=2 iflag=direct; sleep 100000";
    docker.run_script("writes", &[&["--network", "none"], &limits[..]].concat(), script);
    until(SOON, "both transfers", || {
        let log = docker.try_cli(&["logs", "writes"]);
        String::from_utf8_lossy(&log.stderr).contains("2+0 records out").then_some(())
    });
    if raw(&docker, "writes")["blkio_stats"]["io_service_bytes_recursive"].as_array().is_none_or(Vec::is_empty) {
        eprintln!("SKIPPED, this kernel does not count the I/O of control groups");
        return;
    }
    let agent = Agent::run(&target(&docker, ""));
    let seen = shows(&agent, "the device", |seen| of(seen, "container_fs_writes_bytes_total", "writes").is_some());
    let labels = [("name", "writes"), ("device", &*path)];
    let about = |name: &str, least: f64| {
        let value = seen.value(name, &labels);
        assert!((least..least + MIB).contains(&value), "{name}: {value}");
    };
    about("container_fs_writes_bytes_total", 4.0 * MIB);
    about("container_fs_reads_bytes_total", 2.0 * MIB);
    let [major, minor] = [major, minor].map(|number| number.to_string());
    let usage = |operation: &str| {
        let labels = [("name", "writes"), ("major", &*major), ("minor", &*minor), ("operation", operation)];
        seen.value("container_blkio_device_usage_total", &labels)
    };
    seen.assert("container_fs_writes_bytes_total", &labels, usage("Write"));
    seen.assert("container_fs_reads_bytes_total", &labels, usage("Read"));
}

#[test]
fn limits_tasks_and_states() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let none = ["--network", "none"];
    let large = ["--cpus", "1", "--memory", "4g", "--cpu-shares", "512", "--label", "com.example.team=pricing"];
    docker.run("ticker-1", &[&none[..], &large].concat(), &["sleep", "100000"]);
    docker.run("ticker-2", &[&none[..], &large].concat(), &["sleep", "100000"]);
    let script = "sleep 100000 & sleep 100000 & sleep 100000 & wait";
    docker.run_script("tasks", &[&none[..], &["--pids-limit", "50"]].concat(), script);
    docker.run("short", &none, &["true"]);
    docker.cli(&["wait", "short"]);
    let agent = Agent::run(&target(&docker, "export_labels = [\"com.example.team\"]"));
    let seen = shows(&agent, "four tasks and all that run", |seen| {
        of(seen, "container_threads", "tasks") == Some(4.0)
            && seen.get("manometer_docker_containers", &[("stage", "sampled")]) == Some(3.0)
    });
    assert_eq!(of(&seen, "container_threads_max", "tasks"), Some(50.0));
    assert_eq!(of(&seen, "container_threads_max", "ticker-1"), None);
    // The replicas, and what each of them may use.
    let team = [("image", "busybox:test"), ("container_label_com_example_team", "pricing")];
    assert_eq!(seen.series("container_threads", &team).len(), 2);
    for name in ["ticker-1", "ticker-2"] {
        let labels = [&team[..], &[("name", name)]].concat();
        seen.assert("container_spec_cpu_quota", &labels, 100_000.0);
        seen.assert("container_spec_cpu_period", &labels, 100_000.0);
        seen.assert("container_spec_cpu_shares", &labels, 512.0);
        seen.assert("container_spec_memory_limit_bytes", &labels, 4096.0 * MIB);
        seen.assert("container_threads", &labels, 1.0);
    }
    // What has ended uses nothing, and says nothing of what it used.
    for name in ["container_memory_usage_bytes", "container_cpu_usage_seconds_total", "container_spec_cpu_shares"] {
        assert_eq!(of(&seen, name, "short"), None);
    }
    for (stage, containers) in [("seen", 4.0), ("idle", 1.0), ("failed", 0.0), ("skipped", 0.0)] {
        seen.assert("manometer_docker_containers", &[("stage", stage)], containers);
    }
    assert!(seen.value("manometer_docker_cgroup_reads_total", &[]) >= 3.0);
    seen.assert("manometer_docker_stats_failures_total", &[("reason", "timeout")], 0.0);
    assert!((0.0..1.9).contains(&seen.value("manometer_docker_sweep_duration_seconds", &[])));

    docker.cli(&["pause", "ticker-1"]);
    docker.cli(&["stop", "ticker-2"]);
    shows(&agent, "one container less", |seen| of(seen, "container_threads", "ticker-2").is_none());
    let after = agent.next_poll("engine");
    for name in ["container_memory_usage_bytes", "container_threads", "container_cpu_usage_seconds_total"] {
        assert!(of(&after, name, "ticker-1").is_some_and(|value| value > 0.0), "{name} of a paused container");
    }
    assert_eq!(of(&after, "container_cpu_usage_ratio", "ticker-1"), Some(0.0));
    assert_eq!(of(&after, "container_memory_usage_bytes", "ticker-2"), None);
    after.assert("manometer_docker_containers", &[("stage", "idle")], 2.0);
}

#[test]
fn without_inspections_limits_are_not_known() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    docker.run_script("busy", &["--network", "none", "--cpus", "0.2", "--memory", "64m"], "while :; do :; done");
    let agent = Agent::run(&target(&docker, "inspect = false"));
    let seen = shows(&agent, "two samples", |seen| of(seen, "container_cpu_usage_ratio", "busy").is_some());
    let [cores, ratio] =
        ["cores", "ratio"].map(|kind| of(&seen, &format!("container_cpu_usage_{kind}"), "busy").unwrap());
    assert!((cores / seen.value("machine_cpu_cores", &[]) - ratio).abs() < 1e-9, "{cores} {ratio}");
    assert_eq!(of(&seen, "container_memory_usage_ratio", "busy"), None);
    assert_eq!(of(&seen, "container_spec_memory_limit_bytes", "busy"), None);
    assert!(of(&seen, "container_cpu_cfs_throttled_periods_total", "busy").is_some_and(|periods| periods > 0.0));
}
