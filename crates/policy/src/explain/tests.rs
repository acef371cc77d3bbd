use std::path::Path;

use super::*;
use crate::parse;

/// What silences what, without texts that matter.
fn policy() -> Policy {
    let alert = |name: &str, severity: &str, inhibits: &str| {
        format!(
            "[[alert]]\nname = {name:?}\ngroup = \"g\"\nsummary = \"S.\"\ndescription = \"{{target}}\"\npanel = \"redis.up\"\n\
             unit = \"count\"\nsignal = {{ down = \"redis_up\" }}\ninhibits = [{inhibits}]\n[[alert.level]]\n\
             severity = {severity:?}\nwhy = \"W.\"\n"
        )
    };
    let alerts = [
        alert("ServiceUnhealthy", "critical", "\"ServiceUnhealthy\", \"Circuit*\", \"TargetPollFailing\""),
        alert("CircuitNotClosed", "critical", ""),
        alert("RedisDown", "critical", "\"Redis*\", \"TargetPollFailing\", \"Service*\", \"ContainerUnhealthy\""),
        alert("RedisMemoryHigh", "warning", ""),
        alert("RedisSlow", "warning", "\"RedisDown\", \"RedisMemoryHigh\""),
        alert("ContainerDown", "critical", "\"RedisDown\", \"ContainerUnhealthy\""),
        alert("ContainerUnhealthy", "warning", ""),
        alert("TargetPollFailing", "warning", ""),
        alert("One", "warning", "\"Other\""),
        alert("Other", "warning", "\"One\""),
    ];
    let text = format!("runbooks = \"\"\ndashboards = \"\"\n{}", alerts.concat());
    parse(&text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}"))
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

/// `api` uses `main`, which is the container redis-1; `web` uses `api`; the two services are containers too.
fn standing() -> Standing {
    let below = pairs(&[
        ("main", "docker/redis-1"),
        ("main", "docker"),
        ("api", "main"),
        ("api", "docker/redis-1"),
        ("api", "docker/api-1"),
        ("api", "docker"),
        ("web", "api"),
        ("web", "main"),
        ("web", "docker/redis-1"),
        ("web", "docker"),
        ("this", "that"),
        ("that", "this"),
    ]);
    Standing::new(below, pairs(&[("main", "docker/redis-1"), ("api", "docker/api-1")]))
}

/// Of alerts like `RedisDown main` and `ContainerDown docker/redis-1`, each with what explains it.
#[track_caller]
fn assert_explained(alerts: &[&str], expected: &[(&str, &str)]) {
    let policy = policy();
    let active: Vec<Active> = alerts
        .iter()
        .map(|text| {
            let (name, thing) = text.split_once(' ').unwrap();
            let alert = policy.alerts.iter().position(|alert| alert.name == name).unwrap();
            let (target, container) = thing.split_once('/').map_or((thing, None), |(one, other)| (one, Some(other)));
            let name = container.map(|name| ("name".into(), name.into()));
            let labels: Vec<Label> = name.into_iter().chain([("target".into(), target.into())]).collect();
            Active { alert, level: 0, labels: labels.into(), is_firing: true, value: 0.0 }
        })
        .collect();
    let explained = explain(&policy, &active, &standing());
    let told: Vec<(&str, &str)> =
        explained.iter().zip(alerts).filter_map(|(cause, text)| Some((*text, alerts[(*cause)?]))).collect();
    assert_eq!(told, expected);
}

#[test]
fn a_cause_explains_what_stands_on_it_and_nothing_else() {
    assert_explained(
        &[
            "ServiceUnhealthy web",
            "ServiceUnhealthy other",
            "RedisDown main",
            "RedisMemoryHigh main",
            "RedisMemoryHigh far",
            "ContainerUnhealthy docker/api-1",
            "ContainerUnhealthy docker/redis-1",
        ],
        &[
            ("ServiceUnhealthy web", "RedisDown main"),
            ("RedisMemoryHigh main", "RedisDown main"),
            ("ContainerUnhealthy docker/api-1", "RedisDown main"),
        ],
    );
}

#[test]
fn of_a_chain_the_beginning_explains_all() {
    assert_explained(
        &["CircuitNotClosed web", "ServiceUnhealthy web", "RedisDown main", "ContainerDown docker/redis-1"],
        &[
            ("CircuitNotClosed web", "ContainerDown docker/redis-1"),
            ("ServiceUnhealthy web", "ContainerDown docker/redis-1"),
            ("RedisDown main", "ContainerDown docker/redis-1"),
        ],
    );
    assert_explained(&["ContainerDown docker/other", "RedisDown main"], &[]);
}

#[test]
fn an_alert_explains_itself_on_what_stands_on_it() {
    assert_explained(
        &["ServiceUnhealthy web", "ServiceUnhealthy api", "ServiceUnhealthy other"],
        &[("ServiceUnhealthy web", "ServiceUnhealthy api")],
    );
    // Twice on one thing, and where each stands on the other, neither does.
    assert_explained(&["ServiceUnhealthy api", "ServiceUnhealthy api"], &[]);
    assert_explained(&["ServiceUnhealthy this", "ServiceUnhealthy that"], &[]);
}

#[test]
fn what_is_worse_is_not_explained_and_a_circle_has_a_beginning() {
    assert_explained(
        &["RedisSlow main", "RedisDown main", "RedisMemoryHigh main"],
        &[("RedisSlow main", "RedisDown main"), ("RedisMemoryHigh main", "RedisDown main")],
    );
    assert_explained(&["Other main", "One main"], &[("Other main", "One main")]);
}
