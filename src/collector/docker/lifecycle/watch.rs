//! The event stream: subscribed to, read, and subscribed to again.

use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::future::{Fuse, FutureExt as _};
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};

use super::book::Moment;
use super::{IN_FLIGHT, Lifecycle};
use crate::collector::docker::backoff::{HEALTHY, reopening};
use crate::collector::docker::engine::{Endpoint, EngineError};
use crate::net::jittered;

/// How a stream ended.
struct Ended {
    subscribed: Option<Instant>,
    error: Option<EngineError>,
}

/// Reads the events for ever.
pub(super) async fn watch(lifecycle: &Lifecycle) {
    let mut backoff = reopening();
    let mut is_warned = false;
    loop {
        let ended = follow(lifecycle, &mut is_warned).await;
        lifecycle.book().unsubscribed();
        if ended.subscribed.is_some() {
            // What is there now may be another engine, or another proxy before it.
            lifecycle.engine.doubt();
        }
        if ended.subscribed.is_some_and(|at| at.elapsed() >= HEALTHY) {
            backoff.succeeded();
        }
        let pause = jittered(backoff.failed());
        let is_unreachable = ended.error.as_ref().is_some_and(EngineError::is_unreachable);
        match ended.error {
            // The polls say so already.
            Some(_) if is_unreachable => {}
            Some(error) if !is_warned && ended.subscribed.is_none() => {
                is_warned = true;
                tracing::warn!(%error, "no events from the Docker engine; what happens between two polls may be missed");
            }
            error => tracing::debug!(error = ?error.map(|error| error.to_string()), "the stream of events ended"),
        }
        let answered = async {
            if is_unreachable {
                lifecycle.answered.notified().await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        // An engine that is back has events at once; a poll notices it before a long pause is over.
        tokio::select! {
            () = sleep(pause) => {}
            () = answered => {}
        }
    }
}

/// Subscribes once, and takes events until they end.
async fn follow(lifecycle: &Lifecycle, is_warned: &mut bool) -> Ended {
    let mut ended = Ended { subscribed: None, error: None };
    if let Err(error) = stream(lifecycle, &mut ended.subscribed, is_warned).await {
        ended.error = Some(error);
    }
    ended
}

async fn stream(
    lifecycle: &Lifecycle,
    subscribed: &mut Option<Instant>,
    is_warned: &mut bool,
) -> Result<(), EngineError> {
    let engine = &lifecycle.engine;
    engine.ready().await?;
    if !engine.may(Endpoint::Events) {
        return Ok(());
    }
    let since = lifecycle.book().last_event();
    let mut events = engine.events(since).await?;
    let now = Moment::now();
    *subscribed = Some(now.at);
    lifecycle.book().subscribed(now);
    if std::mem::take(is_warned) {
        tracing::info!("the Docker engine sends its events again");
    }
    // Only now: what happens after the list is asked is among the events.
    let mut list = pin!(lifecycle.list().fuse());
    let mut asking = FuturesUnordered::new();
    loop {
        while asking.len() < IN_FLIGHT
            && let Some(ask) = lifecycle.next_inspection()
        {
            asking.push(lifecycle.inspect(ask, None));
        }
        tokio::select! {
            event = events.next() => {
                let undecodable = events.take_undecodable();
                let event = event?;
                lifecycle.change(|book, now| {
                    book.counters.undecodable_events += undecodable;
                    event.as_ref().map(|event| book.event(event, now)).unwrap_or_default()
                });
                if event.is_none() {
                    return Ok(());
                }
            }
            // The next poll tries again.
            listed = &mut list, if !is_done(&list) => {
                if let Err(error) = listed {
                    tracing::debug!(%error, "listing after the subscription failed");
                }
            }
            Some(()) = asking.next(), if !asking.is_empty() => {}
            () = lifecycle.due.notified() => {}
        }
    }
}

fn is_done<F: Future>(future: &Fuse<F>) -> bool {
    futures_util::future::FusedFuture::is_terminated(future)
}
