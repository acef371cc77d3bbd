//! What a container's own files say, read by the test itself, and the agent's numbers between two such readings.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::agent::Agent;
use crate::support::between::{Numbers, agree};
use crate::support::exposition::Exposition;

/// Values by the name of their series.
pub(super) type Said = BTreeMap<&'static str, f64>;

const ROOT: &str = "/sys/fs/cgroup";

/// The folder of a container on cgroup v2, or of the memory of one on v1.
#[track_caller]
pub(super) fn folder(id: &str) -> PathBuf {
    find(&tree("memory"), id, 6).unwrap_or_else(|| panic!("no control group of {id} in {ROOT}"))
}

pub(super) fn is_v2() -> bool {
    Path::new(ROOT).join("cgroup.controllers").is_file()
}

fn tree(controller: &str) -> PathBuf {
    if is_v2() { PathBuf::from(ROOT) } else { Path::new(ROOT).join(controller) }
}

fn find(folder: &Path, id: &str, depth: usize) -> Option<PathBuf> {
    let entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().filter(|entry| entry.path().is_dir()).collect();
    let is_it = |name: &str| name.contains(id) && !name.contains("conmon");
    if let Some(entry) = entries.iter().find(|entry| entry.file_name().to_str().is_some_and(is_it)) {
        return Some(entry.path());
    }
    entries.iter().filter(|_| depth > 0).find_map(|entry| find(&entry.path(), id, depth - 1))
}

/// What the files of that container say now.
#[track_caller]
pub(super) fn of_container(id: &str) -> Said {
    if is_v2() { v2(&folder(id)) } else { v1(id) }
}

fn number(file: &Path) -> f64 {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.trim().parse().unwrap()
}

/// The number behind a word at the beginning of a line.
fn stat(file: &Path) -> impl Fn(&str) -> f64 + use<> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    move |key| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {key} in {text}")).trim().parse().unwrap()
    }
}

fn v2(folder: &Path) -> Said {
    let cpu = stat(&folder.join("cpu.stat"));
    let memory = stat(&folder.join("memory.stat"));
    let events = stat(&folder.join("memory.events"));
    let usage = number(&folder.join("memory.current"));
    let mut said = Said::from([
        ("container_cpu_usage_seconds_total", cpu("usage_usec") / 1e6),
        ("container_cpu_user_seconds_total", cpu("user_usec") / 1e6),
        ("container_cpu_system_seconds_total", cpu("system_usec") / 1e6),
        ("container_memory_usage_bytes", usage),
        ("container_memory_working_set_bytes", usage - memory("inactive_file")),
        ("container_memory_rss", memory("anon")),
        ("container_memory_cache", memory("file")),
        ("container_memory_mapped_file", memory("file_mapped")),
        ("container_memory_kernel_usage", memory("kernel")),
        ("container_memory_max_usage_bytes", number(&folder.join("memory.peak"))),
        ("container_memory_swap", number(&folder.join("memory.swap.current"))),
        ("container_memory_workingset_refault_anon_total", memory("workingset_refault_anon")),
        ("container_memory_workingset_refault_file_total", memory("workingset_refault_file")),
        ("container_memory_events_high_total", events("high")),
        ("container_memory_events_max_total", events("max")),
        ("container_memory_events_oom_total", events("oom")),
        ("container_memory_events_oom_kill_total", events("oom_kill")),
        ("container_threads", number(&folder.join("pids.current"))),
    ]);
    let pressure = [
        ("cpu", "container_pressure_cpu_waiting_seconds_total", "container_pressure_cpu_stalled_seconds_total"),
        ("io", "container_pressure_io_waiting_seconds_total", "container_pressure_io_stalled_seconds_total"),
        (
            "memory",
            "container_pressure_memory_waiting_seconds_total",
            "container_pressure_memory_stalled_seconds_total",
        ),
    ];
    for (what, waiting, stalled) in pressure {
        let text = fs::read_to_string(folder.join(format!("{what}.pressure"))).unwrap();
        for (line, name) in text.lines().zip([waiting, stalled]) {
            let total: f64 = line.rsplit_once("total=").unwrap().1.parse().unwrap();
            said.insert(name, total / 1e6);
        }
    }
    if fs::read_to_string(folder.join("cpu.max")).is_ok_and(|text| !text.starts_with("max")) {
        said.insert("container_cpu_cfs_periods_total", cpu("nr_periods"));
        said.insert("container_cpu_cfs_throttled_periods_total", cpu("nr_throttled"));
        said.insert("container_cpu_cfs_throttled_seconds_total", cpu("throttled_usec") / 1e6);
    }
    said
}

fn v1(id: &str) -> Said {
    let of = |controller: &str| find(&tree(controller), id, 6).unwrap_or_else(|| panic!("no {controller} of {id}"));
    let memory = stat(&of("memory").join("memory.stat"));
    let usage = number(&of("memory").join("memory.usage_in_bytes"));
    Said::from([
        ("container_cpu_usage_seconds_total", number(&of("cpuacct").join("cpuacct.usage")) / 1e9),
        ("container_memory_usage_bytes", usage),
        ("container_memory_working_set_bytes", usage - memory("total_inactive_file")),
        ("container_memory_rss", memory("total_rss")),
        ("container_memory_cache", memory("total_cache")),
        ("container_threads", number(&of("pids").join("pids.current"))),
    ])
}

/// Every number that the files give is the agent's within a poll.
#[track_caller]
pub(super) fn all_agree(agent: &Agent, target: &str, container: &str, read: impl Fn() -> Said) {
    agent.until(target, "usage", |seen| shown(seen, "container_cpu_usage_seconds_total", container));
    let said = || -> Numbers { read().into_iter().map(|(name, value)| (name.to_owned(), value)).collect() };
    let names: Vec<String> = said().into_keys().collect();
    assert!(names.len() >= 3, "{names:?}");
    agree("the agent's numbers are the files'", names.clone(), || {
        let before = said();
        let seen = agent.next_poll(target);
        let of_it = names.iter().filter_map(|name| Some((name.clone(), shown(&seen, name, container)?)));
        [before, of_it.collect(), said()]
    });
}

fn shown(seen: &Exposition, name: &str, container: &str) -> Option<f64> {
    seen.get(name, &[("name", container)])
}
