//! One client of Redis in Rust, driven into one kind of trouble; it logs as an application would.

use std::time::Duration;

use redis::{AsyncCommands, Commands};
use tracing::error;

const LIMIT: Duration = Duration::from_millis(300);

struct Job {
    url: String,
    situation: String,
}

impl Job {
    fn is_held(&self) -> bool {
        ["hung", "killed"].contains(&self.situation.as_str())
    }

    fn has_small_pool(&self) -> bool {
        self.situation == "pool"
    }

    fn client(&self) -> redis::Client {
        redis::Client::open(self.url.as_str()).unwrap()
    }
}

fn ready() {
    println!("READY");
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// What `?` and `anyhow` make of an error, and what its text alone is.
fn say(what: &str, error: impl Into<anyhow::Error>) {
    let error = error.into();
    error!("{what}: {error}");
    error!("{what}: {:?}", error.context("could not store the quote"));
}

fn blocking(job: &Job) -> anyhow::Result<()> {
    let mut connection = job.client().get_connection_with_timeout(LIMIT)?;
    connection.set_read_timeout(Some(LIMIT))?;
    if job.is_held() {
        let () = connection.set("a", 1)?;
        ready();
    }
    if let Err(error) = connection.set::<_, _, ()>("quote:1", 1) {
        say("set quote", error);
    }
    if let Err(error) = connection.publish::<_, _, ()>("quotes", 1) {
        say("publish quote", error);
    }
    Ok(())
}

/// The stable line before 1.0, as many services still have it.
fn blocking_0(job: &Job) -> anyhow::Result<()> {
    use redis_0::Commands;
    let mut connection = redis_0::Client::open(job.url.as_str())?.get_connection_with_timeout(LIMIT)?;
    connection.set_read_timeout(Some(LIMIT))?;
    if job.is_held() {
        let () = connection.set("a", 1)?;
        ready();
    }
    if let Err(error) = connection.set::<_, _, ()>("quote:1", 1) {
        say("set quote", error);
    }
    if let Err(error) = connection.publish::<_, _, ()>("quotes", 1) {
        say("publish quote", error);
    }
    Ok(())
}

async fn store(job: &Job, mut connection: impl AsyncCommands) -> anyhow::Result<()> {
    if job.is_held() {
        let () = connection.set("a", 1).await?;
        ready();
    }
    if let Err(error) = connection.set::<_, _, ()>("quote:1", 1).await {
        say("set quote", error);
    }
    if let Err(error) = connection.publish::<_, _, ()>("quotes", 1).await {
        say("publish quote", error);
    }
    Ok(())
}

async fn multiplexed(job: &Job) -> anyhow::Result<()> {
    let limits = redis::AsyncConnectionConfig::new().set_connection_timeout(Some(LIMIT)).set_response_timeout(Some(LIMIT));
    store(job, job.client().get_multiplexed_async_connection_with_config(&limits).await?).await
}

async fn manager(job: &Job) -> anyhow::Result<()> {
    let limits = redis::aio::ConnectionManagerConfig::new()
        .set_connection_timeout(Some(LIMIT))
        .set_response_timeout(Some(LIMIT))
        .set_number_of_retries(1);
    store(job, redis::aio::ConnectionManager::new_with_config(job.client(), limits).await?).await
}

async fn deadpool(job: &Job) -> anyhow::Result<()> {
    use deadpool_redis::{Config, Runtime};
    let pool = Config::from_url(job.url.as_str())
        .builder()?
        .max_size(if job.has_small_pool() { 1 } else { 4 })
        .wait_timeout(Some(LIMIT))
        .create_timeout(Some(LIMIT))
        .recycle_timeout(Some(LIMIT))
        .runtime(Runtime::Tokio1)
        .build()?;
    let _held = if job.has_small_pool() { Some(pool.get().await?) } else { None };
    store(job, pool.get().await?).await?;
    // A connection that was given back is tried when it is taken again.
    pool.get().await?;
    Ok(())
}

async fn bb8(job: &Job) -> anyhow::Result<()> {
    let manager = bb8_redis::RedisConnectionManager::new(job.url.as_str())?;
    let pool = bb8_redis::bb8::Pool::builder().max_size(if job.has_small_pool() { 1 } else { 4 }).connection_timeout(LIMIT);
    let pool = pool.build(manager).await?;
    let _held = if job.has_small_pool() { Some(pool.get().await?) } else { None };
    let connection = pool.get().await?;
    store(job, connection.clone()).await
}

fn r2d2(job: &Job) -> anyhow::Result<()> {
    let pool = r2d2::Pool::builder().max_size(1).connection_timeout(LIMIT).build(job.client())?;
    let mut connection = pool.get()?;
    if job.has_small_pool() {
        pool.get()?;
    }
    if job.is_held() {
        let () = connection.set("a", 1)?;
        ready();
    }
    drop(connection);
    pool.get()?.set::<_, _, ()>("quote:1", 1)?;
    Ok(())
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [kind, host, port, password, situation] = words.as_slice() else { panic!("KIND HOST PORT PASSWORD SITUATION") };
    tracing_subscriber::fmt().with_ansi(false).with_target(true).init();
    let account = if password.is_empty() { String::new() } else { format!(":{password}@") };
    let job = Job { url: format!("redis://{account}{host}:{port}/"), situation: situation.clone() };
    let done = match kind.as_str() {
        "redis-rs" => blocking(&job),
        "redis-rs-0.27" => blocking_0(&job),
        "redis-rs-async" => multiplexed(&job).await,
        "redis-rs-manager" => manager(&job).await,
        "deadpool-redis" => tokio::time::timeout(5 * LIMIT, deadpool(&job)).await.unwrap_or(Ok(())),
        "bb8-redis" => tokio::time::timeout(5 * LIMIT, bb8(&job)).await.unwrap_or(Ok(())),
        "r2d2" => r2d2(&job),
        other => panic!("there is no client {other}"),
    };
    if let Err(error) = done {
        say("store", error);
    }
}
