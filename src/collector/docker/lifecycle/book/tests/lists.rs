//! What lists tell, alone and beside events.

use super::*;

#[test]
fn what_ran_before_the_agent_is_not_counted_and_its_log_begins_now() {
    let mut desk = Desk::new("");
    let exited = Listed { exit_code: Some(2), ..aged("b", "old", "exited", 50) };
    desk.list(&[aged("a", "web", "running", 100), exited, listed("c", "later", "created")]);
    assert_eq!(desk.effects(), [begin("a", "web", ReadFrom::Now)]);
    for name in ["web", "old", "later"] {
        assert_eq!(desk.totals(name), (0, 0, 0, [0; 6]), "{name}");
    }
    let code = |name| desk.book.totals().find(|(known, _)| *known == name).unwrap().1.exit_code;
    assert_eq!((code("old"), code("later"), code("web")), (Some(2), None, None));
    // An OOM kill that it survived before the agent came is not a new one.
    let started = desk.nanos() - 100_000_000_000;
    let mut told = inspected("running", Some(started), 0);
    told.oom_killed = true;
    desk.inspect("a", told_by(told));
    assert_eq!(desk.totals("web"), (0, 0, 0, [0; 6]));
    let mut told = inspected("exited", Some(started), 137);
    (told.oom_killed, told.finished) = (true, time_of(started + 50_000_000_000));
    desk.inspect("b", told_by(told));
    assert_eq!(desk.totals("old"), (0, 0, 0, [0; 6]));
    assert_eq!(desk.container("old").seen, time_of(started + 50_000_000_000).unwrap());
    // But it is why that one is down.
    assert_eq!(desk.container("old").ended, Some(ExitReason::Oom));
    desk.inspect("c", told_by(inspected("created", None, 0)));
    // From now on it is.
    desk.pass(20);
    desk.start("b", "old");
    desk.start("c", "later");
    assert_eq!((desk.totals("old"), desk.totals("later")), ((1, 1, 0, [0; 6]), (1, 0, 0, [0; 6])));
    assert_eq!(desk.effects(), [begin("b", "old", ReadFrom::Start), begin("c", "later", ReadFrom::Start)]);
}

#[test]
fn a_list_that_was_asked_before_an_event_does_not_undo_it() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "web");
    desk.pass(10);
    let asked = desk.book.begin_list(desk.now);
    desk.die("a", "web", "1");
    desk.start("b", "other");
    desk.answer_list(asked, &[listed("a", "web", "running")]);
    assert_eq!((desk.state("web"), desk.state("other")), ("exited", "running"));
    assert_eq!((desk.totals("web").0, desk.totals("other").0), (1, 1));
    // The engine's own list may be a little behind its events, too.
    desk.pass(1);
    desk.list(&[listed("a", "web", "running")]);
    assert_eq!((desk.state("web"), desk.state("other")), ("exited", "running"));
    desk.pass(2);
    desk.list(&[listed("a", "web", "exited")]);
    assert_eq!((desk.state("web"), desk.state("other")), ("exited", "removed"));
    assert_eq!((desk.totals("web").0, desk.totals("other").0), (1, 1));
}

#[test]
fn a_list_that_was_asked_before_an_inspection_does_not_end_what_that_saw() {
    let mut desk = Desk::watching(&[]);
    desk.book.unsubscribed();
    desk.list(&[aged("a", "web", "running", 1)]);
    let before = desk.book.begin_list(desk.now);
    // It ends and begins again while nobody listens.
    desk.pass(1);
    let started = desk.nanos();
    desk.pass(1);
    let ask = desk.ask("a");
    desk.answer_list(before, &[Listed { exit_code: Some(0), ..listed("a", "web", "exited") }]);
    desk.answer(&ask, told_by(inspected("running", Some(started), 0)));
    assert_eq!((desk.state("web"), desk.totals("web")), ("running", (1, 0, 0, [0; 6])));
    desk.pass(20);
    desk.list(&[aged("a", "web", "running", 21)]);
    assert_eq!(desk.totals("web"), (1, 0, 0, [0; 6]));
}

#[test]
fn an_inspection_and_a_list_that_was_asked_after_it_tell_of_the_same_run() {
    let mut desk = Desk::watching(&[listed("a", "web", "created")]);
    desk.inspect("a", told_by(inspected("created", None, 0)));
    desk.book.unsubscribed();
    desk.pass(1);
    let first = desk.nanos();
    desk.pass(1);
    desk.list(&[aged("a", "web", "running", 1)]);
    desk.pass(1);
    let died = desk.nanos();
    let over = desk.book.begin_list(desk.now);
    let second = died + 500_000_000;
    desk.pass(1);
    let ask = desk.ask("a");
    let again = desk.book.begin_list(desk.now);
    desk.answer_list(over, &[Listed { exit_code: Some(0), ..listed("a", "web", "exited") }]);
    desk.answer_list(again, &[aged("a", "web", "running", 0)]);
    desk.answer(&ask, told_by(inspected("running", Some(second), 0)));
    assert_eq!(desk.totals("web").0, 2);
    // All of it is repeated.
    desk.pass(1);
    desk.book.subscribed(desk.now);
    for (action, at) in [("start", first + 1_000_000), ("die", died), ("start", second + 1_000_000)] {
        let mut event = Event { kind: "container".to_owned(), action: action.to_owned(), ..Event::default() };
        (event.actor.id, event.time_nano) = ("a".to_owned(), at);
        event.actor.attributes = labels(&[("name", "web")]);
        desk.take(&event);
    }
    desk.pass(11);
    desk.settle();
    assert_eq!((desk.state("web"), desk.totals("web")), ("running", (2, 1, 0, [1, 0, 0, 0, 0, 0])));
}

#[test]
fn an_inspection_that_is_answered_late_tells_of_the_run_that_has_been_counted_as_over_since() {
    let mut desk = Desk::watching(&[]);
    desk.book.unsubscribed();
    let started = desk.nanos();
    desk.pass(1);
    desk.list(&[aged("a", "web", "running", 1)]);
    let ask = desk.ask("a");
    desk.pass(2);
    desk.list(&[Listed { exit_code: Some(0), ..listed("a", "web", "exited") }]);
    desk.pass(11);
    desk.settle();
    assert_eq!(desk.totals("web"), (1, 0, 0, [1, 0, 0, 0, 0, 0]));
    desk.answer(&ask, told_by(inspected("running", Some(started), 0)));
    assert_eq!(desk.totals("web"), (1, 0, 0, [1, 0, 0, 0, 0, 0]));
}

#[test]
fn of_two_lists_that_overtake_each_other_the_newer_one_holds() {
    let mut desk = Desk::watching(&[]);
    let (older, newer) = (desk.book.begin_list(desk.now), desk.book.begin_list(desk.now));
    desk.answer_list(newer, &[listed("a", "web", "exited")]);
    desk.answer_list(older, &[listed("a", "web", "running"), listed("b", "gone", "running")]);
    assert_eq!((desk.state("web"), desk.names()), ("exited", vec!["web"]));
}

#[test]
fn a_removed_container_does_not_come_back_by_an_older_list() {
    for lines in ["", "keep_removed = \"0s\""] {
        let mut desk = Desk::new(lines);
        desk.list(&[listed("a", "web", "running")]);
        desk.pass(20);
        let asked = desk.book.begin_list(desk.now);
        desk.event("destroy", "a", "web", &[]);
        desk.answer_list(asked, &[listed("a", "web", "running")]);
        desk.pass(1);
        desk.list(&[listed("a", "web", "running")]);
        let shown: Vec<_> = desk.book.containers(desk.now).iter().map(|container| container.state.as_str()).collect();
        assert_eq!(shown, if lines.is_empty() { vec!["removed"] } else { vec![] });
        assert_eq!(desk.book.sizes(), (0, 0));
    }
}

#[test]
fn without_events_the_lists_count_each_change_once() {
    let mut desk = Desk::deaf("inspect = false");
    desk.list(&[aged("a", "web", "running", 100), listed("c", "later", "created")]);
    let poll = |desk: &mut Desk, items: &[Listed]| {
        desk.pass(15);
        desk.list(items);
        // Nothing is counted for what a second list says again.
        let before: Vec<_> = desk.book.totals().map(|(name, totals)| (name.to_owned(), totals.clone())).collect();
        desk.pass_millis(10);
        desk.list(items);
        let after: Vec<_> = desk.book.totals().map(|(name, totals)| (name.to_owned(), totals.clone())).collect();
        assert_eq!(before, after);
    };
    let ended = |code, seconds| Listed { exit_code: Some(code), ..aged("a", "web", "exited", seconds) };
    poll(&mut desk, &[ended(3, 5), listed("c", "later", "created")]);
    assert_eq!(desk.totals("web"), (0, 0, 0, [0, 1, 0, 0, 0, 0]));
    poll(&mut desk, &[aged("a", "web", "running", 5), aged("c", "later", "running", 1)]);
    assert_eq!((desk.totals("web"), desk.totals("later")), ((1, 1, 0, [0, 1, 0, 0, 0, 0]), (1, 0, 0, [0; 6])));
    // It was running and is running, but not for so long.
    poll(&mut desk, &[aged("a", "web", "running", 2), aged("c", "later", "running", 16)]);
    assert_eq!((desk.totals("web"), desk.totals("later").0), ((2, 2, 0, [0, 1, 0, 0, 1, 0]), 1));
    // It has ended, begun and ended again.
    poll(&mut desk, &[ended(0, 14), aged("c", "later", "running", 31)]);
    poll(&mut desk, &[ended(137, 1), aged("c", "later", "running", 46)]);
    assert_eq!(desk.totals("web"), (3, 3, 0, [1, 1, 0, 0, 1, 1]));
    // A new one that has come and ended since the last list, and one that is removed while it runs.
    let job = Listed { exit_code: Some(1), ..aged("d", "job", "exited", 3) };
    poll(&mut desk, &[ended(137, 16), job]);
    assert_eq!(
        (desk.totals("job"), desk.totals("later")),
        ((1, 0, 0, [0, 1, 0, 0, 0, 0]), (1, 0, 0, [0, 0, 0, 0, 1, 0]))
    );
    assert_eq!((desk.state("later"), desk.state("job")), ("removed", "exited"));
    // One that is new to the agent and not new at all.
    poll(&mut desk, &[ended(137, 31), aged("e", "moved", "running", 500)]);
    assert_eq!(desk.totals("moved"), (0, 0, 0, [0; 6]));
    assert!(desk.effects().contains(&begin("e", "moved", ReadFrom::Now)));
}

#[test]
fn logs_begin_where_the_run_does_if_it_began_after_the_last_list() {
    let mut desk = Desk::deaf("");
    desk.list(&[listed("a", "web", "exited")]);
    desk.pass(15);
    desk.list(&[
        aged("a", "web", "running", 4),
        aged("b", "new", "running", 15),
        aged("c", "known-late", "running", 16),
    ]);
    let mut effects = desk.effects();
    effects.sort_by_key(|effect| format!("{effect:?}"));
    assert_eq!(
        effects,
        [
            begin("a", "web", ReadFrom::Start),
            begin("b", "new", ReadFrom::Start),
            begin("c", "known-late", ReadFrom::Now)
        ]
    );
    desk.pass(15);
    desk.list(&[]);
    assert_eq!(desk.effects(), [end("a"), end("b"), end("c")]);
}

#[test]
fn a_list_that_is_faster_than_the_event_counts_with_it_once() {
    let mut desk = Desk::watching(&[]);
    desk.list(&[aged("a", "web", "running", 0)]);
    assert_eq!(desk.totals("web"), (1, 0, 0, [0; 6]));
    desk.start("a", "web");
    assert_eq!(desk.totals("web"), (1, 0, 0, [0; 6]));
    let started = desk.nanos() - 1;
    desk.inspect_run("a", "running", started, 0);
    desk.pass(10);
    // The same with the end: the list's word waits for the event, which knows the signal.
    desk.list(&[Listed { exit_code: Some(143), ..aged("a", "web", "exited", 0) }]);
    let mut told = inspected("exited", Some(started), 1);
    told.oom_killed = false;
    desk.inspect("a", told_by(told));
    assert_eq!((desk.state("web"), desk.totals("web")), ("exited", (1, 0, 0, [0; 6])));
    desk.event("kill", "a", "web", &[("signal", "15")]);
    desk.die("a", "web", "1");
    assert_eq!(desk.totals("web"), (1, 0, 0, [0, 0, 0, 1, 0, 0]));
    assert_eq!(desk.effects(), [begin("a", "web", ReadFrom::Start), end("a")]);
}

#[test]
fn an_end_of_which_no_event_comes_is_counted_a_little_later() {
    let mut desk = Desk::watching(&[aged("a", "web", "running", 100)]);
    let started = desk.nanos() - 1_000_000_000;
    desk.inspect_run("a", "running", started, 0);
    desk.list(&[aged("a", "web", "exited", 1)]);
    desk.inspect_run("a", "exited", started, 0);
    assert_eq!(desk.totals("web").3, [0; 6]);
    desk.pass(15);
    desk.list(&[aged("a", "web", "exited", 16)]);
    assert_eq!(desk.totals("web").3, [1, 0, 0, 0, 0, 0]);
}

#[test]
fn an_engine_that_was_killed_and_comes_back_keeps_the_ids_and_the_counters_go_on() {
    let mut desk = Desk::watching(&[aged("a", "web", "running", 100), aged("b", "db", "running", 100)]);
    let started = desk.nanos() - 100_000_000_000;
    desk.inspect_run("a", "running", started, 0);
    desk.inspect_run("b", "running", started, 0);
    desk.event("oom", "a", "web", &[]);
    desk.book.unsubscribed();
    desk.pass(60);
    // `web` has a restart policy, `db` has none.
    desk.book.subscribed(desk.now);
    desk.list(&[aged("a", "web", "running", 3), Listed { exit_code: Some(255), ..aged("b", "db", "exited", 4) }]);
    let again = desk.nanos() - 3_000_000_000;
    desk.inspect_run("a", "running", again, 0);
    desk.inspect_run("b", "exited", started, 255);
    desk.pass(15);
    desk.list(&[aged("a", "web", "running", 18), aged("b", "db", "exited", 19)]);
    assert_eq!(desk.book.next_inspection(desk.now), None);
    assert_eq!(desk.totals("web"), (1, 1, 1, [0, 0, 1, 0, 0, 0]));
    assert_eq!(desk.totals("db"), (0, 0, 0, [0, 1, 0, 0, 0, 0]));
    assert_eq!((desk.state("web"), desk.state("db")), ("running", "exited"));
}

#[test]
fn no_more_than_the_limit_is_watched_and_what_runs_comes_first() {
    let mut desk = Desk::new("max_containers = 2");
    let items = [
        listed("1", "a", "exited"),
        listed("2", "d", "running"),
        listed("3", "b", "exited"),
        listed("4", "c", "paused"),
        listed("5", "e", "running"),
    ];
    desk.list(&items);
    assert_eq!((desk.names(), desk.book.sizes()), (vec!["c", "d"], (2, 3)));
    // Beyond the limit an event is nobody's, until the next list chooses anew.
    desk.start("9", "b");
    assert_eq!(desk.names(), ["c", "d"]);
    desk.pass(10);
    desk.list(&[listed("9", "b", "running"), listed("2", "d", "running"), listed("4", "c", "running")]);
    let shown: Vec<_> = desk.book.containers(desk.now).into_iter().map(|container| container.name).collect();
    assert_eq!((shown, desk.book.sizes()), (vec!["b".to_owned(), "c".to_owned()], (2, 1)));
    assert!(desk.effects().contains(&end("2")), "what is not watched is not followed");
    assert_eq!(desk.totals("d"), (0, 0, 0, [0; 6]), "no end was seen");
}

#[test]
fn selection_is_by_name_and_label_in_lists_and_events() {
    let mut desk = Desk::new("containers = [\"web-*\"]\nexclude = [\"*-test\"]\nwith_labels = [\"team=a\", \"tier\"]");
    let wanted = [("team", "a"), ("tier", "x")];
    let with =
        |id: &str, name: &str, pairs: &[(&str, &str)]| Listed { labels: labels(pairs), ..listed(id, name, "running") };
    desk.list(&[
        with("1", "web-1", &wanted),
        with("2", "web-test", &wanted),
        with("3", "db-1", &wanted),
        with("4", "web-2", &[("team", "b"), ("tier", "x")]),
        with("5", "web-3", &[("team", "a")]),
    ]);
    desk.event("start", "6", "web-4", &wanted);
    desk.event("start", "7", "web-5", &[("team", "a")]);
    desk.event("start", "8", "db-2", &wanted);
    assert_eq!(desk.names(), ["web-1", "web-4"]);
    // One that is renamed out of the selection is not watched any longer, and one that is renamed into it is.
    desk.event("rename", "6", "db-4", &wanted);
    desk.pass(10);
    desk.list(&[with("1", "web-1", &wanted), with("6", "db-4", &wanted), with("3", "web-9", &wanted)]);
    let shown: Vec<_> = desk.book.containers(desk.now).into_iter().map(|container| container.name).collect();
    assert_eq!(shown, ["web-1", "web-9"]);
}

#[test]
fn exported_labels_come_from_both() {
    let mut desk = Desk::new("export_labels = [\"com.docker.compose.service\", \"name\"]");
    let pairs = [("com.docker.compose.service", "web"), ("other", "x")];
    desk.list(&[Listed { labels: labels(&[("name", "n")]), ..listed("1", "a", "running") }]);
    desk.event("start", "2", "b", &pairs);
    let labels_of = |desk: &Desk, name: &str| desk.container(name).labels.to_vec();
    assert_eq!(labels_of(&desk, "a"), [("container_label_name".to_owned(), "n".to_owned())]);
    // In an event `name` is the container's name, whatever the label says.
    let service = ("container_label_com_docker_compose_service".to_owned(), "web".to_owned());
    assert_eq!(labels_of(&desk, "b"), [service]);
}

#[test]
fn a_list_of_which_an_item_cannot_be_read_removes_nothing() {
    let mut desk = Desk::watching(&[listed("a", "web", "running"), listed("b", "db", "running")]);
    let asked = desk.book.begin_list(desk.now);
    let list = List { containers: vec![listed("a", "web", "running")], undecodable: 1 };
    assert_eq!(desk.book.list(asked, &list, desk.now), []);
    assert_eq!((desk.state("db"), desk.book.counters.undecodable_items), ("running", 1));
}

#[test]
fn what_goes_on_is_inspected_every_five_minutes() {
    let mut desk = Desk::watching(&[listed("a", "web", "running"), listed("b", "old", "exited")]);
    let started = desk.nanos() - 1_000_000_000;
    desk.inspect_run("a", "running", started, 0);
    desk.inspect_run("b", "exited", started, 0);
    let items = [listed("a", "web", "running"), listed("b", "old", "exited")];
    for _ in 0..19 {
        desk.pass(15);
        desk.list(&items);
        assert_eq!(desk.book.next_inspection(desk.now), None);
    }
    desk.pass(15);
    desk.list(&items);
    desk.inspect_run("a", "running", started, 0);
    assert_eq!(desk.book.next_inspection(desk.now), None);
    assert_eq!(desk.totals("web"), (0, 0, 0, [0; 6]));
}
