//! `manometer topology`: who stands on whom.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use super::poll::{failures, judged};
use super::{Refused, block_on, print, read_with_found};
use crate::app::{self, Source};
use crate::hub::Hub;

/// Polls all targets and prints what they stand on, and are known to have stood on by the agent that runs.
pub(super) fn topology(source: &Source, json: bool) -> Result<ExitCode, Refused> {
    let config = read_with_found(source)?;
    let hub = Arc::new(Hub::new(|_| {}));
    app::recall(&hub, config.state_dir.as_deref());
    block_on(app::poll_once(&config.targets, &hub))?;
    let report = hub.topology().view(SystemTime::now()).report();
    let text = if json { serde_json::to_string(&report).unwrap_or_default() + "\n" } else { report.to_string() };
    let printed = print(text.as_bytes());
    Ok(judged(printed, &failures(config.targets.len(), &hub.statuses())))
}
