//! How many connections have the same name, user, database, library or address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use super::pool::PoolSet;

/// Connections that have one value in common, and the pools that it fits, which are asked for once.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    clients: u64,
    pools: PoolSet,
}

/// Connections by one property.
#[derive(Debug)]
pub(super) struct Groups<K> {
    groups: HashMap<K, Group>,
    /// The value of the last connection, and how many with it are not counted above. Neighbours in CLIENT LIST are often
    /// of one kind: a run of them is looked up once.
    run: Option<(K, Group)>,
}

impl<K: Copy + Eq + Hash> Groups<K> {
    /// Groups with room for so many values.
    pub(super) fn with_capacity(values: usize) -> Self {
        Self { groups: HashMap::with_capacity(values), run: None }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Counts a connection; `pools` says which pools the value fits.
    pub(super) fn add(&mut self, value: K, pools: impl FnOnce(K) -> PoolSet) -> PoolSet {
        if let Some((last, run)) = &mut self.run
            && *last == value
        {
            run.clients += 1;
            return run.pools;
        }
        self.end_run();
        let pools = match self.groups.entry(value) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().clients += 1;
                entry.get().pools
            }
            Entry::Vacant(entry) => entry.insert(Group { clients: 1, pools: pools(value) }).pools,
        };
        self.run = Some((value, Group { clients: 0, pools }));
        pools
    }

    fn end_run(&mut self) {
        if let Some((value, run)) = self.run.take()
            && run.clients > 0
        {
            self.groups.entry(value).or_default().clients += run.clients;
        }
    }

    /// The values and their connections.
    pub(super) fn counts(mut self) -> impl Iterator<Item = (K, u64)> {
        self.end_run();
        self.groups.into_iter().map(|(value, group)| (value, group.clients))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_returns_are_counted() {
        let mut groups = Groups::with_capacity(0);
        let mut asked = 0;
        for value in [1, 1, 2, 1, 1, 1, 3] {
            let set = groups.add(value, |value| {
                asked += 1;
                value * 10
            });
            assert_eq!(set, value * 10);
        }
        let mut counts: Vec<_> = groups.counts().collect();
        counts.sort_unstable();
        assert_eq!((counts, asked), (vec![(1, 5), (2, 1), (3, 1)], 3));
        assert_eq!(Groups::<u64>::with_capacity(9).counts().count(), 0);
    }
}
