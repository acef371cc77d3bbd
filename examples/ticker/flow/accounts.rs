//! What was counted, and the level that follows from it.

use std::time::Instant;

use super::{Flow, Level, Pressure};

/// In how many batch intervals the one that has not been published yet is too little to matter: one of twenty is the
/// 5 % below which the ratio is healthy.
const SETTLED_AFTER: u32 = 20;

/// Messages and errors since the start or the last reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    /// Everything that arrived, before shedding and sampling.
    pub(crate) received: u64,
    pub(crate) published: u64,
    /// Shed at the door, or without room in the buffer.
    pub(crate) dropped: u64,
    pub(crate) sampled_out: u64,
    /// What `uncounted_loss` took; no route of the service tells it but `/admin/knobs`.
    pub(crate) vanished: u64,
    /// Batches that had a connection and failed.
    pub(crate) publish_errors: u64,
    /// Batches that had none.
    pub(crate) connection_errors: u64,
}

impl<T> Flow<T> {
    /// Published by received, both of the window. What was sampled out is not among the received: it was never to be
    /// published, and sampling would otherwise keep up the very level that it comes from. That it does is the `latch`.
    ///
    /// What was shed or dropped stays among the received, for it was lost; it leaves the ratio with the window.
    pub(super) fn ratio(&mut self, now: Instant) -> f64 {
        let received = self.received.total(now);
        let left_out = if self.knobs.latch { 0 } else { self.sampled_out.total(now) };
        let due = received.saturating_sub(left_out);
        if due == 0 { 1.0 } else { self.published.total(now) as f64 / due as f64 }
    }

    /// The level of now. When messages begin to come, the ratio is heeded only once the batch that has not been
    /// published yet is no more than a twentieth of them.
    pub(super) fn level(&mut self, now: Instant) -> Level {
        let busy = now.saturating_duration_since(self.busy_since);
        let settled = busy >= self.settings.batch_interval.saturating_mul(SETTLED_AFTER);
        let ratio = if settled { self.ratio(now) } else { 1.0 };
        Level::of(Pressure { ratio, latency: self.latencies.average(), pending: self.pending() })
    }
}
