//! Inspections as engines send them.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

const WEB: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-web.json");
const UNHEALTHY: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-web-unhealthy.json");
const LATER: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-later.json");
const HUNGRY: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-hungry.json");
const PARENT: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-parent.json");
const KILLED: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-parent-killed.json");
const FORGER: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-forger.json");
const CRASHING: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-crashing.json");
const FROZEN: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-frozen.json");
const TERM: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/inspect/docker-20.10-term.json");

fn inspected(body: &[u8]) -> Inspected {
    serde_json::from_slice(body).unwrap()
}

fn at(seconds: u64, nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}

#[test]
fn all_that_is_read_of_a_recorded_one() {
    let web = inspected(WEB);
    assert_eq!(
        web,
        Inspected {
            image: "bb:1".to_owned(),
            state: "running".to_owned(),
            health: Some("healthy".to_owned()),
            created: Some(at(1_795_553_583, 159_754_370)),
            started: Some(at(1_795_553_583, 329_928_764)),
            finished: None,
            exit_code: 0,
            oom_killed: false,
            restarts: 0,
            tty: false,
            log_driver: "json-file".to_owned(),
            network_mode: "none".to_owned(),
            restart_policy: "unless-stopped".to_owned(),
            image_id: "sha256:da05a9d7e052f282ddaeebe050cbfae14ef2b93946b1647daff87d36269ebbe7".to_owned(),
            storage: "/var/lib/docker/overlay2/ed6b14bce6eabb217284958ff271298df0e60a4819ccba8a19dc05a988088410/diff"
                .to_owned(),
            limits: Limits {
                memory: 64 << 20,
                memory_swap: 128 << 20,
                memory_reservation: 32 << 20,
                nano_cpus: 1_500_000_000,
                ..Limits::default()
            },
        }
    );
    assert!(String::from_utf8_lossy(WEB).contains("hunter2"));
    assert!(!format!("{web:?}").contains("hunter2"), "the environment is not kept");
    assert_eq!(inspected(UNHEALTHY).health.as_deref(), Some("unhealthy"));
    assert!(inspected(TERM).tty);
    // Without a layer of its own it is where the engine keeps the container's files.
    let other = r#"{"State":{"ExitCode":0},"GraphDriver":{"Data":null,"Name":"vfs"},"HostnamePath":"/data/containers/1/hostname"}"#;
    let other = inspected(other.as_bytes());
    assert_eq!((other.storage.as_str(), other.restart_policy.as_str()), ("/data/containers/1/hostname", "no"));
}

#[test]
fn the_states_of_recorded_ones() {
    let shown = |body| {
        let one = inspected(body);
        (one.state, one.exit_code, one.oom_killed, one.restarts, one.started.is_some(), one.finished.is_some())
    };
    assert_eq!(shown(LATER), ("created".to_owned(), 0, false, 0, false, false));
    assert_eq!(shown(HUNGRY), ("exited".to_owned(), 137, true, 3, true, true));
    // The child was killed; before Docker 23 that shows only when the container has ended.
    assert_eq!(shown(PARENT), ("running".to_owned(), 0, false, 0, true, false));
    assert_eq!(shown(KILLED), ("exited".to_owned(), 137, true, 0, true, true));
    assert_eq!(shown(FORGER), ("exited".to_owned(), 3, false, 0, true, true));
    assert_eq!(shown(CRASHING), ("restarting".to_owned(), 1, false, 5, true, true));
    assert_eq!(shown(FROZEN), ("paused".to_owned(), 0, false, 0, true, false));
}

#[test]
fn limits_in_their_two_ways() {
    let limits = |json: serde_json::Value| {
        let body = serde_json::json!({"State": {"ExitCode": 0}, "HostConfig": json});
        serde_json::from_value::<Inspected>(body).unwrap().limits
    };
    assert_eq!(limits(serde_json::json!({})).quota_cpus(), None);
    assert_eq!(limits(serde_json::json!({"NanoCpus": 250_000_000})).quota_cpus(), Some(0.25));
    assert_eq!(limits(serde_json::json!({"CpuQuota": 50_000})).quota_cpus(), Some(0.5));
    assert_eq!(limits(serde_json::json!({"CpuQuota": 50_000, "CpuPeriod": 25_000})).quota_cpus(), Some(2.0));
    assert_eq!(limits(serde_json::json!({"CpuQuota": -1, "CpuPeriod": 25_000})).quota_cpus(), None);
    assert_eq!(limits(serde_json::json!({"Memory": null, "MemorySwap": -1})).memory_swap, -1);
}

#[test]
fn nulls_are_nothing_and_a_missing_exit_code_is_no_good_end() {
    let null = serde_json::json!({
        "Created": null, "RestartCount": null, "Config": null, "HostConfig": {"LogConfig": null, "NetworkMode": null},
        "State": {"Status": null, "ExitCode": 0, "OOMKilled": null, "StartedAt": null, "FinishedAt": "", "Health": null},
    });
    let read: Inspected = serde_json::from_value(null).unwrap();
    assert_eq!((read.state.as_str(), read.started, read.health), ("", None, None));
    for body in [
        "{}",
        r#"{"State": null}"#,
        r#"{"State": {}}"#,
        r#"{"State": {"ExitCode": null}}"#,
        r#"{"State": {"ExitCode": "0"}}"#,
        r#"{"State": {"ExitCode": 0}, "RestartCount": "many"}"#,
        r#"{"message": "No such container: web"}"#,
    ] {
        assert!(serde_json::from_str::<Inspected>(body).is_err(), "{body}");
    }
    for health in ["", "none"] {
        let body = serde_json::json!({"State": {"ExitCode": 0, "Health": {"Status": health}}});
        assert_eq!(serde_json::from_value::<Inspected>(body).unwrap().health, None);
    }
}

#[test]
fn cut_anywhere_it_is_an_error() {
    for end in 0..WEB.trim_ascii().len() {
        assert!(serde_json::from_slice::<Inspected>(&WEB[..end]).is_err(), "{end}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_taken(bytes: Vec<u8>) {
        let _ = serde_json::from_slice::<Inspected>(&bytes);
    }
}

#[test]
fn a_list_of_cpus_is_counted() {
    for (list, cpus) in [
        ("", 0),
        ("0", 1),
        ("0-3", 4),
        ("0-1,3", 3),
        ("3, 0-1", 3),
        ("0-3,2-5,4", 6),
        ("0-4294967295", u32::MAX),
        ("3-1", 0),
        ("0-", 0),
        ("all", 0),
        ("0,,1", 0),
    ] {
        assert_eq!(cpus_in(list), cpus, "{list:?}");
    }
}
