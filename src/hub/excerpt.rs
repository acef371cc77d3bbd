//! A line that a pattern matched, for people.

use std::time::SystemTime;

use serde::{Serialize, Serializer};

/// One of the last lines of a container's log that a pattern matches, cut and without what looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The container's name.
    pub container: String,
    /// The pattern's name.
    pub pattern: String,
    /// `stdout` or `stderr`.
    pub stream: &'static str,
    /// When the engine got the line.
    #[serde(serialize_with = "in_words")]
    pub at: SystemTime,
    /// What of it is shown.
    pub text: String,
}

fn in_words<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(reader::in_calendar(*at)))
}
