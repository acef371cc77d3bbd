//! The names of what is counted in logs.

use std::sync::atomic::Ordering::Relaxed;

use tokio::time::Instant;

use super::totals::Totals;
use crate::logpattern::{Patterns, Selection, Stream};
use crate::metric::vocabulary::resources::{POOL_CONNECTIONS, POOL_MAX_CONNECTIONS, POOL_USAGE_RATIO};
use crate::metric::{Families, MetricInfo, metrics};

metrics! {
    fn own;
    MATCHES: counter "container_log_matches_total" ["name", "pattern"] Count,
        "Events of the container's log that match a pattern, since the agent began to follow it; 0 from the start, and \
         kept when the container is recreated. A message with its stack and causes is one event; a pattern with count = \
         \"lines\" counts lines.", "GET /containers/{id}/logs; docs/LOGS.md lists the ready patterns";
    LINES: counter "container_log_lines_total" ["name", "stream"] Count,
        "Lines read from the container's log.", "GET /containers/{id}/logs";
    EVENTS: counter "container_log_events_total" ["name", "stream"] Count,
        "Events read from the container's log: a line, or the lines of a message with its stack and causes.",
        "GET /containers/{id}/logs";
    BYTES: counter "container_log_bytes_total" ["name"] Bytes,
        "Bytes read from the container's log, including line ends, without the engine's timestamps.",
        "GET /containers/{id}/logs";
    TRUNCATED: counter "container_log_lines_truncated_total" ["name"] Count,
        "Lines of the container's log of which only the first 16 KiB were matched.", "GET /containers/{id}/logs";
    FOLLOW_UP: gauge "container_log_follow_up" ["name"] Bool,
        "Whether the log of the running container is being read; absent while it does not run or its log is not \
         followed.", "agent";
    LAST_LINE: gauge "container_log_last_line_timestamp_seconds" ["name"] UnixSeconds,
        "When the engine got the latest line of the container's log that was read.",
        "GET /containers/{id}/logs: timestamps";
    PAUSED: counter "container_log_read_paused_seconds_total" ["name"] Seconds,
        "Time during which the container's log was not read because it grew faster than lines_per_second; nothing is \
         lost as long as the engine keeps the log.", "agent";
    LATENCY: gauge "container_log_publish_latency_seconds" ["name"] Seconds,
        "Publish latency in the last line that matched the pattern published; absent if there was none in the last 11 \
         minutes.", "log line: Published to ... (latency=2.31ms)";
    VALUE: gauge "container_log_value" ["name", "pattern"] Count,
        "The number in the last line that matched the pattern, if the pattern has a group named value; absent if \
         there was none in the last 11 minutes.", "log line: the group value";
    FOLLOWED: gauge "manometer_docker_logs_followed" [] Count, "Containers whose logs are followed.", "agent";
    SKIPPED: gauge "manometer_docker_logs_skipped" ["reason"] Count,
        "Running containers whose logs should be followed and are not: more than max_followed (limit), with a \
         terminal (tty), with a log driver that cannot be read (driver).", "agent";
    RECONNECTS: counter "manometer_docker_log_reconnects_total" ["reason"] Count,
        "Logs that were reopened while the container ran: after a broken stream (error), an unreadable one \
         (protocol), a long silence (idle_refresh), or an interruption so long that following resumed from now (gap).",
        "agent";
}

/// Why a log was opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reopened {
    Error,
    Protocol,
    IdleRefresh,
    Gap,
}

impl Reopened {
    pub(super) const ALL: [Self; 4] = [Self::Error, Self::Protocol, Self::IdleRefresh, Self::Gap];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Protocol => "protocol",
            Self::IdleRefresh => "idle_refresh",
            Self::Gap => "gap",
        }
    }
}

/// Why a log is not followed that should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skipped {
    Limit,
    Terminal,
    Driver,
}

impl Skipped {
    pub(super) const ALL: [Self; 3] = [Self::Limit, Self::Terminal, Self::Driver];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Terminal => "tty",
            Self::Driver => "driver",
        }
    }
}

/// How many logs are followed and how many are not, by [`Skipped`], and how many were opened again, by [`Reopened`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) followed: usize,
    pub(super) skipped: [usize; Skipped::ALL.len()],
    pub(super) reopened: [u64; Reopened::ALL.len()],
}

/// Names the state of all logs.
pub(super) fn export_counts(counts: &Counts, out: &mut Families) {
    out.push(&FOLLOWED, [], counts.followed as f64);
    for (reason, count) in Skipped::ALL.into_iter().zip(counts.skipped) {
        out.push(&SKIPPED, [reason.as_str()], count as f64);
    }
    for (reason, count) in Reopened::ALL.into_iter().zip(counts.reopened) {
        out.push(&RECONNECTS, [reason.as_str()], count as f64);
    }
}

/// Names whether the log of a running container is being read.
pub(super) fn export_follow_up(name: &str, is_open: bool, out: &mut Families) {
    out.push_bool(&FOLLOW_UP, [name], is_open);
}

/// Names what was counted in the logs of the containers of one name.
pub(super) fn export_totals(
    name: &str,
    totals: &Totals,
    (patterns, selection): (&Patterns, Selection),
    now: Instant,
    out: &mut Families,
) {
    if !totals.readable.load(Relaxed) {
        return;
    }
    for (index, pattern) in patterns.names(selection) {
        let count = totals.matches.get(index).map_or(0, |count| count.load(Relaxed));
        out.push(&MATCHES, [name, pattern], count as f64);
    }
    for (stream, count) in Stream::ALL.into_iter().zip(&totals.lines) {
        out.push(&LINES, [name, stream.as_str()], count.load(Relaxed) as f64);
    }
    for (stream, count) in Stream::ALL.into_iter().zip(&totals.events) {
        out.push(&EVENTS, [name, stream.as_str()], count.load(Relaxed) as f64);
    }
    out.push(&BYTES, [name], totals.bytes.load(Relaxed) as f64);
    out.push(&TRUNCATED, [name], totals.truncated.load(Relaxed) as f64);
    out.push(&PAUSED, [name], totals.paused.load(Relaxed) as f64 / 1e6);
    let last = totals.last_line.load(Relaxed);
    if last > 0 {
        out.push(&LAST_LINE, [name], last as f64 / 1e9);
    }
    totals.readings.lock().export(name, patterns, (&LATENCY, &VALUE), now, out);
}

/// Everything above.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let shared = [POOL_CONNECTIONS.info(), POOL_MAX_CONNECTIONS.info(), POOL_USAGE_RATIO.info()];
    [own(), shared.map(|info| *info).to_vec()].concat()
}
