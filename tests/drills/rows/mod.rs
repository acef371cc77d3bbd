//! The rows of the matrix.

mod agent;
mod calm;
mod clients;
mod edge;
mod failover;
mod redis;
mod service;

use crate::row::{Drill, Row};
use crate::stack::{PLAIN, Parts};

/// Every row.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    let kinds = [calm::ROWS, redis::ROWS, failover::ROWS, service::ROWS, clients::ROWS, edge::ROWS, agent::ROWS];
    kinds.into_iter().flatten()
}

/// How long most faults last, in seconds of the policy.
const LONG: u64 = 540;

/// A row; what it leaves out is as it is most of the time.
const fn row(name: &'static str, told: [usize; 3], cause: &'static str, within: u64, drill: fn(&mut Drill)) -> Row {
    Row { name, is_quick: false, parts: PLAIN, told, cause, says: "", within, is_seen: true, fastest: u32::MAX, drill }
}

/// With containers.
const CONTAINERS: Parts = Parts { containers: Some([&[], &[]]), ..PLAIN };
