//! Targets that appear by themselves, with real servers, a real name server and a real engine.

use std::path::Path;

use crate::support::agent::{Agent, config_file, output, stdout};
use crate::support::missing::missing;
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};

/// What the agent says of its targets: name, health, source.
fn targets(agent: &Agent) -> Vec<String> {
    let all = agent.get("/api/v1/targets").json();
    let targets = all["data"]["targets"].as_array().expect("a list of targets").clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    targets
        .iter()
        .map(|target| format!("{} {} {}", text(&target["name"]), text(&target["health"]), text(&target["source"])))
        .collect()
}

fn notices(agent: &Agent) -> String {
    agent.get("/api/v1/targets").json()["data"]["notices"].to_string()
}

#[track_caller]
fn assert_targets(agent: &Agent, expected: &[String]) {
    until(SOON, &format!("{expected:?}; the log:\n{}", agent.log()), || {
        let seen = targets(agent);
        (seen == expected).then_some(())
    });
}

/// Replaces a file as a tool does that cares: whole, at once.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, file).unwrap();
}

#[test]
fn targets_of_files_come_and_go_and_disturb_nobody() {
    if missing(&["redis-server"]) {
        return;
    }
    let (main, secret, third) =
        (RedisServer::start(), RedisServer::builder().password("hunter2").start(), RedisServer::start());
    let dir = tempfile::tempdir().unwrap();
    let [json, yaml] = ["a.json", "b.yml"].map(|name| dir.path().join(name));
    let address = |server: &RedisServer| server.address().to_string();
    std::fs::write(&json, format!(r#"[{{"targets": [{:?}], "labels": {{"team": "shop"}}}}]"#, address(&secret)))
        .unwrap();
    std::fs::write(&yaml, format!("- targets: [{:?}]\n  labels:\n    manometer_name: third\n", address(&third)))
        .unwrap();
    let fast = "interval = \"1s\"\ndeadline = \"900ms\"\n";
    let config = format!(
        "targets_files = [{:?}, {yaml:?}]\n[[redis]]\nname = \"main\"\nurl = {:?}\n{fast}\
         [[discover]]\nmatch = [\"127.0.0.1\"]\n[discover.redis]\npassword = \"hunter2\"\n{fast}",
        dir.path().join("*.json"),
        main.url(),
    );
    let agent = Agent::run(&config);
    let of = |name: &str, health: &str, file: &Path| format!("{name} {health} file {}", file.display());
    let configured = "main up configuration".to_owned();
    // The third has no password, and says so to one that gives it one.
    let all = [of(&address(&secret), "up", &json), configured.clone(), of("third", "down", &yaml)];
    assert_targets(&agent, &all);
    let seen = agent.metrics();
    seen.assert("redis_up", &[("target", &address(&secret)), ("team", "shop")], 1.0);
    seen.assert("manometer_discovered_targets", &[("source", "file")], 2.0);

    let (_dir, file) = config_file(&config);
    let shown = stdout(&output(&["config", "show", "--config", file.to_str().unwrap()]));
    for line in [
        format!("# found by: file {}\n[[redis]]\nname = {:?}", json.display(), address(&secret)),
        "[[discover]]\nmatch = [\"127.0.0.1/32\"]".to_owned(),
        format!("    {yaml:?},\n]\nmax_discovered = 1000\n"),
    ] {
        assert!(shown.contains(&line), "{line}\n{shown}");
    }
    assert!(!shown.contains("hunter2"));

    // A file that is cut in half leaves what it named, and is told.
    let polls = |agent: &Agent| agent.scrape("main").get("manometer_polls_total", &[]).unwrap();
    let before = polls(&agent);
    replace(&json, r#"[{"targets": ["127.0.0.1"#);
    until(SOON, "the half file is told", || notices(&agent).contains("is not a targets file").then_some(()));
    assert_eq!(targets(&agent), all);
    let source = json.display().to_string();
    agent.metrics().assert("manometer_discovery_source_last_read_successful", &[("source", &source)], 0.0);
    assert!(agent.get("/").text().contains("is not a targets file: EOF"), "the status page says so");

    // What it does not name any more leaves no series.
    replace(&json, "[]");
    assert_targets(&agent, &[configured, of("third", "down", &yaml)]);
    let seen = agent.metrics();
    assert!(seen.get("redis_up", &[("target", &address(&secret))]).is_none());
    seen.assert("manometer_discovery_source_last_read_successful", &[("source", &source)], 1.0);
    assert!(polls(&agent) >= before, "the configured target was not started anew");
    agent.assert_hidden("hunter2");

    // A reload keeps what was found, and takes what is not allowed any more.
    assert_eq!(agent.reload().status, 200);
    assert_eq!(targets(&agent).len(), 2);
    agent.write_config(&config.replace("[\"127.0.0.1\"]", "[\"10.0.0.0/8\"]"));
    assert_eq!(agent.reload().status, 200);
    assert_eq!(targets(&agent), ["main up configuration"]);
    agent.metrics().assert("manometer_discovery_refused_targets", &[("reason", "not_allowed")], 1.0);
}
