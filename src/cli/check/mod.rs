//! `manometer check`: one look at everything, judged by the policy.

mod facts;
mod judge;
mod report;
mod seen;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use self::judge::judge;
use self::seen::Seen;
use super::poll::chosen;
use super::{Refused, block_on, print, read};
use crate::app::{self, Source};
use crate::config::Look;
use crate::hub::Hub;

/// What all polls may take together, so that the whole is below two seconds whatever hangs.
const BUDGET: Duration = Duration::from_millis(1_700);

/// The exit code where nothing can be said, by Nagios's convention.
pub(super) const EXIT_UNKNOWN: u8 = 3;

/// Polls all targets, or one and what it stands on, and prints what the policy says.
pub(super) fn check(source: &Source, only: Option<&str>, json: bool) -> ExitCode {
    match look(source, only, json) {
        Ok(code) => code,
        Err(Refused(_, message)) => {
            // Whoever asked knows the exit codes of Nagios alone, and reads no stderr.
            let _ = print(format!("UNKNOWN: {}\n", message.replace('|', "?")).as_bytes());
            ExitCode::from(EXIT_UNKNOWN)
        }
    }
}

fn look(source: &Source, only: Option<&str>, json: bool) -> Result<ExitCode, Refused> {
    let started = Instant::now();
    let config = read(source)?;
    let mut targets = config.targets.clone();
    if let Some(only) = only {
        chosen(&config, Some(only))?;
        targets = app::may_concern(&targets, only);
    }
    let [first, second] = [(); 2].map(|()| Arc::new(Hub::new(|_| {})));
    block_on(async {
        // The clock of the runtime, which tests can stop.
        let until = tokio::time::Instant::now() + BUDGET;
        let look = Look { first: Arc::clone(&first), second: Arc::clone(&second), until };
        app::look(&targets, config.state_dir.as_deref(), &look).await;
    })?;
    let view = first.topology().view(SystemTime::now());
    let concerned = only.map(|only| app::concerned(&view, only));
    let seen = Seen::new(&config.policy, &first, &second);
    let mut report = judge(&config.policy, &seen, &app::standing(&view), concerned.as_ref());
    let is_lost = |name: &String| seen.statuses.iter().all(|status| status.key.target != *name);
    let lost = targets.iter().map(|target| target.settings().name.clone()).filter(is_lost);
    report
        .unknown
        .extend(lost.map(|name| format!("{name}: its poll died; this is a fault of the agent, please report it")));
    report.seconds = started.elapsed().as_secs_f64();
    let printed = print(if json { report.json() } else { report.to_string() }.as_bytes());
    // Only what was said counts.
    Ok(if printed == ExitCode::SUCCESS { ExitCode::from(report.verdict().exit()) } else { printed })
}
