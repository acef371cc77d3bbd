//! What a service says of itself: health, load, subscriptions, `WebSocket` connections.

use crate::metrics;

metrics! {
    pub(super) fn metrics;
    pub HEALTH: gauge "service_health" ["status"] Bool,
        "The service's own report of its health: 1 for the current status, 0 for the others. ok includes healthy and \
         up. unknown while the endpoint that tells it fails and another one answers.", "health endpoint";
    pub DEPENDENCY_HEALTH: gauge "service_dependency_health" ["dependency", "status"] Bool,
        "Health of what the service depends on, as it reports it: 1 for the current status, 0 for the others.",
        "health endpoint";
    pub LOAD: gauge "service_load_ratio" [] Ratio,
        "The service's own measure of its load; 1 is full load.", "load endpoint";
    pub REQUESTS: gauge "service_requests" ["state"] Count,
        "Requests in the service by state: active or queued.", "load endpoint";
    pub REQUESTS_MAX: gauge "service_max_concurrent_requests" [] Count,
        "Maximum number of requests that the service processes at a time.", "load endpoint";
    pub CONNECTIONS: gauge "service_connections" [] Count,
        "Open connections of a proxy or server, those of clients and those to what is behind it, as it counts them.",
        "status endpoint";
    pub MAX_CONNECTIONS: gauge "service_max_connections" [] Count,
        "Connections that a proxy or server can have open.", "max_connections of [[service]]; status endpoint";
    pub ALARM: gauge "service_alarm" ["alarm"] Bool,
        "An alarm that the service itself raises: 1 while it does. Of RabbitMQ memory and disk.", "status endpoint";
    pub SUBSCRIPTIONS: gauge "service_subscriptions" [] Count,
        "Subscriptions that the service lists, at most one page of its list (1000 for the profile ticker).",
        "subscriptions endpoint";
    pub MEMORY: gauge "service_memory_bytes" [] Bytes,
        "Resident memory of the service as it reports it.", "service endpoint";
    pub CPU: gauge "service_cpu_usage_ratio" [] Ratio,
        "CPU time that the service uses, as it reports it; 1 is one core.", "service endpoint";
    pub REPORT_TIMESTAMP: gauge "service_report_timestamp_seconds" [] UnixSeconds,
        "When the service made the report that the backpressure numbers come from, by its own clock.",
        "service endpoint";
    pub WEBSOCKET_CONNECTIONS: gauge "service_websocket_connections" [] Count,
        "Open WebSocket connections of the service.", "WebSocket summary endpoint";
    pub WEBSOCKET_CHANNEL_CONNECTIONS: gauge "service_websocket_channel_connections" ["channel"] Count,
        "Open WebSocket connections by channel, the largest ones; the rest is __other__.", "WebSocket summary endpoint";
    pub WEBSOCKET_CREATED: counter "service_websocket_connections_created_total" [] Count,
        "WebSocket connections opened since the start of the service.", "WebSocket summary endpoint";
    pub WEBSOCKET_CLOSED: counter "service_websocket_connections_closed_total" [] Count,
        "WebSocket connections closed since the start of the service.", "WebSocket summary endpoint";
    pub WEBSOCKET_MESSAGE_RATE: gauge "service_websocket_message_rate" ["window"] PerSecond,
        "WebSocket messages per second, over the window that the label names.", "WebSocket summary endpoint";
    pub WEBSOCKET_LATENCY: gauge "service_websocket_message_latency_seconds" ["stat"] Seconds,
        "Delivery latency of WebSocket messages: avg, p50, p95, p99 and max of the service's own samples.",
        "WebSocket summary endpoint";
    pub WEBSOCKET_ERRORS: counter "service_websocket_errors_total" [] Count,
        "WebSocket errors since the start of the service.", "WebSocket summary endpoint";
    pub WEBSOCKET_POOL_CONNECTIONS: gauge "service_websocket_pool_connections" ["account"] Count,
        "Upstream WebSocket connections of the service by account.", "WebSocket pool endpoint";
    pub WEBSOCKET_POOL_SUBSCRIPTIONS: gauge "service_websocket_pool_subscriptions" ["account"] Count,
        "Instruments that an account's upstream WebSocket connections have subscribed to.", "WebSocket pool endpoint";
    pub WEBSOCKET_POOL_CAPACITY: gauge "service_websocket_pool_capacity" ["account"] Count,
        "Instruments that an account's upstream WebSocket connections can subscribe to.", "WebSocket pool endpoint";
}
