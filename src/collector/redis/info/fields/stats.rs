//! The numbers of the sections Stats and TLS, without what concerns keys.

use super::Field::{self, Micros, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("total_connections_received") => counter "redis_connections_received_total" [] Count,
        "Connections accepted.", "INFO stats";
    Raw("total_commands_processed") => counter "redis_commands_processed_total" [] Count,
        "Commands processed.", "INFO stats";
    Raw("instantaneous_ops_per_sec") => gauge "redis_instantaneous_ops_per_sec" [] PerSecond,
        "Commands processed per second recently, as the server samples them.", "INFO stats";
    Raw("total_net_input_bytes") => counter "redis_net_input_bytes_total" [] Bytes,
        "Bytes read from the network.", "INFO stats, Redis >= 3.0";
    Raw("total_net_output_bytes") => counter "redis_net_output_bytes_total" [] Bytes,
        "Bytes written to the network.", "INFO stats, Redis >= 3.0";
    Raw("total_net_repl_input_bytes") => counter "redis_net_repl_input_bytes_total" [] Bytes,
        "Bytes read from the network for replication.", "INFO stats, Redis >= 7.0";
    Raw("total_net_repl_output_bytes") => counter "redis_net_repl_output_bytes_total" [] Bytes,
        "Bytes written to the network for replication.", "INFO stats, Redis >= 7.0";
    Raw("instantaneous_input_kbps") => gauge "redis_instantaneous_input_kbps" [] KibibytesPerSecond,
        "Recent network input, in KiB per second.", "INFO stats, Redis >= 3.0";
    Raw("instantaneous_output_kbps") => gauge "redis_instantaneous_output_kbps" [] KibibytesPerSecond,
        "Recent network output, in KiB per second.", "INFO stats, Redis >= 3.0";
    Raw("instantaneous_input_repl_kbps") => gauge "redis_instantaneous_input_repl_kbps" [] KibibytesPerSecond,
        "Recent network input for replication, in KiB per second.", "INFO stats, Redis >= 7.0";
    Raw("instantaneous_output_repl_kbps") => gauge "redis_instantaneous_output_repl_kbps" [] KibibytesPerSecond,
        "Recent network output for replication, in KiB per second.", "INFO stats, Redis >= 7.0";
    Raw("rejected_connections") => counter "redis_rejected_connections_total" [] Count,
        "Connections refused because of the limit on clients.", "INFO stats";
    Raw("sync_full") => gauge "redis_replica_resyncs_full" [] Count,
        "Full synchronisations with replicas.", "INFO stats";
    Raw("sync_partial_ok") => gauge "redis_replica_partial_resync_accepted" [] Count,
        "Partial synchronisations that were accepted.", "INFO stats";
    Raw("sync_partial_err") => gauge "redis_replica_partial_resync_denied" [] Count,
        "Partial synchronisations that were denied.", "INFO stats";
    Raw("pubsub_channels") => gauge "redis_pubsub_channels" [] Count,
        "Pub/sub channels with at least one subscriber.", "INFO stats";
    Raw("pubsub_patterns") => gauge "redis_pubsub_patterns" [] Count,
        "Pub/sub patterns with at least one subscriber.", "INFO stats";
    Raw("pubsubshard_channels") => gauge "redis_pubsubshard_channels" [] Count,
        "Sharded pub/sub channels with at least one subscriber.", "INFO stats, Redis >= 7.0";
    Micros("latest_fork_usec") => gauge "redis_latest_fork_seconds" [] Seconds,
        "Duration of the latest fork.", "INFO stats";
    Raw("total_forks") => counter "redis_forks_total" [] Count,
        "Forks since the server started.", "INFO stats, Redis >= 6.2";
    Raw("unexpected_error_replies") => counter "redis_unexpected_error_replies" [] Count,
        "Error replies to the master or from the append only file.", "INFO stats, Redis >= 6.0";
    Raw("total_error_replies") => counter "redis_total_error_replies" [] Count,
        "Error replies: rejected and failed commands together.", "INFO stats, Redis >= 6.2";
    Raw("dump_payload_sanitizations") => counter "redis_dump_payload_sanitizations" [] Count,
        "Deep checks of dump payloads.", "INFO stats, Redis >= 6.2";
    Raw("total_reads_processed") => counter "redis_total_reads_processed" [] Count,
        "Read events processed.", "INFO stats, Redis >= 6.0";
    Raw("total_writes_processed") => counter "redis_total_writes_processed" [] Count,
        "Write events processed.", "INFO stats, Redis >= 6.0";
    Raw("io_threaded_reads_processed") => counter "redis_io_threaded_reads_processed" [] Count,
        "Read events processed by I/O threads.", "INFO stats, Redis >= 6.0";
    Raw("io_threaded_writes_processed") => counter "redis_io_threaded_writes_processed" [] Count,
        "Write events processed by I/O threads.", "INFO stats, Redis >= 6.0";
    Raw("io_threaded_freed_objects") => counter "redis_io_threaded_freed_objects_total" [] Count,
        "Objects freed by I/O threads.", "INFO stats, Valkey >= 8.0";
    Raw("io_threaded_poll_processed") => counter "redis_io_threaded_polls_processed_total" [] Count,
        "Polls of the event loop done by I/O threads.", "INFO stats, Valkey >= 8.0";
    Raw("io_threaded_total_prefetch_batches") => counter "redis_io_threaded_prefetch_batches_total" [] Count,
        "Batches of keys that were prefetched.", "INFO stats, Redis >= 8.0, Valkey >= 8.0";
    Raw("io_threaded_total_prefetch_entries") => counter "redis_io_threaded_prefetch_entries_total" [] Count,
        "Keys that were prefetched.", "INFO stats, Redis >= 8.0, Valkey >= 8.0";
    Raw("client_query_buffer_limit_disconnections") => counter "redis_client_query_buffer_limit_disconnections_total" [] Count,
        "Clients disconnected because their query buffer was too big.", "INFO stats, Redis >= 7.4";
    Raw("client_output_buffer_limit_disconnections") => counter "redis_client_output_buffer_limit_disconnections_total" [] Count,
        "Clients disconnected because their output buffer was too big.", "INFO stats, Redis >= 7.4";
    Raw("reply_buffer_shrinks") => counter "redis_reply_buffer_shrinks_total" [] Count,
        "Times that a reply buffer was made smaller.", "INFO stats, Redis >= 7.0";
    Raw("reply_buffer_expands") => counter "redis_reply_buffer_expands_total" [] Count,
        "Times that a reply buffer was made bigger.", "INFO stats, Redis >= 7.0";
    Raw("eventloop_cycles") => counter "redis_eventloop_cycles_total" [] Count,
        "Cycles of the event loop.", "INFO stats, Redis >= 7.2";
    Raw("eventloop_duration_sum") => counter "redis_eventloop_duration_sum_usec_total" [] Microseconds,
        "Time spent in the event loop, in microseconds.", "INFO stats, Redis >= 7.2";
    Raw("eventloop_duration_cmd_sum") => counter "redis_eventloop_duration_cmd_sum_usec_total" [] Microseconds,
        "Time spent in the event loop on commands, in microseconds.", "INFO stats, Redis >= 7.2";
    Raw("instantaneous_eventloop_cycles_per_sec") => gauge "redis_instantaneous_eventloop_cycles_per_sec" [] PerSecond,
        "Recent cycles of the event loop per second.", "INFO stats, Redis >= 7.2";
    Raw("instantaneous_eventloop_duration_usec") => gauge "redis_instantaneous_eventloop_duration_usec" [] Microseconds,
        "Recent mean duration of a cycle of the event loop, in microseconds.", "INFO stats, Redis >= 7.2";
    Raw("acl_access_denied_auth") => counter "redis_acl_access_denied_auth_total" [] Count,
        "Failed authentications.", "INFO stats, Redis >= 7.2";
    Raw("acl_access_denied_cmd") => counter "redis_acl_access_denied_cmd_total" [] Count,
        "Commands refused because the user may not run them.", "INFO stats, Redis >= 7.2";
    Raw("acl_access_denied_key") => counter "redis_acl_access_denied_key_total" [] Count,
        "Commands refused because of a key that the user may not use.", "INFO stats, Redis >= 7.2";
    Raw("acl_access_denied_channel") => counter "redis_acl_access_denied_channel_total" [] Count,
        "Commands refused because of a channel that the user may not use.", "INFO stats, Redis >= 7.2";
    Raw("acl_access_denied_db") => counter "redis_acl_access_denied_db_total" [] Count,
        "Commands refused because of a database that the user may not use.", "INFO stats, Valkey >= 9.1";
    Raw("acl_access_denied_tls_cert") => counter "redis_acl_access_denied_tls_cert_total" [] Count,
        "Failed authentications by TLS certificate.", "INFO stats, Valkey >= 9.1";
    Raw("tls_server_cert_expires_in_seconds") => gauge "redis_tls_server_cert_expires_in_seconds" [] Seconds,
        "Time until the server's TLS certificate expires.", "INFO tls, Valkey >= 9.1";
    Raw("tls_client_cert_expires_in_seconds") => gauge "redis_tls_client_cert_expires_in_seconds" [] Seconds,
        "Time until the TLS certificate for outgoing connections expires.", "INFO tls, Valkey >= 9.1";
    Raw("tls_ca_cert_expires_in_seconds") => gauge "redis_tls_ca_cert_expires_in_seconds" [] Seconds,
        "Time until the TLS certificate of the certificate authority expires.", "INFO tls, Valkey >= 9.1";
}
