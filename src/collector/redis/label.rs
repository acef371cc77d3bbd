//! Foreign bytes as label values, bounded in length and number.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::metric::OTHER;
use crate::metric::text::cut;

/// Bytes of a label. Below the limit of [`Families`](crate::metric::Families), which cuts after groups were merged and
/// would so turn two groups into one series, of which the second is refused.
const MAX_BYTES: usize = 200;

/// Foreign bytes as a label: not UTF-8 becomes U+FFFD, and what is too long is cut between two characters.
pub(super) fn label(foreign: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(foreign) {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text, MAX_BYTES)),
        Cow::Owned(text) => Cow::Owned(cut(&text, MAX_BYTES).to_owned()),
    }
}

/// Groups of foreign names by label; groups whose labels are the same become one.
pub(super) fn merge<'r, V>(
    groups: impl Iterator<Item = (&'r [u8], V)>,
    unnamed: &'static str,
    join: impl Fn(V, V) -> V,
) -> HashMap<Cow<'r, str>, V>
where
    V: Copy,
{
    let mut merged: HashMap<Cow<'r, str>, V> = HashMap::new();
    for (name, value) in groups {
        let label = if name.is_empty() { Cow::Borrowed(unnamed) } else { label(name) };
        merged.entry(label).and_modify(|sum| *sum = join(*sum, value)).or_insert(value);
    }
    merged
}

/// The `k` largest counts, largest first, and the sum of the rest as `__other__` behind them.
pub(super) fn top_counts<'r>(
    groups: impl Iterator<Item = (&'r [u8], u64)>,
    unnamed: &'static str,
    k: usize,
) -> Vec<(String, u64)> {
    let mut merged = merge(groups, unnamed, |a, b| a + b);
    // A client may have chosen that name.
    let mut other = merged.remove(OTHER).unwrap_or(0);
    let mut ranked: Vec<_> = merged.into_iter().collect();
    ranked.sort_unstable_by(|(a_label, a), (b_label, b)| b.cmp(a).then_with(|| a_label.cmp(b_label)));
    other += ranked.iter().skip(k).map(|(_, count)| count).sum::<u64>();
    ranked.truncate(k);
    let mut top: Vec<_> = ranked.into_iter().map(|(label, count)| (label.into_owned(), count)).collect();
    if other > 0 {
        top.push((OTHER.to_owned(), other));
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(groups: &[(&[u8], u64)], k: usize) -> Vec<(String, u64)> {
        top_counts(groups.iter().copied(), "__unnamed__", k)
    }

    fn owned(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
        expected.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect()
    }

    #[test]
    fn the_largest_come_first_and_equals_by_label() {
        let groups: [(&[u8], u64); 4] = [(b"c", 2), (b"", 7), (b"b", 2), (b"a", 1)];
        assert_eq!(top(&groups, 3), owned(&[("__unnamed__", 7), ("b", 2), ("c", 2), ("__other__", 1)]));
        assert_eq!(top(&groups, 4), owned(&[("__unnamed__", 7), ("b", 2), ("c", 2), ("a", 1)]));
        assert_eq!(top(&groups, 0), owned(&[("__other__", 12)]));
        assert_eq!(top(&[], 3), owned(&[]));
    }

    #[test]
    fn labels_that_become_equal_are_one_group() {
        assert_eq!(top(&[(b"a\xff", 2), (b"a\xfe", 3), ("a\u{fffd}".as_bytes(), 1)], 3), owned(&[("a\u{fffd}", 6)]));
        assert_eq!(top(&[(b"__unnamed__", 2), (b"", 3)], 3), owned(&[("__unnamed__", 5)]));
        let groups: [(&[u8], u64); 3] = [(b"__other__", 9), (b"a", 3), (b"b", 1)];
        assert_eq!(top(&groups, 1), owned(&[("a", 3), ("__other__", 10)]));
        let long = ["x".repeat(300), "x".repeat(301)];
        assert_eq!(top(&[(long[0].as_bytes(), 2), (long[1].as_bytes(), 3)], 3), vec![("x".repeat(MAX_BYTES), 5)]);
    }

    #[test]
    fn a_label_is_cut_between_characters() {
        assert_eq!(label("\u{e9}".repeat(150).as_bytes()), "\u{e9}".repeat(100));
        assert_eq!(label(format!("x{}", "\u{e9}".repeat(150)).as_bytes()).len(), MAX_BYTES - 1);
        assert_eq!(label(&[0xff; 300]), "\u{fffd}".repeat(66));
    }
}
