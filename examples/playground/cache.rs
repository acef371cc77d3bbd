//! A service that caches in Redis: a pool of named connections, GET, and SET on a miss.

use std::time::Duration;

use redis::{Client, RedisResult};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::Result;
use crate::connection::{Pace, connect, drain, keep_doing};

const KEYS: u32 = 2_000;
/// Connections of the pool which work, and which are idle.
const BUSY: u32 = 8;
const IDLE: u32 = 4;
/// Each busy connection's pause between two GETs: 435 a second in all, which with the SETs after misses makes 500
/// operations a second.
const GET_INTERVAL: Duration = Duration::from_micros(18_400);
/// A key is asked for every 4.6 s on average. It is filled by the first miss and then hit for its lifetime, so that
/// 26 / (26 + 4.6) = 85 % of the GETs are hits.
const LIFETIME_MS: u32 = 26_000;
const HIT_PERCENT: u32 = 85;

/// Fills the cache as it will be after a while, and starts the pool.
pub(crate) async fn start(port: u16, tasks: &mut JoinSet<()>) -> Result<()> {
    let client = Client::open(format!("redis://127.0.0.1:{port}"))?;
    fill(&client).await?;
    for number in 1..=BUSY {
        let client = client.clone();
        keep_doing(tasks, move || work(client.clone(), number));
    }
    for number in BUSY + 1..=BUSY + IDLE {
        keep_doing(
            tasks,
            move || async move { drain(port, &format!("CLIENT SETNAME web-{number}\r\n"), Pace::Fast).await },
        );
    }
    Ok(())
}

/// Without this, the ratio would climb from 0 to 85 % while somebody watches for 85 %.
async fn fill(client: &Client) -> RedisResult<()> {
    let mut connection = connect(client, "web-fill").await?;
    let mut pipeline = redis::pipe();
    for key in (0..KEYS).filter(|_| fastrand::u32(0..100) < HIT_PERCENT) {
        pipeline.cmd("SET").arg(name_of(key)).arg(value_of(key)).arg("PX").arg(fastrand::u32(1..=LIFETIME_MS)).ignore();
    }
    pipeline.exec_async(&mut connection).await
}

/// One busy connection.
async fn work(client: Client, number: u32) -> RedisResult<()> {
    let mut connection = connect(&client, &format!("web-{number}")).await?;
    let mut ticks = tokio::time::interval(GET_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let key = fastrand::u32(0..KEYS);
        let found: Option<Vec<u8>> = redis::cmd("GET").arg(name_of(key)).query_async(&mut connection).await?;
        if found.is_none() {
            let mut set = redis::cmd("SET");
            set.arg(name_of(key)).arg(value_of(key)).arg("PX").arg(LIFETIME_MS);
            set.exec_async(&mut connection).await?;
        }
    }
}

fn name_of(key: u32) -> String {
    format!("cache:quote:{key}")
}

fn value_of(key: u32) -> String {
    format!(r#"{{"id":{key},"price":{}.{:02},"currency":"INR"}}"#, 100 + key, key % 100)
}
