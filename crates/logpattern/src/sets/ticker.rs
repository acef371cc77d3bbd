//! `ticker`: what a ticker or broadcast service logs of its own flow, and how it comes to an end.

use super::Known;
use crate::reading::Capture;

pub(super) const PATTERNS: &[Known] = &[
    Known::new(
        "published",
        r"(?i-u)\bpublished to \S+",
        "A message was published; where the line has its latency, that becomes container_log_publish_latency_seconds. \
         Services log it at level DEBUG only.",
    )
    .capturing(Capture::Latency),
    Known::new(
        "mock_published",
        "(?i-u)published.*mock",
        "Mock data was published: in numbers, a tight loop.",
    ),
    Known::new(
        "ticks_sampled",
        r"(?i-u)\breceived (?<value>[0-9]+) ticks, sampling to [0-9]+",
        "A batch of ticks was too large and was sampled; the number of ticks received.",
    )
    .capturing(Capture::Value),
    Known::new(
        "backpressure_level_changed",
        "(?i-u)backpressure level changed",
        "The service changed its level of backpressure, to a higher or a lower one.",
    ),
    Known::new(
        "circuit_opened",
        "(?i-u)circuit breaker (?:threshold reached|(?:is )?open(?:ed|ing)?\\b)",
        "The service's circuit breaker has opened.",
    ),
    Known::new(
        "batch_dropped",
        r"(?i-u)batch publish timeout - dropping (?<value>[0-9]+) messages",
        "A batch could not be published in time and was lost; the number of its messages.",
    )
    .capturing(Capture::Value),
    Known::new(
        "batch_reduced",
        r"(?i-u)\breducing batch size to (?<value>[0-9]+)",
        "A consumer that takes too long for its batches made them smaller; the new size.",
    )
    .capturing(Capture::Value),
    Known::new(
        "client_backoff",
        r"(?i-u)\bserver backpressure: waiting (?<value>[0-9.]+) ?s\b",
        "A client holds back because the server asked it to; the seconds that it waits.",
    )
    .capturing(Capture::Value),
    Known::new(
        "metric_dropped",
        "(?i-u)dropped old metric",
        "A full queue dropped its oldest item. Services log it at level DEBUG only.",
    ),
    Known::new(
        "retries_exceeded",
        r"(?i-u)\bfailed after [0-9]+ attempts\b|max(?:imum)? ?retries ?(?:were )?exceeded",
        "A client gave up after its last attempt.",
    ),
    Known::new(
        "out_of_memory",
        r"(?-u)\bOOM\b|OutOfMemory|\bMemoryError\b|(?i-u:out of memory|cannot allocate memory|\boom[- ]kill)",
        "A process ran out of memory, or the kernel killed one that did.",
    )
    .excluding("(?i-u)OOM command not allowed|command not allowed when used memory|redisoutofmemory|under OOM prevention|short read or OOM")
    .coarse(),
    Known::new(
        "traceback",
        r"(?-u)Traceback \(most recent call last\)",
        "The first line of a Python traceback.",
    ),
    Known::new(
        "panic",
        r"(?-u)\bpanicked at\b|^panic: |^fatal error: ",
        "The first line of a panic of Rust or Go.",
    ),
    Known::new(
        "severity_error",
        r#"(?i-u)error|\bfail(?:ed|ure)?\b|\bfatal\b|\bcritical\b|exception|(?-i:^[EF][0-9]{4} |[ \[](?:ERR|FTL)[ \]]|^crit: )|"level":\s*[56]0\b"#,
        "An event above level INFO that speaks of an error, a failure or an exception: the coarse count beside the others.",
    )
    .coarse(),
    Known::new(
        "severity_warning",
        r#"(?i-u)\bwarn(?:ing)?\b|(?-i:^W[0-9]{4} |[ \[]WRN[ \]])|"level":\s*40\b"#,
        "An event above level INFO that says warning.",
    )
    // The level that Valkey names in logfmt is redis_server_warning's; without it Valkey says no more than in its other form.
    .excluding(r#"(?i-u)^pid=\S+ role=\S+ timestamp="[^"]*" level=warning message="(?:[^w]|w[^a])*"$"#)
    .coarse(),
];
