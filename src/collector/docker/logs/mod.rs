//! The logs of the containers, followed and counted by pattern.
//!
//! Each followed container has a task that reads its log (`follow`): bytes become lines ([`decode`]), a line that was
//! counted before is left out (`cursor`), and the others are matched and counted on the spot (`reader`). There is no
//! queue before a counter; a container that logs faster than it may is read later, never not at all.
//! `registry` decides which containers have a task. What was counted is kept by container name (`totals`).

mod cursor;
pub mod decode;
mod excerpts;
mod follow;
mod metrics;
mod reader;
mod redact;
mod registry;
mod source;
mod totals;

use std::sync::Arc;

use self::registry::Registry;
use self::source::FromEngine;
use super::engine::Engine;
use crate::collector::docker::DockerTarget;
use crate::hub::Excerpt;
use crate::metric::{Families, MetricInfo};
use crate::net::Endpoint;

/// One run of a container whose log may be worth following.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunLog {
    /// The engine's id.
    pub(super) id: String,
    /// The container's name.
    pub(super) name: String,
    /// Where following begins.
    pub(super) from: ReadFrom,
}

/// Where following begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadFrom {
    /// At the end: the container ran before the agent did, and what it logged then alarms nobody now.
    Now,
    /// At the beginning of the run.
    Start,
}

/// The logs of one engine's containers. Its tasks end when it is dropped.
pub(super) struct Logs(Option<Arc<Registry<FromEngine>>>);

impl Logs {
    pub(super) fn new(target: &DockerTarget, engine: Engine) -> Self {
        let is_local = matches!(target.url.endpoint(), Endpoint::Unix(_));
        Self(target.logs.clone().map(|settings| Arc::new(Registry::new(FromEngine { engine, is_local }, settings))))
    }

    /// Follows the log of a run, unless it is followed already or need not be. Does not wait: a container that lives for
    /// twenty milliseconds has its log followed only if this is done at once.
    pub(super) fn begin(&self, run: RunLog) {
        if let Some(registry) = &self.0 {
            registry.begin(run);
        }
    }

    /// Takes note that a run has ended: what is left of its log is read, and then it is not followed any more.
    pub(super) fn end(&self, id: &str) {
        if let Some(registry) = &self.0 {
            registry.end(id);
        }
    }

    /// Takes note of a new name.
    pub(super) fn rename(&self, id: &str, name: &str) {
        if let Some(registry) = &self.0 {
            registry.rename(id, name);
        }
    }

    /// Gives up what is known of the container of that name: it was removed some time ago.
    pub(super) fn forget(&self, name: &str) {
        if let Some(registry) = &self.0 {
            registry.forget(name);
        }
    }

    /// Names what it counted. While the engine does not answer no log is being read, whatever is open.
    pub(super) fn export(&self, answers: bool, out: &mut Families) {
        if let Some(registry) = &self.0 {
            registry.export(answers, out);
        }
    }

    /// The last matching lines, the newest first; none unless the configuration wants them.
    pub(super) fn samples(&self) -> Vec<Excerpt> {
        self.0.as_ref().map(|registry| registry.samples()).unwrap_or_default()
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        if let Some(registry) = &self.0 {
            registry.stop();
        }
    }
}

/// Everything that is exported of it.
pub(super) fn metrics() -> Vec<MetricInfo> {
    [metrics::metrics(), excerpts::metrics()].concat()
}

#[cfg(test)]
mod tests;
