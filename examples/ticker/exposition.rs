//! The metrics in Prometheus' text format.

use prometheus::core::Collector;
use prometheus::{Gauge, Histogram, HistogramOpts, IntCounter, Result, TextEncoder};

use crate::flow::Snapshot;

/// Upper bounds of the latency histogram's buckets, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

/// An empty histogram of publish latencies.
pub(crate) fn latency_histogram() -> Result<Histogram> {
    let help = "Time from sending a message, with its batch, until Redis has it.";
    Histogram::with_opts(HistogramOpts::new("ticker_publish_latency_seconds", help).buckets(BUCKETS.to_vec()))
}

/// The page: what the newer publisher and the monitor see, and the older one where there is one. Its counters are made for it:
/// they are those of the snapshots, and so of one moment.
pub(crate) fn render(seen: &Snapshot, older: Option<&Snapshot>, latencies: &Histogram) -> Result<String> {
    let counter = |name: &str, help: &str, value: u64| {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value);
        Ok(counter.collect())
    };
    let gauge = |name: &str, help: &str, value: f64| {
        let gauge = Gauge::new(name, help)?;
        gauge.set(value);
        Ok(gauge.collect())
    };
    let totals = seen.totals;
    let of_older = older.map_or_else(Vec::new, |older| {
        let failures = older.totals.publish_errors + older.totals.connection_errors;
        let attempts = older.totals.published + failures;
        vec![
            counter("redis_publish_total", "Publishes that were tried.", attempts),
            counter("redis_publish_failures_total", "Publishes that failed.", failures),
            counter(
                "redis_circuit_open_drops_total",
                "Messages that the open breaker kept back.",
                older.totals.dropped,
            ),
            gauge("redis_circuit_state", "0 closed, 1 open, 2 half open.", f64::from(older.breaker.as_number())),
        ]
    });
    let families: Result<Vec<_>> = [
        counter("ticker_ticks_received_total", "Ticks that arrived, before sampling.", totals.received),
        counter("ticker_ticks_published_total", "Ticks that Redis has.", totals.published),
        counter("ticker_ticks_dropped_total", "Ticks that were shed or found no room.", totals.dropped),
        Ok(latencies.collect()),
        gauge("ticker_pending_publishes", "Ticks in the buffer or under way to Redis.", seen.pending as f64),
        gauge(
            "ticker_backpressure_level",
            "0 healthy, 1 warning, 2 critical, 3 overload.",
            f64::from(seen.level.as_number()),
        ),
        gauge("ticker_ingestion_rate_per_sec", "Ticks received a second, over the window.", seen.ingest_rate),
        gauge("ticker_publish_rate_per_sec", "Ticks published a second, over the window.", seen.publish_rate),
    ]
    .into_iter()
    .chain(of_older)
    .collect();
    TextEncoder::new().encode_to_string(&families?.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::tests::snapshot;

    #[test]
    fn the_page_is_this() {
        let histogram = latency_histogram().unwrap();
        for seconds in [0.000_5, 0.02, 0.02, 3.0] {
            histogram.observe(seconds);
        }
        let expected = "\
# HELP ticker_ticks_received_total Ticks that arrived, before sampling.
# TYPE ticker_ticks_received_total counter
ticker_ticks_received_total 1000
# HELP ticker_ticks_published_total Ticks that Redis has.
# TYPE ticker_ticks_published_total counter
ticker_ticks_published_total 600
# HELP ticker_ticks_dropped_total Ticks that were shed or found no room.
# TYPE ticker_ticks_dropped_total counter
ticker_ticks_dropped_total 77
# HELP ticker_publish_latency_seconds Time from sending a message, with its batch, until Redis has it.
# TYPE ticker_publish_latency_seconds histogram
ticker_publish_latency_seconds_bucket{le=\"0.001\"} 1
ticker_publish_latency_seconds_bucket{le=\"0.005\"} 1
ticker_publish_latency_seconds_bucket{le=\"0.01\"} 1
ticker_publish_latency_seconds_bucket{le=\"0.025\"} 3
ticker_publish_latency_seconds_bucket{le=\"0.05\"} 3
ticker_publish_latency_seconds_bucket{le=\"0.1\"} 3
ticker_publish_latency_seconds_bucket{le=\"0.25\"} 3
ticker_publish_latency_seconds_bucket{le=\"0.5\"} 3
ticker_publish_latency_seconds_bucket{le=\"1\"} 3
ticker_publish_latency_seconds_bucket{le=\"+Inf\"} 4
ticker_publish_latency_seconds_sum 3.0405
ticker_publish_latency_seconds_count 4
# HELP ticker_pending_publishes Ticks in the buffer or under way to Redis.
# TYPE ticker_pending_publishes gauge
ticker_pending_publishes 123
# HELP ticker_backpressure_level 0 healthy, 1 warning, 2 critical, 3 overload.
# TYPE ticker_backpressure_level gauge
ticker_backpressure_level 1
# HELP ticker_ingestion_rate_per_sec Ticks received a second, over the window.
# TYPE ticker_ingestion_rate_per_sec gauge
ticker_ingestion_rate_per_sec 1234.5
# HELP ticker_publish_rate_per_sec Ticks published a second, over the window.
# TYPE ticker_publish_rate_per_sec gauge
ticker_publish_rate_per_sec 1000.25
";
        assert_eq!(render(&snapshot(), None, &histogram).unwrap(), expected);
        let both = render(&snapshot(), Some(&snapshot()), &histogram).unwrap();
        let of_older: Vec<&str> = both[expected.len()..].lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            of_older,
            [
                "redis_publish_total 607",
                "redis_publish_failures_total 7",
                "redis_circuit_open_drops_total 77",
                "redis_circuit_state 2"
            ]
        );
    }
}
