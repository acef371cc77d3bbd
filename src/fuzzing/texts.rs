//! What people write: the configuration, and that of the HTTP side.

use std::path::Path;

use crate::collector::KINDS;
use crate::config::{Config, ConfigError};
use crate::http::web;

/// What stands for a secret where the configuration is shown.
const HIDDEN: [&str; 2] = ["<redacted>", "<secret>"];

/// The configuration: what is taken is shown as a configuration that means the same, and each fault has a line that can be
/// shown to people.
pub(super) fn config(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    match read(text) {
        Ok(config) => {
            let names: Vec<String> = config.targets.iter().map(|target| target.settings().name.clone()).collect();
            assert!((1..names.len()).all(|at| !names[..at].contains(&names[at])), "a name twice: {names:?}");
            let shown = shown(&config);
            if !HIDDEN.iter().any(|word| shown.contains(word)) {
                match read(&shown) {
                    Ok(again) => assert_eq!(self::shown(&again), shown),
                    Err(error) => panic!("{error}\n{shown}"),
                }
            }
        }
        Err(error) => assert_shown(&error, text),
    }
}

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("config.toml"), &|_| None, KINDS)
}

fn shown(config: &Config) -> String {
    match config.to_toml() {
        Ok(shown) => shown,
        Err(error) => panic!("{error}"),
    }
}

/// An error says something, each problem in one line, and not much more than it was given.
fn assert_shown(error: &ConfigError, text: &str) {
    assert!(!error.problems().is_empty());
    for line in error.lines() {
        assert!(!line.contains(['\n', '\r', '\u{1b}', '\u{202e}', '\u{2028}']), "{line:?}");
        assert!(line.len() <= text.len() + 1_000, "{line:?}");
    }
}

/// The web configuration: the same text is read the same, and a fault is told in one line.
pub(super) fn web_config(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    match web::parse(text) {
        Ok(read) => assert_eq!(web::parse(text).as_ref(), Ok(&read)),
        Err(problem) => {
            let shown = problem.to_string();
            assert!(!shown.is_empty() && shown.len() <= text.len() + 1_000, "{shown}");
            assert!(!shown.contains(['\n', '\r', '\u{1b}']), "{shown:?}");
        }
    }
}
