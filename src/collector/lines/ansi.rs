//! Escape sequences of terminals: colours, titles, cursor movements. Services write them into logs, and a pattern's anchor or
//! word would not match behind them.

use memchr::memchr;

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// A line without its escape sequences; `scratch` holds it where it has any.
pub fn strip<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let Some(mut escape) = memchr(ESCAPE, line) else { return line };
    scratch.clear();
    let mut rest = line;
    loop {
        scratch.extend_from_slice(&rest[..escape]);
        rest = &rest[escape + sequence(&rest[escape..])..];
        match memchr(ESCAPE, rest) {
            Some(next) => escape = next,
            None => break,
        }
    }
    scratch.extend_from_slice(rest);
    scratch
}

/// Bytes of the escape sequence at the start of `text`. One that has no end is its introducer alone: it must not hide the
/// rest of the line.
fn sequence(text: &[u8]) -> usize {
    match text.get(1) {
        // CSI: parameters, intermediates, and a final byte.
        Some(b'[') => {
            let body = &text[2..];
            let parameters = body.iter().take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
            match body.get(parameters) {
                Some(0x40..=0x7e) => 3 + parameters,
                _ => 2,
            }
        }
        // OSC, and the other strings: up to BEL, or up to ESC \.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => string(text).unwrap_or(2),
        // Two bytes, with intermediates between them: a character set, a reset.
        Some(0x20..=0x2f) => {
            let intermediates = text[1..].iter().take_while(|byte| matches!(byte, 0x20..=0x2f)).count();
            if text.get(1 + intermediates).is_some_and(|byte| (0x30..=0x7e).contains(byte)) {
                2 + intermediates
            } else {
                1
            }
        }
        Some(0x30..=0x7e) => 2,
        _ => 1,
    }
}

fn string(text: &[u8]) -> Option<usize> {
    let end = 2 + text[2..].iter().position(|byte| matches!(*byte, BELL | ESCAPE))?;
    match text[end] {
        BELL => Some(end + 1),
        _ => (text.get(end + 1) == Some(&b'\\')).then_some(end + 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(line: &str) -> String {
        String::from_utf8(strip(line.as_bytes(), &mut Vec::new()).to_vec()).unwrap()
    }

    #[test]
    fn colours_titles_and_cursors_go() {
        assert_eq!(stripped("plain"), "plain");
        assert_eq!(
            stripped("\x1b[31mERROR\x1b[0m Redis \x1b[1;38;5;200mpublish\x1b[m failed"),
            "ERROR Redis publish failed"
        );
        assert_eq!(
            stripped("\x1b]0;title\x07Redis\x1b]8;;http://x\x1b\\ publish\x1b]8;;\x1b\\ failed"),
            "Redis publish failed"
        );
        assert_eq!(stripped("\x1b(B\x1b[?25lon\x1b[2K\x1b7\x1bP1$q\x1b\\off\x1bc"), "onoff");
    }

    #[test]
    fn what_has_no_end_hides_nothing() {
        assert_eq!(stripped("a\x1b"), "a");
        assert_eq!(stripped("a\x1b["), "a");
        assert_eq!(stripped("a\x1b]0;error"), "a0;error");
        assert_eq!(stripped("a\x1b[31\x01error"), "a31\x01error");
        assert_eq!(stripped("a\x1b]0;x\x1b[31merror"), "a0;xerror");
        assert_eq!(stripped("a\x1b\x1b[31merror"), "aerror");
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        assert_eq!(strip(b"\xff\x1b[31m\xfe\x1b\xfd", &mut Vec::new()), b"\xff\xfe\xfd");
    }

    #[test]
    fn a_scratch_that_was_used_before_shows_nothing_of_it() {
        let mut scratch = b"old".to_vec();
        assert_eq!(strip(b"\x1b[1mnew", &mut scratch), b"new");
    }
}
