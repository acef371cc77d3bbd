//! The command line.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::breaker::BreakerSettings;
use crate::flow::{Controls, FlowSettings};
use crate::knobs::{KnobChange, Knobs};
use crate::queue::DropPolicy;
use crate::sampler::DoorSettings;

/// A ticker service on Redis that publishes ticks, sheds what is too much, and tells how it does.
///
/// It prints `listening on http://ADDRESS` when it serves, and logs to standard error.
#[derive(Debug, Clone, Parser)]
#[command(name = "ticker")]
pub(crate) struct Arguments {
    /// Where ticks are published. Redis may be absent, at the start too.
    #[arg(long, default_value = "redis://127.0.0.1:6379")]
    pub(crate) redis: String,
    /// Where it serves; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// The name that /health gives.
    #[arg(long, default_value = "development")]
    pub(crate) environment: String,

    /// Instruments at the start.
    #[arg(long, default_value_t = 100)]
    pub(crate) instruments: usize,
    /// Ticks a second of each instrument; 100,000 a second are made of all at most.
    #[arg(long, default_value_t = 2.0)]
    ticks_per_second: f64,
    /// Levels of the order book in a message: 25 make it a kilobyte.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub(crate) depth: u32,
    /// The beginning of everything random.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Messages that wait at most.
    #[arg(long, default_value_t = 10_000)]
    capacity: usize,
    /// Which message goes when the buffer is full.
    #[arg(long, value_enum, default_value_t = DropPolicy::Oldest)]
    drop_policy: DropPolicy,
    /// Messages of a batch at most: with the interval, the most that can be published.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// From one batch to the next.
    #[arg(long, default_value = "100ms", value_parser = interval)]
    pub(crate) batch_interval: Duration,
    /// How long publishing a batch may take, and connecting for it.
    #[arg(long, default_value = "1s", value_parser = interval)]
    pub(crate) publish_timeout: Duration,
    /// Failed batches in a row that open the circuit breaker.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    breaker_failures: u32,
    /// How long the circuit breaker stays open.
    #[arg(long, default_value = "30s", value_parser = humantime::parse_duration)]
    breaker_open: Duration,
    /// Batches that must succeed before the circuit breaker closes.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    breaker_successes: u32,
    /// Over which the rates are computed.
    #[arg(long, default_value = "60s", value_parser = interval)]
    window: Duration,
    /// How long a level must last until the sampling rate follows it by one level.
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration)]
    sampling_step: Duration,
    /// The share of the capacity above which OVERLOAD sheds; with 1 the drop policy acts instead.
    #[arg(long, default_value_t = 0.8)]
    shed_at: f64,
    /// Compute the level's ratio as published by received: sampling lowers it, so that a level once reached stays.
    #[arg(long)]
    latch: bool,
    /// The share of the accepted messages that vanishes without being counted.
    #[arg(long, default_value_t = 0.0)]
    uncounted_loss: f64,
    /// Whether the publisher publishes; `false` as if it were not there yet.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    initialized: bool,

    /// Which of two publishers carries the traffic: the newer one, with routes of its own, or the older one, of which only
    /// series in /metrics tell. The other one is there and does nothing. Without it there is only the newer one.
    #[arg(long, value_enum)]
    pub(crate) publisher: Option<Publisher>,

    /// The pace of the cache.
    #[arg(long, default_value_t = 50.0)]
    cache_gets_per_second: f64,
    /// Active requests that /health/load tells.
    #[arg(long, default_value_t = 0)]
    active: u64,
    /// Queued requests that /health/load tells.
    #[arg(long, default_value_t = 0)]
    queued: u64,
    /// Active requests at which /health/load is 1.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_concurrent: u64,
}

/// One of two publishers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Publisher {
    Newer,
    Older,
}

/// No interval of this service is shorter or longer.
const INTERVALS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(24);

fn interval(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if INTERVALS.contains(&duration) => Ok(duration),
        Ok(_) => Err("must be from 1ms to 1day".to_owned()),
        Err(error) => Err(format!("{error}; write a number with a unit, like 100ms")),
    }
}

impl Arguments {
    /// The knobs at the start; an error for a value that `/admin/knobs` would refuse as well.
    pub(crate) fn knobs(&self) -> Result<Knobs, String> {
        KnobChange {
            ticks_per_second: Some(self.ticks_per_second),
            instruments: Some(self.instruments),
            uncounted_loss: Some(self.uncounted_loss),
            cache_gets_per_second: Some(self.cache_gets_per_second),
            ..KnobChange::default()
        }
        .check()?;
        Ok(Knobs {
            ticks_per_second: self.ticks_per_second,
            uncounted_loss: self.uncounted_loss,
            latch: self.latch,
            initialized: self.initialized,
            cache_gets_per_second: self.cache_gets_per_second,
            active: self.active,
            queued: self.queued,
        })
    }

    pub(crate) fn controls(&self) -> Controls {
        Controls { uncounted_loss: self.uncounted_loss, latch: self.latch, initialized: self.initialized }
    }

    pub(crate) fn flow(&self) -> FlowSettings {
        // The cast saturates, and a share of a capacity is far below 2^53.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the capacity")]
        let shed_above = (self.shed_at < 1.0).then_some((self.capacity as f64 * self.shed_at) as usize);
        FlowSettings {
            capacity: self.capacity,
            policy: self.drop_policy,
            batch: self.batch as usize,
            batch_interval: self.batch_interval,
            window: self.window,
            breaker: BreakerSettings {
                failures: self.breaker_failures,
                open: self.breaker_open,
                successes: self.breaker_successes,
            },
            door: DoorSettings { step: self.sampling_step, shed_above },
            seed: self.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Arguments {
        Arguments::try_parse_from(["ticker"].into_iter().chain(words.split_whitespace())).unwrap()
    }

    #[test]
    fn the_defaults_are_those_of_the_service() {
        let flow = parse("").flow();
        assert_eq!((flow.capacity, flow.policy, flow.batch), (10_000, DropPolicy::Oldest, 100));
        assert_eq!((flow.batch_interval, flow.window), (Duration::from_millis(100), Duration::from_mins(1)));
        let breaker = BreakerSettings { failures: 5, open: Duration::from_secs(30), successes: 2 };
        assert_eq!(flow.breaker, breaker);
        assert_eq!(flow.door, DoorSettings { step: Duration::from_secs(1), shed_above: Some(8_000) });
        assert_eq!(parse("").publish_timeout, Duration::from_secs(1));
        assert_eq!(parse("--shed-at 1").flow().door.shed_above, None);
        assert!(!parse("--initialized false").controls().initialized);
    }

    #[test]
    fn a_flag_is_refused_as_the_knob_is() {
        assert_eq!(parse("--uncounted-loss 2").knobs().unwrap_err(), "uncounted_loss must be from 0 to 1");
        for flag in ["--batch-interval=0s", "--window=25h", "--batch=0", "--breaker-failures=0", "--drop-policy=none"] {
            assert!(Arguments::try_parse_from(["ticker", flag]).is_err(), "{flag}");
        }
    }
}
