//! The exposition of what is known.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::collector::docker::engine::Inspected;
use crate::metric::text::{Format, exposition};

fn container(name: &str, state: RunState) -> Container {
    Container {
        labels: Arc::new([("container_label_team".to_owned(), "a\"b".to_owned())]),
        ..Container::new("0123", name, "web:1", state, UNIX_EPOCH + Duration::from_millis(1_500))
    }
}

fn samples(of: &[Container]) -> Vec<String> {
    let mut families = Families::new();
    containers(of, &mut families);
    assert_eq!(families.rejections().duplicate, 0);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn a_state_set_with_the_configured_labels() {
    let lines = samples(&[container("web", RunState::Restarting)]);
    let state = |state, value| {
        format!(r#"container_state{{name="web",image="web:1",state="{state}",container_label_team="a\"b"}} {value}"#)
    };
    let mut expected: Vec<String> =
        ["created", "running", "paused", "removing", "exited", "dead", "removed", "unknown"]
            .map(|word| state(word, 0))
            .to_vec();
    expected.insert(3, state("restarting", 1));
    expected.insert(0, r#"container_failed{name="web",image="web:1",container_label_team="a\"b"} 0"#.to_owned());
    expected.insert(1, r#"container_last_seen{name="web",image="web:1",container_label_team="a\"b"} 1.5"#.to_owned());
    assert_eq!(lines, expected);
}

#[test]
fn what_is_not_known_is_absent() {
    let created = samples(&[container("web", RunState::Created)]);
    assert!(
        created.iter().all(|line| line.starts_with("container_state{") || line.starts_with("container_failed{")),
        "{created:?}"
    );
    let json = serde_json::json!({"State": {"Status": "running", "ExitCode": 0}, "RestartCount": 3});
    let inspected: Inspected = serde_json::from_value(json).unwrap();
    let known = Container {
        health: Health::Unhealthy,
        created: Some(UNIX_EPOCH + Duration::from_secs(10)),
        started: Some(UNIX_EPOCH + Duration::from_millis(20_250)),
        inspected: Some(Arc::new(inspected)),
        labels: Arc::new([]),
        ..container("web", RunState::Running)
    };
    let lines = samples(std::slice::from_ref(&known));
    let others: Vec<&str> =
        lines.iter().filter(|line| !line.starts_with("container_state{")).map(String::as_str).collect();
    assert_eq!(
        others,
        [
            r#"container_creation_time_seconds{name="web",image="web:1"} 10"#,
            r#"container_failed{name="web",image="web:1"} 0"#,
            r#"container_health_state{name="web",image="web:1"} 0"#,
            r#"container_health_status{name="web",image="web:1",status="starting"} 0"#,
            r#"container_health_status{name="web",image="web:1",status="healthy"} 0"#,
            r#"container_health_status{name="web",image="web:1",status="unhealthy"} 1"#,
            r#"container_last_seen{name="web",image="web:1"} 1.5"#,
            r#"container_restart_count{name="web",image="web:1"} 3"#,
            r#"container_start_time_seconds{name="web",image="web:1"} 20.25"#,
        ]
    );
    // Without a check.
    let unchecked = samples(&[Container { health: Health::None, ..known.clone() }]);
    let health: Vec<&String> = unchecked.iter().filter(|line| line.contains("health")).collect();
    assert_eq!(health, [r#"container_health_state{name="web",image="web:1"} 0"#]);
    // Nobody checks one that does not run.
    let ended = samples(&[Container { state: RunState::Exited, ..known }]);
    assert!(!ended.iter().any(|line| line.contains("health")));
}

#[test]
fn every_metric_is_listed_once() {
    let mut names: Vec<&str> = metrics().iter().map(|info| info.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), count), (23, 23));
}

#[test]
fn what_ended_badly_and_stays_down_has_failed() {
    let failed = |state, ended| {
        let lines = samples(&[Container { ended, ..container("web", state) }]);
        let line = lines.iter().find(|line| line.starts_with("container_failed{"));
        line.map(|line| line.ends_with(" 1"))
    };
    for (reason, expected) in [
        (ExitReason::Ok, Some(false)),
        (ExitReason::Error, Some(true)),
        (ExitReason::Oom, Some(true)),
        (ExitReason::Killed, Some(false)),
        (ExitReason::Unknown, None),
        (ExitReason::SigkillUnexplained, Some(true)),
    ] {
        for state in [RunState::Exited, RunState::Dead] {
            assert_eq!(failed(state, Some(reason)), expected, "{reason:?}");
            assert_eq!(failed(state, None), None);
        }
        // It runs again, or will.
        for state in [RunState::Running, RunState::Restarting, RunState::Removed] {
            assert_eq!(failed(state, Some(reason)), Some(false));
        }
    }
}

#[test]
fn what_is_down_from_an_oom_kill_says_so_and_what_is_up_says_nothing() {
    let killed = |state, ended| {
        let lines = samples(&[Container { ended, ..container("web", state) }]);
        lines.iter().find(|line| line.starts_with("container_oom_killed{")).map(|line| line.ends_with(" 1"))
    };
    assert_eq!(killed(RunState::Exited, Some(ExitReason::Oom)), Some(true));
    assert_eq!(killed(RunState::Dead, Some(ExitReason::Error)), Some(false));
    assert_eq!(killed(RunState::Exited, Some(ExitReason::Unknown)), None);
    assert_eq!(killed(RunState::Running, Some(ExitReason::Oom)), None);
}
