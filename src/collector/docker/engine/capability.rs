//! Which endpoints of the engine the agent may use: a proxy before it may allow some and forbid others.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    CAPABILITY: gauge "manometer_docker_capability" ["endpoint"] Bool,
        "Whether an endpoint of the Docker engine may be used: 0 if a proxy or the engine refuses it, or the \
         configuration turns it off. What needs it is left out; the rest goes on.",
        "a probe of each endpoint after connecting, and each reply";
}

/// An endpoint that the agent uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    List,
    Inspect,
    Stats,
    Events,
    Logs,
}

impl Endpoint {
    /// All of them, in the order in which they are asked.
    pub(super) const ALL: [Self; 5] = [Self::List, Self::Inspect, Self::Stats, Self::Events, Self::Logs];

    /// The label's value.
    const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Inspect => "inspect",
            Self::Stats => "stats",
            Self::Events => "events",
            Self::Logs => "logs",
        }
    }

    /// A request that is answered at once. That of a container which does not exist is answered by the engine with 404
    /// and its own words; a proxy that forbids the path has others.
    pub(super) const fn probe(self) -> &'static str {
        match self {
            Self::List => "/containers/json?limit=1",
            Self::Inspect => "/containers/manometer-probe/json",
            Self::Stats => "/containers/manometer-probe/stats?stream=false&one-shot=true",
            Self::Events => "/events?since=1&until=1",
            Self::Logs => "/containers/manometer-probe/logs?stdout=1&tail=0",
        }
    }
}

/// What is known of each endpoint.
#[derive(Debug, Default)]
pub(super) struct Capabilities([AtomicU8; Endpoint::ALL.len()]);

const UNKNOWN: u8 = 0;
const ALLOWED: u8 = 1;
const DENIED: u8 = 2;

impl Capabilities {
    /// Takes note of what an answer told.
    pub(super) fn learn(&self, endpoint: Endpoint, allowed: bool) {
        let new = if allowed { ALLOWED } else { DENIED };
        let old = self.0[endpoint as usize].swap(new, Ordering::Relaxed);
        // Once a change.
        if old != new && !allowed {
            tracing::warn!(
                endpoint = endpoint.as_str(),
                "the Docker engine, or a proxy before it, does not allow this endpoint; going on without what needs it",
            );
        } else if old == DENIED {
            tracing::info!(endpoint = endpoint.as_str(), "the Docker engine allows this endpoint again");
        }
    }

    /// Whether it may be used, as far as is known.
    pub(super) fn may(&self, endpoint: Endpoint) -> bool {
        self.0[endpoint as usize].load(Ordering::Relaxed) != DENIED
    }

    /// Names what is known. An inspection that the configuration does without is none.
    pub(super) fn export(&self, inspect: bool, out: &mut Families) {
        for endpoint in Endpoint::ALL {
            let known = self.0[endpoint as usize].load(Ordering::Relaxed);
            if endpoint == Endpoint::Inspect && !inspect {
                out.push_bool(&CAPABILITY, [endpoint.as_str()], false);
            } else if known != UNKNOWN {
                out.push_bool(&CAPABILITY, [endpoint.as_str()], known == ALLOWED);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(capabilities: &Capabilities, inspect: bool) -> Vec<(String, f64)> {
        let mut out = Families::new();
        capabilities.export(inspect, &mut out);
        let family = out.get("manometer_docker_capability");
        family
            .into_iter()
            .flat_map(|family| family.values().map(|(labels, value)| (labels.to_owned(), value)))
            .collect()
    }

    #[test]
    fn what_is_not_known_may_be_tried_and_is_not_shown() {
        let capabilities = Capabilities::default();
        assert!(Endpoint::ALL.into_iter().all(|endpoint| capabilities.may(endpoint)));
        assert_eq!(shown(&capabilities, true), []);
        assert_eq!(shown(&capabilities, false), [("endpoint=\"inspect\"".to_owned(), 0.0)]);
    }

    #[test]
    fn the_last_answer_holds() {
        let capabilities = Capabilities::default();
        for allowed in [true, false, false, true] {
            capabilities.learn(Endpoint::Events, allowed);
            assert_eq!(capabilities.may(Endpoint::Events), allowed);
            let value = f64::from(allowed);
            assert_eq!(shown(&capabilities, true), [("endpoint=\"events\"".to_owned(), value)]);
        }
        assert!(capabilities.may(Endpoint::Logs));
    }

    #[test]
    fn each_probe_names_a_container_that_is_none_or_ends_at_once() {
        for endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::ALL[endpoint as usize], endpoint);
            let probe = endpoint.probe();
            assert!(["manometer-probe", "limit=1", "until=1"].iter().any(|part| probe.contains(part)), "{probe}");
        }
    }
}
