//! From the bytes of a container's log to its lines.
//!
//! Without a terminal the engine frames what it sends: a stream's number, three zero bytes, and a length of four bytes; each
//! frame is one line, or 16 KiB of a longer one. With a terminal there are no frames. As timestamps are asked for, the first
//! byte tells which it is: a stream's number, or the first digit of a year.
//!
//! Pieces of a line are joined for each stream by itself, for the two streams' pieces come mixed. A line is kept up to
//! [`MAX_LINE`], and no frame as a whole: whatever is sent, memory is bounded.

mod assembler;
mod stamp;

use self::assembler::Assembler;
pub use crate::collector::lines::{MAX_LINE, ansi};
use crate::logpattern::Stream;

/// Bytes of a frame beyond which it is none: the engine's own are 16 KiB, and a time.
const MAX_FRAME: usize = 1 << 20;

/// Bytes of an error of the engine that are kept.
const MAX_ERROR: usize = 200;

const HEADER: usize = 8;

/// One line of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where it was written to.
    pub stream: Stream,
    /// When the engine got it, in nanoseconds since 1970; `None` if there was no time before it.
    pub at: Option<u64>,
    /// Its text, without the line's end and not beyond [`MAX_LINE`]. Escape sequences are still in it.
    pub text: &'a [u8],
    /// All bytes of it, the line's end among them, and those that were not kept.
    pub bytes: u64,
    /// Whether a part of it was not kept.
    pub is_truncated: bool,
}

/// Why a log cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// What should be a frame's beginning is none.
    Frame,
    /// The engine itself could not read on; what it says, shortened.
    Engine(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Unknown,
    Framed,
    Raw,
}

/// What the bytes that come next belong to.
#[derive(Debug)]
enum State {
    /// A frame's header, of which so many bytes are there.
    Header([u8; HEADER], usize),
    /// The content of a frame of which so many bytes are missing.
    Content(Stream, usize),
    /// What the engine says of an error.
    Error(Vec<u8>, usize),
}

/// Reads the bytes of one answer, however they are cut.
#[derive(Debug)]
pub struct Decoder {
    mode: Mode,
    state: State,
    streams: [Assembler; 2],
}

impl Decoder {
    /// For an answer of which nothing was read; `framed` if it is known whether it has frames.
    #[must_use]
    pub fn new(framed: Option<bool>) -> Self {
        let mode = match framed {
            Some(true) => Mode::Framed,
            Some(false) => Mode::Raw,
            None => Mode::Unknown,
        };
        Self { mode, state: State::Header([0; HEADER], 0), streams: Stream::ALL.map(Assembler::new) }
    }

    /// Whether the log has frames; `None` as long as nothing tells.
    #[must_use]
    pub const fn framed(&self) -> Option<bool> {
        match self.mode {
            Mode::Unknown => None,
            Mode::Framed => Some(true),
            Mode::Raw => Some(false),
        }
    }

    /// Finds out by the first byte whether the log has frames.
    pub fn look(&mut self, bytes: &[u8]) {
        if let (Mode::Unknown, Some(first)) = (self.mode, bytes.first()) {
            self.mode = if *first <= 3 { Mode::Framed } else { Mode::Raw };
        }
    }

    /// Reads on; `each` is given every line that is complete.
    pub fn feed(&mut self, bytes: &[u8], each: &mut impl FnMut(Line<'_>)) -> Result<(), Malformed> {
        self.look(bytes);
        if self.mode == Mode::Raw {
            self.streams[Stream::Stdout as usize].unframed(bytes, each);
            return Ok(());
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.step(rest, each)?;
        }
        Ok(())
    }

    /// Takes note that the log has ended: what has no line end is a line too, unless it broke off within a frame.
    pub fn finish(&mut self, each: &mut impl FnMut(Line<'_>)) {
        if self.mode == Mode::Framed && !matches!(self.state, State::Header(_, 0)) {
            return;
        }
        for stream in &mut self.streams {
            stream.finish(each);
        }
    }

    /// Reads what belongs together; the bytes behind it.
    fn step<'b>(&mut self, bytes: &'b [u8], each: &mut impl FnMut(Line<'_>)) -> Result<&'b [u8], Malformed> {
        match &mut self.state {
            State::Header(header, have) => {
                let taken = bytes.len().min(HEADER - *have);
                header[*have..*have + taken].copy_from_slice(&bytes[..taken]);
                *have += taken;
                if *have == HEADER {
                    self.state = begun(*header)?;
                    if let State::Content(stream, _) = self.state {
                        self.streams[stream as usize].begin();
                    }
                    self.skip_empty();
                }
                Ok(&bytes[taken..])
            }
            State::Content(stream, missing) => {
                let taken = bytes.len().min(*missing);
                *missing -= taken;
                self.streams[*stream as usize].framed(&bytes[..taken], *missing == 0, each);
                self.skip_empty();
                Ok(&bytes[taken..])
            }
            State::Error(said, missing) => {
                let taken = bytes.len().min(*missing);
                *missing -= taken;
                said.extend_from_slice(&bytes[..taken.min(MAX_ERROR - said.len())]);
                if *missing > 0 {
                    return Ok(&bytes[taken..]);
                }
                let said = String::from_utf8_lossy(said);
                Err(Malformed::Engine(said.split_whitespace().collect::<Vec<_>>().join(" ")))
            }
        }
    }

    /// A frame of which nothing is missing is over.
    fn skip_empty(&mut self) {
        if let State::Content(_, 0) = self.state {
            self.state = State::Header([0; HEADER], 0);
        }
    }
}

/// What follows a header.
fn begun(header: [u8; HEADER]) -> Result<State, Malformed> {
    let [stream, 0, 0, 0, length @ ..] = header else { return Err(Malformed::Frame) };
    let length = u32::from_be_bytes(length) as usize;
    match stream {
        _ if length > MAX_FRAME => Err(Malformed::Frame),
        // 0 is standard input, which some engines once used for what they did not know.
        0 | 1 => Ok(State::Content(Stream::Stdout, length)),
        2 => Ok(State::Content(Stream::Stderr, length)),
        3 if length == 0 => Err(Malformed::Engine(String::new())),
        3 => Ok(State::Error(Vec::new(), length)),
        _ => Err(Malformed::Frame),
    }
}

#[cfg(test)]
mod tests;
