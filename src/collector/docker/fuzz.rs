//! What the engine sends, fuzzed.

use super::{engine, lifecycle, stats};

/// Lists, events, inspections and images.
pub(crate) fn engine(bytes: &[u8]) {
    engine::fuzz::replies(bytes);
}

/// The lives of containers, told by events, lists and inspections.
pub(crate) fn lives(bytes: &[u8]) {
    lifecycle::fuzz::lives(bytes);
}

/// Statistics.
pub(crate) fn stats(bytes: &[u8]) {
    stats::fuzz::bodies(bytes);
}
