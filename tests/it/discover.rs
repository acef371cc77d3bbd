//! Targets that appear by themselves, with real servers, a real name server and a real engine.

use std::path::Path;
use std::process::{Command, Stdio};

use manometer::app;
use manometer::policy::{
    self,
    render::{Catalog, rules},
};

use crate::support::agent::{Agent, config_file, output, stdout};
use crate::support::containers::Containers;
use crate::support::docker;
use crate::support::missing::missing;
use crate::support::port;
use crate::support::process::Process;
use crate::support::prometheus::Prometheus;
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
    until(SOON, format!("{expected:?}"), || (targets(agent) == expected).then_some(()));
}

/// The shipped rules, thirty times as fast, tell of the queue once there are more jobs.
fn assert_backlog_is_told(agent: &Agent, add_jobs: impl FnOnce()) {
    if missing(&["prometheus"]) {
        return;
    }
    let policy = policy::shipped().unwrap().divided(30);
    let rules = rules::files(&policy, &Catalog::new(&app::metrics()));
    let job = format!("- job_name: {}\n  static_configs:\n  - targets: ['{}']\n", policy.job, agent.address);
    let prometheus = Prometheus::with_rules(&job, &rules, None);
    prometheus.wait_until_up(&policy.job, 1);
    let firing = || prometheus.query("ALERTS{alertname=\"QueueBacklog\", alertstate=\"firing\"}");
    assert!(firing().is_empty(), "three jobs are no backlog");
    add_jobs();
    let told = until(SOON, "the backlog is told", || firing().into_iter().next());
    let label = |name: &str| told.labels[name].as_str();
    assert_eq!(
        [label("target"), label("queue"), label("severity"), label("team")],
        ["redis", "celery", "warning", "shop"]
    );
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
    let address = RedisServer::address;
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
        format!("max_discovered = 1000\ntargets_files = [{:?}, {yaml:?}]\n", dir.path().join("*.json")),
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
    let was_read =
        |agent: &Agent| agent.metrics().get("manometer_discovery_source_last_read_successful", &[("source", &source)]);
    until(SOON, "the series says so", || (was_read(&agent) == Some(0.0)).then_some(()));
    assert!(agent.get("/").text().contains("is not a targets file: EOF"), "the status page says so");

    // What it does not name any more leaves no series.
    replace(&json, "[]");
    assert_targets(&agent, &[configured, of("third", "down", &yaml)]);
    let seen = agent.metrics();
    assert!(seen.get("redis_up", &[("target", &address(&secret))]).is_none());
    until(SOON, "and that it is whole again", || (was_read(&agent) == Some(1.0)).then_some(()));
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

/// A name server on `port` that knows these records, options of dnsmasq.
fn name_server(port: u16, records: &[String]) -> Process {
    let mut dnsmasq = Command::new("dnsmasq");
    dnsmasq.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--user=",
        "--pid-file=",
    ]);
    dnsmasq.args(["--listen-address=127.0.0.1", "--bind-interfaces", &format!("--port={port}")]).args(records);
    Process::spawn(dnsmasq.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
}

#[test]
fn the_servers_of_an_srv_name_are_targets_as_long_as_it_names_them() {
    const NAME: &str = "_redis._tcp.example.test";
    if missing(&["redis-server", "dnsmasq"]) {
        return;
    }
    let (one, two) = (RedisServer::start(), RedisServer::start());
    let at = port::free();
    let srv = |host: &str, port: u16| format!("--srv-host={NAME},{host}.example.test,{port}");
    let host = |host: &str, address: &str| format!("--host-record={host}.example.test,{address}");
    let hosts = [host("one", "127.0.0.1"), host("two", "127.0.0.1"), host("far", "10.9.9.9")];
    // So many that they do not fit into a datagram.
    let many = (0..40).map(|at| srv("far", 7000 + at));
    let records: Vec<String> = hosts.iter().cloned().chain([srv("one", one.port)]).chain(many).collect();
    let mut dns = name_server(at, &records);
    let agent = Agent::run(&format!(
        "[[discover]]\nmatch = \"127.0.0.0/8\"\nsrv = {NAME:?}\nserver = \"127.0.0.1:{at}\"\n[discover.redis]\ninterval = \"1s\"\n"
    ));
    let target = |host: &str, server: &RedisServer| format!("{host}.example.test:{} up SRV {NAME}", server.port);
    assert_targets(&agent, &[target("one", &one)]);
    let refused =
        |agent: &Agent| agent.metrics().get("manometer_discovery_refused_targets", &[("reason", "not_allowed")]);
    assert_eq!(refused(&agent), Some(40.0));
    // The name means something on that server alone, and is connected to all the same.
    agent.metrics().assert("redis_up", &[("target", &format!("one.example.test:{}", one.port))], 1.0);

    dns.kill();
    until(SOON, "it is told that the name server is away", || {
        notices(&agent).contains("asking the name server").then_some(())
    });
    assert_targets(&agent, &[target("one", &one)]);
    let records: Vec<String> = hosts.iter().cloned().chain([srv("two", two.port)]).collect();
    let _dns = name_server(at, &records);
    assert_targets(&agent, &[target("two", &two)]);
    assert_eq!((refused(&agent), notices(&agent).as_str()), (Some(0.0), "null"));
}

#[test]
fn a_stack_with_labels_alone_is_watched_with_its_topology_and_its_queue() {
    if docker::unavailable() || missing(&["redis-server", "ldd"]) {
        return;
    }
    let compose = ["--label", "com.docker.compose.project=shop", "--label"];
    let redis = [&compose[..], &["com.docker.compose.service=redis", "--label", "manometer.redis=:6379"]].concat();
    let redis =
        [&redis[..], &["--label", "manometer.queues=celery:celery", "--label", "manometer.label.team=shop"]].concat();
    let ticker = [&compose[..], &["com.docker.compose.service=ticker", "--label", "manometer.service=:8000"]].concat();
    let ticker = [&ticker[..], &["--label", "manometer.profile=ticker", "--label", "manometer.name=web"]].concat();
    // The agent has a user of its own there, with a password that only its entry knows.
    let user = "user agent on >hunter2 ~* &* +@all";
    let containers = Containers::start([&redis, &ticker], &[user], &[]);
    let docker = &containers.docker;
    docker.run("liar", &["--label", "manometer.redis=10.9.9.9:6379"], &["sleep", "1000000"]);
    let push = ["exec", "redis", "/redis-cli", "RPUSH", "celery", "1", "2", "3"];
    docker.cli(&push);
    let fast = "interval = \"1s\"\ndeadline = \"900ms\"\n";
    let config = format!(
        "{}[[discover]]\nmatch = [\"project:shop\", \"container:liar\"]\n[discover.redis]\nusername = \"agent\"\npassword = \"hunter2\"\n{fast}\
         [discover.service]\ninterval = \"5s\"\n",
        docker.target("engine", "keep_removed = \"0s\"")
    );
    let agent = Agent::spawn_in_network_of(docker.host(), &config);
    let of = |name: &str, container: &str| format!("{name} up container engine/{container}");
    let configured = "engine up configuration".to_owned();
    assert_targets(&agent, &[configured.clone(), of("redis", "redis"), of("web", "ticker")]);
    assert!(notices(&agent).contains("no [[discover]] allows 10.9.9.9"), "{}", notices(&agent));
    let below = || {
        let all = agent.get("/api/v1/topology").json();
        let targets = all["data"]["targets"].as_array().expect("a list of targets").clone();
        targets.iter().map(|target| format!("{} {}", target["name"], target["dependsOn"])).collect::<Vec<_>>()
    };
    let expected = [
        r#""engine" []"#,
        r#""redis" ["engine","engine/redis"]"#,
        r#""web" ["engine","redis","engine/redis","engine/ticker"]"#,
    ];
    until(SOON, "who stands on whom", || (below() == expected).then_some(()));
    let seen = agent.metrics();
    seen.assert("manometer_dependency", &[("target", "redis"), ("on", "engine/redis"), ("via", "container")], 1.0);
    seen.assert("queue_size", &[("target", "redis"), ("queue", "celery"), ("team", "shop")], 3.0);
    assert_backlog_is_told(&agent, || {
        let more = "for i = 1, 1000 do redis.call('rpush', 'celery', i) end";
        docker.cli(&["exec", "redis", "/redis-cli", "eval", more, "0"]);
    });

    // A re-created one goes on under its name, one that is removed leaves nothing.
    docker.cli(&["rm", "--force", "redis"]);
    assert_targets(&agent, &[configured, of("web", "ticker")]);
    assert!(!agent.get("/metrics").text().contains("target=\"redis\""), "no series stays");
    let run = ["run", "--detach", "--name", "redis", "--network", "services", "--ip", "172.31.7.9"];
    docker.cli(&[&run[..], &redis, &["redis:test", "--user"], &user.split(' ').skip(1).collect::<Vec<_>>()].concat());
    until(SOON, "it is watched again", || targets(&agent).contains(&of("redis", "redis")).then_some(()));
    assert_eq!(agent.state("redis")["address"], "172.31.7.9:6379");
    agent.assert_hidden("hunter2");
}
