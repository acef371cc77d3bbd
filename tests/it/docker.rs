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

/// Starts a container as Compose does for a service of the project `shop`.
fn of_shop(docker: &Docker, service: &str, number: u32, options: &[&str], script: &str) -> String {
    let name = format!("shop-{service}-{number}");
    let labels = [
        "com.docker.compose.project=shop".to_owned(),
        format!("com.docker.compose.service={service}"),
        format!("com.docker.compose.container-number={number}"),
        "com.docker.compose.oneoff=False".to_owned(),
    ];
    let labels = labels.iter().flat_map(|label| ["--label", label]);
    let options: Vec<&str> = labels.chain(["--network", "none"]).chain(options.iter().copied()).collect();
    docker.run_script(&name, &options, script);
    name
}

#[test]
fn containers_of_compose_are_missed_unless_someone_stopped_them_or_they_were_done() {
    if docker::unavailable() {
        return;
    }
    let docker = Docker::start();
    let forever = "exec sleep 100000";
    let until_told = "until [ -e /go ]; do sleep 0.1; done; exit";
    for number in [1, 2] {
        of_shop(&docker, "web", number, &["--restart", "unless-stopped"], forever);
    }
    of_shop(&docker, "cache", 1, &[], &format!("{until_told} 3"));
    of_shop(&docker, "migrate", 1, &[], &format!("{until_told} 0"));
    of_shop(&docker, "db", 1, &[], forever);
    docker.run("other", &["--network", "none", "--restart", "on-failure:3"], &["sleep", "1000"]);
    let table = |name: &str, more: &str| docker.target(name, &format!("keep_removed = \"4s\"\n{more}"));
    let tables = [table("engine", ""), table("bare", "export_labels = []\ncompose = false")].concat();
    let agent = Agent::run(&tables);
    let up = |seen: &Exposition| -> Vec<(String, bool)> {
        let shown = seen.series("container_up", &[]);
        shown.iter().map(|one| (one.labels["name"].trim_start_matches("shop-").to_owned(), one.value > 0.5)).collect()
    };
    let shows = |what: &str, expected: &[(&str, bool)]| {
        let expected: Vec<_> = expected.iter().map(|(name, runs)| ((*name).to_owned(), *runs)).collect();
        let mut last = Vec::new();
        agent.until("engine", &format!("{what}: {expected:?}"), |seen| {
            if up(seen) != last {
                last = up(seen);
                eprintln!("{last:?}");
            }
            (last == expected).then_some(())
        });
    };
    shows("all run", &[("cache-1", true), ("db-1", true), ("migrate-1", true), ("web-1", true), ("web-2", true)]);
    let seen = agent.scrape("engine");
    let labels = |service| {
        [
            ("container_label_com_docker_compose_project", "shop"),
            ("container_label_com_docker_compose_service", service),
        ]
    };
    seen.assert("container_up", &[&labels("db")[..], &[("name", "shop-db-1")]].concat(), 1.0);
    assert_eq!(seen.series("container_memory_rss", &labels("web")).len(), 2, "each replica by itself");

    for name in ["shop-cache-1", "shop-migrate-1"] {
        docker.cli(&["exec", name, "touch", "/go"]);
    }
    let failed = [("cache-1", false), ("db-1", true), ("web-1", true), ("web-2", true)];
    shows("one failed, and one is done", &failed);
    // As Compose removes a replica, and as someone in a hurry does.
    docker.cli(&["stop", "shop-web-2"]);
    docker.cli(&["rm", "shop-web-2"]);
    docker.cli(&["rm", "--force", "shop-db-1"]);
    shows("one was torn away", &[("cache-1", false), ("db-1", false), ("web-1", true)]);
    shows("which is forgotten in the end", &[("cache-1", false), ("web-1", true)]);
    of_shop(&docker, "db", 1, &[], forever);
    agent.until("engine", "it is there again", |seen| up(seen).contains(&("db-1".to_owned(), true)).then_some(()));
    docker.cli(&["stop", "shop-web-1", "shop-db-1"]);
    docker.cli(&["rm", "shop-web-1", "shop-db-1", "shop-cache-1", "shop-migrate-1"]);
    shows("the project is down", &[]);

    // What it is made of, for those that were not made by Compose too.
    let image = docker.api("/images/busybox:test/json");
    let info = [("name", "other"), ("image", "busybox:test"), ("restart_policy", "on-failure"), ("image_digest", "")];
    let seen = agent.scrape("engine");
    let of_other = seen.series("container_info", &info);
    assert_eq!(of_other.len(), 1, "{:?}", seen.series("container_info", &[]));
    assert_eq!(of_other[0].labels["image_id"], image["Id"].as_str().unwrap());
    let built = std::process::Command::new("date").args(["+%s", "--date", image["Created"].as_str().unwrap()]).output();
    let built: f64 = String::from_utf8(built.unwrap().stdout).unwrap().trim().parse().unwrap();
    let dated = seen.value("container_image_created_time_seconds", &info[..2]);
    assert!((0.0..1.0).contains(&(dated - built)), "{dated} {built}");

    let bare = agent.scrape("bare");
    assert!(bare.family("container_up").is_none());
    assert!(bare.samples().all(|sample| !sample.labels.keys().any(|label| label.starts_with("container_label_"))));
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
