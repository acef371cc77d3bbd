//! What is known of one container, wherever it came from: the list, the event stream, an inspection.

use std::sync::Arc;
use std::time::SystemTime;

use super::engine::{Inspected, Reach};
use super::lifecycle::ExitReason;

/// One container under its name. A re-created one takes the place of its predecessor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Container {
    /// The engine's id, 64 hexadecimal digits. It is no label: it changes with each re-creation.
    pub(super) id: String,
    /// Without the leading slash.
    pub(super) name: String,
    /// As it was given at creation; the list shows a digest once the tag has moved.
    pub(super) image: String,
    /// The Docker labels that the configuration exports, under their label names.
    pub(super) labels: Arc<[(String, String)]>,
    /// The Compose project, of one that is part of a service.
    pub(super) project: Option<Arc<str>>,
    pub(super) state: RunState,
    pub(super) health: Health,
    /// Whether it has the network of another container or of the host, whose counters must not be counted twice.
    pub(super) shares_network: bool,
    /// Where the engine lists that it can be reached; empty until it has listed it.
    pub(super) reach: Arc<Reach>,
    pub(super) created: Option<SystemTime>,
    /// When the current or last run began.
    pub(super) started: Option<SystemTime>,
    /// The last list or event in which it was there.
    pub(super) seen: SystemTime,
    /// What only an inspection tells; `None` where it is off, denied, or has not been made.
    pub(super) inspected: Option<Arc<Inspected>>,
    /// Why its last run ended, if it has and that is known.
    pub(super) ended: Option<ExitReason>,
    /// Whether that was before the agent looked.
    pub(super) ended_before: bool,
    /// Whether it was removed while it ran, without having been stopped.
    pub(super) is_torn_away: bool,
}

impl Container {
    /// One of which no more is known.
    pub(super) fn new(id: &str, name: &str, image: &str, state: RunState, seen: SystemTime) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            image: image.to_owned(),
            labels: Arc::default(),
            project: None,
            state,
            health: Health::None,
            shares_network: false,
            reach: Arc::default(),
            created: None,
            started: None,
            seen,
            inspected: None,
            ended: None,
            ended_before: false,
            is_torn_away: false,
        }
    }

    /// Adds the label `id` of cAdvisor, which is the path of its control group.
    pub(super) fn set_cgroup(&mut self, path: String) {
        self.labels = [("id".to_owned(), path)].into_iter().chain(self.labels.iter().cloned()).collect();
    }

    /// Whether it is down because its last run failed, if that is known.
    pub(super) fn has_failed(&self) -> Option<bool> {
        match self.state {
            RunState::Exited | RunState::Dead => match self.ended? {
                ExitReason::Ok | ExitReason::Killed => Some(false),
                ExitReason::Error | ExitReason::Oom | ExitReason::SigkillUnexplained => Some(true),
                ExitReason::Unknown => None,
            },
            RunState::Unknown => None,
            _ => Some(false),
        }
    }

    /// Whether an OOM kill is why it is down; `None` while it is not, or that is not known.
    pub(super) fn is_oom_killed(&self) -> Option<bool> {
        let is_down = matches!(self.state, RunState::Exited | RunState::Dead);
        let reason = self.ended.filter(|reason| is_down && *reason != ExitReason::Unknown)?;
        Some(reason == ExitReason::Oom)
    }
}

/// Whether a container with that network mode has the network of another container or of the host.
pub(super) fn shares_network(mode: &str) -> bool {
    mode == "host" || mode.starts_with("container:")
}

/// The state of a container, in the engine's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum RunState {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
    /// It was there and is not any more.
    Removed,
    /// A state that this agent does not know (`stopping` and `stopped` of Podman, and what is to come).
    Unknown,
}

impl RunState {
    /// Every state, in the order of the documentation.
    pub(super) const ALL: [Self; 9] = [
        Self::Created,
        Self::Running,
        Self::Paused,
        Self::Restarting,
        Self::Removing,
        Self::Exited,
        Self::Dead,
        Self::Removed,
        Self::Unknown,
    ];

    /// The label's value.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Removed => "removed",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that name.
    pub(super) fn named(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or(Self::Unknown)
    }

    /// Whether the engine has a cgroup of which it can tell the usage.
    pub(super) const fn has_usage(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// What the container's own health check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Health {
    /// There is no check.
    None,
    Starting,
    Healthy,
    Unhealthy,
}

impl Health {
    /// The health of that name; anything else is none.
    pub(super) fn named(word: &str) -> Self {
        match word {
            "starting" => Self::Starting,
            "healthy" => Self::Healthy,
            "unhealthy" => Self::Unhealthy,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_named_and_what_is_not_known_is_unknown() {
        for state in RunState::ALL {
            assert_eq!(RunState::named(state.as_str()), state);
        }
        for word in ["stopping", "stopped", "Running", "initialized", ""] {
            assert_eq!(RunState::named(word), RunState::Unknown, "{word}");
        }
        let used: Vec<&str> =
            RunState::ALL.into_iter().filter(|state| state.has_usage()).map(RunState::as_str).collect();
        assert_eq!(used, ["running", "paused"]);
    }

    #[test]
    fn a_health_that_is_not_known_is_none() {
        let named = ["starting", "healthy", "unhealthy", "none", "", "dubious"].map(Health::named);
        assert_eq!(
            named,
            [Health::Starting, Health::Healthy, Health::Unhealthy, Health::None, Health::None, Health::None]
        );
    }
}
