//! From the bytes of a log to counters.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use super::cursor::Cursor;
use super::decode::{Decoder, Line, Malformed, ansi};
use super::excerpts::ExcerptSender;
use super::totals::Totals;
use crate::logpattern::{Event, Events, Matcher, Patterns, Selection, Stream};

/// Where the lines of a container are counted, and what for: it changes with the container's name.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) totals: Arc<Totals>,
    pub(super) matcher: Arc<LazyMatcher>,
    /// Puts its lines together, before the first one.
    pub(super) events: Events,
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

/// Counts the lines and events of one container. Counting is done where reading is: there is no queue in which one could be
/// lost.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) cursor: Cursor,
    pub(super) decoder: Decoder,
    open: Open,
    scratch: Vec<u8>,
}

/// The events under way, and where they are counted.
#[derive(Debug)]
struct Open {
    binding: Arc<Binding>,
    events: Events,
    /// When the last line of each stream came.
    at: [Option<u64>; 2],
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
    pub(super) fn new(cursor: Cursor, framed: Option<bool>, binding: Arc<Binding>) -> Self {
        let events = binding.events.clone();
        let open = Open { binding, events, at: [None; 2] };
        Self { cursor, decoder: Decoder::new(framed), open, scratch: Vec::new() }
    }

    /// Counts the lines that end in `bytes`; the number of those that were not counted before.
    pub(super) fn feed(&mut self, bytes: &[u8], binding: &Arc<Binding>) -> Result<u64, Malformed> {
        self.bind(binding);
        let Self { cursor, decoder, open, scratch } = self;
        let mut sum = Sum::default();
        let fed = decoder.feed(bytes, &mut |line| sum.count(&line, cursor, scratch, open));
        let lines = sum.add_to(&binding.totals);
        fed.map(|()| lines)
    }

    /// Takes note of the log's end: what has no line end is a line too.
    pub(super) fn finish(&mut self, binding: &Arc<Binding>) {
        self.bind(binding);
        let Self { cursor, decoder, open, scratch } = self;
        let mut sum = Sum::default();
        decoder.finish(&mut |line| sum.count(&line, cursor, scratch, open));
        sum.add_to(&binding.totals);
    }

    /// Whether an event may go on.
    pub(super) fn is_open(&self) -> bool {
        self.open.events.is_open()
    }

    /// Takes note that nothing more comes for now: the events under way are complete.
    pub(super) fn flush(&mut self) {
        let Open { binding, events, at } = &mut self.open;
        events.flush(binding.matcher.get(), &mut |event| binding.count(event, at[event.stream as usize]));
    }

    /// What is read from now on belongs to another name.
    fn bind(&mut self, binding: &Arc<Binding>) {
        if !Arc::ptr_eq(&self.open.binding, binding) {
            self.flush();
            self.open.binding = Arc::clone(binding);
        }
    }
}

impl Binding {
    /// Counts an event.
    fn count(&self, event: &Event<'_>, at: Option<u64>) {
        Totals::add(&self.totals.events[event.stream as usize], 1);
        for hit in event.hits {
            if let Some(count) = self.totals.matches.get(hit.pattern) {
                Totals::add(count, hit.count);
            }
            if let Some(reading) = hit.reading {
                self.totals.read(hit.pattern, reading, Instant::now());
            }
            if let Some(excerpts) = &self.excerpts {
                excerpts.offer(hit.pattern, event.stream, at, event.line(hit));
            }
        }
    }
}

impl Sum {
    fn count(&mut self, line: &Line<'_>, cursor: &mut Cursor, scratch: &mut Vec<u8>, open: &mut Open) {
        if !cursor.accept(line.stream, line.at) {
            return;
        }
        self.lines[line.stream as usize] += 1;
        self.bytes += line.bytes;
        self.truncated += u64::from(line.is_truncated);
        self.last = self.last.max(line.at.unwrap_or(0));
        let text = ansi::strip(line.text, scratch);
        let Open { binding, events, at } = open;
        events.line(binding.matcher.get(), line.stream, text, &mut |event| {
            binding.count(event, at[event.stream as usize]);
        });
        at[line.stream as usize] = line.at;
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
