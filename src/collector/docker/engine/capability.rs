//! Which endpoints of the engine the agent may use: a proxy before it may allow some and forbid others.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::error::EngineError;
use crate::metric::{Families, metrics};
use parking_lot::Mutex;

metrics! {
    pub(super) fn metrics;
    CAPABILITY: gauge "manometer_docker_capability" ["endpoint"] Bool,
        "Whether an endpoint of the Docker engine may be used: 0 if a proxy or the engine refuses it, or the \
         configuration turns it off. What needs it is left out; the rest goes on. cgroup_files and proc_net: whether the \
         last poll could read the containers' own files on the engine's machine, kernel_log: whether OOM kills are read \
         from its kernel's log; absent unless that machine is this one.",
        "each reply; a probe after connecting where that is enough";
}

/// How long a refused endpoint is left alone: whoever refused it may have been told better meanwhile.
const REFUSED_FOR: Duration = Duration::from_mins(5);

/// Paths that are remembered of an endpoint because nothing seemed to be there.
const MAX_HIDDEN: usize = 256;

/// An endpoint that the agent uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    List,
    Inspect,
    Stats,
    Events,
    Logs,
    Image,
}

impl Endpoint {
    /// All of them, in the order in which they are asked.
    pub(super) const ALL: [Self; 6] = [Self::List, Self::Inspect, Self::Stats, Self::Events, Self::Logs, Self::Image];

    /// The label's value.
    const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Inspect => "inspect",
            Self::Stats => "stats",
            Self::Events => "events",
            Self::Logs => "logs",
            Self::Image => "image",
        }
    }

    /// Whether the configuration that does without inspections does without it.
    pub(super) const fn inspects(self) -> bool {
        matches!(self, Self::Inspect | Self::Image)
    }

    /// Whether its probe is a request of the kind that the agent needs. What is said of a container that does not exist may
    /// show that the engine was reached, and never that it would refuse what is there: Podman 4.3 has no words for it, and
    /// a proxy may let through some containers alone.
    pub(super) const fn is_probed_for_real(self) -> bool {
        matches!(self, Self::List | Self::Events)
    }

    /// A request that is answered at once. That of a container which does not exist is answered by most engines with 404
    /// and their own words.
    pub(super) const fn probe(self) -> &'static str {
        match self {
            Self::List => "/containers/json?limit=1",
            Self::Inspect => "/containers/manometer-probe/json",
            Self::Stats => "/containers/manometer-probe/stats?stream=false&one-shot=true",
            Self::Events => "/events?since=1&until=1",
            Self::Logs => "/containers/manometer-probe/logs?stdout=1&tail=0",
            Self::Image => "/images/manometer-probe/json",
        }
    }
}

/// What is known of each endpoint.
#[derive(Debug, Default)]
pub(super) struct Capabilities(Mutex<[Known; Endpoint::ALL.len()]>);

/// What is known of one.
#[derive(Debug, Default)]
struct Known {
    /// What the last request told; `None` until one has.
    allowed: Option<bool>,
    /// When one that was refused may be tried again.
    again: Option<Instant>,
    /// Paths of containers at which nothing seemed to be.
    hidden: HashSet<String>,
}

impl Capabilities {
    /// Takes note of what an answer told.
    pub(super) fn learn(&self, endpoint: Endpoint, allowed: bool) {
        let known = &mut self.0.lock()[endpoint as usize];
        let before = known.allowed.replace(allowed);
        known.again = (!allowed).then(|| Instant::now() + REFUSED_FOR);
        if allowed {
            known.hidden.clear();
        }
        // Once a change.
        if !allowed && before != Some(false) {
            tracing::warn!(
                endpoint = endpoint.as_str(),
                "the Docker engine, or a proxy before it, does not allow this endpoint; going on without what needs it, \
                 and trying again every five minutes",
            );
        } else if allowed && before == Some(false) {
            tracing::info!(endpoint = endpoint.as_str(), "the Docker engine allows this endpoint again");
        }
    }

    /// Takes note of an error of a request for `path`.
    pub(super) fn learn_error(&self, endpoint: Endpoint, path: &str, error: &EngineError) {
        if error.is_denied() || (error.says_nothing_is_there() && self.is_hidden(endpoint, path)) {
            self.learn(endpoint, false);
        }
    }

    /// Whether nothing seemed to be at a path before. A container that has just gone is not asked for again: at a second
    /// time it is the path that is hidden.
    fn is_hidden(&self, endpoint: Endpoint, path: &str) -> bool {
        let hidden = &mut self.0.lock()[endpoint as usize].hidden;
        let path = path.split('?').next().unwrap_or(path);
        hidden.contains(path) || (hidden.len() < MAX_HIDDEN && !hidden.insert(path.to_owned()))
    }

    /// Another engine or proxy may answer from now on: what was refused is tried again.
    pub(super) fn doubt(&self) {
        for known in self.0.lock().iter_mut() {
            known.again = None;
        }
    }

    /// Whether it may be used, as far as is known.
    pub(super) fn may(&self, endpoint: Endpoint) -> bool {
        let known = &self.0.lock()[endpoint as usize];
        known.allowed != Some(false) || known.again.is_none_or(|at| Instant::now() >= at)
    }

    /// Names what is known. An inspection that the configuration does without is none.
    pub(super) fn export(&self, inspect: bool, out: &mut Families) {
        for endpoint in Endpoint::ALL {
            let known = self.0.lock()[endpoint as usize].allowed;
            let is_off = endpoint.inspects() && !inspect;
            if let Some(allowed) = known.filter(|_| !is_off).or(is_off.then_some(false)) {
                out.push_bool(&CAPABILITY, [endpoint.as_str()], allowed);
            }
        }
    }
}

/// Names whether something of the engine's machine can be read: `cgroup_files`, `proc_net`, `kernel_log`.
pub(in super::super) fn export_machine(what: &str, can_be_read: bool, out: &mut Families) {
    out.push_bool(&CAPABILITY, [what], can_be_read);
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
        let off = ["inspect", "image"].map(|endpoint| (format!("endpoint=\"{endpoint}\""), 0.0));
        assert_eq!(shown(&capabilities, false), off);
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
            assert_ne!(probe.contains("manometer-probe"), endpoint.is_probed_for_real(), "{probe}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_refused_is_tried_again_and_stays_shown_as_refused_until_it_works() {
        let capabilities = Capabilities::default();
        let stats = Endpoint::Stats;
        capabilities.learn(stats, false);
        tokio::time::advance(REFUSED_FOR.saturating_sub(Duration::from_millis(1))).await;
        assert!(!capabilities.may(stats));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(capabilities.may(stats));
        assert_eq!(shown(&capabilities, true), [("endpoint=\"stats\"".to_owned(), 0.0)]);
        capabilities.learn(stats, false);
        assert!(!capabilities.may(stats));
        capabilities.doubt();
        assert!(capabilities.may(stats));
        assert_eq!(shown(&capabilities, true), [("endpoint=\"stats\"".to_owned(), 0.0)]);
    }

    #[test]
    fn a_path_is_hidden_when_nothing_is_there_twice() {
        let empty = EngineError::of_status(404, "", "x");
        let capabilities = Capabilities::default();
        // Many that have just gone.
        for id in 0..1000 {
            capabilities.learn_error(Endpoint::Stats, &format!("/containers/{id}/stats?one-shot=true"), &empty);
        }
        assert!(capabilities.may(Endpoint::Stats));
        assert_eq!(shown(&capabilities, true), []);
        for words in ["No such container: 7", "no container with name or ID 7 found: no such container"] {
            capabilities.learn_error(Endpoint::Stats, "/containers/7/stats", &EngineError::of_status(404, words, "x"));
        }
        assert!(capabilities.may(Endpoint::Stats));
        capabilities.learn_error(Endpoint::Stats, "/containers/7/stats", &empty);
        assert!(!capabilities.may(Endpoint::Stats));
        // An answer in between tells that it was another thing.
        capabilities.learn(Endpoint::Stats, true);
        capabilities.learn_error(Endpoint::Stats, "/containers/7/stats", &empty);
        assert!(capabilities.may(Endpoint::Stats));
    }
}
