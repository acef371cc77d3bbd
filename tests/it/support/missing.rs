//! Programs that the tests run and that a machine may lack.

use std::path::{Path, PathBuf};

/// Whether the test must be skipped because a program is not installed. Where `CI` is set that is a failure instead.
pub(crate) fn missing(programs: &[&str]) -> bool {
    let absent: Vec<&str> = programs.iter().copied().filter(|program| !installed(program)).collect();
    if absent.is_empty() {
        return false;
    }
    skip(&format!("not installed: {}", absent.join(", ")))
}

/// Says so, and that is true; where `CI` is set it fails.
fn skip(why: &str) -> bool {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("SKIPPED, {why}");
    true
}

pub(crate) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}

/// The folder in the target directory into which the script of that name puts what it fetched.
pub(crate) fn fetched(script: &str) -> PathBuf {
    // Cargo's folder for the files of tests lies in the target directory.
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target directory").join(script)
}

/// Whether the test must be skipped because what the script fetches is not there; `last` is the last file that it writes. Where
/// `CI` is set that is a failure instead.
pub(crate) fn unfetched(script: &str, last: &str) -> bool {
    let folder = fetched(script);
    !folder.join(last).is_file() && skip(&format!("{} is missing; run scripts/{script}.sh", folder.display()))
}
