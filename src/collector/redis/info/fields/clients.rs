//! The numbers of the section Clients.

use super::Field::{self, Millis, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("connected_clients") => gauge "redis_connected_clients" [] Count,
        "Client connections, without those of replicas.", "INFO clients";
    Raw("cluster_connections") => gauge "redis_cluster_connections" [] Count,
        "Approximate number of sockets that the cluster bus uses.", "INFO clients, Redis >= 6.2";
    Raw("maxclients") => gauge "redis_max_clients" [] Count,
        "Limit on connections: clients, replicas and cluster links together.", "INFO clients, Redis >= 6.2";
    Raw("client_longest_output_list") => gauge "redis_client_longest_output_list" [] Count,
        "Longest output list among the client connections.", "INFO clients, Redis < 5.0";
    Raw("client_biggest_input_buf") => gauge "redis_client_biggest_input_buf" [] Bytes,
        "Biggest input buffer among the client connections.", "INFO clients, Redis < 5.0";
    Raw("client_recent_max_input_buffer") => gauge "redis_client_recent_max_input_buffer_bytes" [] Bytes,
        "Biggest recent input buffer among the client connections.", "INFO clients, Redis >= 5.0";
    Raw("client_recent_max_output_buffer") => gauge "redis_client_recent_max_output_buffer_bytes" [] Bytes,
        "Biggest recent output buffer among the client connections.", "INFO clients, Redis >= 5.0";
    Raw("blocked_clients") => gauge "redis_blocked_clients" [] Count,
        "Clients waiting in a blocking command such as BLPOP.", "INFO clients";
    Raw("tracking_clients") => gauge "redis_tracking_clients" [] Count,
        "Clients with client side caching switched on.", "INFO clients, Redis >= 6.0";
    Raw("pubsub_clients") => gauge "redis_pubsub_clients" [] Count,
        "Clients in pub/sub mode.", "INFO clients, Redis >= 7.4";
    Raw("watching_clients") => gauge "redis_watching_clients" [] Count,
        "Clients with at least one WATCHed key.", "INFO clients, Redis >= 7.4";
    Raw("clients_in_timeout_table") => gauge "redis_clients_in_timeout_table" [] Count,
        "Clients in the table of timeouts.", "INFO clients, Redis >= 6.0";
    Raw("total_watched_keys") => gauge "redis_total_watched_keys" [] Count,
        "Keys that clients WATCH.", "INFO clients, Redis >= 7.4";
    Raw("total_blocking_keys") => gauge "redis_total_blocking_keys" [] Count,
        "Keys that clients are blocked on.", "INFO clients, Redis >= 7.2";
    Raw("total_blocking_keys_on_nokey") => gauge "redis_total_blocking_keys_on_nokey" [] Count,
        "Keys whose blocked clients are to be woken when the key is deleted.", "INFO clients, Redis >= 7.2";
    Millis("paused_timeout_milliseconds") => gauge "redis_paused_timeout_seconds" [] Seconds,
        "Time left of a CLIENT PAUSE.", "INFO clients, Valkey >= 8.1";
}
