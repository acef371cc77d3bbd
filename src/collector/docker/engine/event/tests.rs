//! Events as engines send them.

use super::*;

const DOCKER_20_10: &str = include_str!("../../../../../tests/fixtures/docker/events/docker-20.10.json");
const ODD: &str = include_str!("../../../../../tests/fixtures/docker/events/odd.json");

fn event(line: &str) -> Event {
    serde_json::from_str(line).unwrap()
}

#[test]
fn the_recorded_events_of_docker_20_10() {
    let events: Vec<Event> = DOCKER_20_10.lines().map(event).collect();
    assert!(events.iter().all(|event| event.kind == "container" && event.actor.id.len() == 64));
    let with = |action: &str| events.iter().filter(|event| event.action == action).count();
    assert_eq!([with("oom"), with("die"), with("start"), with("destroy"), with("rename")], [5, 17, 17, 9, 1]);
    let die = events.iter().find(|event| event.action == "die").unwrap();
    // Really it was 3: a Docker label of that name takes the attribute's place.
    assert_eq!(die.attribute("exitCode"), Some("0"));
    assert_eq!((die.attribute("name"), die.attribute("image")), (Some("forger"), Some("bb:1")));
    assert_eq!(die.time_nano, 1_795_553_583_169_788_559);
    assert!(events.is_sorted_by_key(|event| event.time_nano));
    assert_eq!(events.iter().filter(|event| event.action == "health_status: healthy").count(), 2);
}

#[test]
fn what_is_missing_or_odd_is_empty() {
    let events: Vec<Event> = ODD.lines().map(event).collect();
    let shown: Vec<(&str, &str, &str, i64)> = events
        .iter()
        .map(|event| (event.kind.as_str(), event.action.as_str(), event.actor.id.as_str(), event.time_nano))
        .collect();
    assert_eq!(
        shown,
        [
            ("pod", "start", "p1", 1_795_553_583_000_000_001),
            ("container", "frobnicate", "c1", 1_795_553_583_000_000_002),
            ("", "", "", 0),
            // An engine that writes no nanoseconds.
            ("container", "die", "c1", 1_795_553_583_000_000_000),
            ("container", "start", "", 5),
            ("", "", "c2", 0),
        ]
    );
    let attributes: Vec<(&String, &String)> = events[3].actor.attributes.iter().collect();
    assert_eq!(attributes, [(&"name".to_owned(), &"web".to_owned())], "what is no text is left out");
}

#[test]
fn a_long_label_is_read_as_it_is() {
    let label = "x".repeat(900_000);
    let read = event(&format!(r#"{{"Action":"start","Actor":{{"ID":"a","Attributes":{{"label":"{label}"}}}}}}"#));
    assert_eq!(read.attribute("label").map(str::len), Some(900_000));
}

#[test]
fn cut_anywhere_it_is_an_error() {
    let line = DOCKER_20_10.lines().next().unwrap();
    for end in 0..line.len() {
        assert!(serde_json::from_str::<Event>(&line[..end]).is_err(), "{end}");
    }
    for line in ["null", "3", "\"start\""] {
        assert!(serde_json::from_str::<Event>(line).is_err(), "{line}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_taken(bytes: Vec<u8>) {
        let _ = serde_json::from_slice::<Event>(&bytes);
    }
}
