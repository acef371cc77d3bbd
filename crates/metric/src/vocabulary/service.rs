//! What a service says of itself: health, load, subscriptions, `WebSocket` connections.

use crate::{Metric, MetricInfo, Unit};

/// `service_health`.
pub const HEALTH: Metric<1> = Metric::gauge(
    "service_health",
    &["status"],
    "The service's own word on its health: 1 for the current status, 0 for the others. ok stands for healthy and up as well.",
)
.unit(Unit::Bool)
.source("health endpoint");

/// `service_dependency_health`.
pub const DEPENDENCY_HEALTH: Metric<2> = Metric::gauge(
    "service_dependency_health",
    &["dependency", "status"],
    "The service's word on what it depends on: 1 for the current status, 0 for the others.",
)
.unit(Unit::Bool)
.source("health endpoint");

/// `service_load_ratio`.
pub const LOAD: Metric<0> =
    Metric::gauge("service_load_ratio", &[], "The service's own measure of its load; 1 is all that it takes.")
        .unit(Unit::Ratio)
        .source("load endpoint");

/// `service_requests`.
pub const REQUESTS: Metric<1> =
    Metric::gauge("service_requests", &["state"], "Requests in the service by state: active or queued.")
        .unit(Unit::Count)
        .source("load endpoint");

/// `service_max_concurrent_requests`.
pub const REQUESTS_MAX: Metric<0> =
    Metric::gauge("service_max_concurrent_requests", &[], "The most requests that the service works on at a time.")
        .unit(Unit::Count)
        .source("load endpoint");

/// `service_subscriptions`.
pub const SUBSCRIPTIONS: Metric<0> = Metric::gauge(
    "service_subscriptions",
    &[],
    "Subscriptions that the service lists, at most as many as one page of its list holds (1000 for the profile ticker).",
)
.unit(Unit::Count)
.source("subscriptions endpoint");

/// `service_memory_bytes`.
pub const MEMORY: Metric<0> =
    Metric::gauge("service_memory_bytes", &[], "Resident memory of the service as it reports it.")
        .unit(Unit::Bytes)
        .source("service endpoint");

/// `service_cpu_usage_ratio`.
pub const CPU: Metric<0> =
    Metric::gauge("service_cpu_usage_ratio", &[], "CPU time that the service uses as it reports it; 1 is one core.")
        .unit(Unit::Ratio)
        .source("service endpoint");

/// `service_report_timestamp_seconds`.
pub const REPORT_TIMESTAMP: Metric<0> = Metric::gauge(
    "service_report_timestamp_seconds",
    &[],
    "When the service made the report that the backpressure numbers come from, by its own clock.",
)
.unit(Unit::UnixSeconds)
.source("service endpoint");

/// `service_websocket_connections`.
pub const WEBSOCKET_CONNECTIONS: Metric<0> =
    Metric::gauge("service_websocket_connections", &[], "WebSocket connections of the service that are open.")
        .unit(Unit::Count)
        .source("WebSocket summary endpoint");

/// `service_websocket_channel_connections`.
pub const WEBSOCKET_CHANNEL_CONNECTIONS: Metric<1> = Metric::gauge(
    "service_websocket_channel_connections",
    &["channel"],
    "Open WebSocket connections by channel, the largest ones; the rest is __other__.",
)
.unit(Unit::Count)
.source("WebSocket summary endpoint");

/// `service_websocket_connections_created_total`.
pub const WEBSOCKET_CREATED: Metric<0> = Metric::counter(
    "service_websocket_connections_created_total",
    &[],
    "WebSocket connections opened since the start of the service.",
)
.unit(Unit::Count)
.source("WebSocket summary endpoint");

/// `service_websocket_connections_closed_total`.
pub const WEBSOCKET_CLOSED: Metric<0> = Metric::counter(
    "service_websocket_connections_closed_total",
    &[],
    "WebSocket connections closed since the start of the service.",
)
.unit(Unit::Count)
.source("WebSocket summary endpoint");

/// `service_websocket_message_rate`.
pub const WEBSOCKET_MESSAGE_RATE: Metric<1> = Metric::gauge(
    "service_websocket_message_rate",
    &["window"],
    "WebSocket messages a second, over the window that the label names.",
)
.unit(Unit::PerSecond)
.source("WebSocket summary endpoint");

/// `service_websocket_message_latency_seconds`.
pub const WEBSOCKET_LATENCY: Metric<1> = Metric::gauge(
    "service_websocket_message_latency_seconds",
    &["stat"],
    "Delivery latency of WebSocket messages: avg, p50, p95, p99 and max of the service's own samples.",
)
.unit(Unit::Seconds)
.source("WebSocket summary endpoint");

/// `service_websocket_errors_total`.
pub const WEBSOCKET_ERRORS: Metric<0> =
    Metric::counter("service_websocket_errors_total", &[], "WebSocket errors since the start of the service.")
        .unit(Unit::Count)
        .source("WebSocket summary endpoint");

/// `service_websocket_pool_connections`.
pub const WEBSOCKET_POOL_CONNECTIONS: Metric<1> = Metric::gauge(
    "service_websocket_pool_connections",
    &["account"],
    "Upstream WebSocket connections of the service by account.",
)
.unit(Unit::Count)
.source("WebSocket pool endpoint");

/// `service_websocket_pool_subscriptions`.
pub const WEBSOCKET_POOL_SUBSCRIPTIONS: Metric<1> = Metric::gauge(
    "service_websocket_pool_subscriptions",
    &["account"],
    "Instruments that the upstream WebSocket connections of an account have subscribed.",
)
.unit(Unit::Count)
.source("WebSocket pool endpoint");

/// `service_websocket_pool_capacity`.
pub const WEBSOCKET_POOL_CAPACITY: Metric<1> = Metric::gauge(
    "service_websocket_pool_capacity",
    &["account"],
    "Instruments that the upstream WebSocket connections of an account can subscribe.",
)
.unit(Unit::Count)
.source("WebSocket pool endpoint");

/// Everything above.
pub(super) fn metrics() -> Vec<MetricInfo> {
    vec![
        *HEALTH.info(),
        *DEPENDENCY_HEALTH.info(),
        *LOAD.info(),
        *REQUESTS.info(),
        *REQUESTS_MAX.info(),
        *SUBSCRIPTIONS.info(),
        *MEMORY.info(),
        *CPU.info(),
        *REPORT_TIMESTAMP.info(),
        *WEBSOCKET_CONNECTIONS.info(),
        *WEBSOCKET_CHANNEL_CONNECTIONS.info(),
        *WEBSOCKET_CREATED.info(),
        *WEBSOCKET_CLOSED.info(),
        *WEBSOCKET_MESSAGE_RATE.info(),
        *WEBSOCKET_LATENCY.info(),
        *WEBSOCKET_ERRORS.info(),
        *WEBSOCKET_POOL_CONNECTIONS.info(),
        *WEBSOCKET_POOL_SUBSCRIPTIONS.info(),
        *WEBSOCKET_POOL_CAPACITY.info(),
    ]
}
