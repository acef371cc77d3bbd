//! `manometer render`: from the policy to files.
//!
//! Everything is read and checked before anything is written, and what is written is complete or not there.

mod write;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{EXIT_SOFTWARE, Refused, default_config, fail, note, print};
use crate::app;
use crate::collector::KINDS;
use crate::config::Config;
use crate::policy;
use crate::policy::render::{self, File, Format, runbooks};
use crate::policy::{Policy, check};

/// What is rendered, and whereto.
#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// The configuration, for its [thresholds]; ./config.toml if it exists.
    #[arg(long, value_name = "FILE", env = "MANOMETER_CONFIG")]
    config: Option<PathBuf>,
    /// The policy; the one that the agent was built with unless given.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The folder that the files are written below.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Write nothing; list the files that are not up to date, and exit 1 if there is one.
    #[arg(long)]
    check: bool,
    /// What is written.
    #[arg(long, value_name = "FORMAT", default_value = "all")]
    format: Format,
}

/// Renders, or checks what is rendered.
pub(super) fn render(arguments: &RenderArgs) -> Result<ExitCode, Refused> {
    let (files, missing_links) = rendered(arguments)?;
    let stale: Vec<&File> = files.iter().filter(|file| !write::is_written(&arguments.out, file)).collect();
    // Of one format it is not known what the others have written.
    let is_all = arguments.format == Format::All;
    let left = if is_all { write::left_over(&arguments.out, &files) } else { Vec::new() };
    if arguments.check {
        return Ok(report(&arguments.out, &files, &stale, &left));
    }
    write::write_all(&arguments.out, &stale).map_err(|message| Refused(EXIT_SOFTWARE, message))?;
    let mut text = String::new();
    for file in &stale {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "wrote {}", arguments.out.join(&file.path).display());
    }
    for path in &left {
        let _ = writeln!(text, "{} belongs to nothing any more; remove it", path.display());
    }
    let _ = writeln!(text, "{} of {} files changed", stale.len(), files.len());
    for note in missing_links {
        let _ = writeln!(text, "note: {note}");
    }
    let printed = print(text.as_bytes());
    tell_inert(arguments);
    Ok(printed)
}

/// Every file, and what their texts have no link to, unless something is wrong.
fn rendered(arguments: &RenderArgs) -> Result<(Vec<File>, Vec<&'static str>), String> {
    let (policy, origin) = match &arguments.policy {
        Some(file) => (policy::load(file), file.display().to_string()),
        None => (policy::shipped(), "alerts/policy.toml".to_owned()),
    };
    let policy = policy.map_err(|error| error.to_string())?;
    let metrics = app::metrics();
    let mut problems = check(&policy, &metrics);
    let (pages, wanted) = pages(arguments)?;
    if wanted {
        problems.extend(runbooks::problems(&policy, &pages));
    }
    let applied = apply(arguments, policy);
    let problems: Vec<String> = problems.iter().map(|problem| format!("{origin}: {problem}")).collect();
    match applied {
        Ok(policy) if problems.is_empty() => {
            Ok((render::render(&policy, &metrics, arguments.format, &pages), policy.missing_links()))
        }
        Ok(_) => Err(problems.join("\n")),
        Err(error) => Err(problems.into_iter().chain([error]).collect::<Vec<_>>().join("\n")),
    }
}

/// The policy with what the configuration overrides.
fn apply(arguments: &RenderArgs, policy: Policy) -> Result<Policy, String> {
    match arguments.config.clone().or_else(default_config) {
        Some(file) => Config::apply_thresholds(&file, policy, KINDS).map_err(|error| error.to_string()),
        None => Ok(policy),
    }
}

/// Says which of the rules cannot fire under the configuration, where it can be used here: who renders need not have its
/// secrets, and a file with [thresholds] alone has no targets.
fn tell_inert(arguments: &RenderArgs) {
    let file = arguments.config.clone().or_else(default_config);
    let Some(config) = file.and_then(|file| Config::load(&file, KINDS).ok()) else { return };
    for line in app::cannot_fire(&config) {
        note(&format!("cannot fire: {line}"));
    }
}

/// The pages of the runbooks by their alerts' names, and whether every alert must have one: not where the rules of the
/// shipped policy are written into a folder of somebody's Prometheus.
fn pages(arguments: &RenderArgs) -> Result<(BTreeMap<String, String>, bool), String> {
    let folder = arguments.out.join(runbooks::FOLDER);
    let pages = if folder.is_dir() { write::read_pages(&folder)? } else { BTreeMap::new() };
    let wanted = arguments.format == Format::All && (!pages.is_empty() || arguments.policy.is_some());
    Ok((pages, wanted))
}

fn report(out: &Path, files: &[File], stale: &[&File], left: &[PathBuf]) -> ExitCode {
    if stale.is_empty() && left.is_empty() {
        return print(format!("{} files are up to date\n", files.len()).as_bytes());
    }
    let mut text = String::new();
    for file in stale {
        let path = out.join(&file.path);
        let word = if path.exists() { "is stale" } else { "is missing" };
        let _ = writeln!(text, "{} {word}", path.display());
    }
    for path in left {
        let _ = writeln!(text, "{} belongs to nothing any more; remove it", path.display());
    }
    let _ = print(text.as_bytes());
    fail(1, "not everything is up to date; run make render (or this command without --check)")
}
