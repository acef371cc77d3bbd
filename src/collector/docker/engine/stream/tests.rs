//! A stream cut into lines, and errors for people.

use super::*;

fn lines(lines: &mut Lines) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        found.push(match line {
            Line::Whole(line) => String::from_utf8(line.to_vec()).unwrap(),
            Line::TooLong => "too long".to_owned(),
        });
    }
    found
}

#[test]
fn lines_come_whole_however_they_are_cut() {
    let text = b"{\"a\":1}\n\r\n  \n{\"b\":2}\r\n{\"c\":3}\n{\"d\"";
    for size in 1..=text.len() {
        let (mut stream, mut found) = (Lines::default(), Vec::new());
        for part in text.chunks(size) {
            stream.push(part);
            found.extend(lines(&mut stream));
        }
        assert_eq!(found, ["{\"a\":1}", "{\"b\":2}\r", "{\"c\":3}"], "{size}");
        assert_eq!(&stream.buffer[..], b"{\"d\"");
    }
}

#[test]
fn a_line_without_end_is_told_once_and_what_comes_after_it_is_read() {
    let mut stream = Lines::default();
    let part = vec![b'x'; 300_000];
    let mut found = Vec::new();
    for _ in 0..70 {
        stream.push(&part);
        found.extend(lines(&mut stream));
        assert!(stream.buffer.len() <= EVENT_LIMIT + part.len());
    }
    stream.push(b"xx\nnext\n");
    found.extend(lines(&mut stream));
    assert_eq!(found, ["too long", "next"]);
    // And one more, which is not mistaken for the first.
    stream.push(&vec![b'y'; EVENT_LIMIT + 1]);
    found = lines(&mut stream);
    stream.push(b"\nlast\n");
    found.extend(lines(&mut stream));
    assert_eq!(found, ["too long", "last"]);
}

#[test]
fn the_message_of_an_error_is_one_short_line() {
    assert_eq!(shown(br#"{"message":"No such container: web"}"#), "No such container: web");
    assert_eq!(shown(b"<html>\n  Forbidden </html>"), "<html> Forbidden </html>");
    assert_eq!(shown(br#"{"message":3}"#), r#"{"message":3}"#);
    assert_eq!(shown(b"\xff\x00"), "\u{fffd}\u{0}");
    assert_eq!(shown("\u{e4}".repeat(500).as_bytes()).chars().count(), 200);
    assert_eq!(shown(b""), "");
}
