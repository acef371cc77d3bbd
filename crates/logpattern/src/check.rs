//! What is wrong with a configuration's patterns.

use regex::bytes::{Regex, RegexBuilder, RegexSetBuilder};

use super::MAX_REGEX_BYTES;
use super::patterns::Patterns;
use super::sets::{Known, known};
use super::settings::PatternSet;

/// Bytes that one regular expression may take when it is compiled: `x{1000}` repeated has a few characters.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// Bytes that all of a configuration may take together when they are compiled.
const MAX_TOGETHER: usize = 8 << 20;

/// What is wrong with a regular expression, and how to mend it.
pub fn check_regex(text: &str, ignore_case: bool) -> Result<(), String> {
    if text.is_empty() {
        return Err("is empty, and would match every line; write what a line must match".to_owned());
    }
    if text.len() > MAX_REGEX_BYTES {
        return Err(format!("is {} bytes long; {MAX_REGEX_BYTES} are the most", text.len()));
    }
    match compile(text, ignore_case) {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => {
            Err("is too large once it is compiled; use smaller counts in {} and fewer classes".to_owned())
        }
        Err(error) => {
            // The text and an arrow come before the cause, on lines of their own.
            let error = error.to_string();
            let cause = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Err(format!("is not a regular expression: {cause}"))
        }
    }
}

/// The ready pattern of that name among those of `sets`: an own pattern of the same name would be counted with it.
#[must_use]
pub(super) fn known_as(name: &str, sets: &[PatternSet]) -> Option<&'static Known> {
    sets.iter().flat_map(|set| known(*set)).find(|known| known.name == name)
}

/// What is wrong with the patterns of a configuration together: each may be small enough, and all of them too large.
pub(super) fn check_together(patterns: &Patterns) -> Result<(), String> {
    match RegexSetBuilder::new(patterns.texts()).size_limit(MAX_TOGETHER).build() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "the patterns take more than {} MiB together once they are compiled; use smaller counts in {{}} and fewer classes",
            MAX_TOGETHER >> 20
        )),
    }
}

/// A regular expression over bytes, ready to be run.
pub(super) fn compile(text: &str, ignore_case: bool) -> Result<Regex, regex::Error> {
    let mut builder = RegexBuilder::new(text);
    builder.case_insensitive(ignore_case).size_limit(MAX_COMPILED_BYTES).dfa_size_limit(MAX_COMPILED_BYTES);
    builder.build()
}
