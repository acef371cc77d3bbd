//! Patterns of log lines: the ready sets, those of a configuration, and one pass over a line for all of them.
//!
//! Everything here is pure. One pass over a line finds which patterns it may match, by the texts that they need (`literals`);
//! only these are run, in linear time whatever they are, and only where one matches are its `exclude`, the level and the number
//! looked at. Lines are put together to [`Events`], and an event
//! counts once for each pattern: a failure of which a log has a message, a stack and a chain of causes is one.
//!
//! The ready sets are [`known`]. Their names are the values of the label `pattern`.

mod check;
mod event;
mod harmless;
mod level;
mod literals;
mod matcher;
mod patterns;
mod reading;
mod sets;
mod settings;
mod texts;

pub use check::check_regex;
pub use event::{Event, EventHit, Events, LeftOut, MAX_LINES, Start, Why};
pub use level::{Level, of as level_of};
pub use matcher::Matcher;
pub use patterns::{Patterns, Selection};
pub use reading::{Pool, Reading};
pub use sets::{Known, known, markdown};
pub use settings::{FollowSettings, LogCount, LogEvents, LogPattern, LogStreams, PatternSet, PatternSettings};

/// Patterns that a configuration may have of its own.
pub const MAX_PATTERNS: usize = 64;

/// Bytes that a regular expression may have.
pub const MAX_REGEX_BYTES: usize = 1024;

/// Which of a container's two streams a line was written to. All that a terminal shows counts as standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

#[cfg(test)]
mod tests;
