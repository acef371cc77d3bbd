//! The lines of one stream, put together from their pieces.

use std::borrow::Cow;

use memchr::memchr;

use super::Line;
use super::stamp::{self, MAX_STAMP};
use crate::collector::lines::{Cut, CutLine, MAX_LINE, without_end};
use crate::logpattern::Stream;

/// Bytes of a piece that is followed by the rest of its line: the engine cuts lines at this length.
const PIECE: usize = 16 << 10;

/// Puts the lines of one stream together.
#[derive(Debug)]
pub(super) struct Assembler {
    stream: Stream,
    /// The line under way.
    cut: Cut,
    at: Option<u64>,
    /// The first bytes of a piece, until it is known whether a time is among them.
    stamp: Vec<u8>,
    stamped: bool,
    /// Bytes of the piece under way without its time, and of the one before it.
    piece: usize,
    last_piece: usize,
}

impl Assembler {
    pub(super) const fn new(stream: Stream) -> Self {
        Self { stream, cut: Cut::new(), at: None, stamp: Vec::new(), stamped: false, piece: 0, last_piece: 0 }
    }

    /// Takes note that a piece begins: a frame, or a line of a log that has none.
    pub(super) fn begin(&mut self) {
        self.last_piece = self.piece;
        self.piece = 0;
        self.stamped = false;
        self.stamp.clear();
    }

    /// A part of a frame; `last` if it is the end of it.
    pub(super) fn framed(&mut self, bytes: &[u8], last: bool, each: &mut impl FnMut(Line<'_>)) {
        // Nearly every line is a frame that arrives as a whole: it need not be copied.
        let whole = last && !self.stamped && self.stamp.is_empty() && !self.cut.is_open() && bytes.len() <= MAX_LINE;
        if whole && let Some((at, start)) = stamp::read(bytes) {
            let text = &bytes[start..];
            if memchr(b'\n', text).is_some_and(|end| end + 1 == text.len()) {
                let (stream, bytes) = (self.stream, text.len() as u64);
                each(Line { stream, at: Some(at), text: without_end(text), bytes, is_truncated: false });
                return;
            }
        }
        let rest = self.without_stamp(bytes, last, each);
        self.pieces(&rest, each);
    }

    /// Bytes of a log without frames: a time stands at the beginning of each line.
    pub(super) fn unframed(&mut self, bytes: &[u8], each: &mut impl FnMut(Line<'_>)) {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            let text = self.without_stamp(&rest[..=end], true, each);
            self.pieces(&text, each);
            self.begin();
            rest = &rest[end + 1..];
        }
        if !rest.is_empty() {
            let text = self.without_stamp(rest, false, each);
            self.pieces(&text, each);
        }
    }

    /// The log has ended.
    pub(super) fn finish(&mut self, each: &mut impl FnMut(Line<'_>)) {
        // What may be half a time is no text; what is a whole one has a short text behind it.
        if stamp::read(&self.stamp).is_some() {
            let text = self.without_stamp(&[], true, each);
            self.pieces(&text, each);
        }
        self.complete(each);
    }

    /// What of `bytes` is text: the time at a piece's beginning is taken away as soon as all of it is there. Bytes of which
    /// that is not known yet are kept.
    fn without_stamp<'b>(&mut self, bytes: &'b [u8], last: bool, each: &mut impl FnMut(Line<'_>)) -> Cow<'b, [u8]> {
        if self.stamped {
            return bytes.into();
        }
        if self.stamp.is_empty() && (last || bytes.len() >= MAX_STAMP) {
            let read = stamp::read(bytes);
            self.stamp_is(read.map(|(at, _)| at), each);
            return bytes[read.map_or(0, |(_, length)| length)..].into();
        }
        self.stamp.extend_from_slice(bytes);
        if !last && self.stamp.len() < MAX_STAMP {
            return (&[][..]).into();
        }
        let mut text = std::mem::take(&mut self.stamp);
        let read = stamp::read(&text);
        self.stamp_is(read.map(|(at, _)| at), each);
        text.drain(..read.map_or(0, |(_, length)| length));
        text.into()
    }

    /// Takes note of a piece's time, which tells whether it goes on with the line under way. Of the pieces of one line the
    /// engine gives each the time of the first; where it does not, all but the last are of one length. Another one follows a
    /// line that has no end: the last one of a run, before the first one of the next.
    fn stamp_is(&mut self, at: Option<u64>, each: &mut impl FnMut(Line<'_>)) {
        self.stamped = true;
        if self.cut.is_open() && at.is_some() && at != self.at && self.last_piece < PIECE {
            self.complete(each);
        }
        if !self.cut.is_open() {
            self.at = at;
        }
    }

    /// Text without times.
    fn pieces(&mut self, text: &[u8], each: &mut impl FnMut(Line<'_>)) {
        self.piece += text.len();
        let (stream, at) = (self.stream, self.at);
        self.cut.feed(text, &mut |line| each(of(stream, at, line)));
    }

    fn complete(&mut self, each: &mut impl FnMut(Line<'_>)) {
        let (stream, at) = (self.stream, self.at);
        self.cut.complete(&mut |line| each(of(stream, at, line)));
    }
}

const fn of(stream: Stream, at: Option<u64>, line: CutLine<'_>) -> Line<'_> {
    let CutLine { text, bytes, is_truncated } = line;
    Line { stream, at, text, bytes, is_truncated }
}
