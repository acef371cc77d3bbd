//! The pressure between what a service receives and what it publishes.

use crate::{Metric, MetricInfo, Unit};

/// `backpressure_level`.
pub const LEVEL: Metric<0> = Metric::gauge(
    "backpressure_level",
    &[],
    "Backpressure level: 0 healthy, 1 warning, 2 critical, 3 overload; absent for a level that is none of these.",
)
.unit(Unit::Count)
.source("backpressure endpoint");

/// `backpressure_level_state`.
pub const LEVEL_STATE: Metric<1> = Metric::gauge(
    "backpressure_level_state",
    &["level"],
    "Backpressure level: 1 for the current one, 0 for the others.",
)
.unit(Unit::Bool)
.source("backpressure endpoint");

/// `backpressure_ingest_rate`.
pub const INGEST_RATE: Metric<0> = Metric::gauge(
    "backpressure_ingest_rate",
    &[],
    "Messages a second that the service receives: from its counter since the fetch before, where it has one, else as it reports it.",
)
.unit(Unit::PerSecond)
.source("backpressure endpoint");

/// `backpressure_publish_rate`.
pub const PUBLISH_RATE: Metric<0> = Metric::gauge(
    "backpressure_publish_rate",
    &[],
    "Messages a second that the service publishes: from its counter since the fetch before, where it has one, else as it reports it.",
)
.unit(Unit::PerSecond)
.source("backpressure endpoint");

/// `backpressure_rate_ratio`.
pub const RATE_RATIO: Metric<0> =
    Metric::gauge("backpressure_rate_ratio", &[], "Publish rate by ingest rate; absent while nothing is received.")
        .unit(Unit::Ratio)
        .source("computed");

/// `backpressure_publish_latency_seconds`.
pub const PUBLISH_LATENCY: Metric<1> = Metric::gauge(
    "backpressure_publish_latency_seconds",
    &["stat"],
    "Time that a publish to Redis takes: avg, p95 and p99 of the service's own samples.",
)
.unit(Unit::Seconds)
.source("backpressure endpoint");

/// `backpressure_pending_publishes`.
pub const PENDING: Metric<0> =
    Metric::gauge("backpressure_pending_publishes", &[], "Messages that wait to be published.")
        .unit(Unit::Count)
        .source("backpressure endpoint");

/// `backpressure_received_total`.
pub const RECEIVED: Metric<0> =
    Metric::counter("backpressure_received_total", &[], "Messages that the service received.")
        .unit(Unit::Count)
        .source("the service's own metrics");

/// `backpressure_published_total`.
pub const PUBLISHED: Metric<0> =
    Metric::counter("backpressure_published_total", &[], "Messages that the service published.")
        .unit(Unit::Count)
        .source("publisher statistics");

/// `backpressure_dropped_total`.
pub const DROPPED: Metric<0> = Metric::counter("backpressure_dropped_total", &[], "Messages that the service dropped.")
    .unit(Unit::Count)
    .source("publisher statistics");

/// `backpressure_sampled_out_total`.
pub const SAMPLED_OUT: Metric<0> =
    Metric::counter("backpressure_sampled_out_total", &[], "Messages that the service's sampling left out on purpose.")
        .unit(Unit::Count)
        .source("publisher statistics");

/// `backpressure_publish_errors_total`.
pub const PUBLISH_ERRORS: Metric<0> =
    Metric::counter("backpressure_publish_errors_total", &[], "Publishes to Redis that failed.")
        .unit(Unit::Count)
        .source("backpressure endpoint");

/// `backpressure_connection_errors_total`.
pub const CONNECTION_ERRORS: Metric<0> =
    Metric::counter("backpressure_connection_errors_total", &[], "Connections to Redis that failed.")
        .unit(Unit::Count)
        .source("backpressure endpoint");

/// `backpressure_drop_ratio`.
pub const DROP_RATIO: Metric<0> = Metric::gauge(
    "backpressure_drop_ratio",
    &[],
    "Dropped messages by all whose fate is known (published, dropped, sampled out), over backpressure_window_seconds; absent without any.",
)
.unit(Unit::Ratio)
.source("computed");

/// `backpressure_sampling_ratio`.
pub const SAMPLING_RATIO: Metric<0> = Metric::gauge(
    "backpressure_sampling_ratio",
    &[],
    "Part of the messages that the service's sampling let through since the fetch before; absent without messages.",
)
.unit(Unit::Ratio)
.source("computed");

/// `backpressure_unaccounted_messages`.
pub const UNACCOUNTED: Metric<0> = Metric::gauge(
    "backpressure_unaccounted_messages",
    &[],
    "Messages received over backpressure_window_seconds that were neither published, dropped nor sampled out and are not pending: loss that nobody counts. Around 0 it is noise of the moments of reading.",
)
.unit(Unit::Count)
.source("computed");

/// `backpressure_unaccounted_ratio`.
pub const UNACCOUNTED_RATIO: Metric<0> = Metric::gauge(
    "backpressure_unaccounted_ratio",
    &[],
    "backpressure_unaccounted_messages by the messages received in the same time; absent without any.",
)
.unit(Unit::Ratio)
.source("computed");

/// `backpressure_window_seconds`.
pub const WINDOW: Metric<0> = Metric::gauge(
    "backpressure_window_seconds",
    &[],
    "The time that backpressure_drop_ratio and backpressure_unaccounted_messages look back at most.",
)
.unit(Unit::Seconds)
.source("the configuration of the agent");

/// `backpressure_buffer_size`.
pub const BUFFER_SIZE: Metric<0> =
    Metric::gauge("backpressure_buffer_size", &[], "Messages in the publisher's buffer.")
        .unit(Unit::Count)
        .source("publisher statistics");

/// `backpressure_buffer_capacity`.
pub const BUFFER_CAPACITY: Metric<0> =
    Metric::gauge("backpressure_buffer_capacity", &[], "Messages that the publisher's buffer can hold.")
        .unit(Unit::Count)
        .source("publisher statistics");

/// `backpressure_circuit_state`.
pub const CIRCUIT_STATE: Metric<1> = Metric::gauge(
    "backpressure_circuit_state",
    &["state"],
    "State of the publisher's circuit breaker: 1 for the current one, 0 for the others.",
)
.unit(Unit::Bool)
.source("publisher statistics, circuit breaker endpoint");

/// `backpressure_circuit_failures`.
pub const CIRCUIT_FAILURES: Metric<0> =
    Metric::gauge("backpressure_circuit_failures", &[], "Failures that the circuit breaker counts at present.")
        .unit(Unit::Count)
        .source("publisher statistics, circuit breaker endpoint");

/// `backpressure_circuit_successes`.
pub const CIRCUIT_SUCCESSES: Metric<0> = Metric::gauge(
    "backpressure_circuit_successes",
    &[],
    "Successes that the circuit breaker counts at present, on its way from half open to closed; the profile ticker knows it only without publisher statistics.",
)
.unit(Unit::Count)
.source("circuit breaker endpoint");

/// `backpressure_circuit_last_failure_timestamp_seconds`.
pub const CIRCUIT_LAST_FAILURE: Metric<0> = Metric::gauge(
    "backpressure_circuit_last_failure_timestamp_seconds",
    &[],
    "When the circuit breaker last saw a failure; absent if it never did; the profile ticker knows it only without publisher statistics.",
)
.unit(Unit::UnixSeconds)
.source("circuit breaker endpoint");

/// Everything above.
pub(super) fn metrics() -> Vec<MetricInfo> {
    vec![
        *LEVEL.info(),
        *LEVEL_STATE.info(),
        *INGEST_RATE.info(),
        *PUBLISH_RATE.info(),
        *RATE_RATIO.info(),
        *PUBLISH_LATENCY.info(),
        *PENDING.info(),
        *RECEIVED.info(),
        *PUBLISHED.info(),
        *DROPPED.info(),
        *SAMPLED_OUT.info(),
        *PUBLISH_ERRORS.info(),
        *CONNECTION_ERRORS.info(),
        *DROP_RATIO.info(),
        *SAMPLING_RATIO.info(),
        *UNACCOUNTED.info(),
        *UNACCOUNTED_RATIO.info(),
        *WINDOW.info(),
        *BUFFER_SIZE.info(),
        *BUFFER_CAPACITY.info(),
        *CIRCUIT_STATE.info(),
        *CIRCUIT_FAILURES.info(),
        *CIRCUIT_SUCCESSES.info(),
        *CIRCUIT_LAST_FAILURE.info(),
    ]
}
