//! Texts of others among our own: a server's error, a name from a file, a line of a log.

use std::borrow::Cow;

/// Bytes of such a text that are kept, logged and shown.
pub(crate) const LONGEST: usize = 1024;

/// Whether a character hides, moves or turns what stands beside it: a control character, a line break that is none to
/// everybody, a mark of the direction of writing, a tag.
#[must_use]
pub const fn is_hidden(char: char) -> bool {
    matches!(
        char,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// The text as it may stand in a line: hidden characters as escapes.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_hidden(char) { out.extend(char.escape_default()) } else { out.push(char) }
    }
    Cow::Owned(out)
}

/// The same, cut where it is longer than anybody reads; then it says how long it was.
#[must_use]
pub fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return match visible(text) {
            Cow::Owned(long) if long.len() > LONGEST => Cow::Owned(cut(&long, text.len())),
            shown => shown,
        };
    }
    let end = text.floor_char_boundary(LONGEST);
    Cow::Owned(cut(&visible(&text[..end]), text.len()))
}

fn cut(text: &str, of: usize) -> String {
    let end = format!("... ({of} bytes)");
    format!("{}{end}", &text[..text.floor_char_boundary(LONGEST - end.len())])
}

/// A document of JSON that says the same with its hidden characters as escapes. JSON escapes the first 32 of them by itself.
#[must_use]
pub fn visible_json(text: &str) -> Cow<'_, str> {
    let is_hidden = |char: char| char >= '\x7f' && is_hidden(char);
    if text.is_ascii() && !text.contains('\x7f') || !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_hidden(char) {
            let mut units = [0; 2];
            out.extend(char.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(char);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_is_escaped_and_all_else_is_as_it_was() {
        for plain in ["", "no route to host", "größer als 5 µs \u{1f600}", "\"a\\b\""] {
            assert!(matches!(visible(plain), Cow::Borrowed(same) if same == plain));
            assert!(matches!(visible_json(plain), Cow::Borrowed(same) if same == plain));
        }
        assert_eq!(visible("a\u{202e}b\u{2028}c\nd\u{1b}[31m\u{9b}e"), r"a\u{202e}b\u{2028}c\nd\u{1b}[31m\u{9b}e");
        let json = "{\"a\":\"\u{202e}\u{7f}\u{e0041}ä\\n\"}\n";
        assert_eq!(visible_json(json), "{\"a\":\"\\u202e\\u007f\\udb40\\udc41ä\\n\"}\n");
    }

    #[test]
    fn a_long_text_is_cut_and_says_how_long_it_was() {
        let whole = "x".repeat(LONGEST);
        assert_eq!(excerpt(&whole), whole);
        assert_eq!(excerpt(&"x".repeat(LONGEST + 1)), format!("{}... (1025 bytes)", "x".repeat(LONGEST - 16)));
        for long in ["ä".repeat(40 << 20), "\u{202e}".repeat(LONGEST / 3)] {
            let shown = excerpt(&long);
            assert!(shown.len() <= LONGEST && shown.ends_with(&format!("... ({} bytes)", long.len())), "{shown}");
        }
        assert!(excerpt(&"\u{202e}".repeat(600)).starts_with(r"\u{202e}\u{202e}"));
    }
}
