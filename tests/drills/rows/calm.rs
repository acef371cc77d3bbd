//! What must not disturb anybody.

use super::{LONG, row};
use crate::row::Row;
use crate::stack::{PLAIN, Parts};

/// Connections of a pool of twenty that are in use.
const POOL: &str = "[[redis.pool]]\nname = \"web\"\nmatch = \"web-*\"\nmax = 20\n";
/// The service asks its cache for nothing.
pub(super) const NO_GETS: [&str; 2] = ["--cache-gets-per-second", "0"];

pub(crate) const ROWS: &[Row] = &[
    row("healthy", [0, 0, 0], "", 0, |drill| drill.wait(LONG)).quick(),
    row("idle market", [0, 0, 0], "", 0, |drill| {
        drill.stack.site().turn(r#"{"ticks_per_second": 0}"#);
        drill.wait(2 * LONG);
    }),
    Row {
        parts: Parts { ticker: &NO_GETS, ..PLAIN },
        ..row("one miss in five minutes", [0, 0, 0], "", 0, |drill| {
            drill.each(300, 3 * LONG, |stack| stack.site().redis().command::<()>(&["GET", "no such key"]));
        })
    },
    Row {
        parts: Parts { tables: POOL, ..PLAIN },
        ..row("pool busy but healthy", [0, 0, 0], "", 0, |drill| {
            let mut pool = super::clients::pool(drill.stack.site().redis(), 18);
            drill.each(1, LONG, |_| pool.iter_mut().for_each(super::clients::use_it));
        })
    },
    Row {
        parts: Parts { redis: &["maxmemory 20mb", "maxmemory-policy allkeys-lru"], ..PLAIN },
        ..row("memory full, allkeys-lru", [0, 0, 0], "", 0, |drill| {
            let value = "x".repeat(10_000);
            let mut key = 0;
            drill.each(1, 2 * LONG, |stack| {
                for _ in 0..100 {
                    key += 1;
                    stack.site().redis().command::<()>(&["SET", &format!("key:{key}"), &value]);
                }
            });
        })
    },
];
