//! RESP as it arrives: a reply is put together from the pieces that come, within an [`Allowance`].
//!
//! What is held of a reply follows from what has come of it. What a reply announces is believed only where it is too much: then
//! it is refused by its first line. Each byte is looked at once, and a string that comes in pieces is read into its own place
//! (`Decoder::payload`), so that nothing keeps room for the largest reply there was.

mod bounds;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod line;

use std::borrow::Cow;

use bytes::BufMut;
use bytes::buf::Limit;
use memchr::memchr_iter;
use redis::Value;

use self::bounds::MAX_DEPTH;
use self::line::{GARBAGE, MAX_ERROR, MAX_FOREIGN, by_library, error, foreign, is_long, number, verbatim};

pub use self::bounds::Allowance;
pub(super) use self::bounds::{Fault, POLL_BUDGET};

/// What a value costs in memory beside its bytes: its place in an array that has doubled, and an allocation.
pub(super) const VALUE_COST: usize = 96;

/// Bytes of a line; of an error the rest is passed over.
const MAX_LINE: usize = 64 << 10;

/// Bytes for which room is made at a time in a string that comes in pieces, and that an array has at first.
const STEP: usize = 64 << 10;
/// Bytes that are worth reading without a detour.
const DIRECT: usize = 8 << 10;
const FIRST_ITEMS: usize = 64;

/// What was taken of the input for a line, and the line without its end.
type Line<'i> = (usize, Cow<'i, [u8]>);

/// Puts replies together.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    allowance: Option<Allowance>,
    /// Bytes and values of the reply that is coming.
    bytes: usize,
    values: usize,
    /// The arrays that are not complete, the outermost first.
    open: Vec<Open>,
    /// The line that is not complete, and whether its last byte is a CR.
    line: Vec<u8>,
    cr: bool,
    string: Option<Text>,
}

/// An array, a set, a map, a push or attributes.
#[derive(Debug)]
struct Open {
    kind: u8,
    items: Vec<Value>,
    missing: usize,
    /// Nobody asked for it: attributes, pushes and all that is in them.
    skipped: bool,
}

/// A string of an announced length: a text or an error.
#[derive(Debug)]
struct Text {
    kind: u8,
    bytes: Vec<u8>,
    /// Bytes that are still to come, CRLF among them.
    missing: usize,
    skipped: bool,
}

impl Decoder {
    /// The next reply may be this.
    pub(super) fn expect(&mut self, allowance: Allowance) {
        (self.allowance, self.bytes, self.values) = (Some(allowance), 0, 0);
    }

    /// What the reply that is coming takes in memory so far.
    pub(super) const fn weight(&self) -> usize {
        self.bytes.saturating_add(self.values.saturating_mul(VALUE_COST))
    }

    /// What it will take at least, by what it has announced.
    pub(super) fn announced(&self) -> usize {
        let bytes = self.string.as_ref().map_or(0, |string| string.missing);
        let values: usize = self.open.iter().map(|open| open.missing).sum();
        self.weight().saturating_add(bytes).saturating_add(values.saturating_mul(VALUE_COST))
    }

    /// Takes of `input` what belongs to the next reply. Returns how much that was, and the reply when it is complete.
    pub(super) fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<Value>), Fault> {
        let mut used = 0;
        while used < input.len() {
            let rest = &input[used..];
            let value = if self.string.is_some() {
                used += self.fill(rest);
                self.end_string()?
            } else {
                let Some((taken, line)) = self.line(rest)? else { return Ok((input.len(), None)) };
                used += taken;
                self.begin(&line)?
            };
            if let Some(value) = value.and_then(|value| self.place(value)) {
                return Ok((used, Some(value)));
            }
        }
        Ok((used, None))
    }

    /// Where the next bytes may be written to without a detour, of a string of which much is missing; [`received`](Self::received)
    /// has to be told.
    pub(super) fn payload(&mut self) -> Option<Limit<&mut Vec<u8>>> {
        let string = self.string.as_mut().filter(|string| string.missing > DIRECT && !string.skipped)?;
        let held = string.bytes.len();
        if string.bytes.capacity() == held {
            string.bytes.reserve_exact(string.missing.min(STEP.max(held / 2)));
        }
        Some((&mut string.bytes).limit(string.missing))
    }

    /// So many bytes were written to [`payload`](Self::payload). The string is not complete by that, or its end was read.
    pub(super) fn received(&mut self, bytes: usize) -> Result<Option<Value>, Fault> {
        self.bytes = self.bytes.saturating_add(bytes);
        if let Some(string) = &mut self.string {
            string.missing = string.missing.saturating_sub(bytes);
        }
        let value = self.end_string()?;
        Ok(value.and_then(|value| self.place(value)))
    }

    /// What is wrong with the beginning of a reply after which nothing comes; `None` if it may have been a good one.
    pub(super) fn ended(&self) -> Option<Fault> {
        (self.open.is_empty() && self.string.is_none()).then(|| foreign(&self.line)).flatten()
    }

    /// A line without its end, when that is there.
    fn line<'i>(&mut self, input: &'i [u8]) -> Result<Option<Line<'i>>, Fault> {
        let is_end = |at: usize| if at == 0 { self.cr } else { input[at - 1] == b'\r' };
        let end = memchr_iter(b'\n', input).find(|at| is_end(*at));
        let taken = end.map_or(input.len(), |end| end + 1);
        self.bytes = self.bytes.saturating_add(taken);
        self.within(0, 0)?;
        if let Some(end) = end.filter(|_| self.line.is_empty()) {
            return Ok(Some((taken, Cow::Borrowed(&input[..end.saturating_sub(1)]))));
        }
        let is_error = self.line.first().or(input.first()) == Some(&b'-');
        // Of an error all the rest is read and forgotten.
        let most = if is_error { MAX_ERROR + 2 } else { MAX_LINE };
        let room = most.saturating_sub(self.line.len());
        let cut = taken > room;
        self.line.extend_from_slice(&input[..taken.min(room)]);
        self.cr = input[taken - 1] == b'\r';
        if cut && !is_error {
            return Err(foreign(&self.line).unwrap_or(Fault::Malformed("a line has no end")));
        }
        if end.is_some() {
            self.cr = false;
            let mut line = std::mem::take(&mut self.line);
            if !cut {
                line.truncate(line.len().saturating_sub(2));
            }
            return Ok(Some((taken, Cow::Owned(line))));
        }
        match foreign(&self.line) {
            Some(fault) if self.line.len() >= MAX_FOREIGN => Err(fault),
            _ => Ok(None),
        }
    }

    /// Reads the line at which a value begins; it is the whole value, unless that is a string or an array.
    fn begin(&mut self, line: &[u8]) -> Result<Option<Value>, Fault> {
        self.values += 1;
        self.within(0, 0)?;
        let skipped = self.open.last().is_some_and(|open| open.skipped);
        let (kind, rest) = line.split_first().ok_or(Fault::Malformed("a line is empty"))?;
        let value = match *kind {
            _ if skipped && !is_long(*kind) && foreign(line).is_none() => Value::Nil,
            b':' => Value::Int(number(rest)?),
            b'+' if rest == b"OK" => Value::Okay,
            b'+' => Value::SimpleString(String::from_utf8_lossy(rest).into_owned()),
            b'_' => Value::Nil,
            b'#' => Value::Boolean(match rest {
                b"t" => true,
                b"f" => false,
                _ => return Err(Fault::Malformed("a boolean is neither t nor f")),
            }),
            b'-' => error(rest)?,
            // Doubles and numbers of any size: the library's business.
            b',' | b'(' => by_library(line)?,
            b'$' | b'=' | b'!' => return self.begin_string(*kind, number(rest)?, skipped),
            b'*' | b'~' | b'%' | b'>' | b'|' => return self.begin_array(*kind, number(rest)?, skipped),
            _ => return Err(foreign(line).unwrap_or(GARBAGE)),
        };
        Ok(Some(value))
    }

    fn begin_string(&mut self, kind: u8, length: i64, skipped: bool) -> Result<Option<Value>, Fault> {
        let Ok(length) = usize::try_from(length) else {
            return if kind == b'$' { Ok(Some(Value::Nil)) } else { Err(GARBAGE) };
        };
        self.within(length, 0)?;
        self.string = Some(Text { kind, bytes: Vec::new(), missing: length.saturating_add(2), skipped });
        Ok(None)
    }

    fn begin_array(&mut self, kind: u8, length: i64, skipped: bool) -> Result<Option<Value>, Fault> {
        let length = match usize::try_from(length) {
            Ok(length) => length,
            Err(_) if kind == b'>' && self.open.is_empty() => return Ok(None),
            Err(_) if matches!(kind, b'*' | b'~' | b'>') => return Ok(Some(Value::Nil)),
            Err(_) => return Err(GARBAGE),
        };
        let missing = if matches!(kind, b'%' | b'|') { length.saturating_mul(2) } else { length };
        self.within(0, missing)?;
        if self.open.len() == MAX_DEPTH {
            return Err(Fault::Depth);
        }
        // A push at the top is no answer to anything; attributes are of no use to any question.
        let skipped = skipped || kind == b'|' || (kind == b'>' && self.open.is_empty());
        let items = Vec::with_capacity(if skipped { 0 } else { missing.min(FIRST_ITEMS) });
        let open = Open { kind, items, missing, skipped };
        if missing > 0 {
            self.open.push(open);
            return Ok(None);
        }
        Ok(self.close(open))
    }

    /// What a complete array is; `None` for what stands in nobody's place.
    fn close(&self, open: Open) -> Option<Value> {
        match open.kind {
            b'|' => None,
            b'>' if self.open.is_empty() => None,
            b'%' => {
                let mut pairs = Vec::with_capacity(open.items.len() / 2);
                let mut items = open.items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    pairs.push((key, value));
                }
                Some(Value::Map(pairs))
            }
            b'~' => Some(Value::Set(open.items)),
            _ => Some(Value::Array(open.items)),
        }
    }

    /// Puts a value into its array; returns it where it has none, with all arrays that it completes.
    fn place(&mut self, mut value: Value) -> Option<Value> {
        loop {
            let Some(open) = self.open.last_mut() else { return Some(value) };
            if !open.skipped {
                open.items.push(value);
            }
            open.missing -= 1;
            if open.missing > 0 {
                return None;
            }
            let open = self.open.pop()?;
            value = self.close(open)?;
        }
    }

    /// Takes the bytes of the string that is coming.
    fn fill(&mut self, input: &[u8]) -> usize {
        let Some(string) = &mut self.string else { return 0 };
        let taken = input.len().min(string.missing);
        if !string.skipped {
            if string.bytes.capacity() - string.bytes.len() < taken {
                string.bytes.reserve_exact(taken.max(string.missing.min(STEP)));
            }
            string.bytes.extend_from_slice(&input[..taken]);
        }
        string.missing -= taken;
        self.bytes = self.bytes.saturating_add(taken);
        taken
    }

    /// The string, if it is complete.
    fn end_string(&mut self) -> Result<Option<Value>, Fault> {
        self.within(0, 0)?;
        let Some(Text { kind, mut bytes, skipped, .. }) = self.string.take_if(|string| string.missing == 0) else {
            return Ok(None);
        };
        if skipped {
            return Ok(Some(Value::Nil));
        }
        if !bytes.ends_with(b"\r\n") {
            return Err(Fault::Malformed("a string is longer than announced"));
        }
        bytes.truncate(bytes.len() - 2);
        match kind {
            b'!' => error(&bytes).map(Some),
            b'=' => verbatim(&bytes).map(Some),
            _ => Ok(Some(Value::BulkString(bytes))),
        }
    }

    /// Whether the reply is within its allowance, with so many more bytes and values.
    fn within(&self, bytes: usize, values: usize) -> Result<(), Fault> {
        let allowance = self.allowance.unwrap_or(Allowance::WORD);
        if self.bytes.saturating_add(bytes) > allowance.bytes {
            return Err(Fault::Bytes(allowance.bytes));
        }
        if self.values.saturating_add(values) > allowance.values {
            return Err(Fault::Values(allowance.values));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
