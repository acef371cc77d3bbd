//! Lines, put together from pieces and cut: whatever comes, memory is bounded.

use memchr::memchr;

/// Bytes of a line that are kept and matched.
pub const MAX_LINE: usize = 16 << 10;

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutLine<'a> {
    /// Its text, without the line's end and not beyond [`MAX_LINE`].
    pub text: &'a [u8],
    /// All bytes of it, the line's end among them, and those that were not kept.
    pub bytes: u64,
    /// Whether a part of it was not kept.
    pub is_truncated: bool,
}

/// The line under way.
#[derive(Debug, Default)]
pub struct Cut {
    /// Its beginning, not beyond [`MAX_LINE`] and the line's end.
    text: Vec<u8>,
    /// All bytes of it, kept or not; `None` between two lines.
    bytes: Option<u64>,
}

impl Cut {
    /// Of which nothing has come.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: Vec::new(), bytes: None }
    }

    /// Whether a line has begun.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.bytes.is_some()
    }

    /// Takes text with any number of line ends; `each` is given every line that is complete.
    pub fn feed(&mut self, text: &[u8], each: &mut impl FnMut(CutLine<'_>)) {
        let mut rest = text;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(end + 1);
            rest = behind;
            if !self.is_open() && line.len() <= MAX_LINE {
                // Nearly every line comes as a whole: it need not be copied.
                each(CutLine { text: without_end(line), bytes: line.len() as u64, is_truncated: false });
                continue;
            }
            self.append(line);
            self.complete(each);
        }
        if !rest.is_empty() {
            self.append(rest);
        }
    }

    /// What has come is a line, if there is anything.
    pub fn complete(&mut self, each: &mut impl FnMut(CutLine<'_>)) {
        let Some(bytes) = self.bytes.take() else { return };
        let text = without_end(&self.text);
        let is_truncated = bytes > self.text.len() as u64 || text.len() > MAX_LINE;
        each(CutLine { text: &text[..text.len().min(MAX_LINE)], bytes, is_truncated });
        self.text.clear();
    }

    fn append(&mut self, text: &[u8]) {
        self.bytes = Some(self.bytes.unwrap_or(0) + text.len() as u64);
        // The line's end beside what is shown of it.
        let room = (MAX_LINE + 2).saturating_sub(self.text.len());
        self.text.extend_from_slice(&text[..text.len().min(room)]);
    }
}

/// A line without its end. A terminal ends its lines with two characters, and so do some programs.
#[must_use]
pub fn without_end(line: &[u8]) -> &[u8] {
    let Some(text) = line.strip_suffix(b"\n") else { return line };
    text.strip_suffix(b"\r").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<(Vec<u8>, u64, bool)> {
        let (mut cut, mut lines) = (Cut::new(), Vec::new());
        let mut each = |line: CutLine<'_>| lines.push((line.text.to_vec(), line.bytes, line.is_truncated));
        for piece in pieces {
            cut.feed(piece, &mut each);
        }
        cut.complete(&mut each);
        lines
    }

    #[test]
    fn a_line_of_twenty_megabytes_is_cut_and_the_next_one_whole() {
        let long = vec![b'x'; 20 << 20];
        let cut = lines(&[&long, b"\r\nnext\r\nopen"]);
        assert_eq!((cut[0].0.len(), cut[0].1, cut[0].2), (MAX_LINE, (20 << 20) + 2, true));
        assert_eq!(cut[1..], [(b"next".to_vec(), 6, false), (b"open".to_vec(), 4, false)]);
        let (exact, over) = ([&[b'x'; MAX_LINE][..], b"\r\n"].concat(), vec![b'x'; MAX_LINE + 1]);
        assert_eq!(lines(&[&exact])[0].1, MAX_LINE as u64 + 2);
        assert_eq!((lines(&[&exact])[0].2, lines(&[&over])[0].2), (false, true));
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_lines_are_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..200_usize) {
            let at = at.min(bytes.len());
            prop_assert_eq!(lines(&[&bytes]), lines(&[&bytes[..at], &bytes[at..]]));
            let sum: u64 = lines(&[&bytes]).iter().map(|line| line.1).sum();
            prop_assert_eq!(sum, bytes.len() as u64);
        }
    }
}
