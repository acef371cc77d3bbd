use std::fmt::Write as _;

use globset::Glob;
use proptest::prelude::*;

use super::*;
use crate::collector::redis::clients::class::ClassLimit;

/// Redis 7.0.15 with 1,040 connections, of which the ordinary ones were thinned out; the socket's path was changed.
const FIRST: &[u8] = include_bytes!("../../../../../tests/fixtures/client_list/redis-7.0-first.txt");
/// The same connections after 50 more messages of 100,000 bytes.
const SECOND: &[u8] = include_bytes!("../../../../../tests/fixtures/client_list/redis-7.0-second.txt");
/// The replica of the same server.
const REPLICA: &[u8] = include_bytes!("../../../../../tests/fixtures/client_list/redis-7.0-replica.txt");

const LIMITS: BufferLimits = BufferLimits {
    normal: ClassLimit { hard_bytes: 0, soft_bytes: 0 },
    replica: ClassLimit { hard_bytes: 256 << 20, soft_bytes: 64 << 20 },
    pubsub: ClassLimit { hard_bytes: 64 << 20, soft_bytes: 8 << 20 },
};

fn pool(name: &str, pattern: &str, max: Option<u64>, idle_after: u64) -> Pool {
    let matcher = Glob::new(pattern).unwrap().compile_matcher();
    Pool { name: name.to_owned(), matcher, max, idle_after: Duration::from_secs(idle_after) }
}

fn summary_of(reply: &[u8], options: &Options) -> ClientSummary {
    summarize(reply, options, Some(&LIMITS), &mut BufferTracker::default(), Instant::now())
}

fn summary(reply: &str) -> ClientSummary {
    summary_of(reply.as_bytes(), &Options::default())
}

fn counts(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect()
}

/// Name, class and bytes of the top output buffers.
fn top(summary: &ClientSummary) -> Vec<(&str, &str, u64)> {
    summary.top_output_buffers.iter().map(|top| (top.client.as_str(), top.class.as_str(), top.bytes)).collect()
}

/// Clients, output, query and memory bytes.
fn totals(summary: &ClientSummary, class: ClientClass) -> [u64; 4] {
    let totals = summary.class(class);
    [totals.clients, totals.output_bytes, totals.query_bytes, totals.memory_bytes]
}

#[test]
fn a_recorded_reply_is_summed_by_class() {
    let summary = summary_of(FIRST, &Options::default());
    assert_eq!(summary.clients(), 43);
    assert_eq!(totals(&summary, ClientClass::Normal), [35, 0, 810_794, 873_831]);
    assert_eq!(totals(&summary, ClientClass::PubSub), [5, 54_440_704, 102_370, 54_583_032]);
    assert_eq!(totals(&summary, ClientClass::Blocked), [1, 0, 20_474, 22_308]);
    assert_eq!(totals(&summary, ClientClass::Monitor), [1, 26_122_360, 20_474, 26_159_992]);
    assert_eq!(totals(&summary, ClientClass::Replica), [1, 0, 0, 1_800]);
    assert_eq!(totals(&summary, ClientClass::Master), [0; 4]);
    assert_eq!(summary.reported, Reported { output: true, query: true, memory: true });
    assert_eq!((summary.malformed_lines, summary.malformed_fields, summary.stale), (0, 0, 0));
}

#[test]
fn the_link_to_the_master_has_its_own_class() {
    let summary = summary_of(REPLICA, &Options::default());
    assert_eq!(totals(&summary, ClientClass::Master), [1, 0, 4, 1_800]);
    assert_eq!(totals(&summary, ClientClass::Normal), [1, 0, 20_474, 37_658]);
}

#[test]
fn names_are_the_most_frequent_ones_and_the_rest() {
    let summary = summary_of(FIRST, &Options { top_k: 4, ..Options::default() });
    let expected = [("__unnamed__", 14), ("unix-app", 3), ("web-0", 3), ("web-1", 3), ("__other__", 20)];
    assert_eq!(summary.by_name, counts(&expected));
    assert_eq!(summary.by_library, counts(&[("none", 43)]));
}

#[test]
fn libraries_are_counted() {
    let reply = "id=1 lib-name=redis-py\nid=2 lib-name=redis-py\nid=3 lib-name=\nid=4 lib-name=redis-py(django v5)\n";
    assert_eq!(summary(reply).by_library, counts(&[("redis-py", 2), ("none", 1), ("redis-py(django v5)", 1)]));
}

#[test]
fn ten_thousand_names_are_eleven_groups() {
    let mut reply = String::new();
    for id in 1..=10_000 {
        let _ = writeln!(reply, "id={id} name=pod-{id:05} lib-name=lib-{id:05} omem={id}");
    }
    let summary = summary(&reply);
    assert_eq!(summary.by_name.len(), 11);
    assert_eq!(summary.by_name[0], ("pod-00001".to_owned(), 1));
    assert_eq!(summary.by_name[10], ("__other__".to_owned(), 9_990));
    assert_eq!(summary.by_library[10], ("__other__".to_owned(), 9_990));
    assert_eq!(summary.top_output_buffers.len(), 10);
    assert_eq!(top(&summary)[0], ("pod-10000", "normal", 10_000));
    assert_eq!(top(&summary)[9], ("pod-09991", "normal", 9_991));
}

#[test]
fn growth_comes_from_two_polls_of_the_same_connection() {
    let (mut tracker, start) = (BufferTracker::default(), Instant::now());
    let mut poll = |reply, seconds| {
        let now = start + Duration::from_secs(seconds);
        summarize(reply, &Options::default(), Some(&LIMITS), &mut tracker, now).top_output_buffers
    };
    let slow = |client: &str, id, bytes, growth| OutputBuffer {
        client: client.to_owned(),
        id,
        class: ClientClass::PubSub,
        bytes,
        limit_ratio: Some(bytes as f64 / f64::from(64 << 20)),
        growth,
    };
    let first = [slow("127.0.0.1", 1042, 27_220_352, None), slow("slow=dashboard", 1041, 27_220_352, None)];
    assert_eq!(poll(FIRST, 0), first);
    let growth = Some(2_499_160.0);
    let second = [slow("127.0.0.1", 1042, 32_218_672, growth), slow("slow=dashboard", 1041, 32_218_672, growth)];
    assert_eq!(poll(SECOND, 2), second);
    // They were closed, and after a restart another connection has the number.
    assert_eq!(poll(b"id=1 age=60 omem=0\n", 60), []);
    assert_eq!(poll(b"id=1041 addr=h:1 age=3 flags=P omem=5\n", 120)[0].growth, None);
    assert_eq!(poll(b"id=1041 addr=h:1 age=2 flags=P omem=9\n", 130)[0].growth, None);
    assert_eq!(poll(b"id=1041 addr=h:1 age=12 flags=P omem=4\n", 140)[0].growth, Some(-0.5));
}

#[test]
fn an_output_buffer_is_called_by_name_library_user_or_host() {
    let summary = summary(
        "id=1 addr=h:1 name=n user=u omem=9 lib-name=l\n\
         id=2 addr=h:1 name= user=u omem=8 lib-name=l\n\
         id=3 addr=h:1 name= user=u omem=7 lib-name=\n\
         id=4 addr=10.0.0.7:51234 name= user=default omem=6\n\
         id=5 addr=[2001:db8::1]:51234 omem=5\n\
         id=6 addr=2001:db8::2:51234 omem=4\n\
         id=7 addr=/run/my app.sock:0 flags=U omem=3\n\
         id=8 addr= omem=2\n\
         id=9 addr=@abstract:0 flags=U omem=1\n\
         id=10 addr=10.0.0.8:1 omem=0\n",
    );
    let expected = [
        ("n", "normal", 9),
        ("l", "normal", 8),
        ("u", "normal", 7),
        ("10.0.0.7", "normal", 6),
        ("2001:db8::1", "normal", 5),
        ("2001:db8::2", "normal", 4),
        ("unix", "normal", 3),
        ("unknown", "normal", 2),
    ];
    assert_eq!(top(&summary), expected);
}

#[test]
fn a_group_shows_its_largest_buffer_and_that_ones_class() {
    let summary = summary(
        "id=1 name=a flags=P omem=10\nid=2 name=a flags=S omem=30\nid=3 name=a flags=N omem=20\n\
         id=4 name=b\u{fffd} omem=1\n",
    );
    assert_eq!(top(&summary), [("a", "replica", 30), ("b\u{fffd}", "normal", 1)]);
    assert_eq!(summary.top_output_buffers[0].limit_ratio, Some(30.0 / f64::from(256 << 20)));
    assert_eq!(summary.top_output_buffers[1].limit_ratio, None);
    let merged = summary_of(b"id=1 name=b\xff omem=1\nid=2 name=b\xfe omem=2\n", &Options::default());
    assert_eq!(top(&merged), [("b\u{fffd}", "normal", 2)]);
}

#[test]
fn limits_are_compared_by_class_and_beyond_the_top() {
    let options = Options { top_k: 0, ..Options::default() };
    let summary = summary_of(FIRST, &options);
    assert_eq!(summary.top_output_buffers, []);
    let pubsub = summary.class(ClientClass::PubSub);
    assert_eq!(pubsub.limit_ratio_max, Some(27_220_352.0 / f64::from(64 << 20)));
    assert_eq!(pubsub.over_soft_limit, Some(2));
    let replica = summary.class(ClientClass::Replica);
    assert_eq!((replica.limit_ratio_max, replica.over_soft_limit), (Some(0.0), Some(0)));
    let monitor = summary.class(ClientClass::Monitor);
    assert_eq!((monitor.limit_ratio_max, monitor.over_soft_limit), (None, None));

    let unknown = summarize(FIRST, &options, None, &mut BufferTracker::default(), Instant::now());
    assert!(ClientClass::ALL.iter().all(|class| unknown.class(*class).limit_ratio_max.is_none()));
    assert!(ClientClass::ALL.iter().all(|class| unknown.class(*class).over_soft_limit.is_none()));
}

#[test]
fn stale_are_normal_connections_that_could_be_closed() {
    let stale = |line: &str| summary(&format!("id=1 age=9000 {line}\n")).stale;
    assert_eq!(stale("idle=301 flags=N sub=0 psub=0 ssub=0 multi=-1"), 1);
    assert_eq!(stale("idle=300 flags=N sub=0 psub=0 ssub=0 multi=-1"), 0);
    assert_eq!(stale("flags=N"), 0);
    assert_eq!(stale("idle=9000 flags=U"), 1);
    for waiting in
        ["flags=b", "flags=P", "flags=N sub=1", "flags=O", "flags=S", "flags=M", "flags=x", "flags=N multi=0"]
    {
        assert_eq!(stale(&format!("idle=9000 {waiting}")), 0, "{waiting}");
    }
}

#[test]
fn the_first_pool_that_matches_takes_a_connection() {
    let pools = vec![pool("web", "web-*", Some(50), 1), pool("all", "*", None, 4), pool("late", "celery*", Some(0), 1)];
    let summary = summary_of(FIRST, &Options { pools, ..Options::default() });
    let usage = |name: &str, in_use, idle, max| PoolUsage { name: name.to_owned(), in_use, idle, max };
    // All but the 20 of web, the replica and the monitor; of those none is idle for 4 s.
    assert_eq!(summary.pools, [usage("web", 0, 20, Some(50)), usage("all", 21, 0, None), usage("late", 0, 0, Some(0))]);
    assert_eq!(summary.pools[0].usage_ratio(), Some(0.0));
    assert_eq!(summary.pools[1].usage_ratio(), None);
    assert_eq!(summary.pools[2].usage_ratio(), None);
}

#[test]
fn a_pooled_connection_is_in_use_until_it_is_idle() {
    let reply = "id=1 name=p idle=0 flags=N\nid=2 name=p idle=1 flags=N\nid=3 name=p idle=99 flags=b\n\
                 id=4 name=p idle=99 flags=P sub=1\nid=5 name=p idle=99 flags=x multi=1\nid=6 name=p flags=N\n\
                 id=7 name=p idle=0 flags=S\nid=8 name=q/p idle=0\n";
    let options = Options { pools: vec![pool("p", "p", Some(10), 1)], ..Options::default() };
    let summary = summary_of(reply.as_bytes(), &options);
    assert_eq!(summary.pools, [PoolUsage { name: "p".to_owned(), in_use: 5, idle: 1, max: Some(10) }]);
    assert_eq!(summary.pools[0].usage_ratio(), Some(0.5));
}

#[test]
fn what_cannot_be_read_is_counted_and_not_summed() {
    let summary = summary("id=1 omem=ERR tot-mem=4\nid=2 age=x omem=7\nomem=7\nid=3 omem=5 tot-mem=6\nid=4 omem=9");
    assert_eq!(totals(&summary, ClientClass::Normal), [2, 5, 0, 10]);
    assert_eq!((summary.malformed_lines, summary.malformed_fields), (3, 1));
    assert_eq!(summary.reported, Reported { output: true, query: false, memory: true });
}

#[test]
fn sums_do_not_overflow() {
    let line = format!("id=1 omem={0} qbuf={0} qbuf-free={0} tot-mem={0}\n", u64::MAX);
    let summary = summary(&line.repeat(2));
    assert_eq!(totals(&summary, ClientClass::Normal), [2, u64::MAX, u64::MAX, u64::MAX]);
}

#[test]
fn an_empty_reply_is_no_client() {
    let summary = summary("");
    assert_eq!(summary.clients(), 0);
    assert_eq!(summary.reported, Reported::default());
    assert_eq!((summary.by_name.len(), summary.by_library.len(), summary.top_output_buffers.len()), (0, 0, 0));
}

proptest! {
    #[test]
    fn any_reply_has_a_bounded_summary(
        reply in proptest::collection::vec(any::<u8>(), 0..300),
        names in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 0..60),
        top_k in 0_usize..5,
    ) {
        let mut bytes = reply;
        for (id, name) in names.iter().enumerate() {
            bytes.extend_from_slice(format!("\nid={id} omem={id} name=").as_bytes());
            bytes.extend_from_slice(name);
        }
        let summary = summary_of(&bytes, &Options { top_k, ..Options::default() });
        prop_assert!(summary.by_name.len() <= top_k + 1);
        prop_assert!(summary.by_library.len() <= top_k + 1);
        prop_assert!(summary.top_output_buffers.len() <= top_k);
        prop_assert_eq!(summary.by_name.iter().map(|(_, count)| count).sum::<u64>(), summary.clients());
        prop_assert_eq!(summary.by_library.iter().map(|(_, count)| count).sum::<u64>(), summary.clients());
    }
}

#[test]
fn the_poll_itself_is_no_slow_client() {
    let reply = "id=1 addr=h:1 name=manometer age=1 idle=0 flags=N omem=1280 cmd=client|list\n\
                 id=2 addr=h:2 name=manometer age=1 idle=0 flags=P sub=1 omem=50 cmd=subscribe\n\
                 id=3 addr=h:3 name=other age=1 idle=0 flags=N omem=7 cmd=client|list\n";
    let summary = summary_of(reply.as_bytes(), &Options { own_name: "manometer", ..Options::default() });
    assert_eq!(top(&summary), [("manometer", "pubsub", 50), ("other", "normal", 7)]);
    assert_eq!(summary.class(ClientClass::Normal).output_bytes, 1287, "the sum is the server's own");
}
