//! `/health` and `/health/load`.

use std::net::IpAddr;
use std::time::Instant;

use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER};
use redis::Pipeline;

use super::{Answer, json};
use crate::json::object;
use crate::limit::CALLS;
use crate::service::Shared;

const CHANNEL: &str = "health:check";
/// The load from which on a load balancer should look elsewhere.
const FULL: f64 = 0.8;

/// Publishes, and says whether Redis took it. The status is 200 either way: the service itself is there.
pub(super) async fn health(shared: &Shared, peer: IpAddr) -> Answer {
    if let Err(wait) = shared.calls.take(Instant::now(), peer) {
        let error = format!("Rate limit exceeded: {CALLS} per 1 minute");
        let mut answer = json(StatusCode::TOO_MANY_REQUESTS, &object! { error: error });
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        return answer;
    }
    let mut commands = Pipeline::new();
    commands.cmd("PUBLISH").arg(CHANNEL).arg("ping").ignore();
    let published = shared.health_link.query::<()>(&commands).await;
    let totals = shared.view().seen.totals;
    let instruments = shared.registry().len();
    let body = object! {
        status: if published.is_ok() { "ok" } else { "degraded" },
        environment: &shared.arguments.environment,
        ticker: object! {
            running: true,
            ticks_received: totals.received,
            ticks_published: totals.published,
            instruments: instruments,
        },
        dependencies: object! {
            redis: published.map_or_else(|error| format!("error: {error}"), |()| "ok".to_owned()),
            // This service has none; the one that it stands for does.
            database: "ok",
            instrument_registry: object! { status: "ok", instruments: instruments },
        },
    };
    json(StatusCode::OK, &body)
}

/// The load is the active requests by the most, 1 at most; 503 when it is [`FULL`].
pub(super) fn load(shared: &Shared) -> Answer {
    let knobs = shared.knobs();
    let max_concurrent = shared.arguments.max_concurrent;
    let load = (knobs.active as f64 / max_concurrent as f64).min(1.0);
    let status = if load < FULL { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &object! { active: knobs.active, queued: knobs.queued, max_concurrent: max_concurrent, load: load })
}
