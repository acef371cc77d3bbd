//! The door: which messages are let in when the service is pressed.
//!
//! Load is shed first, then what is left is sampled. Both are decided so that a drill shows the sampling rates one after
//! the other, which a door that shut itself at the first overload would not:
//!
//! * The sampling rate is that of the *applied* level, which follows the measured one by one level at a time, each time
//!   after the measured one has stayed on that side for a whole step. Sampling for a moment's level would throw away
//!   four messages of five for a batch that came late.
//! * In OVERLOAD the door shuts only when the buffer is nearly full (a share of its capacity, 80 % unless told
//!   otherwise): until then a fifth is let in.
//! * In CRITICAL the door shuts when more than [`CRITICAL_PENDING`] wait, and only once half of the messages are sampled
//!   out already: shedding is for what sampling does not help against.

use std::time::{Duration, Instant};

use crate::level::Level;

/// The number pending above which CRITICAL sheds.
const CRITICAL_PENDING: usize = 1_000;

/// What becomes of a message at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is let in.
    Accept,
    /// It is left out, so that the others are not late.
    SampleOut,
    /// It is dropped.
    Shed,
}

/// How the door is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DoorSettings {
    /// How long a level must last until the sampling rate follows it by one level.
    pub(crate) step: Duration,
    /// The number pending above which OVERLOAD sheds; `None` leaves it to the buffer's drop policy.
    pub(crate) shed_above: Option<usize>,
}

/// The adaptive sampler with its load shedding.
#[derive(Debug)]
pub(crate) struct Door {
    settings: DoorSettings,
    measured: Level,
    applied: Level,
    /// Since when the measured level is on the same side of the applied one.
    since: Instant,
}

impl Door {
    pub(crate) const fn new(now: Instant, settings: DoorSettings) -> Self {
        Self { settings, measured: Level::Healthy, applied: Level::Healthy, since: now }
    }

    /// Takes note of the level that was measured now.
    pub(crate) fn follow(&mut self, now: Instant, measured: Level) {
        if measured.cmp(&self.applied) != self.measured.cmp(&self.applied) {
            self.since = now;
        }
        self.measured = measured;
        if measured != self.applied && now.saturating_duration_since(self.since) >= self.settings.step {
            self.applied = self.applied.towards(measured);
            self.since = now;
        }
    }

    /// Decides on one message while `pending` wait. `random` is from 0 to 1, 1 excluded.
    pub(crate) fn decide(&self, pending: usize, random: f64) -> Decision {
        if self.sheds(pending) {
            Decision::Shed
        } else if random < self.applied.sampling_rate() {
            Decision::Accept
        } else {
            Decision::SampleOut
        }
    }

    fn sheds(&self, pending: usize) -> bool {
        match self.measured {
            Level::Overload => self.settings.shed_above.is_some_and(|bound| pending > bound),
            Level::Critical => self.applied >= Level::Critical && pending > CRITICAL_PENDING,
            Level::Warning | Level::Healthy => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Level::{Critical, Healthy, Overload, Warning};
    use super::*;

    struct Watched {
        start: Instant,
        door: Door,
    }

    impl Watched {
        fn new() -> Self {
            let settings = DoorSettings { step: Duration::from_secs(1), shed_above: Some(8_000) };
            let start = Instant::now();
            Self { start, door: Door::new(start, settings) }
        }

        /// The level that is applied when this one was measured.
        fn at(&mut self, millis: u64, measured: Level) -> Level {
            self.door.follow(self.start + Duration::from_millis(millis), measured);
            self.door.applied
        }

        fn at_once(measured: Level, applied: Level) -> Door {
            let settings = DoorSettings { step: Duration::ZERO, shed_above: Some(8_000) };
            Door { measured, applied, ..Door::new(Instant::now(), settings) }
        }
    }

    #[test]
    fn an_overload_is_followed_one_level_after_the_other() {
        let mut watched = Watched::new();
        let seen: Vec<Level> = (0..=8).map(|half| watched.at(half * 500, Overload)).collect();
        assert_eq!(seen, [Healthy, Healthy, Warning, Warning, Critical, Critical, Overload, Overload, Overload]);
    }

    #[test]
    fn a_level_that_comes_and_goes_is_not_followed() {
        let mut watched = Watched::new();
        for millis in (0..10_000).step_by(200) {
            assert_eq!(watched.at(millis, Overload), Healthy);
            assert_eq!(watched.at(millis + 100, Healthy), Healthy);
        }
    }

    #[test]
    fn a_level_that_only_gets_worse_is_followed_without_a_new_wait() {
        let mut watched = Watched::new();
        assert_eq!(watched.at(0, Warning), Healthy);
        assert_eq!(watched.at(900, Overload), Healthy);
        assert_eq!(watched.at(1_000, Overload), Warning);
    }

    #[test]
    fn calm_is_followed_one_level_after_the_other_too() {
        let mut watched = Watched::new();
        for millis in [0, 1_000, 2_000, 3_000] {
            watched.at(millis, Overload);
        }
        let seen: Vec<Level> = (4..=8).map(|second| watched.at(second * 1_000, Healthy)).collect();
        assert_eq!(seen, [Overload, Critical, Warning, Healthy, Healthy]);
    }

    #[test]
    fn a_step_of_zero_follows_at_once() {
        let mut door = Watched::at_once(Healthy, Healthy);
        door.follow(Instant::now(), Critical);
        assert_eq!(door.applied, Warning);
        door.follow(Instant::now(), Critical);
        assert_eq!(door.applied, Critical);
    }

    #[test]
    fn the_share_that_is_let_in_is_that_of_the_applied_level() {
        for (applied, in_a_thousand) in [(Healthy, 1_000), (Warning, 800), (Critical, 500), (Overload, 200)] {
            let door = Watched::at_once(Overload, applied);
            let accepted = (0..1_000).filter(|n| door.decide(0, f64::from(*n) / 1_000.0) == Decision::Accept).count();
            assert_eq!(accepted, in_a_thousand, "{applied:?}");
        }
    }

    #[test]
    fn overload_sheds_when_the_buffer_is_nearly_full() {
        let door = Watched::at_once(Overload, Healthy);
        assert_eq!([8_000, 8_001].map(|pending| door.decide(pending, 0.0)), [Decision::Accept, Decision::Shed]);
        let mut never = Watched::at_once(Overload, Overload);
        never.settings.shed_above = None;
        assert_eq!(never.decide(1_000_000, 0.0), Decision::Accept);
        assert_eq!(never.decide(1_000_000, 0.2), Decision::SampleOut);
    }

    #[test]
    fn critical_sheds_what_sampling_did_not_help_against() {
        let [before, after] = [Warning, Critical].map(|applied| Watched::at_once(Critical, applied));
        assert_eq!(before.decide(1_001, 0.0), Decision::Accept);
        assert_eq!([1_000, 1_001].map(|pending| after.decide(pending, 0.0)), [Decision::Accept, Decision::Shed]);
        // What was overload a moment ago is sampled still, and not shed.
        assert_eq!(Watched::at_once(Warning, Overload).decide(9_000, 0.1), Decision::Accept);
    }
}
