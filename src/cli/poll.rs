//! `manometer poll`: one poll of each target, for scripts and for a first look.

use std::process::ExitCode;
use std::sync::Arc;

use super::{Refused, block_on, fail, print, read_with_found};
use crate::app::{self, Source};
use crate::config::{Config, Target};
use crate::hub::{Hub, Key, TargetStatus};
use crate::metric::text::Format;

/// Polls all targets, or the one named, and prints the exposition.
pub(super) fn poll(source: &Source, only: Option<&str>) -> Result<ExitCode, Refused> {
    let config = read_with_found(source)?;
    let targets = chosen(&config, only)?;
    let hub = Arc::new(Hub::new(|_| {}));
    block_on(app::poll_once(&targets, &hub))?;
    // A target with several instances is shown with all of them, told apart by their labels.
    let alone = only.and_then(|target| hub.render_target(&Key::of(target), Format::Prometheus));
    let text = alone.unwrap_or_else(|| hub.render(Format::Prometheus)).plain();
    let printed = print(&text);
    Ok(judged(printed, &failures(targets.len(), &hub.statuses())))
}

/// The outcome of a command that has polled: what it printed, unless something failed.
pub(super) fn judged(printed: ExitCode, failures: &[String]) -> ExitCode {
    if failures.is_empty() { printed } else { fail(1, &failures.join("\n")) }
}

/// What went wrong. Each of the `targets` has a status, unless its poll panicked.
pub(super) fn failures(targets: usize, statuses: &[TargetStatus]) -> Vec<String> {
    let failed = |status: &TargetStatus| Some(format!("{}: {}", status.key, status.error.as_ref()?));
    let mut failures: Vec<String> = statuses.iter().filter_map(failed).collect();
    if statuses.len() < targets {
        failures.push("a poll died; this is a fault of the agent, please report it".to_owned());
    }
    failures
}

pub(super) fn chosen(config: &Config, only: Option<&str>) -> Result<Vec<Arc<dyn Target>>, String> {
    let all = &config.targets;
    let Some(only) = only else { return Ok(all.clone()) };
    let name = |target: &Arc<dyn Target>| target.settings().name.clone();
    if let Some(target) = all.iter().find(|target| name(target) == only) {
        return Ok(vec![Arc::clone(target)]);
    }
    let names: Vec<String> = all.iter().map(name).collect();
    Err(format!("no target is named {only:?}; there are {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_without_status_is_a_failure() {
        let statuses = Hub::new(|_| {}).statuses();
        assert_eq!(failures(0, &statuses), [""; 0]);
        assert_eq!(failures(1, &statuses), ["a poll died; this is a fault of the agent, please report it"]);
    }
}
