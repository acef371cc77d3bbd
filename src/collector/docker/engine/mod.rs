//! The Engine API: what is asked of it, and nothing that could change anything. Every request is a GET.
//!
//! Replies are read by small structures that know only what the agent needs: a state, an event type or a field that this agent
//! has never heard of must not cost the whole reply, and a container's environment, with its secrets, is never read into memory
//! as a value. The models of statistics alone are those that are generated from the API's description.

mod capability;
mod error;
mod event;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod image;
mod inspected;
mod lenient;
mod listed;
mod stream;
mod time;
mod transport;
mod version;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bollard::models::ContainerStatsResponse;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use self::capability::Capabilities;
pub(super) use self::capability::{Endpoint, export_machine};
pub(super) use self::error::EngineError;
pub(super) use self::event::Event;
pub(super) use self::image::Image;
pub(super) use self::inspected::{Inspected, Limits, cpus_in};
pub(super) use self::listed::{Age, List, Listed, Reach};
pub(super) use self::stream::{EventStream, LogBody};
pub(super) use self::time::parse as parse_time;
use self::transport::{Budget, Transport};
pub(super) use self::version::Negotiated;
use crate::collector::docker::DockerTarget;
use crate::metric::{Families, MetricInfo};
use crate::net::Reached;
use parking_lot::Mutex;

/// Bytes of a list beyond which it is refused; ten thousand containers are half of it.
const LIST_LIMIT: usize = 32 << 20;

/// Bytes of any other reply beyond which it is refused.
const REPLY_LIMIT: usize = 4 << 20;

/// A limit of bytes is one of values too, which the shortest take up a hundred times more room: so many are granted to each. A
/// list of 10,000 containers has 2 million with their objects counted as ten.
const BYTES_PER_VALUE: usize = 16;

/// One engine. A clone is the same engine: its connections and what was negotiated are shared.
#[derive(Clone)]
pub(super) struct Engine(Arc<Inner>);

struct Inner {
    transport: Transport,
    call_timeout: Duration,
    inspect: bool,
    with_labels: Vec<String>,
    negotiated: Mutex<Option<Negotiated>>,
    capabilities: Capabilities,
}

impl Engine {
    /// An engine that was not asked anything yet. Nothing is connected here: one that is away now may come.
    pub(super) fn new(target: &DockerTarget) -> Self {
        Self(Arc::new(Inner {
            transport: Transport::new(target),
            call_timeout: target.call_timeout,
            inspect: target.inspect,
            with_labels: target.with_labels.clone(),
            negotiated: Mutex::default(),
            capabilities: Capabilities::default(),
        }))
    }

    /// Where the last connection went.
    pub(super) fn last_reached(&self) -> Option<Reached> {
        self.0.transport.last_reached()
    }

    /// Sees to it that the API version is negotiated and that it is known which endpoints may be used.
    pub(super) async fn ready(&self) -> Result<(), EngineError> {
        if self.negotiated().is_some() {
            return Ok(());
        }
        // That of whichever engine answers: a version in the path would be that of the one before it.
        self.0.transport.set_api(None);
        let negotiated = version::negotiate(self.fetch("/version", REPLY_LIMIT).await?, &self.attempt("/version"))?;
        self.0.transport.set_api(Some(negotiated.api));
        self.probe().await?;
        *self.0.negotiated.lock() = Some(negotiated);
        Ok(())
    }

    /// What was negotiated, if the engine answered.
    pub(super) fn negotiated(&self) -> Option<Negotiated> {
        self.0.negotiated.lock().clone()
    }

    /// What was negotiated may not hold any more: it is asked anew when the engine is needed next.
    pub(super) fn doubt(&self) {
        *self.0.negotiated.lock() = None;
    }

    /// Whether an endpoint may be used, as far as is known.
    pub(super) fn may(&self, endpoint: Endpoint) -> bool {
        (!endpoint.inspects() || self.0.inspect) && self.0.capabilities.may(endpoint)
    }

    /// All containers, whatever their state, that have the labels which the configuration asks for.
    pub(super) async fn list(&self) -> Result<List, EngineError> {
        self.get(Endpoint::List, &self.list_path(""), LIST_LIMIT).await
    }

    /// The same with the sizes of what the containers have written, for which the engine goes through their files.
    pub(super) async fn sizes(&self, limit: Duration) -> Result<List, EngineError> {
        let path = self.list_path("&size=1");
        timeout(limit, self.fetch_whole(&path, LIST_LIMIT))
            .await
            .unwrap_or_else(|_| Err(error::late(&self.attempt(&path), limit)))
    }

    fn list_path(&self, more: &str) -> String {
        let mut path = format!("/containers/json?all=1{more}");
        if !self.0.with_labels.is_empty() {
            let filters = BTreeMap::from([("label", &self.0.with_labels)]);
            path.push_str("&filters=");
            path.push_str(&query_value(&serde_json::json!(filters).to_string()));
        }
        path
    }

    /// What an image is, by its id.
    pub(super) async fn image(&self, id: &str) -> Result<Image, EngineError> {
        self.get(Endpoint::Image, &format!("/images/{id}/json"), REPLY_LIMIT).await
    }

    /// What only an inspection tells of a container.
    pub(super) async fn inspect(&self, id: &str) -> Result<Inspected, EngineError> {
        self.get(Endpoint::Inspect, &format!("/containers/{id}/json"), REPLY_LIMIT).await
    }

    /// One sample of a container's usage, without the wait for a second one.
    pub(super) async fn stats(&self, id: &str) -> Result<ContainerStatsResponse, EngineError> {
        let path = format!("/containers/{id}/stats?stream=false&one-shot=true");
        self.get(Endpoint::Stats, &path, REPLY_LIMIT).await
    }

    /// The events of containers from now on, or those since `since` (nanoseconds since 1970) that the engine remembers.
    pub(super) async fn events(&self, since: Option<i64>) -> Result<EventStream, EngineError> {
        let mut path = format!("/events?filters={}", query_value(r#"{"type":["container"]}"#));
        if let Some(since) = since {
            // The engine takes seconds with a fraction.
            let (seconds, nanos) = (since.div_euclid(1_000_000_000), since.rem_euclid(1_000_000_000));
            path = format!("{path}&since={seconds}.{nanos:09}");
        }
        let body = self.open(Endpoint::Events, &path).await?.1;
        Ok(EventStream::new(body, self.attempt("/events")))
    }

    /// What a container logs from now on; from the beginning or from `since` (seconds since 1970) on if it is given.
    pub(super) async fn logs(&self, id: &str, since: Option<u64>) -> Result<LogBody, EngineError> {
        let from = match since {
            Some(0) => "tail=all".to_owned(),
            Some(since) => format!("tail=all&since={since}"),
            None => "tail=0".to_owned(),
        };
        let path = format!("/containers/{id}/logs?follow=1&stdout=1&stderr=1&timestamps=1&{from}");
        let (content_type, body) = self.open(Endpoint::Logs, &path).await?;
        Ok(LogBody::new(body, content_type.as_deref(), self.attempt(&format!("/containers/{}/logs", short(id)))))
    }

    /// Exports what the agent may ask of the engine.
    pub(super) fn export(&self, out: &mut Families) {
        self.0.capabilities.export(self.0.inspect, out);
    }

    async fn get<T: DeserializeOwned>(&self, endpoint: Endpoint, path: &str, limit: usize) -> Result<T, EngineError> {
        let reply = self.fetch(path, limit).await;
        self.learn(endpoint, path, reply)
    }

    async fn fetch<T: DeserializeOwned>(&self, path: &str, limit: usize) -> Result<T, EngineError> {
        self.within(&self.attempt(path), self.fetch_whole(path, limit)).await
    }

    async fn fetch_whole<T: DeserializeOwned>(&self, path: &str, limit: usize) -> Result<T, EngineError> {
        let attempt = self.attempt(path);
        let response = self.0.transport.get(path, Budget::Bytes(limit)).await?;
        let body = stream::whole(response, &attempt).await?;
        if !reader::weighs_at_most(&body, limit / BYTES_PER_VALUE) {
            return Err(error::too_many_values(&attempt));
        }
        serde_json::from_slice(&body).map_err(|error| error::undecodable(&error, &attempt))
    }

    /// The content type and body of an answer that does not end by itself.
    async fn open(&self, endpoint: Endpoint, path: &str) -> Result<(Option<String>, Incoming), EngineError> {
        let attempt = self.attempt(path);
        let reply = self
            .within(&attempt, async {
                let response = self.0.transport.get(path, Budget::Unlimited).await?;
                stream::opened(response, &attempt).await
            })
            .await;
        self.learn(endpoint, path, reply)
    }

    /// Asks each endpoint once, in a way that costs the engine nothing. What a probe cannot tell the real requests will.
    async fn probe(&self) -> Result<(), EngineError> {
        self.0.capabilities.doubt();
        for endpoint in Endpoint::ALL {
            // What is asked of images nobody waits for, and an engine says too little of one that is none.
            if endpoint == Endpoint::Image || (endpoint.inspects() && !self.0.inspect) {
                continue;
            }
            let path = endpoint.probe();
            let attempt = self.attempt(path);
            let allowed = self
                .within(&attempt, async {
                    let response = self.0.transport.get(path, Budget::Bytes(LIST_LIMIT)).await?;
                    stream::verdict(response, &attempt).await
                })
                .await?;
            if allowed || endpoint.is_probed_for_real() {
                self.0.capabilities.learn(endpoint, allowed);
            }
        }
        Ok(())
    }

    /// Learns from an answer whether the endpoint may be used, and that the engine is lost.
    fn learn<T>(&self, endpoint: Endpoint, path: &str, reply: Result<T, EngineError>) -> Result<T, EngineError> {
        match &reply {
            Ok(_) => self.0.capabilities.learn(endpoint, true),
            // Another engine, or the same one with another version, may answer next time.
            Err(error) if error.is_unreachable() => self.doubt(),
            Err(error) => self.0.capabilities.learn_error(endpoint, path, error),
        }
        reply
    }

    async fn within<T>(
        &self,
        attempt: &str,
        call: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        timeout(self.0.call_timeout, call).await.unwrap_or_else(|_| Err(error::late(attempt, self.0.call_timeout)))
    }

    /// What is tried, for people: without the query.
    fn attempt(&self, path: &str) -> String {
        self.0.transport.attempt(path)
    }
}

/// The part of an id that people use.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// A text as the value of a query.
fn query_value(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Everything that is exported of it.
pub(super) fn metrics() -> Vec<MetricInfo> {
    [capability::metrics(), version::metrics()].concat()
}
