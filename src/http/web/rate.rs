//! `rate_limit`: a token bucket over all requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reader::Problem;

use super::parse::RawRateLimit;
use super::problem_of;

/// A token bucket that holds `burst` tokens and gains one each `interval`.
///
/// It is kept as the one time at which the bucket will be full again (the generic cell rate algorithm), so that taking
/// a token is one compare-and-swap.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: u64,
    capacity: u64,
    start: Instant,
    full_at: AtomicU64,
}

impl RateLimit {
    /// The bucket of the configuration; `None` when it limits nothing.
    pub(super) fn new(raw: &RawRateLimit, problems: &mut Vec<Problem>) -> Option<Self> {
        let text = raw.interval.as_deref().unwrap_or("0");
        let Some(interval) = parse_duration(text) else {
            problems.push(problem_of(
                "rate_limit.interval",
                Some(text),
                "not a duration with a unit",
                "write it like 500ms, 1s or 1m30s; 0 turns the limit off",
            ));
            return None;
        };
        if interval.is_zero() {
            return None;
        }
        let burst = raw.burst.unwrap_or(0);
        if burst == 0 {
            problems.push(problem_of(
                "rate_limit.burst",
                Some("0"),
                "no request would ever be answered",
                "set it to 1 or more",
            ));
            return None;
        }
        Some(Self::with(interval, burst))
    }

    fn with(interval: Duration, burst: u32) -> Self {
        let interval = nanoseconds(interval);
        let capacity = interval.saturating_mul(u64::from(burst));
        Self { interval, capacity, start: Instant::now(), full_at: AtomicU64::new(0) }
    }

    /// Takes a token, or says how long it takes until there is one.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        self.take_at(nanoseconds(self.start.elapsed()))
    }

    fn take_at(&self, now: u64) -> Result<(), Duration> {
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            let next = full_at.max(now).saturating_add(self.interval);
            let over = (next - now).saturating_sub(self.capacity);
            if over > 0 {
                return Err(Duration::from_nanos(over));
            }
            match self.full_at.compare_exchange_weak(full_at, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(seen) => full_at = seen,
            }
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Reads a duration as Go writes it: numbers, each with a unit from `ns` to `h`, and a bare `0`.
fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    if text.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * unit).ok()?)?;
        rest = &rest[letters..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_passes_then_one_each_interval() {
        let limit = RateLimit::with(Duration::from_secs(1), 3);
        for _ in 0..3 {
            assert_eq!(limit.take_at(10 * SECOND), Ok(()));
        }
        assert_eq!(limit.take_at(10 * SECOND), Err(Duration::from_secs(1)));
        assert_eq!(limit.take_at(10 * SECOND + SECOND / 4), Err(Duration::from_millis(750)));
        assert_eq!(limit.take_at(11 * SECOND), Ok(()));
        assert_eq!(limit.take_at(11 * SECOND), Err(Duration::from_secs(1)));
    }

    #[test]
    fn an_idle_bucket_holds_no_more_than_the_burst() {
        let limit = RateLimit::with(Duration::from_secs(1), 2);
        for (now, answer) in [(0, Ok(())), (3600, Ok(())), (3600, Ok(())), (3600, Err(Duration::from_secs(1)))] {
            assert_eq!(limit.take_at(now * SECOND), answer);
        }
    }

    #[test]
    fn go_durations() {
        for (text, millis) in
            [("1s", 1000), ("1.5s", 1500), ("500ms", 500), ("1m30s", 90_000), ("1h", 3_600_000), ("0", 0)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "1 s", "1M", "1day", "-1s", "s", ".s", "1.2.3s", "9999999999999999999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn zero_turns_it_off_and_a_burst_of_zero_is_refused() {
        let mut problems = Vec::new();
        let raw = |interval: Option<&str>, burst| RawRateLimit { interval: interval.map(str::to_owned), burst };
        assert!(RateLimit::new(&raw(None, Some(5)), &mut problems).is_none());
        assert!(RateLimit::new(&raw(Some("0s"), None), &mut problems).is_none());
        assert_eq!(problems, []);
        assert!(RateLimit::new(&raw(Some("1s"), None), &mut problems).is_none());
        assert!(RateLimit::new(&raw(Some("5"), Some(1)), &mut problems).is_none());
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "rate_limit.burst = 0: no request would ever be answered; set it to 1 or more",
                "rate_limit.interval = 5: not a duration with a unit; write it like 500ms, 1s or 1m30s; 0 turns the limit off",
            ]
        );
    }
}
