//! The whole exposition of each body.

use super::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/docker/stats");

/// 0.2 CPUs and 64 MiB, as the inspection of the recorded container showed them.
const LIMITED: Limits = Limits {
    memory: 67_108_864,
    memory_swap: 134_217_728,
    memory_reservation: 0,
    cpu_shares: 0,
    cpu_period: 0,
    cpu_quota: 0,
    nano_cpus: 200_000_000,
    cpuset: 0,
};

#[track_caller]
fn assert_golden(name: &str, container: &Container, sample: Sample) {
    let current = Previous::of(&sample, container.started);
    let limits = container.inspected.as_ref().map(|inspected| &inspected.limits);
    let derived = Derived::of(&sample, None, &current, Whole { limits, ..Whole::default() });
    let text = exposed(container, sample, derived);
    let file = format!("{FOLDER}/{name}.prom");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap();
    assert!(text == golden, "differs from {file}; UPDATE_GOLDEN=1 rewrites it. Now:\n{text}");
}

#[test]
fn cgroup_v1_with_limits() {
    assert_golden("v1-limited", &container("ticker", Some(LIMITED)), read(V1_LIMITED));
}

#[test]
fn cgroup_v1_without_limits() {
    assert_golden("v1-unlimited", &container("ticker", Some(Limits::default())), read(V1_UNLIMITED));
}

#[test]
fn cgroup_v1_paused() {
    let paused = Container { state: RunState::Paused, ..container("ticker", None) };
    assert_golden("v1-paused", &paused, read(V1_PAUSED));
}

#[test]
fn cgroup_v1_block_io() {
    assert_golden("v1-io", &container("ticker", None), read(V1_IO));
}

#[test]
fn cgroup_v2_of_docker_25() {
    let limits = Limits { memory: 1 << 30, memory_swap: 2 << 30, cpu_quota: 150_000, ..Limits::default() };
    let labelled = Container {
        labels: Arc::new([("container_label_com_docker_compose_service".to_owned(), "ticker".to_owned())]),
        ..container("ticker", Some(limits))
    };
    assert_golden("v2-api-1.44", &labelled, read(V2_44));
}

#[test]
fn cgroup_v2_of_docker_29() {
    assert_golden("v2-api-1.52", &container("ticker", None), read(V2_52));
}

#[test]
fn podman() {
    assert_golden("podman-4", &container("ticker", None), read_of_podman(PODMAN));
}

#[test]
fn windows() {
    assert_golden("windows", &container("ticker", None), read(WINDOWS));
}
