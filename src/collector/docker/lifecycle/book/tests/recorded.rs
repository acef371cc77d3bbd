//! What a real engine has sent.

use super::*;

const EVENTS: &str = include_str!("../../../../../../tests/fixtures/docker/events/docker-20.10.json");
const LIST: &[u8] = include_bytes!("../../../../../../tests/fixtures/docker/list/docker-20.10.json");

/// The end of each run by the events' own codes, as an engine that cannot be inspected has them.
#[test]
fn the_events_of_docker_20_10() {
    let mut desk = Desk::new("inspect = false");
    desk.list(&[]);
    for line in EVENTS.lines() {
        let event: Event = serde_json::from_str(line).unwrap();
        let wall = time_of(event.time_nano).unwrap();
        let passed = wall.duration_since(desk.now.wall).unwrap_or_default();
        desk.now = Moment { wall, at: desk.now.at + passed };
        desk.take(&event);
    }
    desk.pass(10);
    desk.settle();
    assert_eq!(desk.totals("hungry"), (4, 3, 4, [0, 0, 4, 0, 0, 0]));
    assert_eq!(desk.totals("parent"), (1, 0, 1, [0, 0, 0, 1, 0, 0]));
    assert_eq!(desk.totals("job"), (1, 0, 0, [1, 0, 0, 0, 0, 0]));
    assert_eq!(desk.totals("crashing"), (6, 5, 0, [0, 6, 0, 0, 0, 0]));
    assert_eq!(desk.totals("frozen"), (1, 0, 0, [0, 0, 0, 1, 0, 0]));
    assert_eq!(desk.totals("term"), (1, 0, 0, [0, 0, 0, 1, 0, 0]));
    assert_eq!(desk.totals("later"), (0, 0, 0, [0; 6]));
    // Started as `web`, renamed, killed, started, stopped.
    assert!(!desk.names().contains(&"web"));
    assert_eq!(desk.totals("shop"), (2, 1, 0, [0, 0, 0, 2, 0, 0]));
    // Its label hides the exit code, and there was nobody to ask.
    assert_eq!(desk.totals("forger"), (1, 0, 0, [0, 0, 0, 0, 1, 0]));
    assert!(desk.book.containers(desk.now).iter().all(|container| container.state == RunState::Removed));
}

#[test]
fn the_list_of_docker_20_10() {
    let mut desk = Desk::new("");
    let list: List = serde_json::from_slice(LIST).unwrap();
    desk.list(&list.containers);
    let shown: Vec<(String, &str)> = desk
        .book
        .containers(desk.now)
        .into_iter()
        .map(|container| (container.name, container.state.as_str()))
        .collect();
    let expected = [
        ("crashing", "restarting"),
        ("forger", "exited"),
        ("frozen", "paused"),
        ("hungry", "exited"),
        ("later", "created"),
        ("parent", "running"),
        ("term", "running"),
        ("web", "running"),
    ];
    assert_eq!(shown, expected.map(|(name, state)| (name.to_owned(), state)));
    assert_eq!(desk.container("web").health, Health::Healthy);
    let began: Vec<Effect> = desk.effects();
    assert_eq!(began.len(), 4, "the logs of what runs or is paused are followed: {began:?}");
}
