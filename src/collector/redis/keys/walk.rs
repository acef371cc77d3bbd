//! A walk over the keys of one database, a part of it in each poll.

use std::sync::Arc;

use redis::Value;
use tokio::time::Instant;

use super::glob;
use super::looked::Looked;
use super::settings::Watched;
use super::tally::{Tallied, Tally};
use crate::collector::redis::reply::{self, Unexpected};

/// The patterns that a key fits: bit `n` is the one of that place.
type Fits = u128;

/// The walk over one database, for all patterns of it.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) database: u32,
    pub(super) patterns: Vec<Arc<Watched>>,
    /// Where it goes on; 0 is the beginning.
    pub(super) cursor: u64,
    /// The pass that runs.
    began: Option<Instant>,
    keys: u64,
    tallies: Vec<Tally>,
    /// The last pass that went through.
    pub(super) last: Option<Arc<Pass>>,
}

/// A pass over a whole database.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) began: Instant,
    pub(super) ended: Instant,
    /// Keys that SCAN named.
    pub(super) keys: u64,
    /// One for each pattern.
    pub(super) patterns: Vec<(Arc<Watched>, Tallied)>,
}

/// What one SCAN found.
#[derive(Debug)]
pub(super) struct Slice {
    /// The place of its walk.
    pub(super) walk: usize,
    /// Where the walk goes on behind it.
    pub(super) cursor: u64,
    pub(super) named: usize,
    /// Those that fit a pattern.
    pub(super) found: Vec<Found>,
    pub(super) stage: Stage,
}

/// What of a slice is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The names of its keys.
    Named,
    /// Their types and memory too.
    Typed,
    /// All that was wanted.
    Whole,
}

/// A key that fits a pattern.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) key: Vec<u8>,
    fits: Fits,
    /// Whether type and size are wanted.
    pub(super) is_shown: bool,
    pub(super) wants_memory: bool,
    pub(super) looked: Looked,
}

impl Walk {
    pub(super) fn new(database: u32, patterns: Vec<Arc<Watched>>) -> Self {
        let tallies = patterns.iter().map(|_| Tally::default()).collect();
        Self { database, patterns, cursor: 0, began: None, keys: 0, tallies, last: None }
    }

    /// Starts from the beginning, on another server: what was seen so far is not of it.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.database, std::mem::take(&mut self.patterns));
    }

    /// Reads a reply to SCAN: where to go on, and the keys that fit.
    pub(super) fn read(&self, walk: usize, reply: &Value) -> Result<Slice, Unexpected> {
        let [cursor, keys] = reply::items(reply, "SCAN")? else {
            return Err(Unexpected::new("SCAN", "a cursor and an array", reply));
        };
        let cursor = reply::count(cursor, "SCAN: cursor")?;
        let keys = reply::items(keys, "SCAN: keys")?;
        let named = keys.len();
        let found: Vec<Found> = keys.iter().filter_map(|key| self.find(reply::bytes(key, "SCAN: key").ok()?)).collect();
        let mut slice = Slice { walk, cursor, named, found, stage: Stage::Named };
        slice.skip();
        Ok(slice)
    }

    fn find(&self, key: &[u8]) -> Option<Found> {
        let fit =
            |watched: &Watched| watched.pattern.as_ref().is_some_and(|pattern| glob::fits(pattern.as_bytes(), key));
        let places = self.patterns.iter().enumerate().filter(|(_, watched)| fit(watched));
        let fits: Fits = places.fold(0, |fits, (place, _)| fits | 1 << place);
        let of = |place: usize| fits & 1 << place != 0;
        let shown = self.shown_by(fits);
        let groups =
            |(place, watched): (usize, &Arc<Watched>)| of(place) && !watched.groups.is_empty() && watched.memory;
        let wants_memory =
            shown.is_some_and(|place| self.patterns[place].memory) || self.patterns.iter().enumerate().any(groups);
        let is_shown = shown.is_some();
        (fits != 0).then(|| Found { key: key.to_vec(), fits, is_shown, wants_memory, looked: Looked::default() })
    }

    /// The pattern among whose keys one is shown: the first that shows keys by name.
    fn shown_by(&self, fits: Fits) -> Option<usize> {
        let shows = |watched: &Watched| watched.groups.is_empty() && watched.top > 0;
        let mut places = self.patterns.iter().enumerate();
        places.find(|(place, watched)| fits & 1 << place != 0 && shows(watched)).map(|(place, _)| place)
    }

    /// Adds what a whole slice has, and ends the pass if it is the last one.
    pub(super) fn add(&mut self, slice: &Slice, polled: Instant, now: Instant) {
        let began = *self.began.get_or_insert(polled);
        self.keys += slice.named as u64;
        for found in &slice.found {
            let shown = self.shown_by(found.fits);
            for (place, (watched, tally)) in self.patterns.iter().zip(&mut self.tallies).enumerate() {
                if found.fits & 1 << place == 0 {
                    continue;
                }
                tally.count();
                if !watched.groups.is_empty() {
                    tally.group(watched, &found.key, &found.looked);
                } else if shown == Some(place) {
                    tally.show(watched, &found.key, &found.looked);
                }
            }
        }
        self.cursor = slice.cursor;
        if self.cursor == 0 {
            let tallies = std::mem::take(&mut self.tallies);
            let end = |(watched, tally): (&Arc<Watched>, Tally)| (Arc::clone(watched), tally.end(watched));
            let patterns = self.patterns.iter().zip(tallies).map(end).collect();
            let pass = Pass { began, ended: now, keys: self.keys, patterns };
            self.forget();
            self.last = Some(Arc::new(pass));
        }
    }
}

impl Slice {
    /// Goes on to the next stage for which there is something to ask.
    pub(super) fn skip(&mut self) {
        if self.stage == Stage::Named && !self.found.iter().any(|found| found.is_shown || found.wants_memory) {
            self.stage = Stage::Whole;
        }
        let has_size = |found: &Found| found.is_shown && found.looked.kind.sizing().is_some();
        if self.stage == Stage::Typed && !self.found.iter().any(has_size) {
            self.stage = Stage::Whole;
        }
    }
}
