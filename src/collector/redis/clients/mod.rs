//! CLIENT LIST: who is connected, and whose output buffer grows (`crates/clientlist`), as a question and as metrics.

pub mod export;
mod question;

pub use export::{export, metrics};
pub use question::ClientList;
