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
    /// The health check has another result.
    Health,
    /// A command in the container, such as each run of a health check.
    Exec,
    /// Whatever else there is, now or in a later engine, and what is not about a container.
    Other,
}

impl Action {
    /// All of them with the values of the label, in the order of the documentation.
    pub(super) const ALL: [(Self, &'static str); 15] = [
        (Self::Create, "create"),
        (Self::Start, "start"),
        (Self::Restart, "restart"),
        (Self::Stop, "stop"),
        (Self::Kill, "kill"),
        (Self::Die, "die"),
        (Self::Oom, "oom"),
        (Self::Pause, "pause"),
        (Self::Unpause, "unpause"),
        (Self::Rename, "rename"),
        (Self::Update, "update"),
        (Self::Destroy, "destroy"),
        (Self::Health, "health_status"),
        (Self::Exec, "exec"),
        (Self::Other, "other"),
    ];

    /// What the event says.
    pub(super) fn of(event: &Event) -> Self {
        // An engine that leaves the type out was asked for containers alone.
        if !matches!(event.kind.as_str(), "container" | "") {
            return Self::Other;
        }
        let word = match event.action.as_str() {
            // Podman's own words, which its API for Docker clients mostly translates.
            "died" => "die",
            "remove" => "destroy",
            action if action.starts_with("exec_") => "exec",
            action if action.starts_with("health_status") => "health_status",
            action => action,
        };
        Self::ALL.iter().find(|(_, label)| *label == word).map_or(Self::Other, |(action, _)| *action)
    }

    /// The result of the health check that the event tells; `None` if it is in words that this agent does not know.
    pub(super) fn health(event: &Event) -> Option<Health> {
        let word = event.action.strip_prefix("health_status")?.trim_start_matches([':', ' ']);
        Some(Health::named(word)).filter(|health| *health != Health::None)
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
        for (at, (action, word)) in Action::ALL.iter().enumerate() {
            assert_eq!((of("container", word), *action as usize), (*action, at));
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
            assert_eq!(Action::ALL[of("container", word) as usize].1, label, "{word}");
        }
        assert_eq!(of("pod", "start"), Action::Other);
        assert_eq!(of("network", "destroy"), Action::Other);
        // An engine that names no type was asked for containers alone.
        assert_eq!(of("", "start"), Action::Start);
    }

    #[test]
    fn the_health_is_in_the_action() {
        let health = |action: &str| Action::health(&Event { action: action.to_owned(), ..Event::default() });
        for (action, expected) in [
            ("health_status: healthy", Some(Health::Healthy)),
            ("health_status: unhealthy", Some(Health::Unhealthy)),
            ("health_status: starting", Some(Health::Starting)),
            ("health_status: dubious", None),
            ("health_status", None),
        ] {
            assert_eq!((of("container", action), health(action)), (Action::Health, expected), "{action}");
        }
    }
}
