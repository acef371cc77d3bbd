//! Streams: what recorded replies tell.

use redis::Value;

use super::super::reply::build::{array, bulk};
use super::read::{Consumer, Group, Info, Others};
use super::*;
use crate::metric::text::{Format, exposition};

/// Names and numbers, as XINFO alternates them.
fn fields(fields: &[(&str, Value)]) -> Value {
    array(fields.iter().flat_map(|(name, value)| [bulk(name), value.clone()]))
}

fn group(name: &str, pending: i64, lag: Value) -> Value {
    fields(&[
        ("name", bulk(name)),
        ("consumers", Value::Int(1)),
        ("pending", Value::Int(pending)),
        ("last-delivered-id", bulk("1700000000000-3")),
        ("entries-read", Value::Int(7)),
        ("lag", lag),
    ])
}

#[test]
fn a_recorded_reply_of_7_0_15() {
    let entry = |id: &str| array([bulk(id), array([bulk("field"), bulk("value")])]);
    let reply = fields(&[
        ("length", Value::Int(3)),
        ("radix-tree-keys", Value::Int(1)),
        ("radix-tree-nodes", Value::Int(2)),
        ("last-generated-id", bulk("1700000000005-1")),
        ("max-deleted-entry-id", bulk("0-0")),
        ("entries-added", Value::Int(9)),
        ("recorded-first-entry-id", bulk("1700000000001-0")),
        ("groups", Value::Int(2)),
        ("first-entry", entry("1700000000001-0")),
        ("last-entry", entry("1700000000005-1")),
    ]);
    let expected = Info {
        length: Some(3),
        radix_tree_keys: Some(1),
        radix_tree_nodes: Some(2),
        groups: Some(2),
        entries_added: Some(9),
        last_generated: Some(1_700_000_000_005),
        max_deleted: Some(0),
        first: Some(1_700_000_000_001),
        last: Some(1_700_000_000_005),
    };
    assert_eq!(read::info(&reply).unwrap(), expected);
    let empty = fields(&[("length", Value::Int(0)), ("first-entry", Value::Nil), ("last-entry", Value::Nil)]);
    assert_eq!(read::info(&empty).unwrap(), Info { length: Some(0), ..Info::default() });
    assert!(read::info(&Value::Int(1)).is_err());
}

#[test]
fn of_ten_thousand_groups_those_are_shown_that_are_furthest_behind() {
    let reply = array((0..10_000).map(|index| group(&format!("g{index:05}"), index % 100, Value::Int(index))));
    let (shown, others) = read::furthest_behind(read::groups(&reply).unwrap(), 3);
    let names: Vec<_> = shown.iter().map(|group| String::from_utf8_lossy(&group.name).into_owned()).collect();
    assert_eq!(names, ["g09999", "g09998", "g09997"]);
    let sum = |numbers: std::ops::Range<u64>| numbers.sum::<u64>();
    let expected =
        Others { groups: 9_997, consumers: 9_997, pending: 100 * sum(0..100) - 99 - 98 - 97, lag: Some(sum(0..9_997)) };
    assert_eq!(others, expected);
}

#[test]
fn a_lag_that_the_server_cannot_tell_is_absent() {
    let (groups, others) = read::furthest_behind(read::groups(&array([group("a", 2, Value::Nil)])).unwrap(), 1);
    assert_eq!((groups[0].lag, groups[0].pending, others), (None, 2, Others::default()));
    assert!(read::groups(&array([Value::Int(1)])).is_err());
}

#[test]
fn consumers_with_the_most_pending_entries_are_shown() {
    let consumer = |name: &str, pending: i64| {
        fields(&[("name", bulk(name)), ("pending", Value::Int(pending)), ("idle", Value::Int(1_500))])
    };
    let reply = array([consumer("a", 1), consumer("b", 5), consumer("c", 2)]);
    let b = Consumer { name: b"b".to_vec(), pending: 5, idle: Some(1_500) };
    assert_eq!(read::consumers(&reply, 1).unwrap(), (vec![b], Some(3)));
    assert_eq!(read::consumers(&reply, 3).unwrap().1, None);
}

#[test]
fn the_age_of_what_is_pending_is_told_where_ids_are_times() {
    let xpending = |first: &str| array([Value::Int(2), bulk(first), bulk("1700000000009-0"), array([])]);
    assert_eq!(read::oldest(&xpending("1700000000001-4")).unwrap(), Some(1_700_000_000_001));
    assert_eq!(read::oldest(&array([Value::Int(0), Value::Nil, Value::Nil, Value::Nil])).unwrap(), None);
    let samples = |oldest: u64| {
        let group = Group { name: b"g\n".to_vec(), pending: 2, oldest: Some(oldest), ..Group::default() };
        let key = StreamKey { database: 1, key: b"s\xff".to_vec(), consumers: true, top: 1 };
        let stream = Stream { info: None, groups: vec![group], others: Others::default() };
        let mut families = Families::new();
        Streams::export(&Told { streams: vec![(key, stream)], now: 1_700_000_060_500 }, &mut families);
        let text = exposition(&families.into_sorted(), Format::Prometheus);
        text.lines().find(|line| line.starts_with("redis_stream_group_oldest")).map(str::to_owned)
    };
    let line = r#"redis_stream_group_oldest_pending_seconds{db="db1",stream="s\\xff",group="g\n"}"#;
    assert_eq!(samples(1_700_000_000_000), Some(format!("{line} 60.5")));
    assert_eq!(samples(1_700_000_090_000), Some(format!("{line} 0")), "the clock of the client goes ahead");
    assert_eq!(samples(5), None, "an id of the application's own");
    assert_eq!(samples(u64::MAX), None);
}
