//! Redis is down, stalls, or is full.

use std::time::Duration;

use super::{CONTAINERS, LONG, row};
use crate::row::{Drill, Row};
use crate::stack::{PLAIN, Parts};
use crate::support::redis::command;

/// Redis is killed, and comes back.
fn stop(drill: &mut Drill) {
    stop_for(drill, LONG);
}

fn stop_for(drill: &mut Drill, seconds: u64) {
    drill.stack.sites.iter_mut().for_each(|site| site.redis().kill());
    drill.wait(seconds);
    drill.stack.sites.iter_mut().for_each(|site| site.redis().start_again());
}

/// With so many messages in the time of the drill as the service has in that of the policy at 500 a second: more than its buffer
/// takes while its breaker is open.
const LOADED: Parts = Parts { ticker: &["--batch", "1000", "--batch-interval", "10ms"], ..PLAIN };

fn stop_under_load(drill: &mut Drill, seconds: u64) {
    let instruments = 250 * drill.stack.scale.factor();
    drill.stack.site().turn(&format!("{{\"instruments\": {instruments}}}"));
    drill.wait(120);
    drill.begins();
    stop_for(drill, seconds);
    drill.healed();
    drill.wait(LONG);
    drill.stack.site().turn(r#"{"instruments": 100}"#);
}

pub(crate) const ROWS: &[Row] = &[
    row("Redis stopped", [1, 1, 0], "RedisDown", 120, stop),
    Row {
        parts: CONTAINERS,
        ..row("Redis stopped, a container", [1, 1, 0], "ContainerDown", 120, |drill| {
            drill.stack.site().docker().cli(&["stop", "--time", "1", "redis"]);
            drill.wait(LONG);
            drill.stack.site().docker().cli(&["start", "redis"]);
        })
    },
    Row {
        parts: Parts { services: 2, ..PLAIN },
        ..row("Redis stopped, two services", [1, 1, 0], "RedisDown", 120, stop).quick()
    },
    Row { parts: Parts { agents: 2, ..PLAIN }, ..row("Redis stopped, two agents", [1, 1, 0], "RedisDown", 120, stop) },
    Row {
        parts: Parts { lost: |_, before| before % 4 == 3, ..PLAIN },
        ..row("Redis stopped, every fourth scrape fails", [1, 1, 0], "RedisDown", 150, stop).unseen()
    },
    Row {
        parts: Parts { sites: &["here", "there"], ..PLAIN },
        ..row("Redis stopped in two sites with equal names", [2, 2, 0], "RedisDown", 120, stop)
    },
    row("Redis SIGSTOPped", [1, 1, 0], "RedisDown", 120, |drill| {
        drill.stack.site().redis().freeze();
        drill.wait(LONG);
        drill.stack.site().redis().thaw();
    }),
    row("CLIENT PAUSE WRITE", [1, 1, 0], "RedisPublishStalled", 210, |drill| {
        drill.stack.site().redis().command::<()>(&["CLIENT", "PAUSE", "1000000", "WRITE"]);
        drill.wait(LONG);
        drill.stack.site().redis().command::<()>(&["CLIENT", "UNPAUSE"]);
    }),
    Row {
        parts: Parts { containers: Some([&["--memory", "64m", "--memory-swap", "64m"], &[]]), ..CONTAINERS },
        ..row("Redis OOM-killed in a container", [1, 1, 0], "ContainerOomKilled", 60, |drill| {
            let fill = "for i = 1, 10000 do redis.call('set', i, string.rep('x', 100000)) end";
            drill.stack.site().docker().try_cli(&["exec", "redis", "/redis-cli", "eval", fill, "0"]);
            drill.wait(LONG);
            drill.stack.site().docker().cli(&["start", "redis"]);
        })
        // A busy engine tells of the exit seconds late, each of which would be ten here.
        .at_most(3)
    },
    Row {
        parts: Parts { redis: &["maxmemory 100mb", "maxmemory-policy noeviction"], ..PLAIN },
        ..row("memory 95 %, noeviction", [1, 1, 0], "RedisMemoryHigh", 210, |drill| {
            let value = "x".repeat(100_000);
            let mut key = 0;
            loop {
                let used = drill.stack.site().redis().info("used_memory").unwrap().parse::<f64>().unwrap();
                if used > 0.95 * 104_857_600.0 {
                    break;
                }
                key += 1;
                drill.stack.site().redis().command::<()>(&["SET", &format!("key:{key}"), &value]);
            }
            drill.wait(LONG);
            drill.stack.site().redis().command::<()>(&["FLUSHALL"]);
        })
    },
    row("Redis flaps: 40 s of 90 down", [1, 0, 0], "RedisFlapping", 360, |drill| {
        for _ in 0..6 {
            drill.stack.site().redis().kill();
            drill.wait(40);
            drill.stack.site().redis().start_again();
            drill.wait(50);
        }
    })
    .at_most(3)
    .unseen(),
    Row {
        parts: LOADED,
        ..row("Redis stopped for 10 s under load", [0, 0, 1], "", 450, |drill| stop_under_load(drill, 10))
            .at_most(3)
            .unseen()
    },
    Row {
        parts: LOADED,
        ..row("Redis stopped for 30 s under load", [0, 0, 1], "", 450, |drill| stop_under_load(drill, 30))
            .at_most(3)
            .unseen()
    },
    Row {
        parts: Parts { has_line: true, ..PLAIN },
        ..row("PING 150 ms", [0, 0, 1], "RedisPingHigh", 420, |drill| {
            drill.stack.site().line().take(Duration::from_millis(75));
            drill.wait(2 * LONG);
            drill.stack.site().line().take(Duration::ZERO);
        })
        .quick()
    },
    Row {
        says: "auth",
        ..row("password changed", [1, 0, 0], "RedisDown", 120, |drill| {
            // The service's connections go on, and so does this one; the agent makes a new one.
            let mut kept = drill.stack.site().redis().connect();
            command(&["CONFIG", "SET", "requirepass", "another"]).query::<()>(&mut kept).unwrap();
            let clients: String = command(&["CLIENT", "LIST"]).query(&mut kept).unwrap();
            for client in clients.lines().filter(|client| client.contains("name=manometer")) {
                let id = client.split(' ').find_map(|field| field.strip_prefix("id=")).unwrap();
                command(&["CLIENT", "KILL", "ID", id]).query::<()>(&mut kept).unwrap();
            }
            drill.wait(LONG);
            command(&["CONFIG", "SET", "requirepass", ""]).query::<()>(&mut kept).unwrap();
        })
    },
];
