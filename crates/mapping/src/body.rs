//! From the bytes of an answer to the tree that rules look into. A body is read once, whatever the number of rules.

use std::fmt;

use serde_json::Value;

use super::foreign::ForeignFamily;
use super::{foreign, python};

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BodyFormat {
    /// JSON; Python's `NaN` and `Infinity` in it are read as values that are not finite.
    Json,
    /// A Python literal, as logs print dictionaries, from the first `{` on; JSON too.
    Python,
    /// The Prometheus text format: a series without labels is a number under its name, those with labels are a list of
    /// `{"labels": {...}, "value": ...}`.
    Prometheus,
}

/// A body that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// What rules look into.
    pub tree: Value,
    /// The families of a Prometheus body, for those that pass through.
    pub families: Vec<ForeignFamily>,
}

/// Why a body cannot be read. It says nothing of the content, which may be private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no body.
    Empty,
    /// It is a page for people.
    Html,
    /// It is not written in the format.
    Syntax(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the body is empty"),
            Self::Html => f.write_str("the body is an HTML page"),
            Self::Syntax(what) => write!(f, "the body cannot be read: {what}"),
        }
    }
}

impl std::error::Error for Unreadable {}

impl Body {
    /// Reads the bytes of an answer.
    pub fn read(format: BodyFormat, bytes: &[u8]) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Unreadable::Syntax(format!("no UTF-8 at byte {}", error.valid_up_to())))?;
        // Some servers begin their JSON with a byte order mark.
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(Unreadable::Empty);
        }
        if text.starts_with('<') {
            return Err(Unreadable::Html);
        }
        match format {
            BodyFormat::Json => Ok(Self { tree: json(text)?, families: Vec::new() }),
            BodyFormat::Python => Ok(Self { tree: json(&python::to_json(text)?)?, families: Vec::new() }),
            BodyFormat::Prometheus => {
                let families = foreign::read(text)?;
                Ok(Self { tree: foreign::tree(&families), families })
            }
        }
    }
}

/// The value of a JSON text. Deep nesting is refused by the parser, at 128 levels.
fn json(text: &str) -> Result<Value, Unreadable> {
    serde_json::from_str(text).or_else(|error| {
        // Only a text that cannot be read as it stands is looked through once more.
        quote_non_finite(text)
            .and_then(|quoted| serde_json::from_str(&quoted).ok())
            .ok_or_else(|| Unreadable::Syntax(error.to_string()))
    })
}

/// The text with every bare `NaN`, `Infinity` and `-Infinity` in quotes; `None` if there is none.
fn quote_non_finite(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 64);
    let (mut rest, mut found) = (text, false);
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = if rest.starts_with('"') {
            string_length(rest)?
        } else if let Some(word) = ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| rest.starts_with(word)) {
            found = true;
            out.extend(["\"", word, "\""]);
            rest = &rest[word.len()..];
            continue;
        } else {
            1
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    found.then_some(out)
}

/// Bytes of the JSON string at the start of `text`, quotes included.
fn string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    Some(end + 2)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree(text: &str) -> Result<Value, Unreadable> {
        Body::read(BodyFormat::Json, text.as_bytes()).map(|body| body.tree)
    }

    #[test]
    fn python_writes_numbers_that_json_has_not() {
        let text = r#"{"a": NaN, "b": [Infinity, -Infinity, -1], "c": "NaN \" Infinity", "NaN": 1}"#;
        let expected = json!({"a": "NaN", "b": ["Infinity", "-Infinity", -1], "c": "NaN \" Infinity", "NaN": 1});
        assert_eq!(tree(text), Ok(expected));
        assert_eq!(quote_non_finite("{\"a\": \"NaN\"}"), None);
        assert_eq!(quote_non_finite("NaN \"open"), None);
    }

    #[test]
    fn of_a_key_that_stands_twice_the_last_one_counts() {
        assert_eq!(tree(r#"{"a": 1, "a": 2}"#), Ok(json!({"a": 2})));
    }

    #[test]
    fn what_cannot_be_read_says_why_and_shows_nothing_of_it() {
        assert_eq!(tree(" \n"), Err(Unreadable::Empty));
        assert_eq!(tree("<!doctype html><p>secret"), Err(Unreadable::Html));
        assert_eq!(
            tree(r#"{"secret": "#).unwrap_err().to_string(),
            "the body cannot be read: EOF while parsing a value at line 1 column 10"
        );
        assert_eq!(
            Body::read(BodyFormat::Json, b"{\"a\": \"\xff\"}").unwrap_err().to_string(),
            "the body cannot be read: no UTF-8 at byte 7"
        );
        assert_eq!(
            tree("secret").unwrap_err().to_string(),
            "the body cannot be read: expected value at line 1 column 1"
        );
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(
            tree(&deep).unwrap_err().to_string(),
            "the body cannot be read: recursion limit exceeded at line 1 column 128"
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_content() {
        assert_eq!(tree("\u{feff}{\"a\": 1}\r\n"), Ok(json!({"a": 1})));
    }
}
