//! `manometer config check` and `config show`.

use std::path::Path;
use std::process::ExitCode;

use super::{EXIT_SOFTWARE, EXIT_USAGE, fail, print};
use crate::app::load_web;
use crate::config::Config;

/// Validates the file, and the web configuration that it names.
pub(super) fn check(file: &Path) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => return fail(EXIT_USAGE, &error.to_string()),
    };
    match load_web(&config.web) {
        Ok(_) => print(format!("{}: valid, {} targets\n", file.display(), config.target_count()).as_bytes()),
        Err(error) => fail(EXIT_USAGE, &error.to_string()),
    }
}

/// Prints the configuration with its defaults, without its secrets.
pub(super) fn show(file: &Path) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => return fail(EXIT_USAGE, &error.to_string()),
    };
    match toml::to_string(&config) {
        Ok(text) => print(text.as_bytes()),
        Err(error) => fail(EXIT_SOFTWARE, &error.to_string()),
    }
}
