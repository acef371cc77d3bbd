//! Which of the known names was meant by one that is not known.

/// Edits at which a name may still be a slip of the hand.
const MOST_EDITS: usize = 3;

/// Bytes of a text beyond which nothing is like it: the time of a comparison grows with the square of its length.
pub const LONGEST: usize = 256;

/// The edits from one text to another, a swap of two neighbours being one; `None` if there are more than `most`.
#[must_use]
pub fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    // Two texts differ in at least as much as their lengths do.
    let may_be_alike = a.len().max(b.len()) <= LONGEST && a.chars().count().abs_diff(b.chars().count()) <= most;
    may_be_alike.then(|| strsim::damerau_levenshtein(a, b)).filter(|edits| *edits <= most)
}

/// The names that are written most like `wanted`, the nearest first. A name of which every letter would have to change
/// is not alike.
#[must_use]
pub fn nearest_names<'n>(known: impl IntoIterator<Item = &'n str>, wanted: &str) -> Vec<&'n str> {
    let most = MOST_EDITS.min(wanted.len().saturating_sub(1));
    let mut alike: Vec<(usize, &str)> = Vec::new();
    for name in known {
        alike.extend(distance(name, wanted, most).map(|edits| (edits, name)).filter(|near| !alike.contains(near)));
    }
    // Stable: of two that are as much alike the one that is known first.
    alike.sort_by_key(|(edits, _)| *edits);
    alike.into_iter().map(|(_, name)| name).collect()
}

/// The name that is written most like `wanted`, if one is near enough to have been meant.
#[must_use]
pub fn nearest<'n>(known: impl IntoIterator<Item = &'n str>, wanted: &str) -> Option<&'n str> {
    nearest_names(known, wanted).into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        let names = ["redis_cache_hits", "redis_cache_sets", "redis_cache_hit_ratio", "pool_waiting"];
        assert_eq!(nearest_names(names, "redis_cache_hit"), ["redis_cache_hits", "redis_cache_sets"]);
        assert_eq!(nearest_names(names, "temperature"), [""; 0]);
        assert_eq!(nearest(names, "redis_cahce_sets"), Some("redis_cache_sets"));
        assert_eq!(nearest_names(["where", "above", "where"], "fore"), ["where", "above"]);
    }

    #[test]
    fn three_edits_are_a_slip_and_four_are_another_name() {
        assert_eq!(nearest(["fallback_of"], "fallback"), Some("fallback_of"));
        assert_eq!(nearest(["fallback_of"], "fallbac"), None);
        assert_eq!(nearest(["for"], "max"), None);
        assert_eq!(nearest(["for"], ""), None);
        assert_eq!(nearest(["x".repeat(300).as_str()], &"x".repeat(300)), None);
    }
}
