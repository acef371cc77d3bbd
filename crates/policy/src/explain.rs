//! Which of the alerts that are active at one moment explains which others: what `inhibits` says, on the same thing and on all
//! that stands on it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::Policy;
use crate::evaluate::{Active, Label, label};

/// Who stands on whom: targets by their names, containers as engine/name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Each target with all that it stands on, directly or not.
    below: BTreeMap<String, BTreeSet<String>>,
    /// Each container with the targets that it is.
    inside: BTreeMap<String, Vec<String>>,
}

impl Standing {
    /// Of all pairs of a target and what it stands on, and of a target and the container that it is.
    pub fn new(
        depends_on: impl IntoIterator<Item = (String, String)>,
        containers: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut standing = Self::default();
        for (target, cause) in depends_on {
            standing.below.entry(target).or_default().insert(cause);
        }
        for (target, container) in containers {
            standing.inside.entry(container).or_default().push(target);
        }
        standing
    }

    /// Whether what has these labels stands on `cause`, a target or a container.
    fn stands(&self, labels: &[Label], cause: &str) -> bool {
        let on = |target: &str| self.below.get(target).is_some_and(|below| below.contains(cause));
        label(labels, "target").is_some_and(on)
            || self.inside.get(&thing(labels)).is_some_and(|targets| targets.iter().any(|target| on(target)))
    }
}

/// What something with these labels is about: a target, or a container as engine/name.
#[must_use]
pub fn thing(labels: &[Label]) -> String {
    let target = label(labels, "target").unwrap_or_default();
    // Of the series of targets, those of containers alone have a label `name`.
    label(labels, "name").map_or_else(|| target.to_owned(), |name| format!("{target}/{name}"))
}

/// For each of `active` the place of the one that explains it; `None` for a cause.
///
/// What explains something is itself a cause: of a chain, its beginning. Two that explain each other are told apart by
/// severity, then by which of the two stands on fewer things, then by the order of the policy.
#[must_use]
pub fn explain(policy: &Policy, active: &[Active], standing: &Standing) -> Vec<Option<usize>> {
    let severity = |alert: &Active| policy.alerts[alert.alert].levels[alert.level].severity;
    let things: Vec<String> = active.iter().map(|alert| thing(&alert.labels)).collect();
    let mut order: Vec<usize> = (0..active.len()).collect();
    order.sort_by_key(|&at| {
        let target = label(&active[at].labels, "target").unwrap_or_default();
        (Reverse(severity(&active[at])), standing.below.get(target).map_or(0, BTreeSet::len), active[at].alert, at)
    });
    let inhibits = |at: usize| !policy.alerts[active[at].alert].inhibits.is_empty();
    let sources: Vec<usize> = order.iter().copied().filter(|&at| inhibits(at)).collect();
    let silences = |cause: usize, other: usize| {
        let (one, two) = (&active[cause], &active[other]);
        let stands = || standing.stands(&two.labels, &things[cause]);
        let is_named = || {
            let alert = &policy.alerts[one.alert];
            if one.alert == two.alert {
                alert.silences_itself() && stands() && !standing.stands(&one.labels, &things[other])
            } else {
                alert.silences(&policy.alerts[two.alert].name) && (agree(&one.labels, &two.labels) || stands())
            }
        };
        cause != other && severity(two) <= severity(one) && is_named()
    };
    let mut explained: Vec<Option<usize>> = vec![None; active.len()];
    let mut is_settled = vec![false; active.len()];
    // Those that nothing explains, and then those that are left: they explain each other in a circle.
    for is_last in [false, true] {
        for &root in &order {
            if is_settled[root] || (!is_last && sources.iter().any(|&other| silences(other, root))) {
                continue;
            }
            is_settled[root] = true;
            let mut open = vec![root];
            while let Some(cause) = open.pop() {
                for &other in &order {
                    if inhibits(cause) && !is_settled[other] && silences(cause, other) {
                        (is_settled[other], explained[other]) = (true, Some(root));
                        open.push(other);
                    }
                }
            }
        }
    }
    explained
}

/// Whether two alerts are of one target, and have the same value of every other label that both have.
fn agree(one: &[Label], other: &[Label]) -> bool {
    let same = |(name, value): &Label| label(other, name).is_none_or(|theirs| *theirs == **value);
    label(one, "target").is_some() && label(other, "target").is_some() && one.iter().all(same)
}

#[cfg(test)]
mod tests;
