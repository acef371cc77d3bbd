use std::sync::LazyLock;

use proptest::prelude::*;
use redis::{ServerError, Value, VerbatimFormat};

use super::super::facts::Facts;
use super::super::question::QUESTIONS;
use super::super::server_config;
use super::build::{array, bulk};
use super::*;
use crate::collector::parsed;
use crate::collector::redis::RedisTarget;

fn attributed(data: Value) -> Value {
    Value::Attribute { data: Box::new(data), attributes: Vec::new() }
}

#[test]
fn every_kind_of_string_is_read() {
    let verbatim = Value::VerbatimString { format: VerbatimFormat::Text, text: "v".into() };
    for (value, expected) in [
        (bulk("b"), "b"),
        (Value::SimpleString("s".into()), "s"),
        (verbatim, "v"),
        (Value::Okay, "OK"),
        (attributed(bulk("a")), "a"),
    ] {
        assert_eq!(text(&value, "x").unwrap(), expected);
    }
    assert_eq!(text(&Value::BulkString(vec![b'a', 0xff]), "x").unwrap(), "a\u{fffd}");
}

#[test]
fn counts_come_as_integers_or_as_text() {
    assert_eq!(count(&Value::Int(7), "x").unwrap(), 7);
    assert_eq!(count(&bulk("7"), "x").unwrap(), 7);
    assert_eq!(count(&attributed(Value::Int(7)), "x").unwrap(), 7);
    assert_eq!(
        count(&Value::Int(-1), "SLOWLOG LEN").unwrap_err().to_string(),
        "SLOWLOG LEN: expected a whole number of at least 0, got a negative integer"
    );
    assert_eq!(count(&bulk("seven"), "x").unwrap_err().got, "a string");
    assert_eq!(count(&Value::Double(7.0), "x").unwrap_err().got, "a double");
}

#[test]
fn items_and_pairs_are_told_by_their_shape() {
    let three = array([bulk("a"), bulk("b"), bulk("c")]);
    assert_eq!(items(&three, "x").unwrap().len(), 3);
    assert_eq!(items(&Value::Set(vec![Value::Nil]), "x").unwrap().len(), 1);
    assert_eq!(items(&Value::Nil, "x").unwrap_err().got, "nil");
    assert_eq!(pairs(&three, "x").err().unwrap().got, "an array of 3");
    let map = Value::Map(vec![(bulk("k"), Value::Int(1))]);
    assert_eq!(pairs(&map, "x").unwrap().collect::<Vec<_>>(), [(&bulk("k"), &Value::Int(1))]);
    assert_eq!(pairs(&array([bulk("k"), Value::Int(1)]), "x").unwrap().count(), 1);
}

#[test]
fn an_error_reply_shows_its_code_alone() {
    let error: ServerError = redis::parse_redis_value(b"-NOPERM User alice has no permissions\r\n")
        .map(|value| match value {
            Value::ServerError(error) => error,
            other => panic!("{other:?}"),
        })
        .unwrap();
    assert_eq!(
        items(&Value::ServerError(error), "SLOWLOG GET").unwrap_err().to_string(),
        "SLOWLOG GET: expected an array, got the error NOPERM"
    );
}

/// Any reply, with the words that parsers branch on among its strings.
fn any_reply() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..12),
        "[0-9]{0,20}(kb|mb|gb)?".prop_map(String::into_bytes),
        "(normal|slave|pubsub)( [0-9]{0,3}){0,6}".prop_map(String::into_bytes),
        "(cluster_[a-z-]{0,8}:[0-9.]{0,4}\r?\n){0,3}".prop_map(String::into_bytes),
        proptest::sample::select(server_config::keys().collect::<Vec<_>>()).prop_map(|key| key.as_bytes().to_vec()),
        proptest::sample::select(vec![&b"calls"[..], b"histogram_usec"]).prop_map(<[u8]>::to_vec),
    ];
    let leaf = prop_oneof![
        Just(Value::Nil),
        Just(Value::Okay),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Double),
        any::<bool>().prop_map(Value::Boolean),
        word.prop_map(Value::BulkString),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            proptest::collection::vec((inner.clone(), inner.clone()), 0..8).prop_map(Value::Map),
            inner.prop_map(attributed),
        ]
    })
}

/// A target that is asked everything.
static TARGET: LazyLock<RedisTarget> = LazyLock::new(|| {
    let text = "[[redis]]\nname = \"a\"\nurl = \"redis://h\"\ntop_k = 2\npubsub_patterns = [\"*\"]\n";
    parsed::<RedisTarget>(text).remove(0)
});

proptest! {
    #[test]
    fn no_reply_makes_a_question_panic(replies in proptest::collection::vec(any_reply(), 1..4)) {
        let mut out = crate::metric::Families::new();
        let mut facts = Facts::default();
        for row in QUESTIONS {
            let mut question = row.open(&TARGET);
            // A first poll, and one that remembers it.
            for _ in 0..2 {
                question.begin(&facts);
                if question.hear(replies.clone()).is_ok() {
                    question.tell(&mut facts);
                    if question.more(&facts).is_some() {
                        let _ = question.hear(replies.clone());
                    }
                }
                if let Some(answer) = question.answer(&facts) {
                    answer.export(&mut out);
                }
            }
        }
    }
}
