//! `manometer config check` and `config show`.

use std::process::ExitCode;

use super::{EXIT_SOFTWARE, EXIT_USAGE, fail, note, print};
use crate::app::{Source, load_web};

/// Validates the configuration, and the web configuration that it names.
pub(super) fn check(source: &Source) -> ExitCode {
    let config = match source.read() {
        Ok(config) => config,
        Err(error) => return fail(EXIT_USAGE, &error.to_string()),
    };
    for warning in &config.warnings {
        note(warning);
    }
    match load_web(&config.web) {
        Ok(_) => {
            let count = config.targets.len();
            let targets = if count == 1 { "target" } else { "targets" };
            print(format!("{}: valid, {count} {targets}\n", config.origin).as_bytes())
        }
        Err(error) => fail(EXIT_USAGE, &error.to_string()),
    }
}

/// Prints the configuration with its defaults, without its secrets.
pub(super) fn show(source: &Source) -> ExitCode {
    let config = match source.read() {
        Ok(config) => config,
        Err(error) => return fail(EXIT_USAGE, &error.to_string()),
    };
    match config.to_toml() {
        Ok(text) => print(text.as_bytes()),
        Err(error) => fail(EXIT_SOFTWARE, &error.to_string()),
    }
}
