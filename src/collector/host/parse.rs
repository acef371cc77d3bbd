//! What the parsers of /proc have in common.

use crate::metric::{Families, Metric};

/// The first `N` of the words of a line as whole numbers; `None` where one of them is missing or is none.
pub(super) fn numbers<'a, const N: usize>(mut words: impl Iterator<Item = &'a str>) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = words.next()?.parse().ok()?;
    }
    Some(numbers)
}

/// The metrics of one source, each with the key under which it has the value.
pub(super) type Table = &'static [(&'static str, Metric<0>)];

/// The value of each row of a table, as far as the source has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    table: Table,
    values: Vec<Option<f64>>,
}

impl Rows {
    /// Takes what the table has rows for; `None` if that is nothing.
    pub(super) fn of<K: AsRef<str>>(table: Table, found: impl Iterator<Item = (K, f64)>) -> Option<Self> {
        let mut values = vec![None; table.len()];
        for (key, value) in found {
            if let Some(at) = table.iter().position(|(name, _)| *name == key.as_ref()) {
                values[at] = Some(value);
            }
        }
        values.iter().any(Option::is_some).then_some(Self { table, values })
    }

    /// The value of the row with that key.
    pub(super) fn get(&self, key: &str) -> Option<f64> {
        self.values[self.table.iter().position(|(name, _)| *name == key)?]
    }

    pub(super) fn export(&self, out: &mut Families) {
        for ((_, metric), value) in self.table.iter().zip(&self.values) {
            if let Some(value) = value {
                out.push(metric, [], *value);
            }
        }
    }
}

/// Things of which the machine may have any number: so many are shown, and the others counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounded<T> {
    pub(super) shown: Vec<T>,
    pub(super) left_out: usize,
}

impl<T> Bounded<T> {
    /// The first `most` of `all`.
    pub(super) fn of(all: impl Iterator<Item = T>, most: usize) -> Self {
        let mut all = all.fuse();
        let shown = all.by_ref().take(most).collect();
        Self { shown, left_out: all.count() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_and_all_there() {
        assert_eq!(numbers(["1", "22", "333", "rest"].into_iter()), Some([1, 22, 333]));
        assert_eq!(numbers::<2>(["1"].into_iter()), None);
        assert_eq!(numbers::<2>(["1", "-2"].into_iter()), None);
        assert_eq!(numbers::<1>(["18446744073709551616"].into_iter()), None);
    }

    #[test]
    fn what_is_over_the_bound_is_counted() {
        assert_eq!(Bounded::of(1..=3, 3), Bounded { shown: vec![1, 2, 3], left_out: 0 });
        assert_eq!(Bounded::of(1..=5, 3), Bounded { shown: vec![1, 2, 3], left_out: 2 });
    }
}
