//! The circuit breaker between the publisher and Redis.

use std::time::{Duration, Instant};

use clap::Args;

/// When it opens and closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub(crate) struct BreakerSettings {
    /// Failed batches in a row that open the circuit breaker.
    #[arg(long = "breaker-failures", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) failures: u32,
    /// How long the circuit breaker stays open, before it lets a trial through.
    #[arg(long = "breaker-open", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) open: Duration,
    /// Batches that must succeed before the circuit breaker closes.
    #[arg(long = "breaker-successes", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) successes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BreakerState {
    /// Everything passes.
    Closed,
    /// Nothing passes.
    Open,
    /// Trials pass, one after the other.
    HalfOpen,
}

impl BreakerState {
    /// As the series of the older publisher have it.
    pub(crate) const fn as_number(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// One breaker, for one caller at a time: what [`allows`](Self::allows) let through is reported before it is asked again.
#[derive(Debug)]
pub(crate) struct Breaker {
    settings: BreakerSettings,
    state: BreakerState,
    failures: u32,
    successes: u32,
    last_failure: Option<Instant>,
}

impl Breaker {
    pub(crate) const fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: BreakerState::Closed, failures: 0, successes: 0, last_failure: None }
    }

    pub(crate) const fn state(&self) -> BreakerState {
        self.state
    }

    /// Failures in a row; those that opened it while it is not closed, and those of trials on top.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Trials that succeeded since it is half open.
    pub(crate) const fn successes(&self) -> u32 {
        self.successes
    }

    pub(crate) const fn last_failure(&self) -> Option<Instant> {
        self.last_failure
    }

    /// Whether a publish may be tried. Half-opens it when its time has come.
    pub(crate) fn allows(&mut self, now: Instant) -> bool {
        let rested =
            self.last_failure.is_none_or(|failure| now.saturating_duration_since(failure) >= self.settings.open);
        if self.state == BreakerState::Open && rested {
            self.state = BreakerState::HalfOpen;
            self.successes = 0;
        }
        self.state != BreakerState::Open
    }

    /// A publish that was let through has succeeded.
    pub(crate) fn succeeded(&mut self) {
        if self.state == BreakerState::HalfOpen {
            self.successes += 1;
            if self.successes < self.settings.successes {
                return;
            }
            self.state = BreakerState::Closed;
            self.successes = 0;
        }
        self.failures = 0;
    }

    /// A publish that was let through has failed.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(now);
        if self.state == BreakerState::HalfOpen || self.failures >= self.settings.failures {
            self.state = BreakerState::Open;
            self.successes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BreakerState::{Closed, HalfOpen, Open};

    const SETTINGS: BreakerSettings = BreakerSettings { failures: 5, open: Duration::from_secs(30), successes: 2 };

    fn opened(start: Instant) -> Breaker {
        let mut breaker = Breaker::new(SETTINGS);
        for _ in 0..5 {
            assert!(breaker.allows(start));
            breaker.failed(start);
        }
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it() {
        let start = Instant::now();
        let mut breaker = Breaker::new(SETTINGS);
        for _ in 0..4 {
            breaker.failed(start);
        }
        breaker.succeeded();
        assert_eq!((breaker.state(), breaker.failures()), (Closed, 0));
        for _ in 0..4 {
            breaker.failed(start);
        }
        assert_eq!((breaker.state(), breaker.failures()), (Closed, 4));
        breaker.failed(start);
        assert_eq!((breaker.state(), breaker.failures(), breaker.last_failure()), (Open, 5, Some(start)));
        assert!(!breaker.allows(start));
    }

    #[test]
    fn after_its_time_two_trials_close_it() {
        let start = Instant::now();
        let mut breaker = opened(start);
        assert!(!breaker.allows(start + Duration::from_millis(29_999)));
        assert!(breaker.allows(start + Duration::from_secs(30)));
        assert_eq!(breaker.state(), HalfOpen);
        breaker.succeeded();
        assert_eq!((breaker.state(), breaker.successes(), breaker.failures()), (HalfOpen, 1, 5));
        assert!(breaker.allows(start + Duration::from_secs(30)));
        breaker.succeeded();
        assert_eq!((breaker.state(), breaker.successes(), breaker.failures()), (Closed, 0, 0));
        assert_eq!(breaker.last_failure(), Some(start));
    }

    #[test]
    fn a_trial_that_fails_opens_it_for_as_long_again() {
        let start = Instant::now();
        let mut breaker = opened(start);
        let trial = start + Duration::from_secs(30);
        assert!(breaker.allows(trial));
        breaker.succeeded();
        breaker.failed(trial);
        assert_eq!((breaker.state(), breaker.failures(), breaker.successes()), (Open, 6, 0));
        assert!(!breaker.allows(trial + Duration::from_secs(29)));
        assert!(breaker.allows(trial + Duration::from_secs(30)));
        assert_eq!((breaker.state(), breaker.successes()), (HalfOpen, 0));
    }

    #[test]
    fn the_states_have_the_names_of_the_service() {
        assert_eq!([Closed, Open, HalfOpen].map(BreakerState::as_str), ["closed", "open", "half_open"]);
    }
}
