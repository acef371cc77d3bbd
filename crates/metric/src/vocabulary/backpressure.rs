//! The pressure between what a service receives and what it publishes.

use crate::metrics;

metrics! {
    pub(super) fn metrics;
    pub LEVEL: gauge "backpressure_level" [] Count,
        "Backpressure level: 0 healthy, 1 warning, 2 critical, 3 overload; absent for a level that is none of these.",
        "backpressure endpoint";
    pub LEVEL_STATE: gauge "backpressure_level_state" ["level"] Bool,
        "Backpressure level: 1 for the current one, 0 for the others.", "backpressure endpoint";
    pub INGEST_RATE: gauge "backpressure_ingest_rate" [] PerSecond,
        "Messages received per second: from the service's counter since the previous fetch if it has one, else as the \
         service reports it.", "backpressure endpoint";
    pub PUBLISH_RATE: gauge "backpressure_publish_rate" [] PerSecond,
        "Messages published per second: from the service's counter since the previous fetch if it has one, else as \
         the service reports it.", "backpressure endpoint";
    pub RATE_RATIO: gauge "backpressure_rate_ratio" [] Ratio,
        "Publish rate divided by ingest rate; absent while nothing is received.", "computed";
    pub PUBLISH_RATIO: gauge "backpressure_publish_ratio" [] Ratio,
        "Messages published by those received and not sampled out, over backpressure_window_seconds: of the service's \
         counters, else of the rates that it tells. In the first tenth of that time what waits does not count. Absent \
         while nothing is received.", "computed";
    pub PUBLISH_LATENCY: gauge "backpressure_publish_latency_seconds" ["stat"] Seconds,
        "Time that a publish to Redis takes: avg, p95 and p99 of the service's own samples.", "backpressure endpoint";
    pub PENDING: gauge "backpressure_pending_publishes" [] Count,
        "Messages that wait to be published.", "backpressure endpoint";
    pub RECEIVED: counter "backpressure_received_total" [] Count,
        "Messages that the service received.", "the service's own metrics";
    pub PUBLISHED: counter "backpressure_published_total" [] Count,
        "Messages that the service published.", "publisher statistics";
    pub DROPPED: counter "backpressure_dropped_total" [] Count,
        "Messages that the service dropped.", "publisher statistics";
    pub SAMPLED_OUT: counter "backpressure_sampled_out_total" [] Count,
        "Messages that the service's sampling left out on purpose.", "publisher statistics";
    pub PUBLISH_ERRORS: counter "backpressure_publish_errors_total" [] Count,
        "Publishes to Redis that failed.", "backpressure endpoint";
    pub CONNECTION_ERRORS: counter "backpressure_connection_errors_total" [] Count,
        "Connections to Redis that failed.", "backpressure endpoint";
    pub DROP_RATIO: gauge "backpressure_drop_ratio" [] Ratio,
        "Dropped messages divided by all messages whose fate is known (published, dropped, sampled out), over \
         backpressure_window_seconds; absent without any.", "computed";
    pub SAMPLING_RATIO: gauge "backpressure_sampling_ratio" [] Ratio,
        "Fraction of the messages that the service's sampling let through since the previous fetch; absent without \
         messages.", "computed";
    pub UNACCOUNTED: gauge "backpressure_unaccounted_messages" [] Count,
        "Messages received over backpressure_window_seconds that were neither published, dropped nor sampled out and \
         are not pending: losses that nothing counts. Values near 0 are noise from the times of reading.", "computed";
    pub UNACCOUNTED_TOTAL: counter "backpressure_unaccounted_total" [] Count,
        "Messages that were received and were still neither published, dropped, sampled out nor pending at the next reading: \
         losses that nothing counts. Counted since the agent knows the service.", "computed";
    pub UNACCOUNTED_RATIO: gauge "backpressure_unaccounted_ratio" [] Ratio,
        "backpressure_unaccounted_messages divided by the messages received in the same time; absent without any.",
        "computed";
    pub WINDOW: gauge "backpressure_window_seconds" [] Seconds,
        "How far backpressure_drop_ratio and backpressure_unaccounted_messages look back at most.",
        "the configuration of the agent";
    pub BUFFER_SIZE: gauge "backpressure_buffer_size" [] Count,
        "Messages in the publisher's buffer.", "publisher statistics";
    pub BUFFER_CAPACITY: gauge "backpressure_buffer_capacity" [] Count,
        "Messages that the publisher's buffer can hold.", "publisher statistics";
    pub CIRCUIT_STATE: gauge "backpressure_circuit_state" ["state"] Bool,
        "State of the publisher's circuit breaker: 1 for the current one, 0 for the others.",
        "publisher statistics, circuit breaker endpoint";
    pub CIRCUIT_FAILURES: gauge "backpressure_circuit_failures" [] Count,
        "Failures that the circuit breaker counts at present.", "publisher statistics, circuit breaker endpoint";
    pub CIRCUIT_SUCCESSES: gauge "backpressure_circuit_successes" [] Count,
        "Successes that the circuit breaker counts on its way from half open to closed. The ticker profile knows them \
         only without publisher statistics.", "circuit breaker endpoint";
    pub CIRCUIT_LAST_FAILURE: gauge "backpressure_circuit_last_failure_timestamp_seconds" [] UnixSeconds,
        "When the circuit breaker last saw a failure; absent if it never did. The ticker profile knows it only \
         without publisher statistics.", "circuit breaker endpoint";
}
