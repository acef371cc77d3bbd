//! `manometer logs`: trying log patterns before they are trusted.

mod explain;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{EXIT_SOFTWARE, EXIT_USAGE, fail, note, print, write};
use crate::logpattern::PatternSet;

/// What to do with log patterns.
#[derive(Debug, Subcommand)]
pub(super) enum LogsCommand {
    /// Show each event of a log with what it counts as, and why; exit 1 if none counts as anything.
    Test(TestArgs),
    /// Explain what a ready pattern counts.
    Explain {
        /// Its name.
        pattern: String,
    },
}

/// A log, and what is looked for in it.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// The log, as its program wrote it or as `docker logs` shows it; - is the standard input.
    file: PathBuf,
    /// A ready set; may be given several times. All without it, unless there is a --pattern.
    #[arg(long = "set", value_name = "SET", value_enum)]
    sets: Vec<PatternSet>,
    /// A pattern of your own, REGEX or NAME=REGEX; may be given several times.
    #[arg(long = "pattern", value_name = "REGEX")]
    patterns: Vec<String>,
    /// A regular expression that the first line of each event matches, or `line`.
    #[arg(long, value_name = "REGEX")]
    event_start: Option<String>,
    /// Leave out events that count as nothing.
    #[arg(long)]
    matching: bool,
    /// Print an object of JSON for each event, and one with the totals.
    #[arg(long)]
    json: bool,
}

/// Runs one of the commands.
pub(super) fn run(command: &LogsCommand) -> ExitCode {
    let done = match command {
        LogsCommand::Test(arguments) => test::test(arguments),
        LogsCommand::Explain { pattern } => explain::explain(pattern).map(|text| print(text.as_bytes())),
    };
    done.unwrap_or_else(|message| fail(EXIT_USAGE, &message))
}
