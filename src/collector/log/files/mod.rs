//! Reads files, on a thread of its own: what hangs in the kernel or is large costs no other target anything.
//!
//! A log is a path ([`slot`]); behind it is the file that has the path now, and for a while those that had it before
//! ([`reading`]). Which paths there are is looked up every few seconds, what is new in them twice a second.

mod reading;
mod scan;
mod slot;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use self::slot::Slot;
use super::board::Board;
use super::place::FilePlace;
use super::settings::LogTarget;
use crate::logpattern::{Matcher, Patterns};

/// Between two looks at the files.
const TICK: Duration = Duration::from_millis(500);

/// What readers have in common.
pub(super) struct Shared {
    pub(super) target: LogTarget,
    pub(super) board: Board,
    pub(super) patterns: Patterns,
    pub(super) matcher: Matcher,
}

/// The files of one target.
pub(super) struct Files {
    shared: Arc<Shared>,
    slots: Vec<Slot>,
    /// What the last run has kept of logs that have not been found yet.
    kept: BTreeMap<String, Vec<FilePlace>>,
    /// Whether the last run has kept anything: what it did not know is new.
    has_kept: bool,
    /// The paths of the last look; a path that was not among them is of a new file.
    seen: Option<HashSet<PathBuf>>,
    /// Folders that could not be read at the last look: what is found there is not new.
    blind: Vec<PathBuf>,
    scan_at: Instant,
    buffer: Vec<u8>,
}

impl Files {
    pub(super) fn new(shared: Arc<Shared>, kept: BTreeMap<String, Vec<FilePlace>>) -> Self {
        for (name, places) in &kept {
            shared.board.log(name, |log| log.files.clone_from(places));
        }
        Self {
            shared,
            slots: Vec::new(),
            has_kept: !kept.is_empty(),
            kept,
            seen: None,
            blind: Vec::new(),
            scan_at: Instant::now(),
            buffer: vec![0; 256 << 10],
        }
    }

    /// Reads until `stop` is set.
    pub(super) fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Relaxed) {
            if !self.tick() {
                thread::park_timeout(TICK);
            }
        }
    }

    /// Looks once; whether there is more to read at once.
    fn tick(&mut self) -> bool {
        let now = Instant::now();
        if now >= self.scan_at {
            self.scan(now);
        }
        let mut taken: HashSet<(u64, u64)> = self.slots.iter().flat_map(Slot::ids).collect();
        let mut is_more = false;
        for slot in &mut self.slots {
            slot.look(&self.shared, &mut taken, now);
            is_more |= slot.read(&self.shared, &mut self.buffer, now);
        }
        self.shared.board.with(|board| board.worked_at = Some(Instant::now()));
        is_more
    }
}

#[cfg(test)]
mod tests;
