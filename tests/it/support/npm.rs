//! What scripts/npm.sh took from npm: a library of queues.

use std::path::PathBuf;

use super::missing;

/// Whether the test must be skipped because Node or the packages are not there. Where `CI` is set that is a failure instead.
pub(crate) fn missing() -> bool {
    missing::missing(&["node"]) || missing::unfetched("npm", "npm.txt")
}

/// The packages, with `BullMQ`.
pub(crate) fn modules() -> PathBuf {
    folder().join("node_modules")
}

fn folder() -> PathBuf {
    missing::fetched("npm")
}
