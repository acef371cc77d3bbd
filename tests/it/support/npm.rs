//! What scripts/npm.sh took from npm: a library of queues.

use std::path::{Path, PathBuf};

use super::missing;

/// Whether the test must be skipped because Node or the packages are not there. Where `CI` is set that is a failure instead.
pub(crate) fn missing() -> bool {
    if missing::missing(&["node"]) {
        return true;
    }
    // The last file that the script writes.
    if folder().join("npm.txt").is_file() {
        return false;
    }
    let message = format!("{} is missing; run scripts/npm.sh", folder().display());
    assert!(std::env::var_os("CI").is_none(), "{message}");
    eprintln!("SKIPPED, {message}");
    true
}

/// The packages, with `BullMQ`.
pub(crate) fn modules() -> PathBuf {
    folder().join("node_modules")
}

fn folder() -> PathBuf {
    // Cargo's folder for the files of tests lies in the target directory.
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target directory").join("npm")
}
