//! What the runner exports of every target, whatever its kind.

use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) TARGET_UP: gauge "manometer_target_up" ["collector"] Bool,
        "Whether the last poll of the target succeeded.", "agent";
    pub(super) FAILING: gauge "manometer_target_failing" ["collector", "reason"] Info,
        "Why the last poll of the target failed; absent while polls succeed.", "agent";
    pub(super) POLL_DURATION: gauge "manometer_poll_duration_seconds" ["collector"] Seconds,
        "How long the last poll of the target took, at most its deadline.", "agent";
    pub(super) POLL_SECONDS: histogram "manometer_poll_seconds" ["collector"] Seconds,
        "How long the polls of the target took, those that ended at their deadline among them.", "agent";
    pub(super) POLLS: counter "manometer_polls_total" ["collector"] Count,
        "Polls of the target, including failed ones.", "agent";
    pub(super) POLL_FAILURES: counter "manometer_poll_failures_total" ["collector", "reason"] Count,
        "Failed polls of the target by reason.", "agent";
    pub(super) LAST_SUCCESS: gauge "manometer_last_success_timestamp_seconds" ["collector"] UnixSeconds,
        "When the last successful poll of the target ended; absent until one has succeeded.", "agent";
    pub(super) POLL_INTERVAL: gauge "manometer_poll_interval_seconds" ["collector"] Seconds,
        "Time between polls of the target: the configured one, or that of the scrapes that they follow.", "agent";
    pub(super) CERTIFICATE_NOT_AFTER: gauge "tls_certificate_not_after_seconds" ["endpoint"] UnixSeconds,
        "Until when the certificate is valid that the target's server showed in the last TLS handshake, whether or not \
         it was accepted. endpoint is the name that it is checked for.", "TLS handshake";
    pub(super) SERIES: gauge "manometer_target_series" ["collector"] Count,
        "Series exported from the target's last poll.", "agent";
    pub(super) SERIES_REJECTED: gauge "manometer_target_series_rejected" ["collector", "reason"] Count,
        "Samples of the target's last poll that were left out: over the series limit, duplicate, or with an invalid \
         name.", "agent";
}
