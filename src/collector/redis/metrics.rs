//! What is exported of a Redis target as a whole: `redis_up` and its relatives, and the server's state.

use super::reply_error::STATES;
use crate::collector::Health;
use crate::metric::vocabulary::resources::CONNECTION_STATUS;
use crate::metric::{Families, MetricInfo, metrics};

metrics! {
    fn own;
    UP: gauge "redis_up" [] Bool, "Whether the last poll of the server succeeded.", "poll";
    SERVER_STATE: gauge "redis_server_state" ["state"] Bool,
        "State that the server reports: 1 for the current one, 0 for the others; unknown while it does not answer.",
        "error replies, INFO persistence";
    SCRAPES: counter "redis_exporter_scrapes_total" [] Count,
        "Polls of the server, under redis_exporter's name.", "poll";
    LAST_SCRAPE_ERROR: gauge "redis_exporter_last_scrape_error" ["err"] Bool,
        "Whether the last poll failed, under redis_exporter's name; err is the reason, one of a fixed set.", "poll";
    LAST_SCRAPE_DURATION: gauge "redis_exporter_last_scrape_duration_seconds" [] Seconds,
        "How long the last poll took, under redis_exporter's name.", "poll";
    SCRAPE_DURATION: summary "redis_exporter_scrape_duration_seconds" [] Seconds,
        "How long polls took, under redis_exporter's name.", "poll";
    CONNECT_TIME: gauge "redis_exporter_last_scrape_connect_time_seconds" [] Seconds,
        "How long the current connection took to open, TLS and AUTH included; it is kept between polls.", "connect";
    CLIENT_LIST_SKIPPED: gauge "redis_client_list_skipped" [] Bool,
        "Whether CLIENT LIST was left out of the last poll because more clients are connected than \
         client_list_max_clients, or because the reply would be over the server's client-output-buffer-limit normal.",
        "INFO clients, CONFIG GET";
}

/// Exports what is known whether or not the last poll succeeded.
pub(super) fn export_health(health: &Health<'_>, out: &mut Families) {
    out.push_bool(&UP, [], health.error.is_none());
    out.push_bool(&CONNECTION_STATUS, [], health.error.is_none());
    if let Some(error) = health.error {
        export_state(error.state.unwrap_or("unknown"), out);
    }
    out.push(&SCRAPES, [], health.polls as f64);
    let reason = health.error.map_or("", |error| error.reason.as_str());
    out.push_bool(&LAST_SCRAPE_ERROR, [reason], health.error.is_some());
    out.push(&LAST_SCRAPE_DURATION, [], health.last_duration.as_secs_f64());
    out.push_summary(&SCRAPE_DURATION, [], &[], health.total_duration.as_secs_f64(), health.polls as f64);
}

/// Exports the server's state.
pub(super) fn export_state(state: &str, out: &mut Families) {
    out.push_state_set(&SERVER_STATE, &STATES, state);
}

/// Exports what the poll learned about itself.
pub(super) fn export_poll(connect_seconds: f64, client_list_skipped: bool, out: &mut Families) {
    out.push(&CONNECT_TIME, [], connect_seconds);
    out.push_bool(&CLIENT_LIST_SKIPPED, [], client_list_skipped);
}

/// The metrics of this module.
pub(super) fn metrics() -> Vec<MetricInfo> {
    [own(), vec![*CONNECTION_STATUS.info()]].concat()
}
