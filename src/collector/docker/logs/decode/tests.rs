use proptest::prelude::*;

use super::*;

const T1: &str = "2026-11-24T20:50:40.276207147Z";
const T2: &str = "2026-11-24T20:50:40.276228228Z";
const T3: &str = "2026-11-24T20:50:41.000000001Z";
const AT1: u64 = 1_795_553_440_276_207_147;
const AT2: u64 = 1_795_553_440_276_228_228;
const AT3: u64 = 1_795_553_441_000_000_001;

/// A line that was read, with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Read {
    stream: Stream,
    at: Option<u64>,
    text: Vec<u8>,
    bytes: u64,
    is_truncated: bool,
}

fn read(stream: Stream, at: u64, text: &str) -> Read {
    let bytes = text.len() as u64 + 1;
    Read { stream, at: Some(at), text: text.as_bytes().to_vec(), bytes, is_truncated: false }
}

fn out(at: u64, text: &str) -> Read {
    read(Stream::Stdout, at, text)
}

fn err(at: u64, text: &str) -> Read {
    read(Stream::Stderr, at, text)
}

fn frame(stream: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[stream, 0, 0, 0][..], &length, content].concat()
}

/// What is read of `pieces`, and how it ended.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Read>, Result<(), Malformed>) {
    let mut decoder = Decoder::new(None);
    let mut lines = Vec::new();
    let mut each = |line: Line<'_>| {
        assert!(line.text.len() <= MAX_LINE && !line.text.contains(&b'\n'));
        let Line { stream, at, text, bytes, is_truncated } = line;
        lines.push(Read { stream, at, text: text.to_vec(), bytes, is_truncated });
    };
    for piece in pieces {
        if let Err(malformed) = decoder.feed(piece, &mut each) {
            return (lines, Err(malformed));
        }
    }
    decoder.finish(&mut each);
    (lines, Ok(()))
}

fn lines(bytes: &[u8]) -> Vec<Read> {
    let (lines, ended) = decode([bytes]);
    assert_eq!(ended, Ok(()));
    lines
}

/// Every way to cut it in two, and byte by byte.
#[track_caller]
fn assert_cuts(bytes: &[u8]) {
    let whole = decode([bytes]);
    for at in 0..=bytes.len() {
        assert_eq!(decode([&bytes[..at], &bytes[at..]]), whole, "cut at {at}");
    }
    assert_eq!(decode(bytes.chunks(1)), whole, "byte by byte");
}

/// As dockerd 20.10.24 sent it of a container that wrote to both streams, a line of 40,000 bytes, and one without an end.
fn recorded() -> &'static [u8] {
    include_bytes!("../../../../../tests/fixtures/docker/logs_multiplexed.bin")
}

#[test]
fn a_recorded_log() {
    let lines = lines(recorded());
    let texts: Vec<_> = lines.iter().map(|line| (line.stream, String::from_utf8_lossy(&line.text))).collect();
    let (out, err) = (Stream::Stdout, Stream::Stderr);
    assert_eq!(
        texts[..6],
        [
            (out, "out 1".into()),
            (out, "out 2".into()),
            (out, "out 3".into()),
            (err, "err 1".into()),
            (err, "err 2".into()),
            (err, "err 3".into())
        ]
    );
    assert_eq!(lines[0].at, Some(AT1));
    assert_eq!((lines[6].text.len(), lines[6].bytes, lines[6].is_truncated), (MAX_LINE, 40_001, true));
    assert_eq!((&*texts[7].1, lines[7].bytes, lines[7].is_truncated), ("last", 4, false));
    assert_eq!(lines.len(), 8);
}

#[test]
fn a_recorded_log_cut_anywhere() {
    let log = recorded();
    let whole = decode([log]);
    // The long line's inside is all alike.
    for at in (0..2_000).chain((16_000..17_500).step_by(7)).chain(log.len() - 500..log.len()) {
        assert_eq!(decode([&log[..at], &log[at..]]), whole, "cut at {at}");
    }
    assert_eq!(decode(log.chunks(1)), whole);
    assert_eq!(decode(log.chunks(7)), whole);
}

#[test]
fn a_recorded_terminal() {
    let log = include_bytes!("../../../../../tests/fixtures/docker/logs_tty.bin");
    let lines = lines(log);
    let texts: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(&line.text)).collect();
    assert_eq!((&*texts[0], &*texts[1], &*texts[3]), ("hi", "err", "last"));
    assert!(lines.iter().all(|line| line.stream == Stream::Stdout));
    assert_eq!(lines[0].bytes, 4);
    assert_eq!((lines[2].text.len(), lines[2].is_truncated), (MAX_LINE, true));
    for at in (0..200).chain(log.len() - 200..log.len()) {
        assert_eq!(decode([&log[..at], &log[at..]]).0, lines, "cut at {at}");
    }
}

#[test]
fn streams_come_mixed() {
    let log = [
        frame(1, format!("{T1} out a\n")),
        frame(2, format!("{T1} err a")),
        frame(1, format!("{T2} out b\n")),
        frame(2, format!("{T1}  goes on\n")),
        frame(0, format!("{T3} of an old engine\n")),
        frame(2, format!("{T3} \n")),
    ]
    .concat();
    assert_cuts(&log);
    assert_eq!(
        lines(&log),
        [out(AT1, "out a"), out(AT2, "out b"), err(AT1, "err a goes on"), out(AT3, "of an old engine"), err(AT3, "")]
    );
}

#[test]
fn pieces_of_a_long_line_are_one_line() {
    let piece = "x".repeat(16 << 10);
    let log = |times: [&str; 3]| {
        [
            frame(1, format!("{} {piece}", times[0])),
            frame(1, format!("{} {piece}", times[1])),
            frame(1, format!("{} tail\n", times[2])),
            frame(1, format!("{T3} next\n")),
        ]
        .concat()
    };
    // Each with the time of the first, or with one of its own.
    for times in [[T1, T1, T1], [T1, T2, T3]] {
        let lines = lines(&log(times));
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].at, lines[0].bytes, lines[0].is_truncated), (Some(AT1), (32 << 10) + 5, true));
        assert_eq!(lines[1], out(AT3, "next"));
    }
}

#[test]
fn the_limit_is_exact() {
    for (length, end, is_truncated) in [
        (MAX_LINE, "\n", false),
        (MAX_LINE, "\r\n", false),
        (MAX_LINE, "", false),
        (MAX_LINE + 1, "\n", true),
        (MAX_LINE + 1, "", true),
        (MAX_LINE + 2, "\n", true),
    ] {
        let text = "x".repeat(length);
        let [read] = &lines(&frame(1, format!("{T1} {text}{end}")))[..] else { panic!("one line") };
        assert_eq!((read.text.len(), read.is_truncated), (MAX_LINE, is_truncated), "{length} {end:?}");
        assert_eq!(read.bytes, (length + end.len()) as u64);
    }
}

#[test]
fn a_line_without_an_end_does_not_take_in_the_next_run() {
    let log = [frame(1, format!("{T1} died here")), frame(1, format!("{T2} started again\n"))].concat();
    assert_cuts(&log);
    let mut first = out(AT1, "died here");
    first.bytes -= 1;
    assert_eq!(lines(&log), [first, out(AT2, "started again")]);
}

#[test]
fn without_times_lines_are_lines() {
    let log = [frame(1, "no time\n"), frame(1, "two lines\nin one\n"), frame(2, "")].concat();
    assert_cuts(&log);
    let lines = lines(&log);
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.at.is_none()));
    assert_eq!(lines[2].text, b"in one");
}

#[test]
fn what_is_no_frame_ends_it() {
    let good = frame(1, format!("{T1} good\n"));
    for bad in [
        &[4, 0, 0, 0, 0, 0, 0, 1][..],
        &[b'2', 0, 0, 0, 0, 0, 0, 1],
        &[1, 1, 0, 0, 0, 0, 0, 1],
        &[1, 0, 0, 1, 0, 0, 0, 1],
        // A length of 4 GiB, and one that is just too long.
        &[1, 0, 0, 0, 255, 255, 255, 255],
        &[2, 0, 0, 0, 0, 16, 0, 1],
    ] {
        let log = [&good, bad, &good].concat();
        assert_cuts(&log);
        assert_eq!(decode([&log[..]]), (vec![out(AT1, "good")], Err(Malformed::Frame)));
    }
}

#[test]
fn an_error_of_the_engine_is_told() {
    let said = format!("Error grabbing logs:\n {}", "x".repeat(MAX_ERROR));
    let log = [frame(1, format!("{T1} good\n")), frame(3, said)].concat();
    assert_cuts(&log);
    let (lines, ended) = decode([&log[..]]);
    assert_eq!(lines, [out(AT1, "good")]);
    let Err(Malformed::Engine(said)) = ended else { panic!("{ended:?}") };
    assert_eq!(said, format!("Error grabbing logs: {}", "x".repeat(MAX_ERROR - 22)));
    assert_eq!(decode([&frame(3, "")[..]]).1, Err(Malformed::Engine(String::new())));
}

#[test]
fn what_breaks_off_within_a_frame_is_no_line() {
    let log = [frame(1, format!("{T1} good\n")), frame(1, format!("{T2} half a line\n"))].concat();
    for end in log.len() - 40..log.len() {
        assert_eq!(lines(&log[..end]), [out(AT1, "good")]);
    }
}

#[test]
fn the_first_byte_tells_whether_there_are_frames() {
    let look = |bytes: &[u8]| {
        let mut decoder = Decoder::new(None);
        decoder.look(bytes);
        decoder.framed()
    };
    assert_eq!(look(b""), None);
    assert_eq!(look(&[1]), Some(true));
    assert_eq!(look(&[3]), Some(true));
    assert_eq!(look(b"2026"), Some(false));
    assert_eq!(Decoder::new(Some(true)).framed(), Some(true));
    // What the engine says counts: a terminal shows any byte.
    let mut decoder = Decoder::new(Some(false));
    decoder.look(&[1]);
    assert_eq!(decoder.framed(), Some(false));
}

#[test]
fn twenty_megabytes_without_an_end_take_no_room() {
    let mut decoder = Decoder::new(None);
    let piece = vec![b'x'; 16 << 10];
    let mut lines = 0;
    for _ in 0..1_280 {
        decoder.feed(&frame(1, [format!("{T1} ").as_bytes(), &piece].concat()), &mut |_| lines += 1).unwrap();
    }
    assert_eq!(lines, 0);
    let mut seen = Vec::new();
    decoder.feed(&frame(1, format!("{T1} end\n")), &mut |line| seen.push((line.bytes, line.is_truncated))).unwrap();
    assert_eq!(seen, [((20 << 20) + 4, true)]);
}

/// What a log may consist of: frames of all kinds, good and bad, and bytes that mean nothing.
fn parts() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        "[ab\\n\\r]{0,40}",
        (0..3_usize, "[ab\\n]{0,40}").prop_map(|(at, text)| format!("{} {text}", [T1, T2, T3][at])),
        Just(format!("{T1} {}", "x".repeat(MAX_LINE))),
    ];
    let framed = (0..4_u8, text.clone()).prop_map(|(stream, text)| frame(stream, text));
    prop_oneof![
        8 => framed,
        2 => text.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

proptest! {
    #[test]
    fn any_log_is_read_the_same_however_it_is_cut(
        parts in prop::collection::vec(parts(), 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let log = parts.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(log.len() + 1)).collect();
        cuts.extend([0, log.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &log[pair[0]..pair[1]]);
        let whole = decode([&log[..]]);
        prop_assert!(whole.0.iter().map(|line| line.bytes).sum::<u64>() <= log.len() as u64);
        prop_assert_eq!(decode(pieces), whole);
    }
}
