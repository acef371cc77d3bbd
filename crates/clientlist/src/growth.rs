//! How fast output buffers grow from one poll to the next, and since when they are too large.

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
    /// Since when it has been over its soft limit; `None` while it is not.
    pub(super) over_since: Option<Instant>,
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
    /// `None` when the connection had no buffer then, was not among the largest, or is another one.
    pub(super) fn growth(&self, buffer: Buffer, now: Instant) -> Option<f64> {
        let elapsed = now.saturating_duration_since(self.taken?);
        // Two polls at the same moment (a clock of low resolution) would make any growth infinite.
        if elapsed == Duration::ZERO {
            return None;
        }
        let previous = self.previous(buffer, elapsed)?;
        Some((buffer.bytes as f64 - previous.bytes as f64) / elapsed.as_secs_f64())
    }

    /// Since when a buffer that is over its soft limit of `soft_bytes` has been so. What happened between two polls is
    /// taken to have gone evenly.
    pub(super) fn over_since(&self, buffer: Buffer, soft_bytes: u64, now: Instant) -> Instant {
        let Some(elapsed) = self.taken.map(|taken| now.saturating_duration_since(taken)) else { return now };
        let was = self.previous(buffer, elapsed);
        if let Some(since) = was.and_then(|previous| previous.over_since) {
            return since;
        }
        let had = was.map_or(0, |previous| previous.bytes);
        // A connection that was opened since has had no more time than its age.
        let time = elapsed.min(buffer.age.map_or(elapsed, |age| Duration::from_secs(age + 1)));
        let over = buffer.bytes.saturating_sub(soft_bytes) as f64 / buffer.bytes.saturating_sub(had).max(1) as f64;
        now.checked_sub(time.mul_f64(over.clamp(0.0, 1.0))).unwrap_or(now)
    }

    /// The same connection at the previous poll. Ids start again when the server does: then the connection is younger than
    /// the one of that id should be by now.
    fn previous(&self, buffer: Buffer, elapsed: Duration) -> Option<Buffer> {
        let index = self.previous.binary_search_by_key(&buffer.id, |previous| previous.id).ok()?;
        let previous = self.previous[index];
        let aged = buffer.age?.saturating_add(AGE_SLACK_SECONDS);
        (aged >= previous.age?.saturating_add(elapsed.as_secs())).then_some(previous)
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
        Buffer { id, age: Some(age), bytes, over_since: None }
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
    fn the_soft_limit_was_passed_where_an_even_growth_passes_it() {
        let start = Instant::now();
        let mut tracker = tracker(&[buffer(7, 40, 400)], start);
        let now = start + Duration::from_secs(10);
        let over =
            |tracker: &BufferTracker, buffer, now: Instant| (now - tracker.over_since(buffer, 800, now)).as_secs();
        // From 400 to 1,200 in ten seconds; from nothing; of a connection that is two seconds old; at the first poll.
        assert_eq!(over(&tracker, buffer(7, 50, 1_200), now), 5);
        assert_eq!(over(&tracker, buffer(8, 50, 1_000), now), 2);
        assert_eq!(over(&tracker, buffer(9, 1, 1_600), now), 1);
        assert_eq!(over(&BufferTracker::default(), buffer(7, 50, 1_200), now), 0);
        // Once over, it stays so.
        let since = tracker.over_since(buffer(7, 50, 1_200), 800, now);
        tracker.record(Buffer { over_since: Some(since), ..buffer(7, 50, 1_200) });
        tracker.advance(now);
        assert_eq!(over(&tracker, buffer(7, 60, 900), now + Duration::from_secs(10)), 15);
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
