//! PING round trips, timed apart from everything else.

use std::collections::VecDeque;
use std::time::Duration;

use redis::cmd;
use tokio::time::Instant;

use super::link::Link;
use super::reply_error::{self, Meaning};
use super::support::Support;
use super::wire::Ending;
use crate::collector::redis::RedisTarget;
use crate::metric::vocabulary::resources::PING_MS;
use crate::metric::{Durations, Families, MetricInfo, metrics};

pub(super) const COMMAND: &str = "PING";

metrics! {
    fn own;
    PING_MIN_MS: gauge "redis_ping_min_ms" [] Milliseconds,
        "Shortest round trip of the PINGs of the last poll, in milliseconds.", "PING";
    PING_MAX_MS: gauge "redis_ping_max_ms" [] Milliseconds,
        "Longest round trip of the PINGs of the last minute, in milliseconds; of one that was given up, how long the agent \
         waited.", "PING";
    ROUND_TRIPS: histogram "redis_ping_seconds" [] Seconds,
        "Round trips of the PINGs; of those that were given up, how long the agent waited.", "PING";
    PING_SECONDS: gauge "redis_ping_duration_seconds" ["stat"] Seconds,
        "Round trip of the PINGs of the last poll: their mean, minimum and maximum.", "PING";
}

/// Upper bounds of `redis_ping_seconds`; the alert's thresholds are among them.
const BOUNDS: &[f64] = &[0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 1.0];

/// How far `redis_ping_max_ms` looks back: further than from one scrape to the next.
const RECENT: Duration = Duration::from_mins(1);

/// What is remembered of all round trips, also of those that were given up with their poll.
#[derive(Debug)]
pub(super) struct History {
    all: Durations,
    /// When each of the last minute ended, and how long it took.
    recent: VecDeque<(Instant, Duration)>,
}

impl Default for History {
    fn default() -> Self {
        Self { all: Durations::new(BOUNDS), recent: VecDeque::new() }
    }
}

impl History {
    fn record(&mut self, round_trip: Duration, now: Instant) {
        self.all.observe(round_trip);
        self.recent.push_back((now, round_trip));
        self.recent.retain(|(at, _)| now.saturating_duration_since(*at) <= RECENT);
    }

    fn longest(&self) -> Duration {
        self.recent.iter().map(|(_, round_trip)| *round_trip).max().unwrap_or_default()
    }

    /// Exports the round trips of all polls, whether or not the last one was good.
    pub(super) fn export(&self, out: &mut Families) {
        self.all.export(&ROUND_TRIPS, [], out);
    }
}

/// A PING that is under way. It is recorded when it is dropped: with its answer, or with the poll that is given up at its
/// deadline.
struct Flight<'h> {
    history: &'h mut History,
    started: Instant,
    is_lost: bool,
}

impl Flight<'_> {
    /// The connection broke: how long that took says nothing of the server.
    fn lose(mut self) {
        self.is_lost = true;
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        if !self.is_lost {
            self.history.record(now - self.started, now);
        }
    }
}

/// The round trips of one poll.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pings {
    mean: Duration,
    min: Duration,
    pub(super) max: Duration,
    /// The longest of the last minute.
    recent_max: Duration,
    /// The state that the server answered with instead of PONG.
    pub(super) state: Option<&'static str>,
}

impl Pings {
    /// The figures of `samples`, which must not be empty to have any.
    fn of(samples: &[Duration], recent_max: Duration, state: Option<&'static str>) -> Option<Self> {
        let (min, max) = (*samples.iter().min()?, *samples.iter().max()?);
        let count = u32::try_from(samples.len()).ok()?;
        Some(Self { mean: samples.iter().sum::<Duration>() / count, min, max, recent_max, state })
    }
}

/// Times the configured number of PINGs, one after the other. `None` if the server refuses PING.
///
/// An answer that is an error (LOADING, BUSY) took its round trip as well, and counts.
pub(super) async fn measure(
    target: &RedisTarget,
    link: &mut Link,
    support: &mut Support,
    history: &mut History,
    until: Instant,
) -> Result<Option<Pings>, Ending> {
    let mut samples = Vec::new();
    let mut state = None;
    while samples.len() < target.ping_samples as usize {
        let started = Instant::now();
        let flight = Flight { history, started, is_lost: false };
        let reply = match link.ask_one(&cmd(COMMAND), until).await {
            Err(Ending::Broken(error)) => {
                flight.lose();
                return Err(Ending::Broken(error));
            }
            outcome => outcome?,
        };
        let round_trip = started.elapsed();
        drop(flight);
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
    Ok(Pings::of(&samples, history.longest(), state))
}

/// Exports the round trips.
pub(super) fn export(pings: &Pings, out: &mut Families) {
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    out.push(&PING_MS, [], millis(pings.mean));
    out.push(&PING_MIN_MS, [], millis(pings.min));
    out.push(&PING_MAX_MS, [], millis(pings.recent_max));
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
        let pings = Pings::of(&samples, Duration::from_millis(7), None).unwrap();
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
                "redis_ping_max_ms 7",
                "redis_ping_min_ms 0.1",
                "redis_ping_ms 0.25",
            ]
        );
        assert_eq!(Pings::of(&[], Duration::ZERO, None), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_ping_that_is_given_up_is_remembered_for_a_minute_and_counted_for_ever() {
        let mut history = History::default();
        let hanging = async {
            let _flight = Flight { started: Instant::now(), history: &mut history, is_lost: false };
            std::future::pending::<()>().await;
        };
        assert!(tokio::time::timeout(Duration::from_secs(5), hanging).await.is_err());
        drop(Flight { started: Instant::now(), history: &mut history, is_lost: false });
        assert_eq!(history.longest(), Duration::from_secs(5));
        tokio::time::advance(Duration::from_mins(1)).await;
        history.record(Duration::from_millis(3), Instant::now());
        assert_eq!(history.longest(), Duration::from_secs(5));
        tokio::time::advance(Duration::from_secs(1)).await;
        history.record(Duration::from_millis(2), Instant::now());
        assert_eq!(history.longest(), Duration::from_millis(3));
        let mut out = Families::new();
        history.export(&mut out);
        let text = exposition(&out.into_sorted(), Format::Prometheus);
        for line in
            ["_bucket{le=\"0.001\"} 1", "_bucket{le=\"0.005\"} 3", "_bucket{le=\"1\"} 3", "_bucket{le=\"+Inf\"} 4"]
        {
            assert!(text.contains(&format!("redis_ping_seconds{line}\n")), "{line} in {text}");
        }
    }
}
