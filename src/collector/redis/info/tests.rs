mod servers;

use proptest::prelude::*;

use super::*;
use crate::metric::text::{Format, exposition, is_metric_name};
use crate::metric::{Families, Kind, Rejections};

const REDIS_2_8: &[u8] = include_bytes!("../../../../tests/fixtures/info/redis-2.8.txt");
const REDIS_7_0: &[u8] = include_bytes!("../../../../tests/fixtures/info/redis-7.0.txt");
const REDIS_8: &[u8] = include_bytes!("../../../../tests/fixtures/info/redis-8.txt");
const VALKEY_8: &[u8] = include_bytes!("../../../../tests/fixtures/info/valkey-8.txt");
const VALKEY_9: &[u8] = include_bytes!("../../../../tests/fixtures/info/valkey-9.txt");
const KEYDB: &[u8] = include_bytes!("../../../../tests/fixtures/info/keydb-6.3.txt");
const SENTINEL: &[u8] = include_bytes!("../../../../tests/fixtures/info/sentinel-7.0.txt");

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/info/redis-7.0.prom");

/// The samples of a reply, as text, one a line.
fn samples(reply: &[u8]) -> Vec<String> {
    let mut out = Families::new();
    export(&parse(reply), None, None, &mut out);
    assert_eq!(out.rejections(), Rejections::default());
    let text = exposition(&out.into_sorted(), Format::Prometheus);
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn assert_samples(reply: &[u8], expected: &[&str]) {
    let samples = samples(reply);
    for line in expected {
        assert!(samples.iter().any(|sample| sample == line), "{line} is not in\n{}", samples.join("\n"));
    }
}

/// The samples whose name begins with `prefix`.
fn samples_of(reply: &[u8], prefix: &str) -> Vec<String> {
    samples(reply).into_iter().filter(|sample| sample.starts_with(prefix)).collect()
}

#[test]
fn golden_redis_7_0() {
    let mut out = Families::new();
    export(&parse(REDIS_7_0), Some(4), Some(1_795_266_651.0), &mut out);
    assert_eq!(out.rejections(), Rejections::default());
    let text = exposition(&out.into_sorted(), Format::Prometheus);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &text).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    assert!(text == golden, "differs from {GOLDEN}; UPDATE_GOLDEN=1 rewrites it. Now:\n{text}");
}

#[test]
fn accessors() {
    let info = parse(REDIS_7_0);
    assert_eq!(info.run_id(), Some("d90151f54045ac1f3a12d7b725f59d8714d60a77"));
    assert_eq!(info.version(), Some("7.0.15"));
    assert_eq!(info.version_tuple(), Some((7, 0, 15)));
    assert_eq!(info.role(), Some("master"));
    assert_eq!(info.mode(), Some("standalone"));
    assert!(!info.cluster_enabled());
    assert!(!info.loading());
    assert_eq!(info.uptime_seconds(), Some(24.0));
    assert_eq!(info.server_time_usec(), Some(1_795_266_675_857_174.0));
    assert_eq!(info.number("maxmemory"), Some(536_870_912.0));
    assert_eq!(info.number("keyspace_hits"), Some(1.0));
    assert_eq!(info.number("keyspace_misses"), Some(1.0));
    assert_eq!(info.number("connected_clients"), Some(1.0));
    assert_eq!(info.number("tcp_port"), Some(6379.0));
    assert_eq!(info.number("process_id"), Some(4242.0));
    assert_eq!(info.number("role"), None);
    assert_eq!(info.number("redis_git_dirty"), None);
    assert_eq!(info.number("no_such_key"), None);
    assert_eq!(info.command_usec("get"), Some(4));
    assert_eq!(info.command_usec("config"), Some(223));
    assert!(info.commands.is_sorted_by(|a, b| a.name < b.name));
    assert_eq!(
        info.databases.iter().map(|db| (db.index, db.keys)).collect::<Vec<_>>(),
        [(0, Some(7.0)), (3, Some(1.0))]
    );
    assert_eq!(info.replicas.len(), 1);
    assert_eq!(info.malformed, 0);
    assert!(!info.is_empty());
}

#[test]
fn versions_with_and_without_parts() {
    for (version, expected) in [
        ("7.2.4", Some((7, 2, 4))),
        ("7.2", Some((7, 2, 0))),
        ("8", Some((8, 0, 0))),
        ("6.2.6-v1", Some((6, 2, 6))),
        ("255.255.255", Some((255, 255, 255))),
        ("df-v1.2", None),
        ("", None),
    ] {
        assert_eq!(parse(format!("redis_version:{version}\r\n").as_bytes()).version_tuple(), expected, "{version}");
    }
    assert_eq!(parse(b"").version_tuple(), None);
}

#[test]
fn line_ends_blank_lines_and_colons() {
    let crlf = parse(REDIS_7_0);
    let lf: Vec<u8> = REDIS_7_0.iter().copied().filter(|byte| *byte != b'\r').collect();
    assert_eq!(parse(&lf), crlf);
    assert_eq!(parse(&lf).malformed, 0);

    let info = parse(b"\n\r\n# Nothing\nno colon\n:\n:1\nnew_field:1\nos:Linux: 6.1: x\nrole:\n");
    assert_eq!(info.text(Text::Os), Some("Linux: 6.1: x"));
    assert_eq!(info.role(), Some(""));
    assert_eq!(info.malformed, 0);
}

#[test]
fn malformed_numbers_are_absent_and_counted() {
    let reply =
        b"uptime_in_seconds:abc\nused_memory:\nconnected_clients:1.5M\nkeyspace_hits:7\nmem_fragmentation_ratio:nan\n";
    let info = parse(reply);
    assert_eq!(info.malformed, 4);
    assert_eq!(samples(reply).len(), 3);
    assert_samples(reply, &["redis_info_malformed_fields 4", "redis_keyspace_hits_total 7"]);
    assert!(samples_of(reply, "redis_instance_info").len() == 1);
}

#[test]
fn every_kind_of_malformed_line_is_counted_once() {
    for line in [
        "cmdstat_get:calls=x",
        "errorstat_ERR:count=x",
        "latency_percentiles_usec_get:p50=x",
        "db0:xxx",
        "slave0:offset=abc,lag=0",
        "master0:name=a,slaves=x,sentinels=1",
        "module:ver=1",
        "io_thread_0:clients=x",
        "used_active_time_io_thread_1:x",
        "master_last_io_seconds_ago:x",
    ] {
        assert_eq!(parse(format!("{line}\r\n").as_bytes()).malformed, 1, "{line}");
    }
    for line in [
        "slave:offset=1,lag=0",
        "slaveA:offset=1,lag=0",
        "master:slaves=x",
        "masterA:slaves=x",
        "xxx:keys=1",
        "borked_stats:calls=75",
    ] {
        let info = parse(format!("{line}\r\n").as_bytes());
        assert!(info.is_empty(), "{line}");
        assert_eq!(info.malformed, 0, "{line}");
    }
}

#[test]
fn what_is_no_info_reply_is_empty() {
    for reply in [&b""[..], b"\n", b"# Keyspace\r\n", b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", b"\x00\xff\xfe\n:\n"] {
        assert!(parse(reply).is_empty());
        assert_eq!(samples(reply), ["redis_info_malformed_fields 0"]);
    }
    assert!(!parse(b"role:master\n").is_empty());
    assert!(!parse(b"db0:keys=1\n").is_empty());
}

#[test]
fn role_may_be_missing() {
    assert_eq!(parse(b"# Replication\r\nrole:slave\r\n").role(), Some("slave"));
    assert_eq!(parse(b"redis_version:7.0.0\r\n").role(), None);
}

#[test]
fn a_command_line_is_no_latency_line() {
    let info = parse(b"latency_percentiles_usec_get:p50=1.0\ncmdstat_get:calls=1,usec=5,usec_per_call=5.00\n");
    assert_eq!(info.command_usec("get"), Some(5));
    assert_eq!(parse(b"latency_percentiles_usec_get:calls=1,usec=5\n").command_usec("get"), None);
}

#[test]
fn a_reply_cut_anywhere_has_no_wrong_number() {
    let whole = parse(REDIS_7_0);
    for cut in 0..REDIS_7_0.len() {
        let info = parse(&REDIS_7_0[..cut]);
        for (part, full) in info.numbers.iter().zip(&whole.numbers) {
            assert!(part.is_none() || part == full, "cut at {cut}");
        }
        for (part, full) in info.texts.iter().zip(&whole.texts) {
            assert!(part.is_none() || part == full, "cut at {cut}");
        }
        assert!(info.commands.iter().all(|command| whole.commands.contains(command)), "cut at {cut}");
        assert!(whole.errors.starts_with(&info.errors), "cut at {cut}");
        assert!(whole.databases.starts_with(&info.databases), "cut at {cut}");
        assert!(whole.replicas.starts_with(&info.replicas), "cut at {cut}");
        let at_line_end = cut == 0 || REDIS_7_0[cut - 1] == b'\n';
        assert_eq!(info.malformed, u64::from(!at_line_end), "cut at {cut}");
    }
}

#[test]
fn databases_are_filled_where_there_are_databases() {
    let keys = |reply: &[u8], databases| {
        let mut out = Families::new();
        export(&parse(reply), databases, None, &mut out);
        out.get("redis_db_keys").map_or(0, |family| family.values().count())
    };
    assert_eq!(keys(b"role:master\n# Keyspace\n", None), 16);
    assert_eq!(keys(b"role:master\n# Keyspace\n", Some(4)), 4);
    assert_eq!(keys(b"role:master\n# Keyspace\ndb9:keys=1,expires=0\n", Some(4)), 5);
    assert_eq!(keys(b"cluster_enabled:1\n# Keyspace\n", None), 1);
    assert_eq!(keys(b"cluster_enabled:1\n# Keyspace\ndb0:keys=1,expires=0\n", Some(16)), 1);
    // A reply without the section says nothing of the databases.
    assert_eq!(keys(b"role:master\n", None), 0);
    assert_eq!(keys(SENTINEL, None), 0);
}

#[test]
fn keys_of_the_cluster_pass_with_a_sanitised_name() {
    let reply = b"role:master\ncluster_links-x.y:3\ncluster_word:up\ncluster_state:ok\n";
    assert_eq!(samples_of(reply, "redis_cluster"), ["redis_cluster_links_x_y 3", "redis_cluster_state 1"]);
    assert_eq!(parse(reply).malformed, 0);
}

#[test]
fn metrics_lists_every_name_once_and_export_pushes_no_other() {
    let metrics = metrics();
    let mut names: Vec<_> = metrics.iter().map(|metric| metric.name).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|a, b| a < b));
    for metric in &metrics {
        assert!(
            is_metric_name(metric.name) && metric.help.ends_with('.') && metric.source.starts_with("INFO"),
            "{metric:?}"
        );
    }
    for reply in [REDIS_2_8, REDIS_7_0, REDIS_8, VALKEY_8, VALKEY_9, KEYDB, SENTINEL] {
        let mut out = Families::new();
        export(&parse(reply), None, Some(1.0), &mut out);
        for family in &out.into_sorted() {
            if family.name() == "redis_cluster_incompatible_ops" {
                continue;
            }
            let listed = metrics.iter().find(|metric| metric.name == family.name());
            assert_eq!(listed.map(|metric| metric.kind), Some(family.kind()), "{}", family.name());
        }
    }
}

#[test]
fn names_that_others_rely_on_keep_their_odd_types() {
    let metrics = metrics();
    for (name, kind) in [
        ("redis_rdb_saves_total", Kind::Gauge),
        ("redis_migrate_cached_sockets_total", Kind::Gauge),
        ("redis_total_error_replies", Kind::Counter),
        ("redis_expired_time_cap_reached_total", Kind::Counter),
        ("redis_search_active_queries_total", Kind::Counter),
        ("redis_latency_percentiles_usec", Kind::Summary),
    ] {
        assert_eq!(metrics.iter().find(|metric| metric.name == name).map(|metric| metric.kind), Some(kind), "{name}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(reply in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mut out = Families::new();
        export(&parse(&reply), None, None, &mut out);
    }

    #[test]
    fn a_reply_with_any_bytes_in_it_is_read(at in 0..REDIS_7_0.len(), junk in proptest::collection::vec(any::<u8>(), 0..64)) {
        let mut reply = REDIS_7_0.to_vec();
        let end = (at + junk.len()).min(reply.len());
        reply.splice(at..end, junk);
        let mut out = Families::new();
        export(&parse(&reply), None, None, &mut out);
        prop_assert_eq!(out.rejections().name, 0);
    }

    #[test]
    fn lines_of_known_kinds_take_any_value(
        key in "(cmdstat_|errorstat_|latency_percentiles_usec_|db|slave|master|master_|cluster_|module|io_thread_|used_memory|role)[0-9a-z|]{0,4}",
        value in "[a-z0-9=,.:%p-]{0,40}",
    ) {
        let mut out = Families::new();
        export(&parse(format!("{key}:{value}\r\n").as_bytes()), Some(1), None, &mut out);
        prop_assert_eq!(out.rejections().name, 0);
    }
}

#[test]
fn lines_of_one_kind_have_a_bound() {
    let databases: Vec<String> = (0..50_001).map(|index| format!("db{index}:keys=1,expires=0\r\n")).collect();
    let info = parse(databases.concat().as_bytes());
    assert_eq!((info.databases.len(), info.malformed), (50_000, 1));
}
