//! `[[redis.key]]`: keys whose size, value and memory are told.

use regex::bytes::Regex;
use serde::{Serialize, Serializer};

use reader::{Table, set};

/// Exact keys of a target, at most, over all databases.
const MAX_NAMES: usize = 10_000;

/// Patterns of a target, at most, over all databases.
const MAX_PATTERNS: usize = 100;

/// Regular expressions of a grouping, at most.
const MAX_GROUPINGS: usize = 32;

/// One `[[redis.key]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the settings")]
pub struct Watched {
    /// Exact keys.
    #[serde(rename = "name", skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// A pattern as `SCAN MATCH` reads it.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Databases; empty is that of the target.
    #[serde(rename = "db", skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<u16>,
    /// Whether MEMORY USAGE is asked.
    pub memory: bool,
    /// Whether a text that is a number is exported as one.
    pub value: bool,
    /// Whether more is told of keys that are streams.
    pub streams: bool,
    /// Whether the consumers of streams are told.
    pub consumers: bool,
    /// Keys of the pattern, or groups of keys, or groups of a stream, that are shown by name.
    pub top: usize,
    /// How the keys of the pattern are grouped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Grouping>,
}

/// A regular expression whose captured parts name the group of a key.
#[derive(Debug, Clone)]
pub struct Grouping(pub(super) Regex);

impl PartialEq for Grouping {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Serialize for Grouping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl Watched {
    /// Reads the `[[redis.key]]` of a target, of which `home` is the database.
    pub(in crate::collector::redis) fn read_all(target: &mut Table<'_>, home: u32) -> Vec<Self> {
        let tables = target.tables("key");
        let line = tables.first().and_then(|table| table.line_of("name").or_else(|| table.line_of("match")));
        let all: Vec<Self> = tables.into_iter().map(Self::read).collect();
        let databases = |watched: &Self| watched.databases.len().max(1);
        let names: usize = all.iter().map(|watched| watched.names.len() * databases(watched)).sum();
        if names > MAX_NAMES {
            target.problem(line, "key", None, format!("there are {names} names, at most {MAX_NAMES} of a target"));
        }
        let patterns: usize = all.iter().filter(|watched| watched.pattern.is_some()).map(databases).sum();
        if patterns > MAX_PATTERNS {
            target.problem(
                line,
                "key",
                None,
                format!("there are {patterns} patterns, at most {MAX_PATTERNS} of a target"),
            );
        }
        let mut grouped: Vec<_> = all.iter().filter(|watched| !watched.groups.is_empty()).collect();
        while let Some(last) = grouped.pop() {
            if grouped.iter().any(|other| last.shares(other, home)) {
                let message =
                    "two tables with groups are of the same database; give one of them all regular expressions";
                target.problem(line, "key", None, message);
            }
        }
        all
    }

    /// Whether a database is watched by both.
    fn shares(&self, other: &Self, home: u32) -> bool {
        let of = |watched: &Self| match &watched.databases[..] {
            [] => vec![home],
            databases => databases.iter().map(|database| u32::from(*database)).collect(),
        };
        let others = of(other);
        of(self).iter().any(|database| others.contains(database))
    }

    fn read(mut table: Table<'_>) -> Self {
        let names =
            table.each("name", |name| if name.is_empty() { Err("is empty; write a key") } else { Ok(name.into()) });
        let pattern = table.string("match").filter(|pattern| !pattern.is_empty());
        let told = table.has("name") || pattern.is_some();
        if names.is_empty() == pattern.is_none() {
            let message = "is missing; write one or more exact keys as name, or a pattern like \"session:*\" as match";
            let both = "is a table with match; write the exact keys into a [[redis.key]] of their own";
            if !told || pattern.is_some() {
                table.problem(None, "name", None, if told { both } else { message });
            }
        }
        let is_pattern = pattern.is_some();
        let mut watched = Self {
            names,
            pattern,
            databases: if table.has("db") { table.integers("db", 0..=u16::MAX) } else { Vec::new() },
            memory: false,
            value: true,
            streams: !is_pattern,
            consumers: true,
            top: 100,
            groups: Vec::new(),
        };
        set(&mut watched.memory, table.boolean("memory"));
        set(&mut watched.value, table.boolean("value"));
        set(&mut watched.streams, table.boolean("streams"));
        set(&mut watched.consumers, table.boolean("consumers"));
        set(&mut watched.top, table.integer("top", 0..=1_000));
        let line = table.line_of("groups");
        watched.groups = table.each("groups", |text| {
            Regex::new(text).map(Grouping).map_err(|error| {
                let what = error.to_string();
                format!("is not a regular expression: {}", what.lines().last().unwrap_or_default())
            })
        });
        if line.is_some() && !is_pattern {
            table.problem(line, "groups", None, "is for keys of a pattern; write match, like \"*\"");
        }
        if watched.groups.len() > MAX_GROUPINGS {
            let message = format!("has {} regular expressions, at most {MAX_GROUPINGS}", watched.groups.len());
            table.problem(line, "groups", None, message);
        }
        watched.databases.sort_unstable();
        watched.databases.dedup();
        table.finish();
        watched
    }
}
