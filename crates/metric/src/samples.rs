//! The samples of one target, as they are kept and read after a poll.

use std::slice;

use crate::Family;
use crate::store::{Head, Store};

/// The samples of one poll of one target, its families in the order of their names.
#[derive(Debug, Default)]
pub struct Samples(Store);

impl Samples {
    pub(crate) fn of(mut store: Store) -> Self {
        store.sort();
        Self(store)
    }

    /// The families, by name. Each has a sample.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { store: &self.0, heads: self.0.heads.iter() }
    }

    /// The family of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Family<'_>> {
        let at = self.0.heads.binary_search_by(|head| head.about.name().cmp(name)).ok()?;
        Some(Family::sorted(&self.0, &self.0.heads[at]))
    }

    /// The number of samples.
    #[must_use]
    pub const fn series(&self) -> usize {
        self.0.rows.len()
    }
}

/// The families of a target, by name.
#[derive(Debug, Clone)]
pub struct Iter<'s> {
    store: &'s Store,
    heads: slice::Iter<'s, Head>,
}

impl<'s> Iterator for Iter<'s> {
    type Item = Family<'s>;

    fn next(&mut self) -> Option<Self::Item> {
        self.heads.next().map(|head| Family::sorted(self.store, head))
    }
}

impl<'s> IntoIterator for &'s Samples {
    type Item = Family<'s>;
    type IntoIter = Iter<'s>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
