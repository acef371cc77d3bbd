//! What a server may say costs a bounded part of the agent's memory, and nothing of the other targets.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::notes;
use crate::support::agent::{Agent, patient_target};
use crate::support::fake::{Answer, Fake};
use crate::support::memory_group::MemoryGroup;
use crate::support::missing::missing;
use crate::support::redis::RedisServer;

/// A server before which somebody answers `asked` with this.
fn lying(redis: &RedisServer, asked: &'static str, reply: Vec<u8>) -> Fake {
    Fake::before(redis.address(), move |command| (command.starts_with(asked)).then(|| Answer::Reply(reply.clone())))
}

#[test]
fn arrays_in_arrays_do_not_fill_the_memory() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    // 48 times as much in memory.
    let nested = b"*1\r\n*1\r\n*1\r\n:1\r\n".repeat(500_000);
    let integers = |count: usize| [format!("*{count}\r\n").into_bytes(), b":1\r\n".repeat(count)].concat();
    let announced = lying(&redis, "SLOWLOG GET", [&b"*100000000\r\n"[..], &nested].concat());
    let sent = lying(&redis, "PUBSUB CHANNELS", [&b"*300000\r\n"[..], &nested].concat());
    let info = lying(&redis, "INFO", integers(1_000_000));
    let targets = [
        patient_target("main", &redis.url()),
        patient_target("announced", &announced.url()),
        patient_target("sent", &sent.url()) + "pubsub_patterns = [\"*\"]\n",
        patient_target("info", &info.url()),
    ];
    let agent = Agent::run(&targets.concat());
    for name in ["main", "announced", "sent"] {
        agent.scrape(name).assert("redis_up", &[], 1.0);
        assert!(super::has(&agent.scrape(name), "redis_stale_connections"), "{name} answers all else");
    }
    assert_eq!(
        notes(&agent, "announced"),
        [
            "SLOWLOG GET is left out for some minutes: its reply has more than 200000 values; commands = { slowlog = false } leaves \
          it alone"
        ]
    );
    assert_eq!(
        notes(&agent, "sent"),
        [
            "PUBSUB CHANNELS is left out for some minutes: its reply has more than 96 MiB; commands = { pubsub = false } \
          leaves it alone"
        ]
    );
    agent.scrape("info").assert("redis_up", &[], 0.0);
    let state = agent.state("info");
    assert_eq!(state["lastErrorReason"], "protocol");
    let error = format!(
        "asking {} for INFO: the reply to INFO has more than 64 values, and the rest was not read; is this a Redis port? no \
         server has so much to say here",
        info.address()
    );
    assert_eq!(state["lastError"], error);
    assert!(agent.peak_bytes() < 150 << 20, "{} bytes", agent.peak_bytes());
}

#[test]
fn with_little_memory_it_survives_and_serves_the_others() {
    if missing(&["redis-server"]) {
        return;
    }
    let Some(group) = MemoryGroup::of(64 << 20) else {
        eprintln!("SKIPPED, no control group can be made");
        return;
    };
    let redis = RedisServer::start();
    let line = b"id=7 addr=10.0.0.1:7 name=n age=9 idle=3 flags=N db=0 sub=0 psub=0 omem=0 tot-mem=1000 cmd=get user=default\n";
    let clients = line.repeat((40 << 20) / line.len());
    let list = [format!("${}\r\n", clients.len()).as_bytes(), &clients, b"\r\n"].concat();
    let list = lying(&redis, "CLIENT LIST", list);
    let channels = [&b"*900000\r\n"[..], &b"$1\r\na\r\n".repeat(900_000)].concat();
    let channels = lying(&redis, "PUBSUB CHANNELS", channels);
    let targets = [
        patient_target("list", &list.url()),
        patient_target("channels", &channels.url()) + "pubsub_patterns = [\"*\"]\n",
        patient_target("main", &redis.url()),
    ];
    let agent = Agent::run_in(&group, &targets.concat());
    for name in ["main", "list", "channels"] {
        agent.scrape(name).assert("redis_up", &[], 1.0);
    }
    assert!(super::has(&agent.scrape("main"), "redis_stale_connections"));
    let why = "is left out for some minutes: its reply has more than 12 MiB, which is all that the agent may hold of one with its \
               memory";
    assert_eq!(notes(&agent, "list"), [format!("CLIENT LIST {why}; client_list = false leaves it alone")]);
    assert_eq!(
        notes(&agent, "channels"),
        [format!("PUBSUB CHANNELS {why}; commands = {{ pubsub = false }} leaves it alone")]
    );
}

#[test]
fn an_info_without_an_end_is_not_asked_in_other_words() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let answering = |body: Vec<u8>| {
        let asked = Arc::clone(&asked);
        Fake::before(redis.address(), move |command| {
            command.starts_with("INFO").then(|| {
                asked.lock().unwrap().insert(command.to_owned());
                Answer::Reply(body.clone())
            })
        })
    };
    let endless = answering(b"$104857600\r\nx".to_vec());
    let agent = Agent::run(&patient_target("main", &endless.url()));
    let error = agent.state("main")["lastError"].as_str().unwrap().to_owned();
    assert!(
        error.ends_with(
            "the reply to INFO has more than 96 MiB, and the rest was not read; is this a Redis port? no server has so much to \
             say here"
        ),
        "{error}"
    );
    // Much, and nothing of it known: INFO in other words would say as much.
    let unknown = answering([&b"$4000000\r\n"[..], &b"x:1\r\nyyy\r\n".repeat(400_000), b"\r\n"].concat());
    let agent = Agent::run(&patient_target("main", &unknown.url()));
    let state = agent.state("main");
    assert_eq!(state["lastErrorReason"], "decode", "{state}");
    // However often it was polled meanwhile.
    assert_eq!(asked.lock().unwrap().iter().collect::<Vec<_>>(), ["INFO ALL"]);
}

#[test]
fn an_error_without_an_end_is_kept_and_shown_short() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let long = |code: &str| [code.as_bytes(), &b"B".repeat(4 << 20), b"\r\n"].concat();
    let info = lying(&redis, "INFO", long("-LOADING \u{202e}"));
    let slowlog = lying(&redis, "SLOWLOG GET", long("-ERR \u{2028}\u{1b}[31m"));
    let agent = Agent::run(&(patient_target("info", &info.url()) + &patient_target("slowlog", &slowlog.url())));
    let state = agent.state("info");
    assert_eq!(state["lastErrorReason"], "status", "{state}");
    let error = state["lastError"].as_str().unwrap();
    assert!(error.contains("\"LOADING \\u{202e}BBB") && error.contains("BBB...\"; "), "{error}");
    assert!(error.len() < 1500, "{}", error.len());
    let note = notes(&agent, "slowlog").concat();
    assert!(note.starts_with("SLOWLOG GET failed in the last poll: ERR \\u{2028}\\u{1b}[31mBBB"), "{note}");
    assert!(note.len() < 1500 && note.ends_with("BBB..."), "{note}");
    assert!(agent.get("/api/v1/targets").text().len() < 10_000);
    assert!(agent.log().lines().all(|line| line.len() < 2000));
}
