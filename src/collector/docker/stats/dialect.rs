//! Whose body it is: engines fill in the same fields with different things.

use bollard::models::ContainerStatsResponse;

use crate::collector::docker::engine::{Engine, Negotiated};

/// What has to be known to read a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    /// The version of Podman, which sends 0 for some of what it does not know; `None` of other engines.
    pub(super) podman: Option<[u32; 3]>,
    /// Windows has other units and fields.
    pub(super) windows: bool,
}

impl Dialect {
    /// That of an engine, as far as it is known.
    pub(super) fn of_engine(engine: &Engine) -> Self {
        let negotiated = engine.negotiated();
        Self {
            podman: negotiated.as_ref().filter(|said| said.engine == "Podman").map(Negotiated::numbers),
            windows: negotiated.is_some_and(|negotiated| negotiated.os == "windows"),
        }
    }

    /// That of one body. From API 1.52 on it says for which system it is; before, the number of processors is sent for
    /// Windows alone.
    pub(super) fn of_body(self, body: &ContainerStatsResponse) -> Self {
        let windows = match body.os_type.as_deref() {
            Some(system) if !system.is_empty() => system == "windows",
            _ => self.windows || body.num_procs.is_some_and(|processors| processors > 0),
        };
        Self { windows, ..self }
    }
}
