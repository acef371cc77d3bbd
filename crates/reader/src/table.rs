//! Reading a table key by key: each accessor takes its key, and reports what is wrong with the value.

mod numbers;

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::expand::expand;
use crate::file::Stamp;
use crate::{Problem, Reader, Secret, nearest};

/// The file of a secret, and what it looked like before it was read.
pub type SecretFile = (PathBuf, Option<Stamp>);

/// One table. Each accessor takes its key; [`finish`](Self::finish) complains of those that nobody took.
pub struct Table<'r> {
    pub(crate) reader: &'r Reader<'r>,
    pub(crate) path: String,
    pub(crate) values: DeTable<'r>,
    pub(crate) known: Vec<&'static str>,
    /// Where it begins; `None` for the top table and one that is not there.
    pub line: Option<usize>,
}

impl<'r> Table<'r> {
    pub(crate) fn new(reader: &'r Reader<'r>, path: String, values: DeTable<'r>) -> Self {
        Self { reader, path, values, known: Vec::new(), line: None }
    }

    /// The key with its table: `redis[0].url`.
    ///
    /// An empty key is the table itself.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    /// Whether the key is there, whatever its value; ask before it is taken.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Whether the key is a table, `[key]`, and not something else.
    #[must_use]
    pub fn is_table(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|value| value.get_ref().as_table().is_some())
    }

    /// Whether the key is there, in capitals or not.
    #[must_use]
    pub fn has_like(&self, key: &str) -> bool {
        self.values.keys().any(|name| name.get_ref().eq_ignore_ascii_case(key))
    }

    /// The line of a key that has not been taken yet.
    #[must_use]
    pub fn line_of(&self, key: &str) -> Option<usize> {
        self.values.get(key).map(|value| self.reader.line(value.span().start))
    }

    /// The text of the key, which stays to be taken.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<String> {
        expand(self.values.get(key)?.get_ref().as_str()?, self.reader.env).ok()
    }

    /// Gives the table a text that it does not have.
    pub fn put(&mut self, key: &'static str, text: String) {
        let value = Spanned::new(0..0, DeValue::String(text.into()));
        self.values.entry(Spanned::new(0..0, key.into())).or_insert(value);
    }

    /// Reports a problem with the value of `key`.
    pub fn problem(&self, line: Option<usize>, key: &str, value: Option<String>, message: impl Into<String>) {
        self.reader.problem(Problem::of_key(line.or(self.line), self.key(key), value, message));
    }

    /// Says something about the value of `key` that stops nobody.
    pub fn warn(&self, line: Option<usize>, key: &str, message: impl Into<String>) {
        self.reader.problem(Problem::of_key(line.or(self.line), self.key(key), None, message).as_warning());
    }

    /// Reports a problem with the text of `key`, which is shown.
    pub fn wrong(&self, line: usize, key: &str, text: &str, message: impl Into<String>) {
        self.problem(Some(line), key, Some(format!("{text:?}")), message);
    }

    /// Problems of the file so far: who asks before and after an accessor knows whether it complained.
    #[must_use]
    pub fn problem_count(&self) -> usize {
        self.reader.problems.borrow().len()
    }

    pub(crate) fn take(&mut self, key: &'static str) -> Option<(usize, DeValue<'r>)> {
        self.known.push(key);
        let value: Spanned<DeValue<'r>> = self.values.remove(key)?;
        Some((self.reader.line(value.span().start), value.into_inner()))
    }

    pub(crate) fn mistyped(&self, line: usize, key: &str, value: &DeValue<'_>, wanted: &str) {
        let message = format!("is of type {}; {wanted}", value.type_str());
        self.problem(Some(line), key, None, message);
    }

    /// A text with its line, references expanded.
    pub fn string_at(&mut self, key: &'static str) -> Option<(usize, String)> {
        let (line, value) = self.take(key)?;
        Some((line, self.to_text(line, key, &value)?))
    }

    /// A text, references expanded.
    pub fn string(&mut self, key: &'static str) -> Option<String> {
        self.string_at(key).map(|(_, text)| text)
    }

    /// A secret from `key`, or from the file that `file_key` names (without the newline at its end). An empty one
    /// is none: `${PASSWORD:-}` stands for a server that has no password. The file comes with it, as it was before it was
    /// read.
    pub fn secret(&mut self, key: &'static str, file_key: &'static str) -> Option<(Secret, Option<SecretFile>)> {
        let inline = self.string(key).filter(|text| !text.is_empty());
        let file = self.string_at(file_key).filter(|(_, file)| !file.is_empty());
        match (inline, file) {
            (Some(_), Some((line, _))) => {
                self.problem(Some(line), file_key, None, format!("{key} is set too; keep one of the two"));
                None
            }
            (Some(text), None) => Some((Secret::new(text), None)),
            (None, Some((line, file))) => {
                let path = self.reader.resolve(&file);
                let stamp = Stamp::bounded(&path);
                match Secret::from_file(&path) {
                    Ok(secret) => Some((secret, Some((path, stamp)))).filter(|(secret, _)| !secret.reveal().is_empty()),
                    Err(message) => {
                        self.wrong(line, file_key, &file, message);
                        None
                    }
                }
            }
            (None, None) => None,
        }
    }

    /// A text that is parsed; the error of parsing is the problem.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, key: &'static str) -> Option<T> {
        let (line, text) = self.string_at(key)?;
        text.parse().map_err(|error| self.wrong(line, key, &text, format!("{error}"))).ok()
    }

    /// The texts of a table whose keys are free, each with its line and key.
    pub fn pairs(&mut self, key: &'static str) -> Vec<(usize, String, String)> {
        let Some((line, value)) = self.take(key) else { return Vec::new() };
        let DeValue::Table(values) = value else {
            self.mistyped(line, key, &value, "write it as { name = \"value\" }");
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (name, value) in values {
            let line = self.reader.line(value.span().start);
            match value.get_ref().as_str().map(|text| expand(text, self.reader.env)) {
                Some(Ok(text)) => pairs.push((line, name.get_ref().to_string(), text)),
                Some(Err(message)) => self.problem(Some(line), key, None, message),
                None => self.mistyped(line, key, value.get_ref(), "write each value as text in quotes"),
            }
        }
        pairs
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let (line, value) = self.take(key)?;
        let boolean = value.as_bool();
        if boolean.is_none() {
            self.mistyped(line, key, &value, "write true or false without quotes");
        }
        boolean
    }

    /// One of a closed set of words.
    pub fn choice<T: ValueEnum>(&mut self, key: &'static str) -> Option<T> {
        let (line, text) = self.string_at(key)?;
        self.word(key, line, &text)
    }

    /// One or several of a closed set of words, each once.
    pub fn choices<T: ValueEnum + PartialEq>(&mut self, key: &'static str) -> Vec<T> {
        let mut chosen = Vec::new();
        for (line, text) in self.strings(key) {
            if let Some(choice) = self.word(key, line, &text).filter(|choice| !chosen.contains(choice)) {
                chosen.push(choice);
            }
        }
        chosen
    }

    fn word<T: ValueEnum>(&self, key: &str, line: usize, text: &str) -> Option<T> {
        let choice = T::from_str(text, true).ok();
        if choice.is_none() {
            let words: Vec<String> = T::value_variants()
                .iter()
                .filter_map(|variant| variant.to_possible_value().map(|value| value.get_name().to_owned()))
                .collect();
            self.wrong(line, key, text, format!("is none of {}", words.join(", ")));
        }
        choice
    }

    /// One text or a list of texts, each with its line.
    pub fn strings(&mut self, key: &'static str) -> Vec<(usize, String)> {
        let Some((line, value)) = self.take(key) else { return Vec::new() };
        let Some(items) = texts(&value) else {
            self.mistyped(line, key, &value, "write a text in quotes, or a list of them");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for text in items {
            match expand(text, self.reader.env) {
                Ok(text) => texts.push((line, text)),
                Err(message) => self.problem(Some(line), key, None, message),
            }
        }
        texts
    }

    /// Like [`strings`](Self::strings), and they stay to be taken; who takes them hears what is wrong with them.
    #[must_use]
    pub fn peek_strings(&self, key: &str) -> Vec<String> {
        let items = self.values.get(key).and_then(|value| texts(value.get_ref())).unwrap_or_default();
        items.into_iter().filter_map(|text| expand(text, self.reader.env).ok()).collect()
    }

    /// What `parse` makes of each of the texts under `key`; those that it refuses are reported.
    pub fn each<T, M: Into<String>>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, M>) -> Vec<T> {
        let mut all = Vec::new();
        for (line, text) in self.strings(key) {
            match parse(&text) {
                Ok(value) => all.push(value),
                Err(message) => self.wrong(line, key, &text, message),
            }
        }
        all
    }

    /// The table under `key`; an empty one if there is none.
    #[must_use]
    pub fn table(&mut self, key: &'static str) -> Table<'r> {
        let path = self.key(key);
        let (line, values) = match self.take(key) {
            Some((line, DeValue::Table(values))) => (Some(line), values),
            Some((line, other)) => {
                self.mistyped(line, key, &other, &format!("write it as a table: [{}]", header(&path)));
                (Some(line), DeTable::default())
            }
            None => (None, DeTable::default()),
        };
        Table { line, ..Table::new(self.reader, path, values) }
    }

    /// The tables of the array `key`.
    pub fn tables(&mut self, key: &'static str) -> Vec<Table<'r>> {
        let path = self.key(key);
        let (line, items) = match self.take(key) {
            Some((line, DeValue::Array(items))) => (line, items),
            Some((line, other)) => {
                self.mistyped(line, key, &other, &format!("write each as a table: [[{}]]", header(&path)));
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let mut tables = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let item_line = self.reader.line(item.span().start);
            match item.into_inner() {
                DeValue::Table(values) => {
                    let table = Table::new(self.reader, format!("{path}[{index}]"), values);
                    tables.push(Table { line: Some(item_line), ..table });
                }
                other => self.mistyped(line, key, &other, &format!("write each as a table: [[{}]]", header(&path))),
            }
        }
        tables
    }

    /// Reports the keys that nobody took.
    pub fn finish(self) {
        for key in self.values.keys() {
            let name: &str = key.get_ref();
            let message = match nearest(self.known.iter().copied(), name) {
                Some(nearest) => format!("unknown key; did you mean {nearest}?"),
                None => format!("unknown key; known here are {}", self.known.join(", ")),
            };
            self.problem(Some(self.reader.line(key.span().start)), name, None, message);
        }
    }
}

/// One text or a list of texts; `None` of anything else.
fn texts<'v>(value: &'v DeValue<'_>) -> Option<Vec<&'v str>> {
    match value {
        DeValue::Array(items) => items.iter().map(|item| item.get_ref().as_str()).collect(),
        single => single.as_str().map(|text| vec![text]),
    }
}

/// A path as the header of a table has it: without the places in arrays.
fn header(path: &str) -> String {
    let parts = path.split('.').map(|part| part.split('[').next().unwrap_or_default());
    parts.collect::<Vec<_>>().join(".")
}

/// Replaces a default where the file says something.
pub fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
