//! What CLIENT LIST, SLOWLOG and PUBSUB tell: who is slow, who is idle, what is asked.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::Connection;

use crate::support::agent::{Agent, target};
use crate::support::missing::missing;
use crate::support::redis::{RedisServer, command};
use crate::support::wait::{SOON, pause, until};

/// Connections under client names.
fn named(redis: &RedisServer, names: &[&str]) -> Vec<Connection> {
    let connect = |name: &&str| {
        let mut connection = redis.connect();
        command(&["CLIENT", "SETNAME", name]).query::<()>(&mut connection).unwrap();
        connection
    };
    names.iter().map(connect).collect()
}

/// The field of the first line of CLIENT LIST with that name.
fn client_field(redis: &RedisServer, name: &str, field: &str) -> Option<f64> {
    let list: String = redis.command(&["CLIENT", "LIST"]);
    let line = list.lines().find(|line| line.contains(&format!(" name={name} ")))?;
    line.split(' ').find_map(|pair| pair.strip_prefix(field)?.strip_prefix('='))?.parse().ok()
}

/// A connection that subscribes to `channels` as `name` and reads only what it is told to.
fn subscriber(redis: &RedisServer, name: &str, channels: &str) -> TcpStream {
    let mut stream = TcpStream::connect(redis.address()).unwrap();
    write!(stream, "CLIENT SETNAME {name}\r\nSUBSCRIBE {channels}\r\n").unwrap();
    stream
}

/// Reads from all of `streams` until told to stop.
fn keep_reading(mut streams: Vec<TcpStream>) -> (Arc<AtomicBool>, std::thread::JoinHandle<u64>) {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    for stream in &streams {
        stream.set_nonblocking(true).unwrap();
    }
    let reading = std::thread::spawn(move || {
        let (mut buffer, mut total) = (vec![0; 64 * 1024], 0);
        while !stopped.load(Ordering::Relaxed) {
            for stream in &mut streams {
                loop {
                    match stream.read(&mut buffer) {
                        Ok(0) => panic!("the server closed a subscriber that reads"),
                        Ok(length) => total += length as u64,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            pause(Duration::from_millis(5));
        }
        total
    });
    (stop, reading)
}

#[test]
fn one_subscriber_of_a_thousand_does_not_read() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let readers: Vec<TcpStream> = (0..1000).map(|at| subscriber(&redis, &format!("reader-{at}"), "news")).collect();
    let (stop, reading) = keep_reading(readers);
    let _stuck = subscriber(&redis, "stuck", "news flood");
    let subscribers = || redis.command::<Vec<(String, i64)>>(&["PUBSUB", "NUMSUB", "news"])[0].1;
    until(SOON, "all have subscribed", || (subscribers() == 1001).then_some(()));
    let agent = Agent::run(&(target("main", &redis.url()).replace("900ms", "950ms")));
    let mut publisher = redis.connect();
    let (news, flood) = ("n".repeat(1000), "f".repeat(1024 * 1024));
    // The kernel takes some megabytes before the server must keep the rest.
    until(SOON, "its output buffer grows", || {
        command(&["PUBLISH", "news", &news]).query::<()>(&mut publisher).unwrap();
        command(&["PUBLISH", "flood", &flood]).query::<()>(&mut publisher).unwrap();
        client_field(&redis, "stuck", "omem").filter(|bytes| *bytes > 1_048_576.0)
    });
    // Nothing is published from here on, so the figure stands still.
    let waiting = client_field(&redis, "stuck", "omem").unwrap();
    let seen = agent.next_poll("main");
    let top = seen.series("redis_client_output_buffer_top_bytes", &[]);
    assert_eq!((top[0].labels["client"].as_str(), top[0].labels["class"].as_str()), ("stuck", "pubsub"), "{top:?}");
    assert!((top[0].value - waiting).abs() < f64::EPSILON, "{} is not {waiting}", top[0].value);
    // The class' limit is 32 MiB.
    let ratio = seen.value("redis_client_output_buffer_limit_ratio_max", &[("class", "pubsub")]);
    assert!((ratio - waiting / (32.0 * 1024.0 * 1024.0)).abs() < 1e-9, "{ratio}");
    seen.assert("redis_clients", &[("class", "pubsub")], 1001.0);
    assert!(seen.series("redis_clients_by_name", &[]).len() <= 12, "names are bounded by top_k");
    let by_name: f64 = seen.series("redis_clients_by_name", &[]).iter().map(|sample| sample.value).sum();
    let all: f64 = seen.series("redis_clients", &[]).iter().map(|sample| sample.value).sum();
    // The agent's own connection has a class and is nobody's client.
    assert!((by_name + 1.0 - all).abs() < f64::EPSILON, "{by_name} of {all}");
    // It is as near its end as its buffer is large; over a soft limit time brings it nearer.
    let stuck = [("client", "stuck"), ("class", "pubsub")];
    assert!((seen.value("redis_client_output_buffer_top_cutoff_ratio", &stuck) - ratio).abs() < 1e-9);
    redis.command::<()>(&["CONFIG", "SET", "client-output-buffer-limit", "pubsub 33554432 1048576 60"]);
    let nearness = |above: f64| {
        agent.until("main", "it comes nearer to its end", |seen| {
            seen.get("redis_client_output_buffer_top_cutoff_ratio", &stuck).filter(|ratio| *ratio > above)
        })
    };
    let first = nearness(0.249);
    let later = nearness(first + 0.01);
    assert!(first >= 0.25 && later < 0.75, "{first}, {later}");
    stop.store(true, Ordering::Relaxed);
    assert!(reading.join().unwrap() > 1_000_000, "the others were served");
}

#[test]
fn a_connection_pool() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let mut blocked = named(&redis, &["web-1", "web-2"]);
    let _idle = named(&redis, &["web-3", "web-4", "web-5", "worker-1"]);
    let pool = "[[redis.pool]]\nname = \"web\"\nmatch = \"web-*\"\nmax = 10\nidle_after = \"1s\"\n";
    let agent = Agent::run(&(target("main", &redis.url()) + pool));
    for connection in &mut blocked {
        // Blocked connections are busy for as long as they wait.
        connection.send_packed_command(&command(&["BLPOP", "nothing", "0"]).get_packed_command()).unwrap();
    }
    let seen = agent.until("main", "two are busy and three are not", |seen| {
        let busy = seen.get("pool_busy_connections", &[("pool", "web")])?;
        (busy < 2.5).then(|| agent.scrape("main"))
    });
    seen.assert("pool_busy_connections", &[("pool", "web")], 2.0);
    seen.assert("pool_open_connections", &[("pool", "web")], 5.0);
    seen.assert("pool_max_connections", &[("pool", "web")], 10.0);
    seen.assert("pool_open_ratio", &[("pool", "web")], 0.5);
    // What the application has taken only the application knows.
    assert_eq!((seen.get("pool_usage_ratio", &[]), seen.series("pool_connections", &[]).len()), (None, 0));
    seen.assert("redis_clients", &[("class", "blocked")], 2.0);
    seen.assert("redis_blocked_clients", &[], 2.0);
}

#[test]
fn stale_connections() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&(target("main", &redis.url()) + "stale_after = \"1s\"\n"));
    let _idle = named(&redis, &["one", "two"]);
    // A subscriber waits by its nature, and so does a blocked client.
    let _subscriber = subscriber(&redis, "three", "news");
    let mut blocked = named(&redis, &["four"]).remove(0);
    blocked.send_packed_command(&command(&["BLPOP", "nothing", "0"]).get_packed_command()).unwrap();
    agent.until("main", "two are stale", |seen| seen.get("redis_stale_connections", &[]).filter(|stale| *stale > 1.5));
    let idle_for = client_field(&redis, "four", "idle").unwrap();
    assert!(idle_for > 1.0, "{idle_for}");
    agent.next_poll("main").assert("redis_stale_connections", &[], 2.0);
}

#[test]
fn client_list_can_be_left_out() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let _others = named(&redis, &["a", "b", "c"]);
    let config = target("limited", &redis.url())
        + "client_list_max_clients = 2\n"
        + &target("off", &redis.url())
        + "client_list = false\n";
    let agent = Agent::run(&config);
    for (name, skipped) in [("limited", 1.0), ("off", 0.0)] {
        let seen = agent.next_poll(name);
        seen.assert("redis_up", &[], 1.0);
        seen.assert("redis_client_list_skipped", &[], skipped);
        assert_eq!(seen.get("redis_stale_connections", &[]), None);
    }
}

#[test]
fn slow_commands_by_name() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&target("main", &redis.url()));
    let mut connection = redis.connect();
    let mut run = |words: &[&str]| command(words).query::<redis::Value>(&mut connection).unwrap();
    run(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
    run(&["PUBLISH", "news", "secret message"]);
    run(&["PUBLISH", "news", "another"]);
    run(&["CONFIG", "SET", "slowlog-log-slower-than", "1000000"]);
    let count = agent.until("main", "the slow PUBLISH is counted", |seen| {
        seen.get("redis_slowlog_entries_total", &[("cmd", "publish")]).filter(|count| *count > 0.0)
    });
    assert!((count - 2.0).abs() < f64::EPSILON, "{count}");
    agent.next_poll("main").assert("redis_slowlog_entries_total", &[("cmd", "publish")], 2.0);
    assert!(!agent.get("/metrics").text().contains("secret message"), "arguments are never shown");
}

#[test]
fn the_agent_does_not_count_itself() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("slowlog-log-slower-than 0").start();
    let pool = "canary = true\n[[redis.pool]]\nname = \"all\"\nmatch = \"*\"\nmax = 1\n";
    let agent = Agent::run(&(target("main", &redis.url()) + pool));
    agent.next_poll("main");
    let _alone = redis.connect();
    let seen = agent.next_poll("main");
    seen.assert("pool_open_connections", &[("pool", "all")], 1.0);
    for (name, labels) in [
        ("redis_clients_by_name", [("name", "__unnamed__")]),
        ("redis_clients_by_user", [("user", "default")]),
        ("redis_clients_by_db", [("db", "0")]),
        ("redis_clients_by_address", [("address", "127.0.0.1")]),
    ] {
        assert_eq!(seen.series(name, &[]).len(), 1, "{name}");
        seen.assert(name, &labels, 1.0);
    }
    // The canary has two connections of its own.
    assert!(seen.value("redis_connected_clients", &[]) > 1.5, "INFO's own numbers are the server's");
    let counted: Vec<_> =
        seen.series("redis_slowlog_entries_total", &[]).iter().map(|sample| sample.labels["cmd"].clone()).collect();
    let own = ["client", "config", "info", "latency", "slowlog", "subscribe", "memory"];
    assert!(own.iter().all(|cmd| !counted.iter().any(|seen| seen == cmd)), "{counted:?}");
    seen.assert("redis_slowlog_entries_total", &[("cmd", "publish")], 0.0);
    assert!(seen.value("redis_slowlog_last_id", &[]) > 10.0, "the log itself is the server's");
}

#[test]
fn channels_and_subscribers_by_pattern() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let _one = subscriber(&redis, "a", "ticks:eur ticks:usd");
    let _two = subscriber(&redis, "b", "ticks:eur other");
    until(SOON, "both have subscribed", || {
        (redis.command::<Vec<String>>(&["PUBSUB", "CHANNELS"]).len() == 3).then_some(())
    });
    let agent = Agent::run(&(target("main", &redis.url()) + "pubsub_patterns = [\"ticks:*\", \"none:*\"]\n"));
    let seen = agent.scrape("main");
    seen.assert("redis_pubsub_pattern_channels", &[("pattern", "ticks:*")], 2.0);
    seen.assert("redis_pubsub_pattern_subscribers", &[("pattern", "ticks:*")], 3.0);
    seen.assert("redis_pubsub_pattern_channels", &[("pattern", "none:*")], 0.0);
    seen.assert("redis_pubsub_channel_subscribers", &[("pattern", "ticks:*"), ("channel", "ticks:eur")], 2.0);
    seen.assert("redis_pubsub_channel_subscribers", &[("pattern", "ticks:*"), ("channel", "ticks:usd")], 1.0);
    seen.assert("redis_pubsub_channels", &[], 3.0);
}

#[test]
fn names_that_clients_choose_are_bounded_and_escaped() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let names: Vec<String> = (0..200).map(|at| format!("client-{at}")).collect();
    let mut connections = named(&redis, &names.iter().map(String::as_str).collect::<Vec<_>>());
    // Everything that CLIENT SETNAME lets through and that a text format may stumble over.
    let odd = "\"quoted\\=,{}#\"";
    connections.extend(named(&redis, &[odd; 5]));
    let config = target("main", &redis.url())
        + "top_k = 3\n"
        + &target("wide", &redis.url())
        + "top_k = 1000\n"
        + "series_limit = 150\n";
    let agent = Agent::run(&config);
    let seen = agent.next_poll("main");
    seen.assert("redis_clients_by_name", &[("name", odd)], 5.0);
    assert!(seen.series("redis_clients_by_name", &[]).len() <= 5, "three, __other__ and __unnamed__");
    let by_name: f64 = seen.series("redis_clients_by_name", &[]).iter().map(|sample| sample.value).sum();
    let all: f64 = seen.series("redis_clients", &[]).iter().map(|sample| sample.value).sum();
    // The agent's own two have a class and are nobody's clients.
    assert!((by_name + 2.0 - all).abs() < f64::EPSILON, "{by_name} of {all}");
    // The limit cuts, says so, and leaves what alerts stand on.
    let seen = agent.next_poll("wide");
    let series = seen.samples().count();
    assert!(series <= 150, "{series}");
    seen.assert("manometer_target_series", &[], 150.0);
    assert!(seen.value("manometer_target_series_rejected", &[("reason", "series_limit")]) > 100.0);
    seen.assert("redis_up", &[], 1.0);
}
