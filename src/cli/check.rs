//! `manometer config check` and `config show`.

use std::process::ExitCode;

use super::{EXIT_SOFTWARE, Refused, print, read};
use crate::app::{Source, load_web};

/// Validates the configuration, and the web configuration that it names.
pub(super) fn check(source: &Source) -> Result<ExitCode, Refused> {
    let config = read(source)?;
    load_web(&config.web)?;
    let count = config.targets.len();
    let targets = if count == 1 { "target" } else { "targets" };
    let notes: String = config.policy.missing_links().iter().map(|note| format!("note: {note}\n")).collect();
    Ok(print(format!("{}: valid, {count} {targets}\n{notes}", config.origin).as_bytes()))
}

/// Prints the configuration with its defaults, without its secrets.
pub(super) fn show(source: &Source) -> Result<ExitCode, Refused> {
    let text = source.read()?.to_toml().map_err(|error| Refused(EXIT_SOFTWARE, error.to_string()))?;
    Ok(print(text.as_bytes()))
}
