//! In the place of the driver, where it is not built in: a `[[mongodb]]` is refused as the configuration is read.

use super::{MongodbTarget, Snapshot};
use crate::collector::{PollError, Reason};

/// Asks nobody.
pub(super) struct Driver;

impl Driver {
    /// One that will not connect.
    pub(super) const fn new() -> Self {
        Self
    }

    /// Says that it cannot.
    #[expect(clippy::unused_async, reason = "the driver that is built in waits")]
    pub(super) async fn poll(&mut self, target: &MongodbTarget) -> Result<Snapshot, PollError> {
        let attempt = format!("asking {}", target.endpoint);
        let advice = "build one with cargo build --release --features mongodb";
        Err(PollError::new(Reason::Internal, attempt, "this agent is built without MongoDB", advice))
    }
}
