//! When to open again what breaks off: the stream of events, a log.

use std::time::Duration;

use crate::net::Backoff;

/// What was open for so long is in order: the next pause is a short one.
pub(super) const HEALTHY: Duration = Duration::from_secs(30);

/// The pauses of something that was not opened yet.
pub(super) const fn reopening() -> Backoff {
    Backoff::new(Duration::from_secs(1), Duration::from_mins(1))
}
