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
    /// A second one, for texts that mean this only in an event that names Redis.
    pub of_redis: Option<&'static str>,
    /// How a match is judged.
    pub(super) kind: Kind,
    /// The number that the line names.
    pub(super) capture: Capture,
}

/// How a match of a ready pattern is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It counts.
    Plain,
    /// Words that harmless lines have too: not at level INFO or below, nor as a path, a setting or a count of zero.
    Coarse,
    /// Texts of trouble. At level INFO they count where an error is named, at DEBUG never.
    Trouble,
    /// The cause of a failure, of which an event has one: that of the last exception, and of several the one that says most,
    /// with the lowest rank.
    Cause(u8),
}

impl Kind {
    pub(super) const CONNECTION_FAILED: Self = Self::Cause(8);

    pub(super) const fn rank(self) -> Option<u8> {
        if let Self::Cause(rank) = self { Some(rank) } else { None }
    }
}

impl Known {
    const fn new(name: &'static str, regex: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, regex, exclude: None, of_redis: None, kind: Kind::Plain, capture: Capture::None }
    }

    /// The cause of a failure.
    const fn cause(mut self, rank: u8) -> Self {
        self.kind = Kind::Cause(rank);
        self
    }

    const fn trouble(mut self) -> Self {
        self.kind = Kind::Trouble;
        self
    }

    const fn of_redis(mut self, regex: &'static str) -> Self {
        self.of_redis = Some(regex);
        self
    }

    /// How a match is judged, in words.
    #[must_use]
    pub const fn judged(&self) -> &'static str {
        match self.kind {
            Kind::Plain => "Every event with such a line counts.",
            Kind::Coarse => {
                "It counts above level INFO and without a level, where the words are no path, setting, name or count of zero."
            }
            Kind::Trouble => {
                "It counts at level WARNING and above, without a level, and at INFO where the line names an error; not where the \
                 words are a path, a setting, a name or a count of zero."
            }
            Kind::Cause(_) => {
                "It is the cause of a failure. An event has one: that of its last exception, or else of its first line; of several \
                 in one line the one that says most. It counts at level WARNING and above, without a level, and at INFO where the \
                 line names an error; not where the words are a path, a setting, a name or a count of zero."
            }
        }
    }

    const fn excluding(mut self, regex: &'static str) -> Self {
        self.exclude = Some(regex);
        self
    }

    const fn coarse(mut self) -> Self {
        self.kind = Kind::Coarse;
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
