//! What is wrong with a configuration: every problem at once, each with its place and its fix.

use std::fmt;

use crate::shown::{LONGEST, excerpt};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    line: Option<usize>,
    key: Option<String>,
    value: Option<String>,
    message: String,
    warning: bool,
}

impl Problem {
    /// A problem of the file as a whole.
    pub fn of_file(message: impl Into<String>) -> Self {
        let message = bounded(message.into());
        Self { line: None, key: None, value: None, message, warning: false }
    }

    /// A problem of one key. `value` is shown as given: pass `None` for what may be secret.
    pub fn of_key(
        line: Option<usize>,
        key: impl Into<String>,
        value: Option<String>,
        message: impl Into<String>,
    ) -> Self {
        let (key, value, message) = (Some(bounded(key.into())), value.map(bounded), bounded(message.into()));
        Self { line, key, value, message, warning: false }
    }

    /// The same as something that is to be said, and stops nobody.
    #[must_use]
    pub fn as_warning(self) -> Self {
        Self { warning: true, ..self }
    }

    /// Whether the configuration can be used all the same.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        self.warning
    }
}

/// A key, a value and what a parser says of either may be as long as the file.
fn bounded(text: String) -> String {
    if text.len() <= LONGEST { text } else { excerpt(&text).into_owned() }
}

impl fmt::Display for Problem {
    /// Without its place: `key = value: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.warning {
            f.write_str("warning: ")?;
        }
        if let Some(key) = &self.key {
            f.write_str(key)?;
            if let Some(value) = &self.value {
                write!(f, " = {value}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with one configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    origin: String,
    problems: Vec<Problem>,
}

impl ConfigError {
    /// Problems of a file that are told: a line of the log and an answer hold them all.
    pub const MOST: usize = 100;

    /// What is wrong with the file `origin`, in the order of its lines.
    #[must_use]
    pub fn new(origin: String, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        Self { origin, problems }
    }

    /// The one thing that is wrong with the file `origin`.
    #[must_use]
    pub fn one(origin: String, problem: Problem) -> Self {
        Self { origin, problems: vec![problem] }
    }

    /// The problems, in the order of the file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Each problem with its place.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let origin = &self.origin;
        let line = |problem: &Problem| match problem.line {
            Some(line) => format!("{origin}:{line}: {problem}"),
            None => format!("{origin}: {problem}"),
        };
        let more = self.problems.len().saturating_sub(Self::MOST);
        let more = (more > 0).then(|| format!("{origin}: and {more} problems more"));
        self.problems.iter().take(Self::MOST).map(line).chain(more).collect()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_problems_the_first_are_told() {
        let problem = |line| Problem::of_key(Some(line), "name", None, "is missing");
        let lines = ConfigError::new("c.toml".to_owned(), (1..=250).rev().map(problem).collect()).lines();
        assert_eq!((lines.len(), lines[0].as_str()), (101, "c.toml:1: name: is missing"));
        assert_eq!(lines[99..], ["c.toml:100: name: is missing", "c.toml: and 150 problems more"]);
    }
}
