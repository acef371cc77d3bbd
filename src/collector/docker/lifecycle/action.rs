//! What an event says happened.

use crate::collector::docker::container::Health;
use crate::collector::docker::engine::Event;

/// What happened to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Start,
    Restart,
    Stop,
    Kill,
    Die,
    Oom,
    Pause,
    Unpause,
    Rename,
    Update,
    Destroy,
    /// The health check has another result; `None` if it is in words that this agent does not know.
    Health(Option<Health>),
    /// A command in the container, such as each run of a health check.
    Exec,
    /// Whatever else there is, now or in a later engine, and what is not about a container.
    Other,
}

impl Action {
    /// The values of the label, in the order of the documentation.
    pub(super) const LABELS: [&'static str; 15] = [
        "create",
        "start",
        "restart",
        "stop",
        "kill",
        "die",
        "oom",
        "pause",
        "unpause",
        "rename",
        "update",
        "destroy",
        "health_status",
        "exec",
        "other",
    ];

    /// What the event says.
    pub(super) fn of(event: &Event) -> Self {
        if !matches!(event.kind.as_str(), "container" | "") {
            return Self::Other;
        }
        match event.action.as_str() {
            "create" => Self::Create,
            "start" => Self::Start,
            "restart" => Self::Restart,
            "stop" => Self::Stop,
            "kill" => Self::Kill,
            // The words behind the comma are Podman's own, which its API for Docker clients mostly translates.
            "die" | "died" => Self::Die,
            "oom" => Self::Oom,
            "pause" => Self::Pause,
            "unpause" => Self::Unpause,
            "rename" => Self::Rename,
            "update" => Self::Update,
            "destroy" | "remove" => Self::Destroy,
            action if action.starts_with("exec_") => Self::Exec,
            action => match action.strip_prefix("health_status") {
                Some(rest) => Self::Health(match Health::named(rest.trim_start_matches([':', ' '])) {
                    Health::None => None,
                    health => Some(health),
                }),
                None => Self::Other,
            },
        }
    }

    /// Its place in [`LABELS`](Self::LABELS).
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Create => 0,
            Self::Start => 1,
            Self::Restart => 2,
            Self::Stop => 3,
            Self::Kill => 4,
            Self::Die => 5,
            Self::Oom => 6,
            Self::Pause => 7,
            Self::Unpause => 8,
            Self::Rename => 9,
            Self::Update => 10,
            Self::Destroy => 11,
            Self::Health(_) => 12,
            Self::Exec => 13,
            Self::Other => 14,
        }
    }

    /// The attributes that the engine itself gives such an event, beside `name` and `image`. A Docker label of that name
    /// takes the attribute's place.
    pub(super) const fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Kill => &["signal"],
            Self::Die => &["exitCode", "execDuration", "containerExitCode"],
            Self::Rename => &["oldName"],
            Self::Exec => &["execID", "exitCode"],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, action: &str) -> Action {
        Action::of(&Event { kind: kind.to_owned(), action: action.to_owned(), ..Event::default() })
    }

    #[test]
    fn every_known_word_has_its_label() {
        for word in &Action::LABELS[..12] {
            assert_eq!(Action::LABELS[of("container", word).index()], *word);
        }
        for (word, label) in [
            ("health_status: healthy", "health_status"),
            ("health_status", "health_status"),
            ("exec_create: /bin/sh -c cat /secret", "exec"),
            ("exec_die", "exec"),
            ("attach", "other"),
            ("", "other"),
            ("START", "other"),
        ] {
            assert_eq!(Action::LABELS[of("container", word).index()], label, "{word}");
        }
        assert_eq!(of("pod", "start"), Action::Other);
        assert_eq!(of("network", "destroy"), Action::Other);
        // An engine that names no type was asked for containers alone.
        assert_eq!(of("", "start"), Action::Start);
    }

    #[test]
    fn the_health_is_in_the_action() {
        assert_eq!(of("container", "health_status: healthy"), Action::Health(Some(Health::Healthy)));
        assert_eq!(of("container", "health_status: unhealthy"), Action::Health(Some(Health::Unhealthy)));
        assert_eq!(of("container", "health_status: starting"), Action::Health(Some(Health::Starting)));
        assert_eq!(of("container", "health_status: dubious"), Action::Health(None));
        assert_eq!(of("container", "health_status"), Action::Health(None));
    }
}
