//! What was counted in the logs of the containers of one name. It outlives them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::logpattern::{Pool, Reading};
use parking_lot::Mutex;

/// How long a number stays that a line named. A task that logs every five minutes, as those of the pools do, may miss one.
const READING_AGE: Duration = Duration::from_mins(11);

/// The totals of one container name.
#[derive(Debug)]
pub(super) struct Totals {
    /// By stream.
    pub(super) lines: [AtomicU64; 2],
    /// By stream.
    pub(super) events: [AtomicU64; 2],
    pub(super) bytes: AtomicU64,
    pub(super) truncated: AtomicU64,
    /// Microseconds.
    pub(super) paused: AtomicU64,
    /// Of the latest line, in nanoseconds since 1970; 0 before the first.
    pub(super) last_line: AtomicU64,
    /// By the pattern's index.
    pub(super) matches: Box<[AtomicU64]>,
    /// Whether it is known that the log can be read: until then 0 would be a guess.
    pub(super) readable: AtomicBool,
    readings: Mutex<Readings>,
}

/// The last number of each kind.
#[derive(Debug, Default)]
struct Readings {
    latency: Option<(f64, Instant)>,
    usage: Option<(f64, Instant)>,
    pool: Option<(Pool, Instant)>,
    values: BTreeMap<usize, (f64, Instant)>,
}

/// The last number of each kind, if it is recent.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Recent {
    pub(super) latency: Option<f64>,
    pub(super) usage: Option<f64>,
    pub(super) pool: Pool,
    /// By the pattern's index.
    pub(super) values: Vec<(usize, f64)>,
}

impl Totals {
    pub(super) fn new(patterns: usize) -> Self {
        Self {
            lines: [const { AtomicU64::new(0) }; 2],
            events: [const { AtomicU64::new(0) }; 2],
            bytes: AtomicU64::new(0),
            truncated: AtomicU64::new(0),
            paused: AtomicU64::new(0),
            last_line: AtomicU64::new(0),
            matches: (0..patterns).map(|_| AtomicU64::new(0)).collect(),
            readable: AtomicBool::new(false),
            readings: Mutex::default(),
        }
    }

    /// Takes note of a number that a line named.
    pub(super) fn read(&self, pattern: usize, reading: Reading, now: Instant) {
        let mut readings = self.readings.lock();
        match reading {
            Reading::Value(value) => drop(readings.values.insert(pattern, (value, now))),
            Reading::PublishLatency(seconds) => readings.latency = Some((seconds, now)),
            Reading::PoolUsage(ratio) => readings.usage = Some((ratio, now)),
            Reading::Pool(pool) => {
                if let Some(ratio) = pool.usage() {
                    readings.usage = Some((ratio, now));
                }
                readings.pool = Some((pool, now));
            }
        }
    }

    /// The numbers that lines named of late.
    pub(super) fn recent(&self, now: Instant) -> Recent {
        let readings = self.readings.lock();
        let recent = |at: Instant| now.saturating_duration_since(at) <= READING_AGE;
        let of = |reading: Option<(f64, Instant)>| reading.filter(|(_, at)| recent(*at)).map(|(value, _)| value);
        Recent {
            latency: of(readings.latency),
            usage: of(readings.usage),
            pool: readings.pool.filter(|(_, at)| recent(*at)).map(|(pool, _)| pool).unwrap_or_default(),
            values: readings.values.iter().filter_map(|(at, reading)| Some((*at, of(Some(*reading))?))).collect(),
        }
    }

    /// The run is over, and what its lines said of it with it.
    pub(super) fn forget_readings(&self) {
        *self.readings.lock() = Readings::default();
    }

    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn numbers_are_shown_for_a_while() {
        let totals = Totals::new(4);
        assert_eq!(totals.recent(Instant::now()), Recent::default());
        totals.read(0, Reading::PublishLatency(0.1), Instant::now());
        totals.read(1, Reading::PoolUsage(0.95), Instant::now());
        totals.read(3, Reading::Value(7.0), Instant::now());
        advance(Duration::from_mins(6)).await;
        let pool = Pool { max: Some(50.0), in_use: Some(10.0), idle: None };
        totals.read(2, Reading::Pool(pool), Instant::now());
        totals.read(3, Reading::Value(8.0), Instant::now());
        let both = Recent { latency: Some(0.1), usage: Some(0.2), pool, values: vec![(3, 8.0)] };
        assert_eq!(totals.recent(Instant::now()), both);
        advance(Duration::from_mins(6)).await;
        assert_eq!(totals.recent(Instant::now()), Recent { latency: None, ..both });
        totals.forget_readings();
        assert_eq!(totals.recent(Instant::now()), Recent::default());
    }
}
