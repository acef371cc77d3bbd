//! `manometer check`: one look, which names the cause.

use serde_json::Value;

use crate::support::agent::{Agent, config_file, output, stdout, target};
use crate::support::docker::{self, Docker};
use crate::support::fake::Fake;
use crate::support::missing::missing;
use crate::support::port;
use crate::support::redis::RedisServer;
use crate::support::ticker::Ticker;
use crate::support::wait::{SOON, until};

/// What `check` says of a configuration: its text, and its exit code.
fn check(config: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let (_dir, file) = config_file(config);
    let shown = output(&[&["check", "--config", file.to_str().unwrap()], arguments].concat());
    (stdout(&shown), shown.status.code())
}

/// The same as JSON.
fn look(config: &str) -> Value {
    let (text, exit) = check(config, &["--json"]);
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(report["exit"].as_i64(), exit.map(i64::from), "{text}");
    report
}

/// Findings like `critical RedisDown main`.
fn named(findings: &Value) -> Vec<String> {
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = findings.as_array().map(Vec::as_slice).unwrap_or_default();
    findings.iter().map(|one| [word(one, "verdict"), word(one, "alert"), word(one, "of")].join(" ")).collect()
}

/// Everything that is found, causes and what follows from them.
fn all(report: &Value) -> Vec<String> {
    let causes = report["causes"].as_array().unwrap();
    causes.iter().flat_map(|cause| named(&cause["follows"])).chain(named(&report["causes"])).collect()
}

#[test]
fn a_healthy_system_is_fine_number_by_number() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("maxmemory 100mb").start();
    let ticker = Ticker::start(&redis, &["--instruments", "10"]);
    let config = target("main", &redis.url()) + &ticker.table("ticker", "ticker", "");
    let text = until(SOON, "all is well", || {
        let (text, exit) = check(&config, &[]);
        (exit == Some(0)).then_some(text)
    });
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.starts_with("OK: nothing is wrong: "), "{first}");
    let (_, perfdata) = first.split_once(" | ").unwrap();
    assert!(perfdata.starts_with("critical=0;;;0 warning=0;;;0 info="), "{perfdata}");
    assert!(perfdata.contains(" targets=2;;;0 down=0;;;0 time=0."), "{perfdata}");
    for row in [
        "ok        RedisDown: redis_up 1 (main); critical at 0\n",
        "ok        PendingPublishesHigh: backpressure_pending_publishes ",
        " (ticker); warning above 100\n",
        "ok        CircuitNotClosed: backpressure_circuit_state (state closed) 1 (ticker); critical at 0\n",
        "not judged in one look, since they need history: ",
    ] {
        assert!(rest.contains(row), "{row} in {rest}");
    }
}

#[test]
fn a_stopped_redis_is_named_before_what_it_does_to_others() {
    if missing(&["redis-server"]) {
        return;
    }
    let mut redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &["--breaker-failures", "2", "--instruments", "10"]);
    let config = target("main", &redis.url()) + &ticker.table("ticker", "ticker", "uses = [\"main\"]");
    redis.kill();
    let report = until(SOON, "the service suffers", || {
        Some(look(&config)).filter(|report| all(report).iter().any(|found| found.ends_with(" ticker")))
    });
    assert_eq!(named(&report["causes"])[0], "critical RedisDown main", "{report}");
    assert_eq!((report["exit"].as_u64(), report["verdict"].as_str()), (Some(2), Some("critical")));
    let cause = &report["causes"][0];
    assert!(named(&cause["follows"]).contains(&"warning TargetPollFailing main".to_owned()), "{report}");
    let error = cause["error"].as_str().unwrap();
    assert!(error.contains(&redis.address()) && error.contains("connection refused"), "{error}");

    let (text, _) = check(&config, &[]);
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.starts_with("CRITICAL: RedisDown main: Redis main "), "{text}");
    let lines: Vec<&str> = rest.lines().take(3).collect();
    assert!(lines[0].starts_with("critical  RedisDown main: "), "{text}");
    assert_eq!(lines[1].trim_start(), error, "{text}");
    assert!(lines[2].starts_with("    "), "what follows is below its cause: {text}");
}

#[test]
fn who_stands_on_what_is_down_is_what_the_agent_has_kept() {
    if missing(&["redis-server"]) {
        return;
    }
    let mut redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &["--breaker-failures", "2", "--instruments", "10"]);
    let kept = tempfile::tempdir().unwrap();
    let config = format!(
        "state_dir = {:?}\n{}{}",
        kept.path(),
        target("main", &redis.url()),
        ticker.table("ticker", "ticker", "")
    );
    let _agent = Agent::run(&config);
    until(SOON, "the agent keeps that the service uses Redis", || {
        let state = std::fs::read_to_string(kept.path().join("state.json")).ok()?;
        state.contains("\"from\":\"ticker\"").then_some(())
    });
    redis.kill();
    let report = until(SOON, "the service suffers", || {
        Some(look(&config)).filter(|report| all(report).iter().any(|found| found.starts_with("critical Circuit")))
    });
    let grave = |found: &String| !found.starts_with("info");
    assert_eq!(named(&report["causes"]).into_iter().filter(grave).collect::<Vec<_>>(), ["critical RedisDown main"]);
    assert!(
        named(&report["causes"][0]["follows"]).contains(&"critical CircuitNotClosed ticker".to_owned()),
        "{report}"
    );
}

#[test]
fn a_wrong_password_is_told_as_one() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().password("right").start();
    let report = look(&(target("main", &redis.url()) + "password = \"wrong\"\n"));
    assert_eq!(
        (named(&report["causes"]), report["exit"].as_u64()),
        (vec!["critical RedisDown main".to_owned()], Some(2))
    );
    assert_eq!(report["targets"][0]["reason"], "auth");
}

#[test]
fn what_hangs_is_down_and_the_rest_is_judged() {
    if missing(&["redis-server"]) {
        return;
    }
    let (frozen, well, silent) = (RedisServer::start(), RedisServer::start(), Fake::silent());
    let service = format!("[[service]]\nname = \"api\"\nprofile = \"health\"\nurl = \"http://{}\"\n", silent.address());
    let usual = format!("[[redis]]\nname = \"main\"\nurl = {:?}\n", frozen.url());
    frozen.freeze();
    let report = look(&(usual + &target("well", &well.url()) + &service));
    frozen.thaw();
    let mut causes = named(&report["causes"]);
    causes.retain(|cause| cause.starts_with("critical"));
    causes.sort_unstable();
    assert_eq!(causes, ["critical RedisDown main", "critical ServiceUnhealthy api"]);
    // Far below the deadlines that are configured: the look has an end of its own.
    let reason = |name: &str| {
        let targets = report["targets"].as_array().unwrap();
        targets.iter().find(|target| target["name"] == name).unwrap()["reason"].as_str()
    };
    assert_eq!(["main", "api", "well"].map(reason), [Some("timeout"), Some("timeout"), None], "{report}");
}

#[test]
fn it_finds_what_the_health_check_script_finds() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &[]);
    let config = target("main", &redis.url()) + &ticker.table("ticker", "ticker", "");
    ticker.turn(r#"{"stall_ms": 600000, "instruments": 1000}"#);
    until(SOON, "more than a hundred messages wait", || {
        let report = look(&config);
        let found = all(&report).iter().any(|found| found.ends_with("PendingPublishesHigh ticker"));
        (found && report["exit"] != 0).then_some(())
    });
    // Where health is told by a status that is not ok.
    let ill = Fake::saying(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{\"status\": \"unhealthy\"}",
        false,
    );
    let report =
        look(&format!("[[service]]\nname = \"api\"\nprofile = \"health\"\nurl = \"http://{}\"\n", ill.address()));
    assert_eq!(named(&report["causes"]), ["critical ServiceUnhealthy api"], "{report}");
    assert_eq!(report["causes"][0]["condition"], "not healthy, or its health cannot be read");
}

#[test]
fn a_server_that_turns_the_look_away_is_full_and_not_down() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("maxclients 3").start();
    let held: Vec<_> = (0..3).map(|_| std::net::TcpStream::connect(redis.address()).unwrap()).collect();
    let report = until(SOON, "the server takes no more", || {
        Some(look(&target("main", &redis.url()))).filter(|report| report["exit"] == 2)
    });
    drop(held);
    assert_eq!(named(&report["causes"])[0], "critical RedisRejectedConnections main", "{report}");
    assert!(!all(&report).contains(&"critical RedisDown main".to_owned()), "{report}");
}

/// The kill is a thing of the past, and the container is still down from it.
#[test]
fn a_container_that_is_down_from_an_oom_kill_is_told_as_that() {
    if docker::unavailable() {
        return;
    }
    let docker = Docker::start();
    let small = ["--network", "none", "--memory", "16m", "--memory-swap", "16m"];
    docker.run("app", &small, &["tail", "/dev/zero"]);
    let config = docker.target("engine", "containers = [\"app\"]");
    let report = until(SOON, "it is killed", || {
        let report = look(&config);
        if all(&report).contains(&"critical ContainerOomKilled engine/app".to_owned()) {
            return Some(report);
        }
        // A busy engine may miss why it ended.
        docker.try_cli(&["start", "app"]);
        None
    });
    assert_eq!(report["exit"], 2);
    docker.cli(&["rm", "app"]);
    docker.run("app", &["--network", "none"], &["sleep", "1000000"]);
    let report = look(&config);
    assert!(!all(&report).iter().any(|found| found.contains("OomKilled")), "{report}");
}

#[test]
fn of_one_target_nothing_else_is_told() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let gone = format!("redis://127.0.0.1:{}", port::free());
    let config = target("main", &redis.url()) + &target("gone", &gone);
    assert_eq!(check(&config, &[]).1, Some(2));
    let (text, exit) = check(&config, &["--target", "main"]);
    assert_eq!(exit, Some(0), "{text}");
    assert!(!text.contains("gone"), "{text}");
    assert_eq!(check(&config, &["--target", "gone"]).1, Some(2));
}

#[test]
fn what_cannot_be_judged_is_unknown() {
    let (text, exit) = check("[[redis]]\nname = \"main\"\n", &[]);
    assert!(text.starts_with("UNKNOWN: ") && text.contains("url: is missing"), "{text}");
    assert_eq!(exit, Some(3));
    let one = target("main", "redis://127.0.0.1:1");
    assert_eq!(check(&one, &["--target", "mian"]).0, "UNKNOWN: no target is named \"mian\"; there are main\n");
    assert_eq!(check(&one, &["--tagret", "main"]).1, Some(3), "wrong usage");
    let quiet = one + "[thresholds.redis_down]\nenabled = false\n[thresholds.target_poll_failing]\nenabled = false\n";
    let (text, exit) = check(&quiet, &[]);
    assert!(text.starts_with("UNKNOWN: main: connecting to 127.0.0.1:1: "), "{text}");
    assert_eq!(exit, Some(3));
}
