//! `manometer map`: looking at mappings, trying them, and drafting new ones.

mod discover;
mod explain;
mod input;
mod show;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Refused, block_on, fail, note, print};

/// Looks back this far where no `[[service]]` says otherwise.
const WINDOW: Duration = Duration::from_mins(5);

/// What to do with a mapping.
#[derive(Debug, Subcommand)]
pub(super) enum MapCommand {
    /// Print a shipped mapping, or list them.
    Show {
        /// Its name; without one, all are listed.
        profile: Option<String>,
    },
    /// Apply a mapping to a body and print the exposition; exit 1 if a value is missing.
    Test {
        /// The body of an answer; - is the standard input.
        #[arg(long, value_name = "FILE")]
        body: PathBuf,
        #[command(flatten)]
        fetched: FetchedArgs,
        #[command(flatten)]
        mapping: MappingArgs,
    },
    /// Fetch an address twice and draft a mapping for it.
    Discover {
        /// The whole address of an endpoint.
        url: String,
        /// The time between the two fetches.
        #[arg(long, default_value = "5s", value_parser = interval)]
        interval: Duration,
        /// A file with headers to send, a line each: `Name: value`.
        #[arg(long, value_name = "FILE")]
        header_file: Option<PathBuf>,
        /// The name of the service, with which the names of its metrics begin.
        #[arg(long, default_value = "app")]
        name: String,
        /// Print a whole [[service]] for config.toml.
        #[arg(long)]
        service: bool,
    },
    /// Explain how a mapping comes to the values of a metric.
    Explain {
        /// The name of the metric.
        metric: String,
        /// The body of an answer; - is the standard input. With --config, the service is asked without it.
        #[arg(long, value_name = "FILE")]
        body: Option<PathBuf>,
        #[command(flatten)]
        fetched: FetchedArgs,
        #[command(flatten)]
        mapping: MappingArgs,
    },
}

/// How a body was fetched.
#[derive(Debug, Args)]
pub(super) struct FetchedArgs {
    /// The endpoint that the body is of; without it, the one whose metrics find most in it.
    #[arg(long, value_name = "NAME", requires = "body")]
    endpoint: Option<String>,
    /// The HTTP status that it came with.
    #[arg(long, value_name = "N", requires = "body", value_parser = clap::value_parser!(u16).range(100..=599))]
    status: Option<u16>,
}

/// Where the mapping stands.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct MappingArgs {
    /// A shipped mapping.
    #[arg(long)]
    profile: Option<String>,
    /// A file with [[endpoint]] and [[metric]]; with --profile it adds to that.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// A configuration, of which --target names a service.
    #[arg(long, value_name = "FILE", requires = "target", conflicts_with_all = ["profile", "mapping"])]
    config: Option<PathBuf>,
    /// The service whose mapping is taken.
    #[arg(long, value_name = "NAME", requires = "config")]
    target: Option<String>,
}

/// Runs one of the commands.
pub(super) fn run(command: MapCommand) -> Result<ExitCode, Refused> {
    match command {
        MapCommand::Show { profile } => show::show(profile.as_deref()),
        MapCommand::Test { body, fetched, mapping } => test::test(&body, &fetched, &mapping),
        MapCommand::Discover { url, interval, header_file, name, service } => {
            discover::discover(&url, interval, header_file.as_deref(), &name, service)
        }
        MapCommand::Explain { metric, body, fetched, mapping } => {
            explain::explain(&metric, body.as_deref(), &fetched, &mapping)
        }
    }
}

/// A second at least: a service is not hammered.
fn interval(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_secs(1)..=Duration::from_hours(1);
    let duration = humantime::parse_duration(text).map_err(|_| "write a number with a unit, like 5s".to_owned())?;
    if bounds.contains(&duration) { Ok(duration) } else { Err("must be from 1s to 1h".to_owned()) }
}
