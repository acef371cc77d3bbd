//! The command line.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::flow::FlowSettings;
use crate::knobs::Knobs;

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

    #[command(flatten)]
    pub(crate) knobs: Knobs,
    /// Levels of the order book in a message: 25 make it a kilobyte.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub(crate) depth: u32,

    #[command(flatten)]
    pub(crate) flow: FlowSettings,
    /// How long publishing a batch may take, and connecting for it.
    #[arg(long, default_value = "1s", value_parser = interval)]
    pub(crate) publish_timeout: Duration,

    /// Which of two publishers carries the traffic: the newer one, with routes of its own, or the older one, of which only
    /// series in /metrics tell. The other one is there and does nothing. Without it there is only the newer one.
    #[arg(long, value_enum)]
    pub(crate) publisher: Option<Publisher>,

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

pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if INTERVALS.contains(&duration) => Ok(duration),
        Ok(_) => Err("must be from 1ms to 1day".to_owned()),
        Err(error) => Err(format!("{error}; write a number with a unit, like 100ms")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breaker::BreakerSettings;
    use crate::queue::DropPolicy;
    use crate::sampler::DoorSettings;

    fn parse(words: &str) -> Arguments {
        Arguments::try_parse_from(["ticker"].into_iter().chain(words.split_whitespace())).unwrap()
    }

    #[test]
    fn the_defaults_are_those_of_the_service() {
        let flow = parse("").flow;
        assert_eq!((flow.capacity, flow.drop_policy, flow.batch), (10_000, DropPolicy::Oldest, 100));
        assert_eq!((flow.batch_interval, flow.window), (Duration::from_millis(100), Duration::from_mins(1)));
        let breaker = BreakerSettings { failures: 5, open: Duration::from_secs(30), successes: 2 };
        assert_eq!(flow.breaker, breaker);
        assert_eq!(flow.door(), DoorSettings { step: Duration::from_secs(1), shed_above: Some(8_000) });
        assert_eq!(parse("").publish_timeout, Duration::from_secs(1));
        assert_eq!(parse("--shed-at 1").flow.door().shed_above, None);
        assert!(!parse("--initialized false").knobs.initialized);
    }

    #[test]
    fn a_flag_is_refused_as_the_knob_is() {
        assert_eq!(parse("--uncounted-loss 2").knobs.check().unwrap_err(), "uncounted_loss must be from 0 to 1");
        for flag in ["--batch-interval=0s", "--window=25h", "--batch=0", "--breaker-failures=0", "--drop-policy=none"] {
            assert!(Arguments::try_parse_from(["ticker", flag]).is_err(), "{flag}");
        }
    }
}
