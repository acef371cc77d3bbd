//! States that a server names itself to be in.

use std::time::Duration;

use crate::support::agent::{Agent, target};
use crate::support::fake::Fake;
use crate::support::missing::missing;
use crate::support::redis::{RedisServer, command};
use crate::support::wait::{SOON, until};

#[test]
fn busy_with_a_script() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("busy-reply-threshold 100").start();
    let agent = Agent::run(&target("main", &redis.url()));
    agent.scrape("main").assert("redis_server_state", &[("state", "ok")], 1.0);
    let mut blocked = redis.connect();
    let script = std::thread::spawn(move || {
        command(&["EVAL", "while true do end", "0"]).query::<()>(&mut blocked).unwrap_err().to_string()
    });
    let seen = agent.until("main", "it is busy", |seen| {
        (seen.get("redis_server_state", &[("state", "busy")])? > 0.0).then(|| agent.scrape("main"))
    });
    seen.assert("redis_up", &[], 0.0);
    seen.assert("redis_server_state", &[("state", "ok")], 0.0);
    let state = agent.state("main");
    assert_eq!(state["lastErrorReason"], "status", "{state}");
    assert!(state["lastError"].as_str().unwrap().contains("SCRIPT KILL"), "{state}");
    until(SOON, "SCRIPT KILL", || redis.try_command::<()>(&["SCRIPT", "KILL"]).ok());
    agent.until("main", "it is ok again", |seen| {
        seen.get("redis_server_state", &[("state", "ok")]).filter(|ok| *ok > 0.0)
    });
    agent.scrape("main").assert("redis_up", &[], 1.0);
    assert!(script.join().unwrap().contains("killed"));
}

#[test]
fn loading_its_dataset() {
    if missing(&["redis-server"]) {
        return;
    }
    let mut redis = RedisServer::builder()
        .line("dbfilename dump.rdb")
        // A pause after each key, and an answer to clients in each pause.
        .line("loading-process-events-interval-bytes 1024")
        .start();
    redis.command::<()>(&["DEBUG", "POPULATE", "20000", "key", "200"]);
    redis.command::<()>(&["SAVE"]);
    redis.command::<()>(&["CONFIG", "SET", "key-load-delay", "500"]);
    let config = std::fs::read_to_string(redis.file("redis.conf")).unwrap();
    std::fs::write(redis.file("redis.conf"), config + "key-load-delay 500\n").unwrap();
    let agent = Agent::run(&target("main", &redis.url()));
    redis.kill();
    redis.start_again();
    let seen = agent.until("main", "it loads", |seen| {
        (seen.get("redis_server_state", &[("state", "loading")])? > 0.0).then(|| agent.scrape("main"))
    });
    // INFO is answered while loading, so the server is up, and says what it does.
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_loading_dump_file", &[], 1.0);
    seen.assert("redis_command_supported", &[("command", "INFO")], 1.0);
    redis.command::<()>(&["CONFIG", "SET", "key-load-delay", "0"]);
    agent.until("main", "it is ok", |seen| seen.get("redis_server_state", &[("state", "ok")]).filter(|ok| *ok > 0.0));
    let seen = agent.next_poll("main");
    seen.assert("redis_db_keys", &[("db", "db0")], 20_000.0);
    // What the loading server did not answer is asked again.
    seen.assert("redis_command_supported", &[("command", "SLOWLOG GET")], 1.0);
}

#[test]
fn a_replica_that_lost_its_master() {
    if missing(&["redis-server"]) {
        return;
    }
    let mut master = RedisServer::start();
    let replica = RedisServer::builder().replica_of(&master).line("replica-serve-stale-data no").start();
    until(SOON, "the replica is in sync", || (replica.info("master_link_status")? == "up").then_some(()));
    let agent = Agent::run(&target("replica", &replica.url()));
    agent.scrape("replica").assert("redis_server_state", &[("state", "ok")], 1.0);
    master.kill();
    let seen = agent.until("replica", "it says MASTERDOWN", |seen| {
        (seen.get("redis_server_state", &[("state", "masterdown")])? > 0.0).then(|| agent.scrape("replica"))
    });
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_master_link_up", &[], 0.0);
    seen.assert("redis_server_state", &[("state", "ok")], 0.0);
    master.start_again();
    until(Duration::from_secs(15), "the replica is in sync again", || {
        (replica.info("master_link_status")? == "up").then_some(())
    });
    agent
        .until("replica", "it is ok", |seen| seen.get("redis_server_state", &[("state", "ok")]).filter(|ok| *ok > 0.0));
}

#[test]
fn a_state_that_answers_everything() {
    // A server that loads in one go answers every command, INFO included on some relatives of Redis, with LOADING.
    let fake = Fake::saying(b"-LOADING Redis is loading the dataset in memory\r\n", false);
    let agent = Agent::run(&target("main", &fake.url()));
    let seen = agent.scrape("main");
    seen.assert("redis_up", &[], 0.0);
    // Each read gets one reply, so the pipelined rest of a poll may stay unanswered; the state is known by then.
    let state = agent.state("main");
    assert!(["status", "timeout"].contains(&state["lastErrorReason"].as_str().unwrap()), "{state}");
}
