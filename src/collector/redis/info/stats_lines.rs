//! The sections Commandstats, Errorstats and Latencystats: one line a command or error.

use std::ops::Range;

use super::scan;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    CALLS: counter "redis_commands_total" ["cmd"] Count,
        "Calls of the command that reached its execution.", "INFO commandstats";
    DURATION: counter "redis_commands_duration_seconds_total" ["cmd"] Seconds,
        "CPU time that the calls of the command took.", "INFO commandstats";
    REJECTED: counter "redis_commands_rejected_calls_total" ["cmd"] Count,
        "Calls of the command that failed before its execution.", "INFO commandstats, Redis >= 6.2";
    FAILED: counter "redis_commands_failed_calls_total" ["cmd"] Count,
        "Calls of the command that failed during its execution.", "INFO commandstats, Redis >= 6.2";
    ERRORS: counter "redis_errors_total" ["err"] Count,
        "Error replies by their first word.", "INFO errorstats, Redis >= 6.2";
    LATENCY: summary "redis_latency_percentiles_usec" ["cmd"] Microseconds,
        "Latency of the command in microseconds; the quantile is a percentage, as the server is configured to send it.",
        "INFO latencystats, Redis >= 7.0";
}

/// Different percentiles in one reply at most; the server sends the same few on every line.
const MAX_PERCENTILES: usize = 32;

/// What the server counts of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommandStat {
    /// `get`, or `config|get` for a sub-command.
    pub(super) name: Box<str>,
    /// Calls that reached the command's execution.
    pub(super) calls: u64,
    /// Microseconds of CPU time of these calls.
    pub(super) usec: u64,
    /// Calls that failed before the execution; Redis >= 6.2.
    pub(super) rejected_calls: Option<u64>,
    /// Calls that failed during the execution; Redis >= 6.2.
    pub(super) failed_calls: Option<u64>,
}

/// Error replies that begin with the same word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorStat {
    name: Box<str>,
    count: u64,
}

/// The percentiles of the commands.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LatencyStats {
    /// Each percentile as sent, without the `p`: `99.9`.
    percentiles: Vec<Box<str>>,
    /// The values of all commands, each with the place of its percentile.
    values: Vec<(usize, f64)>,
    /// Each command and where its values stand.
    commands: Vec<(Box<str>, Range<usize>)>,
}

/// Reads `calls=1,usec=4,usec_per_call=4.00,rejected_calls=0,failed_calls=0`.
///
/// `None` when `calls` or `usec` is not there or any of the four is malformed: they describe the same calls, and make
/// sense together only.
pub(super) fn parse_command(name: &[u8], value: &[u8]) -> Option<CommandStat> {
    let (mut calls, mut usec, mut rejected_calls, mut failed_calls) = (None, None, None, None);
    for (part, value) in scan::pairs(value) {
        let place = match part {
            b"calls" => &mut calls,
            b"usec" => &mut usec,
            b"rejected_calls" => &mut rejected_calls,
            b"failed_calls" => &mut failed_calls,
            _ => continue,
        };
        *place = Some(scan::count(value)?);
    }
    Some(CommandStat { name: scan::text(name), calls: calls?, usec: usec?, rejected_calls, failed_calls })
}

/// Reads `count=4`.
pub(super) fn parse_error(name: &[u8], value: &[u8]) -> Option<ErrorStat> {
    let count = scan::pairs(value).find(|(part, _)| *part == b"count").and_then(|(_, count)| scan::count(count))?;
    Some(ErrorStat { name: scan::text(name), count })
}

/// Adds `p50=4.015,p99=4.015,p99.9=4.015`; `None` when a percentile or its value is malformed.
pub(super) fn parse_latency(stats: &mut LatencyStats, name: &[u8], value: &[u8]) -> Option<()> {
    let start = stats.values.len();
    // An empty value is what a server sends that is configured to send no percentiles.
    if !value.is_empty() && add_values(stats, value).is_none() {
        stats.values.truncate(start);
        return None;
    }
    stats.commands.push((scan::text(name), start..stats.values.len()));
    Some(())
}

fn add_values(stats: &mut LatencyStats, value: &[u8]) -> Option<()> {
    for (part, value) in scan::pairs(value) {
        let percentile = part.strip_prefix(b"p")?;
        let value = scan::number(value)?;
        let place = match stats.percentiles.iter().position(|known| known.as_bytes() == percentile) {
            Some(place) => place,
            None => add_percentile(&mut stats.percentiles, percentile)?,
        };
        stats.values.push((place, value));
    }
    Some(())
}

fn add_percentile(percentiles: &mut Vec<Box<str>>, percentile: &[u8]) -> Option<usize> {
    scan::number(percentile)?;
    if percentiles.len() == MAX_PERCENTILES {
        return None;
    }
    percentiles.push(scan::text(percentile));
    Some(percentiles.len() - 1)
}

/// The command of that name; `commands` is sorted by name.
pub(super) fn find<'a>(commands: &'a [CommandStat], name: &str) -> Option<&'a CommandStat> {
    commands.binary_search_by(|command| (*command.name).cmp(name)).ok().map(|place| &commands[place])
}

/// Microseconds of the command and its sub-commands; `commands` is sorted by name.
pub(super) fn usec(commands: &[CommandStat], name: &str) -> Option<u64> {
    let exact = find(commands, name).map(|command| command.usec);
    let prefix = format!("{name}|");
    let first = commands.partition_point(|command| *command.name < *prefix);
    let subs =
        commands[first..].iter().take_while(|command| command.name.starts_with(&prefix)).map(|command| command.usec);
    exact.into_iter().chain(subs).reduce(u64::saturating_add)
}

/// Exports the commands, errors and latencies; `commands` is sorted by name.
pub(super) fn export(commands: &[CommandStat], errors: &[ErrorStat], latencies: &LatencyStats, out: &mut Families) {
    for command in commands {
        let label = [&*command.name];
        out.push(&CALLS, label, command.calls as f64);
        out.push(&DURATION, label, command.usec as f64 / 1e6);
        out.push_known(&REJECTED, label, command.rejected_calls.map(|rejected| rejected as f64));
        out.push_known(&FAILED, label, command.failed_calls.map(|failed| failed as f64));
    }
    for error in errors {
        out.push(&ERRORS, [&error.name], error.count as f64);
    }
    let mut quantiles = Vec::new();
    for (name, range) in &latencies.commands {
        // A summary needs the sum and the count, which only Commandstats has.
        let Some(command) = find(commands, name) else { continue };
        let values = &latencies.values[range.clone()];
        quantiles.clear();
        quantiles.extend(values.iter().map(|(place, value)| (&*latencies.percentiles[*place], *value)));
        out.push_summary(&LATENCY, [name], &quantiles, command.usec as f64, command.calls as f64);
    }
}

#[cfg(test)]
mod tests;
