//! One run: how its log is opened, read, lost and opened again.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_log_is_counted_from_its_beginning_and_once() {
    let fixture = fixture();
    let log = [line(1, "starting"), line(2, FULL), line(3, "\u{1b}[31mToo many connections\u{1b}[0m"), Piece::End];
    fixture.fake.log("1", log.clone());
    // The engine ended it before it had sent the last line.
    fixture.fake.log("1", log[..3].iter().cloned().chain([line(4, FULL), Piece::End]));
    fixture.begin("1", "web", ReadFrom::Start);
    sleep(Duration::from_millis(500)).await;
    fixture.assert_exhausted("web", 3.0);
    assert_eq!(fixture.value("manometer_docker_logs_followed "), 1.0);
    fixture.registry.end("1");
    seconds(5).await;
    fixture.assert_exhausted("web", 3.0);
    assert_eq!(fixture.fake.opened("1"), [(Some(START), 0), (Some(START + 2), 0)]);
    assert_eq!(
        fixture.samples("container_log_"),
        [
            "bytes_total{name=\"web\"} 115",
            "events_total{name=\"web\",stream=\"stdout\"} 4",
            "events_total{name=\"web\",stream=\"stderr\"} 0",
            "last_line_timestamp_seconds{name=\"web\"} 1800000004.1234567",
            "lines_total{name=\"web\",stream=\"stdout\"} 4",
            "lines_total{name=\"web\",stream=\"stderr\"} 0",
            "lines_truncated_total{name=\"web\"} 0",
            "matches_total{name=\"web\",pattern=\"pool_metrics\"} 0",
            "matches_total{name=\"web\",pattern=\"pool_near_capacity\"} 0",
            "matches_total{name=\"web\",pattern=\"pool_exhausted\"} 3",
            "matches_total{name=\"web\",pattern=\"stale_connection\"} 0",
            "read_paused_seconds_total{name=\"web\"} 0",
        ]
    );
    assert_eq!(fixture.reopened(), []);
    assert_eq!(fixture.value("manometer_docker_logs_followed "), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_ran_before_is_read_from_now_on() {
    let fixture = fixture();
    fixture.fake.log("1", [wait(5), line(5, FULL)]);
    fixture.begin("1", "web", ReadFrom::Now);
    seconds(2).await;
    fixture.assert_exhausted("web", 0.0);
    assert_eq!(fixture.value("container_log_follow_up{name=\"web\"} "), 1.0);
    assert_eq!(fixture.samples("container_log_last_line"), [""; 0]);
    seconds(5).await;
    fixture.assert_exhausted("web", 1.0);
    assert_eq!(fixture.fake.opened("1"), [(None, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_log_is_opened_again_where_it_broke() {
    let fixture = fixture();
    fixture.fake.log("1", [line(1, FULL), line(2, FULL), wait(10), Piece::Broken]);
    fixture.fake.answer("1", Answer::Refused(Refused::Failed("no".to_owned())));
    fixture.fake.log("1", [line(1, FULL), line(2, FULL), line(11, FULL), wait(60), line(72, FULL), Piece::Broken]);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(11).await;
    assert_eq!(fixture.value("container_log_follow_up{name=\"web\"} "), 0.0);
    seconds(30).await;
    assert_eq!(fixture.value("container_log_follow_up{name=\"web\"} "), 1.0);
    fixture.assert_exhausted("web", 3.0);
    seconds(60).await;
    fixture.assert_exhausted("web", 4.0);
    let opened = fixture.fake.opened("1");
    let since: Vec<_> = opened.iter().map(|(since, _)| since.unwrap() - START).collect();
    assert_eq!(since, [0, 1, 1, 71]);
    // One second, then two; and one again after a minute in which all was well.
    let at: Vec<_> = opened.iter().map(|(_, at)| *at).collect();
    assert!(at[1] == 11 && at[2] == 13 && [74, 75].contains(&at[3]), "{at:?}");
    assert_eq!(fixture.reopened(), [("error".to_owned(), 2.0)]);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_read_is_opened_again() {
    let fixture = fixture();
    let bad = |bytes: &[u8]| Piece::Bytes(bytes.to_vec());
    fixture.fake.log("1", [line(1, FULL), bad(&[1, 0, 0, 0, 255, 255, 255, 255])]);
    fixture.fake.log("1", [line(1, FULL), line(2, FULL), bad(b"\x03\0\0\0\0\0\0\x05sorry")]);
    fixture.fake.log("1", [line(1, FULL), line(2, FULL), line(3, FULL)]);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(10).await;
    fixture.assert_exhausted("web", 3.0);
    assert_eq!(fixture.reopened(), [("error".to_owned(), 1.0), ("protocol".to_owned(), 1.0)]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_log_is_opened_anew_now_and_then() {
    let fixture = fixture();
    fixture.fake.log("1", [line(1, FULL)]);
    fixture.fake.log("1", [line(1, FULL), line(500, FULL)]);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(599).await;
    assert_eq!(fixture.fake.opened("1").len(), 1);
    seconds(62).await;
    fixture.assert_exhausted("web", 2.0);
    assert_eq!(fixture.fake.opened("1").len(), 2);
    assert_eq!(fixture.reopened(), [("idle_refresh".to_owned(), 1.0)]);
}

#[tokio::test(start_paused = true)]
async fn what_was_logged_before_anything_was_read_is_not_lost_either() {
    let fixture = fixture();
    seconds(100).await;
    fixture.fake.log("1", [wait(1), Piece::Broken]);
    fixture.fake.log("1", [line(99, FULL), line(101, FULL)]);
    fixture.begin("1", "web", ReadFrom::Now);
    seconds(10).await;
    assert_eq!(fixture.fake.opened("1"), [(None, 100), (Some(START + 100), 102)]);
    fixture.assert_exhausted("web", 1.0);
}

#[tokio::test(start_paused = true)]
async fn after_a_long_interruption_following_begins_at_now() {
    let fixture = fixture();
    fixture.fake.log("1", [line(1, FULL), Piece::Broken]);
    for _ in 0..11 {
        fixture.fake.answer("1", Answer::Refused(Refused::Failed("away".to_owned())));
    }
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(400).await;
    let opened = fixture.fake.opened("1");
    assert_eq!(opened.len(), 12);
    assert!(opened.iter().all(|(since, at)| since.is_some() == (*at <= 300)), "{opened:?}");
    assert_eq!(fixture.reopened(), []);
    seconds(200).await;
    assert_eq!(fixture.reopened(), [("gap".to_owned(), 1.0)]);
    fixture.assert_exhausted("web", 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_read_slowly_and_as_a_whole() {
    let fixture = fixture_with(|settings| {
        settings.lines_per_second = 10;
        settings.burst = 50;
    });
    let flood = (0..200).map(|at| line_at(0, 1_000_001 + at, FULL));
    fixture.fake.log("1", flood.chain([Piece::End]));
    fixture.begin("1", "web", ReadFrom::Start);
    fixture.registry.end("1");
    seconds(5).await;
    let some = fixture.value("container_log_lines_total{name=\"web\",stream=\"stdout\"} ");
    assert!((90.0..110.0).contains(&some), "{some}");
    seconds(20).await;
    fixture.assert_exhausted("web", 200.0);
    let paused = fixture.value("container_log_read_paused_seconds_total{name=\"web\"} ");
    assert!((14.9..15.1).contains(&paused), "{paused}");
}

#[tokio::test(start_paused = true)]
async fn numbers_of_lines_are_shown_while_the_container_runs() {
    let fixture = fixture_with(|settings| settings.sets.push(PatternSet::Ticker));
    let pool = "Redis pool metrics: {'max_connections': 50, 'available_connections': 8, 'in_use_connections': 42}";
    let log =
        [line(1, pool), line(2, "Published to a (latency=2.5ms)"), line(3, "Received 250 ticks, sampling to 100")];
    fixture.fake.log("1", log);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(1).await;
    assert_eq!(
        fixture.samples("pool_"),
        [
            "connections{pool=\"web\",state=\"in_use\"} 42",
            "connections{pool=\"web\",state=\"idle\"} 8",
            "max_connections{pool=\"web\"} 50",
            "usage_ratio{pool=\"web\"} 0.84",
        ]
    );
    assert_eq!(fixture.value("container_log_publish_latency_seconds{name=\"web\"} "), 0.0025);
    assert_eq!(fixture.value("container_log_value{name=\"web\",pattern=\"ticks_sampled\"} "), 250.0);
    fixture.registry.end("1");
    seconds(60).await;
    assert_eq!(fixture.samples("pool_"), [""; 0]);
    assert_eq!(fixture.samples("container_log_value"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_engine_elsewhere_may_have_another_clock() {
    let fake = Fake::new();
    fake.is_remote();
    let settings = FollowSettings { sets: vec![PatternSet::Pool], ..FollowSettings::default() };
    let fixture = Fixture { registry: Arc::new(Registry::new(fake.clone(), settings)), fake };
    // It is ahead by an hour, and sends again what it sent.
    let log: Vec<_> = (0..3_000).map(|at| line_at(3_600, 1 + at, FULL)).collect();
    fixture.fake.log("1", log.iter().cloned().chain([Piece::Broken]));
    fixture.fake.log("1", log);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(10).await;
    fixture.assert_exhausted("web", 3_000.0);
    assert_eq!(fixture.fake.opened("1"), [(Some(START - 60), 0), (Some(START + 3_599), 1)]);
}

#[tokio::test(start_paused = true)]
async fn samples_are_kept_if_they_are_wanted() {
    let fixture = fixture_with(|settings| settings.samples = true);
    fixture.fake.log("1", [line(1, "too many connections to redis://u:secret@redis"), line(2, "harmless")]);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(1).await;
    let samples = fixture.registry.samples();
    assert_eq!(samples.len(), 1);
    assert_eq!(
        (samples[0].text.as_str(), samples[0].container.as_str()),
        ("too many connections to redis://***@redis", "web")
    );
    assert_eq!(fixture.value("manometer_log_samples_put_wait_seconds_count "), 1.0);
    fixture.registry.forget("web");
    assert_eq!(fixture.registry.samples().len(), 1);
    fixture.registry.end("1");
    seconds(60).await;
    fixture.registry.forget("web");
    assert_eq!(fixture.registry.samples(), []);
}

#[tokio::test(start_paused = true)]
async fn the_lines_of_a_stack_are_one_event() {
    let fixture = fixture_with(|settings| settings.sets = PatternSet::value_variants().to_vec());
    let lines = [
        "2025-11-02 10:00:00 ERROR app - could not store the quote",
        "Traceback (most recent call last):",
        "  File \"/app/a.py\", line 3, in store",
        "    raise TimeoutError(\"Timeout reading from socket\")",
        "redis.exceptions.TimeoutError: Timeout reading from socket",
    ];
    // The stack comes in two parts, and what is written after a pause is another event.
    let mut log: Vec<Piece> = (1_u64..).zip(lines).map(|(at, text)| line(at, text)).collect();
    log.insert(3, Piece::Wait(Duration::from_millis(100)));
    log.extend([wait(10), line(20, "redis.exceptions.TimeoutError: Timeout reading from socket")]);
    fixture.fake.log("1", log);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(5).await;
    let count =
        |pattern: &str| fixture.value(&format!("container_log_matches_total{{name=\"web\",pattern={pattern:?}}}"));
    let events = || fixture.value("container_log_events_total{name=\"web\",stream=\"stdout\"}");
    let each = ["operation_timeout", "timeout", "severity_error", "redis_error"];
    assert_eq!((each.map(count), events()), ([1.0; 4], 1.0));
    assert_eq!(fixture.value("container_log_lines_total{name=\"web\",stream=\"stdout\"}"), 5.0);
    seconds(10).await;
    assert_eq!((each.map(count), events()), ([2.0; 4], 2.0));
}
