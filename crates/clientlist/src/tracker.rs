//! What is remembered of the connections of one server from poll to poll.

use std::time::Instant;

use super::commands::CommandTracker;
use super::growth::BufferTracker;

/// What the next poll of one server is compared with.
#[derive(Debug, Default)]
pub struct ClientTracker {
    pub(super) buffers: BufferTracker,
    pub(super) commands: CommandTracker,
    /// How many names and addresses there were: as many are expected again.
    pub(super) names: usize,
    pub(super) hosts: usize,
}

impl ClientTracker {
    /// Makes the poll that was read the previous one.
    pub(super) fn advance(&mut self, now: Instant) {
        self.buffers.advance(now);
        self.commands.advance(now);
    }
}
