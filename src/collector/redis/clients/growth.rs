//! How fast output buffers grow from one poll to the next.

use std::time::{Duration, Instant};

/// Buffers that are kept for the next poll. The smallest are forgotten first: they are the last to matter.
const CAPACITY: usize = 1024;

/// How far the age of a connection may lag behind the time between two polls: both ends round to whole seconds, and the
/// server's clock is a cached one.
const AGE_SLACK_SECONDS: u64 = 2;

/// One connection's output buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Buffer {
    pub(super) id: u64,
    /// Seconds since the connection was opened.
    pub(super) age: Option<u64>,
    pub(super) bytes: u64,
}

/// The largest output buffers of the previous poll of one server, at most 1,024.
#[derive(Debug, Default)]
pub(super) struct BufferTracker {
    /// By id.
    previous: Vec<Buffer>,
    taken: Option<Instant>,
    current: Vec<Buffer>,
}

impl BufferTracker {
    /// Records a buffer of the poll that is being read.
    pub(super) fn record(&mut self, buffer: Buffer) {
        self.current.push(buffer);
        // Selecting at each push would cost as much as sorting; at each doubling it costs a constant part of a push.
        if self.current.len() == 2 * CAPACITY {
            self.keep_largest();
        }
    }

    /// Bytes per second since the previous poll, negative when the buffer drains.
    ///
    /// `None` when the connection had no buffer then, was not among the largest, or is another one: ids start again
    /// when the server does, and then the connection is younger than the time between the polls.
    pub(super) fn growth(&self, buffer: Buffer, now: Instant) -> Option<f64> {
        let elapsed = now.saturating_duration_since(self.taken?);
        // Two polls at the same moment (a clock of low resolution) would make any growth infinite.
        if elapsed == Duration::ZERO {
            return None;
        }
        let index = self.previous.binary_search_by_key(&buffer.id, |previous| previous.id).ok()?;
        let previous = self.previous[index];
        // A connection that is younger than the one of that id should be by now has got the id of a closed one.
        let aged = buffer.age?.saturating_add(AGE_SLACK_SECONDS);
        if aged < previous.age?.saturating_add(elapsed.as_secs()) {
            return None;
        }
        Some((buffer.bytes as f64 - previous.bytes as f64) / elapsed.as_secs_f64())
    }

    /// Makes the poll that was read the previous one.
    pub(super) fn advance(&mut self, now: Instant) {
        self.keep_largest();
        self.current.sort_unstable_by_key(|buffer| buffer.id);
        // The two swap, so that neither allocates again.
        std::mem::swap(&mut self.previous, &mut self.current);
        self.current.clear();
        self.taken = Some(now);
    }

    fn keep_largest(&mut self) {
        if self.current.len() > CAPACITY {
            self.current.select_nth_unstable_by(CAPACITY, |a, b| b.bytes.cmp(&a.bytes));
            self.current.truncate(CAPACITY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(id: u64, age: u64, bytes: u64) -> Buffer {
        Buffer { id, age: Some(age), bytes }
    }

    fn tracker(buffers: &[Buffer], now: Instant) -> BufferTracker {
        let mut tracker = BufferTracker::default();
        for buffer in buffers {
            tracker.record(*buffer);
        }
        tracker.advance(now);
        tracker
    }

    #[test]
    fn growth_is_per_second_and_signed() {
        let start = Instant::now();
        let tracker = tracker(&[buffer(9, 40, 500), buffer(7, 40, 1_000)], start);
        let now = start + Duration::from_secs(10);
        assert_eq!(tracker.growth(buffer(7, 50, 3_000), now), Some(200.0));
        assert_eq!(tracker.growth(buffer(9, 50, 400), now), Some(-10.0));
        assert_eq!(tracker.growth(buffer(8, 50, 400), now), None);
    }

    #[test]
    fn there_is_no_growth_without_a_previous_poll_or_without_time() {
        let start = Instant::now();
        assert_eq!(BufferTracker::default().growth(buffer(7, 50, 3_000), start), None);
        let tracker = tracker(&[buffer(7, 50, 1_000)], start);
        assert_eq!(tracker.growth(buffer(7, 50, 3_000), start), None);
    }

    #[test]
    fn a_reused_id_is_another_connection() {
        let start = Instant::now();
        let tracker = tracker(&[buffer(7, 40, 1_000), buffer(8, 0, 1_000)], start);
        let now = start + Duration::from_secs(10);
        assert_eq!(tracker.growth(buffer(7, 5, 3_000), now), None);
        assert_eq!(tracker.growth(buffer(8, 7, 3_000), now), None);
        assert_eq!(tracker.growth(buffer(8, 8, 3_000), now), Some(200.0));
        assert_eq!(tracker.growth(Buffer { age: None, ..buffer(8, 0, 3_000) }, now), None);
    }

    #[test]
    fn a_closed_connection_is_forgotten() {
        let start = Instant::now();
        let mut tracker = tracker(&[buffer(7, 40, 1_000)], start);
        tracker.advance(start + Duration::from_secs(10));
        assert_eq!(tracker.growth(buffer(7, 60, 3_000), start + Duration::from_secs(20)), None);
    }

    #[test]
    fn only_the_largest_are_kept() {
        let start = Instant::now();
        let buffers: Vec<_> = (1..=10_000).map(|id| buffer(id, 40, id)).collect();
        let tracker = tracker(&buffers, start);
        assert_eq!(tracker.previous.len(), CAPACITY);
        assert!(tracker.current.capacity() <= 2 * CAPACITY);
        let now = start + Duration::from_secs(1);
        assert_eq!(tracker.growth(buffer(10_000, 41, 10_001), now), Some(1.0));
        assert_eq!(tracker.growth(buffer(10_000 - 1_023, 41, 8_977), now), Some(0.0));
        assert_eq!(tracker.growth(buffer(10_000 - 1_024, 41, 8_976), now), None);
    }
}
