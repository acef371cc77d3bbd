//! Publishing, a batch at a time.

use std::sync::Arc;
use std::time::Instant;

use redis::Pipeline;
use tokio::time::{MissedTickBehavior, interval};

use crate::flow::{Batch, Failure};
use crate::link::{Link, LinkError};
use crate::service::Shared;
use crate::source::Tick;

/// Publishes for as long as the service runs. There is no end to it when Redis goes away: batches fail, the breaker
/// opens, and a trial is made from time to time.
pub(crate) async fn run(shared: Arc<Shared>, link: Link) {
    let mut ticks = interval(shared.arguments.flow.batch_interval);
    // A batch that was late is not made up for: so many a second are the most.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut working = true;
    loop {
        ticks.tick().await;
        if let Some(stall) = shared.take_stall() {
            tracing::info!(?stall, "the publisher stands still, as it was told");
            tokio::time::sleep(stall).await;
        }
        let batch = shared.flow().take_batch(Instant::now());
        let Some(batch) = batch else { continue };
        let outcome = publish(&shared, &link, batch).await;
        match &outcome {
            Err(error) if working => tracing::warn!(%error, "publishing fails"),
            Ok(()) if !working => tracing::info!("publishing succeeds again"),
            _ => {}
        }
        working = outcome.is_ok();
    }
}

async fn publish(shared: &Shared, link: &Link, batch: Batch<Tick>) -> Result<(), LinkError> {
    let mut commands = Pipeline::with_capacity(batch.messages().len());
    for tick in batch.messages() {
        commands.cmd("PUBLISH").arg(tick.channel()).arg(tick.payload(shared.arguments.depth)).ignore();
    }
    let started = Instant::now();
    let outcome = link.query::<()>(&commands).await;
    let now = Instant::now();
    let mut flow = shared.flow();
    match &outcome {
        Ok(()) => flow.published(now, &batch, now.saturating_duration_since(started)),
        Err(LinkError::Connect(_) | LinkError::ConnectTimeout(_)) => flow.failed(now, batch, Failure::Connection),
        Err(LinkError::Command(_) | LinkError::ReplyTimeout(_)) => flow.failed(now, batch, Failure::Publish),
    }
    outcome
}
