//! The routes.
//!
//! * `GET /advanced/backpressure/{status,metrics,circuit-breaker,publisher-stats}`
//! * `GET /health`, with a real PUBLISH, for sixty calls a minute and client
//! * `GET /metrics`
//! * `GET, POST /subscriptions`, `DELETE /subscriptions/{token}`, `GET /advanced/websocket-pool/stats`
//! * `GET /api/redis/health`, `GET /api/redis/stats`, `POST /api/redis/reset-stats`: a cache in Redis
//! * `GET /health/load`
//! * `GET, POST /admin/knobs`, for this machine alone

mod cache;
mod health;
mod subscriptions;

use std::net::IpAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;

use crate::json::text;
use crate::knobs::KnobChange;
use crate::service::Shared;
use crate::shapes;

type Answer = Response<Full<Bytes>>;

const JSON: &str = "application/json";

/// Answers one request of `peer`.
pub(crate) async fn answer(shared: &Shared, peer: IpAddr, request: &Request<Bytes>) -> Answer {
    let query = request.uri().query().unwrap_or_default();
    let path: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
    match (path.as_slice(), request.method()) {
        (["advanced", "backpressure", what], &Method::GET) => backpressure(shared, what),
        (["advanced", "websocket-pool", "stats"], &Method::GET) => subscriptions::pool(shared),
        (["health"], &Method::GET) => health::health(shared, peer).await,
        (["health", "load"], &Method::GET) => health::load(shared),
        (["metrics"], &Method::GET) => metrics(shared),
        (["subscriptions"], &Method::GET) => subscriptions::list(shared, query),
        (["subscriptions"], &Method::POST) => subscriptions::add(shared, request.body()),
        (["subscriptions", token], &Method::DELETE) => subscriptions::remove(shared, token),
        (["api", "redis", "health"], &Method::GET) => cache::health(shared).await,
        (["api", "redis", "stats"], &Method::GET) => cache::stats(shared).await,
        (["api", "redis", "reset-stats"], &Method::POST) => cache::reset(shared),
        (["admin", "knobs"], method) => knobs(shared, peer, method, request.body()),
        (path, _) => allowed(path).map_or_else(
            || refusal(StatusCode::NOT_FOUND, "Not Found"),
            |methods| with_header(refusal(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"), methods),
        ),
    }
}

/// The methods of a path that is known.
fn allowed(path: &[&str]) -> Option<&'static str> {
    match path {
        ["advanced", "backpressure", "status" | "metrics" | "circuit-breaker" | "publisher-stats"]
        | ["advanced", "websocket-pool", "stats"]
        | ["health" | "metrics"]
        | ["health", "load"]
        | ["api", "redis", "health" | "stats"] => Some("GET"),
        ["subscriptions"] | ["admin", "knobs"] => Some("GET, POST"),
        ["subscriptions", _] => Some("DELETE"),
        ["api", "redis", "reset-stats"] => Some("POST"),
        _ => None,
    }
}

fn with_header(mut answer: Answer, methods: &'static str) -> Answer {
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

fn backpressure(shared: &Shared, what: &str) -> Answer {
    let view = shared.view();
    match what {
        "status" => json(StatusCode::OK, &shapes::status(&view)),
        "metrics" => json(StatusCode::OK, &shapes::metrics(&view)),
        "circuit-breaker" => respond(StatusCode::OK, JSON, shapes::circuit_breaker(&view.seen, &shared.clock)),
        "publisher-stats" => respond(StatusCode::OK, JSON, shapes::publisher_stats(&view)),
        _ => refusal(StatusCode::NOT_FOUND, "Not Found"),
    }
}

fn metrics(shared: &Shared) -> Answer {
    match shared.exposition() {
        Ok(page) => respond(StatusCode::OK, prometheus::TEXT_FORMAT, page),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &format!("rendering the metrics: {error}")),
    }
}

fn knobs(shared: &Shared, peer: IpAddr, method: &Method, body: &[u8]) -> Answer {
    if !peer.to_canonical().is_loopback() {
        return refusal(StatusCode::FORBIDDEN, "the knobs are for this machine alone");
    }
    match *method {
        Method::GET => json(StatusCode::OK, &shared.knobs_shown()),
        Method::POST => match KnobChange::parse(body).map(|change| shared.apply(&change)) {
            Ok(Ok(())) => json(StatusCode::OK, &shared.knobs_shown()),
            Ok(Err(error)) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
            Err(error) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &error),
        },
        _ => with_header(refusal(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"), "GET, POST"),
    }
}

/// An answer that says why not.
pub(crate) fn refusal(status: StatusCode, detail: &str) -> Answer {
    json(status, &serde_json::json!({ "detail": detail }))
}

fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    respond(status, JSON, text(value))
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
