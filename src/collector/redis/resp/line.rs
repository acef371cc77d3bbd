//! Values of one line, and the words of errors.

use redis::{Value, VerbatimFormat, parse_redis_value};

use super::Fault;

/// Bytes that are kept of an error.
pub(super) const MAX_ERROR: usize = 1024;

/// Bytes that are looked at of what is not RESP.
pub(super) const MAX_FOREIGN: usize = 256;

pub(super) const GARBAGE: Fault = Fault::Malformed("a number is expected, and something else stands there");

/// Strings and arrays go on behind their first line.
pub(super) const fn is_long(kind: u8) -> bool {
    matches!(kind, b'$' | b'=' | b'!' | b'*' | b'~' | b'%' | b'>' | b'|')
}

/// The words of a line that begins like no reply.
pub(super) fn foreign(line: &[u8]) -> Option<Fault> {
    let is_known = |kind: &u8| is_long(*kind) || matches!(kind, b':' | b'+' | b'-' | b'_' | b'#' | b',' | b'(');
    line.first().filter(|kind| !is_known(kind)).map(|_| {
        let words = String::from_utf8_lossy(&line[..line.len().min(MAX_FOREIGN)]);
        Fault::Foreign(words.chars().filter(|char| !char.is_control()).take(60).collect())
    })
}

pub(super) fn number(digits: &[u8]) -> Result<i64, Fault> {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.trim().parse().ok()).ok_or(GARBAGE)
}

/// An error reply, of which no more is kept than a person reads.
pub(super) fn error(words: &[u8]) -> Result<Value, Fault> {
    let mut words = String::from_utf8_lossy(&words[..words.len().min(MAX_ERROR)]).into_owned();
    if words.len() >= MAX_ERROR {
        words.truncate(words.floor_char_boundary(MAX_ERROR - 3));
        words.push_str("...");
    }
    // In a string of announced length an error may have lines.
    let words = words.replace(['\r', '\n'], " ");
    by_library(format!("-{words}").as_bytes())
}

pub(super) fn verbatim(bytes: &[u8]) -> Result<Value, Fault> {
    let text = String::from_utf8_lossy(bytes);
    let (format, text) = text.split_once(':').ok_or(Fault::Malformed("a verbatim string has no format"))?;
    let format = match format {
        "txt" => VerbatimFormat::Text,
        "mkd" => VerbatimFormat::Markdown,
        other => VerbatimFormat::Unknown(other.to_owned()),
    };
    Ok(Value::VerbatimString { format, text: text.to_owned() })
}

/// What the library reads of a line that is a whole value.
pub(super) fn by_library(line: &[u8]) -> Result<Value, Fault> {
    parse_redis_value(&[line, b"\r\n"].concat()).map_err(|_| GARBAGE)
}
