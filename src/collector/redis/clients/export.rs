//! From a summary to metrics.

use clientlist::{ClientClass, ClientSummary, OutputBuffer, PoolState};

use crate::metric::vocabulary::resources::{
    POOL_BUSY_CONNECTIONS, POOL_MAX_CONNECTIONS, POOL_OPEN_CONNECTIONS, POOL_OPEN_RATIO,
};
use crate::metric::{Families, MetricInfo, metrics};

#[cfg(test)]
mod tests;

metrics! {
    fn own;
    CLIENTS: gauge "redis_clients" ["class"] Count,
        "Connections by class: normal, blocked, pubsub, replica, monitor or master; the agent's own are among them.",
        "CLIENT LIST flags, sub, psub, ssub";
    OUTPUT_BUFFER_BYTES: gauge "redis_client_output_buffer_bytes" ["class"] Bytes,
        "Replies and messages that wait in the output lists of the clients, by class.", "CLIENT LIST omem";
    QUERY_BUFFER_BYTES: gauge "redis_client_query_buffer_bytes" ["class"] Bytes,
        "Memory of the clients' query buffers, used and free, by class.", "CLIENT LIST qbuf + qbuf-free";
    MEMORY_BYTES: gauge "redis_client_memory_bytes" ["class"] Bytes,
        "Memory of the clients with all their buffers, by class.", "CLIENT LIST tot-mem, Redis >= 6.2";
    OUTPUT_BUFFER_LIMIT_RATIO_MAX: gauge "redis_client_output_buffer_limit_ratio_max" ["class"] Ratio,
        "Largest fraction of its hard output buffer limit that a client of the class fills; at 1 the server closes it.",
        "CLIENT LIST omem / CONFIG GET client-output-buffer-limit";
    OVER_SOFT_LIMIT: gauge "redis_clients_over_soft_output_buffer_limit" ["class"] Count,
        "Clients at or over the soft output buffer limit of their class, which the server closes when they stay there.",
        "CLIENT LIST omem, CONFIG GET client-output-buffer-limit";
    CLIENTS_BY_NAME: gauge "redis_clients_by_name" ["name"] Count,
        "Connections by client name, without the agent's own: the most frequent names, __unnamed__, and __other__ for \
         the rest.", "CLIENT LIST name";
    CLIENTS_BY_USER: gauge "redis_clients_by_user" ["user"] Count,
        "Connections by ACL user, without the agent's own: the most frequent ones, and __other__ for the rest.",
        "CLIENT LIST user, Redis >= 6.0";
    CLIENTS_BY_DB: gauge "redis_clients_by_db" ["db"] Count,
        "Connections by selected database, without the agent's own: the most frequent ones, and __other__ for the rest.",
        "CLIENT LIST db";
    CLIENTS_BY_ADDRESS: gauge "redis_clients_by_address" ["address"] Count,
        "Connections by the client's address without its port, without the agent's own: the most frequent ones, unix for \
         the Unix socket, and __other__ for the rest.", "CLIENT LIST addr";
    CLIENTS_BY_LIBRARY: gauge "redis_clients_by_library" ["lib"] Count,
        "Connections by client library, without the agent's own: the most frequent ones, none, and __other__ for the rest.",
        "CLIENT LIST lib-name, Redis >= 7.2";
    TOP_BYTES: gauge "redis_client_output_buffer_top_bytes" ["client", "class"] Bytes,
        "The largest output list among the clients of that name, else library, else user, else host.",
        "CLIENT LIST omem";
    TOP_LIMIT_RATIO: gauge "redis_client_output_buffer_top_limit_ratio" ["client", "class"] Ratio,
        "Fraction of its hard output buffer limit that the largest output list of the group fills.",
        "CLIENT LIST omem / CONFIG GET client-output-buffer-limit";
    TOP_NEARNESS: gauge "redis_client_output_buffer_top_cutoff_ratio" ["client", "class"] Ratio,
        "How near the server is to closing a client of the group, the nearest one: the fraction of its hard output buffer \
         limit that its output list fills; over the soft limit from 0.25 at least to 1, when the soft limit's time is up.",
        "CLIENT LIST omem / CONFIG GET client-output-buffer-limit";
    TOP_GROWTH: gauge "redis_client_output_buffer_top_growth_bytes_per_second" ["client", "class"] BytesPerSecond,
        "How fast the largest output list of the group grew since the previous poll; negative when it drains.",
        "CLIENT LIST omem, id";
    STALE: gauge "redis_stale_connections" [] Count,
        "Normal connections idle for longer than stale_after that are neither subscribed, blocked nor in MULTI.",
        "CLIENT LIST idle, flags, sub, psub, ssub, multi";
    MALFORMED: gauge "redis_client_list_malformed" ["kind"] Count,
        "Lines and fields of the last CLIENT LIST reply that could not be read and were left out.", "CLIENT LIST";
}

/// Everything that [`export`] may push.
#[must_use]
pub fn metrics() -> Vec<MetricInfo> {
    let shared = [&POOL_OPEN_CONNECTIONS, &POOL_MAX_CONNECTIONS, &POOL_OPEN_RATIO, &POOL_BUSY_CONNECTIONS];
    [own(), shared.map(|metric| *metric.info()).to_vec()].concat()
}

/// Exports a summary. What the server did not send is left out.
pub fn export(summary: &ClientSummary, out: &mut Families) {
    for class in ClientClass::ALL {
        export_class(summary, class, out);
    }
    for (metric, counts) in [
        (&CLIENTS_BY_NAME, &summary.by_name),
        (&CLIENTS_BY_USER, &summary.by_user),
        (&CLIENTS_BY_DB, &summary.by_database),
        (&CLIENTS_BY_ADDRESS, &summary.by_address),
        (&CLIENTS_BY_LIBRARY, &summary.by_library),
    ] {
        for (value, count) in counts {
            out.push(metric, [value], *count as f64);
        }
    }
    for buffer in &summary.top_output_buffers {
        export_output_buffer(buffer, out);
    }
    out.push(&STALE, [], summary.stale as f64);
    out.push(&MALFORMED, ["line"], summary.malformed_lines as f64);
    out.push(&MALFORMED, ["field"], summary.malformed_fields as f64);
    for pool in &summary.pools {
        export_pool(pool, out);
    }
}

fn export_class(summary: &ClientSummary, class: ClientClass, out: &mut Families) {
    let totals = summary.class(class);
    let labels = [class.as_str()];
    out.push(&CLIENTS, labels, totals.clients as f64);
    if summary.reported.output {
        out.push(&OUTPUT_BUFFER_BYTES, labels, totals.output_bytes as f64);
        out.push_known(&OUTPUT_BUFFER_LIMIT_RATIO_MAX, labels, totals.limit_ratio_max);
        out.push_known(&OVER_SOFT_LIMIT, labels, totals.over_soft_limit.map(|clients| clients as f64));
    }
    if summary.reported.query {
        out.push(&QUERY_BUFFER_BYTES, labels, totals.query_bytes as f64);
    }
    if summary.reported.memory {
        out.push(&MEMORY_BYTES, labels, totals.memory_bytes as f64);
    }
}

fn export_output_buffer(buffer: &OutputBuffer, out: &mut Families) {
    let labels = [buffer.client.as_str(), buffer.class.as_str()];
    out.push(&TOP_BYTES, labels, buffer.bytes as f64);
    out.push_known(&TOP_LIMIT_RATIO, labels, buffer.limit_ratio);
    out.push_known(&TOP_NEARNESS, labels, buffer.nearness);
    out.push_known(&TOP_GROWTH, labels, buffer.growth);
}

fn export_pool(pool: &PoolState, out: &mut Families) {
    let labels = [pool.name.as_str()];
    out.push(&POOL_OPEN_CONNECTIONS, labels, pool.open as f64);
    out.push_known(&POOL_MAX_CONNECTIONS, labels, pool.max.map(|max| max as f64));
    out.push_known(&POOL_OPEN_RATIO, labels, pool.open_ratio());
    out.push_known(&POOL_BUSY_CONNECTIONS, labels, pool.busy.map(|busy| busy as f64));
}
