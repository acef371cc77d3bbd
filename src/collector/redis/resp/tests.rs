use proptest::prelude::*;
use redis::parse_redis_value;

use super::*;

const ANY: Allowance = Allowance { bytes: 1 << 20, values: 10_000 };

/// What comes of `pieces`, and the bytes behind it.
fn decoded<'p>(
    pieces: impl IntoIterator<Item = &'p [u8]>,
    allowance: Allowance,
) -> Result<(Option<Value>, usize), Fault> {
    let mut decoder = Decoder::default();
    decoder.expect(allowance);
    let (mut reply, mut left) = (None, 0);
    for piece in pieces {
        let mut piece = piece;
        // As the wire does it: long strings go to their own place.
        while reply.is_none() && !piece.is_empty() {
            if let Some(mut payload) = decoder.payload() {
                let length = payload.remaining_mut().min(payload.chunk_mut().len()).min(piece.len());
                payload.put_slice(&piece[..length]);
                reply = decoder.received(length)?;
                piece = &piece[length..];
                continue;
            }
            let used;
            (used, reply) = decoder.feed(&piece[..piece.len().min(16 << 10)])?;
            piece = &piece[used..];
        }
        left += piece.len();
    }
    Ok((reply, left))
}

#[track_caller]
fn read(bytes: &[u8]) -> Value {
    let (reply, left) = decoded([bytes], ANY).unwrap();
    assert_eq!(left, 0);
    reply.unwrap()
}

#[track_caller]
fn fault(bytes: &[u8], allowance: Allowance) -> Fault {
    decoded([bytes], allowance).unwrap_err()
}

/// The same value without what is passed over: attributes.
fn plain(value: Value) -> Value {
    let all = |items: Vec<Value>| items.into_iter().map(plain).collect();
    match value {
        Value::Attribute { data, .. } => plain(*data),
        Value::Array(items) => Value::Array(all(items)),
        Value::Set(items) => Value::Set(all(items)),
        Value::Map(pairs) => Value::Map(pairs.into_iter().map(|(key, value)| (plain(key), plain(value))).collect()),
        other => other,
    }
}

/// One of each type.
const TYPES: [&[u8]; 24] = [
    b"+PONG\r\n",
    b"+OK\r\n",
    b"+\r\n",
    b"-ERR unknown command 'x'\r\n",
    b"-LOADING\r\n",
    b":-12\r\n",
    b":9223372036854775807\r\n",
    b"$5\r\na\r\nb\n\r\n",
    b"$0\r\n\r\n",
    b"$-1\r\n",
    b"*-1\r\n",
    b"*0\r\n",
    b"*3\r\n:1\r\n*2\r\n$1\r\na\r\n*0\r\n+c\r\n",
    b"%2\r\n+a\r\n:1\r\n+b\r\n%0\r\n",
    b"~2\r\n:1\r\n:2\r\n",
    b"|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|1\r\n+x\r\n*1\r\n_\r\n:2\r\n",
    b"_\r\n",
    b",3.25\r\n",
    b",inf\r\n",
    b"#t\r\n",
    b"#f\r\n",
    b"(3492890328409238509324850943850943825024385\r\n",
    b"=8\r\ntxt:a\r\nb\r\n",
    b"!21\r\nSYNTAX invalid syntax\r\n",
];

#[test]
fn every_type_is_read_as_the_library_reads_it_in_pieces_of_any_size() {
    for bytes in TYPES {
        let expected = plain(parse_redis_value(bytes).unwrap());
        assert_eq!(read(bytes), expected, "{}", bytes.escape_ascii());
        for at in 0..=bytes.len() {
            let (first, second) = bytes.split_at(at);
            let behind = [second, b":7\r\n"].concat();
            let parts = decoded([first, &behind], ANY).unwrap();
            assert_eq!(parts, (Some(expected.clone()), 4), "{} at {at}", bytes.escape_ascii());
            if at < bytes.len() {
                assert_eq!(decoded([first], ANY).unwrap().0, None, "{} at {at}", bytes.escape_ascii());
            }
        }
        assert_eq!(decoded(bytes.chunks(1), ANY).unwrap(), (Some(expected), 0), "{}", bytes.escape_ascii());
    }
}

#[test]
fn pushes_are_passed_over() {
    let pushed = b">3\r\n+message\r\n$2\r\nch\r\n*1\r\n-ERR x\r\n>0\r\n>-1\r\n*1\r\n:7\r\n";
    for at in 0..pushed.len() {
        let (first, second) = pushed.split_at(at);
        let reply = decoded([first, second], ANY).unwrap().0;
        assert_eq!(reply, Some(Value::Array(vec![Value::Int(7)])), "{at}");
    }
}

#[test]
fn a_long_string_is_read_into_its_own_place() {
    for size in [DIRECT, STEP, STEP + 1, 1_000_000] {
        let text: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let bytes = [format!("${size}\r\n").as_bytes(), &text, b"\r\n:7\r\n"].concat();
        for piece in [1000, 16 << 10, 100_000, bytes.len()] {
            let (reply, left) = decoded(bytes.chunks(piece), Allowance::TEXT).unwrap();
            assert_eq!(left, 4);
            let Some(Value::BulkString(read)) = reply else { panic!("{reply:?}") };
            assert!(read == text);
            assert!(read.capacity() <= size + 2 + STEP, "{} for {size}", read.capacity());
        }
    }
}

#[test]
fn what_is_announced_costs_nothing_and_is_refused_by_the_first_line_where_it_is_too_much() {
    for announced in ["*2147483647\r\n", "*9223372036854775807\r\n", "%4611686018427387904\r\n", "~201\r\n", "|101\r\n"]
    {
        assert_eq!(fault(announced.as_bytes(), Allowance { values: 200, ..ANY }), Fault::Values(200), "{announced}");
    }
    for announced in ["$1048577\r\n", "$9223372036854775807\r\n", "=9223372036854775807\r\n", "!1048570\r\n"] {
        assert_eq!(fault(announced.as_bytes(), ANY), Fault::Bytes(1 << 20), "{announced}");
    }
    // What is held of a text is what has come of it.
    let mut decoder = Decoder::default();
    decoder.expect(Allowance::TEXT);
    assert_eq!(decoder.feed(b"$99000000\r\nabc").unwrap(), (14, None));
    assert!(decoder.payload().unwrap().get_ref().capacity() <= STEP);
    assert_eq!(decoder.weight(), 14 + VALUE_COST);
    assert_eq!(Allowance::TEXT.values, 64, "integers in its place are refused at once");
    assert_eq!(fault(b"*100000000\r\n", Allowance::TEXT), Fault::Values(64));
}

#[test]
fn values_and_depth_have_bounds() {
    let allowance = Allowance { values: 100, ..ANY };
    let pairs = |count: usize| [format!("*{count}\r\n").into_bytes(), b"*1\r\n:1\r\n".repeat(count)].concat();
    assert!(decoded([&pairs(49)[..]], allowance).is_ok());
    assert_eq!(fault(&pairs(50), allowance), Fault::Values(100));
    // Also what nobody asked for.
    assert_eq!(fault(&b">1\r\n:1\r\n".repeat(51), allowance), Fault::Values(100));
    assert_eq!(fault(&b"|1\r\n+a\r\n+b\r\n".repeat(34), allowance), Fault::Values(100));
    let nested = |depth: usize| [b"*1\r\n".repeat(depth), b":1\r\n".to_vec()].concat();
    assert!(decoded([&nested(MAX_DEPTH)[..]], ANY).is_ok());
    assert_eq!(fault(&nested(MAX_DEPTH + 1), ANY), Fault::Depth);
    assert_eq!(fault(&b"|1\r\n".repeat(100_000), ANY), Fault::Depth);
    assert_eq!(fault(&b"+aaaaaaaa\r\n".repeat(2), Allowance { bytes: 10, values: 9 }), Fault::Bytes(10));
}

#[test]
fn an_error_is_kept_at_a_length_that_a_person_reads() {
    for kept in [
        read(&[b"-LOADING ", &b"B".repeat(1 << 20)[..1_000_000], b"\r\n"].concat()),
        decoded([b"-LOADING ".as_slice(), &b"B".repeat(5000), b"\r", b"\n"], ANY).unwrap().0.unwrap(),
        read(&[b"!5009\r\nLOADING ".as_slice(), &b"B".repeat(5001), b"\r\n"].concat()),
    ] {
        let Value::ServerError(error) = kept else { panic!("{kept:?}") };
        assert_eq!(error.code(), "LOADING");
        let detail = error.details().unwrap();
        assert_eq!(detail.len(), MAX_ERROR - "LOADING ".len());
        assert!(detail.starts_with("BBB") && detail.ends_with("B..."));
    }
    let wide = read(format!("-ERR {}\r\n", "\u{20ac}".repeat(2000)).as_bytes());
    let Value::ServerError(error) = wide else { panic!("{wide:?}") };
    let detail = error.details().unwrap();
    assert!(detail.ends_with("\u{20ac}...") && detail.len() > 1000, "{detail}");
}

#[test]
fn garbage_is_named() {
    let malformed: [&[u8]; 12] = [
        b":\r\n",
        b":12x\r\n",
        b"$x\r\n",
        b"=-1\r\n",
        b"%-1\r\n",
        b"#x\r\n",
        b",x\r\n",
        b"$1\r\nab\r\n",
        b"=3\r\ntxt\r\n",
        b"*1\r\n\r\n",
        b"\r\n",
        b"*18446744073709551616\r\n",
    ];
    for bytes in malformed {
        for pieces in [vec![bytes], bytes.chunks(1).collect()] {
            let fault = decoded(pieces, ANY).unwrap_err();
            assert!(matches!(fault, Fault::Malformed(_) | Fault::Foreign(_)), "{}: {fault}", bytes.escape_ascii());
        }
    }
    let long = [b"+", &b"x".repeat(MAX_LINE)[..], b"\r\n"].concat();
    assert!(matches!(decoded(long.chunks(1000), ANY), Err(Fault::Malformed(_))));
    let http = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n";
    assert_eq!(fault(http, ANY), Fault::Foreign("HTTP/1.1 400 Bad Request".to_owned()));
    assert_eq!(fault(&b"<p>\n".repeat(100), ANY), Fault::Foreign("<p>".repeat(20)));
    // Words without an end are known by that nothing follows.
    let mut decoder = Decoder::default();
    decoder.expect(ANY);
    assert_eq!(decoder.feed(b"<!DOCTYPE>\n<html>\n").unwrap().1, None);
    assert_eq!(decoder.ended(), Some(Fault::Foreign("<!DOCTYPE><html>".to_owned())));
    let mut decoder = Decoder::default();
    decoder.feed(b"*2\r\n:1\r\n:").unwrap();
    assert_eq!(decoder.ended(), None);
}

fn replies() -> impl Strategy<Value = Vec<u8>> {
    let line = "[ -~]{0,20}";
    let leaf = prop_oneof![
        line.prop_map(|text| format!("+{text}\r\n").into_bytes()),
        "[A-Z]{1,9}( [ -~]{0,20})?".prop_map(|text| format!("-{text}\r\n").into_bytes()),
        any::<i64>().prop_map(|number| format!(":{number}\r\n").into_bytes()),
        any::<f64>()
            .prop_filter("not a number is not equal to itself", |number| !number.is_nan())
            .prop_map(|number| format!(",{number}\r\n").into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| [
            format!("${}\r\n", bytes.len()).as_bytes(),
            &bytes,
            b"\r\n"
        ]
        .concat()),
        line.prop_map(|text| format!("={}\r\ntxt:{text}\r\n", text.len() + 4).into_bytes()),
        Just(b"$-1\r\n".to_vec()),
        Just(b"_\r\n".to_vec()),
        Just(b"#t\r\n".to_vec()),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let all = |kind: char, each: usize| {
            move |items: Vec<Vec<u8>>| {
                let pairs = items.len() / each;
                [format!("{kind}{pairs}\r\n").into_bytes(), items[..pairs * each].concat()].concat()
            }
        };
        let items = prop::collection::vec(inner.clone(), 0..8);
        prop_oneof![
            items.clone().prop_map(all('*', 1)),
            items.clone().prop_map(all('~', 1)),
            items.clone().prop_map(all('%', 2)),
            (items.prop_map(all('|', 2)), inner).prop_map(|(attributes, value)| [attributes, value].concat()),
        ]
    })
}

proptest! {
    #[test]
    fn the_end_and_the_value_are_those_that_the_library_finds(
        replies in prop::collection::vec(replies(), 1..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let bytes = replies.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let mut decoder = Decoder::default();
        decoder.expect(ANY);
        let mut decoded = Vec::new();
        for piece in cuts.windows(2) {
            let mut rest = &bytes[piece[0]..piece[1]];
            while !rest.is_empty() {
                let (used, reply) = decoder.feed(rest).unwrap();
                rest = &rest[used..];
                if let Some(reply) = reply {
                    decoded.push(reply);
                    decoder.expect(ANY);
                }
            }
        }
        let expected: Vec<Value> = replies.iter().map(|reply| plain(parse_redis_value(reply).unwrap())).collect();
        prop_assert_eq!(decoded, expected);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'*'), Just(b'1'), any::<u8>()], 0..200)) {
        let whole = decoded([&bytes[..]], ANY);
        let pieces = decoded(bytes.chunks(1), ANY);
        prop_assert_eq!(whole.is_err(), pieces.is_err());
        if let (Ok(whole), Ok(pieces)) = (whole, pieces) {
            prop_assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
        }
    }
}
