//! From the bytes of an answer to the tree that rules look into. A body is read once, whatever the number of rules.

use std::fmt;

use reader::weighs_at_most;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::foreign::ForeignFamily;
use super::text::Patterns;
use super::{foreign, mend, python};

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
    /// Lines for people: what the patterns of the endpoint capture.
    Text,
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
    /// It is a text in which no pattern matches.
    Unmatched,
    /// It is not written in the format.
    Syntax(String),
    /// It has far more values than a body of its size should.
    TooMany,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the body is empty"),
            Self::Html => f.write_str("the body is an HTML page"),
            Self::Unmatched => f.write_str("no pattern of the endpoint matches anything in the body"),
            Self::TooMany => f.write_str("the body has too many values for its size"),
            Self::Syntax(what) => write!(f, "the body cannot be read: {what}"),
        }
    }
}

impl std::error::Error for Unreadable {}

impl Body {
    /// Reads the bytes of an answer. A text has nothing but what patterns capture, which an [`Endpoint`](super::Endpoint)
    /// has.
    pub fn read(format: BodyFormat, bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::captured(format, &Patterns::default(), bytes)
    }

    pub(super) fn captured(format: BodyFormat, patterns: &Patterns, bytes: &[u8]) -> Result<Self, Unreadable> {
        let text = mend::text(bytes);
        // Some servers begin their JSON with a byte order mark.
        let whole = text.trim_start_matches('\u{feff}');
        let text = whole.trim();
        if text.is_empty() {
            return Err(Unreadable::Empty);
        }
        if text.starts_with('<') && format != BodyFormat::Text {
            return Err(Unreadable::Html);
        }
        match format {
            _ if !is_light(format, text) => Err(Unreadable::TooMany),
            BodyFormat::Json => Ok(Self { tree: json(text)?, families: Vec::new() }),
            BodyFormat::Python => Ok(Self { tree: json(&python::to_json(text)?)?, families: Vec::new() }),
            BodyFormat::Prometheus => {
                let families = foreign::read(text)?;
                Ok(Self { tree: foreign::tree(&families), families })
            }
            BodyFormat::Text => Ok(Self { tree: patterns.tree(whole)?, families: Vec::new() }),
        }
    }
}

/// Whether what is made of a body is of the order of its bytes: a service, or what poses as one, may send the shortest values
/// that there are, and each takes a hundred times its bytes.
fn is_light(format: BodyFormat, text: &str) -> bool {
    /// What the values of any body may weigh, and those of a large one.
    const ANY: usize = 1 << 17;
    const LARGE: usize = 1 << 21;
    /// A line of an exposition is a family, a list and an object at worst.
    const LINE: usize = 20;
    let most = ANY + (text.len() / 2).min(LARGE);
    match format {
        BodyFormat::Json | BodyFormat::Python => weighs_at_most(text.as_bytes(), most),
        BodyFormat::Prometheus => text.lines().count() <= most / LINE,
        // Patterns capture so much at most.
        BodyFormat::Text => true,
    }
}

/// The value of a JSON text. Deep nesting is refused by the parser, at 128 levels.
fn json(text: &str) -> Result<Value, Unreadable> {
    serde_json::from_str(text).or_else(|error| {
        // Only a text that cannot be read as it stands is looked through once more.
        let mended = mend::json(text).and_then(|mended| serde_json::from_str(&mended).ok());
        mended.ok_or_else(|| Unreadable::Syntax(format!("{error}{}", other_format(text))))
    })
}

/// What a body that is no JSON looks like.
fn other_format(text: &str) -> &'static str {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(3).collect();
    if lines.len() > 1 && lines.into_iter().all(is_json) {
        "; each line is JSON of its own, which is not read: ask for one document"
    } else if python::to_json(text).is_ok_and(|json| mend::json(&json).is_some_and(|json| is_json(&json))) {
        "; it is a Python literal, so set format = \"python\""
    } else if text.starts_with('#') && foreign::read(text).is_ok() {
        "; it is an exposition, so set format = \"prometheus\""
    } else {
        ""
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree(text: &str) -> Result<Value, Unreadable> {
        Body::read(BodyFormat::Json, text.as_bytes()).map(|body| body.tree)
    }

    #[test]
    fn a_body_of_the_shortest_values_is_refused_before_it_is_built() {
        let body = |item: &str, bytes: usize| format!("[{}0]", item.repeat(bytes / item.len()));
        let read = |format, body: &str| Body::read(format, body.as_bytes()).map(drop);
        for item in ["{\"\":0},", "[],", "[[]],", "[{}],"] {
            for format in [BodyFormat::Json, BodyFormat::Python] {
                assert_eq!(read(format, &body(item, 1 << 20)), Err(Unreadable::TooMany), "{item}");
            }
        }
        let lines = (0..150_000).map(|at| format!("a{at} 1")).collect::<Vec<_>>().join("\n");
        assert_eq!(read(BodyFormat::Prometheus, &lines), Err(Unreadable::TooMany));
        // What services do say: rows, readings, a thousand lines of a client library.
        let row = "{\"id\": 12345, \"state\": \"open\", \"n\": 0.25},";
        for (item, bytes) in [(row, 1 << 20), ("0,", 1 << 20), ("0.123,", 4 << 20), ("{\"\":0},", 64 << 10)] {
            assert_eq!(read(BodyFormat::Json, &body(item, bytes)), Ok(()), "{item}");
        }
        let lines = "http_requests_total{method=\"GET\",code=\"200\"} 12345\n".repeat(15_000);
        assert_eq!(read(BodyFormat::Prometheus, &lines), Ok(()));
    }

    #[test]
    fn python_writes_numbers_that_json_has_not() {
        let text = r#"{"a": NaN, "b": [Infinity, -Infinity, -1], "c": "NaN \" Infinity", "NaN": 1}"#;
        let expected = json!({"a": "NaN", "b": ["Infinity", "-Infinity", -1], "c": "NaN \" Infinity", "NaN": 1});
        assert_eq!(tree(text), Ok(expected));
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
            tree("{'a': 1, 'secret': True}").unwrap_err().to_string(),
            "the body cannot be read: key must be a string at line 1 column 2; it is a Python literal, so set format = \
             \"python\""
        );
        assert_eq!(
            tree("{\"a\": 1}\n{\"a\": 2}\n").unwrap_err().to_string(),
            "the body cannot be read: trailing characters at line 2 column 1; each line is JSON of its own, which is not \
             read: ask for one document"
        );
        assert_eq!(
            tree("# HELP a\na 1").unwrap_err().to_string(),
            "the body cannot be read: expected value at line 1 column 1; it is an exposition, so set format = \
             \"prometheus\""
        );
        assert_eq!(
            tree("secret").unwrap_err().to_string(),
            "the body cannot be read: expected value at line 1 column 1"
        );
    }

    #[test]
    fn one_field_that_cannot_be_read_costs_no_other() {
        let read = |bytes: &[u8]| Body::read(BodyFormat::Json, bytes).unwrap().tree;
        assert_eq!(tree(r#"{"good": 1, "bad": 1e400}"#), Ok(json!({"good": 1, "bad": "Infinity"})));
        assert_eq!(tree(r#"{"good": 1, "bad": "\ud800"}"#), Ok(json!({"good": 1, "bad": "\u{fffd}"})));
        assert_eq!(tree("{\"good\": 1, \"bad\": \"a\tb\"}"), Ok(json!({"good": 1, "bad": "a\tb"})));
        assert_eq!(read(b"{\"good\": 1, \"bad\": \"\xe9\"}"), json!({"good": 1, "bad": "\u{e9}"}));
        let utf16: Vec<u8> = "\u{feff}{\"good\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16), json!({"good": 1}));
        let labels = b"a{b=\"\xe9\"} 1\nc 2\n";
        assert_eq!(Body::read(BodyFormat::Prometheus, labels).unwrap().tree["c"], json!(2.0));
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
