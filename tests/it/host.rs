//! `[host]`: the machine that the tests run on, held against what it says of itself.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::agent::Agent;
use crate::support::between::{Numbers, agree};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::peer;
use crate::support::process::Process;
use crate::support::wait::{SOON, until};

/// A `[host]` with a poll a second. Other tests run a `node_exporter` of their own on the same machine.
const ALWAYS: &str = "[host]\nwhen = \"always\"\ninterval = \"1s\"\ndeadline = \"900ms\"\n";

/// The number at the end of a file below /proc.
#[track_caller]
fn number(path: &str) -> f64 {
    fs::read_to_string(Path::new("/proc").join(path)).unwrap().trim().parse().unwrap()
}

/// The bytes of a line of /proc/meminfo.
#[track_caller]
fn memory(key: &str) -> f64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).unwrap();
    value.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
}

#[track_caller]
fn get(seen: &Exposition, name: &str, labels: &[(&str, &str)]) -> f64 {
    seen.get(name, labels).unwrap_or_else(|| panic!("{name} {labels:?} is not there"))
}

/// What `df` says of one column of the root, in bytes.
fn of_root(column: &str) -> f64 {
    let output = Command::new("df").args(["-B1", &format!("--output={column}"), "/"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().trim().parse().unwrap()
}

#[test]
fn the_machine_is_what_proc_says_it_is() {
    let agent = Agent::run(ALWAYS);
    let seen = agent.scrape("host");
    seen.assert("host_up", &[], 1.0);
    seen.assert("manometer_host_suppressed", &[], 0.0);
    seen.assert("manometer_target_up", &[("collector", "host")], 1.0);
    seen.assert("node_memory_MemTotal_bytes", &[], memory("MemTotal"));
    seen.assert("node_memory_SwapTotal_bytes", &[], memory("SwapTotal"));
    assert!(get(&seen, "node_memory_MemAvailable_bytes", &[]) <= memory("MemTotal"));
    for load in ["node_load1", "node_load5", "node_load15"] {
        assert!(get(&seen, load, &[]) >= 0.0, "{load}");
    }
    let stat = fs::read_to_string("/proc/stat").unwrap();
    let boot = stat.lines().find_map(|line| line.strip_prefix("btime ")).unwrap().parse().unwrap();
    seen.assert("node_boot_time_seconds", &[], boot);
    assert!(get(&seen, "node_time_seconds", &[]) > boot);
    let cpus = stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count();
    let modes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
    let family = seen.families.iter().find(|family| family.name == "node_cpu_seconds_total").unwrap();
    assert_eq!((family.kind.as_str(), family.samples.len()), ("counter", cpus * modes.len()));
    for part in ["cpu", "filefd", "filesystem", "loadavg", "meminfo", "netdev", "sysctl", "uname"] {
        seen.assert("node_scrape_collector_success", &[("collector", part)], 1.0);
    }
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let uname = seen.families.iter().find(|family| family.name == "node_uname_info").unwrap();
    assert_eq!(uname.samples[0].labels["release"], release.trim());
}

#[test]
fn its_limits_are_those_of_the_kernel() {
    let seen = Agent::run(ALWAYS).scrape("host");
    for (name, path) in [
        ("node_sysctl_net_core_somaxconn", "net/core/somaxconn"),
        ("node_sysctl_net_ipv4_tcp_fastopen", "net/ipv4/tcp_fastopen"),
        ("node_sysctl_net_ipv4_tcp_max_syn_backlog", "net/ipv4/tcp_max_syn_backlog"),
        ("node_sysctl_net_core_rmem_max", "net/core/rmem_max"),
        ("node_sysctl_net_core_wmem_max", "net/core/wmem_max"),
        ("node_sysctl_fs_nr_open", "fs/nr_open"),
        ("node_sysctl_vm_overcommit_memory", "vm/overcommit_memory"),
    ] {
        if Path::new("/proc/sys").join(path).exists() {
            seen.assert(name, &[], number(&format!("sys/{path}")));
        } else {
            assert_eq!(seen.get(name, &[]), None);
        }
    }
    for (name, path) in [
        ("node_sysctl_net_ipv4_ip_local_port_range", "net/ipv4/ip_local_port_range"),
        ("node_sysctl_net_ipv4_tcp_rmem", "net/ipv4/tcp_rmem"),
        ("node_sysctl_net_ipv4_tcp_wmem", "net/ipv4/tcp_wmem"),
    ] {
        let text = fs::read_to_string(Path::new("/proc/sys").join(path)).unwrap();
        assert!(text.split_whitespace().count() >= 2, "{text}");
        for (index, number) in text.split_whitespace().enumerate() {
            seen.assert(name, &[("index", &index.to_string())], number.parse().unwrap());
        }
    }
    let files = fs::read_to_string("/proc/sys/fs/file-nr").unwrap();
    seen.assert("node_filefd_maximum", &[], files.split_whitespace().last().unwrap().parse().unwrap());
    assert!(get(&seen, "node_filefd_allocated", &[]) > 0.0);
}

#[test]
fn the_space_of_the_root_is_what_df_says() {
    let seen = Agent::run(ALWAYS).scrape("host");
    let find = |name: &str| {
        let family = seen.families.iter().find(|family| family.name == name)?;
        family.samples.iter().find(|sample| sample.labels["mountpoint"] == "/").cloned()
    };
    let size = find("node_filesystem_size_bytes").expect("the root is there");
    assert_eq!(size.value.to_bits(), of_root("size").to_bits());
    let available = find("node_filesystem_avail_bytes").unwrap().value;
    // Other tests write in between.
    assert!((available - of_root("avail")).abs() < size.value / 10.0, "{available}");
    let device = find("node_filesystem_readonly").unwrap().labels["device"].clone();
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    assert!(mounts.lines().any(|line| line.starts_with(&format!("{device} / "))), "{device}");
}

#[test]
fn counters_follow_those_of_the_kernel() {
    let agent = Agent::run(ALWAYS);
    let sent = |seen: &Exposition| get(seen, "node_network_transmit_bytes_total", &[("device", "lo")]);
    let idle = |seen: &Exposition| get(seen, "node_cpu_seconds_total", &[("cpu", "0"), ("mode", "idle")]);
    let (first, before) = (agent.scrape("host"), number_of_loopback());
    let later = agent.next_poll("host");
    let after = number_of_loopback();
    // The scrapes themselves go over it.
    assert!(sent(&first) <= before && sent(&later) > sent(&first) && sent(&later) <= after);
    assert!(idle(&later) >= idle(&first));
}

/// The bytes that the loopback has sent.
fn number_of_loopback() -> f64 {
    let text = fs::read_to_string("/proc/net/dev").unwrap();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("lo:")).unwrap();
    line.split_whitespace().nth(8).unwrap().parse().unwrap()
}

#[test]
fn the_open_files_of_a_program_and_their_limit() {
    if missing(&["redis-server"]) {
        return;
    }
    // A name that no other test's server has.
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("redis-of-host");
    let redis = Command::new("sh").args(["-c", "command -v redis-server"]).output().unwrap();
    std::os::unix::fs::symlink(String::from_utf8(redis.stdout).unwrap().trim(), &program).unwrap();
    let process = Process::spawn(
        Command::new("sh")
            .args(["-c", "ulimit -S -n 777 && exec \"$0\" --port 0 --maxclients 100 --save '' --unixsocket redis.sock"])
            .arg(&program)
            .current_dir(dir.path())
            .stdout(Stdio::null()),
    );
    until(SOON, "the server listens", || dir.path().join("redis.sock").exists().then_some(()));
    let agent = Agent::run(&format!("{ALWAYS}processes = [\"redis-of-host\", \"not-there\"]\n"));
    let limits = fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let limit: f64 = limit.split_whitespace().next().unwrap().parse().unwrap();
    let open = fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap().count() as f64;
    let seen = agent.scrape("host");
    let of = [("process", "redis-of-host")];
    seen.assert("manometer_host_processes", &of, 1.0);
    assert_eq!(limit.to_bits(), 777.0_f64.to_bits(), "redis-server raises it where it is too low for its clients");
    seen.assert("manometer_host_process_max_fds", &of, limit);
    seen.assert("manometer_host_process_open_fds", &of, open);
    let none = [("process", "not-there")];
    seen.assert("manometer_host_processes", &none, 0.0);
    assert_eq!(seen.get("manometer_host_process_max_fds", &none), None);
    drop(process);
    agent.until("host", "the server has gone", |seen| {
        seen.get("manometer_host_processes", &of).filter(|count| *count < 1.0)
    });
    assert_eq!(agent.scrape("host").get("manometer_host_process_max_fds", &of), None);
}

#[test]
fn beside_node_exporter_its_series_are_left_to_it_unless_they_are_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("node_exporter");
    fs::copy("/bin/sleep", &program).unwrap();
    let exporter = Process::spawn(Command::new(&program).arg("600"));
    let agent = Agent::run(
        "[host]\nname = \"machine\"\ninterval = \"1s\"\ndeadline = \"900ms\"\nprocesses = [\"node_exporter\"]\n",
    );
    let seen = agent.scrape("machine");
    seen.assert("manometer_host_suppressed", &[], 1.0);
    seen.assert("host_up", &[], 1.0);
    assert!(seen.families.iter().all(|family| !family.name.starts_with("node_")), "{seen:?}");
    assert!(get(&seen, "manometer_host_processes", &[("process", "node_exporter")]) >= 1.0);
    assert!(get(&seen, "manometer_host_process_open_fds", &[("process", "node_exporter")]) >= 1.0);
    let wanted = Agent::run(ALWAYS).scrape("host");
    wanted.assert("manometer_host_suppressed", &[], 0.0);
    wanted.assert("node_memory_MemTotal_bytes", &[], memory("MemTotal"));
    agent.next_poll("machine");
    assert_eq!(agent.log().matches("node_exporter runs here").count(), 1, "once a change: {}", agent.log());
    drop(exporter);
    if TcpStream::connect(("127.0.0.1", 9100)).is_ok() {
        eprintln!("a node_exporter runs on this machine; that it goes is not tested");
        return;
    }
    let total = agent.until("machine", "its series are shown", |seen| {
        seen.get("manometer_host_suppressed", &[]).filter(|suppressed| *suppressed < 1.0)?;
        seen.get("node_memory_MemTotal_bytes", &[])
    });
    assert_eq!(total.to_bits(), memory("MemTotal").to_bits());
    assert_eq!(agent.log().matches("node_exporter has gone").count(), 1, "{}", agent.log());
}

/// The series of `node_exporter`'s families, by name and labels, and the type of each family.
fn of_node(page: &Exposition) -> (Numbers, BTreeMap<String, String>) {
    let families = || page.families.iter().filter(|family| family.name.starts_with("node_"));
    let series = families().flat_map(|family| &family.samples);
    let series = series.map(|sample| (format!("{}{:?}", sample.name, sample.labels), sample.value));
    (series.collect(), families().map(|family| (family.name.clone(), family.kind.clone())).collect())
}

/// Whether `node_exporter` has that series too, with its defaults and in the version of Debian 12.
fn is_of_both(series: &str) -> bool {
    let others = ["node_sysctl_", "\"sysctl\"", "TCPOFOQueue", "TCPRcvQDrop", "pressure_irq"];
    !others.iter().any(|part| series.contains(part))
}

#[test]
fn every_series_is_what_node_exporter_says() {
    if missing(&[peer::NODE_EXPORTER]) {
        return;
    }
    let (_dir, exporter) = peer::node_exporter();
    let agent = Agent::run(ALWAYS);
    let scrape = || of_node(&peer::page(exporter.address));
    let (_, kinds) = until(SOON, "node_exporter answers", || Some(scrape()).filter(|(series, _)| !series.is_empty()));
    let (ours, our_kinds) = of_node(&agent.scrape("host"));
    for (name, kind) in our_kinds.iter().filter(|(name, _)| is_of_both(name)) {
        assert_eq!(Some(kind), kinds.get(name), "{name}");
    }
    // Others write, connect and allocate at the same time.
    let names: Vec<String> = ours.into_keys().filter(|series| is_of_both(series)).collect();
    assert!(names.len() > 150, "{names:?}");
    agree("every series is node_exporter's", names, || {
        let (before, _) = scrape();
        let (ours, _) = of_node(&agent.next_poll("host"));
        [before, ours, scrape().0]
    });
}
