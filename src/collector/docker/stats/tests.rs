//! Bodies of statistics, recorded and as they are described, read and named.

mod golden;
mod input;
mod limits;
mod ratios;
mod values;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::models::ContainerStatsResponse;

use super::derive::{Derived, Previous, Whole};
use super::device::Devices;
use super::dialect::Dialect;
use super::sample::Sample;
use super::usage::{Measured, Stages};
use super::*;
use crate::collector::docker::container::{Container, RunState};
use crate::collector::docker::engine::{Inspected, Limits};
use crate::metric::Families;
use crate::metric::text::{Format, exposition};

/// Of Docker 20.10 with cgroup v1: two busy loops under `--cpus 0.2 --memory 64m --pids-limit 50`.
const V1_LIMITED: &str = include_str!("../../../../tests/fixtures/docker/stats/v1-limited.json");
/// Of the same engine: no limit, the network of the host, and 17 MiB of a file in the page cache.
const V1_UNLIMITED: &str = include_str!("../../../../tests/fixtures/docker/stats/v1-unlimited.json");
/// A paused container.
const V1_PAUSED: &str = include_str!("../../../../tests/fixtures/docker/stats/v1-paused.json");
/// A container that has ended.
const V1_STOPPED: &str = include_str!("../../../../tests/fixtures/docker/stats/v1-stopped.json");
/// 4 MiB written and 2 MiB read past the page cache, on a device with a rate limit.
const V1_IO: &str = include_str!("../../../../tests/fixtures/docker/stats/v1-io.json");
/// Cgroup v2 as Docker 25 sends it: without id and name.
const V2_44: &str = include_str!("../../../../tests/fixtures/docker/stats/v2-api-1.44.json");
/// Cgroup v2 as Docker 29 sends it, 15.5 s later; its id and name are those of another container.
const V2_52: &str = include_str!("../../../../tests/fixtures/docker/stats/v2-api-1.52.json");
const PODMAN: &str = include_str!("../../../../tests/fixtures/docker/stats/podman-4.json");
const WINDOWS: &str = include_str!("../../../../tests/fixtures/docker/stats/windows.json");

const OF_PODMAN: Dialect = Dialect { podman: Some([4, 2, 1]), windows: false };

/// Of the container of the first body.
const ID: &str = "e8a38bc735cdaafcfcb037938af30f00eff7971c3d4815a8952140350f951f0a";

fn body(json: &str) -> ContainerStatsResponse {
    serde_json::from_str(json).unwrap()
}

fn read(json: &str) -> Sample {
    let sample = Sample::read(&body(json), Dialect::default()).unwrap();
    // As it is unless cAdvisor's labels are wanted.
    Sample { per_cpu: Vec::new(), ..sample }
}

fn read_of_podman(json: &str) -> Sample {
    Sample::read(&body(json), OF_PODMAN).unwrap()
}

/// A running container of that name; what it is called and labelled comes from here alone.
fn container(name: &str, limits: Option<Limits>) -> Container {
    let inspected = limits.map(|limits| {
        let mut inspected: Inspected = serde_json::from_str(r#"{"State":{"ExitCode":0}}"#).unwrap();
        inspected.limits = limits;
        Arc::new(inspected)
    });
    let image = "registry.example/ticker:1.4";
    Container {
        started: Some(UNIX_EPOCH + Duration::from_secs(1_795_000_000)),
        inspected,
        ..Container::new(ID, name, image, RunState::Running, SystemTime::UNIX_EPOCH)
    }
}

/// The samples of what a sweep brought of `container`, as text.
fn exposed(container: &Container, sample: Sample, derived: Derived) -> String {
    let stages = Stages { seen: 1, sampled: 1, ..Stages::default() };
    let measured = HashMap::from([(container.id.clone(), Measured { sample, derived })]);
    let usage = Usage::new(measured, Devices::default(), stages, Duration::from_millis(1250));
    text_of(std::slice::from_ref(container), &usage)
}

fn text_of(containers: &[Container], usage: &Usage) -> String {
    let mut out = Families::new();
    export(containers, usage, &mut out);
    assert_eq!(out.rejections(), crate::metric::Rejections::default());
    exposition(&out.into_sorted(), Format::Prometheus)
}

/// The samples alone, without the agent's own and without the labels that all of them have.
fn lines(text: &str) -> Vec<String> {
    let own = |line: &&str| !line.starts_with('#') && !line.starts_with("manometer_") && !line.starts_with("machine_");
    let short = |line: &str| {
        let line = line.replacen(r#"name="ticker",image="registry.example/ticker:1.4""#, "", 1);
        line.replace("{,", "{").replace("{}", "")
    };
    text.lines().filter(own).map(short).collect()
}

/// The samples of a body whose names begin with `prefix`.
fn lines_of(sample: Sample, limits: Option<Limits>, prefix: &str) -> Vec<String> {
    let text = exposed(&container("ticker", limits), sample, Derived::default());
    lines(&text).into_iter().filter(|line| line.starts_with(prefix)).collect()
}
