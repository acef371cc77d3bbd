//! The ready sets of patterns.

mod pool;
mod redis;
mod ticker;

use std::fmt::Write as _;

use clap::ValueEnum as _;

use super::reading::Capture;
use super::settings::PatternSet;

/// A pattern of a ready set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The value of the label `pattern`.
    pub name: &'static str,
    /// What a matching line means.
    pub meaning: &'static str,
    /// The regular expression, over bytes.
    pub regex: &'static str,
    /// A line that this one matches too does not count.
    pub exclude: Option<&'static str>,
    /// Whether a line of level INFO or below does not count: for words that such lines have for other reasons.
    pub(super) loud: bool,
    /// The number that the line names.
    pub(super) capture: Capture,
}

impl Known {
    const fn new(name: &'static str, regex: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, regex, exclude: None, loud: false, capture: Capture::None }
    }

    const fn excluding(mut self, regex: &'static str) -> Self {
        self.exclude = Some(regex);
        self
    }

    const fn loud(mut self) -> Self {
        self.loud = true;
        self
    }

    const fn capturing(mut self, capture: Capture) -> Self {
        self.capture = capture;
        self
    }
}

/// A table of the ready patterns, for docs/LOGS.md.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from("| set | pattern | meaning |\n|---|---|---|\n");
    for set in PatternSet::value_variants() {
        let name = set.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        for known in known(*set) {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "| `{name}` | `{}` | {} |", known.name, known.meaning);
        }
    }
    out
}

/// The patterns of a set, in the order of the documentation. A name stands in one set only.
#[must_use]
pub const fn known(set: PatternSet) -> &'static [Known] {
    match set {
        PatternSet::Redis => redis::PATTERNS,
        PatternSet::Ticker => ticker::PATTERNS,
        PatternSet::Pool => pool::PATTERNS,
    }
}
