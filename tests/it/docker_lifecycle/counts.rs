//! Starts, ends and OOM kills: each of them once.

use super::*;

const SMALL: [&str; 4] = ["--network", "none", "--memory", "32m"];

#[test]
fn ends_have_reasons_and_oom_kills_are_counted_one_by_one() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = Agent::run(&docker.target("engine", ""));
    until_events(&agent);
    let none = ["--network", "none"];
    // Four OOM kills within two seconds; the engine remembers one of them.
    docker.run_script("hungry", &[&SMALL[..], &["--restart", "on-failure:3"]].concat(), "tail /dev/zero");
    // Its child is killed, and it lives on.
    docker.run_script("parent", &SMALL, "tail /dev/zero & wait; exec sleep 100000");
    docker.run_script("good", &none, "exit 0");
    docker.run_script("bad", &none, "exit 3");
    docker.run_script("forger", &[&none[..], &["--label", "exitCode=0", "--label", "signal=0"]].concat(), "exit 5");
    docker.run("target", &none, &["sleep", "100000"]);
    docker.run_script("polite", &none, "trap 'exit 0' TERM; while :; do sleep 0.1; done");
    // A process of the host kills it, of which the engine knows nothing.
    docker.run("victim", &none, &["sleep", "100000"]);
    let pid = docker.inspect("victim")["State"]["Pid"].to_string();
    docker.within(&["busybox", "kill", "-9", &pid]);
    docker.cli(&["kill", "target"]);
    docker.cli(&["stop", "polite"]);
    until_totals(&agent, "hungry", (4, 3, 4), &[("oom", 4)]);
    let seen = until_totals(&agent, "parent", (1, 0, 1), &[]);
    assert_eq!(state(&seen, "parent").as_deref(), Some("running"));
    until_totals(&agent, "good", (1, 0, 0), &[("ok", 1)]);
    until_totals(&agent, "bad", (1, 0, 0), &[("error", 1)]);
    until_totals(&agent, "forger", (1, 0, 0), &[("error", 1)]);
    until_totals(&agent, "target", (1, 0, 0), &[("killed", 1)]);
    let seen = until_totals(&agent, "victim", (1, 0, 0), &[("sigkill_unexplained", 1)]);
    for (name, has_failed) in [("hungry", 1.0), ("good", 0.0), ("bad", 1.0), ("target", 0.0), ("victim", 1.0)] {
        seen.assert("container_failed", &[("name", name)], has_failed);
    }
    let seen = until_totals(&agent, "polite", (1, 0, 0), &[("ok", 1)]);
    for (name, code) in [("hungry", 137.0), ("bad", 3.0), ("forger", 5.0), ("target", 137.0), ("polite", 0.0)] {
        seen.assert("container_last_exit_code", &[("name", name)], code);
    }
    seen.assert("container_restart_count", &[("name", "hungry")], 3.0);
    // The engine's flag at the end of it, which a busy engine has not always, is of the kill that has been counted.
    docker.cli(&["kill", "parent"]);
    until_totals(&agent, "parent", (1, 0, 1), &[("killed", 1)]);
    let seen = agent.next_poll("engine");
    assert_eq!(totals(&seen, "parent").2, 1);
    assert_eq!(totals(&seen, "hungry"), (4, 3, 4, BTreeMap::from([("oom".to_owned(), 4)])));
    // What the engine tells of the five kills is its own matter: a busy one loses some, and some kernels let it tell each twice.
    assert!(seen.value("manometer_docker_events_total", &[("action", "oom")]) >= 1.0);
    seen.assert("manometer_docker_events_undecodable_total", &[], 0.0);
    seen.assert("manometer_docker_inspect_failures_total", &[], 0.0);
}

#[test]
fn jobs_that_live_for_a_moment_are_all_counted() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = Agent::run(&docker.target("engine", "max_containers = 10"));
    until_events(&agent);
    let one = |number: usize| {
        let (name, code) = (format!("job-{}", number % 4), number % 2);
        let script = format!("exit {code}");
        let options = ["run", "--rm", "--network", "none", "--name", &name, "busybox:test", "/bin/sh", "-c", &script];
        let _ = docker.try_cli(&options);
    };
    for number in 0..40 {
        one(number);
    }
    for (number, reason) in [(0, "ok"), (1, "error"), (2, "ok"), (3, "error")] {
        until_totals(&agent, &format!("job-{number}"), (10, 0, 0), &[(reason, 10)]);
    }
    let seen = agent.next_poll("engine");
    seen.assert("manometer_docker_containers_watched", &[], 0.0);
    seen.assert("manometer_docker_events_total", &[("action", "destroy")], 40.0);
    assert_eq!(state(&seen, "job-0").as_deref(), Some("removed"));
    assert_eq!(seen.label_values("container_state", "name").len(), 4, "one set of series a name");
}

#[test]
fn without_inspections_and_without_events_the_rest_goes_on() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = Agent::run(&docker.target("engine", "inspect = false"));
    until_events(&agent);
    let none = ["--network", "none"];
    docker.run_script("bad", &none, "exit 3");
    docker.run_script("hungry", &SMALL, "tail /dev/zero");
    docker.run_script("forger", &[&none[..], &["--label", "exitCode=0"]].concat(), "exit 5");
    until_totals(&agent, "bad", (1, 0, 0), &[("error", 1)]);
    until_totals(&agent, "hungry", (1, 0, 1), &[("oom", 1)]);
    // The list's words tell what the event does not.
    let seen = until_totals(&agent, "forger", (1, 0, 0), &[("error", 1)]);
    seen.assert("container_last_exit_code", &[("name", "forger")], 5.0);
    seen.assert("manometer_docker_capability", &[("endpoint", "inspect")], 0.0);
    assert!(seen.family("container_restart_count").is_none());
    assert!(seen.family("container_start_time_seconds").is_some(), "the start event has a time");
}
