//! What the runs of a container count to.

use super::*;

#[test]
fn a_run_is_counted_when_it_starts_and_when_its_exit_code_is_known() {
    let mut desk = Desk::watching(&[]);
    desk.event("create", "a", "web", &[]);
    assert_eq!((desk.state("web"), desk.totals("web")), ("created", (0, 0, 0, [0; 6])));
    desk.start("a", "web");
    let started = desk.nanos();
    assert_eq!((desk.state("web"), desk.totals("web")), ("running", (1, 0, 0, [0; 6])));
    assert_eq!(desk.container("web").started, time_of(started));
    desk.inspect_run("a", "running", started - 2_000_000, 0);
    assert_eq!(desk.container("web").started, time_of(started - 2_000_000));
    desk.die("a", "web", "3");
    // The code in the event is not believed as long as an inspection may tell.
    assert_eq!((desk.state("web"), desk.totals("web")), ("exited", (1, 0, 0, [0; 6])));
    desk.inspect_run("a", "exited", started - 2_000_000, 4);
    assert_eq!(desk.totals("web"), (1, 0, 0, [0, 1, 0, 0, 0, 0]));
    assert_eq!(desk.book.totals().next().unwrap().1.exit_code, Some(4));
    desk.start("a", "web");
    assert_eq!(desk.totals("web"), (2, 1, 0, [0, 1, 0, 0, 0, 0]));
    assert_eq!(desk.effects(), [begin("a", "web", ReadFrom::Start), end("a"), begin("a", "web", ReadFrom::Start)]);
}

#[test]
fn oom_then_die_then_start_four_times_is_four_of_each() {
    let mut desk = Desk::watching(&[]);
    for run in 1..=4 {
        desk.start("a", "hungry");
        let started = desk.nanos() - 1_000_000;
        desk.inspect_run("a", "running", started, 0);
        desk.event("oom", "a", "hungry", &[]);
        assert_eq!(desk.totals("hungry").2, run);
        desk.die("a", "hungry", "137");
        let mut told = inspected("restarting", Some(started), 137);
        (told.oom_killed, told.restarts) = (true, run);
        desk.inspect("a", told_by(told));
        assert_eq!(desk.state("hungry"), "restarting");
    }
    assert_eq!(desk.totals("hungry"), (4, 3, 4, [0, 0, 4, 0, 0, 0]));
}

#[test]
fn an_oom_kill_of_which_no_event_came_is_counted_once_and_its_late_event_is_the_same_one() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "hungry");
    let started = desk.nanos() - 1_000_000;
    desk.inspect_run("a", "running", started, 0);
    desk.die("a", "hungry", "137");
    let told = || {
        let mut told = inspected("exited", Some(started), 137);
        told.oom_killed = true;
        told_by(told)
    };
    desk.inspect("a", told());
    assert_eq!(desk.totals("hungry"), (1, 0, 1, [0, 0, 1, 0, 0, 0]));
    // The engine told of the OOM kill after the end.
    desk.event("oom", "a", "hungry", &[]);
    assert_eq!(desk.totals("hungry").2, 1);
    desk.event("update", "a", "hungry", &[]);
    desk.inspect("a", told());
    assert_eq!(desk.totals("hungry"), (1, 0, 1, [0, 0, 1, 0, 0, 0]));
}

#[test]
fn an_oom_event_between_die_and_inspection_is_why_it_ended() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "hungry");
    let started = desk.nanos();
    desk.inspect_run("a", "running", started, 0);
    desk.die("a", "hungry", "137");
    desk.event("oom", "a", "hungry", &[]);
    desk.inspect_run("a", "exited", started, 137);
    assert_eq!(desk.totals("hungry"), (1, 0, 1, [0, 0, 1, 0, 0, 0]));
}

#[test]
fn a_childs_oom_kill_counts_at_once_and_not_again_at_the_end() {
    for (code, exits) in [(0, [1, 0, 0, 0, 0, 0]), (1, [0, 0, 1, 0, 0, 0])] {
        let mut desk = Desk::watching(&[]);
        desk.start("a", "parent");
        let started = desk.nanos();
        desk.inspect_run("a", "running", started, 0);
        desk.event("oom", "a", "parent", &[]);
        assert_eq!((desk.state("parent"), desk.totals("parent")), ("running", (1, 0, 1, [0; 6])));
        desk.pass(60);
        desk.die("a", "parent", "9");
        let mut told = inspected("exited", Some(started), code);
        told.oom_killed = true;
        desk.inspect("a", told_by(told));
        assert_eq!(desk.totals("parent"), (1, 0, 1, exits));
    }
}

#[test]
fn a_kill_is_no_oom() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "web");
    let started = desk.nanos();
    desk.inspect_run("a", "running", started, 0);
    desk.event("kill", "a", "web", &[("signal", "9")]);
    desk.die("a", "web", "137");
    desk.inspect_run("a", "exited", started, 137);
    assert_eq!(desk.totals("web"), (1, 0, 0, [0, 0, 0, 1, 0, 0]));
    // Podman writes words.
    desk.start("a", "web");
    let started = desk.nanos();
    desk.inspect_run("a", "running", started, 0);
    desk.event("kill", "a", "web", &[("signal", "SIGINT")]);
    desk.die("a", "web", "1");
    desk.inspect_run("a", "exited", started, 1);
    assert_eq!(desk.totals("web"), (2, 1, 0, [0, 0, 0, 2, 0, 0]));
}

#[test]
fn what_is_gone_before_the_inspection_has_the_events_code_unless_a_label_hides_it() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "job");
    desk.die("a", "job", "3");
    desk.inspect("a", Inspection::Never);
    assert_eq!(desk.totals("job"), (1, 0, 0, [0; 6]), "an OOM kill may still be told");
    desk.pass(10);
    desk.settle();
    assert_eq!(desk.totals("job"), (1, 0, 0, [0, 1, 0, 0, 0, 0]));
    desk.start("b", "job");
    desk.die("b", "job", "0");
    desk.event("destroy", "b", "job", &[]);
    assert_eq!(desk.book.next_inspection(desk.now), None, "there is nothing left to inspect");
    assert_eq!(desk.totals("job"), (2, 0, 0, [1, 1, 0, 0, 0, 0]));
    for (id, hidden) in [("c", ("exitCode", "0")), ("d", ("containerExitCode", "0"))] {
        desk.event("start", id, "job", &[hidden]);
        desk.event("die", id, "job", &[("exitCode", "0"), hidden]);
        desk.event("destroy", id, "job", &[hidden]);
    }
    assert_eq!(desk.totals("job"), (4, 0, 0, [1, 1, 0, 0, 0, 0]));
    // Nobody will ever tell.
    desk.pass(10);
    desk.list(&[]);
    assert_eq!(desk.totals("job"), (4, 0, 0, [1, 1, 0, 0, 2, 0]));
    assert_eq!(desk.state("job"), "removed");
}

#[test]
fn a_label_cannot_forge_a_code_or_a_signal() {
    let forged = [("exitCode", "0"), ("signal", "1"), ("oldName", "/other")];
    let mut desk = Desk::watching(&[]);
    desk.event("start", "a", "web", &forged);
    let started = desk.nanos();
    desk.inspect_run("a", "running", started, 0);
    desk.event("kill", "a", "web", &forged);
    desk.event("die", "a", "web", &forged);
    desk.inspect_run("a", "exited", started, 2);
    assert_eq!(desk.totals("web"), (1, 0, 0, [0, 0, 0, 1, 0, 0]));
    // By the list as well, of a container that was there before.
    let item = Listed { labels: labels(&forged), ..aged("b", "old", "running", 100) };
    let mut desk = Desk::new("inspect = false");
    desk.list(std::slice::from_ref(&item));
    desk.pass(20);
    desk.event("die", "b", "old", &forged);
    assert_eq!(desk.totals("old"), (0, 0, 0, [0; 6]));
    desk.pass(4);
    let ended = Listed { labels: item.labels, exit_code: Some(3), ..aged("b", "old", "exited", 4) };
    desk.list(&[ended]);
    desk.pass(6);
    desk.settle();
    // The list's own words are the engine's.
    assert_eq!(desk.totals("old"), (0, 0, 0, [0, 1, 0, 0, 0, 0]));
}

#[test]
fn an_inspection_that_sees_the_next_run_does_not_tell_the_last_ones_code() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "web");
    let first = desk.nanos();
    desk.inspect_run("a", "running", first - 1, 0);
    desk.die("a", "web", "5");
    let ask = desk.ask("a");
    // The engine has begun another run, whose event is on its way.
    desk.pass_millis(50);
    let second = desk.nanos();
    desk.answer(&ask, told_by(inspected("running", Some(second), 0)));
    assert_eq!(desk.totals("web"), (2, 1, 0, [0; 6]));
    assert_eq!(desk.effects().last(), Some(&begin("a", "web", ReadFrom::Start)));
    desk.start("a", "web");
    assert_eq!(desk.totals("web"), (2, 1, 0, [0; 6]), "the event is of the run that was seen");
    desk.pass(10);
    desk.settle();
    assert_eq!(desk.totals("web"), (2, 1, 0, [0, 1, 0, 0, 0, 0]));
    desk.die("a", "web", "0");
    desk.inspect_run("a", "exited", second, 0);
    assert_eq!(desk.totals("web"), (2, 1, 0, [1, 1, 0, 0, 0, 0]));
}

#[test]
fn events_that_an_inspection_overtakes_are_counted_once() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "web");
    let first = desk.nanos();
    desk.inspect_run("a", "running", first, 0);
    desk.die("a", "web", "1");
    let ask = desk.ask("a");
    // Meanwhile: start, die and start, none of them read yet.
    let (second, third) = (first + 1_000_000_000, first + 2_000_000_000);
    desk.pass(3);
    desk.answer(&ask, told_by(inspected("running", Some(third), 0)));
    assert_eq!(desk.totals("web"), (2, 1, 0, [0; 6]));
    let told = |action: &str, at, code: &str| {
        let mut event = Event { kind: "container".to_owned(), action: action.to_owned(), ..Event::default() };
        (event.actor.id, event.time_nano) = ("a".to_owned(), at);
        event.actor.attributes = labels(&[("name", "web"), ("exitCode", code)]);
        event
    };
    let mut start = told("start", second + 1000, "");
    start.actor.attributes.remove("exitCode");
    desk.take(&start);
    desk.take(&told("die", second + 500_000, "0"));
    start.time_nano = third + 1000;
    desk.take(&start);
    assert_eq!((desk.totals("web").0, desk.totals("web").1), (3, 2));
    desk.inspect_run("a", "running", third, 0);
    desk.pass(7);
    desk.settle();
    assert_eq!(desk.totals("web"), (3, 2, 0, [1, 1, 0, 0, 0, 0]));
    assert_eq!(desk.state("web"), "running");
}

#[test]
fn repeated_events_are_counted_once() {
    let mut desk = Desk::watching(&[]);
    let mut events = vec![desk.event("create", "a", "web", &[]), desk.event("start", "a", "web", &[])];
    events.push(desk.event("oom", "a", "web", &[]));
    events.push(desk.event("die", "a", "web", &[("exitCode", "1")]));
    desk.inspect("a", Inspection::Never);
    let before = desk.totals("web");
    assert_eq!(before, (1, 0, 1, [0, 0, 1, 0, 0, 0]));
    desk.book.unsubscribed();
    desk.pass(1);
    desk.book.subscribed(desk.now);
    for event in &events {
        desk.take(event);
    }
    assert_eq!((desk.totals("web"), desk.state("web")), (before, "exited"));
    assert_eq!(desk.book.last_event(), Some(events[3].time_nano));
}

#[test]
fn what_is_repeated_of_the_time_without_events_is_what_the_lists_have_shown() {
    let mut desk = Desk::watching(&[aged("a", "web", "running", 100)]);
    let first = desk.nanos() - 120_000_000_000;
    desk.inspect_run("a", "running", first, 0);
    desk.book.unsubscribed();
    desk.pass(10);
    let (died, second) = (desk.nanos(), desk.nanos() + 100_000_000);
    desk.pass(5);
    // Between two polls it has ended and begun again; the list's words show that it is younger than it was.
    desk.list(&[aged("a", "web", "running", 4)]);
    let mut told = inspected("running", Some(second), 0);
    told.restarts = 1;
    desk.inspect("a", told_by(told));
    assert_eq!(desk.totals("web"), (1, 1, 0, [0, 0, 0, 0, 1, 0]));
    desk.pass(1);
    desk.book.subscribed(desk.now);
    let mut event = Event { kind: "container".to_owned(), action: "die".to_owned(), ..Event::default() };
    (event.actor.id, event.time_nano) = ("a".to_owned(), died);
    event.actor.attributes = labels(&[("name", "web"), ("exitCode", "1")]);
    desk.take(&event);
    (event.action, event.time_nano) = ("start".to_owned(), second + 5_000_000);
    desk.take(&event);
    assert_eq!(desk.totals("web"), (1, 1, 0, [0, 0, 0, 0, 1, 0]));
    // From here on events come again, and a new start is a new one.
    desk.pass(5);
    desk.die("a", "web", "1");
    desk.inspect_run("a", "restarting", second, 1);
    desk.start("a", "web");
    assert_eq!(desk.totals("web"), (2, 2, 0, [0, 1, 0, 0, 1, 0]));
}

#[test]
fn the_restart_count_tells_of_runs_that_nobody_saw() {
    let mut desk = Desk::deaf("");
    desk.list(&[aged("a", "web", "running", 100)]);
    let first = desk.nanos() - 100_000_000_000;
    desk.inspect_run("a", "running", first, 0);
    desk.pass(15);
    desk.list(&[aged("a", "web", "restarting", 1)]);
    let third = desk.nanos() - 3_000_000_000;
    let mut told = inspected("restarting", Some(third), 7);
    told.restarts = 3;
    desk.inspect("a", told_by(told));
    // Two more runs began (a third restart is being waited for); the end of the last one is told.
    assert_eq!(desk.totals("web"), (2, 2, 0, [0, 1, 0, 0, 2, 0]));
    assert_eq!(desk.state("web"), "restarting");
    desk.pass(15);
    desk.list(&[aged("a", "web", "running", 14)]);
    let fourth = desk.nanos() - 14_000_000_000;
    let mut told = inspected("running", Some(fourth), 0);
    told.restarts = 3;
    desk.inspect("a", told_by(told));
    assert_eq!(desk.totals("web"), (3, 3, 0, [0, 1, 0, 0, 2, 0]));
}

#[test]
fn an_end_whose_inspection_fails_is_asked_for_again_and_given_up_in_the_end() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "web");
    let started = desk.nanos();
    desk.inspect_run("a", "running", started, 0);
    desk.die("a", "web", "3");
    desk.inspect("a", Inspection::Failed);
    assert_eq!((desk.totals("web").3, desk.book.counters.failed_inspections), ([0; 6], 1));
    assert_eq!(desk.book.next_inspection(desk.now), None, "not at once");
    desk.pass(3);
    desk.list(&[listed("a", "web", "exited")]);
    desk.inspect_run("a", "exited", started, 4);
    assert_eq!(desk.totals("web").3, [0, 1, 0, 0, 0, 0]);
    desk.start("a", "web");
    desk.inspect("a", Inspection::Failed);
    desk.die("a", "web", "0");
    desk.inspect("a", Inspection::Failed);
    assert_eq!(desk.totals("web").3, [0, 1, 0, 0, 0, 0]);
    desk.pass(5);
    desk.list(&[listed("a", "web", "exited")]);
    desk.inspect("a", Inspection::Failed);
    assert_eq!(desk.totals("web").3, [0, 1, 0, 0, 0, 0]);
    // Better the event's word than none.
    desk.pass(5);
    desk.settle();
    assert_eq!(desk.totals("web").3, [1, 1, 0, 0, 0, 0]);
}

#[test]
fn an_inspection_that_is_given_up_is_due_again() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "web");
    let ask = desk.ask("a");
    assert_eq!(desk.book.next_inspection(desk.now), None, "one at a time");
    desk.event("update", "a", "web", &[]);
    assert_eq!(desk.book.next_inspection(desk.now), None, "still under way");
    desk.book.give_up(&ask);
    desk.ask("a");
}

#[test]
fn without_inspections_everything_else_goes_on() {
    let mut desk = Desk::new("inspect = false");
    desk.list(&[]);
    desk.start("a", "web");
    let started = desk.nanos();
    desk.die("a", "web", "0");
    assert_eq!((desk.totals("web"), desk.state("web")), ((1, 0, 0, [1, 0, 0, 0, 0, 0]), "exited"));
    desk.start("a", "web");
    desk.event("oom", "a", "web", &[]);
    desk.die("a", "web", "137");
    assert_eq!(desk.totals("web"), (2, 1, 1, [1, 0, 1, 0, 0, 0]));
    assert_eq!(desk.book.next_inspection(desk.now), None);
    assert_eq!(desk.container("web").started, time_of(started + 200_000_000));
}

#[test]
fn pauses_health_and_unknown_things() {
    let mut desk = Desk::watching(&[Listed { health: Some("starting".to_owned()), ..listed("a", "web", "running") }]);
    desk.inspect("a", Inspection::Never);
    assert_eq!(desk.container("web").health, Health::Starting);
    desk.event("health_status: healthy", "a", "web", &[]);
    assert_eq!(desk.container("web").health, Health::Healthy);
    desk.event("pause", "a", "web", &[]);
    assert_eq!(desk.state("web"), "paused");
    // The list of an older engine does not tell the health of a paused container.
    desk.pass(10);
    desk.list(&[listed("a", "web", "paused")]);
    assert_eq!(desk.container("web").health, Health::Healthy);
    desk.event("unpause", "a", "web", &[]);
    assert_eq!(desk.state("web"), "running");
    desk.pass(10);
    desk.list(&[listed("a", "web", "stopping")]);
    assert_eq!(desk.state("web"), "unknown");
    desk.event("frobnicate", "a", "web", &[]);
    desk.event("exec_create: sh -c env", "a", "web", &[]);
    let mut event = desk.event("attach", "a", "web", &[]);
    (event.kind, event.action) = ("pod".to_owned(), "start".to_owned());
    desk.take(&event);
    assert_eq!(desk.totals("web"), (0, 0, 0, [0; 6]));
    let counts: Vec<u64> = ["pause", "health_status", "exec", "other"]
        .map(|action| desk.book.counters.events[Action::ALL.iter().position(|(_, label)| *label == action).unwrap()])
        .to_vec();
    assert_eq!(counts, [1, 1, 1, 3]);
    // An event without id or name is nobody's.
    desk.take(&Event { kind: "container".to_owned(), action: "start".to_owned(), ..Event::default() });
    let mut nameless = event.clone();
    (nameless.kind, nameless.actor.id) = ("container".to_owned(), "z".to_owned());
    nameless.actor.attributes.clear();
    desk.take(&nameless);
    assert_eq!(desk.names(), ["web"]);
}
