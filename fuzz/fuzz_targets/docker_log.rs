//! Any log, cut anywhere, gives the same lines, within bounds and without a panic; escape sequences go, and nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use manometer::collector::docker::logs::decode::{Decoder, Line, MAX_LINE, Malformed, ansi};
use manometer::logpattern::Stream;

type Read = (Stream, Option<u64>, Vec<u8>, u64, bool);

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Read>, Result<(), Malformed>) {
    let (mut decoder, mut lines, mut scratch) = (Decoder::new(None), Vec::new(), Vec::new());
    let mut each = |line: Line<'_>| {
        assert!(line.text.len() <= MAX_LINE && line.bytes >= line.text.len() as u64 && !line.text.contains(&b'\n'));
        let stripped = ansi::strip(line.text, &mut scratch);
        assert!(stripped.len() <= line.text.len());
        if !line.text.contains(&0x1b) {
            assert_eq!(stripped, line.text);
        }
        lines.push((line.stream, line.at, line.text.to_vec(), line.bytes, line.is_truncated));
    };
    for piece in pieces {
        if let Err(malformed) = decoder.feed(piece, &mut each) {
            return (lines, Err(malformed));
        }
    }
    decoder.finish(&mut each);
    (lines, Ok(()))
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, log) = input;
    let whole = read(std::iter::once(log));
    assert_eq!(read(log.chunks(usize::from(size) + 1)), whole);
    let text: u64 = whole.0.iter().map(|line| line.3).sum();
    assert!(text <= log.len() as u64);
});
