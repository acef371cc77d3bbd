//! Engines and containers that do not answer as they should.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_container_that_hangs_costs_itself_alone() {
    let replies = [("aa", Reply::Used(1.0, 0.0)), ("bb", Reply::Hang), ("cc", Reply::Used(2.0, 0.0))];
    let mut setup = Setup::new(&replies, |_| {});
    let all = containers(&["aa", "bb", "cc"]);
    let (usage, took) = setup.sweep(&all).await;
    assert_eq!(sampled(&all, &usage), ["name-of-aa", "name-of-cc"]);
    assert_eq!(usage.stages(), Stages { seen: 3, sampled: 2, idle: 0, failed: 1, skipped: 0 });
    assert!((5.0..5.1).contains(&took.as_secs_f64()), "{took:?}");
    assert_eq!(
        setup.counted(),
        [r#"manometer_docker_stats_failures_total{reason="timeout"} 1"#, "manometer_docker_stats_samples_total 2"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_sweep_ends_before_the_deadline_with_what_it_has() {
    let hanging = ["b1", "b2", "b3", "b4"].map(|id| (id, Reply::Hang));
    let replies = [&[("aa", Reply::Used(1.0, 0.0))], &hanging[..]].concat();
    let mut setup = Setup::new(&replies, |target| {
        target.concurrency = Some(2);
        target.call_timeout = target.deadline;
    });
    let all = containers(&["aa", "b1", "b2", "b3", "b4"]);
    let (usage, took) = setup.sweep(&all).await;
    assert_eq!(sampled(&all, &usage), ["name-of-aa"]);
    // Two were under way, and two never had their turn.
    assert_eq!(usage.stages(), Stages { seen: 5, sampled: 1, idle: 0, failed: 2, skipped: 2 });
    assert!((9.0..9.1).contains(&took.as_secs_f64()), "{took:?}");
    assert_eq!(
        setup.counted(),
        [
            r#"manometer_docker_stats_failures_total{reason="timeout"} 2"#,
            "manometer_docker_stats_samples_total 1",
            "manometer_docker_stats_skipped_total 2",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_that_the_poll_has_used_is_not_there_for_the_sweep() {
    let mut setup = Setup::new(&[("aa", Reply::Hang), ("bb", Reply::Used(1.0, 0.0))], |_| {});
    let all = containers(&["aa", "bb"]);
    let begun = Instant::now();
    tokio::time::advance(Duration::from_secs(7)).await;
    let usage = setup.sweeper.sweep(&setup.engine, &all, begun).await;
    assert!((9.0..9.1).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
    assert_eq!(usage.stages(), Stages { seen: 2, sampled: 1, idle: 0, failed: 1, skipped: 0 });
    let begun = Instant::now();
    tokio::time::advance(Duration::from_secs(9)).await;
    setup.fake.asked();
    let usage = setup.sweeper.sweep(&setup.engine, &all, begun).await;
    assert_eq!(usage.stages(), Stages { seen: 2, sampled: 0, idle: 0, failed: 0, skipped: 2 });
    assert_eq!(setup.fake.asked(), [""; 0]);
}

#[test]
fn the_margin_is_a_tenth_of_the_deadline_and_enough_of_a_short_one() {
    for (deadline, expected) in [(10_000, 9000), (4000, 3600), (900, 700), (300, 150), (0, 0)] {
        assert_eq!(within(Duration::from_millis(deadline)), Duration::from_millis(expected), "{deadline}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_one_is_counted_by_its_reason_and_the_others_are_there() {
    let replies = [
        ("aa", Reply::Used(1.0, 0.0)),
        ("bb", Reply::Status(500)),
        ("cc", Reply::Body("{\"read\":".to_owned())),
        ("dd", Reply::Body(r#"{"num_procs":-1}"#.to_owned())),
        ("ee", Reply::Used(1.0, 0.0)),
    ];
    let mut setup = Setup::new(&replies, |_| {});
    let all = containers(&["aa", "bb", "cc", "dd", "ee"]);
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(sampled(&all, &usage), ["name-of-aa", "name-of-ee"]);
    assert_eq!(usage.stages(), Stages { seen: 5, sampled: 2, idle: 0, failed: 3, skipped: 0 });
    assert_eq!(
        setup.counted(),
        [
            r#"manometer_docker_stats_failures_total{reason="status"} 1"#,
            r#"manometer_docker_stats_failures_total{reason="decode"} 2"#,
            "manometer_docker_stats_samples_total 2",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_meanwhile_is_no_failure() {
    let ended = r#"{"read":"0001-01-01T00:00:00Z","cpu_stats":{"cpu_usage":{"total_usage":0}},"memory_stats":{}}"#;
    let replies =
        [("gone", Reply::Status(404)), ("leaves", Reply::Status(409)), ("zeros", Reply::Body(ended.to_owned()))];
    let mut setup = Setup::new(&replies, |_| {});
    let mut all = containers(&["gone", "leaves", "zeros", "stopped"]);
    all[3].state = RunState::Exited;
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(usage.stages(), Stages { seen: 4, sampled: 0, idle: 4, failed: 0, skipped: 0 });
    assert_eq!(lines(&all, &usage, "container_"), [""; 0]);
    assert_eq!(setup.counted(), [""; 0]);
    assert_eq!(setup.fake.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_not_allowed_is_not_asked_again() {
    let ids = ["aa", "bb", "cc", "dd"];
    let mut setup = Setup::new(&ids.map(|id| (id, Reply::Status(403))), |target| target.concurrency = Some(1));
    let all = containers(&ids);
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(usage.stages(), Stages { seen: 4, sampled: 0, idle: 0, failed: 1, skipped: 3 });
    assert_eq!(setup.fake.asked(), ["aa"]);
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(usage.stages(), Stages { seen: 4, sampled: 0, idle: 0, failed: 0, skipped: 4 });
    assert_eq!(setup.fake.asked(), [""; 0]);
    assert_eq!(
        setup.counted(),
        [r#"manometer_docker_stats_failures_total{reason="acl"} 1"#, "manometer_docker_stats_skipped_total 7",]
    );
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_has_gone_fails_them_all() {
    let mut setup = Setup::new(&[], |_| {});
    std::fs::remove_file(setup.fake.folder.path().join("docker.sock")).unwrap();
    let all = containers(&["aa", "bb"]);
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(usage.stages(), Stages { seen: 2, sampled: 0, idle: 0, failed: 2, skipped: 0 });
    assert_eq!(setup.counted(), [r#"manometer_docker_stats_failures_total{reason="connect"} 2"#]);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_is_given_up_can_be_made_again_and_stays_counted() {
    let mut setup = Setup::new(&[("aa", Reply::Used(1.0, 0.0)), ("bb", Reply::Hang)], |_| {});
    let all = containers(&["aa", "bb"]);
    assert!(tokio::time::timeout(Duration::from_secs(1), setup.sweep(&all)).await.is_err());
    assert_eq!(setup.counted(), ["manometer_docker_stats_samples_total 1"]);
    setup.fake.say("bb", Reply::Used(1.0, 0.0));
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(usage.stages(), Stages { seen: 2, sampled: 2, idle: 0, failed: 0, skipped: 0 });
    assert_eq!(setup.counted(), ["manometer_docker_stats_samples_total 3"]);
}

#[tokio::test(start_paused = true)]
async fn counters_outlive_their_sweeper_and_are_there_from_the_start() {
    let mut setup = Setup::new(&[("aa", Reply::Used(1.0, 0.0))], |_| {});
    let all = containers(&["aa"]);
    setup.sweep(&all).await;
    setup.sweeper = Sweeper::new(&setup.fake.target(), Arc::clone(&setup.totals));
    setup.sweep(&all).await;
    let mut out = Families::new();
    setup.sweeper.export(&mut out);
    let text = exposition(&out.into_sorted(), Format::Prometheus);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        lines,
        [
            "manometer_docker_cgroup_reads_total 0",
            "manometer_docker_cgroup_vanished_total 0",
            r#"manometer_docker_stats_failures_total{reason="timeout"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="connect"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="refused"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="tls"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="auth"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="acl"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="protocol"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="status"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="decode"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="descriptors"} 0"#,
            r#"manometer_docker_stats_failures_total{reason="internal"} 0"#,
            "manometer_docker_stats_samples_total 2",
            "manometer_docker_stats_skipped_total 0",
        ]
    );
}

/// What the gauge shows of the endpoint.
fn capability(setup: &Setup) -> Option<f64> {
    let mut out = Families::new();
    setup.engine.export(&mut out);
    let family = out.get("manometer_docker_capability")?;
    family.values().find(|(labels, _)| labels.contains("stats")).map(|(_, value)| value)
}

#[tokio::test(start_paused = true)]
async fn podman_has_no_words_for_a_container_that_is_not_there_and_is_not_refusing() {
    // Its answers as 4.3.1 gives them: to the probe, for one that runs, and for one that has just gone.
    let body = include_str!("../../../../../../tests/fixtures/docker/stats/podman-4.3.1.json");
    let replies =
        [("manometer-probe", Reply::Nothing), ("web", Reply::Body(body.to_owned())), ("gone", Reply::Nothing)];
    let mut setup = Setup::new(&replies, |target| target.concurrency = Some(1));
    setup.fake.shared.lock().unwrap().version = r#"{"Version":"4.3.1","ApiVersion":"1.41","Os":"linux","Components":[{"Name":"Podman Engine","Version":"4.3.1"}]}"#;
    setup.engine.ready().await.unwrap();
    assert_eq!(capability(&setup), None, "not known yet");
    let all = containers(&["gone", "web"]);
    for _ in 0..3 {
        let (usage, _) = setup.sweep(&all).await;
        assert_eq!(usage.stages(), Stages { seen: 2, sampled: 1, idle: 1, failed: 0, skipped: 0 });
        let used = r#"container_cpu_usage_seconds_total{name="name-of-web",image="image",cpu="total"} 0.024842372"#;
        assert_eq!(lines(&all, &usage, "container_cpu_usage_seconds_total"), [used]);
        assert_eq!(capability(&setup), Some(1.0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_hides_the_path_is_a_refusal_at_the_second_time_and_is_tried_again() {
    let ids = ["aa", "bb"];
    let mut setup = Setup::new(&ids.map(|id| (id, Reply::Nothing)), |target| target.concurrency = Some(1));
    let all = containers(&ids);
    setup.sweep(&all).await;
    assert_eq!(capability(&setup), None, "both may have gone");
    setup.sweep(&all).await;
    assert_eq!(capability(&setup), Some(0.0));
    setup.fake.asked();
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!((setup.fake.asked().len(), usage.stages().skipped), (0, 2));
    tokio::time::advance(Duration::from_mins(5)).await;
    setup.fake.say("aa", Reply::Used(1.0, 0.0));
    setup.sweep(&all).await;
    assert_eq!(setup.fake.asked(), ids);
    assert_eq!(capability(&setup), Some(1.0));
}
