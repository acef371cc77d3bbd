//! Who is asked when, and how many at a time.

use super::*;

#[tokio::test(start_paused = true)]
async fn those_that_took_too_long_are_asked_last_from_then_on() {
    let replies = [("aa", Reply::Hang), ("bb", Reply::Used(1.0, 0.0)), ("cc", Reply::Used(1.0, 0.0))];
    let mut setup = Setup::new(&replies, |target| target.concurrency = Some(1));
    let all = containers(&["aa", "bb", "cc"]);
    setup.sweep(&all).await;
    assert_eq!(setup.fake.asked(), ["aa", "bb", "cc"]);
    setup.sweep(&all).await;
    assert_eq!(setup.fake.asked(), ["bb", "cc", "aa"]);
    setup.fake.say("aa", Reply::Used(1.0, 0.0));
    setup.sweep(&all).await;
    assert_eq!(setup.fake.asked(), ["bb", "cc", "aa"]);
    setup.sweep(&all).await;
    assert_eq!(setup.fake.asked(), ["aa", "bb", "cc"]);
}

#[tokio::test(start_paused = true)]
async fn those_whose_turn_did_not_come_are_asked_first_next_time() {
    let ids = ["aa", "bb", "cc", "dd"];
    let mut setup = Setup::new(&ids.map(|id| (id, Reply::Hang)), |target| target.concurrency = Some(1));
    let all = containers(&ids);
    // Nine seconds are enough for two that hang for five, and the second one is cut short.
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(usage.stages(), Stages { seen: 4, sampled: 0, idle: 0, failed: 2, skipped: 2 });
    assert_eq!(setup.fake.asked(), ["aa", "bb"]);
    setup.sweep(&all).await;
    assert_eq!(setup.fake.asked(), ["cc", "dd"]);
    setup.sweep(&all).await;
    assert_eq!(setup.fake.asked(), ["aa", "bb"]);
}

/// How many containers are asked at the same time of an engine that says this of itself.
async fn width(version: &'static str, change: impl FnOnce(&mut DockerTarget)) -> usize {
    let ids: Vec<String> = (0..150).map(|number| format!("c{number:03}")).collect();
    let replies: Vec<(&str, Reply)> = ids.iter().map(|id| (id.as_str(), Reply::Hang)).collect();
    let mut setup = Setup::new(&replies, |target| {
        target.call_timeout = target.deadline;
        change(target);
    });
    setup.fake.shared.lock().unwrap().version = version;
    setup.engine.ready().await.unwrap();
    let all: Vec<Container> = ids.iter().map(|id| container(id)).collect();
    setup.sweep(&all).await;
    setup.fake.in_flight()
}

#[tokio::test(start_paused = true)]
async fn engines_that_answer_at_their_tick_are_asked_for_all_at_once() {
    let docker_20 = r#"{"Version":"20.10.24+dfsg1","ApiVersion":"1.41","Os":"linux","Components":[{"Name":"Engine","Version":"20.10.24"}]}"#;
    assert_eq!(width(docker_20, |_| {}).await, 128);
    assert_eq!(width(docker_20, |target| target.concurrency = Some(3)).await, 3);
    assert_eq!(width(r#"{"Version":"24.0.6","ApiVersion":"1.43"}"#, |_| {}).await, 128);
    assert_eq!(width(r#"{"Version":"24.0.7","ApiVersion":"1.43"}"#, |_| {}).await, 16);
    assert_eq!(width(r#"{"Version":"29.1.0","ApiVersion":"1.52"}"#, |_| {}).await, 16);
    // A build of a branch.
    assert_eq!(width(r#"{"Version":"master-1f2e3d","ApiVersion":"1.44"}"#, |_| {}).await, 16);
    let podman = r#"{"Version":"4.3.1","ApiVersion":"1.41","Components":[{"Name":"Podman Engine","Version":"4.3.1"}]}"#;
    assert_eq!(width(podman, |_| {}).await, 16);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_not_known_yet_is_asked_with_care() {
    let setup = Setup::new(&[], |_| {});
    assert_eq!(setup.sweeper.width(&setup.engine), 16);
}
