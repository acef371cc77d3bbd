//! Engines and control groups that the machine of the tests may not have: `make test-engines` runs these in one that has
//! them (tests/engines).

mod files;
mod podman;

use std::collections::BTreeMap;

use self::files::{all_agree, of_container};
use crate::support::agent::Agent;
use crate::support::docker::Docker;
use crate::support::exposition::Exposition;
use crate::support::wait::{SOON, until};

/// A target that reads the containers' files, and one that asks the engine.
fn by_files_and_by_engine(docker: &Docker) -> String {
    docker.target("by-files", "") + &docker.target("by-engine", "cgroup_root = \"\"")
}

/// As Docker Compose labels the only container of a service.
fn of_service(service: &str) -> [String; 4] {
    let label = |name: &str, value: &str| ["--label".to_owned(), format!("com.docker.compose.{name}={value}")];
    let [[flag, project], [other, service]] = [label("project", "shop"), label("service", service)];
    [flag, project, other, service]
}

fn of(seen: &Exposition, name: &str, container: &str) -> f64 {
    seen.get(name, &[("name", container)]).unwrap_or_else(|| panic!("no {name} of {container}"))
}

#[test]
#[ignore = "needs cgroup v2: make test-engines"]
fn usage_by_files_and_by_engine_is_what_the_files_say() {
    let docker = Docker::start();
    let limits = ["--memory", "64m", "--memory-swap", "128m", "--cpus", "0.5", "--pids-limit", "50"];
    let labels = of_service("web");
    let work = "dd if=/dev/zero of=/file bs=1M count=4; while :; do usleep 50000; done";
    let options: Vec<&str> = limits.into_iter().chain(labels.iter().map(String::as_str)).collect();
    let id = docker.run_script("shop-web-1", &options, work);
    let agent = Agent::run(&by_files_and_by_engine(&docker));
    all_agree(&agent, "by-files", "shop-web-1", || of_container(&id));
    // What the engine does not tell.
    let more = ["pressure", "events", "memory_swap", "refault", "kernel_usage", "max_usage", "fs_reads_total"];
    let told = |name: &str| !more.iter().any(|part| name.contains(part)) && name != "container_fs_writes_total";
    all_agree(&agent, "by-engine", "shop-web-1", || {
        let mut said = of_container(&id);
        said.retain(|name, _| told(name));
        said
    });
    let seen = agent.scrape("by-files");
    // Labels that nobody has asked for.
    let [project, service] = ["project", "service"].map(|name| format!("container_label_com_docker_compose_{name}"));
    let of_it = [("name", "shop-web-1"), (project.as_str(), "shop"), (service.as_str(), "web")];
    seen.assert("container_threads_max", &of_it, 50.0);
    seen.assert("container_spec_cpu_quota", &of_it, 50_000.0);
    seen.assert("container_spec_memory_limit_bytes", &of_it, 67_108_864.0);
    seen.assert("container_state", &[&of_it[..], &[("state", "running")]].concat(), 1.0);
    seen.assert("container_up", &of_it, 1.0);
    seen.assert("container_info", &[of_it[0], ("image", "busybox:test"), ("restart_policy", "no")], 1.0);
    seen.assert("manometer_docker_capability", &[("endpoint", "cgroup_files")], 1.0);
}

#[test]
#[ignore = "needs cgroup v2 and swap: make test-engines"]
fn pressure_swap_and_the_events_of_memory_are_what_the_files_say() {
    let docker = Docker::start();
    let limits = ["--network", "none", "--memory", "48m", "--memory-swap", "144m"];
    let id = docker.run_script("full", &limits, "exec sleep 100000");
    let agent = Agent::run(&by_files_and_by_engine(&docker));
    // More than its memory, and less than its memory and its swap.
    docker.cli(&["exec", "full", "dd", "if=/dev/zero", "of=/dev/shm/held", "bs=1M", "count=50"]);
    // A child of its own is killed for want of memory.
    let _ = docker.try_cli(&["exec", "full", "tail", "/dev/zero"]);
    let folder = files::folder(&id);
    std::fs::write(folder.join("memory.high"), "8M").unwrap();
    docker.cli(&["exec", "full", "dd", "if=/dev/zero", "of=/dev/shm/more", "bs=1M", "count=8"]);
    all_agree(&agent, "by-files", "full", || of_container(&id));
    let seen = agent.scrape("by-files");
    let value = |name: &str| of(&seen, name, "full");
    assert!(value("container_memory_swap") > 4e6, "{}", value("container_memory_swap"));
    assert_eq!(value("container_memory_events_oom_kill_total").to_bits(), 1.0_f64.to_bits());
    for name in ["events_high_total", "events_max_total", "events_oom_total", "workingset_refault_anon_total"] {
        assert!(value(&format!("container_memory_{name}")) >= 1.0, "{name}");
    }
    for name in ["container_pressure_memory_waiting_seconds_total", "container_pressure_memory_stalled_seconds_total"] {
        assert!(value(name) > 0.0, "{name}");
    }
    // The engine knows of none of these.
    let engine = agent.scrape("by-engine");
    assert!(
        engine
            .families
            .iter()
            .all(|family| !family.name.contains("_pressure_") && !family.name.contains("_events_oom_kill"))
    );
    // PID 1 has lived on; the engine, the kernel's log and the files have told of one and the same kill.
    agent.until("by-files", "the OOM kill", |seen| {
        seen.get("container_oom_events_total", &[("name", "full")]).filter(|count| *count >= 1.0)
    });
    let seen = agent.next_poll("by-files");
    seen.assert("container_oom_events_total", &[("name", "full")], 1.0);
    seen.assert("container_state", &[("name", "full"), ("state", "running")], 1.0);
}

#[test]
#[ignore = "needs cgroup v2: make test-engines"]
fn each_oom_kill_is_an_exit_for_want_of_memory() {
    const RUNS: f64 = 3.0;
    let docker = Docker::start();
    let agent = Agent::run(&format!("{}[host]\nwhen = \"always\"\ninterval = \"5s\"\n", docker.target("engine", "")));
    let kernel = || agent.until("host", "the kernel's count", |seen| seen.get("node_vmstat_oom_kill", &[]));
    let before = kernel();
    agent.until("engine", "events", |seen| seen.get("manometer_docker_event_stream_up", &[]).filter(|up| *up > 0.0));
    let limits = ["--network", "none", "--memory", "24m", "--memory-swap", "24m", "--restart", "on-failure:2"];
    let labels = of_service("hungry");
    let options: Vec<&str> = limits.into_iter().chain(labels.iter().map(String::as_str)).collect();
    docker.run_script("hungry", &options, "exec tail /dev/zero");
    let by_reason = |seen: &Exposition| -> BTreeMap<String, f64> {
        let family = seen.family("container_exits_total");
        let samples = family.into_iter().flat_map(|family| &family.samples);
        let of_it = samples.filter(|sample| sample.labels["name"] == "hungry" && sample.value > 0.0);
        of_it.map(|sample| (sample.labels["reason"].clone(), sample.value)).collect()
    };
    let mut last = String::new();
    let seen = until(SOON * 4, "three runs have ended", || {
        let seen = agent.scrape("engine");
        let state = docker.inspect("hungry");
        let now = format!("{:?} {} {}", by_reason(&seen), state["RestartCount"], state["State"]);
        if now != last {
            eprintln!("{now}");
            last = now;
        }
        (by_reason(&seen).values().sum::<f64>() >= RUNS).then_some(seen)
    });
    // Engines lose some of their OOM events, the kernel's log none.
    seen.assert("manometer_docker_capability", &[("endpoint", "kernel_log")], 1.0);
    assert_eq!(by_reason(&seen), BTreeMap::from([("oom".to_owned(), RUNS)]));
    let told = seen.value("manometer_docker_events_total", &[("action", "oom")]);
    eprintln!("the engine told of {told} of {RUNS} OOM kills");
    seen.assert("container_oom_events_total", &[("name", "hungry")], RUNS);
    seen.assert("container_failed", &[("name", "hungry")], 1.0);
    seen.assert("container_last_exit_code", &[("name", "hungry")], 137.0);
    let seen = agent.next_poll("engine");
    seen.assert("container_up", &[("name", "hungry")], 0.0);
    // The kernel's own count misses none.
    agent.next_poll("host");
    let grown = kernel() - before;
    assert!(grown >= RUNS, "{grown}");
}
