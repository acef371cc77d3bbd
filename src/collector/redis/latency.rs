//! The server's own view of its latency: recorded spikes, and a histogram a command.

use redis::{Cmd, Value};

use super::facts::Facts;
use super::question::{Question, command};
use super::reply::{self, Unexpected};
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo, metrics};

/// Kinds of events that are read; Redis has about 20, and modules may add some.
const MAX_EVENTS: usize = 64;

/// Commands whose histogram is kept, the most called first.
const MAX_COMMANDS: usize = 256;

/// Bounds of one histogram; Redis doubles them from 1 us to 1 s, which takes 31 at most.
const MAX_BUCKETS: usize = 64;

metrics! {
    pub fn metrics;
    SPIKE_LAST: gauge "redis_latency_spike_last" ["event_name"] UnixSeconds,
        "When the server last recorded a latency spike of the event.", "LATENCY LATEST";
    SPIKE_DURATION: gauge "redis_latency_spike_duration_seconds" ["event_name"] Seconds,
        "Length of the last latency spike of the event.", "LATENCY LATEST";
    SPIKE_MAX: gauge "redis_latency_spike_max_seconds" ["event_name"] Seconds,
        "Length of the longest latency spike of the event since the server started or LATENCY RESET.", "LATENCY LATEST";
    COMMAND_LATENCIES: histogram "redis_commands_latencies_usec" ["cmd"] Microseconds,
        "Duration of the calls of the command in microseconds; a bound appears when a call falls below it.",
        "LATENCY HISTOGRAM and INFO commandstats, Redis >= 7";
}

/// The latency spikes of one kind of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spike {
    /// `command`, `fork`, `expire-cycle`.
    pub event: String,
    /// When the last one was recorded, Unix seconds.
    pub last_unix: u64,
    /// The length of the last one, milliseconds.
    pub last_ms: u64,
    /// The length of the longest one, milliseconds.
    pub max_ms: Option<u64>,
}

/// The durations of the calls of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandHistogram {
    /// `get`, `config|get`: the names of INFO commandstats.
    pub command: String,
    /// All calls, and those which took longer than the last bound.
    pub calls: u64,
    /// Microseconds that all calls took; `None` until INFO commandstats told it.
    pub total_usec: Option<u64>,
    /// Upper bound in microseconds, and the calls up to it, both rising.
    pub buckets: Vec<(u64, u64)>,
}

/// LATENCY LATEST.
#[derive(Debug)]
pub struct LatencyLatest;

impl Question for LatencyLatest {
    const NAME: &'static str = "LATENCY LATEST";
    const SWITCH: Option<&'static str> = Some("latency");
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = Vec<Spike>;
    type Answer = Vec<Spike>;

    fn new(_: &RedisTarget) -> Self {
        Self
    }

    fn commands(&self, _: &Facts) -> Vec<Cmd> {
        vec![command(&["LATENCY", "LATEST"])]
    }

    fn read(&self, replies: Vec<Value>) -> Result<Vec<Spike>, Unexpected> {
        parse_latest(reply::only(&replies))
    }

    fn answer(&mut self, spikes: Vec<Spike>, _: &Facts) -> Vec<Spike> {
        spikes
    }

    fn export(spikes: &Vec<Spike>, out: &mut Families) {
        for spike in spikes {
            out.push(&SPIKE_LAST, [&spike.event], spike.last_unix as f64);
            out.push(&SPIKE_DURATION, [&spike.event], spike.last_ms as f64 / 1e3);
            out.push_known(&SPIKE_MAX, [&spike.event], spike.max_ms.map(|max_ms| max_ms as f64 / 1e3));
        }
    }
}

/// LATENCY HISTOGRAM, Redis >= 7.
#[derive(Debug)]
pub struct LatencyHistogram {
    enabled: bool,
}

impl Question for LatencyHistogram {
    const NAME: &'static str = "LATENCY HISTOGRAM";
    const SWITCH: Option<&'static str> = Some("latency");
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = Vec<CommandHistogram>;
    type Answer = Vec<CommandHistogram>;

    fn new(target: &RedisTarget) -> Self {
        Self { enabled: target.latency_histogram }
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        let asked = self.enabled && facts.is_at_least(7);
        asked.then(|| command(&["LATENCY", "HISTOGRAM"])).into_iter().collect()
    }

    fn read(&self, replies: Vec<Value>) -> Result<Vec<CommandHistogram>, Unexpected> {
        parse_histogram(reply::only(&replies))
    }

    /// The sum of a histogram is not in the reply: INFO commandstats has it. What was called for the first time since INFO was
    /// answered is left to the next poll: a sum of 0 would be a call that took no time.
    fn answer(&mut self, mut histograms: Vec<CommandHistogram>, facts: &Facts) -> Vec<CommandHistogram> {
        histograms.retain_mut(|histogram| {
            histogram.total_usec = facts.info.as_ref().and_then(|info| info.command_usec(&histogram.command));
            histogram.total_usec.is_some()
        });
        histograms
    }

    fn export(histograms: &Vec<CommandHistogram>, out: &mut Families) {
        let mut buckets = Vec::with_capacity(MAX_BUCKETS);
        for histogram in histograms {
            buckets.clear();
            buckets.extend(histogram.buckets.iter().map(|&(bound, calls)| (bound as f64, calls as f64)));
            let Some(sum) = histogram.total_usec else { continue };
            let (sum, count) = (sum as f64, histogram.calls as f64);
            out.push_histogram(&COMMAND_LATENCIES, [&histogram.command], &buckets, sum, count);
        }
    }
}

/// Reads LATENCY LATEST.
pub fn parse_latest(reply: &Value) -> Result<Vec<Spike>, Unexpected> {
    reply::items(reply, "LATENCY LATEST")?.iter().take(MAX_EVENTS).map(parse_spike).collect()
}

fn parse_spike(reply: &Value) -> Result<Spike, Unexpected> {
    let [event, last_unix, last_ms, rest @ ..] = reply::items(reply, "LATENCY LATEST: event")? else {
        return Err(Unexpected::new("LATENCY LATEST: event", "three elements or more", reply));
    };
    Ok(Spike {
        event: reply::text(event, "LATENCY LATEST: name")?.into_owned(),
        last_unix: reply::count(last_unix, "LATENCY LATEST: time")?,
        last_ms: reply::count(last_ms, "LATENCY LATEST: latest")?,
        max_ms: rest.first().map(|max| reply::count(max, "LATENCY LATEST: maximum")).transpose()?,
    })
}

/// Reads LATENCY HISTOGRAM: a map of maps, which RESP2 sends as arrays.
pub fn parse_histogram(reply: &Value) -> Result<Vec<CommandHistogram>, Unexpected> {
    let mut histograms = reply::pairs(reply, "LATENCY HISTOGRAM")?
        .map(|(command, details)| parse_command(command, details))
        .collect::<Result<Vec<_>, _>>()?;
    if histograms.len() > MAX_COMMANDS {
        histograms.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.command.cmp(&b.command)));
        histograms.truncate(MAX_COMMANDS);
    }
    Ok(histograms)
}

fn parse_command(command: &Value, details: &Value) -> Result<CommandHistogram, Unexpected> {
    let mut histogram = CommandHistogram {
        command: reply::text(command, "LATENCY HISTOGRAM: command")?.into_owned(),
        calls: 0,
        total_usec: None,
        buckets: Vec::new(),
    };
    for (key, value) in reply::pairs(details, "LATENCY HISTOGRAM: command")? {
        match reply::bytes(key, "LATENCY HISTOGRAM: key")? {
            b"calls" => histogram.calls = reply::count(value, "LATENCY HISTOGRAM: calls")?,
            b"histogram_usec" => histogram.buckets = parse_buckets(value)?,
            _ => {}
        }
    }
    let cumulative = histogram.buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1);
    if cumulative && histogram.buckets.last().is_none_or(|(_, calls)| *calls <= histogram.calls) {
        Ok(histogram)
    } else {
        Err(Unexpected::new("LATENCY HISTOGRAM: command", "rising bounds and calls", details))
    }
}

fn parse_buckets(reply: &Value) -> Result<Vec<(u64, u64)>, Unexpected> {
    let mut buckets = reply::pairs(reply, "LATENCY HISTOGRAM: buckets")?
        .take(MAX_BUCKETS)
        .map(|(bound, calls)| {
            let bound = reply::count(bound, "LATENCY HISTOGRAM: bound")?;
            Ok((bound, reply::count(calls, "LATENCY HISTOGRAM: bucket")?))
        })
        .collect::<Result<Vec<_>, _>>()?;
    // A RESP3 map has no order.
    buckets.sort_unstable();
    Ok(buckets)
}

#[cfg(test)]
mod tests;
