//! The CLIENT LIST reply: who is connected, and whose output buffer grows.
//!
//! [`parse`] reads the reply, [`summary`] reduces it to bounded numbers in one pass, [`mod@export`] exports them. No series
//! is made per connection: a client's id and port change by themselves, and its name is its own choice.

mod class;
mod commands;
pub mod export;
mod groups;
mod growth;
pub mod parse;
mod pool;
mod question;
pub mod summary;
mod tracker;

pub use class::{BufferLimits, ClassLimit, ClientClass};
pub use export::{export, metrics};
pub(super) use pool::MAX_POOLS;
pub use pool::{Peer, Pool};
pub use question::ClientList;
pub use summary::{ClientSummary, Options, summarize};
pub use tracker::ClientTracker;
