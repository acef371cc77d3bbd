//! The names of what is counted in logs that are not a container's.

use tokio::time::Instant;

use super::board::{Fault, Inner, Log, Rotation, Skipped};
use crate::logpattern::{Patterns, Selection};
use crate::metric::{Families, MetricInfo, metrics};

metrics! {
    fn own;
    pub(super) UP: gauge "log_up" [] Bool,
        "Whether something of the target can be read: a file, the journal of a unit, standard input.", "poll";
    MATCHES: counter "log_matches_total" ["log", "pattern"] Count,
        "Events of the log that match a pattern, since the agent began to read it; 0 from the start. A message with its \
         stack and causes is one event; a pattern with count = \"lines\" counts lines.",
        "files, journalctl, stdin; docs/LOGS.md lists the ready patterns";
    LINES: counter "log_lines_total" ["log"] Count,
        "Lines of the log, counted when their event is complete.", "files, journalctl, stdin";
    EVENTS: counter "log_events_total" ["log"] Count,
        "Events of the log: a line, or the lines of a message with its stack and causes.", "files, journalctl, stdin";
    BYTES: counter "log_bytes_total" ["log"] Bytes,
        "Bytes of the lines of the log, including line ends.", "files, journalctl, stdin";
    TRUNCATED: counter "log_lines_truncated_total" ["log"] Count,
        "Lines of the log of which only the first 16 KiB were matched.", "files, journalctl, stdin";
    FOLLOW_UP: gauge "log_follow_up" ["log"] Bool, "Whether the log is being read.", "agent";
    LAST_LINE: gauge "log_last_line_timestamp_seconds" ["log"] UnixSeconds,
        "When the latest line of the log was counted; absent until there was one.", "agent";
    PAUSED: counter "log_read_paused_seconds_total" ["log"] Seconds,
        "Time during which the log was not read because it grew faster than lines_per_second; nothing is lost as long \
         as the log is there.", "agent";
    POSITION: gauge "log_read_position_bytes" ["log"] Bytes,
        "Position in the file up to which it has been read; absent while there is no file.", "file";
    LAG: gauge "log_read_lag_bytes" ["log"] Bytes,
        "Bytes of the file, and of rotated ones that are still read, that have not been read yet.", "file: size";
    ERRORS: counter "log_read_errors_total" ["log", "reason"] Count,
        "Failed attempts to read the log: not allowed (permission), any other failure (io), a journal entry that cannot \
         be understood (format).", "agent";
    ROTATIONS: counter "log_rotations_total" ["log", "kind"] Count,
        "Rotations of the file: another file has its path (rename), or it was cut and written anew (truncate).", "file";
    LATENCY: gauge "log_publish_latency_seconds" ["log"] Seconds,
        "Publish latency in the last line that matched the pattern published; absent if there was none in the last 11 \
         minutes.", "log line: Published to ... (latency=2.31ms)";
    VALUE: gauge "log_value" ["log", "pattern"] Count,
        "The number in the last line that matched the pattern, if the pattern has a group named value; absent if there \
         was none in the last 11 minutes.", "log line: the group value";
    FOLLOWED: gauge "manometer_logs_followed" [] Count, "Logs of the target that are being read.", "agent";
    SKIPPED: gauge "manometer_log_files_skipped" ["reason"] Count,
        "Paths that files names and that are not read: more than max_files (limit), no regular file (type), compressed \
         (compressed).", "file names";
}

/// Names everything; what is named is shown from now on.
pub(super) fn export(board: &mut Inner, patterns: &Patterns, out: &mut Families) {
    let now = Instant::now();
    let followed = board.logs.values().filter(|log| log.is_open).count();
    out.push(&FOLLOWED, [], followed as f64);
    if let Some(skipped) = board.skipped {
        for ((_, reason), count) in Skipped::ALL.into_iter().zip(skipped) {
            out.push(&SKIPPED, [reason], count as f64);
        }
    }
    for (name, log) in &mut board.logs {
        log.is_shown = true;
        export_log(name, log, patterns, out);
        log.readings.export(name, patterns, (&LATENCY, &VALUE), now, out);
    }
}

fn export_log(name: &str, log: &Log, patterns: &Patterns, out: &mut Families) {
    for (index, pattern) in patterns.names(Selection::MAX) {
        out.push(&MATCHES, [name, pattern], log.matches.get(index).copied().unwrap_or(0) as f64);
    }
    let counts = [(&LINES, log.lines), (&EVENTS, log.events), (&BYTES, log.bytes), (&TRUNCATED, log.truncated)];
    for (metric, count) in counts {
        out.push(metric, [name], count as f64);
    }
    out.push_bool(&FOLLOW_UP, [name], log.is_open);
    out.push(&PAUSED, [name], log.paused.as_secs_f64());
    for ((_, reason), count) in Fault::ALL.into_iter().zip(log.faults) {
        out.push(&ERRORS, [name, reason], count as f64);
    }
    if let Some(rotations) = log.rotations {
        for ((_, kind), count) in Rotation::ALL.into_iter().zip(rotations) {
            out.push(&ROTATIONS, [name, kind], count as f64);
        }
    }
    if let Some(at) = log.last_line {
        out.push(&LAST_LINE, [name], at);
    }
    if let Some((read, left)) = log.position {
        out.push(&POSITION, [name], read as f64);
        out.push(&LAG, [name], left as f64);
    }
}

/// Everything above.
pub(super) fn metrics() -> Vec<MetricInfo> {
    own()
}
