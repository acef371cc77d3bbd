//! One file being read, with the problems found so far.
//!
//! Deserialising whole structures stops at the first mistake; an operator who edits a file at night wants them all.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::{ConfigError, Problem, Table};

/// One file being read, with the problems found so far.
pub struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
    /// The offset of each newline: a line is looked up for every key.
    line_ends: Vec<usize>,
    pub(crate) problems: RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    /// Reads the text of `path`; `env` is asked for the variables that values refer to.
    pub fn new(text: &'a str, path: &'a Path, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let line_ends = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
        Self { text, path, env, line_ends, problems: RefCell::new(Vec::new()) }
    }

    /// The top table; `None` if the text is not TOML.
    pub fn root(&self) -> Option<Table<'_>> {
        match DeTable::parse(self.text) {
            Ok(root) => Some(Table::new(self, String::new(), root.into_inner())),
            Err(error) => {
                let line = error.span().map(|span| self.line(span.start));
                let at =
                    error.span().and_then(|span| self.text.get(span)).filter(|_| error.message() == "duplicate key");
                let message = match at {
                    Some(key) => format!("not valid TOML: the key {} stands twice; keep one of the two", key.trim()),
                    None => format!("not valid TOML: {}", error.message()),
                };
                self.problems.borrow_mut().push(Problem::of_key(line, "syntax", None, message));
                None
            }
        }
    }

    /// The environment that values refer to.
    pub fn env(&self) -> &dyn Fn(&str) -> Option<String> {
        self.env
    }

    /// The file as it is written, references and all; empty if it is not TOML.
    pub fn raw(&self) -> toml::Table {
        self.text.parse().unwrap_or_default()
    }

    /// Reports a problem.
    pub fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// A path of the file, relative to the file's folder.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or_else(|| Path::new("")).join(path)
    }

    /// The value, unless something was wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        self.finish_warned(value).map(|(value, _)| value)
    }

    /// The value, unless something was wrong, and the warnings, a line each.
    pub fn finish_warned<T>(self, value: Option<T>) -> Result<(T, Vec<String>), ConfigError> {
        let problems = self.problems.into_inner();
        let usable = problems.iter().all(Problem::is_warning);
        let said = ConfigError::new(self.path.display().to_string(), problems);
        match value {
            Some(value) if usable => Ok((value, said.lines())),
            _ => Err(said),
        }
    }

    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_ends.partition_point(|end| *end < offset) + 1
    }
}
