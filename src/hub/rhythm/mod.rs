//! When scrapers come, so that polls can come just before them.
//!
//! A rate over two scrapes is right only if between them lies one poll, always at the same distance: with polls every 10 s and
//! scrapes every 15 s a constant load is a saw-tooth, and each third poll is seen by nobody.

mod train;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Key;
use train::{Scraper, Train};

/// Scrapers that are remembered of one target, and of `/metrics`: the one that asked longest ago is forgotten.
const SCRAPERS: usize = 16;

/// Where in its scrape interval a target is polled that is scraped with all others, from the scrape on: never while one may be
/// under way.
const SPREAD: std::ops::Range<f64> = 0.05..0.9;

/// Targets that share their scrapes are polled at multiples of it: of a thousand, a poll finds in the caches what the one before
/// it has left there, and takes half the CPU. The few that begin together are over before the next ones begin.
const TOGETHER: Duration = Duration::from_millis(200);

/// The scrapes of `/metrics`, and those of each target.
#[derive(Debug, Default)]
pub struct Rhythm {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Of all targets at once.
    of_all: Scrapers,
    of_each: HashMap<Key, Followed>,
    trains: u64,
}

/// One target's own scrapes, and what wakes the one who follows them.
#[derive(Debug, Default)]
struct Followed {
    scrapers: Scrapers,
    changed: Arc<Notify>,
}

/// The scrapers by what tells them apart.
#[derive(Debug, Default)]
struct Scrapers(Vec<(u64, Scraper)>);

impl Scrapers {
    fn scraped(&mut self, by: u64, at: Instant, number: u64) -> bool {
        let place = self.0.iter().position(|(known, _)| *known == by).unwrap_or_else(|| {
            if self.0.len() >= SCRAPERS {
                let oldest = (0..self.0.len()).min_by_key(|place| self.0[*place].1.seen).unwrap_or_default();
                self.0.swap_remove(oldest);
            }
            self.0.push((by, Scraper::default()));
            self.0.len() - 1
        });
        self.0[place].1.scraped(at, number)
    }

    fn trains(&self) -> impl Iterator<Item = &Train> {
        self.0.iter().flat_map(|(_, scraper)| scraper.trains())
    }
}

/// Who scrapes, as far as one scraper is told from another by it: its address and how it calls itself.
#[must_use]
pub fn scraper(address: Option<IpAddr>, name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (address, name).hash(&mut hasher);
    hasher.finish()
}

impl Rhythm {
    /// Records a scrape of all targets, or of one.
    pub fn scraped(&self, target: Option<&Key>, by: u64, at: Instant) {
        let mut known = self.known.lock();
        let known = &mut *known;
        let number = known.trains;
        let (scrapers, followed) = match target {
            None => (&mut known.of_all, None),
            Some(key) => match known.of_each.get_mut(key) {
                Some(followed) => (&mut followed.scrapers, Some(&followed.changed)),
                None => return,
            },
        };
        if scrapers.scraped(by, at, number) {
            known.trains += 1;
            match followed {
                Some(changed) => changed.notify_one(),
                None => known.of_each.values().for_each(|followed| followed.changed.notify_one()),
            }
        }
    }

    /// Lets the polls of a target follow its scrapes. One at a time may do so.
    #[must_use]
    pub fn follow(&self, key: &Key) -> Arc<Notify> {
        Arc::clone(&self.known.lock().of_each.entry(key.clone()).or_default().changed)
    }

    /// Forgets a target.
    pub(super) fn forget(&self, key: &Key) {
        self.known.lock().of_each.remove(key);
    }

    /// The scrapes that the polls of a target follow, if there are any that go on at `now`.
    #[must_use]
    pub fn beat(&self, key: &Key, now: Instant) -> Option<Beat> {
        let known = self.known.lock();
        let own = known.of_each.get(key).into_iter().flat_map(|followed| followed.scrapers.trains());
        let all = own.map(|train| (train, true)).chain(known.of_all.trains().map(|train| (train, false)));
        let going_on = all.filter(|(train, _)| train.goes_on(now));
        let (train, is_own) = going_on.reduce(|first, other| if other.0.leads(first.0) { other } else { first })?;
        let share = (!is_own).then(|| share(key));
        Some(Beat { period: train.period(), next: train.next(), share })
    }
}

/// Where in the interval a target is polled that shares its scrapes with others: always the same, and for each another.
fn share(key: &Key) -> f64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let part = (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64;
    SPREAD.start + part * (SPREAD.end - SPREAD.start)
}

/// The scrapes that a target's polls follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beat {
    /// From one scrape to the next.
    pub period: Duration,
    /// When one is due.
    pub next: Instant,
    /// Where in the period the target is polled, from a scrape on; `None` for just before the scrape, which is its own.
    pub share: Option<f64>,
}

impl Beat {
    /// When the first poll after `after` begins, which needs `lead` to have ended when the scrape comes.
    #[must_use]
    pub fn slot(&self, after: Instant, lead: Duration) -> Instant {
        let latest = self.period.saturating_sub(lead);
        let from_scrape = self.share.map_or(latest, |share| {
            let together = (self.period.as_secs_f64() * share / TOGETHER.as_secs_f64()).ceil();
            TOGETHER.mul_f64(together).min(latest)
        });
        // From a scrape that lies before `after`.
        let back = after.checked_duration_since(self.next).map_or_else(
            || -((self.next - after).as_secs_f64() / self.period.as_secs_f64()).ceil(),
            |since| (since.as_secs_f64() / self.period.as_secs_f64()).floor(),
        );
        let offset = back * self.period.as_secs_f64() + from_scrape.as_secs_f64();
        let slot = if offset >= 0.0 {
            self.next + Duration::from_secs_f64(offset)
        } else {
            // A clock that has just begun has no time before it.
            self.next.checked_sub(Duration::from_secs_f64(-offset)).unwrap_or(after)
        };
        if slot > after { slot } else { slot + self.period }
    }
}

#[cfg(test)]
mod tests;
