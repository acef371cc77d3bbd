use std::sync::Arc;
use std::time::Duration;

use super::super::driven::at;
use super::super::roll::{Name, Roll as _};
use super::*;
use crate::collector::kind::parsed;
use crate::collector::redis::RedisTarget;

/// A group of which nothing answers: the addresses are of no port that anybody listens on.
fn group() -> Group {
    let text = "[[redis]]\nname = \"cache\"\nurl = \"redis://cache.example:1\"\ninstances = \"resolved\"\n";
    let target = parsed::<RedisTarget>(text).remove(0);
    let at = at(target);
    let state = State::new(at(None).instance);
    let hub = Arc::new(Hub::new(|_| {}));
    hub.announce(state.status());
    let terms = Name::new("cache".to_owned(), ("cache.example".to_owned(), 1)).terms();
    let stop = CancellationToken::new();
    Group { at, hub, stop, state, terms, running: BTreeMap::new(), left_out: 0, unknown: false }
}

fn addresses(hosts: std::ops::RangeInclusive<u8>) -> Vec<Member> {
    hosts.map(|host| Member { address: SocketAddr::from(([127, 0, 0, host], 1)), host: None }).collect()
}

fn no_such_host() -> PollError {
    PollError::new(Reason::Connect, "looking up cache.example".to_owned(), "no such host", "is the name right?")
}

fn nodes(group: &Group) -> Vec<String> {
    group.hub.statuses().into_iter().map(|status| status.key.to_string()).collect()
}

#[tokio::test]
async fn a_name_without_addresses_is_a_target_that_is_down() {
    let mut group = group();
    group.unknown(no_such_host());
    let status = group.hub.statuses().remove(0);
    assert_eq!((status.key, status.polls), (Key::of("cache"), 1));
    assert_eq!(status.error.unwrap().to_string(), "looking up cache.example: no such host; is the name right?");
    let text = group.hub.render(crate::metric::text::Format::Prometheus).plain();
    assert!(String::from_utf8_lossy(&text).contains("\nredis_up{target=\"cache\"} 0\n"));
    group.update(addresses(1..=2), Instant::now()).await;
    assert_eq!(nodes(&group), ["cache (127.0.0.1:1)", "cache (127.0.0.2:1)"]);
    group.unknown(no_such_host());
    assert_eq!(nodes(&group).len(), 2, "what is known goes on");
}

#[tokio::test]
async fn instances_come_and_go_with_the_addresses() {
    let mut group = group();
    let now = Instant::now();
    group.update(addresses(1..=3), now).await;
    let first = group.running.values().next().unwrap().task.handle.id();
    // One that does not answer is over when its address has gone.
    group.update(addresses(1..=2), now).await;
    assert_eq!(nodes(&group), ["cache (127.0.0.1:1)", "cache (127.0.0.2:1)"]);
    assert_eq!(group.running.values().next().unwrap().task.handle.id(), first, "the others go on undisturbed");
    let many = (0..1100_u16).map(|port| Member { address: SocketAddr::from(([127, 0, 0, 1], port)), host: None });
    group.update(many.collect(), now).await;
    assert_eq!((group.running.len(), group.left_out), (LIMIT, 100));
}

#[tokio::test]
async fn what_an_earlier_configuration_had_is_gone() {
    let mut group = group();
    let publish = |group: &Group, target: &str, node: Option<&str>| {
        let key = Key { target: target.to_owned(), node: node.map(str::to_owned) };
        let status = crate::hub::TargetStatus { key, ..group.state.status() };
        group.hub.publish(status, crate::metric::Families::new());
    };
    let others = [("cach", "10.0.0.9:1"), ("cache", "10.0.0.9:1"), ("cache2", "10.0.0.9:1")];
    for (target, node) in others {
        publish(&group, target, Some(node));
    }
    group.update(addresses(1..=1), Instant::now()).await;
    assert_eq!(nodes(&group), ["cach (10.0.0.9:1)", "cache (127.0.0.1:1)", "cache2 (10.0.0.9:1)"]);

    // Nobody tells who is there now.
    group.running.clear();
    group.unknown(no_such_host());
    assert_eq!(nodes(&group), ["cach (10.0.0.9:1)", "cache", "cache2 (10.0.0.9:1)"]);

    // It is one server from now on.
    publish(&group, "cache", Some("10.0.0.9:1"));
    let text = "[[redis]]\nname = \"cache\"\nurl = \"redis://cache.example:1\"\n";
    let target = parsed::<RedisTarget>(text).remove(0);
    drop(crate::config::Target::watch(&target, Arc::clone(&group.hub), CancellationToken::new()));
    assert_eq!(nodes(&group), ["cach (10.0.0.9:1)", "cache", "cache2 (10.0.0.9:1)"]);
}

#[tokio::test]
async fn a_new_name_at_a_known_address_is_taken_over() {
    let mut group = group();
    let now = Instant::now();
    group.update(addresses(1..=2), now).await;
    let tasks = |group: &Group| -> Vec<_> { group.running.values().map(|running| running.task.handle.id()).collect() };
    let before = tasks(&group);
    let mut members = addresses(1..=2);
    members[0].host = Some("one.example".to_owned());
    for _ in 0..2 {
        group.update(members.clone(), now).await;
        assert_eq!(group.running.values().next().unwrap().member, members[0]);
    }
    let after = tasks(&group);
    assert_eq!((after[0] == before[0], after[1] == before[1]), (false, true));
    assert_eq!(nodes(&group), ["cache (127.0.0.1:1)", "cache (127.0.0.2:1)"]);
}

#[tokio::test]
async fn one_that_answers_is_kept_for_a_while() {
    let mut group = group();
    let now = Instant::now();
    group.update(addresses(1..=2), now).await;
    let key = group.running.values().next().unwrap().key.clone();
    let up = || {
        let status =
            crate::hub::TargetStatus { key: key.clone(), last_poll: Some(SystemTime::now()), ..group.state.status() };
        group.hub.publish(status, crate::metric::Families::new());
    };
    // It would be polled, and then it would be down.
    group.running.values().for_each(|running| running.task.stop());
    for running in group.running.values_mut() {
        let _ = (&mut running.task.handle).await;
    }
    up();
    let later = |seconds| now + Duration::from_secs(seconds);
    assert!(group.gone(&addresses(2..=2), later(10)).is_empty());
    assert!(group.gone(&addresses(1..=2), later(20)).is_empty(), "it is back");
    assert!(group.gone(&addresses(2..=2), later(30)).is_empty());
    assert!(group.gone(&addresses(2..=2), later(329)).is_empty());
    assert_eq!(group.gone(&addresses(2..=2), later(330)).len(), 1);
}
