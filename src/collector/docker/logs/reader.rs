//! From the bytes of a log to counters.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use super::cursor::Cursor;
use super::decode::{Decoder, Line, Malformed, ansi};
use super::excerpts::ExcerptSender;
use super::totals::Totals;
use crate::logpattern::{Matcher, Patterns, Selection, Stream};

/// Where the lines of a container are counted, and what for: it changes with the container's name.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) totals: Arc<Totals>,
    pub(super) matcher: Arc<LazyMatcher>,
    pub(super) excerpts: Option<ExcerptSender>,
}

/// A matcher that is made when the first line comes. It takes some milliseconds, and a container that has just started may
/// not have so many before its log is opened.
#[derive(Debug)]
pub(super) struct LazyMatcher {
    patterns: Arc<Patterns>,
    selection: Selection,
    matcher: OnceLock<Matcher>,
}

impl LazyMatcher {
    pub(super) const fn new(patterns: Arc<Patterns>, selection: Selection) -> Self {
        Self { patterns, selection, matcher: OnceLock::new() }
    }

    pub(super) fn get(&self) -> &Matcher {
        self.matcher.get_or_init(|| self.patterns.matcher(self.selection))
    }
}

/// Counts the lines of one container. Counting is done where reading is: there is no queue in which a line could be lost.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) cursor: Cursor,
    pub(super) decoder: Decoder,
    scratch: Vec<u8>,
}

/// What a few lines add up to.
#[derive(Debug, Default)]
struct Sum {
    lines: [u64; 2],
    bytes: u64,
    truncated: u64,
    last: u64,
}

impl Reader {
    /// For a log of which nothing was read since it was opened; `framed` if it is known whether it has frames.
    pub(super) fn new(cursor: Cursor, framed: Option<bool>) -> Self {
        Self { cursor, decoder: Decoder::new(framed), scratch: Vec::new() }
    }

    /// Counts the lines that end in `bytes`; the number of those that were not counted before.
    pub(super) fn feed(&mut self, bytes: &[u8], binding: &Binding) -> Result<u64, Malformed> {
        let Self { cursor, decoder, scratch } = self;
        let mut sum = Sum::default();
        let fed = decoder.feed(bytes, &mut |line| sum.count(&line, cursor, scratch, binding));
        let lines = sum.add_to(&binding.totals);
        fed.map(|()| lines)
    }

    /// Takes note of the log's end: what has no line end is a line too.
    pub(super) fn finish(&mut self, binding: &Binding) {
        let Self { cursor, decoder, scratch } = self;
        let mut sum = Sum::default();
        decoder.finish(&mut |line| sum.count(&line, cursor, scratch, binding));
        sum.add_to(&binding.totals);
    }
}

impl Sum {
    fn count(&mut self, line: &Line<'_>, cursor: &mut Cursor, scratch: &mut Vec<u8>, binding: &Binding) {
        if !cursor.accept(line.stream, line.at) {
            return;
        }
        self.lines[line.stream as usize] += 1;
        self.bytes += line.bytes;
        self.truncated += u64::from(line.is_truncated);
        self.last = self.last.max(line.at.unwrap_or(0));
        let text = ansi::strip(line.text, scratch);
        for hit in binding.matcher.get().hits(line.stream, text) {
            if let Some(count) = binding.totals.matches.get(hit.pattern) {
                count.fetch_add(1, Relaxed);
            }
            if let Some(reading) = hit.reading {
                binding.totals.read(hit.pattern, reading, Instant::now());
            }
            if let Some(excerpts) = &binding.excerpts {
                excerpts.offer(hit.pattern, line.stream, line.at, text);
            }
        }
    }

    fn add_to(&self, totals: &Totals) -> u64 {
        for (count, lines) in totals.lines.iter().zip(self.lines) {
            Totals::add(count, lines);
        }
        Totals::add(&totals.bytes, self.bytes);
        Totals::add(&totals.truncated, self.truncated);
        totals.last_line.fetch_max(self.last, Relaxed);
        self.lines.iter().sum()
    }
}

const _: () = assert!(Stream::Stdout as usize == 0 && Stream::Stderr as usize == 1);
