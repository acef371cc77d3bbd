//! The state of a target, for the status page, `/api/v1/targets` and `/sd`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Excerpt, PollError};

/// What tells one polled thing from all others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The target's name in the configuration, and its `target` label.
    pub target: String,
    /// Which instance of the target it is: its `node` label; `None` for a target that is polled as one.
    pub node: Option<String>,
}

impl Key {
    /// That of a target which is polled as one.
    #[must_use]
    pub fn of(target: &str) -> Self {
        Self { target: target.to_owned(), node: None }
    }

    /// The labels that tell its series from those of others.
    fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let node = self.node.as_deref().map(|node| ("node", node));
        std::iter::once(("target", self.target.as_str())).chain(node)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => write!(f, "{} ({node})", self.target),
            None => f.write_str(&self.target),
        }
    }
}

/// What a person or a service discovery wants to know of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetStatus {
    /// Which target it is, and which instance of it.
    pub key: Key,
    /// Labels that the configuration gives all its series.
    pub labels: Arc<[(String, String)]>,
    /// What names it, for people: a file, an SRV name, a container; `None` for the configuration.
    pub source: Option<Arc<str>>,
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
    /// The labels that its series have on `/metrics`, at a site.
    #[must_use]
    pub fn origin<'s>(&'s self, site: Option<&'s str>) -> Vec<(&'s str, &'s str)> {
        let own = self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.key.labels().chain(site.map(|site| ("site", site))).chain(own).collect()
    }

    /// Whether the last poll succeeded.
    #[must_use]
    pub const fn up(&self) -> bool {
        self.last_poll.is_some() && self.error.is_none()
    }
}
