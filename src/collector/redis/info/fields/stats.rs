//! The numbers of the sections Stats and TLS, without what concerns keys.

use super::{Field, counter, gauge};
use crate::metric::Unit::{Bytes, KibibytesPerSecond, Microseconds, PerSecond, Seconds};

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "total_connections_received",
        counter("redis_connections_received_total", "Connections accepted.").source("INFO stats"),
    ),
    Field::raw(
        "total_commands_processed",
        counter("redis_commands_processed_total", "Commands processed.").source("INFO stats"),
    ),
    Field::raw(
        "instantaneous_ops_per_sec",
        gauge("redis_instantaneous_ops_per_sec", "Commands processed per second of late, as the server samples it.")
            .unit(PerSecond)
            .source("INFO stats"),
    ),
    Field::raw(
        "total_net_input_bytes",
        counter("redis_net_input_bytes_total", "Bytes read from the network.")
            .unit(Bytes)
            .source("INFO stats, Redis >= 3.0"),
    ),
    Field::raw(
        "total_net_output_bytes",
        counter("redis_net_output_bytes_total", "Bytes written to the network.")
            .unit(Bytes)
            .source("INFO stats, Redis >= 3.0"),
    ),
    Field::raw(
        "total_net_repl_input_bytes",
        counter("redis_net_repl_input_bytes_total", "Bytes read from the network for replication.")
            .unit(Bytes)
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "total_net_repl_output_bytes",
        counter("redis_net_repl_output_bytes_total", "Bytes written to the network for replication.")
            .unit(Bytes)
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "instantaneous_input_kbps",
        gauge("redis_instantaneous_input_kbps", "Network input of late, in KiB per second.")
            .unit(KibibytesPerSecond)
            .source("INFO stats, Redis >= 3.0"),
    ),
    Field::raw(
        "instantaneous_output_kbps",
        gauge("redis_instantaneous_output_kbps", "Network output of late, in KiB per second.")
            .unit(KibibytesPerSecond)
            .source("INFO stats, Redis >= 3.0"),
    ),
    Field::raw(
        "instantaneous_input_repl_kbps",
        gauge("redis_instantaneous_input_repl_kbps", "Network input of late for replication, in KiB per second.")
            .unit(KibibytesPerSecond)
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "instantaneous_output_repl_kbps",
        gauge("redis_instantaneous_output_repl_kbps", "Network output of late for replication, in KiB per second.")
            .unit(KibibytesPerSecond)
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "rejected_connections",
        counter("redis_rejected_connections_total", "Connections refused because of the limit on clients.")
            .source("INFO stats"),
    ),
    Field::raw(
        "sync_full",
        gauge("redis_replica_resyncs_full", "Full synchronisations with replicas.").source("INFO stats"),
    ),
    Field::raw(
        "sync_partial_ok",
        gauge("redis_replica_partial_resync_accepted", "Partial synchronisations that were accepted.")
            .source("INFO stats"),
    ),
    Field::raw(
        "sync_partial_err",
        gauge("redis_replica_partial_resync_denied", "Partial synchronisations that were denied.").source("INFO stats"),
    ),
    Field::raw(
        "pubsub_channels",
        gauge("redis_pubsub_channels", "Pub/sub channels with at least one subscriber.").source("INFO stats"),
    ),
    Field::raw(
        "pubsub_patterns",
        gauge("redis_pubsub_patterns", "Pub/sub patterns with at least one subscriber.").source("INFO stats"),
    ),
    Field::raw(
        "pubsubshard_channels",
        gauge("redis_pubsubshard_channels", "Sharded pub/sub channels with at least one subscriber.")
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::micros(
        "latest_fork_usec",
        gauge("redis_latest_fork_seconds", "Duration of the latest fork.").unit(Seconds).source("INFO stats"),
    ),
    Field::raw(
        "total_forks",
        counter("redis_forks_total", "Forks since the server started.").source("INFO stats, Redis >= 6.2"),
    ),
    Field::raw(
        "unexpected_error_replies",
        counter("redis_unexpected_error_replies", "Error replies to the master or from the append only file.")
            .source("INFO stats, Redis >= 6.0"),
    ),
    Field::raw(
        "total_error_replies",
        counter("redis_total_error_replies", "Error replies: rejected and failed commands together.")
            .source("INFO stats, Redis >= 6.2"),
    ),
    Field::raw(
        "dump_payload_sanitizations",
        counter("redis_dump_payload_sanitizations", "Deep checks of dump payloads.").source("INFO stats, Redis >= 6.2"),
    ),
    Field::raw(
        "total_reads_processed",
        counter("redis_total_reads_processed", "Read events processed.").source("INFO stats, Redis >= 6.0"),
    ),
    Field::raw(
        "total_writes_processed",
        counter("redis_total_writes_processed", "Write events processed.").source("INFO stats, Redis >= 6.0"),
    ),
    Field::raw(
        "io_threaded_reads_processed",
        counter("redis_io_threaded_reads_processed", "Read events processed by I/O threads.")
            .source("INFO stats, Redis >= 6.0"),
    ),
    Field::raw(
        "io_threaded_writes_processed",
        counter("redis_io_threaded_writes_processed", "Write events processed by I/O threads.")
            .source("INFO stats, Redis >= 6.0"),
    ),
    Field::raw(
        "io_threaded_freed_objects",
        counter("redis_io_threaded_freed_objects_total", "Objects freed by I/O threads.")
            .source("INFO stats, Valkey >= 8.0"),
    ),
    Field::raw(
        "io_threaded_poll_processed",
        counter("redis_io_threaded_polls_processed_total", "Polls of the event loop done by I/O threads.")
            .source("INFO stats, Valkey >= 8.0"),
    ),
    Field::raw(
        "io_threaded_total_prefetch_batches",
        counter("redis_io_threaded_prefetch_batches_total", "Batches of keys that were prefetched.")
            .source("INFO stats, Redis >= 8.0, Valkey >= 8.0"),
    ),
    Field::raw(
        "io_threaded_total_prefetch_entries",
        counter("redis_io_threaded_prefetch_entries_total", "Keys that were prefetched.")
            .source("INFO stats, Redis >= 8.0, Valkey >= 8.0"),
    ),
    Field::raw(
        "client_query_buffer_limit_disconnections",
        counter(
            "redis_client_query_buffer_limit_disconnections_total",
            "Clients disconnected for too big a query buffer.",
        )
        .source("INFO stats, Redis >= 7.4"),
    ),
    Field::raw(
        "client_output_buffer_limit_disconnections",
        counter(
            "redis_client_output_buffer_limit_disconnections_total",
            "Clients disconnected for too big an output buffer.",
        )
        .source("INFO stats, Redis >= 7.4"),
    ),
    Field::raw(
        "reply_buffer_shrinks",
        counter("redis_reply_buffer_shrinks_total", "Times that a reply buffer was made smaller.")
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "reply_buffer_expands",
        counter("redis_reply_buffer_expands_total", "Times that a reply buffer was made bigger.")
            .source("INFO stats, Redis >= 7.0"),
    ),
    Field::raw(
        "eventloop_cycles",
        counter("redis_eventloop_cycles_total", "Cycles of the event loop.").source("INFO stats, Redis >= 7.2"),
    ),
    Field::raw(
        "eventloop_duration_sum",
        counter("redis_eventloop_duration_sum_usec_total", "Time spent in the event loop, in microseconds.")
            .unit(Microseconds)
            .source("INFO stats, Redis >= 7.2"),
    ),
    Field::raw(
        "eventloop_duration_cmd_sum",
        counter(
            "redis_eventloop_duration_cmd_sum_usec_total",
            "Time spent in the event loop on commands, in microseconds.",
        )
        .unit(Microseconds)
        .source("INFO stats, Redis >= 7.2"),
    ),
    Field::raw(
        "instantaneous_eventloop_cycles_per_sec",
        gauge("redis_instantaneous_eventloop_cycles_per_sec", "Cycles of the event loop per second of late.")
            .unit(PerSecond)
            .source("INFO stats, Redis >= 7.2"),
    ),
    Field::raw(
        "instantaneous_eventloop_duration_usec",
        gauge(
            "redis_instantaneous_eventloop_duration_usec",
            "Mean duration of a cycle of the event loop of late, in microseconds.",
        )
        .unit(Microseconds)
        .source("INFO stats, Redis >= 7.2"),
    ),
    Field::raw(
        "acl_access_denied_auth",
        counter("redis_acl_access_denied_auth_total", "Failed authentications.").source("INFO stats, Redis >= 7.2"),
    ),
    Field::raw(
        "acl_access_denied_cmd",
        counter("redis_acl_access_denied_cmd_total", "Commands refused because the user may not run them.")
            .source("INFO stats, Redis >= 7.2"),
    ),
    Field::raw(
        "acl_access_denied_key",
        counter("redis_acl_access_denied_key_total", "Commands refused because of a key that the user may not use.")
            .source("INFO stats, Redis >= 7.2"),
    ),
    Field::raw(
        "acl_access_denied_channel",
        counter(
            "redis_acl_access_denied_channel_total",
            "Commands refused because of a channel that the user may not use.",
        )
        .source("INFO stats, Redis >= 7.2"),
    ),
    Field::raw(
        "acl_access_denied_db",
        counter(
            "redis_acl_access_denied_db_total",
            "Commands refused because of a database that the user may not use.",
        )
        .source("INFO stats, Valkey >= 9.1"),
    ),
    Field::raw(
        "acl_access_denied_tls_cert",
        counter("redis_acl_access_denied_tls_cert_total", "Failed authentications by TLS certificate.")
            .source("INFO stats, Valkey >= 9.1"),
    ),
    Field::raw(
        "tls_server_cert_expires_in_seconds",
        gauge("redis_tls_server_cert_expires_in_seconds", "Time until the server's TLS certificate expires.")
            .unit(Seconds)
            .source("INFO tls, Valkey >= 9.1"),
    ),
    Field::raw(
        "tls_client_cert_expires_in_seconds",
        gauge(
            "redis_tls_client_cert_expires_in_seconds",
            "Time until the TLS certificate for outgoing connections expires.",
        )
        .unit(Seconds)
        .source("INFO tls, Valkey >= 9.1"),
    ),
    Field::raw(
        "tls_ca_cert_expires_in_seconds",
        gauge("redis_tls_ca_cert_expires_in_seconds", "Time until the TLS certificate of the authority expires.")
            .unit(Seconds)
            .source("INFO tls, Valkey >= 9.1"),
    ),
];
