mod fake;
mod faults;
mod settings;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Clock};

use kafka_protocol::messages::ApiKey;
use proptest::prelude::*;

use self::fake::{Asked, Fake, Group, Topic, Twist, World};
use super::api::Ask;
use super::api::groups::{ConsumerGroupDescribe, DescribeGroups, FindCoordinator, ListGroups};
use super::api::hello::{ApiVersions, SaslAuthenticate, SaslHandshake};
use super::api::offsets::{ListOffsets, OffsetFetch};
use super::wire::{Malformed, Reader, Writer};
use super::*;
use crate::collector::parsed;
use crate::metric::text::{Format, exposition};

/// A target with those brokers.
fn target(ports: &[u16], keys: &str) -> KafkaTarget {
    let brokers: Vec<String> = ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
    let text = format!("[[kafka]]\nname = \"k\"\nbrokers = [{}]\n{keys}\n", brokers.join(", "));
    parsed(&text).remove(0)
}

fn collector(fake: &Fake, keys: &str) -> KafkaCollector {
    KafkaCollector::new(target(&fake.ports[..1], keys))
}

fn topic(name: &str, partitions: &[(i32, i64, i64)]) -> Topic {
    Topic { name: name.to_owned(), is_internal: name.starts_with("__"), partitions: partitions.to_vec() }
}

fn group(coordinator: i32, members: usize, committed: &[(&str, i32, i64)]) -> Group {
    let committed = committed.iter().map(|(topic, index, offset)| ((*topic).to_owned(), *index, *offset)).collect();
    Group { coordinator, members, protocol: if members > 0 { "consumer" } else { "" }, is_new: false, committed }
}

/// Two topics on two brokers, and four groups, of which one is no consumer's.
fn world() -> World {
    let groups = [
        ("reads", group(1, 2, &[("ticks", 0, 90), ("ticks", 1, 200), ("gone", 0, 7)])),
        ("left", group(2, 0, &[("ticks", 0, 40), ("orders", 0, 5)])),
        ("new", Group { is_new: true, ..group(2, 3, &[("orders", 0, 9)]) }),
        ("sink", Group { protocol: "connect", ..group(1, 1, &[]) }),
    ];
    World {
        topics: vec![
            topic("ticks", &[(1, 10, 100), (2, 0, 200)]),
            topic("orders", &[(2, 0, 12)]),
            topic("__consumer_offsets", &[(1, 0, 7)]),
        ],
        groups: groups.map(|(name, group)| (name.to_owned(), group)).into(),
        is_old: false,
    }
}

/// What is exported of a snapshot, of families that begin so.
fn lines(snapshot: &Snapshot, prefixes: &[&str]) -> Vec<String> {
    let mut families = Families::new();
    KafkaCollector::export(snapshot, &mut families);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    let shown = |line: &&str| prefixes.iter().any(|prefix| line.starts_with(prefix));
    text.lines().filter(shown).map(str::to_owned).collect()
}

const LAG: [&str; 3] = ["kafka_consumergroup_lag{", "kafka_consumergroup_lag_sum{", "kafka_consumergroup_members{"];

#[tokio::test]
async fn lag_is_told_of_all_groups_by_brokers_of_any_version() {
    for is_old in [false, true] {
        let fake = Fake::start(2, World { is_old, ..world() }, |_| None);
        let mut collector = collector(&fake, "max_poll_interval = \"5m\"");
        for poll in 1..=2 {
            let snapshot = collector.poll().await.unwrap();
            assert_eq!(collector.notes(), Vec::<String>::new());
            // An old broker does not tell the kind of a group, and asks about the members of all in one way.
            let seen = lines(&snapshot, &LAG);
            assert_eq!(
                seen,
                [
                    "kafka_consumergroup_lag{consumergroup=\"left\",topic=\"orders\",partition=\"0\"} 7",
                    "kafka_consumergroup_lag{consumergroup=\"left\",topic=\"ticks\",partition=\"0\"} 60",
                    "kafka_consumergroup_lag{consumergroup=\"new\",topic=\"orders\",partition=\"0\"} 3",
                    "kafka_consumergroup_lag{consumergroup=\"reads\",topic=\"ticks\",partition=\"0\"} 10",
                    "kafka_consumergroup_lag{consumergroup=\"reads\",topic=\"ticks\",partition=\"1\"} 0",
                    "kafka_consumergroup_lag_sum{consumergroup=\"left\",topic=\"orders\"} 7",
                    "kafka_consumergroup_lag_sum{consumergroup=\"left\",topic=\"ticks\"} 60",
                    "kafka_consumergroup_lag_sum{consumergroup=\"new\",topic=\"orders\"} 3",
                    "kafka_consumergroup_lag_sum{consumergroup=\"reads\",topic=\"ticks\"} 10",
                    "kafka_consumergroup_members{consumergroup=\"left\"} 0",
                    "kafka_consumergroup_members{consumergroup=\"new\"} 3",
                    "kafka_consumergroup_members{consumergroup=\"reads\"} 2",
                ]
            );
            // One connection to each broker, kept.
            assert_eq!((fake.asked(ApiKey::ApiVersions), fake.asked(ApiKey::Metadata)), (2, poll));
            assert_eq!(fake.asked(ApiKey::OffsetFetch), poll * if is_old { 3 } else { 2 });
        }
    }
}

#[tokio::test]
async fn the_names_are_those_of_kafka_exporter() {
    let fake = Fake::start(2, world(), |_| None);
    let snapshot = collector(&fake, "groups = [\"none\"]\ntopics = [\"ticks\"]").poll().await.unwrap();
    let address = |id: usize| format!("127.0.0.1:{}", fake.ports[id - 1]);
    let part = |name: &str, partition: u8, value: u8| {
        format!("kafka_topic_partition_{name}{{topic=\"ticks\",partition=\"{partition}\"}} {value}")
    };
    let mut expected = vec![
        format!("kafka_broker_info{{id=\"1\",address=\"{}\"}} 1", address(1)),
        format!("kafka_broker_info{{id=\"2\",address=\"{}\"}} 1", address(2)),
        "kafka_broker_up{id=\"1\"} 1".to_owned(),
        "kafka_broker_up{id=\"2\"} 1".to_owned(),
        "kafka_brokers 2".to_owned(),
        "kafka_consumergroups 0".to_owned(),
        "kafka_consumergroups_left_out 0".to_owned(),
    ];
    for (name, of_first, of_second) in [
        ("current_offset", 100, 200),
        ("in_sync_replica", 1, 1),
        ("leader", 1, 2),
        ("leader_is_preferred", 1, 0),
        ("oldest_offset", 10, 0),
        ("replicas", 2, 2),
        ("under_replicated_partition", 1, 1),
    ] {
        expected.extend([part(name, 0, of_first), part(name, 1, of_second)]);
    }
    expected.extend([
        "kafka_topic_partitions{topic=\"ticks\"} 2".to_owned(),
        "kafka_topic_partitions_left_out 0".to_owned(),
    ]);
    assert_eq!(lines(&snapshot, &["kafka_"]), expected);
}

#[tokio::test]
async fn a_leader_that_moves_between_two_questions_is_followed() {
    let mut moved = world();
    moved.topics[0].partitions[0] = (2, 10, 150);
    let fake = Fake::start(2, world(), move |asked| {
        let is_later = asked.key == ApiKey::ListOffsets || (asked.key == ApiKey::Metadata && asked.before > 0);
        is_later.then(|| Twist::As(moved.clone()))
    });
    let mut collector = collector(&fake, "groups = \"reads\"");
    let snapshot = collector.poll().await.unwrap();
    let lag = ["kafka_consumergroup_lag_sum", "kafka_topic_partition_leader{topic=\"ticks\",partition=\"0\"}"];
    let expected = [
        "kafka_consumergroup_lag_sum{consumergroup=\"reads\",topic=\"ticks\"} 60",
        "kafka_topic_partition_leader{topic=\"ticks\",partition=\"0\"} 2",
    ];
    assert_eq!(lines(&snapshot, &lag), expected);
    assert_eq!(collector.notes(), Vec::<String>::new());
    assert_eq!(fake.asked(ApiKey::Metadata), 2);
}

#[tokio::test]
async fn a_leader_that_is_not_found_in_the_second_round_either_is_told() {
    let mut moved = world();
    moved.topics[0].partitions = vec![(2, 10, 150), (1, 0, 20)];
    let fake =
        Fake::start(2, world(), move |asked| (asked.key == ApiKey::ListOffsets).then(|| Twist::As(moved.clone())));
    let mut collector = collector(&fake, "groups = \"reads\"\ntopics = \"ticks\"");
    let snapshot = collector.poll().await.unwrap();
    assert_eq!(lines(&snapshot, &["kafka_topic_partition_current_offset"]), Vec::<String>::new());
    let notes = collector.notes();
    let [note] = &notes[..] else { panic!("one for a topic: {notes:?}") };
    assert!(note.starts_with("ListOffsets of topic ticks of 127.0.0.1:"), "{note}");
    assert!(note.contains("the broker does not lead the partition"), "{note}");
    assert_eq!(fake.asked(ApiKey::Metadata), 2);
}

#[tokio::test]
async fn a_coordinator_that_moves_between_two_questions_is_followed() {
    let mut moved = world();
    moved.groups.get_mut("reads").unwrap().coordinator = 2;
    let fake =
        Fake::start(2, world(), move |asked| (asked.key != ApiKey::ListGroups).then(|| Twist::As(moved.clone())));
    let mut collector = collector(&fake, "groups = \"reads\"");
    let snapshot = collector.poll().await.unwrap();
    assert_eq!(
        lines(&snapshot, &LAG[1..]),
        [
            "kafka_consumergroup_lag_sum{consumergroup=\"reads\",topic=\"ticks\"} 10",
            "kafka_consumergroup_members{consumergroup=\"reads\"} 2"
        ]
    );
    assert_eq!((collector.notes(), fake.asked(ApiKey::FindCoordinator)), (Vec::new(), 1));
}

#[tokio::test]
async fn what_is_deleted_between_two_questions_is_gone() {
    let mut without = world();
    without.topics.remove(0);
    without.groups.remove("left");
    let fake = Fake::start(2, world(), move |asked| {
        let is_later = asked.key != ApiKey::ListGroups && (asked.key != ApiKey::Metadata || asked.before > 0);
        is_later.then(|| Twist::As(without.clone()))
    });
    let mut collector = collector(&fake, "");
    let snapshot = collector.poll().await.unwrap();
    assert_eq!(
        lines(&snapshot, &[&LAG[..], &["kafka_topic_partitions{"]].concat()),
        [
            "kafka_consumergroup_lag{consumergroup=\"new\",topic=\"orders\",partition=\"0\"} 3",
            "kafka_consumergroup_lag_sum{consumergroup=\"new\",topic=\"orders\"} 3",
            "kafka_consumergroup_members{consumergroup=\"new\"} 3",
            "kafka_consumergroup_members{consumergroup=\"reads\"} 2",
            "kafka_topic_partitions{topic=\"orders\"} 1",
        ]
    );
    assert_eq!(collector.notes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_retention_has_deleted_does_not_age() {
    let mut world = world();
    world.topics[0].partitions[0] = (1, 100, 100);
    let fake = Fake::start(2, world, |_| None);
    let mut collector = collector(&fake, "max_poll_interval = \"5m\"");
    collector.poll().await.unwrap();
    let snapshot = collector.poll().await.unwrap();
    let older = |prefix: &str| {
        let of = |line: String| line.rsplit_once(' ').map(|(series, age)| (series.to_owned(), age != "0")).unwrap();
        lines(&snapshot, &[prefix]).into_iter().map(of).collect::<Vec<_>>()
    };
    let age = |group: &str, topic: &str, is_older: bool| {
        (format!("kafka_consumergroup_lag_seconds{{consumergroup=\"{group}\",topic=\"{topic}\"}}"), is_older)
    };
    assert_eq!(
        older("kafka_consumergroup_lag_seconds"),
        [
            age("left", "orders", true),
            age("left", "ticks", false),
            age("new", "orders", true),
            age("reads", "ticks", false)
        ]
    );
    let ratio = |group: &str, is_older: bool| {
        (format!("kafka_consumergroup_max_poll_interval_ratio{{consumergroup=\"{group}\"}}"), is_older)
    };
    assert_eq!(
        older("kafka_consumergroup_max_poll_interval_ratio"),
        [ratio("left", true), ratio("new", true), ratio("reads", false)]
    );
}

#[tokio::test]
async fn ten_thousand_groups_are_counted_and_the_first_are_watched() {
    let mut world = world();
    world.groups = (0..10_000).map(|at| (format!("g{at:05}"), group(1 + at % 2, 1, &[("ticks", 1, 199)]))).collect();
    let fake = Fake::start(2, world, |_| None);
    let snapshot = collector(&fake, "max_groups = 300\nmax_partitions = 2").poll().await.unwrap();
    let counts = ["kafka_consumergroups", "kafka_topic_partitions_left_out"];
    let expected =
        ["kafka_consumergroups 10000", "kafka_consumergroups_left_out 9700", "kafka_topic_partitions_left_out 2"];
    assert_eq!(lines(&snapshot, &counts), expected);
    assert_eq!(snapshot.groups.len(), 300);
    assert_eq!((&*snapshot.groups[0].name, &*snapshot.groups[299].name), ("g00000", "g00299"));
    // All in four questions: a hundred groups each, of two brokers.
    assert_eq!(fake.asked(ApiKey::OffsetFetch), 4);
}

fn read<A: Ask>(bytes: &[u8]) {
    for version in A::VERSIONS {
        let _ = A::read(version.number, &mut Reader::new(bytes, version.flexible));
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_much_for_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read::<ApiVersions>(&bytes);
        read::<SaslHandshake>(&bytes);
        read::<SaslAuthenticate>(&bytes);
        read::<Metadata>(&bytes);
        read::<ListGroups>(&bytes);
        read::<DescribeGroups>(&bytes);
        read::<ConsumerGroupDescribe>(&bytes);
        read::<FindCoordinator>(&bytes);
        read::<OffsetFetch>(&bytes);
        read::<ListOffsets<'_>>(&bytes);
    }
}

#[test]
fn elements_of_a_byte_each_have_a_bound_of_their_own() {
    for (length, expected) in
        [(1_000_000, Ok(1_000_000)), (1_000_001, Err(Malformed("it has more than a million elements")))]
    {
        let mut names = Writer::new(true);
        names.length(Some(length));
        names.bytes.resize(names.bytes.len() + length, 1);
        let mut reader = Reader::new(&names.bytes, true);
        assert_eq!(reader.array(|name| name.string().map(|_| ())).map(|names| names.len()), expected);
    }
}
