//! What of a log was read, so that every line counts once.
//!
//! After an interruption the engine is asked for everything since the second of the last line, and one second more, as
//! the two streams may overtake each other by microseconds. What was counted already comes again then: each stream
//! is skipped up to its last line. Lines of one moment are told apart by their number, for not every engine has a clock
//! that is fine enough.
//!
//! Without an interruption too an engine may send a line twice (dockerd 20.10 does around a log's rotation): one whose
//! time is among those of the last lines is skipped. A time before the last one that was not seen is that of a clock that
//! was set back, and its line counts.

use std::collections::VecDeque;

use crate::logpattern::Stream;

const SECOND: u64 = 1_000_000_000;

/// Times of a stream that are kept.
const RECENT: usize = 1024;

/// How far one container's log was read.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    /// Lines before it do not count.
    floor: u64,
    streams: [Position; 2],
    /// When the engine was asked last: what was written later comes for the first time.
    asked: u64,
    /// Whether there was a line without a time.
    is_timeless: bool,
    /// Whether there was a time that is no whole microsecond. A clock that is coarser gives several lines one time.
    is_fine: bool,
}

/// How far one stream was read.
#[derive(Debug, Clone, Default)]
struct Position {
    /// The latest time, and how many lines had it.
    last: Option<(u64, u32)>,
    /// The same when the engine was asked; the number falls with each line of that time that comes again.
    resumed: Option<(u64, u32)>,
    /// Times of the last lines, the oldest first.
    recent: VecDeque<u64>,
}

impl Cursor {
    /// Nothing was read, and nothing before `floor` will be; nanoseconds since 1970.
    pub(super) fn new(floor: u64) -> Self {
        Self {
            floor,
            streams: [Position::default(), Position::default()],
            asked: 0,
            is_timeless: false,
            is_fine: false,
        }
    }

    /// The second from which on the engine is to be asked. `now` is when that is by the engine's clock, or the end of time
    /// where that is not known.
    pub(super) fn resume(&mut self, now: u64) -> u64 {
        self.asked = now;
        for position in &mut self.streams {
            position.resumed = position.last;
        }
        let of_floor = self.floor / SECOND;
        self.last().map_or(of_floor, |last| (last / SECOND).saturating_sub(1).max(of_floor))
    }

    /// The time of the latest line.
    pub(super) fn last(&self) -> Option<u64> {
        self.streams.iter().filter_map(|position| position.last).map(|(at, _)| at).max()
    }

    /// Whether lines that come again are recognised.
    pub(super) const fn can_tell_apart(&self) -> bool {
        !self.is_timeless
    }

    /// Whether a line counts: it was not counted before. One without a time always counts.
    pub(super) fn accept(&mut self, stream: Stream, at: Option<u64>) -> bool {
        let Some(at) = at else {
            self.is_timeless = true;
            return true;
        };
        let may_be_old = at < self.asked;
        if may_be_old && at < self.floor {
            return false;
        }
        self.is_fine |= !at.is_multiple_of(1_000);
        let position = &mut self.streams[stream as usize];
        let came_before = (may_be_old && position.comes_again(at)) || (self.is_fine && position.came_lately(at));
        if !came_before {
            position.count(at);
        }
        !came_before
    }
}

impl Position {
    /// Whether a line after an interruption is one from before it.
    fn comes_again(&mut self, at: u64) -> bool {
        match &mut self.resumed {
            Some((last, _)) if at < *last => true,
            Some((last, count)) if at == *last && *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Whether a line of a stream without interruption was sent before.
    fn came_lately(&self, at: u64) -> bool {
        self.last.is_some_and(|(last, _)| at <= last) && self.recent.contains(&at)
    }

    fn count(&mut self, at: u64) {
        match &mut self.last {
            Some((last, count)) if *last == at => *count += 1,
            Some((last, _)) if *last > at => {}
            last => *last = Some((at, 1)),
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = SECOND;
    const OUT: Stream = Stream::Stdout;
    const ERR: Stream = Stream::Stderr;

    /// Which of the times of a stream count.
    fn accepted(cursor: &mut Cursor, stream: Stream, times: &[u64]) -> Vec<u64> {
        times.iter().copied().filter(|at| cursor.accept(stream, Some(*at))).collect()
    }

    #[test]
    fn after_an_interruption_each_stream_goes_on_behind_its_last_line() {
        let mut cursor = Cursor::new(0);
        assert_eq!(cursor.resume(1), 0);
        accepted(&mut cursor, OUT, &[100 * S + 1, 100 * S + 7, 102 * S + 5]);
        accepted(&mut cursor, ERR, &[101 * S + 3]);
        assert_eq!(cursor.resume(110 * S), 101);
        // What stderr wrote before stdout's last line and was not sent is not lost.
        assert_eq!(accepted(&mut cursor, ERR, &[101 * S + 3, 102 * S + 4]), [102 * S + 4]);
        assert_eq!(accepted(&mut cursor, OUT, &[102 * S + 5, 102 * S + 6]), [102 * S + 6]);
        assert_eq!(cursor.resume(110 * S), 101);
        assert_eq!(accepted(&mut cursor, OUT, &[102 * S + 5, 102 * S + 6]), [0; 0]);
    }

    #[test]
    fn lines_of_one_moment_are_counted_once_each() {
        // Podman tells whole seconds.
        let mut cursor = Cursor::new(0);
        cursor.resume(20 * S);
        assert_eq!(accepted(&mut cursor, OUT, &[7 * S, 7 * S, 8 * S, 8 * S]).len(), 4);
        cursor.resume(20 * S);
        assert_eq!(accepted(&mut cursor, OUT, &[7 * S, 7 * S, 8 * S, 8 * S, 8 * S, 9 * S]), [8 * S, 9 * S]);
        cursor.resume(20 * S);
        assert_eq!(accepted(&mut cursor, OUT, &[8 * S, 8 * S, 8 * S, 9 * S, 9 * S]), [9 * S]);
    }

    #[test]
    fn a_line_that_is_sent_twice_counts_once() {
        let mut cursor = Cursor::new(0);
        cursor.resume(1);
        assert_eq!(accepted(&mut cursor, OUT, &[S + 1, S + 2, S + 2, S + 1, S + 3]), [S + 1, S + 2, S + 3]);
        // Also at a moment that is a whole microsecond by chance.
        assert_eq!(accepted(&mut cursor, OUT, &[2 * S, 2 * S + 1, 2 * S]), [2 * S, 2 * S + 1]);
        // The other stream is another one.
        assert_eq!(accepted(&mut cursor, ERR, &[S + 2, S + 2]), [S + 2]);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_no_line() {
        let mut cursor = Cursor::new(0);
        cursor.resume(1);
        accepted(&mut cursor, OUT, &[100 * S + 1]);
        assert_eq!(accepted(&mut cursor, OUT, &[40 * S + 1, 40 * S + 2]), [40 * S + 1, 40 * S + 2]);
        // Nor after an interruption, once lines are written that are later than it.
        assert_eq!(cursor.resume(50 * S), 99);
        assert_eq!(accepted(&mut cursor, OUT, &[100 * S + 1, 50 * S + 1, 50 * S + 2]), [50 * S + 1, 50 * S + 2]);
    }

    #[test]
    fn an_engine_whose_clock_is_not_known_may_be_ahead() {
        let mut cursor = Cursor::new(0);
        cursor.resume(u64::MAX);
        let times: Vec<u64> = (1..5_000).map(|at| 100 * S + at).collect();
        assert_eq!(accepted(&mut cursor, OUT, &times).len(), times.len());
        cursor.resume(u64::MAX);
        assert_eq!(accepted(&mut cursor, OUT, &times), [0; 0]);
        assert_eq!(accepted(&mut cursor, OUT, &[101 * S + 1, 101 * S + 2, 101 * S + 2]).len(), 2);
    }

    #[test]
    fn nothing_before_the_floor_counts() {
        let mut cursor = Cursor::new(100 * S + 500);
        assert_eq!(cursor.last(), None);
        assert_eq!(cursor.resume(200 * S), 100);
        assert_eq!(accepted(&mut cursor, OUT, &[100 * S + 1, 100 * S + 499, 100 * S + 501]), [100 * S + 501]);
        assert_eq!(cursor.resume(200 * S), 100);
        assert_eq!(cursor.last(), Some(100 * S + 501));
    }

    #[test]
    fn lines_without_a_time_count() {
        let mut cursor = Cursor::new(0);
        cursor.resume(100 * S);
        assert!(cursor.can_tell_apart());
        assert!(cursor.accept(OUT, None) && cursor.accept(OUT, None));
        assert!(!cursor.can_tell_apart());
        assert_eq!(cursor.last(), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut cursor = Cursor::new(0);
        for at in 0..10 * RECENT as u64 {
            cursor.accept(OUT, Some(at));
        }
        assert_eq!(cursor.streams[0].recent.len(), RECENT);
    }
}
