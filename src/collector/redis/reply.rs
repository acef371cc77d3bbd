//! Reading a [`Value`] as what the command's documentation promises, in RESP2 and RESP3.

use std::borrow::Cow;

use redis::Value;

use super::resp::VALUE_COST;

/// A reply, or a part of one, of another shape than documented.
///
/// Its text names shapes and error codes alone, never what the server sent: it is logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {expected}, got {got}")]
pub struct Unexpected {
    /// The part of the reply: `SLOWLOG GET: id`.
    pub what: &'static str,
    /// What should have stood there.
    pub expected: &'static str,
    /// The shape that stood there.
    pub got: String,
}

impl Unexpected {
    pub(super) fn new(what: &'static str, expected: &'static str, value: &Value) -> Self {
        Self { what, expected, got: shape(value) }
    }
}

/// The reply to a question of one command.
pub(super) fn only(replies: &[Value]) -> &Value {
    replies.first().unwrap_or(&Value::Nil)
}

/// Bytes below which a text has next to nothing in it.
pub(super) const EMPTY: usize = 1024;

/// About how many bytes a value takes.
pub(super) fn weight(value: &Value) -> usize {
    let all = |items: &[Value]| items.iter().map(weight).sum::<usize>();
    VALUE_COST
        + match value {
            Value::BulkString(bytes) => bytes.len(),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => text.len(),
            Value::Array(items) | Value::Set(items) => all(items),
            Value::Map(pairs) => pairs.iter().map(|(key, value)| weight(key) + weight(value)).sum(),
            _ => 0,
        }
}

/// The raw bytes of any kind of string.
pub(super) fn bytes<'a>(value: &'a Value, what: &'static str) -> Result<&'a [u8], Unexpected> {
    match plain(value) {
        Value::BulkString(bytes) => Ok(bytes),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Ok(text.as_bytes()),
        Value::Okay => Ok(b"OK"),
        other => Err(Unexpected::new(what, "a string", other)),
    }
}

/// The bytes of the reply to a question of one command, without a copy of what may be long.
pub(super) fn into_bytes(mut replies: Vec<Value>, what: &'static str) -> Result<Vec<u8>, Unexpected> {
    match replies.first_mut() {
        Some(Value::BulkString(bytes)) => Ok(std::mem::take(bytes)),
        _ => bytes(only(&replies), what).map(<[u8]>::to_vec),
    }
}

/// Any kind of string as text; bytes that are not UTF-8 are replaced.
pub(super) fn text<'a>(value: &'a Value, what: &'static str) -> Result<Cow<'a, str>, Unexpected> {
    bytes(value, what).map(String::from_utf8_lossy)
}

/// A number that is never negative, as an integer or as its text.
pub(super) fn count(value: &Value, what: &'static str) -> Result<u64, Unexpected> {
    let value = plain(value);
    let number = match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        other => text(other, what).ok().and_then(|digits| digits.parse().ok()),
    };
    number.ok_or_else(|| Unexpected::new(what, "a whole number of at least 0", value))
}

/// The elements of an array or a set.
pub(super) fn items<'a>(value: &'a Value, what: &'static str) -> Result<&'a [Value], Unexpected> {
    match plain(value) {
        Value::Array(items) | Value::Set(items) => Ok(items),
        other => Err(Unexpected::new(what, "an array", other)),
    }
}

/// The keys and values of a map, or of an array in which they alternate.
pub(super) fn pairs<'a>(
    value: &'a Value,
    what: &'static str,
) -> Result<impl Iterator<Item = (&'a Value, &'a Value)>, Unexpected> {
    let value = plain(value);
    value.as_map_iter().ok_or_else(|| Unexpected::new(what, "pairs of key and value", value))
}

/// The value itself, without the RESP3 attributes that a server may put around it.
fn plain(mut value: &Value) -> &Value {
    while let Value::Attribute { data, .. } = value {
        value = data;
    }
    value
}

fn shape(value: &Value) -> String {
    match value {
        Value::Nil => "nil".into(),
        Value::Int(number) if *number < 0 => "a negative integer".into(),
        Value::Int(_) => "an integer".into(),
        Value::BulkString(_) | Value::SimpleString(_) | Value::VerbatimString { .. } | Value::Okay => "a string".into(),
        Value::Array(items) | Value::Set(items) => format!("an array of {}", items.len()),
        Value::Map(_) => "a map".into(),
        Value::Double(_) => "a double".into(),
        Value::Boolean(_) => "a boolean".into(),
        // The code is the server's own word (NOPERM, ERR); the rest of the message may quote what was sent.
        Value::ServerError(error) => format!("the error {}", error.code()),
        _ => "another type".into(),
    }
}

#[cfg(test)]
pub(super) mod build {
    //! Short ways to write a reply down in a test.

    use redis::{Arg, Cmd, Value, parse_redis_value};

    /// An error reply, like `ERR unknown command`.
    pub(crate) fn error(text: &str) -> Value {
        parse_redis_value(format!("-{text}\r\n").as_bytes()).unwrap()
    }

    /// The words of each command.
    pub(crate) fn words(commands: &[Cmd]) -> Vec<String> {
        let word = |word| match word {
            Arg::Simple(word) => String::from_utf8_lossy(word).into_owned(),
            _ => String::new(),
        };
        commands.iter().map(|command| command.args_iter().map(word).collect::<Vec<_>>().join(" ")).collect()
    }

    pub(crate) fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    pub(crate) fn array(items: impl IntoIterator<Item = Value>) -> Value {
        Value::Array(items.into_iter().collect())
    }

    /// A RESP2 array in which keys and values alternate.
    pub(crate) fn flat(pairs: &[(&str, &str)]) -> Value {
        array(pairs.iter().flat_map(|(key, value)| [bulk(key), bulk(value)]))
    }

    /// A RESP3 map.
    pub(crate) fn map(pairs: &[(&str, &str)]) -> Value {
        Value::Map(pairs.iter().map(|(key, value)| (bulk(key), bulk(value))).collect())
    }
}

#[cfg(test)]
mod tests;
