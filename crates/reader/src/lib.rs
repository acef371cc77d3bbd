//! Reads TOML tables key by key, so that every problem of a file is found in one go.
//!
//! Deserialising whole structures stops at the first mistake; an operator who edits a file at night wants them all. Each
//! problem has its line, its key and what to do ([`Problem`]). Values may refer to environment variables, and secrets cannot be
//! printed ([`Secret`]).

mod expand;
pub mod file;
mod free;
mod names;
mod nearest;
mod network;
mod problem;
mod reader;
mod secret;
mod shown;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod weight;

pub use free::Named;
pub use names::Names;
pub use nearest::{LONGEST, distance, nearest, nearest_names};
pub use network::Network;
pub use problem::{ConfigError, Problem};
pub use reader::Reader;
pub use secret::Secret;
pub use shown::{excerpt, is_hidden, visible, visible_json};
pub use table::{SecretFile, Table, set};
pub use weight::weighs_at_most;

/// A time as it is, or the nearest that has a date with a year of four digits since 1970: for what panics at others. A clock may
/// show any time, and so may what a server or a file says.
#[must_use]
pub fn in_calendar(at: std::time::SystemTime) -> std::time::SystemTime {
    use std::time::{Duration, SystemTime};
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    at.clamp(SystemTime::UNIX_EPOCH, last)
}

/// Serialises a duration the way people write it: `1m 30s`.
pub fn duration<S: serde::Serializer>(value: &std::time::Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*value))
}
