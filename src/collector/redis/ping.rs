//! PING round trips, timed apart from everything else.

use std::time::Duration;

use redis::cmd;
use tokio::time::Instant;

use super::link::{Ending, Link};
use super::reply_error::{self, Meaning};
use super::support::Support;
use crate::collector::redis::RedisTarget;
use crate::metric::vocabulary::resources::PING_MS;
use crate::metric::{Families, MetricInfo, metrics};

pub(super) const COMMAND: &str = "PING";

metrics! {
    fn own;
    PING_MIN_MS: gauge "redis_ping_min_ms" [] Milliseconds,
        "Shortest round trip of the PINGs of the last poll, in milliseconds.", "PING";
    PING_MAX_MS: gauge "redis_ping_max_ms" [] Milliseconds,
        "Longest round trip of the PINGs of the last poll, in milliseconds.", "PING";
    PING_SECONDS: gauge "redis_ping_duration_seconds" ["stat"] Seconds,
        "Round trip of the PINGs of the last poll: their mean, minimum and maximum.", "PING";
}

/// The round trips of one poll.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pings {
    mean: Duration,
    min: Duration,
    max: Duration,
    /// The state that the server answered with instead of PONG.
    pub(super) state: Option<&'static str>,
}

impl Pings {
    /// The figures of `samples`, which must not be empty to have any.
    fn of(samples: &[Duration], state: Option<&'static str>) -> Option<Self> {
        let (min, max) = (*samples.iter().min()?, *samples.iter().max()?);
        let count = u32::try_from(samples.len()).ok()?;
        Some(Self { mean: samples.iter().sum::<Duration>() / count, min, max, state })
    }
}

/// Times the configured number of PINGs, one after the other. `None` if the server refuses PING.
///
/// An answer that is an error (LOADING, BUSY) took its round trip as well, and counts.
pub(super) async fn measure(
    target: &RedisTarget,
    link: &mut Link,
    support: &mut Support,
    until: Instant,
) -> Result<Option<Pings>, Ending> {
    let mut samples = Vec::new();
    let mut state = None;
    while samples.len() < target.ping_samples as usize {
        let started = Instant::now();
        let reply = link.ask_one(&cmd(COMMAND), until).await?;
        let round_trip = started.elapsed();
        if let Some((code, detail)) = reply_error::of(&reply) {
            let words = || reply_error::words(code, detail);
            match reply_error::meaning(code, detail) {
                Meaning::Unready(named) => state = Some(named),
                Meaning::Failed => {
                    support.failed(COMMAND, &words());
                    return Ok(None);
                }
                Meaning::Refused | Meaning::Auth | Meaning::Turned => {
                    support.refused(COMMAND, &words());
                    break;
                }
            }
        } else {
            support.answered(COMMAND);
        }
        samples.push(round_trip);
    }
    Ok(Pings::of(&samples, state))
}

/// Exports the round trips.
pub(super) fn export(pings: &Pings, out: &mut Families) {
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    out.push(&PING_MS, [], millis(pings.mean));
    out.push(&PING_MIN_MS, [], millis(pings.min));
    out.push(&PING_MAX_MS, [], millis(pings.max));
    for (stat, duration) in [("mean", pings.mean), ("min", pings.min), ("max", pings.max)] {
        out.push(&PING_SECONDS, [stat], duration.as_secs_f64());
    }
}

/// The metrics of this module.
pub(super) fn metrics() -> Vec<MetricInfo> {
    [own(), vec![*PING_MS.info()]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::text::{Format, exposition};

    #[test]
    fn figures_of_three_samples() {
        let samples = [Duration::from_micros(100), Duration::from_micros(400), Duration::from_micros(250)];
        let pings = Pings::of(&samples, None).unwrap();
        let mut out = Families::new();
        export(&pings, &mut out);
        let text = exposition(&out.into_sorted(), Format::Prometheus);
        let values: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            values,
            [
                "redis_ping_duration_seconds{stat=\"mean\"} 0.00025",
                "redis_ping_duration_seconds{stat=\"min\"} 0.0001",
                "redis_ping_duration_seconds{stat=\"max\"} 0.0004",
                "redis_ping_max_ms 0.4",
                "redis_ping_min_ms 0.1",
                "redis_ping_ms 0.25",
            ]
        );
        assert_eq!(Pings::of(&[], None), None);
    }
}
