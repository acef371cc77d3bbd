//! What was counted in the logs of the containers of one name. It outlives them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::time::Instant;

use crate::collector::lines::Readings;
use crate::logpattern::Reading;
use parking_lot::Mutex;

/// The totals of one container name.
#[derive(Debug)]
pub(super) struct Totals {
    /// By stream.
    pub(super) lines: [AtomicU64; 2],
    /// By stream.
    pub(super) events: [AtomicU64; 2],
    pub(super) bytes: AtomicU64,
    pub(super) truncated: AtomicU64,
    /// Microseconds.
    pub(super) paused: AtomicU64,
    /// Of the latest line, in nanoseconds since 1970; 0 before the first.
    pub(super) last_line: AtomicU64,
    /// By the pattern's index.
    pub(super) matches: Box<[AtomicU64]>,
    /// Whether it is known that the log can be read: until then 0 would be a guess.
    pub(super) readable: AtomicBool,
    pub(super) readings: Mutex<Readings>,
}

impl Totals {
    pub(super) fn new(patterns: usize) -> Self {
        Self {
            lines: [const { AtomicU64::new(0) }; 2],
            events: [const { AtomicU64::new(0) }; 2],
            bytes: AtomicU64::new(0),
            truncated: AtomicU64::new(0),
            paused: AtomicU64::new(0),
            last_line: AtomicU64::new(0),
            matches: (0..patterns).map(|_| AtomicU64::new(0)).collect(),
            readable: AtomicBool::new(false),
            readings: Mutex::default(),
        }
    }

    /// Takes note of a number that a line named.
    pub(super) fn read(&self, pattern: usize, reading: Reading, now: Instant) {
        self.readings.lock().read(pattern, reading, now);
    }

    /// The run is over, and what its lines said of it with it.
    pub(super) fn forget_readings(&self) {
        *self.readings.lock() = Readings::default();
    }

    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}
