//! One event of a container.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::lenient::{or_default, texts};

/// An event, of which only the needed parts are read. A type or action that is not known is still an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub(crate) struct Event {
    /// `container`, unless the engine ignores the filter.
    pub(crate) kind: String,
    /// `start`, `die`, `health_status: healthy`.
    pub(crate) action: String,
    pub(crate) actor: Actor,
    /// Nanoseconds since 1970 on the engine's clock.
    pub(crate) time_nano: i64,
}

/// Whom an event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Actor {
    /// The container's id.
    #[serde(rename = "ID", default, deserialize_with = "or_default")]
    pub(crate) id: String,
    /// The event's own attributes (`name`, `image`, `signal`, `exitCode`) and, over them, the container's Docker labels:
    /// only `name` and `image` cannot be forged by a label.
    #[serde(rename = "Attributes", default, deserialize_with = "texts")]
    pub(crate) attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    #[serde(rename = "Type", default, deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    action: String,
    #[serde(default, deserialize_with = "or_default")]
    actor: Actor,
    #[serde(rename = "time", default, deserialize_with = "or_default")]
    seconds: i64,
    #[serde(rename = "timeNano", default, deserialize_with = "or_default")]
    nanos: i64,
}

impl From<Wire> for Event {
    fn from(wire: Wire) -> Self {
        let time_nano = if wire.nanos == 0 { wire.seconds.saturating_mul(1_000_000_000) } else { wire.nanos };
        Self { kind: wire.kind, action: wire.action, actor: wire.actor, time_nano }
    }
}

impl Event {
    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.actor.attributes.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
