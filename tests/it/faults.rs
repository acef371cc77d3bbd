//! What goes wrong on the way to a server, and in what it sends: the agent says so, forgets what it knew, and recovers.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::support::agent::{Agent, patient_target, target};
use crate::support::exposition::Exposition;
use crate::support::fake::{Fake, drain};
use crate::support::missing::missing;
use crate::support::port;
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};

/// Families that tell of the polls and not of the server; they stay when a poll fails.
const OF_POLLS: [&str; 6] = [
    "redis_up",
    "redis_connection_status",
    "redis_server_state",
    "redis_exporter_scrapes_total",
    "redis_exporter_last_scrape_",
    "redis_exporter_scrape_duration_seconds",
];

/// The families of a server's own numbers that are shown of `target`.
fn server_families(seen: &Exposition, target: &str) -> Vec<String> {
    let of_target = |name: &str| name.starts_with("redis_") && !OF_POLLS.iter().any(|own| name.starts_with(own));
    let shown = seen.families.iter().filter(|family| {
        of_target(&family.name)
            && family.samples.iter().any(|sample| sample.labels.get("target").is_some_and(|name| name == target))
    });
    shown.map(|family| family.name.clone()).collect()
}

/// A single target on `fake`, which fails for `reason`.
#[track_caller]
fn assert_reason(fake: &Fake, reason: &str) -> Agent {
    let agent = Agent::run(&target("main", &fake.url()));
    let seen = agent.metrics();
    seen.assert("redis_up", &[("target", "main")], 0.0);
    let state = agent.state("main");
    assert_eq!(state["lastErrorReason"], reason, "{state}");
    assert_eq!(state["health"], "down");
    assert!(seen.value("manometer_poll_failures_total", &[("reason", reason)]) >= 1.0);
    assert_eq!(server_families(&seen, "main"), Vec::<String>::new());
    agent
}

#[test]
fn nothing_listens() {
    let agent = Agent::run(&target("dead", &format!("redis://127.0.0.1:{}", port::free())));
    agent.next_poll("dead");
    let seen = agent.metrics();
    seen.assert("redis_up", &[], 0.0);
    seen.assert("redis_exporter_last_scrape_error", &[("err", "refused")], 1.0);
    seen.assert("redis_server_state", &[("state", "unknown")], 1.0);
    seen.assert("manometer_target_up", &[("target", "dead")], 0.0);
    assert!(seen.value("manometer_poll_failures_total", &[("reason", "refused")]) >= 2.0);
    seen.assert("manometer_poll_failures_total", &[("reason", "timeout")], 0.0);
    let warnings = agent.log().lines().filter(|line| line.contains("poll failed")).count();
    assert_eq!(warnings, 1, "a change of state is logged once:\n{}", agent.log());
}

#[test]
fn a_name_that_does_not_resolve() {
    let agent = Agent::run(&target("main", "redis://no-such-host.invalid"));
    let state = agent.state("main");
    // Without a name server at hand the resolver may take longer than the deadline.
    assert!(["connect", "timeout"].contains(&state["lastErrorReason"].as_str().unwrap()), "{state}");
}

#[test]
fn a_server_that_hangs() {
    if missing(&["redis-server"]) {
        return;
    }
    let (hanging, other) = (RedisServer::start(), RedisServer::start());
    let agent = Agent::run(&(target("hanging", &hanging.url()) + &target("other", &other.url())));
    assert!(server_families(&agent.metrics(), "hanging").len() > 50);
    hanging.freeze();
    // An interval until the next poll begins, a deadline until it is given up, and a margin for a busy machine.
    until(Duration::from_secs(3), "redis_up is 0", || {
        let asked = Instant::now();
        let seen = agent.metrics();
        assert!(asked.elapsed() < Duration::from_secs(1), "a scrape never waits for a poll");
        seen.get("redis_up", &[("target", "hanging")]).filter(|up| *up < 1.0)
    });
    let seen = agent.metrics();
    seen.assert("redis_up", &[("target", "other")], 1.0);
    // What the agent itself has counted goes on.
    assert_eq!(server_families(&seen, "hanging"), ["redis_ping_seconds"], "no old number is shown as if it were new");
    assert!(server_families(&seen, "other").len() > 50);
    assert_eq!(agent.state("hanging")["lastErrorReason"], "timeout");
    hanging.thaw();
    agent.until("hanging", "it is up again", |seen| seen.get("redis_up", &[]).filter(|up| *up > 0.0));
    assert!(server_families(&agent.metrics(), "hanging").len() > 50);
    assert!(agent.log().contains("target is back"), "{}", agent.log());
}

#[test]
fn a_server_that_is_killed_and_comes_back() {
    if missing(&["redis-server"]) {
        return;
    }
    let mut redis = RedisServer::builder().line("slowlog-log-slower-than 0").start();
    let agent = Agent::run(&target("main", &redis.url()));
    redis.command::<()>(&["SET", "a", "1"]);
    agent.until("main", "the slow SET is counted", |seen| {
        seen.get("redis_slowlog_entries_total", &[("cmd", "set")]).filter(|count| *count >= 1.0)
    });
    let old_run = redis.info("run_id").unwrap();
    let logged = agent.scrape("main").value("redis_slowlog_last_id", &[]);
    redis.kill();
    agent.until("main", "it is down", |seen| seen.get("redis_up", &[]).filter(|up| *up < 1.0));
    redis.start_again();
    let new_run = redis.info("run_id").unwrap();
    assert_ne!(old_run, new_run);
    agent.until("main", "it is up", |seen| seen.get("redis_up", &[]).filter(|up| *up > 0.0));
    let seen = agent.next_poll("main");
    assert_eq!(seen.label_values("redis_instance_info", "run_id").into_iter().collect::<Vec<_>>(), [new_run]);
    assert!(seen.value("redis_slowlog_last_id", &[]) < logged + 100.0, "the ids began anew");
    let ratio = seen.get("redis_cache_hit_ratio", &[]);
    assert!(ratio.is_none_or(|ratio| (0.0..=1.0).contains(&ratio)), "{ratio:?}");
    let asked = seen.value("redis_commands_total", &[("cmd", "info")]);
    assert!((1.0..100.0).contains(&asked), "the counters are those of the new run: {asked}");
}

#[test]
fn a_connection_that_another_client_kills() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&target("main", &redis.url()));
    for _ in 0..3 {
        let killed: i64 = redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        assert!(killed >= 1);
        agent.next_poll("main").assert("redis_up", &[], 1.0);
    }
    let seen = agent.scrape("main");
    let failures: f64 = seen.series("manometer_poll_failures_total", &[]).iter().map(|sample| sample.value).sum();
    assert!(failures.abs() < f64::EPSILON, "it connects again at once; {}", agent.log());
}

#[test]
fn a_server_without_room_for_another_client() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("maxclients 1").start();
    let mut only = redis.connect();
    let agent = Agent::run(&target("main", &redis.url()));
    let state = agent.state("main");
    assert_eq!(state["lastErrorReason"], "refused", "{state}");
    assert!(state["lastError"].as_str().unwrap().contains("max number of clients reached"), "{state}");
    assert_eq!(redis::cmd("PING").query::<String>(&mut only).unwrap(), "PONG");
}

#[test]
fn it_hangs_after_the_connection() {
    let fake = Fake::silent();
    let agent = assert_reason(&fake, "timeout");
    let duration = agent.scrape("main").value("manometer_poll_duration_seconds", &[]);
    assert!((0.85..1.2).contains(&duration), "the deadline of 900 ms holds: {duration}");
}

#[test]
fn it_closes_every_connection() {
    assert_reason(&Fake::start(drop), "connect");
}

#[test]
fn bytes_that_are_no_protocol() {
    assert_reason(&Fake::saying(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", false), "protocol");
}

#[test]
fn bytes_that_are_no_protocol_in_the_middle_of_a_poll() {
    let fake = Fake::start(|mut stream| {
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(b"+OK\r\n");
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(b"<html>\r\n");
        drain(&mut stream);
    });
    assert_reason(&fake, "protocol");
}

#[test]
fn a_reply_cut_in_half() {
    // The greeting is answered, the rest ends in the middle of a bulk string.
    let agent = assert_reason(&Fake::saying(b"+OK\r\n$5000\r\n# Server\r\nredis_version:7.0.15\r\n", true), "connect");
    assert!(!agent.state("main")["lastError"].as_str().unwrap().is_empty());
}

#[test]
fn a_reply_without_end() {
    let fake = Fake::start(|mut stream| {
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(b"+OK\r\n");
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(b"$10737418240\r\n");
        let filling = vec![b'x'; 1024 * 1024];
        while stream.write_all(&filling).is_ok() {}
    });
    let agent = Agent::spawn(
        &target("main", &fake.url()).replace("interval = \"1s\"", "interval = \"5s\"").replace("900ms", "4s"),
        &[],
    );
    let mut most = 0;
    until(SOON, "the poll fails", || {
        most = most.max(agent.resident_bytes());
        (agent.state("main")["health"] == "down").then_some(())
    });
    let state = agent.state("main");
    assert!(["protocol", "timeout"].contains(&state["lastErrorReason"].as_str().unwrap()), "{state}");
    assert!(most < 200 * 1024 * 1024, "the agent held {} MiB", most / 1024 / 1024);
}

/// A server with 200,000 clients that says it has few, so that CLIENT LIST is asked.
#[test]
fn a_client_list_of_64_mib() {
    const CLIENTS: usize = 200_000;
    let fake = Fake::answering(|command| match command {
        "INFO ALL" => Some(include_bytes!("../fixtures/info/redis-7.0.txt").to_vec()),
        "CLIENT LIST" => {
            let mut list = String::with_capacity(80 << 20);
            for id in 0..CLIENTS {
                let padding = "x".repeat(180);
                let _ = writeln!(
                    list,
                    "id={id} addr=10.0.0.1:{id} laddr=10.0.0.2:6379 fd=8 name={padding}{} age=9 idle=3 flags=N db=0 sub=0 \
                     psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 obl=0 oll=1 omem={id} tot-mem=1000 cmd=get user=default",
                    id % 100
                );
            }
            assert!(list.len() > 64 << 20, "{}", list.len());
            Some(list.into_bytes())
        }
        "PING" => Some(b"PONG".to_vec()),
        _ => None,
    });
    let agent = Agent::run(&patient_target("main", &fake.url()));
    let seen = agent.scrape("main");
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_clients", &[("class", "normal")], 200_000.0);
    seen.assert("redis_client_memory_bytes", &[("class", "normal")], 200_000_000.0);
    seen.assert("redis_client_list_malformed", &[("kind", "line")], 0.0);
    assert_eq!(seen.label_values("redis_clients_by_name", "name").len(), 11, "ten names and the rest");
    // What the reply took is given back.
    let resident = agent.resident_bytes();
    assert!(resident < 100 << 20, "the agent holds {} MiB", resident >> 20);
}

#[test]
fn endless_nesting_does_not_end_the_agent() {
    let fake = Fake::start(|mut stream| {
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(b"+OK\r\n");
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all("*1\r\n".repeat(1_000_000).as_bytes());
        drain(&mut stream);
    });
    let agent = Agent::run(&target("main", &fake.url()));
    agent.scrape("main").assert("redis_up", &[], 0.0);
    assert_eq!(agent.get("/-/healthy").status, 200);
}
