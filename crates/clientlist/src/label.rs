//! Foreign bytes as label values, bounded in length and number.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use metric::OTHER;
use metric::text::cut;

/// Bytes of a label. Below the limit of [`Families`](metric::Families), which cuts after groups were merged and
/// would so turn two groups into one series, of which the second is refused.
const MAX_BYTES: usize = 200;

/// Foreign bytes as a label: not UTF-8 becomes U+FFFD, and what is too long is cut between two characters.
#[must_use]
pub fn label(foreign: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(foreign) {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text, MAX_BYTES)),
        Cow::Owned(text) => Cow::Owned(cut(&text, MAX_BYTES).to_owned()),
    }
}

/// Groups of foreign names by label; groups whose labels are the same become one.
pub fn merge<'r, V>(
    groups: impl Iterator<Item = (&'r [u8], V)>,
    unnamed: &'static str,
    join: impl Fn(V, V) -> V,
) -> Vec<(Cow<'r, str>, V)>
where
    V: Copy,
{
    // A name that is its own label differs from all others that are. What is cut or replaced may be equal to any.
    let mut merged = Vec::with_capacity(groups.size_hint().0);
    let mut changed: HashMap<Cow<'r, str>, V> = HashMap::new();
    for (name, value) in groups {
        let label = if name.is_empty() { Cow::Borrowed(unnamed) } else { label(name) };
        if label.as_bytes() == name {
            merged.push((label, value));
        } else {
            changed.entry(label).and_modify(|sum| *sum = join(*sum, value)).or_insert(value);
        }
    }
    for (label, value) in &mut merged {
        if changed.is_empty() {
            break;
        }
        if let Some(other) = changed.remove(label) {
            *value = join(*value, other);
        }
    }
    merged.extend(changed);
    merged
}

/// The `k` first in that order, in order.
pub fn first<T>(items: &mut Vec<T>, k: usize, order: impl Fn(&T, &T) -> Ordering) {
    // Of thousands of names ten are shown: the others need no order.
    if items.len() > k {
        items.select_nth_unstable_by(k, &order);
        items.truncate(k);
    }
    items.sort_unstable_by(order);
}

/// The `k` largest counts, largest first, and the sum of the rest as `__other__` behind them.
pub fn top_counts<'r>(
    groups: impl Iterator<Item = (&'r [u8], u64)>,
    unnamed: &'static str,
    k: usize,
) -> Vec<(String, u64)> {
    // A server that lies may send counts whose sum has no u64.
    let sum = |counts: &mut dyn Iterator<Item = u64>| counts.fold(0, u64::saturating_add);
    let mut groups: Vec<_> = groups.collect();
    let all = sum(&mut groups.iter().map(|(_, count)| *count));
    if groups.iter().all(|(name, _)| is_label(name)) {
        // None of them can become equal to another: of thousands only those that are shown are made texts.
        first(&mut groups, k.saturating_add(1), |(a_name, a), (b_name, b)| b.cmp(a).then_with(|| a_name.cmp(b_name)));
    }
    let mut ranked = merge(groups.into_iter(), unnamed, u64::saturating_add);
    // A client may have chosen that name.
    ranked.retain(|(label, _)| label != OTHER);
    first(&mut ranked, k, |(a_label, a), (b_label, b)| b.cmp(a).then_with(|| a_label.cmp(b_label)));
    let mut top: Vec<_> = ranked.into_iter().map(|(label, count)| (label.into_owned(), count)).collect();
    let other = all.saturating_sub(sum(&mut top.iter().map(|(_, count)| *count)));
    if other > 0 {
        top.push((OTHER.to_owned(), other));
    }
    top
}

/// Whether a name becomes a label as it is.
fn is_label(name: &[u8]) -> bool {
    (1..=MAX_BYTES).contains(&name.len()) && name.is_ascii()
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
