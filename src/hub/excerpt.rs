//! A line that a pattern matched, for people.

use std::time::SystemTime;

/// One of the last lines of a container's log that a pattern matches, cut and without what looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The container's name.
    pub container: String,
    /// The pattern's name.
    pub pattern: String,
    /// `stdout` or `stderr`.
    pub stream: &'static str,
    /// When the engine got the line.
    pub at: SystemTime,
    /// What of it is shown.
    pub text: String,
}
