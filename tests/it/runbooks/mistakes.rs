//! The page of mistakes: what it says of the worst of them is so, and the command in their place finds the right one.

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use super::page::{Kind, all};
use crate::support::missing::missing;
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};

/// What a command of a shell prints, on that server.
fn shell(redis: &RedisServer, command: &str) -> String {
    let output = Command::new("bash").args(["-c", command]).env("REDIS_URL", redis.url()).stdin(Stdio::null()).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[test]
fn the_stuck_subscriber_is_found_and_not_the_others() {
    if missing(&["redis-server", "redis-cli", "bash"]) {
        return;
    }
    let redis = RedisServer::builder().line("client-output-buffer-limit pubsub 0 0 0").start();
    let mut stuck = TcpStream::connect(redis.address()).unwrap();
    stuck.write_all(b"CLIENT SETNAME board-7\r\nPSUBSCRIBE ticker:*\r\n").unwrap();
    until(SOON, "the subscription", || (redis.command::<u64>(&["PUBSUB", "NUMPAT"]) == 1).then_some(()));
    let _other = redis.connect();
    let message = "x".repeat(100_000);
    // Beyond what the kernel takes for a client that does not read, messages wait in Redis.
    for _ in 0..200 {
        redis.command::<u64>(&["PUBLISH", "ticker:nifty", &message]);
    }

    let pages = all();
    let page = pages.iter().find(|page| page.name == "RedisSlowSubscriber").unwrap();
    let (_, command) = page.commands(Kind::Run).find(|(_, command)| command.contains("omem")).unwrap();
    let found = shell(&redis, command);
    let largest = found.lines().last().unwrap();
    assert!(largest.starts_with("omem=1") && largest.ends_with("name=board-7"), "{found}");

    // One list for all filters: connections come and go.
    let list = shell(&redis, r#"redis-cli -u "$REDIS_URL" CLIENT LIST"#);
    let clients = list.lines().filter(|line| line.contains(" addr=")).count();
    let count = |filter: &str| shell(&redis, &format!("echo '{}' | {filter}", list.trim())).lines().count();
    assert!(clients >= 3, "{list}");
    assert_eq!(count("awk '$NF > 1000'"), clients);
    assert_eq!(count(r#"grep -E "(age|qbuf)""#), clients);
    let stuck_line = list.lines().find(|line| line.contains(" name=board-7 ")).unwrap();
    assert!(stuck_line.contains(" qbuf=0 "), "{stuck_line}");
    assert_eq!(shell(&redis, r#"redis-cli -u "$REDIS_URL" INFO STATS | grep connected_clients"#), "");
}

#[test]
fn a_redis_with_tcp_nodelay_in_its_configuration_does_not_start() {
    if missing(&["redis-server"]) {
        return;
    }
    let output = Command::new("redis-server").args(["--port", "0", "--tcp-nodelay", "yes"]).output().unwrap();
    assert!(!output.status.success());
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("Bad directive"), "{said}");
}
