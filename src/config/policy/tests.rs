use std::path::Path;

use super::*;

#[test]
fn the_shipped_policy_is_right() {
    let policy = shipped().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(policy.alerts.len(), 35);
}

/// One file for each way to be wrong; its message is the file beside it. `UPDATE_GOLDEN=1` writes the messages anew.
#[test]
fn bad_policies_are_refused_with_their_exact_messages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/bad");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let error = parse(&text, Path::new("policy.toml")).expect_err(&path.display().to_string());
        let shown = format!("{error}\n");
        let message_file = path.with_extension("err");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&message_file, &shown).unwrap();
        }
        assert_eq!(shown, std::fs::read_to_string(&message_file).unwrap(), "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 9, "a bad policy was added or lost");
}
