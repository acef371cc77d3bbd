//! A ticker over pub/sub: publishers, subscribers that keep up, and one that does not.

use std::fmt::Write as _;
use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, RedisResult};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::connection::{Pace, drain, keep_doing};

const SYMBOLS: [&str; 2] = ["nifty", "banknifty"];
const SUBSCRIBERS: usize = 8;
/// Of each publisher: 200 messages a second in all.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(10);
/// Longer than the output buffer takes to reach the soft limit and to exceed it for 60 s, together 115 s. Left alone, so
/// slow a reader would not notice for an hour that Redis closed its connection: the kernel still holds megabytes for it.
const SLOW_SESSION: Duration = Duration::from_secs(130);
/// Levels of the order book in a message; they make it a kilobyte.
const DEPTH: u32 = 20;
/// Longer than the pause which the playground invites to.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts the publishers and subscribers.
pub(crate) fn start(port: u16, tasks: &mut JoinSet<()>) {
    for symbol in SYMBOLS {
        keep_doing(tasks, move || publish(port, symbol));
    }
    for number in 1..=SUBSCRIBERS {
        let symbol = SYMBOLS[number % SYMBOLS.len()];
        keep_doing(tasks, move || async move {
            let commands = format!("CLIENT SETNAME ws-{number}\r\nSUBSCRIBE ticker:{symbol}\r\n");
            drain(port, &commands, Pace::Fast).await
        });
    }
    keep_doing(tasks, move || {
        let commands = "CLIENT SETNAME slow-dashboard\r\nSUBSCRIBE ticker:nifty ticker:banknifty\r\n";
        tokio::time::timeout(SLOW_SESSION, drain(port, commands, Pace::Slow))
    });
}

async fn publish(port: u16, symbol: &str) -> RedisResult<()> {
    let client = Client::open(format!("redis://127.0.0.1:{port}"))?;
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(RESPONSE_TIMEOUT));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    redis::cmd("CLIENT").arg("SETNAME").arg(format!("publisher-{symbol}")).exec_async(&mut connection).await?;
    let channel = format!("ticker:{symbol}");
    let mut ticks = tokio::time::interval(PUBLISH_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        redis::cmd("PUBLISH").arg(&channel).arg(quote(symbol)).exec_async(&mut connection).await?;
    }
}

/// A quote with the order book, in JSON.
fn quote(symbol: &str) -> String {
    let price = fastrand::u32(22_000..23_000);
    let mut text = format!(r#"{{"symbol":"{symbol}","price":{price},"depth":["#);
    for level in 0..DEPTH {
        let separator = if level == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r#"{separator}{{"bid":{},"ask":{},"size":{}}}"#,
            price - level,
            price + level + 1,
            100 + level
        );
    }
    text.push_str("]}");
    text
}
