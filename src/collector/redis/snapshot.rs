//! What one poll of a Redis server saw.

use super::asked::Export;
use super::canary::{self, CanaryReport};
use super::ping::{self, Pings};
use super::question;
use super::{metrics, support};
use crate::metric::{Families, MetricInfo};

/// What one poll saw.
pub struct Snapshot {
    pub(super) pings: Option<Pings>,
    pub(super) connect_seconds: f64,
    /// The state that an error reply named, else the one that INFO tells.
    pub(super) state: &'static str,
    pub(super) client_list_skipped: bool,
    /// Of the questions that were asked and not refused.
    pub(super) answers: Vec<Box<dyn Export>>,
    pub(super) canary: Option<CanaryReport>,
    /// Which commands the server answers.
    pub(super) support: Vec<(&'static str, bool)>,
}

/// Exports everything.
pub(super) fn export(snapshot: &Snapshot, out: &mut Families) {
    metrics::export_poll(snapshot.connect_seconds, snapshot.client_list_skipped, out);
    metrics::export_state(snapshot.state, out);
    if let Some(pings) = &snapshot.pings {
        ping::export(pings, out);
    }
    if let Some(canary) = &snapshot.canary {
        canary::export(canary, out);
    }
    for answer in &snapshot.answers {
        answer.export(out);
    }
    support::export(&snapshot.support, out);
}

/// Everything with a fixed name.
pub(super) fn metrics() -> Vec<MetricInfo> {
    [metrics::metrics(), ping::metrics(), canary::metrics(), question::metrics(), support::metrics()].concat()
}
