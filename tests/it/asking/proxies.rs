//! Proxies before the server, and what is no Redis at all.

use std::process::{Command, Stdio};

use super::{failures, has, notes};
use crate::support::agent::{Agent, target};
use crate::support::fake::{Answer, Fake};
use crate::support::missing::missing;
use crate::support::port;
use crate::support::process::Process;
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};

#[test]
fn twemproxy_closes_the_connection_and_the_message_says_so() {
    if missing(&["redis-server", "nutcracker"]) {
        return;
    }
    let redis = RedisServer::start();
    let folder = tempfile::tempdir().unwrap();
    let (port, counters) = (port::free(), port::free());
    let pool = format!(
        "pool:\n  listen: 127.0.0.1:{port}\n  redis: true\n  hash: fnv1a_64\n  distribution: ketama\n  servers:\n   - \
         127.0.0.1:{}:1\n",
        redis.port
    );
    let file = crate::support::agent::write(folder.path(), "pool.yml", &pool);
    let mut proxy = Command::new("nutcracker");
    proxy.arg("-c").arg(file).args(["-s", &counters.to_string(), "-a", "127.0.0.1"]);
    let _proxy = Process::spawn(proxy.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()));
    until(SOON, "it listens", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    let agent = Agent::run(&target("main", &format!("redis://127.0.0.1:{port}")));
    agent.scrape("main").assert("redis_up", &[], 0.0);
    let state = agent.state("main");
    assert_eq!(state["lastErrorReason"], "connect");
    let words = format!(
        "asking 127.0.0.1:{port} for INFO: the connection broke: the server closed it; a proxy that does not know INFO \
         (twemproxy) closes the connection: point url at the servers behind it; a server does so at a restart, or by its \
         timeout or CLIENT KILL, and the next poll connects again"
    );
    assert_eq!(state["lastError"], words);
}

#[test]
fn an_http_server_on_the_port() {
    // Some answer a request line that they do not understand in the words of HTTP/0.9: a page, without any head.
    for (page, shown) in [
        (&b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"[..], "HTTP/1.1 400 Bad Request"),
        (b"<!DOCTYPE HTML>\n<html lang=\"en\">\n", "<!DOCTYPE HTML><html lang=\\\"en\\\">"),
    ] {
        let fake = Fake::saying(page, true);
        let agent = Agent::run(&target("main", &fake.url()));
        let state = agent.state("main");
        assert_eq!(state["lastErrorReason"], "protocol", "{state}");
        let words = format!(
            "connecting to {}: the reply \"{shown}\" is not RESP; an HTTP server answers on this port; check host and port \
             in url",
            fake.address()
        );
        assert_eq!(state["lastError"], words);
    }
}

#[test]
fn info_all_refused_or_empty_is_asked_plainly() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    for reply in ["-ERR wrong number of arguments for 'info' command\r\n", "$0\r\n\r\n"] {
        let proxy = Fake::before(redis.address(), move |asked| {
            (asked == "INFO ALL").then(|| Answer::Reply(reply.as_bytes().to_vec()))
        });
        let agent = Agent::run(&target("main", &proxy.url()));
        let seen = agent.next_poll("main");
        seen.assert("redis_up", &[], 1.0);
        seen.assert("redis_command_supported", &[("command", "INFO")], 1.0);
        assert!(has(&seen, "redis_memory_used_bytes") && !has(&seen, "redis_commands_total"), "as plain INFO has it");
        assert!(failures(&seen) < 0.5, "{}", agent.log());
    }
}

#[test]
fn a_server_that_takes_one_key_of_config_get() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let proxy = Fake::before(redis.address(), |asked| {
        let many = asked.starts_with("CONFIG GET ") && asked.split(' ').count() > 3;
        many.then(|| Answer::Reply(b"-ERR wrong number of arguments for 'config|get' command\r\n".to_vec()))
    });
    let agent = Agent::run(&target("main", &proxy.url()));
    for seen in [agent.scrape("main"), agent.next_poll("main")] {
        seen.assert("redis_command_supported", &[("command", "CONFIG GET")], 1.0);
        seen.assert("redis_config_maxclients", &[], 10_000.0);
        seen.assert("redis_config_client_output_buffer_limit_bytes", &[("class", "normal"), ("limit", "hard")], 0.0);
    }
    assert_eq!(notes(&agent, "main"), [""; 0]);
}
