//! What the tests of several crates share.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

/// Holds the error of each file of a folder against the message beside it, and returns how many there are.
/// `UPDATE_GOLDEN=1` writes the messages anew.
///
/// # Panics
///
/// If a file is accepted, or refused with another message.
pub fn assert_refused<E: std::fmt::Display>(folder: &str, error: impl Fn(&str) -> Option<E>) -> usize {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let error = error(&text).unwrap_or_else(|| panic!("{} is accepted", path.display()));
        let shown = format!("{error}\n");
        assert!(!shown.contains("hunter2"), "{}: a secret is shown", path.display());
        let message_file = path.with_extension("err");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&message_file, &shown).unwrap();
        }
        assert_eq!(shown, std::fs::read_to_string(&message_file).unwrap(), "{}", path.display());
        seen += 1;
    }
    seen
}
