//! What the runner exports of every target, whatever its kind.

use crate::metric::{Metric, MetricInfo, Unit};

/// Whether the last poll succeeded.
pub(super) const TARGET_UP: Metric<1> =
    Metric::gauge("manometer_target_up", &["collector"], "Whether the last poll of the target succeeded.")
        .unit(Unit::Bool)
        .source("agent");

/// Duration of the last poll.
pub(super) const POLL_DURATION: Metric<1> = Metric::gauge(
    "manometer_poll_duration_seconds",
    &["collector"],
    "How long the last poll of the target took, at most its deadline.",
)
.unit(Unit::Seconds)
.source("agent");

/// Polls so far.
pub(super) const POLLS: Metric<1> =
    Metric::counter("manometer_polls_total", &["collector"], "Polls of the target, failed ones among them.")
        .source("agent");

/// Failed polls by reason; every reason is there from the start.
pub(super) const POLL_FAILURES: Metric<2> =
    Metric::counter("manometer_poll_failures_total", &["collector", "reason"], "Failed polls of the target by reason.")
        .source("agent");

/// When the target was last read.
pub(super) const LAST_SUCCESS: Metric<1> = Metric::gauge(
    "manometer_last_success_timestamp_seconds",
    &["collector"],
    "When the last successful poll of the target ended; absent until one has succeeded.",
)
.unit(Unit::UnixSeconds)
.source("agent");

/// The configured interval, so that rules can speak of "two intervals".
pub(super) const POLL_INTERVAL: Metric<1> =
    Metric::gauge("manometer_poll_interval_seconds", &["collector"], "Configured time between polls of the target.")
        .unit(Unit::Seconds)
        .source("config.toml interval");

/// Series of the last poll.
pub(super) const SERIES: Metric<1> =
    Metric::gauge("manometer_target_series", &["collector"], "Series exported of the target's last poll.")
        .source("agent");

/// Samples left out, by reason.
pub(super) const SERIES_REJECTED: Metric<2> = Metric::gauge(
    "manometer_target_series_rejected",
    &["collector", "reason"],
    "Samples of the target's last poll that were left out: over the series limit, doubled, or of an invalid name.",
)
.source("agent");

/// Everything above, for the catalog.
pub(super) fn metrics() -> Vec<MetricInfo> {
    vec![
        *TARGET_UP.info(),
        *POLL_DURATION.info(),
        *POLLS.info(),
        *POLL_FAILURES.info(),
        *LAST_SUCCESS.info(),
        *POLL_INTERVAL.info(),
        *SERIES.info(),
        *SERIES_REJECTED.info(),
    ]
}
