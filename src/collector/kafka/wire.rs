//! Kafka's two encodings: the one that it began with, and the flexible one (KIP-482), which has shorter lengths and tags.
//!
//! Of a reply nothing is allocated because a length says so: an element is allocated when its bytes have been read, so what a
//! reply costs follows from how long it is, and how long it may be is the connection's to say. An element of one byte takes many
//! times of that in memory, so their number has a bound of its own.

use std::fmt;

/// Writes a request.
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
    flexible: bool,
}

impl Writer {
    pub(super) const fn new(flexible: bool) -> Self {
        Self { bytes: Vec::new(), flexible }
    }

    pub(super) fn i8(&mut self, value: i8) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn i16(&mut self, value: i16) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn i32(&mut self, value: i32) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.bytes.extend(value.to_be_bytes());
    }

    fn uvarint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.bytes.push(value.to_le_bytes()[0]);
    }

    /// A text. Names of groups and topics are far below what a length can say.
    pub(super) fn string(&mut self, text: &str) {
        if self.flexible {
            self.uvarint(u32::try_from(text.len()).unwrap_or(u32::MAX).saturating_add(1));
        } else {
            self.i16(i16::try_from(text.len()).unwrap_or(i16::MAX));
        }
        self.bytes.extend(text.as_bytes());
    }

    pub(super) fn blob(&mut self, bytes: &[u8]) {
        self.length(Some(bytes.len()));
        self.bytes.extend(bytes);
    }

    /// The length of an array; `None` is no array, which in some requests means all there is.
    pub(super) fn length(&mut self, length: Option<usize>) {
        let length = length.map(|length| u32::try_from(length).unwrap_or(u32::MAX));
        if self.flexible {
            self.uvarint(length.map_or(0, |length| length.saturating_add(1)));
        } else {
            self.i32(length.map_or(-1, |length| i32::try_from(length).unwrap_or(i32::MAX)));
        }
    }

    /// The end of a structure.
    pub(super) fn end(&mut self) {
        if self.flexible {
            self.bytes.push(0);
        }
    }
}

/// Bytes that are no reply to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

type Read<T> = Result<T, Malformed>;

const SHORT: Malformed = Malformed("the reply ends in the middle");

/// Elements of all arrays of a reply: partitions, groups, committed offsets. The largest clusters have 200,000 partitions.
const MAX_ELEMENTS: usize = 1_000_000;

/// Reads a reply.
#[derive(Debug, Clone)]
pub(super) struct Reader<'b> {
    rest: &'b [u8],
    flexible: bool,
    /// Elements that may still come.
    elements: usize,
}

impl<'b> Reader<'b> {
    pub(super) const fn new(bytes: &'b [u8], flexible: bool) -> Self {
        Self { rest: bytes, flexible, elements: MAX_ELEMENTS }
    }

    fn take(&mut self, length: usize) -> Read<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn bool(&mut self) -> Read<bool> {
        Ok(self.fixed::<1>()? != [0])
    }

    pub(super) fn i16(&mut self) -> Read<i16> {
        self.fixed().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Read<i32> {
        self.fixed().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Read<i64> {
        self.fixed().map(i64::from_be_bytes)
    }

    /// Passes over an identity of 16 bytes.
    pub(super) fn uuid(&mut self) -> Read<()> {
        self.fixed::<16>().map(|_| ())
    }

    fn uvarint(&mut self) -> Read<u32> {
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).map_err(|_| Malformed("a length is out of bounds"));
            }
        }
        Err(Malformed("a length is out of bounds"))
    }

    fn short_length(&mut self) -> Read<Option<usize>> {
        let length = self.i16()?;
        Ok(usize::try_from(length).ok())
    }

    /// The length of an array or of bytes; `None` if there are none.
    fn length(&mut self) -> Read<Option<usize>> {
        if self.flexible {
            return Ok(usize::try_from(self.uvarint()?).ok().and_then(|length| length.checked_sub(1)));
        }
        let length = self.i32()?;
        Ok(usize::try_from(length).ok())
    }

    pub(super) fn nullable(&mut self) -> Read<Option<&'b str>> {
        let length = if self.flexible { self.length()? } else { self.short_length()? };
        let Some(length) = length else { return Ok(None) };
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Malformed("a text is not UTF-8"))?;
        Ok(Some(text))
    }

    /// A text; one that is not there is empty.
    pub(super) fn string(&mut self) -> Read<&'b str> {
        self.nullable().map(Option::unwrap_or_default)
    }

    pub(super) fn blob(&mut self) -> Read<&'b [u8]> {
        let length = self.length()?.unwrap_or(0);
        self.take(length)
    }

    /// What `read` makes of each element.
    pub(super) fn array<T>(&mut self, mut read: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let length = self.length()?.unwrap_or(0);
        let mut all = Vec::new();
        for _ in 0..length {
            self.elements = self.elements.checked_sub(1).ok_or(Malformed("it has more than a million elements"))?;
            all.push(read(self)?);
        }
        Ok(all)
    }

    /// Passes over an array, and tells how many elements it has.
    pub(super) fn count<T>(&mut self, mut read: impl FnMut(&mut Self) -> Read<T>) -> Read<usize> {
        let length = self.length()?.unwrap_or(0);
        for _ in 0..length {
            read(self)?;
        }
        Ok(length)
    }

    /// The end of a structure: what a later version has added is passed over.
    pub(super) fn end(&mut self) -> Read<()> {
        if self.flexible {
            for _ in 0..self.uvarint()? {
                self.uvarint()?;
                let length = usize::try_from(self.uvarint()?).map_err(|_| SHORT)?;
                self.take(length)?;
            }
        }
        Ok(())
    }
}
