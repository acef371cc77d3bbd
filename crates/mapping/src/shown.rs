//! Values and pointers of a body as a person may see them on a terminal: short, and without control characters.

use serde_json::Value as Json;

use super::pointer::Pointer;

/// Characters of a text that are shown.
const TEXT: usize = 80;

/// Characters of a pointer that are shown.
const POINTER: usize = 200;

/// A value: a text in quotes, cut and escaped, of an object or array no more than its size.
#[must_use]
pub fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => match text.char_indices().nth(TEXT) {
            Some((end, _)) => format!("{:?}...", &text[..end]),
            None => format!("{text:?}"),
        },
        Json::Array(items) => format!("an array of {}", items.len()),
        Json::Object(members) => format!("an object of {}", members.len()),
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
    }
}

/// A pointer; that of the whole body in words.
#[must_use]
pub fn shown_pointer(pointer: &Pointer) -> String {
    if pointer.is_root() {
        return "the whole body".to_owned();
    }
    escaped(&pointer.to_string())
}

/// A key or pointer of the body, cut and escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == POINTER {
            shown.push_str("...");
            break;
        }
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            // Line breaks, escape sequences, marks that turn the direction of writing.
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_cut_at_80_characters_and_escaped() {
        assert_eq!(shown(&json!("2.31 ms")), "\"2.31 ms\"");
        assert_eq!(shown(&json!("a\u{1b}[31m\n\u{202e}")), "\"a\\u{1b}[31m\\n\\u{202e}\"");
        assert_eq!(shown(&json!("\u{e9}".repeat(80))), format!("\"{}\"", "\u{e9}".repeat(80)));
        assert_eq!(shown(&json!("\u{e9}".repeat(81))), format!("\"{}\"...", "\u{e9}".repeat(80)));
    }

    #[test]
    fn what_has_members_is_shown_by_their_number() {
        assert_eq!(shown(&json!([1, 2])), "an array of 2");
        assert_eq!(shown(&json!({"secret": 1})), "an object of 1");
        assert_eq!(shown(&json!(null)), "null");
        assert_eq!(shown(&json!(1.5)), "1.5");
    }

    #[test]
    fn keys_cannot_write_on_the_terminal() {
        let pointer = Pointer::default().child("a\u{1b}[2J").child("it's");
        assert_eq!(shown_pointer(&pointer), "/a\\u{1b}[2J/it's");
        assert_eq!(shown_pointer(&Pointer::default()), "the whole body");
        assert_eq!(shown_pointer(&Pointer::default().child(&"x".repeat(300))).len(), 203);
    }
}
