//! The CLIENT LIST reply: who is connected, and whose output buffer grows.
//!
//! [`parse`] reads the reply, [`summary`] reduces it to bounded numbers in one pass. No connection is told apart by its id or
//! port, which change by themselves, and its name is its own choice.
//!
//! It is a crate of its own because it sees each byte of the largest reply: it is built for speed, the agent for size.

mod class;
mod commands;
pub mod digits;
mod groups;
mod growth;
pub mod label;
pub mod parse;
mod pool;
pub mod summary;
mod tracker;

pub use class::{BufferLimits, ClassLimit, ClientClass};
pub use pool::{MAX_POOLS, Peer, Pool};
pub use summary::{ClientSummary, MAX_ADDRESSES, Options, OutputBuffer, PoolState, summarize};
pub use tracker::ClientTracker;
