//! `manometer poll`: one poll of each target, for scripts and for a first look.

use std::process::ExitCode;
use std::sync::Arc;

use super::{EXIT_SOFTWARE, EXIT_USAGE, block_on, fail, print};
use crate::app::{self, Source};
use crate::config::Config;
use crate::hub::Hub;
use crate::metric::text::Format;

/// Polls all targets, or the one named, and prints the exposition.
pub(super) fn poll(source: &Source, only: Option<&str>) -> ExitCode {
    let config = match source.read() {
        Ok(config) => config,
        Err(error) => return fail(EXIT_USAGE, &error.to_string()),
    };
    let targets = match chosen(config, only) {
        Ok(targets) => targets,
        Err(message) => return fail(EXIT_USAGE, &message),
    };
    let hub = Arc::new(Hub::new(|_| {}));
    if let Err(error) = block_on(app::poll_once(&targets, &hub)) {
        return fail(EXIT_SOFTWARE, &format!("cannot start the runtime: {error}"));
    }
    let text = match only {
        Some(target) => hub.render_target(target, Format::Prometheus).unwrap_or_default(),
        None => hub.render(Format::Prometheus).plain(),
    };
    let printed = print(&text);
    let statuses = hub.statuses();
    let failed: Vec<String> =
        statuses.iter().filter_map(|status| Some(format!("{}: {}", status.name, status.error.as_ref()?))).collect();
    if failed.is_empty() { printed } else { fail(1, &failed.join("\nmanometer: ")) }
}

fn chosen(config: Config, only: Option<&str>) -> Result<Vec<crate::config::RedisTarget>, String> {
    let Some(only) = only else { return Ok(config.redis) };
    let names: Vec<String> = config.redis.iter().map(|target| target.name.clone()).collect();
    let targets: Vec<_> = config.redis.into_iter().filter(|target| target.name == only).collect();
    if targets.is_empty() {
        return Err(format!("no target is named {only:?}; there are {}", names.join(", ")));
    }
    Ok(targets)
}
