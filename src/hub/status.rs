//! The state of a target, for the status page, `/api/v1/targets` and `/sd`.

use std::time::{Duration, SystemTime};

use super::{Excerpt, PollError};

/// What a person or a service discovery wants to know of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetStatus {
    /// The target's name in the configuration, and its `target` label.
    pub name: String,
    /// The kind of collector.
    pub collector: &'static str,
    /// Where it is, without credentials.
    pub address: String,
    /// Time between polls.
    pub interval: Duration,
    /// Polls so far.
    pub polls: u64,
    /// Failed polls so far.
    pub failures: u64,
    /// How long the last poll took.
    pub last_duration: Duration,
    /// When the last poll ended; `None` before the first.
    pub last_poll: Option<SystemTime>,
    /// Why the last poll failed; `None` when it succeeded or there was none.
    pub error: Option<PollError>,
    /// The last log lines that patterns matched, where the configuration wants them shown.
    pub excerpts: Vec<Excerpt>,
    /// What is left out of the polls, and why: a sentence each.
    pub notes: Vec<String>,
}

impl TargetStatus {
    /// Whether the last poll succeeded.
    #[must_use]
    pub const fn up(&self) -> bool {
        self.last_poll.is_some() && self.error.is_none()
    }
}
