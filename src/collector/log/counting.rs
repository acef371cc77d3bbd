//! From lines to counts, and the place up to which they count.
//!
//! A line counts when its event is complete, and with it the place behind it: whatever moment is looked at, the counts are those
//! of all that stands before the place. So an agent that goes on there after a restart counts nothing twice and leaves
//! nothing out.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::board::Counts;
use crate::collector::lines::{CutLine, ansi};
use crate::logpattern::{Event, Events, Matcher, Stream};

/// Counts the lines of one log; `P` is a place in it.
#[derive(Debug)]
pub(super) struct Counting<P> {
    events: Events,
    /// The lines of the events that are not complete.
    open: VecDeque<Pending<P>>,
    /// Behind the last event that counts.
    place: P,
    /// What has been counted and not been taken.
    counts: Counts,
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct Pending<P> {
    behind: P,
    bytes: u64,
    is_truncated: bool,
}

impl<P: Clone> Counting<P> {
    /// From that place on.
    pub(super) fn new(events: Events, place: P) -> Self {
        Self { events, open: VecDeque::new(), place, counts: Counts::default(), scratch: Vec::new() }
    }

    /// Takes a line, and the place behind it.
    pub(super) fn line(&mut self, matcher: &Matcher, line: &CutLine<'_>, behind: P) {
        let Self { events, open, place, counts, scratch } = self;
        open.push_back(Pending { behind, bytes: line.bytes, is_truncated: line.is_truncated });
        let text = ansi::strip(line.text, scratch);
        events.line(matcher, Stream::Stdout, text, &mut |event| count(event, open, place, counts));
    }

    /// Takes note that nothing more comes for now: the events under way are complete.
    pub(super) fn flush(&mut self, matcher: &Matcher) {
        let Self { events, open, place, counts, .. } = self;
        events.flush(matcher, &mut |event| count(event, open, place, counts));
    }

    /// Whether an event may go on.
    pub(super) fn is_open(&self) -> bool {
        self.events.is_open()
    }

    /// What has been counted since it was asked for last.
    pub(super) fn take(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// The place behind what has been counted.
    pub(super) fn place(&self) -> P {
        self.place.clone()
    }
}

fn count<P: Clone>(event: &Event<'_>, open: &mut VecDeque<Pending<P>>, place: &mut P, counts: &mut Counts) {
    counts.events += 1;
    for line in open.drain(..(event.lines as usize).min(open.len())) {
        counts.lines += 1;
        counts.bytes += line.bytes;
        counts.truncated += u64::from(line.is_truncated);
        *place = line.behind;
    }
    for hit in event.hits {
        *counts.matches.entry(hit.pattern).or_default() += hit.count;
        counts.readings.extend(hit.reading.map(|reading| (hit.pattern, reading, Instant::now())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logpattern::{PatternSettings, Patterns};

    #[test]
    fn the_place_is_behind_the_last_event_that_counts() {
        let patterns = Patterns::of(&PatternSettings::default());
        let matcher = patterns.matcher(patterns.select(""));
        let mut counting = Counting::new(patterns.events(""), 0);
        let lines: [&[u8]; 5] = [
            b"2025-11-02 10:00:00 INFO started",
            b"2025-11-02 10:00:01 ERROR app - could not store the quote",
            b"Traceback (most recent call last):",
            b"  File \"/app.py\", line 1, in f",
            b"redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
        ];
        let mut behind = 0;
        let places = lines.map(|line| {
            let bytes = line.len() as u64 + 1;
            behind += bytes;
            counting.line(&matcher, &CutLine { text: line, bytes, is_truncated: false }, behind);
            counting.place
        });
        assert_eq!(places, [0, 33, 33, 33, 33]);
        let (counts, place) = (counting.take(), counting.place());
        assert_eq!((counts.lines, counts.events, counts.bytes, place), (1, 1, 33, 33));
        assert!(counting.is_open());
        counting.flush(&matcher);
        let (counts, place) = (counting.take(), counting.place());
        assert_eq!((counts.lines, counts.events, place), (4, 1, behind));
        let of = |name: &str| patterns.names(u128::MAX).find(|(_, own)| *own == name).unwrap().0;
        assert_eq!(counts.matches.get(&of("redis_connection_failed")), Some(&1));
        assert!(!counting.is_open());
    }
}
