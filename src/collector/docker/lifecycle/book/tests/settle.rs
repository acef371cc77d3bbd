//! When the end of a run is counted, and as what: a counter cannot be taken back.

use super::*;

const KILLED: [u64; 6] = [0, 0, 0, 1, 0, 0];
const UNEXPLAINED: [u64; 6] = [0, 0, 0, 0, 0, 1];
const OOM: [u64; 6] = [0, 0, 1, 0, 0, 0];
const UNSETTLED: [u64; 6] = [0; 6];

/// A container without inspections that has died by SIGKILL, for which nobody asked.
fn killed() -> Desk {
    let mut desk = Desk::new("inspect = false");
    desk.list(&[]);
    desk.start("a", "hungry");
    desk.die("a", "hungry", "137");
    desk
}

/// The same with inspections, the last of which did not see an OOM kill.
fn inspected_killed() -> Desk {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "hungry");
    let started = desk.nanos();
    desk.inspect_run("a", "running", started, 0);
    desk.die("a", "hungry", "137");
    desk.inspect_run("a", "exited", started, 137);
    desk
}

#[test]
fn an_oom_event_up_to_ten_seconds_after_the_end_is_why_it_ended() {
    for mut desk in [killed(), inspected_killed()] {
        desk.pass_millis(9_800);
        desk.settle();
        assert_eq!(desk.totals("hungry"), (1, 0, 0, UNSETTLED));
        desk.event("oom", "a", "hungry", &[]);
        assert_eq!(desk.totals("hungry"), (1, 0, 1, OOM));
        desk.pass(60);
        desk.settle();
        assert_eq!(desk.totals("hungry"), (1, 0, 1, OOM), "once");
    }
}

#[test]
fn after_ten_seconds_it_has_the_plain_reason_whenever_that_is_looked_at() {
    for mut desk in [killed(), inspected_killed()] {
        desk.pass_millis(9_999);
        desk.settle();
        assert_eq!(desk.totals("hungry").3, UNSETTLED);
        desk.pass_millis(1);
        desk.settle();
        assert_eq!(desk.totals("hungry"), (1, 0, 0, UNEXPLAINED));
    }
    // Neither a list nor the event itself makes an event that is later the cause.
    for mut desk in [killed(), inspected_killed()] {
        desk.pass(60);
        desk.event("oom", "a", "hungry", &[]);
        assert_eq!(desk.totals("hungry"), (1, 0, 1, UNEXPLAINED));
    }
    for mut desk in [killed(), inspected_killed()] {
        desk.pass(60);
        assert_eq!(desk.container("hungry").ended, None, "it may yet turn out to be an OOM kill");
        desk.list(&[listed("a", "hungry", "exited")]);
        assert_eq!(desk.container("hungry").ended, Some(ExitReason::SigkillUnexplained));
        assert_eq!(desk.totals("hungry"), (1, 0, 0, UNEXPLAINED));
    }
}

#[test]
fn polls_in_between_neither_hasten_nor_delay_it() {
    let mut desk = killed();
    for _ in 0..9 {
        desk.pass(1);
        desk.list(&[aged("a", "hungry", "exited", 1)]);
        desk.settle();
        assert_eq!(desk.totals("hungry").3, UNSETTLED);
    }
    desk.pass(1);
    desk.list(&[aged("a", "hungry", "exited", 10)]);
    assert_eq!(desk.totals("hungry").3, UNEXPLAINED);
}

#[test]
fn what_nothing_can_change_is_counted_at_once() {
    for (action, attributes, code, reason) in [
        ("pause", &[][..], "0", [1, 0, 0, 0, 0, 0]),
        ("oom", &[], "137", OOM),
        ("oom", &[], "1", OOM),
        ("kill", &[("signal", "9")], "137", KILLED),
        ("kill", &[("signal", "15")], "1", KILLED),
    ] {
        let mut desk = Desk::new("inspect = false");
        desk.list(&[]);
        desk.start("a", "web");
        desk.event(action, "a", "web", attributes);
        desk.die("a", "web", code);
        assert_eq!(desk.totals("web").3, reason, "{action} {code}");
    }
    // An inspection that saw the OOM kill, and one that saw an exit code which speaks for itself.
    for (code, oom_killed, reason) in [(137, true, OOM), (3, false, [0, 1, 0, 0, 0, 0]), (143, false, KILLED)] {
        let mut desk = Desk::watching(&[]);
        desk.start("a", "web");
        let started = desk.nanos();
        desk.inspect_run("a", "running", started, 0);
        desk.die("a", "web", "137");
        let mut told = inspected("exited", Some(started), code);
        told.oom_killed = oom_killed;
        desk.inspect("a", told_by(told));
        assert_eq!(desk.totals("web").3, reason, "{code} {oom_killed}");
    }
}

#[test]
fn an_inspection_that_takes_longer_is_not_waited_for() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "web");
    let started = desk.nanos();
    desk.inspect_run("a", "running", started, 0);
    desk.die("a", "web", "3");
    let ask = desk.ask("a");
    desk.pass(10);
    desk.settle();
    assert_eq!(desk.totals("web").3, [0, 1, 0, 0, 0, 0], "by the event's code");
    // It counts nothing twice when it comes, and what it says of the code is shown.
    desk.pass(20);
    desk.answer(&ask, told_by(inspected("exited", Some(started), 4)));
    assert_eq!(desk.totals("web").3, [0, 1, 0, 0, 0, 0]);
    assert_eq!(desk.book.totals().next().unwrap().1.exit_code, Some(4));
}

#[test]
fn an_end_that_a_list_shows_waits_for_its_events() {
    for (event, reason) in [(None, [0, 1, 0, 0, 0, 0]), (Some("oom"), OOM)] {
        let mut desk = Desk::new("inspect = false");
        desk.list(&[aged("a", "web", "running", 100)]);
        desk.pass(20);
        desk.list(&[Listed { exit_code: Some(1), ..aged("a", "web", "exited", 1) }]);
        desk.pass(5);
        desk.settle();
        assert_eq!(desk.totals("web").3, UNSETTLED);
        if let Some(action) = event {
            desk.event(action, "a", "web", &[]);
            desk.die("a", "web", "1");
            assert_eq!(desk.totals("web").3, reason, "{event:?}");
        }
        desk.pass(5);
        desk.settle();
        assert_eq!(desk.totals("web").3, reason, "{event:?}");
    }
}

#[test]
fn events_of_a_run_that_a_list_has_seen_removed_still_tell_why_it_ended() {
    let mut desk = Desk::new("inspect = false");
    desk.list(&[]);
    desk.start("a", "job");
    desk.pass(5);
    desk.list(&[]);
    assert_eq!((desk.state("job"), desk.totals("job")), ("removed", (1, 0, 0, UNSETTLED)));
    desk.event("oom", "a", "job", &[]);
    desk.die("a", "job", "137");
    assert_eq!(desk.totals("job"), (1, 0, 1, OOM));
}

#[test]
fn while_events_do_not_come_an_end_waits_for_those_that_are_repeated_later() {
    let silent = |has_heard: bool| {
        let mut desk = Desk::new("inspect = false");
        desk.list(&[aged("a", "web", "running", 100)]);
        if has_heard {
            desk.event("unpause", "a", "web", &[]);
        }
        desk.pass(20);
        desk.book.unsubscribed();
        desk.list(&[Listed { exit_code: Some(137), ..aged("a", "web", "exited", 1) }]);
        desk
    };
    // They are repeated from the last one on: without one, nothing is.
    assert_eq!(silent(false).totals("web").3, UNEXPLAINED);
    let mut desk = silent(true);
    desk.pass(5);
    desk.settle();
    assert_eq!(desk.totals("web").3, UNSETTLED);
    desk.book.subscribed(desk.now);
    desk.event("oom", "a", "web", &[]);
    desk.die("a", "web", "137");
    assert_eq!(desk.totals("web"), (0, 0, 1, OOM));
    let mut desk = silent(true);
    desk.pass(10);
    desk.settle();
    assert_eq!(desk.totals("web").3, UNEXPLAINED);
}

#[test]
fn an_engine_that_tells_nothing_more_leaves_the_reason_unknown() {
    let mut desk = Desk::watching(&[]);
    desk.event("start", "a", "web", &[("exitCode", "0")]);
    desk.event("die", "a", "web", &[("exitCode", "0")]);
    desk.ask("a");
    desk.pass(10);
    desk.settle();
    assert_eq!(desk.totals("web").3, [0, 0, 0, 0, 1, 0]);
}

#[test]
fn no_more_ends_wait_than_runs_are_remembered() {
    let mut desk = Desk::new("inspect = false");
    desk.list(&[]);
    for _ in 0..40 {
        desk.start("a", "web");
        desk.die("a", "web", "1");
    }
    assert_eq!(desk.totals("web"), (40, 39, 0, [0, 24, 0, 0, 0, 0]), "16 wait");
    // Nor are they lost when it is given up.
    desk.list(&[]);
    desk.pass(10);
    desk.settle();
    assert_eq!(desk.totals("web"), (40, 39, 0, [0, 40, 0, 0, 0, 0]));
}

#[test]
fn of_a_run_that_was_over_before_the_agent_looked_the_code_alone_tells() {
    for (code, reason) in [
        (0, ExitReason::Ok),
        (3, ExitReason::Error),
        // Who stopped it, and how, nobody tells any more.
        (137, ExitReason::Killed),
        (143, ExitReason::Killed),
    ] {
        let mut desk = Desk::new("inspect = false");
        desk.list(&[Listed { exit_code: Some(code), ..listed("a", "web", "exited") }]);
        assert_eq!(desk.container("web").ended, Some(reason), "{code}");
        assert_eq!(desk.totals("web").3, [0; 6]);
        desk.start("a", "web");
        assert_eq!(desk.container("web").ended, None);
    }
}
