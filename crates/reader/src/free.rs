//! Numbers, and tables whose keys are free.

use std::time::Duration;

use toml::de::DeValue;

use crate::expand::expand;
use crate::{Problem, Table, nearest};

/// A value of a key that has one for all, or one for each name.
pub struct Named<T> {
    /// The name; `None` where the value is for all.
    pub name: Option<String>,
    /// Its line.
    pub line: usize,
    /// The value.
    pub value: T,
}

impl<'r> Table<'r> {
    /// Reports a problem of a key of another table.
    pub fn problem_at(&self, line: Option<usize>, key: String, value: Option<String>, message: impl Into<String>) {
        self.reader.problem(Problem::of_key(line, key, value, message));
    }

    /// A finite number with its line.
    pub fn number(&mut self, key: &'static str) -> Option<(usize, f64)> {
        let (line, value) = self.take(key)?;
        Some((line, self.to_number(line, key, &value)?))
    }

    fn to_number(&self, line: usize, key: &str, value: &DeValue<'_>) -> Option<f64> {
        self.finite(line, key, value, |_| true, "is not a finite number; write one like 0.8 or 100")
    }

    pub(crate) fn to_text(&self, line: usize, key: &str, value: &DeValue<'_>) -> Option<String> {
        let Some(text) = value.as_str() else {
            self.mistyped(line, key, value, "write it as text in quotes");
            return None;
        };
        expand(text, self.reader.env).map_err(|message| self.problem(Some(line), key, None, message)).ok()
    }

    fn to_hold(&self, line: usize, key: &str, value: &DeValue<'_>) -> Option<Duration> {
        const LONGEST: Duration = Duration::from_hours(24);
        let text = self.to_text(line, key, value)?;
        let message = match humantime::parse_duration(&text) {
            Ok(duration) if duration.subsec_nanos() != 0 => "has a part of a second; Prometheus evaluates whole ones",
            Ok(duration) if duration > LONGEST => "is longer than a day; write less, or nobody will see it in time",
            Ok(duration) => return Some(duration),
            Err(_) => "is not a duration; write a number with a unit, like \"30s\" or \"5m\"",
        };
        self.wrong(line, key, &text, message);
        None
    }

    /// How long something must hold: whole seconds, at most a day; "0s" where it need not hold for any time.
    pub fn hold(&mut self, key: &'static str) -> Option<Duration> {
        let (line, value) = self.take(key)?;
        self.to_hold(line, key, &value)
    }

    /// One such time for all, or a table of them by name.
    pub fn holds(&mut self, key: &'static str) -> Vec<Named<Duration>> {
        self.named(key, Self::to_hold)
    }

    /// One number for all, or a table of them by name.
    pub fn numbers(&mut self, key: &'static str) -> Vec<Named<f64>> {
        self.named(key, Self::to_number)
    }

    fn named<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Self, usize, &str, &DeValue<'_>) -> Option<T>,
    ) -> Vec<Named<T>> {
        let Some((line, value)) = self.take(key) else { return Vec::new() };
        let DeValue::Table(values) = value else {
            let value = read(self, line, key, &value);
            return value.map(|value| Named { name: None, line, value }).into_iter().collect();
        };
        let mut all = Vec::new();
        let mut values: Vec<_> = values.into_iter().collect();
        // As they were written.
        values.sort_by_key(|(_, value)| value.span().start);
        for (name, value) in values {
            let line = self.reader.line(value.span().start);
            let name = name.into_inner().into_owned();
            let at = format!("{key}.{name}");
            if let Some(value) = read(self, line, &at, value.get_ref()) {
                all.push(Named { name: Some(name), line, value });
            }
        }
        all
    }

    /// A table whose keys are free and whose values are a text or a list of texts.
    pub fn lists(&mut self, key: &'static str) -> Vec<(String, Vec<String>)> {
        let Some((line, value)) = self.take(key) else { return Vec::new() };
        let DeValue::Table(values) = value else {
            self.mistyped(line, key, &value, "write it as { name = \"value\" }");
            return Vec::new();
        };
        let mut all = Vec::new();
        for (name, value) in values {
            let (line, name) = (self.reader.line(value.span().start), name.into_inner().into_owned());
            let at = format!("{key}.{name}");
            let texts: Vec<String> = match value.into_inner() {
                DeValue::Array(items) => {
                    items.iter().filter_map(|item| self.to_text(line, &at, item.get_ref())).collect()
                }
                single => self.to_text(line, &at, &single).into_iter().collect(),
            };
            all.push((name, texts));
        }
        all
    }

    /// Takes a key whose value is of no use, because of what was reported already.
    pub fn skip(&mut self, key: &'static str) {
        let _ = self.take(key);
    }

    /// Every table that is left, with its key: one, or those of an array. Their keys are the caller's to know.
    pub fn remaining(&mut self) -> Vec<(String, Vec<Table<'r>>)> {
        let mut all = Vec::new();
        for (key, value) in std::mem::take(&mut self.values) {
            let line = self.reader.line(value.span().start);
            let name = key.into_inner().into_owned();
            let path = self.key(&name);
            let tables = match value.into_inner() {
                DeValue::Table(values) => vec![Table { line: Some(line), ..Table::new(self.reader, path, values) }],
                DeValue::Array(items) if items.iter().all(|item| item.get_ref().is_table()) => {
                    let mut tables = Vec::new();
                    for (at, item) in items.into_iter().enumerate() {
                        let line = self.reader.line(item.span().start);
                        if let DeValue::Table(values) = item.into_inner() {
                            let table = Table::new(self.reader, format!("{path}[{at}]"), values);
                            tables.push(Table { line: Some(line), ..table });
                        }
                    }
                    tables
                }
                other => {
                    match nearest(self.known.iter().copied(), &name) {
                        Some(near) => {
                            self.problem(Some(line), &name, None, format!("unknown key; did you mean {near}?"));
                        }
                        None => self.mistyped(line, &name, &other, &format!("write it as a table: [{path}]")),
                    }
                    continue;
                }
            };
            all.push((name, tables));
        }
        all.sort_by_key(|(_, tables)| tables.first().and_then(|table| table.line));
        all
    }
}
