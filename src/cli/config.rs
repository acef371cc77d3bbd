//! `manometer config check` and `config show`.

use std::fmt::Write as _;
use std::process::ExitCode;

use super::{EXIT_SOFTWARE, Refused, print, read, read_with_found};
use crate::app::{Source, cannot_fire, load_web};

/// Validates the configuration, and the web configuration that it names.
pub(super) fn check(source: &Source) -> Result<ExitCode, Refused> {
    let config = read(source)?;
    load_web(&config.web)?;
    let count = config.targets.len();
    let targets = if count == 1 { "target" } else { "targets" };
    let mut text = format!("{}: valid, {count} {targets}\n", config.origin);
    let inert = cannot_fire(&config);
    if !inert.is_empty() {
        text.push_str("alerts that cannot fire:\n");
        for line in inert {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {line}");
        }
    }
    for note in config.policy.missing_links() {
        let _ = writeln!(text, "note: {note}");
    }
    Ok(print(text.as_bytes()))
}

/// Prints the configuration with its defaults, without its secrets, and the targets that are found beside it.
pub(super) fn show(source: &Source) -> Result<ExitCode, Refused> {
    let text = read_with_found(source)?.to_toml().map_err(|error| Refused(EXIT_SOFTWARE, error.to_string()))?;
    Ok(print(text.as_bytes()))
}
