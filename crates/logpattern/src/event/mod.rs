//! Events: the lines of a log that belong together. A line with its stack, and a chain of exceptions, are one.
//!
//! The lines of each stream are put together by themselves. An event ends where the next one begins, where the log pauses
//! ([`Events::flush`]), and after [`MAX_LINES`] lines. Kept are its first line and those that match, within [`MAX_TEXT`].

mod begin;
mod repeat;
mod resolve;

use std::ops::Range;

use self::begin::Stack;
pub use self::begin::Start;
use super::matcher::{Candidate, Matcher, Names};
use super::sets::Kind;
use super::{Reading, Stream};

/// Lines that an event has at most; the next one begins another.
pub const MAX_LINES: u32 = 1_000;

/// Bytes of its text that are kept.
const MAX_TEXT: usize = 32 << 10;

/// Bytes of the first line that are kept.
const MAX_FIRST: usize = 4 << 10;

/// Matches of an event that are looked at.
const MAX_CANDIDATES: usize = 512;

/// What a line is within its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The first one.
    Header,
    /// A further line of its message.
    Message,
    /// The text of an exception.
    Cause,
    /// A frame of a stack, a line of source: it says where, not what.
    Frame,
}

/// A pattern that an event matches.
#[derive(Debug, Clone, PartialEq)]
pub struct EventHit {
    /// The pattern's index among those of the configuration.
    pub pattern: usize,
    /// How often it counts: once, or for each line if the pattern counts lines.
    pub count: u64,
    /// The number that the last such line names.
    pub reading: Option<Reading>,
    /// Where the first such line stands in [`Event::text`].
    line: Range<usize>,
    /// The line's number within the event.
    at: u32,
    counts_lines: bool,
}

/// A ready pattern whose words are in an event, and which does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The pattern's index among those of the configuration.
    pub pattern: usize,
    /// Why it does not.
    pub why: Why,
}

/// Why a ready pattern does not count although its words are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The line is one of an access log or a metric.
    Harmless,
    /// The level of the event is too low.
    Level,
    /// Only in an event that names Redis do the words mean this.
    NotOfRedis,
    /// They are a path, a setting, a count of zero.
    Words,
    /// The event has another cause.
    OtherCause,
}

impl Why {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Harmless => "the line is one of an access log, or a metric",
            Self::Level => "the event's level is too low",
            Self::NotOfRedis => "the event does not name Redis",
            Self::Words => "the words are a path, a setting, a name or a count of zero",
            Self::OtherCause => "the event has another cause, or one that says more",
        }
    }
}

/// An event that is complete.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Where it was written to.
    pub stream: Stream,
    /// Its lines.
    pub lines: u32,
    /// Its first line, and those that match.
    pub text: &'a [u8],
    /// What it counts as, one for each pattern.
    pub hits: &'a [EventHit],
    /// What it does not count as although the words are there.
    pub left_out: &'a [LeftOut],
    first: usize,
}

impl<'a> Event<'a> {
    /// Its first line, not beyond 4 KiB.
    #[must_use]
    pub fn first(&self) -> &'a [u8] {
        self.text.get(..self.first).unwrap_or_default()
    }

    /// The line that a pattern matched first.
    #[must_use]
    pub fn line(&self, hit: &EventHit) -> &'a [u8] {
        self.text.get(hit.line.clone()).unwrap_or_default()
    }
}

/// Puts the lines of a log together to events.
#[derive(Debug, Clone, Default)]
pub struct Events {
    start: Start,
    open: [Open; 2],
    /// Of each stream an event before it that is complete and may be of the same failure.
    held: [Open; 2],
}

/// What matches: the line's number within its event, what it is there, the pattern, and where the line is kept.
type Found = (u32, Role, Candidate, Range<usize>);

/// The event of a stream that may go on.
#[derive(Debug, Clone, Default)]
struct Open {
    lines: u32,
    text: Vec<u8>,
    first: usize,
    stack: Stack,
    hits: Vec<EventHit>,
    /// What matches and may be something else in the light of the whole event.
    candidates: Vec<Found>,
    left_out: Vec<LeftOut>,
    /// Where the line of its cause is kept.
    cause: Option<Range<usize>>,
    /// Whom its first line, its lines that match and its frames name.
    names: Names,
}

impl Events {
    /// Of a log of which nothing was read.
    #[must_use]
    pub fn new(start: Start) -> Self {
        Self { start, ..Self::default() }
    }

    /// Takes a line, which has neither its line end nor escape sequences; `each` is given the event that it ends.
    pub fn line(&mut self, matcher: &Matcher, stream: Stream, line: &[u8], each: &mut impl FnMut(&Event<'_>)) {
        let (open, held) = (&mut self.open[stream as usize], &mut self.held[stream as usize]);
        let role = if open.lines == 0 || open.lines >= MAX_LINES { None } else { open.role(&self.start, line) };
        let role = role.unwrap_or_else(|| {
            open.end(held, matcher, stream, each);
            Role::Header
        });
        open.take(matcher, stream, line, role);
        if !matches!(self.start, Start::Line) {
            open.stack = begin::stack(line, role, open.stack);
        }
    }

    /// Takes note that nothing comes for now, or any more: what is open is complete.
    pub fn flush(&mut self, matcher: &Matcher, each: &mut impl FnMut(&Event<'_>)) {
        for stream in Stream::ALL {
            let held = &mut self.held[stream as usize];
            self.open[stream as usize].end(held, matcher, stream, each);
            held.give(stream, each);
        }
    }

    /// Whether an event is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.iter().chain(&self.held).any(|open| open.lines > 0)
    }
}

impl Open {
    fn role(&self, start: &Start, line: &[u8]) -> Option<Role> {
        match start {
            Start::Auto => begin::role(line, self.stack, self.text.get(..self.first).unwrap_or_default()),
            Start::Line => None,
            Start::Matching(regex) if regex.is_match(line) => None,
            // Where the configuration says what belongs together, the form of a line still says what it is.
            Start::Matching(_) => Some(begin::role(line, self.stack, b"").unwrap_or(Role::Message)),
        }
    }

    fn take(&mut self, matcher: &Matcher, stream: Stream, line: &[u8], role: Role) {
        self.lines += 1;
        if role == Role::Header {
            self.text.extend_from_slice(&line[..line.len().min(MAX_FIRST)]);
            self.first = self.text.len();
        }
        let Self { text, first, hits, candidates, .. } = self;
        let mut place = (role == Role::Header).then_some(0..*first);
        let names = matcher.candidates(stream, line, |candidate| {
            let range = place.get_or_insert_with(|| keep(text, line)).clone();
            if candidate.is_ready {
                if (role != Role::Frame || candidate.kind == Kind::Plain) && candidates.len() < MAX_CANDIDATES {
                    candidates.push((self.lines, role, candidate, range));
                }
            } else {
                add(hits, &candidate, range, self.lines);
            }
        });
        let is_telling = place.is_some();
        self.names.redis |= names.redis && (is_telling || role == Role::Frame);
        self.names.other |= names.other && is_telling;
    }

    /// The event is complete. A line that the next event may say again with a stack waits for that.
    fn end(&mut self, held: &mut Self, matcher: &Matcher, stream: Stream, each: &mut impl FnMut(&Event<'_>)) {
        if self.lines == 0 {
            return;
        }
        if !self.candidates.is_empty() {
            self.resolve(matcher);
        }
        if held.lines > 0 && self.says_again(held) {
            self.join(held);
            held.clear();
        }
        held.give(stream, each);
        if self.may_be_said_again() {
            std::mem::swap(self, held);
        } else {
            self.give(stream, each);
        }
    }

    /// Hands the event on, if it is one, and is free for the next.
    fn give(&mut self, stream: Stream, each: &mut impl FnMut(&Event<'_>)) {
        if self.lines > 0 {
            let Self { text, hits, left_out, first, lines, .. } = &*self;
            each(&Event { stream, lines: *lines, text, hits, left_out, first: *first });
            self.clear();
        }
    }

    /// Is empty, and keeps its memory.
    fn clear(&mut self) {
        (self.lines, self.first, self.stack, self.cause) = (0, 0, Stack::None, None);
        self.names = Names::default();
        self.text.clear();
        self.hits.clear();
        self.candidates.clear();
        self.left_out.clear();
    }
}

/// Keeps a line that matches, within bounds.
fn keep(text: &mut Vec<u8>, line: &[u8]) -> Range<usize> {
    text.push(b'\n');
    let start = text.len();
    let room = MAX_TEXT.saturating_sub(start);
    text.extend_from_slice(&line[..line.len().min(room)]);
    start..text.len()
}

/// Counts what a line matches: once an event, or each of its lines.
fn add(hits: &mut Vec<EventHit>, candidate: &Candidate, line: Range<usize>, at: u32) {
    let known = hits.iter_mut().find(|hit| hit.pattern == candidate.pattern);
    let Some(hit) = known else {
        let Candidate { pattern, reading, counts_lines, .. } = *candidate;
        hits.push(EventHit { pattern, count: 1, reading, line, at, counts_lines });
        return;
    };
    if candidate.counts_lines && hit.at != at {
        hit.count += 1;
        hit.at = at;
    }
    hit.reading = candidate.reading.or(hit.reading);
}

#[cfg(test)]
mod tests;
