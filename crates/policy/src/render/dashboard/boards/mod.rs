//! The dashboards, one file each.

mod agent;
mod backpressure;
mod clients;
mod containers;
mod overview;
mod redis;

use super::spec::Board;

/// Every dashboard, the one to begin with first.
pub(super) fn all() -> Vec<Board> {
    vec![
        overview::board(),
        backpressure::board(),
        redis::board(),
        clients::board(),
        containers::board(),
        agent::board(),
    ]
}
