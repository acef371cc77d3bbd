use std::fmt::Write as _;

use proptest::prelude::*;
use reader::Names;

use super::*;
use crate::class::ClassLimit;

/// Redis 7.0.15 with 1,040 connections, of which the ordinary ones were thinned out; the socket's path was changed.
const FIRST: &[u8] = include_bytes!("../../../../tests/fixtures/client_list/redis-7.0-first.txt");
/// The same connections after 50 more messages of 100,000 bytes.
const SECOND: &[u8] = include_bytes!("../../../../tests/fixtures/client_list/redis-7.0-second.txt");
/// The replica of the same server.
const REPLICA: &[u8] = include_bytes!("../../../../tests/fixtures/client_list/redis-7.0-replica.txt");

const LIMITS: BufferLimits = BufferLimits {
    normal: ClassLimit { hard_bytes: 0, soft_bytes: 0, soft_seconds: 0 },
    replica: ClassLimit { hard_bytes: 256 << 20, soft_bytes: 64 << 20, soft_seconds: 60 },
    pubsub: ClassLimit { hard_bytes: 64 << 20, soft_bytes: 8 << 20, soft_seconds: 60 },
};

fn pool(name: &str, pattern: &str, max: Option<u64>, idle_after: u64) -> Pool {
    Pool { names: Names::of(&[pattern]), max, idle_after: Duration::from_secs(idle_after), ..Pool::new(name) }
}

fn state(name: &str, open: u64, busy: u64, max: Option<u64>) -> PoolState {
    PoolState { name: name.to_owned(), open, busy: Some(busy), max }
}

fn summary_of(reply: &[u8], options: &Options) -> ClientSummary {
    summarize(reply, options, Some(&LIMITS), &mut ClientTracker::default(), Instant::now())
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
fn a_group_is_as_near_its_end_as_its_nearest_client() {
    let (mut tracker, start) = (ClientTracker::default(), Instant::now());
    let mut poll = |reply: &str, seconds| {
        let now = start + Duration::from_secs(seconds);
        let top = summarize(reply.as_bytes(), &Options::default(), Some(&LIMITS), &mut tracker, now).top_output_buffers;
        top.iter().map(|top| (top.id, top.nearness)).collect::<Vec<_>>()
    };
    let at = |old_bytes: u64, age: u64, new_bytes: u64| {
        format!(
            "id=1 name=feed age={age} flags=P sub=1 omem={old_bytes}\nid=2 name=feed age={age} flags=P sub=1 omem={new_bytes}\n"
        )
    };
    // The first is over the soft limit of 8 MiB, the second one is larger from the next poll on.
    assert_eq!(poll(&at(9 << 20, 100, 1 << 20), 0), [(1, Some(0.25))]);
    assert_eq!(poll(&at(9 << 20, 120, 12 << 20), 20), [(2, Some(0.5))]);
    assert_eq!(poll(&at(1 << 20, 140, 12 << 20), 40)[0].0, 2);
}

#[test]
fn growth_comes_from_two_polls_of_the_same_connection() {
    let (mut tracker, start) = (ClientTracker::default(), Instant::now());
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
        // Nearer by their size than by the two seconds over the soft limit.
        nearness: Some(bytes as f64 / f64::from(64 << 20)),
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

    let unknown = summarize(FIRST, &options, None, &mut ClientTracker::default(), Instant::now());
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
    // All but the 20 of web, the replica and the monitor; of those none is idle for 4 s.
    assert_eq!(
        summary.pools,
        [state("web", 20, 0, Some(50)), state("all", 21, 21, None), state("late", 0, 0, Some(0))]
    );
    assert_eq!(summary.pools[0].open_ratio(), Some(0.4));
    assert_eq!(summary.pools[1].open_ratio(), None);
    assert_eq!(summary.pools[2].open_ratio(), None);
}

#[test]
fn a_connection_is_the_pools_that_fits_all_that_is_given() {
    let pools = vec![
        Pool { users: Names::of(&["svc-*"]), databases: vec![1, 2], ..Pool::new("user and db") },
        Pool { libraries: Names::of(&["redis-py*"]), names: Names::of(&["web", "job"]), ..Pool::new("lib and names") },
        Pool { addresses: vec!["10.0.0.0/24".parse().unwrap(), "fd00::/8".parse().unwrap()], ..Pool::new("network") },
        Pool { databases: vec![0], ..Pool::new("db") },
    ];
    let of = |line: &str| {
        let reply = format!("id=7 idle=0 flags=N {line}\n");
        let summary = summary_of(reply.as_bytes(), &Options { pools: pools.clone(), ..Options::default() });
        summary.pools.into_iter().find(|pool| pool.open == 1).map(|pool| pool.name)
    };
    for (line, pool) in [
        ("addr=10.0.0.9:1 name=web db=2 user=svc-a lib-name=redis-py", Some("user and db")),
        ("addr=10.0.0.9:1 name=web db=3 user=svc-a lib-name=redis-py", Some("lib and names")),
        ("addr=10.0.0.9:1 name=web db=2 user=other lib-name=redis-py(django)", Some("lib and names")),
        ("addr=10.0.0.9:1 name=webs db=2 user=other lib-name=redis-py", Some("network")),
        ("addr=[fd12::1]:1 name=web db=2 lib-name=", Some("network")),
        ("addr=fd12::1:1 name= db=0", Some("network")),
        ("addr=10.0.1.9:1 name= db=0", Some("db")),
        ("addr=/run/redis.sock:0 flags=U name= db=0", Some("db")),
        ("addr=10.0.1.9:1 name= db=3", None),
        ("addr=10.0.1.9:1 name=", None),
        // The server's own kin and Sentinel's connections are in none.
        ("addr=10.0.0.9:1 name= db=0 flags=S", None),
        ("addr=10.0.0.9:1 name= db=0 flags=M", None),
        ("addr=10.0.0.9:1 name= db=0 flags=O", None),
        ("addr=10.0.0.9:1 name=sentinel-01234567-cmd db=0", None),
        ("addr=10.0.0.9:1 name=sentinel-01234567-pubsub db=0 flags=P sub=1", None),
    ] {
        // The last of a doubled field counts.
        assert_eq!(of(line).as_deref(), pool, "{line}");
    }
}

#[test]
fn a_silent_connection_is_busy_while_it_waits_for_something() {
    let reply = "id=1 name=p idle=0 flags=N\nid=2 name=p idle=1 flags=N\nid=3 name=p idle=99 flags=b\n\
                 id=4 name=p idle=99 flags=P sub=1\nid=5 name=p idle=99 flags=x multi=1\nid=6 name=p idle=2 flags=N\n\
                 id=7 name=p idle=0 flags=S\nid=8 name=q/p idle=0\n";
    let of = |reply: &str, idle_after| {
        let options = Options { pools: vec![pool("p", "p", Some(10), idle_after)], ..Options::default() };
        summary_of(reply.as_bytes(), &options).pools.remove(0)
    };
    // Idle for 1 is anything below 2 seconds.
    assert_eq!(of(reply, 1), state("p", 6, 5, Some(10)));
    assert_eq!(of(reply, 2), state("p", 6, 6, Some(10)));
    assert_eq!(of(reply, 1).open_ratio(), Some(0.6));
    // A server that does not say when a connection was used does not say how many are.
    let silent = of("id=1 name=p flags=N\nid=2 name=p idle=0 flags=N\n", 1);
    assert_eq!(silent, PoolState { busy: None, ..state("p", 2, 0, Some(10)) });
}

#[test]
fn where_commands_are_counted_those_since_the_poll_before_count() {
    let options = Options { pools: vec![pool("p", "p", Some(4), 1)], ..Options::default() };
    let (mut tracker, start) = (ClientTracker::default(), Instant::now());
    let mut busy = |seconds, reply: &str| {
        let now = start + Duration::from_secs(seconds);
        summarize(reply.as_bytes(), &options, None, &mut tracker, now).pools[0].busy
    };
    let first = "id=1 name=p age=50 idle=9 flags=N tot-cmds=5\nid=2 name=p age=50 idle=0 flags=N tot-cmds=5\n";
    assert_eq!(busy(0, first), Some(1), "at first only the idle time is known");
    let second = "id=1 name=p age=60 idle=4 flags=N tot-cmds=6\nid=2 name=p age=60 idle=0 flags=N tot-cmds=5\n\
                  id=3 name=p age=60 idle=70 flags=b tot-cmds=1\nid=4 name=q age=60 idle=0 flags=N tot-cmds=9\n";
    assert_eq!(busy(10, second), Some(2), "id 1 ran a command, id 3 waits");
    assert_eq!(busy(20, second), Some(1));
}

#[test]
fn users_databases_and_addresses_are_counted_where_nobody_named_anything() {
    let reply = "id=1 addr=10.0.0.1:1 name= db=0 user=default\nid=2 addr=10.0.0.1:2 name= db=0 user=default\n\
                 id=3 addr=[::1]:3 name= db=12 user=svc\nid=4 addr=/run/redis.sock:0 flags=U name= db=0 user=svc\n\
                 id=5 addr=[/run/redis.sock:0]:0 flags=U name= db=1 user=a\n";
    let summary = summary_of(reply.as_bytes(), &Options { top_k: 2, ..Options::default() });
    assert_eq!(summary.by_user, counts(&[("default", 2), ("svc", 2), ("__other__", 1)]));
    assert_eq!(summary.by_database, counts(&[("0", 3), ("1", 1), ("__other__", 1)]));
    assert_eq!(summary.by_address, counts(&[("10.0.0.1", 2), ("unix", 2), ("__other__", 1)]));
    let old = summary_of(b"id=1 addr=10.0.0.1:1 name=\n", &Options::default());
    assert_eq!((old.by_user, old.by_database), (counts(&[]), counts(&[])));
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
        prop_assert_eq!(summary.by_address.iter().map(|(_, count)| count).sum::<u64>(), summary.clients());
    }
}

#[test]
fn the_agent_does_not_count_itself() {
    let reply = "id=1 addr=h:1 name=manometer age=900 idle=0 flags=N omem=1280 cmd=client|list user=m db=9 lib-name=l\n\
                 id=2 addr=h:2 name=manometer age=900 idle=900 flags=P sub=1 omem=50 cmd=subscribe user=m db=9\n\
                 id=3 addr=h:2 name=manometer age=900 idle=900 flags=N omem=0 cmd=publish user=m db=9\n\
                 id=4 addr=i:3 name=other age=1 idle=0 flags=N omem=7 cmd=client|list user=u db=0 lib-name=o\n";
    let pools = vec![pool("all", "*", Some(1), 1)];
    let summary = summary_of(reply.as_bytes(), &Options { own_name: "manometer", pools, ..Options::default() });
    assert_eq!(top(&summary), [("other", "normal", 7)]);
    assert_eq!(summary.pools, [state("all", 1, 1, Some(1))]);
    assert_eq!(summary.by_name, counts(&[("other", 1)]));
    assert_eq!(summary.by_user, counts(&[("u", 1)]));
    assert_eq!(summary.by_database, counts(&[("0", 1)]));
    assert_eq!(summary.by_address, counts(&[("i", 1)]));
    assert_eq!(summary.by_library, counts(&[("o", 1)]));
    assert_eq!((summary.own, summary.stale), (3, 0));
    // Sums by class are the server's own.
    assert_eq!(totals(&summary, ClientClass::Normal)[..2], [3, 1287]);
    assert_eq!(totals(&summary, ClientClass::PubSub)[..2], [1, 50]);
}
