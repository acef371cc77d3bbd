//! Engines that are away, hang, or do not let the agent in.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::*;
use crate::support::agent;
use crate::support::wait::{SOON, until};

#[test]
fn an_engine_that_is_killed_and_started_again() {
    if unavailable() {
        return;
    }
    let mut docker = Docker::start();
    let agent = Agent::run(&docker.target("engine", ""));
    until_events(&agent);
    let small = ["--network", "none", "--memory", "32m"];
    docker.run_script(
        "kept",
        &[&small[..], &["--restart", "always"]].concat(),
        "tail /dev/zero & wait; exec sleep 100000",
    );
    docker.run("left", &["--network", "none"], &["sleep", "100000"]);
    docker.run_script("bad", &["--network", "none"], "exit 3");
    until_totals(&agent, "kept", (1, 0, 1), &[]);
    until_totals(&agent, "left", (1, 0, 0), &[]);
    until_totals(&agent, "bad", (1, 0, 0), &[("error", 1)]);
    assert!(agent.scrape("engine").family("docker_engine_info").is_some());
    docker.kill();
    agent.until("engine", "it is down", |seen| (seen.get("docker_up", &[]) == Some(0.0)).then_some(()));
    let seen = agent.next_poll("engine");
    for name in ["container_state", "docker_engine_info"] {
        assert!(seen.family(name).is_none(), "what it was is not what it is: {name}");
    }
    seen.assert("manometer_docker_event_stream_up", &[], 0.0);
    assert_eq!(totals(&seen, "kept").2, 1, "what was counted stays");
    docker.start_again();
    let started = std::time::Instant::now();
    until_states(&agent, &[("kept", "running"), ("left", "exited"), ("bad", "exited")]);
    until_events(&agent);
    eprintln!("series and events are back after {:?}", started.elapsed());
    // An engine that comes back ends what still runs, and starts what is to be started.
    let seen = agent.until("engine", "the restart is counted", |_| {
        let seen = agent.scrape("engine");
        (totals(&seen, "kept").0 >= 2 && !totals(&seen, "left").3.is_empty()).then_some(seen)
    });
    let (starts, restarts, ooms, exits) = totals(&seen, "kept");
    assert_eq!((starts, restarts, exits.values().sum::<u64>()), (2, 1, 1));
    assert!((1..=2).contains(&ooms), "the new run may have had its own by now: {ooms}");
    assert_eq!(totals(&seen, "left").3.values().sum::<u64>(), 1);
    assert_eq!(totals(&seen, "bad"), (1, 0, 0, BTreeMap::from([("error".to_owned(), 1)])));
    assert!(seen.value("manometer_docker_event_stream_reconnects_total", &[]) >= 1.0);
    // Events are counted again.
    docker.cli(&["start", "bad"]);
    until_totals(&agent, "bad", (2, 1, 0), &[("error", 2)]);
}

#[test]
fn an_engine_that_is_not_there_yet_is_a_quiet_state() {
    if unavailable() {
        return;
    }
    let mut docker = Docker::start();
    docker.run("web", &["--network", "none"], &["sleep", "100000"]);
    docker.stop();
    let _ = std::fs::remove_file(docker.socket());
    let agent = Agent::run(&docker.target("engine", ""));
    let polls = |seen: &Exposition| seen.value("manometer_polls_total", &[]);
    agent.until("engine", "it has been polled for a while", |seen| (polls(seen) >= 5.0).then_some(()));
    let seen = agent.scrape("engine");
    seen.assert("docker_up", &[], 0.0);
    seen.assert("manometer_docker_event_stream_up", &[], 0.0);
    let log = agent.log();
    let said: Vec<&str> =
        log.lines().filter(|line| line.contains("level=warn") || line.contains("level=error")).collect();
    assert_eq!(said.len(), 1, "{log}");
    assert!(said[0].contains("reason=connect") && said[0].contains("No such file"), "{}", said[0]);
    docker.start_again();
    docker.cli(&["start", "web"]);
    until_states(&agent, &[("web", "running")]);
    until_events(&agent);
    agent.scrape("engine").assert("docker_up", &[], 1.0);
}

#[test]
fn an_engine_that_hangs_delays_nobody_and_goes_on_where_it_was() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    docker.run_script("web", &["--network", "none"], "echo up; exec sleep 100000");
    let other =
        "[[docker]]\nname = \"other\"\nurl = \"unix:///nowhere.sock\"\ninterval = \"2s\"\ndeadline = \"1900ms\"\n";
    let agent = Agent::run(&format!("{}\n{other}", docker.target("engine", "[docker.logs]")));
    until_events(&agent);
    until_states(&agent, &[("web", "running")]);
    let is_read = |seen: &Exposition| seen.get("container_log_follow_up", &[("name", "web")]);
    agent.until("engine", "its log is read", |seen| (is_read(seen) == Some(1.0)).then_some(()));
    docker.freeze();
    agent.until("engine", "it does not answer", |seen| (seen.get("docker_up", &[]) == Some(0.0)).then_some(()));
    agent.next_poll("other");
    let started = std::time::Instant::now();
    let seen = agent.scrape("engine");
    assert!(started.elapsed() < SOON / 10);
    assert!(seen.value("manometer_poll_failures_total", &[("reason", "timeout")]) >= 1.0);
    // Both connections are open, and nothing can come over them.
    seen.assert("manometer_docker_event_stream_up", &[], 0.0);
    assert_eq!(is_read(&seen), Some(0.0));
    docker.thaw();
    until_states(&agent, &[("web", "running")]);
    let seen = agent.scrape("engine");
    seen.assert("manometer_docker_event_stream_up", &[], 1.0);
    assert_eq!(is_read(&seen), Some(1.0));
    docker.cli(&["kill", "web"]);
    let seen = until_totals(&agent, "web", (0, 0, 0), &[("killed", 1)]);
    seen.assert("docker_up", &[], 1.0);
}

#[test]
fn a_socket_that_the_agent_may_not_use_is_named_with_what_to_do() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    // The socket can be reached and not be written to, as it is for whoever is not in its group.
    let dir = docker.socket().parent().unwrap().to_owned();
    std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::set_permissions(docker.socket(), PermissionsExt::from_mode(0o660)).unwrap();
    let (folder, file) = agent::config_file(&docker.target("engine", ""));
    let binary = folder.path().join("manometer");
    std::fs::copy(env!("CARGO_BIN_EXE_manometer"), &binary).unwrap();
    for path in [folder.path(), &file, &binary] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let output = until(SOON, "the copied binary can be run", || {
        let mut command = Command::new(&binary);
        command.args(["poll", "--config", file.to_str().unwrap()]).uid(65_532).gid(65_532).env_clear();
        command.output().ok()
    });
    let (said, shown) = (agent::stderr(&output), agent::stdout(&output));
    assert!(said.contains("Permission denied") && said.contains("let the agent's user write to the socket"), "{said}");
    assert!(shown.contains("docker_up{target=\"engine\"} 0"), "{shown}");
}
