//! JSON with a slip in it: one bad escape, byte or number costs the value that it stands in, and not the body.
//!
//! Only a body that cannot be read as it stands is looked through.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text of a body: UTF-8, UTF-16 with a byte order mark, or UTF-8 with stray bytes, which are read as Latin-1. What
/// cannot be a character of any is shown as the replacement character.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        _ => std::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(latin(bytes)), Cow::Borrowed),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn latin(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 64);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| char::from(*byte)));
    }
    text
}

/// The text with what JSON does not have as what it means: bare `NaN`, `Infinity` and numbers beyond every float in quotes,
/// raw control characters escaped, escapes that are none as they stand, halves of a surrogate pair replaced. `None` if a text
/// in it has no end.
pub(super) fn json(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find(|first: char| matches!(first, '"' | 'N' | 'I' | '-' | '0'..='9')) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = match rest.as_bytes()[0] {
            b'"' => string(&rest[1..], &mut out)?,
            _ => word(rest, &mut out),
        };
    }
    out.push_str(rest);
    Some(out)
}

/// Appends the number or word at the start of `text`; returns what follows it.
fn word<'t>(text: &'t str, out: &mut String) -> &'t str {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let length = text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len());
    let (word, rest) = text.split_at(length);
    let is_named = ["NaN", "Infinity", "-Infinity"].contains(&word);
    // Such a number is read as infinite.
    let is_beyond = || word.parse::<f64>().is_ok_and(f64::is_infinite) && !word.ends_with(char::is_alphabetic);
    if is_named {
        out.extend(["\"", word, "\""]);
    } else if is_beyond() {
        out.push_str(if word.starts_with('-') { "\"-Infinity\"" } else { "\"Infinity\"" });
    } else {
        out.push_str(word);
    }
    rest
}

/// Appends the string whose inner text begins `text`; returns what follows it.
fn string<'t>(text: &'t str, out: &mut String) -> Option<&'t str> {
    out.push('"');
    let mut rest = text;
    loop {
        let at = rest.find(|inner: char| inner == '"' || inner == '\\' || inner < ' ')?;
        out.push_str(&rest[..at]);
        let found = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match found {
            b'"' => {
                out.push('"');
                return Some(rest);
            }
            b'\\' => rest = escape(rest, out)?,
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
    }
}

/// Appends the escape whose part behind the backslash begins `text`; returns what follows it.
fn escape<'t>(text: &'t str, out: &mut String) -> Option<&'t str> {
    let first = text.chars().next()?;
    if matches!(first, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') {
        out.extend(['\\', first]);
        return Some(&text[1..]);
    }
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix('u')?.get(..4)?, 16).ok();
    match unit(text) {
        Some(high @ 0xd800..0xdc00) => {
            let low = text[5..].strip_prefix('\\').and_then(unit).filter(|low| (0xdc00..0xe000).contains(low));
            match low {
                Some(low) => {
                    let _ = write!(out, "\\u{high:04x}\\u{low:04x}");
                    Some(&text[11..])
                }
                None => Some(replace(text, out)),
            }
        }
        Some(0xdc00..0xe000) => Some(replace(text, out)),
        Some(_) => {
            out.extend(["\\", &text[..5]]);
            Some(&text[5..])
        }
        // The backslash was meant as one.
        None => {
            out.push_str("\\\\");
            Some(text)
        }
    }
}

/// Half of a pair is no character.
fn replace<'t>(text: &'t str, out: &mut String) -> &'t str {
    out.push_str("\\ufffd");
    &text[5..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json as tree};

    use super::*;

    #[track_caller]
    fn mended(text: &str) -> Value {
        serde_json::from_str(&json(text).unwrap()).unwrap()
    }

    #[test]
    fn one_slip_costs_one_value() {
        assert_eq!(
            mended(r#"{"good": 1, "bad": 1e400, "low": -2E+999, "n": -1.5e3, "x": NaN, "y": -Infinity}"#),
            tree!({"good": 1, "bad": "Infinity", "low": "-Infinity", "n": -1500.0, "x": "NaN", "y": "-Infinity"})
        );
        assert_eq!(mended(r#"{"a": "\ud800", "b": 2}"#), tree!({"a": "\u{fffd}", "b": 2}));
        assert_eq!(mended(r#"{"a": "\udc00x\ud83d\ude00", "b": 2}"#), tree!({"a": "\u{fffd}x\u{1f600}", "b": 2}));
        assert_eq!(
            mended(r#"{"a": "\ud83d\n", "b": "\x41 \u12 \'"}"#),
            tree!({"a": "\u{fffd}\n", "b": "\\x41 \\u12 \\'"})
        );
        assert_eq!(
            mended("{\"a\": \"x\ty\n\", \"b\": \"NaN \\\" 1e400\"}"),
            tree!({"a": "x\ty\n", "b": "NaN \" 1e400"})
        );
    }

    #[test]
    fn what_has_no_end_is_not_mended() {
        for open in ["\"open", "\"open\\", "{\"a\": \"\\"] {
            assert_eq!(json(open), None, "{open}");
        }
    }

    #[test]
    fn bytes_of_other_encodings_are_read() {
        assert_eq!(text(b"{\"a\": \"M\xfcller\"}"), "{\"a\": \"Müller\"}");
        assert_eq!(text(b"\xff\xfea\x00\xfc\x00"), "aü");
        assert_eq!(text(b"\xfe\xff\x00a\xd8\x00"), "a\u{fffd}");
        assert_eq!(text("ok \u{20ac}".as_bytes()), "ok \u{20ac}");
    }

    proptest! {
        #[test]
        fn what_is_json_means_the_same_when_it_is_mended(
            text in "[ -~\\t\\n\u{e9}\u{1f600}]{0,20}", number in any::<f64>(), whole in any::<i64>()
        ) {
            let value = tree!({ text.clone(): [text, number, whole, true, null, {}] });
            let written = value.to_string();
            prop_assert_eq!(mended(&written), serde_json::from_str::<Value>(&written).unwrap());
        }

        #[test]
        fn any_text_is_looked_through(text in "[\\\\\"ud8c0-9eE.+N-]{0,40}|.{0,40}") {
            let _ = json(&text);
        }
    }
}
