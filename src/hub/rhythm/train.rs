//! Regular scrapes found among the requests of one scraper.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The shortest and the longest time between scrapes that polls follow.
const PERIODS: std::ops::RangeInclusive<f64> = 1.0..=60.0;

/// The part of its period by which a scrape may be early or late and is still one of the regular ones.
const TOLERANCE: f64 = 0.1;

/// How many scrapes in a row may be missing. Prometheus skips one when the one before it takes too long.
const MISSING: f64 = 2.0;

/// How much of what a scrape is early or late moves the expectation of the next one: a scrape that is late once is followed by
/// one that is on time.
const PHASE_GAIN: f64 = 0.25;
const PERIOD_GAIN: f64 = 0.05;

/// Requests that are kept until three of them are found to be regular.
const LOOSE: usize = 8;

/// Regular scrapes of one scraper. A scraper with more jobs than that follows the first ones.
const TRAINS: usize = 4;

/// Requests at regular times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Train {
    /// Seconds from one to the next.
    period: f64,
    /// When the last one was due, which is not quite when it came.
    last: Instant,
    /// Trains are numbered in the order in which they were found.
    pub(super) number: u64,
}

impl Train {
    pub(super) fn period(&self) -> Duration {
        Duration::from_secs_f64(self.period)
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Instant {
        self.last + self.period()
    }

    /// Whether it goes on, as far as can be known.
    pub(super) fn goes_on(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last).as_secs_f64() <= (MISSING + 1.0 + TOLERANCE) * self.period
    }

    /// Whether this one is shorter; periods that differ by less than the tolerance are the same.
    pub(super) fn leads(&self, other: &Self) -> bool {
        if (self.period - other.period).abs() <= TOLERANCE * self.period.min(other.period) {
            return self.number < other.number;
        }
        self.period < other.period
    }

    /// Takes a request as one of its own if it comes when one is due.
    fn takes(&mut self, at: Instant) -> bool {
        let since = between(self.last, at);
        let beats = (since / self.period).round();
        let late = since - beats * self.period;
        if !(1.0..=MISSING + 1.0).contains(&beats) || late.abs() > TOLERANCE * self.period {
            return false;
        }
        self.last += Duration::from_secs_f64((beats * self.period + PHASE_GAIN * late).max(0.0));
        self.period = (self.period + PERIOD_GAIN * late / beats).clamp(*PERIODS.start(), *PERIODS.end());
        true
    }
}

/// What one scraper has asked for.
#[derive(Debug, Default)]
pub(super) struct Scraper {
    trains: Vec<Train>,
    loose: VecDeque<Instant>,
    /// When it asked last.
    pub(super) seen: Option<Instant>,
}

impl Scraper {
    /// Records a request; true if with it regular ones have been found, which then have `number`.
    pub(super) fn scraped(&mut self, at: Instant, number: u64) -> bool {
        self.seen = Some(at);
        self.trains.retain(|train| train.goes_on(at));
        if self.trains.iter_mut().any(|train| train.takes(at)) {
            return false;
        }
        let found = (self.trains.len() < TRAINS).then(|| self.regular(at)).flatten();
        let Some(period) = found else {
            self.loose.push_back(at);
            if self.loose.len() > LOOSE {
                self.loose.pop_front();
            }
            return false;
        };
        let train = Train { period, last: at, number };
        // What belongs to it is no longer loose: two scrapers in one must not make a third of their remains.
        self.loose.retain(|loose| {
            let beats = between(*loose, at) / period;
            (beats - beats.round()).abs() > TOLERANCE
        });
        self.trains.push(train);
        true
    }

    pub(super) fn trains(&self) -> impl Iterator<Item = &Train> {
        self.trains.iter()
    }

    /// The time from one to the next of three requests of which `at` is the last; the shortest there is.
    fn regular(&self, at: Instant) -> Option<f64> {
        let before = self.loose.iter().rev().map(|loose| between(*loose, at));
        before.filter(|gap| is_followed(*gap)).find_map(|gap| {
            let twice = self.loose.iter().map(|loose| between(*loose, at));
            let twice = twice.filter(|twice| (twice - 2.0 * gap).abs() <= TOLERANCE * gap).reduce(f64::min)?;
            Some(twice / 2.0).map(|period| period.clamp(*PERIODS.start(), *PERIODS.end()))
        })
    }
}

/// Whether polls follow scrapes with this time between them, which may be a little off.
fn is_followed(gap: f64) -> bool {
    (PERIODS.start() * (1.0 - TOLERANCE)..=PERIODS.end() * (1.0 + TOLERANCE)).contains(&gap)
}

/// Seconds from one to the other, negative if they are the other way round.
fn between(from: Instant, to: Instant) -> f64 {
    match to.checked_duration_since(from) {
        Some(since) => since.as_secs_f64(),
        None => -from.duration_since(to).as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The periods that are found in requests at these milliseconds.
    fn found(millis: &[u64]) -> Vec<f64> {
        let (start, mut scraper) = (Instant::now(), Scraper::default());
        for (number, at) in (0..).zip(millis) {
            scraper.scraped(start + Duration::from_millis(*at), number);
        }
        scraper.trains().map(|train| (train.period * 10.0).round() / 10.0).collect()
    }

    #[test]
    fn three_regular_requests_are_a_train_and_others_are_not() {
        assert_eq!(found(&[0, 15_000]), [0.0; 0]);
        assert_eq!(found(&[0, 15_000, 30_000]), [15.0]);
        assert_eq!(found(&[0, 15_020, 29_990, 45_010]), [15.0]);
        assert_eq!(found(&[0, 1_000, 2_000]), [1.0]);
        assert_eq!(found(&[0, 60_000, 120_000]), [60.0]);
        assert_eq!(found(&[0, 120_000, 240_000]), [0.0; 0], "too far apart to be followed");
        assert_eq!(found(&[0, 200, 400, 600]), [0.0; 0], "a loop that hammers is not followed");
        assert_eq!(found(&[0, 7_000, 19_000, 50_000]), [0.0; 0], "a person");
    }

    #[test]
    fn two_scrapers_behind_one_name_are_told_apart() {
        assert_eq!(found(&[0, 4_000, 15_000, 19_000, 30_000, 34_000, 45_000, 49_000]), [15.0, 15.0]);
        assert_eq!(found(&[0, 2_000, 5_000, 10_000, 15_000, 17_000, 20_000, 25_000, 30_000, 32_000]), [5.0, 15.0]);
    }

    #[test]
    fn a_late_scrape_hardly_moves_what_is_expected_and_missing_ones_are_bridged() {
        let (start, mut scraper) = (Instant::now(), Scraper::default());
        let at = |millis| start + Duration::from_millis(millis);
        let due = |scraper: &Scraper| between(start, scraper.trains[0].next());
        for (number, millis) in (0..).zip([0, 10_000, 20_000, 30_000]) {
            scraper.scraped(at(millis), number);
        }
        assert!((due(&scraper) - 40.0).abs() < 1e-6);
        assert!(!scraper.scraped(at(40_800), 9), "0.8 s late");
        assert!((due(&scraper) - 50.24).abs() < 0.01, "{}", due(&scraper));
        assert!(!scraper.scraped(at(53_000), 9), "3 s late: not one of them, and no train either");
        assert!((due(&scraper) - 50.24).abs() < 0.01);
        assert!(!scraper.scraped(at(70_000), 9), "two are missing");
        assert!((due(&scraper) - 80.0).abs() < 0.3, "{}", due(&scraper));
        let train = scraper.trains[0];
        assert!(train.goes_on(at(100_000)) && !train.goes_on(at(102_000)));
    }

    #[test]
    fn the_shortest_leads_and_among_equals_the_first() {
        let train = |period, number| Train { period, last: Instant::now(), number };
        assert!(train(5.0, 7).leads(&train(15.0, 1)));
        assert!(!train(15.0, 1).leads(&train(5.0, 7)));
        assert!(train(15.3, 1).leads(&train(15.0, 2)), "the same period, and found first");
        assert!(!train(15.0, 2).leads(&train(15.3, 1)));
    }
}
