//! The names of the slow log's metrics.

use super::Slowlog;
use crate::metric::{Families, metrics};

metrics! {
    pub fn metrics;
    LENGTH: gauge "redis_slowlog_length" [] Count, "Entries in the slow log.", "SLOWLOG LEN";
    LAST_ID: gauge "redis_slowlog_last_id" [] Count,
        "Id of the newest entry in the slow log; 0 when it is empty.", "SLOWLOG GET";
    LAST_DURATION: gauge "redis_last_slow_execution_duration_seconds" [] Seconds,
        "Duration of the newest entry in the slow log, however old it is; 0 when the log is empty.", "SLOWLOG GET";
    ENTRIES: counter "redis_slowlog_entries_total" ["cmd"] Count,
        "Commands that entered the slow log since the agent began to watch it, without the agent's own where the server \
         names the client.", "SLOWLOG GET; the client's name: Redis >= 4.0";
    DURATION: counter "redis_slowlog_duration_seconds_total" ["cmd"] Seconds,
        "Time taken by the commands that entered the slow log since the agent began to watch it, without the agent's \
         own where the server names the client.", "SLOWLOG GET; the client's name: Redis >= 4.0";
    MISSED: counter "redis_slowlog_missed_entries_total" [] Count,
        "Entries that left the slow log before the agent read them.", "SLOWLOG GET";
}

/// Exports how many entries the slow log has.
pub fn export_length(length: u64, out: &mut Families) {
    out.push(&LENGTH, [], length as f64);
}

/// Exports the newest entry and what entered the log.
pub fn export(slowlog: &Slowlog, out: &mut Families) {
    let (last_id, last_us) = slowlog.newest.as_ref().map_or((0, 0), |newest| (newest.id, newest.duration_us));
    out.push(&LAST_ID, [], last_id as f64);
    out.push(&LAST_DURATION, [], seconds(last_us));
    for total in &slowlog.by_command {
        out.push(&ENTRIES, [&total.command], total.entries as f64);
        out.push(&DURATION, [&total.command], seconds(total.duration_us));
    }
    out.push(&MISSED, [], slowlog.missed as f64);
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::super::{SlowlogEntry, SlowlogTracker};
    use super::*;
    use crate::metric::text::{Format, exposition};

    fn samples(length: u64, slowlog: &Slowlog) -> Vec<String> {
        let mut families = Families::new();
        export_length(length, &mut families);
        export(slowlog, &mut families);
        let text = exposition(&families.into_sorted(), Format::Prometheus);
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn an_empty_log_is_all_zero() {
        assert_eq!(
            samples(0, &SlowlogTracker::new().update(Some("a"), &[])),
            [
                "redis_last_slow_execution_duration_seconds 0",
                r#"redis_slowlog_duration_seconds_total{cmd="publish"} 0"#,
                r#"redis_slowlog_entries_total{cmd="publish"} 0"#,
                "redis_slowlog_last_id 0",
                "redis_slowlog_length 0",
                "redis_slowlog_missed_entries_total 0",
            ]
        );
    }

    #[test]
    fn entries_and_durations_are_exact() {
        let entry =
            |id, duration_us, command: &str| SlowlogEntry { id, duration_us, command: command.to_owned(), own: false };
        let mut tracker = SlowlogTracker::new();
        tracker.update(Some("a"), &[]);
        let entries = [entry(2, 28_001, "eval"), entry(1, 50_120, "debug"), entry(0, 20_103, "debug")];
        assert_eq!(
            samples(3, &tracker.update(Some("a"), &entries)),
            [
                "redis_last_slow_execution_duration_seconds 0.028001",
                r#"redis_slowlog_duration_seconds_total{cmd="debug"} 0.070223"#,
                r#"redis_slowlog_duration_seconds_total{cmd="eval"} 0.028001"#,
                r#"redis_slowlog_duration_seconds_total{cmd="publish"} 0"#,
                r#"redis_slowlog_entries_total{cmd="debug"} 2"#,
                r#"redis_slowlog_entries_total{cmd="eval"} 1"#,
                r#"redis_slowlog_entries_total{cmd="publish"} 0"#,
                "redis_slowlog_last_id 2",
                "redis_slowlog_length 3",
                "redis_slowlog_missed_entries_total 0",
            ]
        );
    }
}
