//! Python literals, as logs print dictionaries: `{'max_connections': 50, 'retry': True, 'host': None}`.

use super::body::Unreadable;

/// The JSON of the first dictionary in `text`. What stands before it (a log line's prefix) and behind it is left out.
pub(super) fn to_json(text: &str) -> Result<String, Unreadable> {
    let Some(start) = text.find('{') else {
        return Err(Unreadable::Syntax("no { in it".to_owned()));
    };
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut depth) = (&text[start..], 0_usize);
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '\'' | '"' => string(rest, first, &mut out)?,
            '{' | '[' | '(' => {
                depth += 1;
                out.push(if first == '(' { '[' } else { first });
                1
            }
            '}' | ']' | ')' => {
                depth = depth.saturating_sub(1);
                drop_trailing_comma(&mut out);
                out.push(if first == ')' { ']' } else { first });
                if depth == 0 {
                    return Ok(out);
                }
                1
            }
            letter if letter.is_alphabetic() => word(rest, &mut out),
            other => {
                out.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    Err(Unreadable::Syntax("the dictionary has no end".to_owned()))
}

/// Python allows a comma behind the last element.
fn drop_trailing_comma(out: &mut String) {
    let length = out.trim_end().len();
    if out[..length].ends_with(',') {
        out.truncate(length - 1);
    }
}

/// Appends the string at the start of `text` as JSON; returns its length in `text`.
fn string(text: &str, quote: char, out: &mut String) -> Result<usize, Unreadable> {
    out.push('"');
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, '\'')) => out.push('\''),
                // Python's \xNN; JSON has only \uNNNN.
                Some((_, 'x')) => out.push_str("\\u00"),
                Some((_, escaped)) => out.extend(['\\', escaped]),
                None => break,
            },
            end if end == quote => {
                out.push('"');
                return Ok(at + end.len_utf8());
            }
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    Err(Unreadable::Syntax("a text has no end".to_owned()))
}

/// Appends the word at the start of `text`; returns its length.
fn word(text: &str, out: &mut String) -> usize {
    let length = text.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(text.len());
    out.push_str(match &text[..length] {
        "True" => "true",
        "False" => "false",
        "None" => "null",
        "nan" => "NaN",
        "inf" => "Infinity",
        other => other,
    });
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_as_a_log_prints_it() {
        let line = "[2025-11-02 10:00:00: INFO/MainProcess] Redis pool metrics: {'max_connections': 50, \
                    'created_connections': 12, 'available_connections': 8, 'in_use_connections': 4} (task {})";
        assert_eq!(
            to_json(line).unwrap(),
            r#"{"max_connections": 50, "created_connections": 12, "available_connections": 8, "in_use_connections": 4}"#
        );
    }

    #[test]
    fn literals_of_python_and_of_json() {
        let json = |text| to_json(text).unwrap();
        assert_eq!(
            json("{'a': True, 'b': None, 'c': nan, 'd': (1, 2,), }"),
            r#"{"a": true, "b": null, "c": NaN, "d": [1, 2]}"#
        );
        assert_eq!(json(r#"{"it's": 'say "x"', 'y': 'it\'s'}"#), r#"{"it's": "say \"x\"", "y": "it's"}"#);
        assert_eq!(json(r#"{"a": [true, {"b": null}]}"#), r#"{"a": [true, {"b": null}]}"#);
        assert_eq!(json(r"{'a': '\xe9\n', 'b': -inf}"), r#"{"a": "\u00e9\n", "b": -Infinity}"#);
    }

    #[test]
    fn what_has_no_beginning_or_no_end_is_refused() {
        let wrong = |text| to_json(text).unwrap_err().to_string();
        assert_eq!(wrong("nothing"), "the body cannot be read: no { in it");
        assert_eq!(wrong("{'a': 1"), "the body cannot be read: the dictionary has no end");
        assert_eq!(wrong("{'a"), "the body cannot be read: a text has no end");
        assert_eq!(wrong("{'a\\"), "the body cannot be read: a text has no end");
    }
}
