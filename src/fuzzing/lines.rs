//! Lines of logs: cut, decoded, matched and put together.

use clap::ValueEnum as _;

use crate::collector::docker::logs::decode::{Decoder, Line, MAX_LINE, Malformed, ansi};
use crate::collector::lines::Cut;
use crate::logpattern::{
    Events, LogCount, LogPattern, MAX_LINES, PatternSet, PatternSettings, Patterns, Start, Stream, check_regex,
};

/// What is compared of a line.
type Read = (Stream, Option<u64>, Vec<u8>, u64, bool);

/// A container's log, in frames or without: however it is cut it gives the same lines, within their bounds.
pub(super) fn docker_log(log: &[u8]) {
    let whole = read_docker(std::iter::once(log));
    for size in sizes(log) {
        assert_eq!(read_docker(log.chunks(size)), whole, "in pieces of {size}");
    }
    assert!(whole.0.iter().map(|line| line.3).sum::<u64>() <= log.len() as u64);
}

fn read_docker<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Read>, Result<(), Malformed>) {
    let (mut decoder, mut lines, mut scratch) = (Decoder::new(None), Vec::new(), Vec::new());
    let mut each = |line: Line<'_>| {
        assert!(line.bytes >= line.text.len() as u64);
        assert_line(line.text, &mut scratch);
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

/// A line is within its bound, and loses nothing but escape sequences.
fn assert_line(text: &[u8], scratch: &mut Vec<u8>) {
    assert!(text.len() <= MAX_LINE && !text.contains(&b'\n'));
    let stripped = ansi::strip(text, scratch);
    assert!(stripped.len() <= text.len());
    if !text.contains(&0x1b) {
        assert_eq!(stripped, text);
    }
}

/// Pieces that a log may come in.
fn sizes(log: &[u8]) -> [usize; 3] {
    [1, 7, log.len() / 2 + 1]
}

/// A file, in pieces of any size: the same lines, the same events of all ready sets, and none beyond its bounds.
pub(super) fn events(log: &[u8]) {
    static PATTERNS: std::sync::LazyLock<Patterns> = std::sync::LazyLock::new(|| {
        Patterns::of(&PatternSettings { sets: PatternSet::value_variants().to_vec(), ..PatternSettings::default() })
    });
    let matcher = PATTERNS.matcher(PATTERNS.select(""));
    let read = |size: usize| {
        let (mut cut, mut events, mut lines, mut found) = (Cut::new(), Events::new(Start::Auto), 0_u64, Vec::new());
        let (mut bytes, mut scratch) = (0, Vec::new());
        let mut each = |line: crate::collector::lines::CutLine<'_>| {
            assert_line(line.text, &mut scratch);
            (lines, bytes) = (lines + 1, bytes + line.bytes);
            events.line(&matcher, Stream::Stdout, line.text, &mut |event| found.push(seen(event)));
        };
        for piece in log.chunks(size) {
            cut.feed(piece, &mut each);
        }
        cut.complete(&mut each);
        events.flush(&matcher, &mut |event| found.push(seen(event)));
        assert!(!events.is_open());
        assert_eq!(bytes, log.len() as u64);
        assert_eq!(found.iter().map(|event| u64::from(event.0)).sum::<u64>(), lines);
        found
    };
    let whole = read(log.len().max(1));
    assert!(whole.iter().all(|event| (1..=MAX_LINES).contains(&event.0)));
    for size in sizes(log) {
        assert_eq!(read(size), whole, "in pieces of {size}");
    }
}

/// What is compared of an event: its lines, its first one, and what it counts as.
fn seen(event: &crate::logpattern::Event<'_>) -> (u32, Vec<u8>, Vec<(usize, u64)>) {
    let hits = event.hits.iter().map(|hit| (hit.pattern, hit.count)).collect();
    event.hits.iter().for_each(|hit| assert!(event.text.len() >= event.line(hit).len()));
    (event.lines, event.first().to_vec(), hits)
}

/// A pattern of a configuration and, behind the first line, a log: what is looked for first, to be fast, leaves out no line
/// that matches.
pub(super) fn patterns(input: &[u8]) {
    let end = memchr::memchr(b'\n', input).unwrap_or(input.len());
    let (Ok(text), log) = (std::str::from_utf8(&input[..end]), input.get(end + 1..).unwrap_or_default()) else {
        return;
    };
    let (text, ignore_case) = text.strip_prefix('~').map_or((text, false), |text| (text, true));
    if check_regex(text, ignore_case).is_err() {
        return;
    }
    let plain = regex::bytes::RegexBuilder::new(text).case_insensitive(ignore_case).build();
    let Ok(plain) = plain else { return };
    let pattern = LogPattern { ignore_case, count: LogCount::Lines, ..LogPattern::new("own", text) };
    let patterns =
        Patterns::of(&PatternSettings { sets: Vec::new(), patterns: vec![pattern], ..PatternSettings::default() });
    let matcher = patterns.matcher(patterns.select(""));
    for line in log.split(|byte| *byte == b'\n') {
        let mut count = 0;
        let mut events = Events::new(Start::Line);
        let mut each =
            |event: &crate::logpattern::Event<'_>| count += event.hits.iter().map(|hit| hit.count).sum::<u64>();
        events.line(&matcher, Stream::Stdout, line, &mut each);
        events.flush(&matcher, &mut each);
        assert_eq!(count, u64::from(plain.is_match(line)), "{text:?} in {line:?}");
    }
}
