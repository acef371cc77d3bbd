//! `manometer topology`: who stands on whom.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use super::poll::failures;
use super::{EXIT_SOFTWARE, EXIT_USAGE, block_on, fail, note, print};
use crate::app::{self, Source};
use crate::hub::Hub;

/// Polls all targets and prints what they stand on.
pub(super) fn topology(source: &Source, json: bool) -> ExitCode {
    let config = match source.read() {
        Ok(config) => config,
        Err(error) => return fail(EXIT_USAGE, &error.to_string()),
    };
    for warning in &config.warnings {
        note(warning);
    }
    let hub = Arc::new(Hub::new(|_| {}));
    if let Err(error) = block_on(app::poll_once(&config.targets, &hub)) {
        return fail(EXIT_SOFTWARE, &format!("cannot start the runtime: {error}"));
    }
    let report = hub.topology().view(SystemTime::now()).report();
    let text = if json { serde_json::to_string(&report).unwrap_or_default() + "\n" } else { report.to_string() };
    let printed = print(text.as_bytes());
    let failures = failures(config.targets.len(), &hub.statuses());
    if failures.is_empty() { printed } else { fail(1, &failures.join("\n")) }
}
