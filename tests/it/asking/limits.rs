//! What the server's own limits allow to be asked, and what the questions cost it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::{failures, has, notes};
use crate::support::agent::{Agent, target};
use crate::support::missing::missing;
use crate::support::redis::{RedisServer, command};
use crate::support::wait::{SOON, until};

/// As many connections that have said something.
fn clients(redis: &RedisServer, number: usize) -> Vec<TcpStream> {
    let mut held: Vec<TcpStream> = (0..number).map(|_| TcpStream::connect(redis.address()).unwrap()).collect();
    for stream in &mut held {
        stream.write_all(b"PING\r\n").unwrap();
    }
    for stream in &mut held {
        stream.read_exact(&mut [0; 7]).unwrap();
    }
    held
}

/// How many descriptors this process may have.
fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1024)
}

#[test]
fn a_client_list_that_the_server_would_not_deliver_is_not_asked() {
    if missing(&["redis-server"]) {
        return;
    }
    // Half of what is allowed: other tests of this process need theirs.
    let number = 5000.min(descriptors() / 2);
    // 5,000 lines are 1.3 MB; fewer clients, a lower limit.
    let hard = (number * 200 / 1024).min(1024);
    let limit = format!("client-output-buffer-limit normal {hard}kb {}kb 60", hard / 2);
    let redis = RedisServer::builder().line("maxclients 9000").line(limit).start();
    let _held = clients(&redis, number);
    let agent = Agent::run(&target("main", &redis.url()));
    let seen = agent.scrape("main");
    seen.assert("redis_up", &[], 1.0);
    assert!(seen.value("redis_connected_clients", &[]) > number as f64);
    seen.assert("redis_client_list_skipped", &[], 1.0);
    seen.assert(
        "redis_config_client_output_buffer_limit_bytes",
        &[("class", "normal"), ("limit", "hard")],
        (hard * 1024) as f64,
    );
    assert!(has(&seen, "redis_slowlog_length") && !has(&seen, "redis_stale_connections"));
    let why = notes(&agent, "main").join("\n");
    let words = format!(
        "CLIENT LIST is left out: about {} bytes for {} clients, and the server closes who has more than {} bytes to read \
         (client-output-buffer-limit normal)",
        (number + 1) * 270,
        number + 1,
        hard / 2 * 1024
    );
    assert_eq!(why, words);
    assert!(agent.get("/").text().contains(&words), "the page says why");
    let seen = agent.next_poll("main");
    seen.assert("redis_connections_received_total", &[], seen.value("redis_connected_clients", &[]) + 1.0);
    assert!(failures(&seen) < 0.5, "{}", agent.log());
    assert!(!std::fs::read_to_string(redis.file("log")).unwrap().contains("overcoming of output buffer limits"));
}

#[test]
fn a_reply_over_the_limit_that_nobody_told_costs_itself_alone() {
    if missing(&["redis-server"]) {
        return;
    }
    // CONFIG is not asked, so the limit is not known; the server closes the agent with all replies that wait for it.
    let redis = RedisServer::builder().line("client-output-buffer-limit normal 64kb 0 0").start();
    let _held = clients(&redis, 300);
    let agent = Agent::run(&(target("main", &redis.url()) + "commands = { config = false }\n"));
    let seen = agent.next_poll("main");
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_command_supported", &[("command", "CLIENT LIST")], 0.0);
    assert!(has(&seen, "redis_slowlog_length") && has(&seen, "redis_commands_latencies_usec"));
    assert_eq!(
        seen.get("redis_command_supported", &[("command", "CONFIG GET")]),
        None,
        "not asked, neither yes nor no"
    );
    let closed =
        std::fs::read_to_string(redis.file("log")).unwrap().matches("overcoming of output buffer limits").count();
    assert_eq!(closed, 1);
}

/// What the server counted: commands, bytes in, bytes out, connections, error replies.
fn counted(redis: &RedisServer) -> [i64; 5] {
    let names = [
        "total_commands_processed",
        "total_net_input_bytes",
        "total_net_output_bytes",
        "total_connections_received",
        "total_error_replies",
    ];
    let info: String = redis.command(&["INFO", "stats"]);
    let value = |name| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    names.map(|name| value(name).unwrap().parse().unwrap())
}

#[test]
fn a_poll_costs_the_server_no_more_than_it_did() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let mut connection = redis.connect();
    let mut ask = |section: &str| {
        let info: String = command(&["INFO", section]).query(&mut connection).unwrap();
        info
    };
    let agent = Agent::run(&target("main", &redis.url()));
    agent.next_poll("main");
    // A poll counts itself: of two scrapes that lie whole polls apart, both were made at the same point of a poll.
    let of = |seen: &crate::support::exposition::Exposition| {
        let families = [
            "manometer_polls_total",
            "redis_commands_processed_total",
            "redis_net_input_bytes_total",
            "redis_net_output_bytes_total",
            "redis_connections_received_total",
            "redis_total_error_replies",
        ];
        families.map(|family| seen.get(family, &[]).unwrap_or_else(|| panic!("{family}")))
    };
    let first = of(&agent.scrape("main"));
    let last = until(SOON, "three more polls", || {
        let seen = of(&agent.scrape("main"));
        (seen[0] >= first[0] + 3.0).then_some(seen)
    });
    let polls = last[0] - first[0];
    let a_poll: Vec<f64> = last.iter().zip(first).skip(1).map(|(last, first)| (last - first) / polls).collect();
    assert!((a_poll[0] - 11.0).abs() < f64::EPSILON, "11 commands, 3 of them PING: {a_poll:?}");
    assert!(a_poll[1] <= 800.0, "bytes in: {a_poll:?}");
    assert!(a_poll[2] <= 12_000.0, "bytes out: {a_poll:?}");
    assert!(a_poll[3].abs() < f64::EPSILON && a_poll[4].abs() < f64::EPSILON, "connections, errors: {a_poll:?}");
    // The first poll of a connection asks the same, and CLIENT SETNAME.
    ask("stats");
    drop(agent);
    redis.command::<()>(&["CONFIG", "RESETSTAT"]);
    let before = counted(&redis);
    let config = target("main", &redis.url());
    let (_dir, file) = crate::support::agent::config_file(&config);
    let output = crate::support::agent::output(&["poll", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let after = counted(&redis);
    // Among them is the INFO by which they are counted.
    assert_eq!(after[0] - before[0], 13, "commands of the first poll");
    assert_eq!(after[4] - before[4], 0, "errors");
}
