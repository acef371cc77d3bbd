//! Numbers that move, compared with those of somebody else.

use std::collections::BTreeMap;

use super::wait::{SOON, until};

/// Numbers by what they are of.
pub(crate) type Numbers = BTreeMap<String, f64>;

/// Looks at what another says before, what the agent says, and what the other says after, until each of the agent's numbers
/// has lain between the two of the other once: what moves to and fro does not do so each time.
#[track_caller]
pub(crate) fn agree(what: &str, names: Vec<String>, mut look: impl FnMut() -> [Numbers; 3]) {
    let mut left = names;
    until(SOON * 2, what, || {
        let seen = look();
        left.retain(|name| {
            let values = seen.each_ref().map(|numbers| numbers.get(name).copied());
            let agrees = is_between(values);
            if !agrees {
                eprintln!("{name}: {values:?}");
            }
            !agrees
        });
        left.is_empty().then_some(())
    });
}

fn is_between(values: [Option<f64>; 3]) -> bool {
    let [Some(before), Some(value), Some(after)] = values else { return false };
    // The same number in another unit is rounded in another way.
    let slack = value.abs() * 1e-12 + 1e-6;
    (before.min(after) - slack..=before.max(after) + slack).contains(&value)
}
