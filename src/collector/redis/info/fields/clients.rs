//! The numbers of the section Clients.

use super::{Field, gauge};
use crate::metric::Unit::{Bytes, Seconds};

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "connected_clients",
        gauge("redis_connected_clients", "Client connections, without those of replicas.").source("INFO clients"),
    ),
    Field::raw(
        "cluster_connections",
        gauge("redis_cluster_connections", "Approximate number of sockets that the cluster bus uses.")
            .source("INFO clients, Redis >= 6.2"),
    ),
    Field::raw(
        "maxclients",
        gauge("redis_max_clients", "Limit on connections: clients, replicas and cluster links together.")
            .source("INFO clients, Redis >= 6.2"),
    ),
    Field::raw(
        "client_longest_output_list",
        gauge("redis_client_longest_output_list", "Longest output list among the client connections.")
            .source("INFO clients, Redis < 5.0"),
    ),
    Field::raw(
        "client_biggest_input_buf",
        gauge("redis_client_biggest_input_buf", "Biggest input buffer among the client connections.")
            .unit(Bytes)
            .source("INFO clients, Redis < 5.0"),
    ),
    Field::raw(
        "client_recent_max_input_buffer",
        gauge(
            "redis_client_recent_max_input_buffer_bytes",
            "Biggest input buffer among the client connections of late.",
        )
        .unit(Bytes)
        .source("INFO clients, Redis >= 5.0"),
    ),
    Field::raw(
        "client_recent_max_output_buffer",
        gauge(
            "redis_client_recent_max_output_buffer_bytes",
            "Biggest output buffer among the client connections of late.",
        )
        .unit(Bytes)
        .source("INFO clients, Redis >= 5.0"),
    ),
    Field::raw(
        "blocked_clients",
        gauge("redis_blocked_clients", "Clients waiting in a blocking command such as BLPOP.").source("INFO clients"),
    ),
    Field::raw(
        "tracking_clients",
        gauge("redis_tracking_clients", "Clients with client side caching switched on.")
            .source("INFO clients, Redis >= 6.0"),
    ),
    Field::raw(
        "pubsub_clients",
        gauge("redis_pubsub_clients", "Clients in pub/sub mode.").source("INFO clients, Redis >= 7.4"),
    ),
    Field::raw(
        "watching_clients",
        gauge("redis_watching_clients", "Clients with at least one WATCHed key.").source("INFO clients, Redis >= 7.4"),
    ),
    Field::raw(
        "clients_in_timeout_table",
        gauge("redis_clients_in_timeout_table", "Clients in the table of timeouts.")
            .source("INFO clients, Redis >= 6.0"),
    ),
    Field::raw(
        "total_watched_keys",
        gauge("redis_total_watched_keys", "Keys that clients WATCH.").source("INFO clients, Redis >= 7.4"),
    ),
    Field::raw(
        "total_blocking_keys",
        gauge("redis_total_blocking_keys", "Keys that clients are blocked on.").source("INFO clients, Redis >= 7.2"),
    ),
    Field::raw(
        "total_blocking_keys_on_nokey",
        gauge(
            "redis_total_blocking_keys_on_nokey",
            "Keys whose blocked clients are to be woken when the key is deleted.",
        )
        .source("INFO clients, Redis >= 7.2"),
    ),
    Field::millis(
        "paused_timeout_milliseconds",
        gauge("redis_paused_timeout_seconds", "Time left of a CLIENT PAUSE.")
            .unit(Seconds)
            .source("INFO clients, Valkey >= 8.1"),
    ),
];
