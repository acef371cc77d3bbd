//! Names and globs that choose what is watched.

use globset::{Glob, GlobMatcher};
use serde::{Serialize, Serializer};

use crate::Table;

/// A list of names or globs (`ticker`, `api-*`).
#[derive(Debug, Clone, Default)]
pub struct Names(Vec<GlobMatcher>);

impl Names {
    /// Whether one of them matches `name`.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.matching(name).is_some()
    }

    /// The first pattern that `name` matches.
    #[must_use]
    pub fn matching(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|glob| glob.is_match(name)).map(|glob| glob.glob().glob())
    }

    /// Whether the list is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The texts as they were written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|glob| glob.glob().glob())
    }

    /// The texts that are plain names and not patterns, so that each of them means one thing.
    pub fn plain(&self) -> impl Iterator<Item = &str> {
        self.texts().filter(|text| !text.contains(['*', '?', '[', '{', '\\']))
    }

    /// A list of what a test knows to be valid.
    ///
    /// # Panics
    ///
    /// If it is not.
    #[cfg(feature = "testing")]
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test fails by a panic")]
    pub fn of(texts: &[&str]) -> Self {
        Self(texts.iter().map(|text| Glob::new(text).unwrap().compile_matcher()).collect())
    }

    /// Reads one name or a list of them.
    pub fn read(table: &mut Table<'_>, key: &'static str) -> Self {
        let glob = |text: &str| match Glob::new(text) {
            Ok(_) if text.is_empty() => Err("is empty; write a name, or a pattern like \"web-*\"".to_owned()),
            Ok(glob) => Ok(glob.compile_matcher()),
            Err(error) => Err(format!("is not a pattern: {}", error.kind())),
        };
        Self(table.each(key, glob))
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.texts().eq(other.texts())
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.texts())
    }
}
