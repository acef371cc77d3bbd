use std::path::Path;

use super::*;
use reader::testing::assert_refused;

#[test]
fn the_shipped_policy_is_right() {
    let policy = shipped().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(policy.alerts.len(), 95);
}

/// One file for each way to be wrong.
#[test]
fn bad_policies_are_refused_with_their_exact_messages() {
    let error = |text: &str| parse(text, Path::new("policy.toml")).err();
    assert_eq!(
        assert_refused(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/policy/bad"), error),
        9,
        "a bad policy was added or lost"
    );
}
