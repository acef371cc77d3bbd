//! The CLIENT LIST reply: who is connected, and whose output buffer grows.
//!
//! [`parse`] reads the reply, [`summary`] reduces it to bounded numbers in one pass, [`mod@export`] exports them. No series
//! is made per connection: a client's id and port change by themselves, and its name is its own choice.

mod class;
pub mod export;
mod growth;
pub mod parse;
mod question;
pub mod summary;

pub use class::{BufferLimits, ClassLimit, ClientClass};
pub use export::{export, metrics};
pub use growth::BufferTracker;
pub use question::ClientList;
pub use summary::{ClientSummary, Options, Pool, summarize};
