//! Clients of Redis: too many, too slow, leaked, or without luck.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use super::calm::NO_GETS;
use super::{LONG, row};
use crate::row::{Drill, Row};
use crate::stack::{PLAIN, Parts};
use crate::support::redis::RedisServer;

/// A pool of twenty, and the log of who uses it.
const POOL: &str = "[[redis.pool]]\nname = \"web\"\nmatch = \"web-*\"\nmax = 20\n\
                    [[log]]\nname = \"web\"\nfiles = [\"{folder}/web.log\"]\nuses = [\"redis\"]\n";

/// Before Redis 7.4 its log alone tells whom it cut off.
const REDIS_LOG: &str = "[[log]]\nname = \"redis-log\"\nfiles = [\"{redis log}\"]\nuses = [\"redis\"]\n";

/// So many connections of a pool.
pub(super) fn pool(redis: &RedisServer, size: usize) -> Vec<redis::Connection> {
    let connection = |number: usize| {
        let mut connection = redis.connect();
        redis::cmd("CLIENT").arg("SETNAME").arg(format!("web-{number}")).exec(&mut connection).unwrap();
        connection
    };
    (0..size).map(connection).collect()
}

pub(super) fn use_it(connection: &mut redis::Connection) {
    redis::cmd("PING").exec(connection).unwrap();
}

/// A pool whose connections are taken and never given back; `line` is what its log says of it now and then.
fn leak(drill: &mut Drill, line: &str) {
    let log = drill.stack.site().log();
    let pool = pool(drill.stack.site().redis(), 20);
    drill.each(15, 2 * LONG, |_| {
        let mut log = std::fs::File::options().append(true).open(&log).unwrap();
        log.write_all(line.as_bytes()).unwrap();
    });
    drop(pool);
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        parts: Parts { tables: POOL, ..PLAIN },
        ..row("pool of 20 leaked, exhausted by its log", [1, 0, 0], "PoolNearCapacity", 240, |drill| {
            leak(drill, "2026-01-01 10:00:00,000 ERROR redis.exceptions.ConnectionError: Too many connections\n");
        })
        .unseen()
    },
    Row {
        parts: Parts { tables: POOL, ..PLAIN },
        ..row("pool of 20 leaked, no witness", [0, 0, 0], "", 0, |drill| leak(drill, ""))
    },
    Row {
        parts: Parts { redis: &["maxclients 200"], ..PLAIN },
        ..row("connection flood to maxclients", [1, 0, 0], "RedisRejectedConnections", 120, |drill| {
            let address: SocketAddr = drill.stack.site().redis().address().parse().unwrap();
            let mut flood = Vec::new();
            drill.each(15, LONG, |_| {
                flood.truncate(300);
                flood.extend((0..100).filter_map(|_| TcpStream::connect(address).ok()));
            });
            drop(flood);
        })
        .quick()
    },
    Row {
        parts: Parts { tables: REDIS_LOG, ..PLAIN },
        ..row("slow subscriber, default limits", [1, 0, 1], "RedisClientCutOff", 200, |drill| {
            let soft = drill.stack.scale.whole(60, 1);
            let limit = format!("pubsub 33554432 8388608 {soft}");
            drill.stack.site().redis().command::<()>(&["CONFIG", "SET", "client-output-buffer-limit", &limit]);
            let address: SocketAddr = drill.stack.site().redis().address().parse().unwrap();
            let mut connection = drill.stack.site().redis().connect();
            let (payload, mut slow) = ("x".repeat(100_000), None);
            drill.each(1, LONG, |_| {
                for _ in 0..4 {
                    let heard: i64 = redis::cmd("PUBLISH").arg("ticks").arg(&payload).query(&mut connection).unwrap();
                    // Cut off, it comes again, and does not read either.
                    if heard == 0 {
                        let mut board = TcpStream::connect(address).unwrap();
                        board.write_all(b"CLIENT SETNAME board\r\nSUBSCRIBE ticks\r\n").unwrap();
                        slow = Some(board);
                    }
                }
            });
            drop(slow);
        })
        .unseen()
    },
    Row {
        parts: Parts { ticker: &NO_GETS, ..PLAIN },
        ..row("hit ratio 20 %", [0, 0, 1], "CacheHitRatioLow", 1320, |drill| {
            let mut connection = drill.stack.site().redis().connect();
            redis::cmd("SET").arg("there").arg("1").exec(&mut connection).unwrap();
            let mut ask = |hits: usize, misses: usize| {
                let keys = [vec!["there"; hits], vec!["not there"; misses]].concat();
                for key in keys {
                    redis::cmd("GET").arg(key).exec(&mut connection).unwrap();
                }
            };
            drill.each(1, 3 * LONG, |_| ask(2, 8));
            drill.healed();
            drill.each(1, LONG, |_| ask(10, 0));
        })
    },
];
