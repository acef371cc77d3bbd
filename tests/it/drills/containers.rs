//! Drills with containers.

use super::{DRILL, Drill, unavailable};
use crate::support::docker::{self, Docker};
use crate::support::wait::until;

/// A container that the configuration names, on an engine of its own.
fn app() -> (Docker, Drill) {
    let docker = Docker::start();
    docker.run("app", &["--network", "none", "--memory", "32m", "--memory-swap", "32m"], &["sleep", "1000000"]);
    let drill = Drill::start(&docker.target("engine", "containers = [\"app\"]"));
    (docker, drill)
}

/// Something in a container wants more memory than there is: the kernel kills it, and the container goes on.
#[test]
fn an_oom_kill_calls_the_infrastructure_team_as_well() {
    if unavailable() || docker::unavailable() {
        return;
    }
    let (docker, drill) = app();
    let killed = docker.try_cli(&["exec", "app", "tail", "/dev/zero"]);
    assert_eq!(killed.status.code(), Some(137));
    let told: &[&str] = &["ContainerOomKilled critical engine app"];
    drill.until_told("page", told[0]);
    drill.until_told("infrastructure", told[0]);
    assert_eq!(docker.inspect("app")["State"]["Status"], "running");
    drill.ends_after(&[("page", told), ("infrastructure", told)], &[]);
}

/// A container is killed by hand: that is no want of memory, and no restart.
#[test]
fn a_killed_container_is_one_page() {
    if unavailable() || docker::unavailable() {
        return;
    }
    let (docker, drill) = app();
    docker.cli(&["kill", "app"]);
    let told: &[&str] = &["ContainerDown critical engine app"];
    drill.until_told("page", told[0]);
    docker.cli(&["start", "app"]);
    until(DRILL, "it is up again", || drill.active().is_empty().then_some(()));
    drill.ends_after(&[("page", told)], &[]);
}
