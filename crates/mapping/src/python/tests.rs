//! Literals of Python.

use super::*;

#[test]
fn a_pool_as_a_log_prints_it() {
    let line = "[2025-11-02 10:00:00: INFO/MainProcess] Redis pool metrics: {'max_connections': 50, \
                'created_connections': 12, 'available_connections': 8, 'in_use_connections': 4} (task {})";
    assert_eq!(
        to_json(line).unwrap(),
        r#"{"max_connections":50,"created_connections":12,"available_connections":8,"in_use_connections":4}"#
    );
}

#[test]
fn literals_of_python_and_of_json() {
    let json = |text| to_json(text).unwrap();
    assert_eq!(json("{'a': True, 'b': None, 'c': nan, 'd': (1, 2,), }"), r#"{"a":true,"b":null,"c":NaN,"d":[1,2]}"#);
    assert_eq!(json(r#"{"it's": 'say "x"', 'y': 'it\'s'}"#), r#"{"it's":"say \"x\"","y":"it's"}"#);
    assert_eq!(json(r#"{"a": [true, {"b": null}]}"#), r#"{"a":[true,{"b":null}]}"#);
    assert_eq!(json(r"{'a': '\xe9\n', 'b': -inf}"), r#"{"a":"\u00e9\n","b":-Infinity}"#);
    assert_eq!(json("{'a': b'x', 'b': 1_000, 'c': 1e-05, 'd': 5j}"), r#"{"a":"x","b":1000,"c":1e-05,"d":null}"#);
    assert_eq!(json("{1: 'a', None: 'b', (1, 'x'): 'c'}"), r#"{"1":"a","null":"b","[1,x]":"c"}"#);
}

/// As Python 3.12 prints them.
#[test]
fn what_stands_in_the_dictionaries_of_programs() {
    let json = |text: &str| to_json(&format!("{{'a': {text}}}")).unwrap();
    for (printed, expected) in [
        ("{1, 2}", "[1,2]"),
        ("{'x'}", r#"["x"]"#),
        ("set()", "[]"),
        ("frozenset({3})", "[3]"),
        ("deque([1, 2], maxlen=5)", "[1,2]"),
        ("Counter({'x': 2})", r#"{"x":2}"#),
        ("defaultdict(<class 'int'>, {'x': 1})", r#"{"x":1}"#),
        ("Decimal('12.30')", "12.30"),
        ("Decimal('NaN')", "NaN"),
        ("UUID('6f9b')", r#""6f9b""#),
        ("datetime.date(2025, 11, 2)", r#""2025-11-02""#),
        ("datetime.datetime(2025, 11, 2, 9, 5)", r#""2025-11-02T09:05:00.000000""#),
        (
            "datetime.datetime(2025, 11, 2, 9, 5, 1, 250000, tzinfo=datetime.timezone.utc)",
            r#""2025-11-02T09:05:01.250000+00:00""#,
        ),
        (
            "datetime.datetime(2025, 11, 2, 9, 5, tzinfo=datetime.timezone(datetime.timedelta(seconds=19800)))",
            r#""2025-11-02T09:05:00.000000+05:30""#,
        ),
        ("datetime.datetime(2025, 11, 2, 9, 5, tzinfo=<UTC>)", r#""2025-11-02T09:05:00.000000+00:00""#),
        // How far Kolkata is from UTC does not stand there.
        ("datetime.datetime(2025, 11, 2, 9, 5, tzinfo=zoneinfo.ZoneInfo(key='Asia/Kolkata'))", "null"),
        ("datetime.timedelta(days=1, seconds=30, microseconds=500000)", "86430.5"),
        ("<Pool object at 0x7f>", "null"),
        ("Point(x=1, y=2)", "null"),
        ("whatever", "null"),
    ] {
        assert_eq!(json(printed), format!("{{\"a\":{expected}}}"), "{printed}");
    }
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    let deep = |levels: usize| to_json(&format!("{}{}", "{1:".repeat(levels), "2".to_owned() + &"}".repeat(levels)));
    assert!(deep(128).is_ok());
    assert_eq!(deep(129), Err(wrong("its dictionaries are nested too deeply")));
    assert!(to_json(&format!("{{'a': {}", "x(".repeat(1_000_000))).is_err());
}

#[test]
fn what_has_no_beginning_or_no_end_is_refused() {
    let wrong = |text| to_json(text).unwrap_err().to_string();
    assert_eq!(wrong("{'a' 1}"), "the body cannot be read: a , is missing");
    assert_eq!(wrong("{'a': ;}"), "the body cannot be read: something that is no literal of Python");
    assert_eq!(wrong("{'a': <Pool"), "the body cannot be read: a < has no >");
    assert_eq!(wrong("nothing"), "the body cannot be read: no { in it");
    assert_eq!(wrong("{'a': 1"), "the body cannot be read: the dictionary has no end");
    assert_eq!(wrong("{'a"), "the body cannot be read: a text has no end");
    assert_eq!(wrong("{'a\\"), "the body cannot be read: a text has no end");
}
