//! The last numbers that lines named.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::logpattern::{Patterns, Pool, Reading};
use crate::metric::vocabulary::resources::{POOL_CONNECTIONS, POOL_MAX_CONNECTIONS, POOL_USAGE_RATIO};
use crate::metric::{Families, Metric};

/// How long a number stays that a line named. A task that logs every five minutes, as those of the pools do, may miss one.
const READING_AGE: Duration = Duration::from_mins(11);

/// The last number of each kind.
#[derive(Debug, Default)]
pub struct Readings {
    latency: Option<(f64, Instant)>,
    usage: Option<(f64, Instant)>,
    pool: Option<(Pool, Instant)>,
    values: BTreeMap<usize, (f64, Instant)>,
}

/// The last number of each kind, if it is recent.
#[derive(Debug, Default, PartialEq)]
struct Recent {
    latency: Option<f64>,
    usage: Option<f64>,
    pool: Pool,
    /// By the pattern's index.
    values: Vec<(usize, f64)>,
}

impl Readings {
    /// Takes note of a number that a line named.
    pub fn read(&mut self, pattern: usize, reading: Reading, now: Instant) {
        match reading {
            Reading::Value(value) => drop(self.values.insert(pattern, (value, now))),
            Reading::PublishLatency(seconds) => self.latency = Some((seconds, now)),
            Reading::PoolUsage(ratio) => self.usage = Some((ratio, now)),
            Reading::Pool(pool) => {
                if let Some(ratio) = pool.usage() {
                    self.usage = Some((ratio, now));
                }
                self.pool = Some((pool, now));
            }
        }
    }

    /// Names the numbers that lines of the log `name` named of late; those of publishes and of the group `value` by the
    /// metrics that are given.
    pub fn export(
        &self,
        name: &str,
        patterns: &Patterns,
        (latency, value): (&'static Metric<1>, &'static Metric<2>),
        now: Instant,
        out: &mut Families,
    ) {
        let recent = self.recent(now);
        if let Some(seconds) = recent.latency {
            out.push(latency, [name], seconds);
        }
        for (index, number) in recent.values {
            out.push(value, [name, patterns.name(index)], number);
        }
        if let Some(max) = recent.pool.max {
            out.push(&POOL_MAX_CONNECTIONS, [name], max);
        }
        for (state, connections) in [("in_use", recent.pool.in_use), ("idle", recent.pool.idle)] {
            if let Some(connections) = connections {
                out.push(&POOL_CONNECTIONS, [name, state], connections);
            }
        }
        if let Some(ratio) = recent.usage {
            out.push(&POOL_USAGE_RATIO, [name], ratio);
        }
    }

    fn recent(&self, now: Instant) -> Recent {
        let recent = |at: Instant| now.saturating_duration_since(at) <= READING_AGE;
        let of = |reading: Option<(f64, Instant)>| reading.filter(|(_, at)| recent(*at)).map(|(value, _)| value);
        Recent {
            latency: of(self.latency),
            usage: of(self.usage),
            pool: self.pool.filter(|(_, at)| recent(*at)).map(|(pool, _)| pool).unwrap_or_default(),
            values: self.values.iter().filter_map(|(at, reading)| Some((*at, of(Some(*reading))?))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn numbers_are_shown_for_a_while() {
        let mut readings = Readings::default();
        assert_eq!(readings.recent(Instant::now()), Recent::default());
        readings.read(0, Reading::PublishLatency(0.1), Instant::now());
        readings.read(1, Reading::PoolUsage(0.95), Instant::now());
        readings.read(3, Reading::Value(7.0), Instant::now());
        advance(Duration::from_mins(6)).await;
        let pool = Pool { max: Some(50.0), in_use: Some(10.0), idle: None };
        readings.read(2, Reading::Pool(pool), Instant::now());
        readings.read(3, Reading::Value(8.0), Instant::now());
        let both = Recent { latency: Some(0.1), usage: Some(0.2), pool, values: vec![(3, 8.0)] };
        assert_eq!(readings.recent(Instant::now()), both);
        advance(Duration::from_mins(6)).await;
        assert_eq!(readings.recent(Instant::now()), Recent { latency: None, ..both });
    }
}
