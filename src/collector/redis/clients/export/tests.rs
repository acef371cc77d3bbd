use std::collections::HashSet;
use std::time::{Duration, Instant};

use reader::Names;

use super::*;
use crate::metric::Rejections;
use clientlist::{BufferLimits, ClassLimit, ClientTracker, Options, Pool, summarize};

const LIMITS: BufferLimits = BufferLimits {
    normal: ClassLimit { hard_bytes: 0, soft_bytes: 0, soft_seconds: 0 },
    replica: ClassLimit { hard_bytes: 1_000, soft_bytes: 0, soft_seconds: 0 },
    pubsub: ClassLimit { hard_bytes: 800, soft_bytes: 100, soft_seconds: 60 },
};

fn options() -> Options {
    let pool = |name: &str, pattern, max| Pool { names: Names::of(&[pattern]), max, ..Pool::new(name) };
    Options { top_k: 2, pools: vec![pool("web", "web*", Some(4)), pool("rest", "x*", None)], ..Options::default() }
}

fn families(replies: &[&[u8]], limits: Option<&BufferLimits>) -> Families {
    let (mut tracker, start) = (ClientTracker::default(), Instant::now());
    let mut out = Families::new();
    for (index, reply) in (0_u32..).zip(replies) {
        let now = start + Duration::from_secs(10) * index;
        let summary = summarize(reply, &options(), limits, &mut tracker, now);
        out = Families::new();
        export(&summary, &mut out);
    }
    assert_eq!(out.rejections(), Rejections::default());
    out
}

fn values(families: &Families, name: &str) -> Vec<(&'static str, f64)> {
    families.get(name).map_or_else(Vec::new, |family| family.values().collect())
}

#[test]
fn a_summary_is_named() {
    let first = b"id=1 name=web age=20 idle=0 flags=P sub=1 qbuf=1 qbuf-free=2 omem=100 tot-mem=7\n";
    let second = b"id=1 name=web age=30 idle=0 flags=P sub=1 qbuf=1 qbuf-free=2 omem=600 tot-mem=7\n\
        id=2 name=web age=30 idle=9 flags=N qbuf=0 qbuf-free=0 omem=0 tot-mem=5\n\
        id=3 name= age=999 idle=900 flags=N qbuf=0 qbuf-free=0 omem=ERR tot-mem=5 lib-name=l\"ib\n\
        id=4 name=x age=30 idle=0 flags=S qbuf=0 qbuf-free=0 omem=700 tot-mem=5\n\
        id=5";
    let out = families(&[first, second], Some(&LIMITS));
    let by_class = |name| values(&out, name).into_iter().map(|(_, value)| value).collect::<Vec<_>>();

    assert_eq!(
        values(&out, "redis_clients"),
        [
            ("class=\"normal\"", 2.0),
            ("class=\"blocked\"", 0.0),
            ("class=\"pubsub\"", 1.0),
            ("class=\"replica\"", 1.0),
            ("class=\"monitor\"", 0.0),
            ("class=\"master\"", 0.0),
        ]
    );
    assert_eq!(by_class("redis_client_output_buffer_bytes"), [0.0, 0.0, 600.0, 700.0, 0.0, 0.0]);
    assert_eq!(by_class("redis_client_query_buffer_bytes"), [0.0, 0.0, 3.0, 0.0, 0.0, 0.0]);
    assert_eq!(by_class("redis_client_memory_bytes"), [10.0, 0.0, 7.0, 5.0, 0.0, 0.0]);
    assert_eq!(
        values(&out, "redis_client_output_buffer_limit_ratio_max"),
        [("class=\"pubsub\"", 0.75), ("class=\"replica\"", 0.7)]
    );
    assert_eq!(values(&out, "redis_clients_over_soft_output_buffer_limit"), [("class=\"pubsub\"", 1.0)]);
    assert_eq!(
        values(&out, "redis_clients_by_name"),
        [("name=\"web\"", 2.0), ("name=\"__unnamed__\"", 1.0), ("name=\"__other__\"", 1.0)]
    );
    assert_eq!(values(&out, "redis_clients_by_library"), [("lib=\"none\"", 3.0), ("lib=\"l\\\"ib\"", 1.0)]);
    assert_eq!(values(&out, "redis_stale_connections"), [("", 1.0)]);
    assert_eq!(values(&out, "redis_client_list_malformed"), [("kind=\"line\"", 1.0), ("kind=\"field\"", 1.0)]);
}

#[test]
fn top_output_buffers_stand_in_descending_order() {
    let out = families(
        &[
            b"id=1 name=a age=20 flags=P omem=100\nid=2 name=b age=20 flags=N omem=50\n",
            b"id=1 name=a age=30 flags=P omem=600\nid=2 name=b age=30 flags=N omem=900\nid=3 name=c omem=1\n",
        ],
        Some(&LIMITS),
    );
    let (a, b) = ("client=\"a\",class=\"pubsub\"", "client=\"b\",class=\"normal\"");
    assert_eq!(values(&out, "redis_client_output_buffer_top_bytes"), [(b, 900.0), (a, 600.0)]);
    assert_eq!(values(&out, "redis_client_output_buffer_top_limit_ratio"), [(a, 0.75)]);
    assert_eq!(values(&out, "redis_client_output_buffer_top_growth_bytes_per_second"), [(b, 85.0), (a, 50.0)]);
}

#[test]
fn pools_are_named() {
    let out = families(&[b"id=1 name=web idle=0\nid=2 name=web-2 idle=5\nid=3 name=web-3 idle=1\nid=4 name=y\n"], None);
    assert_eq!(values(&out, "pool_open_connections"), [("pool=\"web\"", 3.0), ("pool=\"rest\"", 0.0)]);
    assert_eq!(values(&out, "pool_max_connections"), [("pool=\"web\"", 4.0)]);
    assert_eq!(values(&out, "pool_open_ratio"), [("pool=\"web\"", 0.75)]);
    assert_eq!(values(&out, "pool_busy_connections"), [("pool=\"web\"", 2.0), ("pool=\"rest\"", 0.0)]);
    // What only the pool itself knows is not guessed.
    assert_eq!(values(&out, "pool_usage_ratio"), []);
    assert_eq!(values(&out, "pool_connections"), []);
}

#[test]
fn what_the_server_does_not_send_is_not_exported() {
    let out = families(&[b"id=1 age=1 idle=1 flags=N\n"], Some(&LIMITS));
    for absent in [
        "redis_client_output_buffer_bytes",
        "redis_client_output_buffer_limit_ratio_max",
        "redis_clients_over_soft_output_buffer_limit",
        "redis_client_query_buffer_bytes",
        "redis_client_memory_bytes",
        "redis_client_output_buffer_top_bytes",
    ] {
        assert_eq!(values(&out, absent), [], "{absent}");
    }
    assert_eq!(values(&out, "redis_clients")[0], ("class=\"normal\"", 1.0));
}

#[test]
fn names_that_become_equal_are_one_series() {
    let long = "n".repeat(260);
    let reply = [
        b"id=1 name=\xff omem=3\nid=2 name=\xfe omem=4\nid=3 name=".as_slice(),
        format!("{long} omem=1\nid=4 name={long}2 omem=2\nid=5 name=__other__\nid=6 name=z\n").as_bytes(),
    ]
    .concat();
    let out = families(&[&reply], None);
    let name = format!("name=\"{}\"", "n".repeat(200));
    assert_eq!(
        values(&out, "redis_clients_by_name"),
        [(name.as_str(), 2.0), ("name=\"\u{fffd}\"", 2.0), ("name=\"__other__\"", 2.0)]
    );
    assert_eq!(values(&out, "redis_client_output_buffer_top_bytes").len(), 2);
}

#[test]
fn every_metric_is_listed_once_with_unit_and_source() {
    let metrics = metrics();
    let names: HashSet<_> = metrics.iter().map(|metric| metric.name).collect();
    assert_eq!((metrics.len(), names.len()), (21, 21));
    assert!(metrics.iter().all(|metric| !metric.source.is_empty() && metric.help.ends_with('.')));

    let reply = b"id=1 name=web age=20 flags=P db=0 qbuf=1 omem=9 tot-mem=7 user=u\n";
    let later = b"id=1 name=web age=30 flags=P db=0 qbuf=1 omem=9 tot-mem=7 user=u\n";
    let exported = families(&[reply, later], Some(&LIMITS));
    let exported: HashSet<_> = exported.into_sorted().iter().map(|family| family.name().to_owned()).collect();
    assert_eq!(exported, names.into_iter().map(str::to_owned).collect());
}
