//! Jobs of Celery: who puts them into the queue, and a worker that takes them.

use std::time::Duration;

use redis::{Client, RedisResult};
use tokio::task::JoinSet;

use crate::Result;
use crate::connection::{connect, keep_doing};

const QUEUE: &str = "celery";
/// Up to eight jobs each second, four or five on average, of a worker that does five: the queue is short and hardly ever empty.
const MOST_JOBS: usize = 8;
const BETWEEN_JOBS: Duration = Duration::from_secs(1);
const WORK: Duration = Duration::from_millis(200);
/// How long the worker waits for a job before it asks again, in seconds.
const WAIT: u32 = 1;

/// Starts both.
pub(crate) fn start(port: u16, tasks: &mut JoinSet<()>) -> Result<()> {
    let client = Client::open(format!("redis://127.0.0.1:{port}"))?;
    let producer = client.clone();
    keep_doing(tasks, move || produce(producer.clone()));
    keep_doing(tasks, move || work(client.clone()));
    Ok(())
}

async fn produce(client: Client) -> RedisResult<()> {
    let mut connection = connect(&client, "jobs").await?;
    loop {
        let jobs = vec![r#"{"headers": {"task": "report"}}"#; fastrand::usize(1..=MOST_JOBS)];
        redis::cmd("LPUSH").arg(QUEUE).arg(jobs).exec_async(&mut connection).await?;
        tokio::time::sleep(BETWEEN_JOBS).await;
    }
}

async fn work(client: Client) -> RedisResult<()> {
    let mut connection = connect(&client, "worker").await?;
    loop {
        let mut take = redis::cmd("BRPOP");
        let job: Option<(String, String)> = take.arg(QUEUE).arg(WAIT).query_async(&mut connection).await?;
        if job.is_some() {
            tokio::time::sleep(WORK).await;
        }
    }
}
