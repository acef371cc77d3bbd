//! Keys: what is asked, and what becomes of the replies.

use redis::Value;

use super::super::info;
use super::super::reply::build::{array, bulk, error, words};
use super::super::slot::Slots;
use super::*;
use crate::collector::KINDS;
use crate::config::{Config, ConfigError};
use crate::metric::text::{Format, exposition};

fn config(text: &str) -> Result<Config, ConfigError> {
    let text = format!("[[redis]]\nname = \"main\"\nurl = \"redis://127.0.0.1/1\"\n{text}");
    Config::parse(&text, "config.toml".as_ref(), &|_| None, KINDS)
}

fn target(text: &str) -> RedisTarget {
    config(text).unwrap().targets_of::<RedisTarget>().next().unwrap().clone()
}

fn scan(cursor: u64, keys: &[&str]) -> Value {
    array([bulk(&cursor.to_string()), array(keys.iter().map(|key| bulk(key)))])
}

/// Begins a poll with these replies.
fn begin(keys: &mut Keys, replies: Vec<Value>) -> Heard {
    keys.prepare(&Facts::default());
    assert_eq!(keys.commands(&Facts::default()).len(), replies.len());
    keys.read(replies).unwrap()
}

/// Another round trip with these replies.
fn go_on(keys: &mut Keys, heard: &mut Heard, expected: &[&str], replies: Vec<Value>) {
    let request = keys.more(heard, &Facts::default());
    assert_eq!(request.map(|request| words(&request.commands)).unwrap_or_default(), expected);
    keys.read_more(heard, replies).unwrap();
}

fn samples(told: &Told) -> Vec<String> {
    let mut families = Families::new();
    Keys::export(told, &mut families);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.contains("seconds"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_key_is_looked_at_and_then_sized_by_its_type() {
    let mut keys =
        Keys::new(&target("[[redis.key]]\nname = [\"l\", \"t\", \"none\"]\n[[redis.key]]\nname = \"h\"\ndb = 0\n"));
    keys.prepare(&Facts::default());
    let expected = ["SELECT 0", "TYPE h", "SELECT 1", "TYPE l", "TYPE none", "TYPE t"];
    assert_eq!(words(&keys.commands(&Facts::default())), expected);
    let replies = ["OK", "hash", "OK", "list", "none", "string"].map(bulk).to_vec();
    let mut heard = keys.read(replies).unwrap();
    let sizes = ["SELECT 0", "HLEN h", "SELECT 1", "LLEN l", "STRLEN t", "GETRANGE t 0 63"];
    let replies = vec![Value::Okay, Value::Int(5), Value::Okay, error("WRONGTYPE x"), Value::Int(2), bulk("42")];
    go_on(&mut keys, &mut heard, &sizes, replies);
    assert!(keys.more(&heard, &Facts::default()).is_none());
    assert_eq!(
        samples(&keys.answer(heard, &Facts::default())),
        [
            r#"redis_key_size{db="db0",key="h"} 5"#,
            r#"redis_key_size{db="db1",key="none"} 0"#,
            r#"redis_key_size{db="db1",key="t"} 2"#,
            r#"redis_key_value{db="db1",key="t"} 42"#,
        ]
    );
}

#[test]
fn keys_of_other_nodes_are_not_asked_for() {
    let mut keys = Keys::new(&target("[[redis.key]]\nname = [\"foo\", \"user1000\"]\n"));
    let mut facts = Facts::default();
    facts.slots = Slots::parse("0-5460");
    keys.prepare(&facts);
    assert_eq!(words(&keys.commands(&facts)), ["TYPE user1000"]);
    let heard = keys.read(vec![error("MOVED 3443 127.0.0.1:7001")]).unwrap();
    assert!(samples(&keys.answer(heard, &facts)).is_empty(), "it has moved since");
}

#[test]
fn of_several_nodes_replicas_are_not_asked() {
    let mut facts = Facts::default();
    facts.learn_info(&Arc::new(info::parse(b"# Replication\r\nrole:slave\r\n")));
    let mut target = target("[[redis.key]]\nname = \"foo\"\n[[redis.key]]\nmatch = \"*\"\n");
    for (node, asked) in [(None, &["TYPE foo", "SCAN 0 COUNT 250"][..]), (Some(([10, 0, 0, 7], 6379).into()), &[])] {
        target.node = node;
        let mut keys = Keys::new(&target);
        keys.prepare(&facts);
        assert_eq!(words(&keys.commands(&facts)), asked);
    }
}

#[test]
fn groups_of_one_database_are_of_one_table() {
    let groups = "[[redis.key]]\nmatch = \"s:*\"\ngroups = [\"(.)\"]\n";
    // The target's database is 1.
    let error = config(&format!("{groups}{groups}db = 1\n")).unwrap_err().to_string();
    assert!(error.contains("two tables with groups are of the same database"), "{error}");
    config(&format!("{groups}{groups}db = 2\n")).unwrap();
}

#[test]
fn two_tables_of_a_pattern_count_it_once() {
    let tables = "[[redis.key]]\nmatch = \"*\"\n[[redis.key]]\nmatch = \"*\"\ngroups = [\"(.)\"]\n";
    let mut keys = Keys::new(&target(tables));
    let mut heard = begin(&mut keys, vec![scan(0, &["a"])]);
    go_on(&mut keys, &mut heard, &["TYPE a"], vec![bulk("list")]);
    go_on(&mut keys, &mut heard, &["LLEN a"], vec![Value::Int(1)]);
    let told = samples(&keys.answer(heard, &Facts::default()));
    assert_eq!(told.iter().filter(|line| line.starts_with("redis_keys_count")).count(), 1, "{told:?}");
}

#[test]
fn a_key_that_scan_names_twice_is_shown_once_however_it_grew() {
    let mut keys = Keys::new(&target("scan_keys = 10\n[[redis.key]]\nmatch = \"s:*\"\n"));
    let mut heard = begin(&mut keys, vec![scan(0, &["s:a", "s:b", "s:a"])]);
    go_on(&mut keys, &mut heard, &["TYPE s:a", "TYPE s:b", "TYPE s:a"], ["list"; 3].map(bulk).to_vec());
    let sizes = [5, 6, 7].map(Value::Int).to_vec();
    go_on(&mut keys, &mut heard, &["LLEN s:a", "LLEN s:b", "LLEN s:a"], sizes);
    let told = samples(&keys.answer(heard, &Facts::default()));
    let shown: Vec<_> = told.iter().filter(|line| line.starts_with("redis_key_size")).collect();
    assert_eq!(shown, [r#"redis_key_size{db="db1",key="s:a"} 7"#, r#"redis_key_size{db="db1",key="s:b"} 6"#]);
}

#[test]
fn what_may_not_be_asked_is_left_out_until_there_is_a_new_connection() {
    let mut keys = Keys::new(&target("[[redis.key]]\nname = [\"a\", \"b\"]\n[[redis.key]]\nname = \"c\"\ndb = 99\n"));
    let (denied, range) = ("NOPERM No permissions to access a key", "ERR DB index is out of range");
    let replies = vec![error(denied), bulk("hash"), error(range), bulk("string"), Value::Okay];
    let mut heard = begin(&mut keys, replies);
    let refused = "NOPERM User x has no permissions to run the 'hlen' command";
    go_on(&mut keys, &mut heard, &["HLEN b"], vec![error(refused)]);
    assert!(samples(&keys.answer(heard, &Facts::default())).is_empty());
    keys.prepare(&Facts::default());
    assert_eq!(words(&keys.commands(&Facts::default())), ["TYPE b"]);
    let note = keys.left_out(&Facts::default()).unwrap();
    assert_eq!(note, format!("HLEN of keys is refused: {refused} (and 2 more)"));
    keys.renew();
    keys.prepare(&Facts::default());
    assert_eq!(keys.commands(&Facts::default()).len(), 5);

    for (code, detail, pardoned) in [
        ("NOPERM", "No permissions to access a key", true),
        ("NOPERM", "User x has no permissions to run the 'type' command", false),
        ("ERR", "unknown command 'TYPE'", false),
        ("MOVED", "1 127.0.0.1:7001", true),
        ("LOADING", "", false),
        ("NOAUTH", "Authentication required.", false),
    ] {
        assert_eq!(keys.pardons(0, code, detail), pardoned, "{code} {detail}");
    }
    assert!(keys.pardons(2, "ERR", "DB index is out of range"), "it is SELECT");
}

#[test]
fn a_pattern_tells_its_last_whole_pass() {
    let mut keys = Keys::new(&target("scan_keys = 10\n[[redis.key]]\nmatch = \"s:*\"\ntop = 1\n"));
    keys.prepare(&Facts::default());
    assert_eq!(words(&keys.commands(&Facts::default())), ["SCAN 0 COUNT 10"]);
    // Eleven: one more than was asked for, which the next poll is short of.
    let eleven = ["s:a", "s:b", "x", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8"];
    let mut heard = begin(&mut keys, vec![scan(7, &eleven)]);
    go_on(&mut keys, &mut heard, &["TYPE s:a", "TYPE s:b"], ["list", "set"].map(bulk).to_vec());
    go_on(&mut keys, &mut heard, &["LLEN s:a", "SCARD s:b"], vec![Value::Int(5), Value::Int(9)]);
    assert!(keys.more(&heard, &Facts::default()).is_none(), "the budget is spent");
    let told = keys.answer(heard, &Facts::default());
    assert_eq!(samples(&told), ["redis_key_scanned_keys_total 11"], "nothing before the first pass has ended");

    keys.prepare(&Facts::default());
    assert_eq!(words(&keys.commands(&Facts::default())), ["SCAN 7 COUNT 9"]);
    let mut heard = begin(&mut keys, vec![scan(0, &["s:c", "s:gone"])]);
    go_on(&mut keys, &mut heard, &["TYPE s:c", "TYPE s:gone"], ["zset", "none"].map(bulk).to_vec());
    go_on(&mut keys, &mut heard, &["ZCARD s:c"], vec![Value::Int(2)]);
    assert!(keys.more(&heard, &Facts::default()).is_none(), "the pass has ended, and the next one is of the next poll");
    let expected = [
        r#"redis_key_scan_keys{db="db1"} 13"#,
        "redis_key_scanned_keys_total 13",
        r#"redis_key_size{db="db1",key="s:b"} 9"#,
        r#"redis_key_size{db="db1",key="__other__"} 7"#,
        r#"redis_keys_count{db="db1",key="s:*"} 4"#,
    ];
    assert_eq!(samples(&keys.answer(heard, &Facts::default())), expected);

    // A poll whose connection broke between two questions: the part is asked for again.
    let heard = begin(&mut keys, vec![scan(9, &["s:a"])]);
    assert!(keys.more(&heard, &Facts::default()).is_some());
    let told = keys.answer(heard, &Facts::default());
    assert_eq!(samples(&told), expected, "the last whole pass still");
    keys.prepare(&Facts::default());
    assert_eq!(words(&keys.commands(&Facts::default())), ["SCAN 0 COUNT 10"]);
}

#[test]
fn keys_that_may_not_be_read_are_counted() {
    let mut keys = Keys::new(&target("scan_keys = 10\n[[redis.key]]\nmatch = \"s:*\"\n"));
    let mut heard = begin(&mut keys, vec![scan(0, &["s:a", "s:b"])]);
    let denied = "NOPERM No permissions to access a key";
    go_on(&mut keys, &mut heard, &["TYPE s:a", "TYPE s:b"], vec![error(denied), error(denied)]);
    keys.answer(heard, &Facts::default());
    let heard = begin(&mut keys, vec![scan(0, &["s:a", "s:b", "s:c"])]);
    assert!(keys.more(&heard, &Facts::default()).is_none(), "they are not asked for again");
    let told = samples(&keys.answer(heard, &Facts::default()));
    assert!(told.contains(&r#"redis_keys_count{db="db1",key="s:*"} 3"#.to_owned()), "{told:?}");
    let note = keys.left_out(&Facts::default()).unwrap();
    assert_eq!(note, format!("keys in database 1 may not be read, and so only their number is told: {denied}"));
}

#[test]
fn the_next_part_is_asked_for_together_with_what_the_last_one_named() {
    let mut keys = Keys::new(&target("scan_keys = 500\n[[redis.key]]\nmatch = \"a*\"\n"));
    let many: Vec<String> = (0..250).map(|index| format!("x{index}")).chain(["a1".to_owned()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut heard = begin(&mut keys, vec![scan(3, &many)]);
    go_on(&mut keys, &mut heard, &["TYPE a1", "SCAN 3 COUNT 249"], vec![bulk("set"), scan(0, &["a2"])]);
    go_on(&mut keys, &mut heard, &["SCARD a1", "TYPE a2"], vec![Value::Int(3), bulk("hash")]);
    go_on(&mut keys, &mut heard, &["HLEN a2"], vec![Value::Int(4)]);
    assert!(keys.more(&heard, &Facts::default()).is_none());
    let told = samples(&keys.answer(heard, &Facts::default()));
    assert_eq!(told[2..4], [r#"redis_key_size{db="db1",key="a2"} 4"#, r#"redis_key_size{db="db1",key="a1"} 3"#]);
}

#[test]
fn databases_are_walked_in_turn() {
    let mut keys = Keys::new(&target("scan_keys = 10\n[[redis.key]]\nmatch = \"*\"\ntop = 0\ndb = [1, 2, 3]\n"));
    let mut heard = begin(&mut keys, vec![scan(0, &["a", "b"])]);
    // The second database refuses, and costs the third its turn of this poll.
    go_on(
        &mut keys,
        &mut heard,
        &["SELECT 2", "SCAN 0 COUNT 8", "SELECT 1"],
        vec![error("ERR DB index is out of range"), scan(0, &["a", "b"]), Value::Okay],
    );
    assert!(keys.more(&heard, &Facts::default()).is_none());
    keys.answer(heard, &Facts::default());
    let mut heard = begin(&mut keys, vec![Value::Okay, scan(0, &["c"]), Value::Okay]);
    go_on(&mut keys, &mut heard, &["SCAN 0 COUNT 9"], vec![scan(0, &["a"])]);
    let told = samples(&keys.answer(heard, &Facts::default()));
    assert!(told.contains(&r#"redis_keys_count{db="db1",key="*"} 1"#.to_owned()), "{told:?}");
    assert!(told.contains(&r#"redis_keys_count{db="db3",key="*"} 1"#.to_owned()), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("db2")), "{told:?}");
}

#[test]
fn groups_are_named_by_what_is_captured_and_bounded() {
    let mut keys = Keys::new(&target("[[redis.key]]\nmatch = \"*\"\ngroups = ['^(\\w+):', '^(a)-(b)']\ntop = 2\n"));
    let heard = begin(&mut keys, vec![scan(0, &["s:1", "s:2", "s:3", "a-b", "none", "none2", "t:1"])]);
    assert!(keys.more(&heard, &Facts::default()).is_none(), "no key's type is wanted");
    assert_eq!(
        samples(&keys.answer(heard, &Facts::default())),
        [
            r#"redis_key_group_count{db="db1",key_group="s"} 3"#,
            r#"redis_key_group_count{db="db1",key_group="unclassified"} 2"#,
            r#"redis_key_group_count{db="db1",key_group="overflow"} 2"#,
            r#"redis_key_scan_keys{db="db1"} 7"#,
            "redis_key_scanned_keys_total 7",
            r#"redis_keys_count{db="db1",key="*"} 7"#,
            r#"redis_number_of_distinct_key_groups{db="db1"} 4"#,
        ]
        .map(str::to_owned)
        .to_vec()
    );
}

#[test]
fn a_thousand_keys_cost_one_more_round_trip() {
    let names: Vec<String> = (0..1_000).map(|index| format!("\"k{index:03}\"")).collect();
    let mut keys = Keys::new(&target(&format!("[[redis.key]]\nname = [{}]\nmemory = true\n", names.join(", "))));
    let mut heard = begin(&mut keys, vec![bulk("list"); 1_000]);
    let sizes: Vec<String> = (0..1_000).map(|index| format!("LLEN k{index:03}")).collect();
    let sizes: Vec<&str> = sizes.iter().map(String::as_str).collect();
    go_on(&mut keys, &mut heard, &sizes, vec![Value::Int(1); 1_000]);
    assert!(keys.more(&heard, &Facts::default()).is_none());
    assert_eq!(samples(&keys.answer(heard, &Facts::default())).len(), 1_000);
}

#[test]
fn a_label_shows_every_byte_and_has_a_bound() {
    assert_eq!(key_label(b"a b\n"), "a b\n");
    assert_eq!(key_label(b"b\xff\xfe-\xc3"), "b\\xff\\xfe-\\xc3");
    let long = [key_label(&[b'x'; 400]).into_owned(), key_label(&[b'x'; 401]).into_owned()];
    assert!(long[0].starts_with(&"x".repeat(180)) && long[0].len() == 189 && long[0] != long[1], "{long:?}");
    assert_eq!(key_label("\u{e9}".repeat(150).as_bytes()).len(), 189);
    assert!(key_label(&vec![0xff; 1 << 20]).len() <= 189);
}
