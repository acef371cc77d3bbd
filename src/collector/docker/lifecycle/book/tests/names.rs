//! What belongs to a name, and for how long.

use super::*;

#[test]
fn a_container_that_is_re_created_goes_on_where_the_last_one_ended() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "web");
    desk.event("oom", "a", "web", &[]);
    desk.die("a", "web", "137");
    desk.event("destroy", "a", "web", &[]);
    assert_eq!((desk.state("web"), desk.totals("web")), ("removed", (1, 0, 1, [0, 0, 1, 0, 0, 0])));
    desk.event("create", "b", "web", &[]);
    assert_eq!((desk.state("web"), desk.container("web").id), ("created", "b".to_owned()));
    desk.start("b", "web");
    // It is the first start of that container.
    assert_eq!(desk.totals("web"), (2, 0, 1, [0, 0, 1, 0, 0, 0]));
    assert_eq!(desk.book.containers(desk.now).len(), 1, "one series a name");
    // When the new one is renamed, the old one is not there again.
    desk.event("rename", "b", "moved", &[]);
    assert_eq!(desk.book.containers(desk.now).iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["moved"]);
    desk.event("rename", "b", "web", &[]);
    // The other way round: a new one has the name before the end of the old one is known.
    desk.start("c", "web");
    assert_eq!(desk.container("web").id, "c");
    assert_eq!(desk.book.containers(desk.now).len(), 1);
}

#[test]
fn a_removed_name_stays_for_a_while_and_is_forgotten() {
    let mut desk = Desk::new("keep_removed = \"5m\"");
    desk.list(&[listed("a", "web", "running")]);
    desk.pass(10);
    desk.event("destroy", "a", "web", &[]);
    desk.list(&[]);
    desk.effects();
    desk.pass(299);
    desk.list(&[]);
    assert_eq!((desk.state("web"), desk.names()), ("removed", vec!["web"]));
    desk.pass(1);
    desk.list(&[]);
    assert_eq!((desk.book.containers(desk.now).len(), desk.names()), (0, vec![]));
    assert_eq!(desk.effects(), [Effect::Forget("web".to_owned())]);
    assert!(desk.book.records.is_empty());
}

#[test]
fn a_name_that_is_taken_again_is_not_forgotten() {
    let mut desk = Desk::new("keep_removed = \"1m\"");
    desk.list(&[listed("a", "web", "running")]);
    desk.pass(10);
    desk.event("destroy", "a", "web", &[]);
    desk.list(&[]);
    desk.pass(50);
    desk.start("b", "web");
    desk.list(&[listed("b", "web", "running")]);
    desk.pass(600);
    desk.list(&[listed("b", "web", "running")]);
    assert_eq!((desk.state("web"), desk.totals("web").0), ("running", 1));
    assert!(!desk.effects().contains(&Effect::Forget("web".to_owned())));
}

#[test]
fn a_rename_takes_the_totals_along() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "web");
    desk.event("oom", "a", "web", &[]);
    desk.effects();
    desk.event("rename", "a", "shop", &[("oldName", "/forged")]);
    assert_eq!(desk.effects(), [Effect::Rename { id: "a".to_owned(), name: "shop".to_owned() }]);
    assert_eq!((desk.state("shop"), desk.totals("shop")), ("running", (1, 0, 1, [0; 6])));
    desk.pass(1);
    desk.event("oom", "a", "shop", &[]);
    // What was counted is there once.
    assert_eq!((desk.totals("shop").2, desk.names()), (2, vec!["shop"]));
    assert_eq!(desk.book.containers(desk.now).len(), 1);
    // A list that shows another name than the one that is known: an event was missed.
    desk.pass(10);
    desk.list(&[listed("a", "store", "running")]);
    assert_eq!((desk.state("store"), desk.totals("store").2), ("running", 2));
    assert_eq!(desk.effects(), [Effect::Rename { id: "a".to_owned(), name: "store".to_owned() }]);
}

#[test]
fn after_two_containers_have_swapped_their_names_no_counter_has_gone_back() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "blue");
    desk.start("b", "green");
    desk.event("oom", "a", "blue", &[]);
    desk.event("rename", "a", "tmp", &[]);
    desk.event("rename", "b", "blue", &[]);
    desk.event("rename", "a", "green", &[]);
    assert_eq!((desk.container("blue").id, desk.container("green").id), ("b".to_owned(), "a".to_owned()));
    // A name that has counted goes on from what it has.
    assert_eq!((desk.totals("blue").2, desk.totals("green").2), (1, 0));
    desk.pass(1);
    desk.event("oom", "b", "blue", &[]);
    desk.event("oom", "a", "green", &[]);
    assert_eq!((desk.totals("blue").2, desk.totals("green").2), (2, 1));
    assert_eq!(desk.names(), ["blue", "green"], "and three OOM kills in the sum of all names");
}

#[test]
fn a_name_that_was_left_goes_on_where_it_was_for_whoever_takes_it() {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "idle");
    desk.event("oom", "a", "idle", &[]);
    desk.event("rename", "a", "idle2", &[]);
    assert_eq!((desk.names(), desk.totals("idle2").2), (vec!["idle2"], 1));
    desk.start("b", "idle");
    assert_eq!((desk.totals("idle").2, desk.totals("idle2").2), (1, 1));
    // Of two containers with one name, of which a rename was missed, the other keeps what was counted.
    desk.start("c", "idle");
    desk.event("rename", "b", "idle3", &[]);
    assert_eq!((desk.totals("idle").0, desk.totals("idle3").0), (3, 0));
}

#[test]
fn two_hundred_containers_that_start_and_die_are_all_counted_and_what_is_kept_is_bounded() {
    let mut desk = Desk::new("max_containers = 50");
    desk.list(&[]);
    for number in 0..200 {
        let (id, name) = (format!("id{number}"), format!("job-{}", number % 20));
        desk.start(&id, &name);
        desk.die(&id, &name, if number % 2 == 0 { "0" } else { "1" });
        desk.event("destroy", &id, &name, &[]);
    }
    desk.pass(10);
    desk.settle();
    let sum = |desk: &Desk| {
        desk.book.totals().fold((0, 0, 0), |sum, (_, totals)| {
            (sum.0 + totals.starts, sum.1 + totals.exits[0], sum.2 + totals.exits[1])
        })
    };
    assert_eq!(sum(&desk), (200, 100, 100));
    assert_eq!((desk.book.records.len(), desk.book.counters.forgotten), (100, 100));
    assert_eq!(desk.totals("job-7"), (10, 0, 0, [0, 10, 0, 0, 0, 0]));
    // Each with a name of its own: the oldest are given up.
    for number in 0..200 {
        let (id, name) = (format!("other{number}"), format!("other-{number:03}"));
        desk.start(&id, &name);
        desk.die(&id, &name, "0");
        desk.event("destroy", &id, &name, &[]);
    }
    let names = desk.names();
    assert_eq!((names.len(), names.first(), names.last()), (100, Some(&"other-100"), Some(&"other-199")));
    assert!(desk.book.records.len() <= 100);
    assert!(desk.effects().contains(&Effect::Forget("job-7".to_owned())));
}
