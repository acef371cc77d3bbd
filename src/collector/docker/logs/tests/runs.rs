//! Many runs: which are followed, and what becomes of a container's next one.

use super::*;

fn raw(text: &str) -> Piece {
    Piece::Bytes(format!("2027-01-15T08:00:01.{:09}Z {text}\r\n", text.len()).into_bytes())
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_not_asked_for_again_in_the_same_run() {
    let fixture = fixture();
    fixture.fake.answer("1", Answer::Refused(Refused::Unreadable));
    fixture.fake.answer("2", Answer::Refused(Refused::Gone));
    fixture.begin("1", "silent", ReadFrom::Start);
    fixture.begin("2", "gone", ReadFrom::Start);
    for _ in 0..10 {
        seconds(60).await;
        fixture.begin("1", "silent", ReadFrom::Start);
        fixture.begin("2", "gone", ReadFrom::Start);
    }
    assert_eq!((fixture.fake.opened("1").len(), fixture.fake.opened("2").len()), (1, 1));
    assert_eq!((fixture.skipped("driver"), fixture.skipped("limit"), fixture.skipped("tty")), (1.0, 0.0, 0.0));
    // Nothing is known of it, so nothing is said.
    assert_eq!(fixture.samples("container_log_"), [""; 0]);
    fixture.registry.end("1");
    assert_eq!(fixture.skipped("driver"), 0.0);
    fixture.fake.log("1", [line(700, FULL)]);
    fixture.begin("1", "silent", ReadFrom::Start);
    seconds(1).await;
    fixture.assert_exhausted("silent", 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_terminal_is_left_out_and_counted() {
    let fixture = fixture();
    fixture.fake.log("1", [raw(FULL)]);
    fixture.begin("1", "shell", ReadFrom::Start);
    seconds(1).await;
    assert_eq!(fixture.skipped("tty"), 1.0);
    assert_eq!(fixture.samples("container_log_"), [""; 0]);
    // Its next run has one too.
    fixture.registry.end("1");
    assert_eq!(fixture.skipped("tty"), 0.0);
    fixture.begin("1", "shell", ReadFrom::Start);
    seconds(1).await;
    assert_eq!(fixture.skipped("tty"), 1.0);
    assert_eq!(fixture.fake.opened("1").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_terminal_is_found_by_asking() {
    let fixture = fixture();
    fixture.fake.has_terminal(true);
    fixture.begin("1", "shell", ReadFrom::Now);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(fixture.samples("container_log_"), [""; 0]);
    seconds(2).await;
    assert_eq!(fixture.skipped("tty"), 1.0);
    assert_eq!(fixture.samples("container_log_"), [""; 0]);
    // What is silent and has none has counters that stand at 0.
    fixture.fake.has_terminal(false);
    fixture.begin("2", "web", ReadFrom::Now);
    seconds(2).await;
    fixture.assert_exhausted("web", 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_terminal_is_read_where_that_is_wanted() {
    let fixture = fixture_with(|settings| settings.tty = true);
    fixture.fake.log("1", [raw(FULL), raw("harmless")]);
    fixture.begin("1", "shell", ReadFrom::Start);
    seconds(1).await;
    fixture.assert_exhausted("shell", 1.0);
    assert_eq!(fixture.value("container_log_lines_total{name=\"shell\",stream=\"stdout\"} "), 2.0);
    assert_eq!(fixture.skipped("tty"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limit_runs_wait_for_their_turn() {
    let fixture = fixture_with(|settings| settings.max_followed = 2);
    for id in ["1", "2", "3", "4"] {
        fixture.begin(id, &format!("web-{id}"), ReadFrom::Start);
        fixture.fake.log(id, [line(1, FULL)]);
    }
    seconds(1).await;
    assert_eq!((fixture.value("manometer_docker_logs_followed "), fixture.skipped("limit")), (2.0, 2.0));
    assert_eq!(fixture.samples("container_log_bytes_total").len(), 2);
    fixture.registry.end("2");
    fixture.registry.end("4");
    assert_eq!(fixture.skipped("limit"), 1.0);
    seconds(60).await;
    assert_eq!((fixture.value("manometer_docker_logs_followed "), fixture.skipped("limit")), (2.0, 0.0));
    fixture.assert_exhausted("web-3", 1.0);
    assert_eq!(fixture.fake.opened("4"), []);
}

#[tokio::test(start_paused = true)]
async fn runs_that_are_over_take_no_place_of_others() {
    let fixture = fixture_with(|settings| settings.max_followed = 2);
    for id in 0..6 {
        let id = id.to_string();
        fixture.fake.log(&id, [line(1, FULL), Piece::End]);
        fixture.begin(&id, "job", ReadFrom::Start);
        fixture.registry.end(&id);
    }
    seconds(10).await;
    fixture.assert_exhausted("job", 6.0);
}

#[tokio::test(start_paused = true)]
async fn the_next_run_goes_on_where_the_last_one_was_left() {
    let fixture = fixture();
    let first = [line(1, FULL), line(2, FULL)];
    fixture.fake.log("1", first.iter().cloned().chain([wait(3), line(4, FULL), Piece::End]));
    // The engine sends the whole log: also what was left of the first run.
    fixture.fake.log("1", first.iter().cloned().chain([line(4, FULL), line(5, FULL), line(6, FULL)]));
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(1).await;
    // The news of the next run overtake the end of the first one's log.
    fixture.registry.end("1");
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(1).await;
    assert_eq!(fixture.fake.opened("1").len(), 1);
    seconds(5).await;
    fixture.assert_exhausted("web", 5.0);
    assert_eq!(fixture.fake.opened("1").len(), 2);
    assert_eq!(fixture.value("container_log_follow_up{name=\"web\"} "), 1.0);
    seconds(120).await;
    // The end of the first run has not ended the second.
    assert_eq!(fixture.value("container_log_follow_up{name=\"web\"} "), 1.0);
    assert_eq!(fixture.reopened(), []);
}

#[tokio::test(start_paused = true)]
async fn the_next_run_after_a_while_goes_on_there_too() {
    let fixture = fixture();
    fixture.fake.log("1", [line(1, FULL), Piece::End]);
    fixture.fake.log("1", [line(1, FULL), line(4_000, FULL)]);
    fixture.begin("1", "web", ReadFrom::Start);
    fixture.registry.end("1");
    seconds(4_000).await;
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(1).await;
    fixture.assert_exhausted("web", 2.0);
    assert_eq!(fixture.reopened(), []);
    // Created anew it is another container, and its counters go on.
    fixture.registry.end("1");
    fixture.fake.log("2", [line(4_010, FULL)]);
    fixture.begin("2", "web", ReadFrom::Start);
    seconds(1).await;
    fixture.assert_exhausted("web", 3.0);
}

#[tokio::test(start_paused = true)]
async fn earlier_runs_of_a_container_that_is_started_again_do_not_count() {
    let fixture = fixture();
    seconds(50).await;
    let before = UNIX_EPOCH + Duration::from_secs(START - 1);
    let old = format!("{} {FULL}\n", humantime::format_rfc3339_nanos(before));
    let length = u32::try_from(old.len()).unwrap().to_be_bytes();
    let old = Piece::Bytes([&[1, 0, 0, 0][..], &length, old.as_bytes()].concat());
    fixture.fake.log("1", [old, line(50, FULL)]);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(1).await;
    fixture.assert_exhausted("web", 1.0);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_log_has_half_a_minute() {
    let fixture = fixture();
    fixture.fake.log("1", [line(1, FULL), wait(29), line(30, FULL), wait(31), line(61, FULL)]);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(1).await;
    fixture.registry.end("1");
    seconds(100).await;
    fixture.assert_exhausted("web", 2.0);
    assert_eq!(fixture.fake.opened("1").len(), 1);
    assert_eq!(Arc::strong_count(&fixture.registry), 1);
}

#[tokio::test(start_paused = true)]
async fn a_renamed_container_is_counted_under_its_new_name() {
    let fixture = fixture_with(|settings| settings.exclude = Names::of(&["old-*"]));
    fixture.fake.log("1", [line(1, FULL), wait(10), line(11, FULL), wait(10), line(21, FULL)]);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(5).await;
    fixture.registry.rename("1", "api");
    fixture.registry.rename("2", "nobody");
    seconds(10).await;
    fixture.assert_exhausted("web", 1.0);
    fixture.assert_exhausted("api", 1.0);
    assert_eq!(fixture.samples("container_log_follow_up"), ["{name=\"api\"} 1"]);
    // Under this name nobody wants it.
    fixture.registry.rename("1", "old-api");
    seconds(10).await;
    assert_eq!(fixture.value("manometer_docker_logs_followed "), 0.0);
    fixture.assert_exhausted("api", 1.0);
    fixture.fake.log("1", [line(26, FULL)]);
    fixture.begin("1", "api", ReadFrom::Start);
    seconds(5).await;
    fixture.assert_exhausted("api", 2.0);
    assert_eq!(fixture.fake.opened("1"), [(Some(START), 0), (None, 25)]);
}

#[tokio::test(start_paused = true)]
async fn without_permission_nothing_is_asked_and_nothing_is_said() {
    let fixture = fixture();
    fixture.fake.allow(false);
    fixture.fake.log("1", [line(1, FULL)]);
    fixture.begin("1", "web", ReadFrom::Start);
    seconds(300).await;
    assert_eq!(fixture.fake.opened("1"), []);
    assert_eq!(fixture.samples("container_log_"), [""; 0]);
    fixture.fake.allow(true);
    seconds(61).await;
    fixture.assert_exhausted("web", 1.0);
    assert_eq!(fixture.reopened(), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_gone() {
    let fixture = fixture();
    fixture.fake.log("1", [line(1, FULL), Piece::End]);
    fixture.begin("1", "web", ReadFrom::Start);
    fixture.begin("2", "db", ReadFrom::Now);
    seconds(2).await;
    // A container that is there is not forgotten.
    fixture.registry.forget("db");
    fixture.registry.end("1");
    seconds(60).await;
    fixture.registry.forget("web");
    assert_eq!(fixture.samples("container_log_bytes_total"), ["{name=\"db\"} 0"]);
}

#[tokio::test(start_paused = true)]
async fn every_task_ends_with_the_logs() {
    let fixture = fixture_with(|settings| settings.samples = true);
    for id in ["1", "2", "3"] {
        fixture.fake.log(id, [line(1, FULL)]);
        fixture.begin(id, "web", ReadFrom::Start);
    }
    seconds(2).await;
    assert_eq!(Arc::strong_count(&fixture.registry), 5);
    fixture.registry.stop();
    seconds(1).await;
    assert_eq!(Arc::strong_count(&fixture.registry), 1);
}
