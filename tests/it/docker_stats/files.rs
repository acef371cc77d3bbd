//! What a container's own files say is what the engine says.

use super::*;

/// What only the files tell on cgroup v2, where the engine leaves it out.
const ONLY_V2: [&str; 3] =
    ["container_fs_reads_total", "container_fs_writes_total", "container_memory_max_usage_bytes"];

/// The samples of a container, without what two samples say together and what only its own files tell.
fn of_container(page: &Exposition, name: &str) -> std::collections::BTreeMap<String, f64> {
    let own =
        ["_usage_cores", "_usage_ratio", "memory_swap", "kernel_usage", "workingset", "memory_events", "pressure"];
    let is_v2 = std::path::Path::new("/sys/fs/cgroup/cgroup.controllers").is_file();
    let samples = page.families.iter().flat_map(|family| &family.samples);
    samples
        .filter(|sample| !(is_v2 && ONLY_V2.contains(&sample.name.as_str())))
        .filter(|sample| sample.labels.get("name").is_some_and(|is| is == name))
        .filter(|sample| sample.name.starts_with("container_") && sample.name != "container_last_seen")
        .filter(|sample| !own.iter().any(|part| sample.name.contains(part)))
        .map(|sample| (format!("{}{:?}", sample.name, sample.labels), sample.value))
        .collect()
}

#[test]
fn the_files_of_a_container_say_what_the_engine_says() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let limits = ["--memory", "64m", "--cpus", "0.5", "--pids-limit", "50"];
    let work = "dd if=/dev/zero of=/file bs=1M count=4 2>/dev/null; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
    docker.run_script("still", &limits, &format!("{work}; echo done; exec sleep 100000"));
    docker.run_script("alone", &["--network", "none"], "exec sleep 100000");
    docker.run_script("shared", &["--network", "container:still"], "exec sleep 100000");
    docker.run_script("busy", &["--network", "none"], "while :; do usleep 20000; done");
    until(SOON, "its work is done", || (docker.cli(&["logs", "still"]) == "done").then_some(()));
    docker.cli(&["pause", "still"]);
    let tables = [
        docker.target("engine", "cgroup_root = \"\"").replace("\"engine\"", "\"by-engine\""),
        docker.target("engine", ""),
        docker.target("engine", "network = false").replace("\"engine\"", "\"no-network\""),
    ];
    let agent = Agent::run(&tables.join("\n"));
    let polled = |target: &str| {
        agent.until(target, "usage", |seen| of(seen, "container_cpu_usage_ratio", "busy"));
        agent.scrape(target)
    };
    // A bridge has packets of its own now and then.
    let is_traffic = |series: &str| series.starts_with("container_network_");
    let quiet = |page: &Exposition| {
        let mut all = of_container(page, "still");
        all.retain(|series, _| !is_traffic(series));
        all
    };
    polled("engine");
    polled("by-engine");
    // The kernel may free a page of one that is paused: what is compared lies between two polls that say the same.
    let (before, files, after) = until(SOON, "the paused container is still", || {
        let [before, files] = ["by-engine", "engine"].map(|target| agent.next_poll(target));
        // The first poll that ends now may have begun before.
        agent.next_poll("by-engine");
        let after = agent.next_poll("by-engine");
        (quiet(&before) == quiet(&after)).then_some((before, files, after))
    });
    // Each of its series is the same, and each is there.
    let expected = quiet(&before);
    assert!(expected.len() > 40, "{expected:?}");
    assert_eq!(quiet(&files), expected);
    let [first, between, last] = [&before, &files, &after].map(|page| of_container(page, "still"));
    assert_eq!(first.keys().collect::<Vec<_>>(), between.keys().collect::<Vec<_>>());
    for (series, value) in between.iter().filter(|(series, _)| is_traffic(series)) {
        assert!((first[series]..=last[series]).contains(value), "{series}: {} {value} {}", first[series], last[series]);
    }
    for name in ["alone", "shared"] {
        let names = |page: &Exposition| of_container(page, name).into_keys().collect::<Vec<_>>();
        assert_eq!(names(&files), names(&before), "{name}");
    }
    let used = |page: &Exposition| of(page, "container_cpu_usage_seconds_total", "busy").unwrap();
    let course = [&before, &files, &after].map(used);
    assert!(course.is_sorted() && course[0] < course[2], "{course:?}");
    for endpoint in ["cgroup_files", "proc_net"] {
        files.assert("manometer_docker_capability", &[("endpoint", endpoint)], 1.0);
    }
    // Nothing was left to ask the engine for.
    files.assert("manometer_docker_stats_samples_total", &[], 0.0);
    files.assert("manometer_docker_cgroup_vanished_total", &[], 0.0);
    files.assert("container_memory_swap", &[("name", "still")], 0.0);
    files.assert("container_memory_events_oom_kill_total", &[("name", "still")], 0.0);
    assert_eq!(before.get("manometer_docker_capability", &[("endpoint", "cgroup_files")]), None);
    assert_eq!(machine(&files), machine(&before));
    let without = polled("no-network");
    assert_eq!(of_container(&without, "still").keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    // One that ends between two polls costs the others nothing.
    docker.cli(&["rm", "--force", "busy"]);
    let seen = agent.next_poll("engine");
    seen.assert("docker_up", &[], 1.0);
    assert_eq!(quiet(&seen).len(), expected.len());
}

fn machine(page: &Exposition) -> (f64, f64) {
    (page.value("machine_cpu_cores", &[]), page.value("machine_memory_bytes", &[]))
}
