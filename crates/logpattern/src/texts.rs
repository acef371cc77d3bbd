//! Many texts looked for in a line at once, in any case of ASCII letters.
//!
//! An automaton must know its state before it takes the next byte. Here each place of a line is looked at by itself: four
//! bytes of each text, those that are rarest in logs, are bits of a small table, and only where the line has such four is a
//! text compared. The processor does several places at a time, and the memory is bounded whatever the texts are.

/// Bytes of a text by which it is found.
const GRAM: usize = 4;

/// Places of the table; each has eight bits.
const PLACES: usize = 1 << 14;

/// What logs consist of, the most frequent bytes first. What is not here is rare.
const FREQUENT: &[u8] = b" e0t1a2oinrs:-35d4l6c7u89m/p.gh\"=_f,yb";

/// Finds texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    /// Of each hash of three bytes the fourth ones that texts have behind them.
    table: Vec<u8>,
    /// Where the entries of a hash begin.
    starts: Vec<u32>,
    entries: Vec<Entry>,
    all: Vec<Vec<u8>>,
}

/// A place of the table that a text has.
#[derive(Debug, Clone, Copy)]
struct Entry {
    place: usize,
    text: usize,
    /// Where in the text the bytes stand.
    offset: usize,
    length: usize,
    /// Its last byte: many texts have four bytes in common, and few of those their end too.
    last: u8,
}

impl Texts {
    /// The texts in lower case, none of them empty.
    pub(super) fn new(texts: Vec<Vec<u8>>) -> Self {
        let mut table = vec![0_u8; PLACES];
        let mut entries = Vec::new();
        for (text, bytes) in texts.iter().enumerate() {
            let offset = rarest(bytes);
            let gram = &bytes[offset..bytes.len().min(offset + GRAM)];
            let (length, last) = (bytes.len(), bytes.last().copied().unwrap_or_default());
            for whole in completed(gram) {
                let (place, bit) = place(whole);
                // What the fourth byte is does not matter to a text of three.
                table[place] |= if gram.len() < GRAM { u8::MAX } else { bit };
                entries.push(Entry { place, text, offset, length, last });
            }
        }
        entries.sort_unstable_by_key(|entry| (entry.place, entry.text));
        entries.dedup_by_key(|entry| (entry.place, entry.text));
        let mut starts = vec![0; PLACES + 1];
        for entry in &entries {
            starts[entry.place + 1] += 1;
        }
        for at in 0..PLACES {
            starts[at + 1] += starts[at];
        }
        Self { table, starts, entries, all: texts }
    }

    /// Calls `each` with the number of each text that the line has, once or more often.
    pub(super) fn find(&self, line: &[u8], mut each: impl FnMut(usize)) {
        let Some(table) = self.table.first_chunk::<PLACES>() else { return };
        let mut look = |at: usize, gram: [u8; GRAM]| {
            let (place, bit) = place(gram);
            if table[place] & bit != 0 {
                self.compare(line, at, place, &mut each);
            }
        };
        let whole = line.windows(GRAM).filter_map(|window| window.first_chunk::<GRAM>());
        whole.enumerate().for_each(|(at, gram)| look(at, *gram));
        // At its end a line has texts that are shorter than that.
        let rest = (line.len() + 1).saturating_sub(GRAM);
        for at in rest..line.len() {
            let mut gram = [0; GRAM];
            gram[..line.len() - at].copy_from_slice(&line[at..]);
            look(at, gram);
        }
    }

    /// Compares the texts that have those bytes with the line.
    #[inline(never)]
    fn compare(&self, line: &[u8], at: usize, place: usize, each: &mut impl FnMut(usize)) {
        let range = self.starts[place] as usize..self.starts[place + 1] as usize;
        for Entry { text, offset, length, last, .. } in &self.entries[range] {
            let found = at.checked_sub(*offset).and_then(|start| line.get(start..start + length));
            let Some(found) = found.filter(|found| found.last().is_some_and(|end| end.eq_ignore_ascii_case(last)))
            else {
                continue;
            };
            if found.eq_ignore_ascii_case(&self.all[*text]) {
                each(*text);
            }
        }
    }
}

/// The place and the bit of four bytes: the same for a letter in both cases.
#[inline]
const fn place(gram: [u8; GRAM]) -> (usize, u8) {
    let folded = u32::from_le_bytes(gram) | 0x2020_2020;
    let hash = (folded << 8).wrapping_mul(0x9E37_79B1) >> (u32::BITS - PLACES.trailing_zeros());
    (hash as usize, 1 << (folded >> 24 & 7))
}

/// Where the bytes of a text stand that are rarest in logs.
fn rarest(text: &[u8]) -> usize {
    let rareness = |byte: &u8| FREQUENT.iter().position(|frequent| frequent == byte).unwrap_or(FREQUENT.len());
    let windows = text.windows(GRAM).map(|window| window.iter().map(rareness).sum::<usize>());
    windows.enumerate().max_by_key(|(at, rareness)| (*rareness, usize::MAX - at)).map_or(0, |(at, _)| at)
}

/// A text of fewer than four bytes with all that may stand behind it, up to its third.
fn completed(gram: &[u8]) -> Vec<[u8; GRAM]> {
    let mut whole = [0; GRAM];
    whole[..gram.len()].copy_from_slice(gram);
    let mut all = vec![whole];
    for at in gram.len()..GRAM - 1 {
        let with = |whole: &[u8; GRAM], byte: u8| {
            let mut whole = *whole;
            whole[at] = byte;
            whole
        };
        all = all.iter().flat_map(|whole| (0..=u8::MAX).map(move |byte| with(whole, byte))).collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn found(texts: &[&str], line: &str) -> BTreeSet<String> {
        let finder = Texts::new(texts.iter().map(|text| text.as_bytes().to_vec()).collect());
        let mut found = BTreeSet::new();
        finder.find(line.as_bytes(), |text| {
            found.insert(texts[text].to_owned());
        });
        found
    }

    #[test]
    fn a_text_is_found_wherever_it_stands() {
        let texts = ["ok", "eof", "oom ", "redis", "redis publish failed", "\u{e9}t\u{e9}", "[{", "@", "5432"];
        for text in texts {
            for (before, behind) in [("", ""), ("x", ""), ("", "x"), ("2026-11-24 ", " behind")] {
                for line in
                    [format!("{before}{text}{behind}"), format!("{before}{}{behind}", text.to_ascii_uppercase())]
                {
                    let expected = texts.into_iter().filter(|text| line.to_ascii_lowercase().contains(text));
                    assert_eq!(found(&texts, &line), expected.map(str::to_owned).collect(), "{line}");
                }
            }
        }
    }

    #[test]
    fn bytes_that_differ_in_what_is_a_case_of_letters_are_not_the_same() {
        assert_eq!(found(&["a[b]", "@", "x\u{1}yz"], "a{b} ` x!yz"), BTreeSet::new());
        assert_eq!(found(&[], "redis"), BTreeSet::new());
        assert_eq!(found(&["redis"], ""), BTreeSet::new());
    }
}
