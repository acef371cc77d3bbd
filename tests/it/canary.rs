//! The publish canary: it sees what PING does not.

use std::time::Duration;

use crate::support::agent::{Agent, target};
use crate::support::line::Line;
use crate::support::missing::missing;
use crate::support::redis::RedisServer;

fn with_canary(url: &str) -> String {
    target("main", url).replace("\"1s\"", "\"1500ms\"").replace("\"900ms\"", "\"1400ms\"") + "canary = true\n"
}

#[test]
fn it_arrives() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&(with_canary(&redis.url()) + "canary_channel = \"cage\"\npubsub_patterns = [\"ca*\"]\n"));
    let seen = agent.next_poll("main");
    let round_trip = seen.value("redis_publish_canary_seconds", &[]);
    assert!(round_trip > 0.0 && round_trip < 0.5, "{round_trip}");
    seen.assert("redis_publish_canary_received", &[], 1.0);
    seen.assert("redis_publish_canaries_lost_total", &[], 0.0);
    seen.assert("redis_publish_canaries_total", &[], seen.value("manometer_polls_total", &[]));
    let subscribers: Vec<(String, i64)> = redis.command(&["PUBSUB", "NUMSUB", "cage"]);
    assert_eq!(subscribers, [("cage".to_owned(), 1)]);
}

#[test]
fn it_is_off_unless_asked_for() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&target("main", &redis.url()));
    let seen = agent.next_poll("main");
    assert_eq!(seen.get("redis_publish_canary_seconds", &[]), None);
    assert_eq!(redis.info("cmdstat_publish"), None, "nothing is written to what is watched");
}

#[test]
fn it_is_late_while_ping_is_not() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&with_canary(&redis.url()));
    redis.command::<()>(&["CLIENT", "PAUSE", "4000", "WRITE"]);
    let seen = agent.until("main", "the canary is late", |seen| {
        (seen.get("redis_publish_canary_seconds", &[])? >= 1.0).then(|| agent.scrape("main"))
    });
    seen.assert("redis_up", &[], 1.0);
    assert!(seen.value("redis_ping_ms", &[]) < 500.0);
    seen.assert("redis_publish_canary_received", &[], 0.0);
    assert!(seen.value("redis_publish_canaries_lost_total", &[]) >= 1.0);
    agent.until("main", "it arrives again", |seen| {
        let received = seen.get("redis_publish_canary_received", &[])? > 0.0;
        (received && seen.get("redis_publish_canary_seconds", &[])? < 0.5).then_some(())
    });
    agent.next_poll("main").assert("redis_up", &[], 1.0);
}

#[test]
fn a_user_who_may_not_publish() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("user watcher on >swordfish +@all -publish &*").start();
    let agent = Agent::run(&(with_canary(&redis.url()) + "username = \"watcher\"\npassword = \"swordfish\"\n"));
    let seen = agent.next_poll("main");
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_command_supported", &[("command", "PUBLISH")], 0.0);
    seen.assert("redis_command_supported", &[("command", "CLIENT LIST")], 1.0);
    assert_eq!(seen.get("redis_publish_canary_seconds", &[]), None);
    let refused = redis.info("errorstat_NOPERM");
    agent.next_poll("main");
    assert_eq!(redis.info("errorstat_NOPERM"), refused, "it is not tried again");
}

#[test]
fn a_server_without_subscribe() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("rename-command SUBSCRIBE \"\"").start();
    let agent = Agent::run(&with_canary(&redis.url()));
    let seen = agent.next_poll("main");
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_command_supported", &[("command", "SUBSCRIBE")], 0.0);
    assert_eq!(seen.get("redis_publish_canary_seconds", &[]), None, "a canary that cannot fly is not a lost one");
    let errors = redis.info("total_error_replies");
    agent.next_poll("main");
    assert_eq!(redis.info("total_error_replies"), errors, "it is asked once");
    assert_eq!(agent.log().matches("command=SUBSCRIBE").count(), 1, "{}", agent.log());
}

#[test]
fn a_subscription_that_is_killed_between_polls() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&with_canary(&redis.url()));
    agent.next_poll("main").assert("redis_publish_canary_received", &[], 1.0);
    redis.command::<()>(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let seen = agent.next_poll("main");
    seen.assert("redis_publish_canary_received", &[], 1.0);
    seen.assert("redis_publish_canaries_lost_total", &[], 0.0);
}

#[test]
fn a_line_that_leaves_it_no_time_is_not_a_lost_one() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let line = Line::start(redis.address().parse().unwrap());
    line.take(Duration::from_millis(60));
    let agent = Agent::run(&with_canary(&format!("redis://{}", line.address())));
    let seen = agent.next_poll("main");
    seen.assert("redis_up", &[], 1.0);
    assert!(seen.value("redis_ping_ms", &[]) >= 120.0);
    assert_eq!(seen.get("redis_publish_canary_seconds", &[]), None, "seven round trips come before it");
    line.take(Duration::ZERO);
    agent.until("main", "the canary flies", |seen| {
        (seen.get("redis_publish_canary_received", &[])? > 0.0).then(|| {
            seen.assert("redis_publish_canaries_lost_total", &[], 0.0);
        })
    });
}
