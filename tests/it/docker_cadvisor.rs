//! cAdvisor's default page: each of its families is here, or docs/COMPATIBILITY.md says why not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::agent::Agent;
use crate::support::docker::{Docker, unavailable};
use crate::support::exposition::{Exposition, Family};

/// What cAdvisor 0.60 shows of a container without network, and of the machine; ids are cut.
const CADVISOR: &str = include_str!("../fixtures/docker/cadvisor.prom");
const COMPATIBILITY: &str = include_str!("../../docs/COMPATIBILITY.md");
const METRICS: &str = include_str!("../../docs/METRICS.md");

/// Labels that are there with `cadvisor_labels` alone.
const IDS: [&str; 4] = ["id", "machine_id", "system_uuid", "boot_id"];

/// What is here only on another kind of machine than the one of the tests may be.
const ELSEWHERE: [&str; 3] = ["yes, on cgroup v", "yes, where block I/O", "yes, as `container_fs"];

/// The rows `| `family` | yes or no and why |` of the table.
fn table() -> BTreeMap<&'static str, &'static str> {
    let (_, rest) = COMPATIBILITY.split_once("## Its default page").unwrap();
    let rows = rest.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let row = |line: &'static str| {
        let (family, here) = line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ")?;
        Some((family, here))
    };
    rows.map_while(row).collect()
}

/// Type and labels of everything that there can be, as docs/METRICS.md shows it, which is rendered from the catalog.
fn catalog() -> BTreeMap<&'static str, (&'static str, BTreeSet<&'static str>)> {
    let row = |line: &'static str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        let (kind, _, labels) = (cells.next()?, cells.next()?, cells.next()?);
        Some((
            name,
            (
                kind,
                labels
                    .split(", ")
                    .map(|label| label.trim_matches(['`', ' ']))
                    .filter(|label| !label.is_empty())
                    .collect(),
            ),
        ))
    };
    METRICS.lines().filter_map(row).collect()
}

fn label_names(family: &Family) -> BTreeSet<&str> {
    family.samples.iter().flat_map(|sample| sample.labels.keys().map(String::as_str)).collect()
}

#[test]
fn every_family_of_its_page_is_here_with_its_type_and_labels_or_has_a_reason_not_to_be() {
    let (theirs, table, catalog) = (Exposition::of(CADVISOR), table(), catalog());
    let names: BTreeSet<&str> = theirs.families.iter().map(|family| family.name.as_str()).collect();
    assert_eq!(names.len(), 68);
    assert_eq!(table.keys().copied().collect::<BTreeSet<_>>(), names, "the table of docs/COMPATIBILITY.md");
    for family in &theirs.families {
        let (name, here) = (family.name.as_str(), table[family.name.as_str()]);
        let ours = catalog.get(name);
        assert_eq!(here.starts_with("yes"), ours.is_some(), "{name}: {here}");
        assert!(here.starts_with("yes") || here.starts_with("no: "), "{name}: {here}");
        let Some((kind, labels)) = ours else { continue };
        assert_eq!(*kind, family.kind, "{name}");
        let expected: BTreeSet<&str> = label_names(family).into_iter().filter(|label| !IDS.contains(label)).collect();
        assert_eq!(*labels, expected, "{name}");
    }
}

/// What a command prints.
fn printed(command: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(command).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_page_with_its_labels_has_what_it_has() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let work = "dd if=/dev/zero of=/file bs=1M count=4 2>/dev/null; exec sleep 100000";
    let id = docker.run_script("c001", &["--network", "none"], work);
    docker.run_script("pair", &["--network", "none"], "sleep 100000 & exec nc -l -p 4000");
    let keys = "cadvisor_labels = true\nprocesses = true\ndisk_usage_interval = \"1m\"";
    let tables = [docker.target("engine", keys), docker.target("plain", "")];
    let agent = Agent::run(&tables.join("\n"));
    agent.until("engine", "sizes", |seen| seen.get("container_fs_usage_bytes", &[("name", "c001")]));
    let page = agent.next_poll("engine");
    for family in &Exposition::of(CADVISOR).families {
        let (name, here) = (family.name.as_str(), table()[family.name.as_str()]);
        if here.starts_with("no: ") || ELSEWHERE.iter().any(|start| here.starts_with(start)) {
            continue;
        }
        let ours = page.family(name).unwrap_or_else(|| panic!("{name} is not there"));
        assert_eq!(ours.kind, family.kind, "{name}");
        let mut expected = label_names(family);
        if name == "container_oom_events_total" {
            // It is by name, and survives the container.
            expected.remove("id");
        }
        assert_eq!(label_names(ours), expected, "{name}");
    }
    // The container by its control group, each CPU by itself, and the machine by its ids.
    let of_one = page.series("container_memory_rss", &[("name", "c001")]);
    let cgroup = of_one[0].labels["id"].clone();
    assert!(cgroup.starts_with("/manometer-test-") && cgroup.ends_with(&id), "{cgroup}");
    let labels = [("name", "c001"), ("id", cgroup.as_str())];
    let by_cpu = page.label_values("container_cpu_usage_seconds_total", "cpu");
    if Path::new("/sys/fs/cgroup/cpuacct").exists() {
        assert!(by_cpu.contains("cpu00") && !by_cpu.contains("total"), "{by_cpu:?}");
        let used: f64 =
            page.series("container_cpu_usage_seconds_total", &labels).iter().map(|sample| sample.value).sum();
        let all = std::fs::read_to_string(format!("/sys/fs/cgroup/cpuacct{cgroup}/cpuacct.usage")).unwrap();
        assert!((used - all.trim().parse::<f64>().unwrap() / 1e9).abs() < 1e-6, "{used} {all}");
    }
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let machine = page.series("machine_swap_bytes", &[("boot_id", boot.trim())]);
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
    let swap = meminfo.lines().find_map(|line| line.strip_prefix("SwapTotal:")?.trim().strip_suffix(" kB")).unwrap();
    assert_eq!(machine[0].value.to_string(), (swap.parse::<f64>().unwrap() * 1024.0).to_string());
    // Sockets and cores as lscpu counts them.
    let topology = printed("lscpu", &["--parse=SOCKET,CORE"]);
    let cores: BTreeSet<&str> = topology.lines().filter(|line| !line.starts_with('#')).collect();
    let sockets: BTreeSet<&str> = cores.iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(page.value("machine_cpu_physical_cores", &[]).to_string(), cores.len().to_string());
    assert_eq!(page.value("machine_cpu_sockets", &[]).to_string(), sockets.len().to_string());

    // What it has written, as the engine tells it, and the size of the file system that holds it.
    let listed = docker.api("/containers/json?size=1");
    let size = listed.as_array().unwrap().iter().find(|one| one["Id"] == id.as_str()).unwrap()["SizeRw"].as_f64();
    assert_eq!(page.get("container_fs_usage_bytes", &labels), size);
    assert!(size.unwrap() >= 4.0 * 1_048_576.0, "{size:?}");
    let total = printed("df", &["--block-size=1", "--output=size", docker.file("data").to_str().unwrap()]);
    assert_eq!(page.value("container_fs_limit_bytes", &labels).to_string(), total.lines().last().unwrap().trim());
    page.value("manometer_docker_disk_usage_timestamp_seconds", &[]);
    page.assert("manometer_docker_disk_usage_failures_total", &[], 0.0);

    // Two processes, one of which listens.
    let pair = [("name", "pair")];
    page.assert("container_processes", &pair, 2.0);
    page.assert("container_sockets", &pair, 1.0);
    assert!(page.value("container_file_descriptors", &pair) >= 7.0);
    page.assert("container_tasks_state", &[("name", "pair"), ("state", "sleeping")], 2.0);
    page.assert("container_tasks_state", &[("name", "pair"), ("state", "running")], 0.0);
    page.assert("container_scrape_error", &[], 0.0);

    // Without the keys there is nothing of it.
    let plain = agent.next_poll("plain");
    for sample in plain.samples() {
        assert!(IDS.iter().all(|id| !sample.labels.contains_key(*id)), "{sample:?}");
    }
    assert_eq!(plain.label_values("container_cpu_usage_seconds_total", "cpu"), BTreeSet::from(["total".to_owned()]));
    for name in ["container_processes", "container_tasks_state", "container_fs_usage_bytes"] {
        assert!(plain.family(name).is_none(), "{name}");
    }
}
