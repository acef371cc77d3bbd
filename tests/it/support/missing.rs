//! Programs that the tests run and that a machine may lack.

use std::path::Path;

/// Whether the test must be skipped because a program is not installed. Where `CI` is set that is a failure instead.
pub(crate) fn missing(programs: &[&str]) -> bool {
    let absent: Vec<&str> = programs.iter().copied().filter(|program| !installed(program)).collect();
    if absent.is_empty() {
        return false;
    }
    assert!(std::env::var_os("CI").is_none(), "not installed: {}", absent.join(", "));
    eprintln!("SKIPPED, not installed: {}", absent.join(", "));
    true
}

pub(crate) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}
