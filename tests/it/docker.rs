//! The engine that the tests themselves start.

use super::support::agent::Agent;
use super::support::docker::{self, Docker};
use super::support::exposition::Exposition;
use super::support::wait::{SOON, until};

#[test]
fn the_engine_of_a_test_is_its_own_and_can_be_killed_and_started_again() {
    if docker::unavailable() {
        return;
    }
    let mut docker = Docker::builder().argument("--live-restore").start();
    docker.run_script("web", &[], "echo hello; exec sleep 1000");
    assert_eq!(docker.cli(&["logs", "web"]), "hello");
    assert_eq!(docker.cli(&["ps", "--format", "{{.Names}} {{.State}}"]), "web running");
    assert_eq!(docker.daemons().len(), 2);
    docker.kill();
    docker.start_again();
    assert_eq!(docker.inspect("web")["State"]["Status"], "running");
    let (cgroup, data) = (docker.file("data"), docker.file("exec"));
    drop(docker);
    assert!(!cgroup.exists() && !data.exists());
}

#[test]
fn a_container_that_the_configuration_names_is_missed_and_one_that_a_pattern_finds_is_not() {
    if docker::unavailable() {
        return;
    }
    let docker = Docker::start();
    for name in ["web", "batch-1", "other"] {
        docker.run(name, &["--network", "none"], &["sleep", "1000"]);
    }
    let agent = Agent::run(&docker.target("engine", "containers = [\"web\", \"never\", \"batch-*\"]"));
    let up = |seen: &Exposition, name| seen.get("container_up", &[("name", name)]);
    let seen = agent.until("engine", "web runs", |seen| {
        (up(seen, "web") == Some(1.0)).then(|| seen.label_values("container_up", "name"))
    });
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["never", "web"]);
    assert_eq!(up(&agent.scrape("engine"), "never"), Some(0.0));
    docker.cli(&["pause", "web"]);
    agent.until("engine", "a paused container does not run", |seen| (up(seen, "web") == Some(0.0)).then_some(()));
    docker.cli(&["unpause", "web"]);
    agent.until("engine", "it runs again", |seen| (up(seen, "web") == Some(1.0)).then_some(()));
    docker.cli(&["rm", "--force", "web", "batch-1"]);
    agent.until("engine", "a removed container does not run", |seen| (up(seen, "web") == Some(0.0)).then_some(()));
}

#[test]
fn lines_that_patterns_match_are_shown_only_where_the_configuration_wants_them() {
    if docker::unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = Agent::run(
        &[docker.target("quiet", "[docker.logs]"), docker.target("shown", "[docker.logs]\nsamples = true")].concat(),
    );
    docker.run_script(
        "web",
        &["--network", "none"],
        "echo Redis publish failed: password=hunter2 >&2; exec sleep 1000",
    );
    let matches = [("name", "web"), ("pattern", "redis_publish_failed")];
    for target in ["quiet", "shown"] {
        agent.until(target, "the line", |seen| {
            (seen.get("container_log_matches_total", &matches) == Some(1.0)).then_some(())
        });
    }
    let samples = until(SOON, "the line is shown", || {
        let samples = agent.state("shown")["samples"].clone();
        samples.as_array().is_some_and(|samples| !samples.is_empty()).then_some(samples)
    });
    let found = samples.as_array().unwrap().iter().find(|sample| sample["pattern"] == "redis_publish_failed").unwrap();
    assert_eq!((&found["container"], &found["stream"]), (&"web".into(), &"stderr".into()));
    let text = found["text"].as_str().unwrap();
    assert!(text.starts_with("Redis publish failed: password=") && !text.contains("hunter2"), "{text}");
    assert!(agent.state("quiet").get("samples").is_none());
    agent.assert_hidden("hunter2");
    assert!(
        !agent.get("/metrics").text().contains("Redis publish failed") && !agent.log().contains("Redis publish failed")
    );
}
