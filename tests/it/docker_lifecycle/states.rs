//! What there is, and how it is.

use super::*;

#[test]
fn every_state_health_and_time_is_the_engines() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let none = ["--network", "none"];
    let with = |more: &[&'static str]| [&none[..], more].concat();
    docker.run("old", &none, &["sleep", "100000"]);
    docker.run_script("ended", &none, "exit 7");
    docker.cli(&["wait", "ended"]);
    let agent = Agent::run(&docker.target("engine", "keep_removed = \"1m\"\nexport_labels = [\"team\"]"));
    until_events(&agent);
    docker.run("paused", &none, &["sleep", "100000"]);
    docker.cli(&["pause", "paused"]);
    docker.cli(&["create", "--name", "created", "--network", "none", "busybox:test", "true"]);
    docker.run_script("again", &with(&["--restart", "always"]), "exit 1");
    docker.run("gone", &none, &["sleep", "100000"]);
    docker.cli(&["rm", "--force", "gone"]);
    let check = ["--health-interval", "200ms", "--health-retries", "1", "--label", "team=a"];
    docker.run("well", &with(&[&["--health-cmd", "true"][..], &check].concat()), &["sleep", "100000"]);
    docker.run("ill", &with(&[&["--health-cmd", "false"][..], &check].concat()), &["sleep", "100000"]);
    let seen = until_states(
        &agent,
        &[
            ("old", "running"),
            ("ended", "exited"),
            ("paused", "paused"),
            ("created", "created"),
            ("gone", "removed"),
            ("well", "running"),
            ("ill", "running"),
        ],
    );
    // Ever longer pauses lie between its runs.
    until_states(&agent, &[("again", "restarting")]);
    agent.until("engine", "the health checks have spoken", |seen| {
        let health = |name| seen.get("container_health_state", &[("name", name)]);
        let status = |name, status| seen.get("container_health_status", &[("name", name), ("status", status)]);
        let spoken = status("well", "healthy")? > 0.5 && status("ill", "unhealthy")? > 0.5;
        spoken.then(|| assert_eq!((health("well"), health("ill"), health("old")), (Some(1.0), Some(0.0), Some(0.0))))
    });
    for name in ["old", "ended", "paused", "well"] {
        let inspected = docker.inspect(name);
        let time = |text: &serde_json::Value| {
            let text = text.as_str().unwrap();
            let output = std::process::Command::new("date").args(["--date", text, "+%s.%N"]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().parse::<f64>().unwrap()
        };
        let near = |metric: &str, text: &serde_json::Value| {
            let shown = agent.scrape("engine").value(metric, &[("name", name)]);
            assert!((shown - time(text)).abs() < 1e-3, "{name}: {metric} {shown} {text}");
        };
        near("container_start_time_seconds", &inspected["State"]["StartedAt"]);
        near("container_creation_time_seconds", &inspected["Created"]);
    }
    assert_eq!(seen.get("container_start_time_seconds", &[("name", "created")]), None);
    assert_eq!(seen.get("container_last_seen", &[("name", "created")]), None);
    seen.assert("container_last_exit_code", &[("name", "ended")], 7.0);
    seen.assert("container_state", &[("name", "well"), ("state", "running"), ("container_label_team", "a")], 1.0);
    assert_eq!(totals(&seen, "old"), (0, 0, 0, BTreeMap::new()), "it started before the agent");
    assert_eq!(totals(&seen, "ended"), (0, 0, 0, BTreeMap::new()));
    // What is seen to run is seen to run now; what has ended stays as it was.
    let last = |seen: &Exposition, name| seen.value("container_last_seen", &[("name", name)]);
    let (before, after) = (agent.next_poll("engine"), agent.next_poll("engine"));
    assert!(last(&after, "old") > last(&before, "old") + 1.0);
    assert!((last(&after, "gone") - last(&before, "gone")).abs() < 1e-6);
    docker.cli(&["unpause", "paused"]);
    docker.cli(&["start", "created"]);
    docker.cli(&["stop", "again"]);
    until_states(&agent, &[("paused", "running"), ("created", "exited"), ("again", "exited")]);
}

#[test]
fn names_move_and_a_re_created_container_goes_on() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = Agent::run(&docker.target("engine", "exclude = [\"hidden-*\"]\nkeep_removed = \"1m\""));
    until_events(&agent);
    let none = ["--network", "none"];
    docker.run_script("web", &none, "exit 3");
    until_totals(&agent, "web", (1, 0, 0), &[("error", 1)]);
    // Created anew under the same name, as an upgrade does it.
    docker.cli(&["rm", "web"]);
    docker.run("web", &none, &["sleep", "100000"]);
    until_totals(&agent, "web", (2, 0, 0), &[("error", 1)]);
    docker.cli(&["rename", "web", "shop"]);
    let seen = until_states(&agent, &[("shop", "running")]);
    assert_eq!(state(&seen, "web"), None);
    assert_eq!(seen.get("container_starts_total", &[("name", "web")]), None, "moved, not copied");
    assert_eq!(totals(&seen, "shop"), (2, 0, 0, BTreeMap::from([("error".to_owned(), 1)])));
    docker.cli(&["restart", "--time", "0", "shop"]);
    until_totals(&agent, "shop", (3, 1, 0), &[("error", 1), ("killed", 1)]);
    // Two containers swap their names.
    docker.run("blue", &none, &["sleep", "100000"]);
    until_totals(&agent, "blue", (1, 0, 0), &[]);
    for (old, new) in [("shop", "between"), ("blue", "shop"), ("between", "blue")] {
        docker.cli(&["rename", old, new]);
    }
    docker.cli(&["kill", "blue"]);
    let seen = until_totals(&agent, "blue", (1, 0, 0), &[("killed", 1)]);
    assert_eq!(totals(&seen, "shop").0, 3, "a counter does not go back");
    until_states(&agent, &[("shop", "running"), ("blue", "exited")]);
    // Out of the selection, and back into it.
    docker.cli(&["rename", "shop", "hidden-shop"]);
    agent.until("engine", "it is not watched", |seen| {
        (state(seen, "shop").is_none() && state(seen, "hidden-shop").is_none()).then_some(())
    });
    docker.cli(&["rename", "hidden-shop", "shop"]);
    let seen = until_states(&agent, &[("shop", "running")]);
    assert_eq!(totals(&seen, "shop").0, 3);
}
