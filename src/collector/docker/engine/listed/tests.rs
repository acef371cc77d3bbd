//! Lists as engines send them.

use super::*;

const DOCKER_20_10: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/list/docker-20.10.json");
const API_1_52: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/list/api-1.52.json");
const PODMAN: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/list/podman.json");
const ODD: &[u8] = include_bytes!("../../../../../tests/fixtures/docker/list/odd.json");

fn list(body: &[u8]) -> List {
    serde_json::from_slice(body).unwrap()
}

fn shown(list: &List) -> Vec<(&str, &str, Option<&str>, Option<i64>)> {
    list.containers
        .iter()
        .map(|one| (one.name.as_str(), one.state.as_str(), one.health.as_deref(), one.exit_code))
        .collect()
}

/// From so many seconds to less than so many; nothing to 0 is none.
fn seconds(at_least: u64, below: u64) -> Option<Age> {
    (below > 0).then(|| Age { at_least: Duration::from_secs(at_least), below: Duration::from_secs(below) })
}

#[test]
fn a_recorded_list_of_docker_20_10() {
    let list = list(DOCKER_20_10);
    assert_eq!(list.undecodable, 0);
    assert_eq!(
        shown(&list),
        [
            ("crashing", "restarting", None, Some(1)),
            ("frozen", "paused", None, None),
            ("term", "running", None, None),
            ("later", "created", None, None),
            ("parent", "running", None, None),
            ("hungry", "exited", None, Some(137)),
            ("web", "running", Some("healthy"), None),
            ("forger", "exited", None, Some(3)),
        ]
    );
    let ages: Vec<Option<Age>> = list.containers.iter().map(|one| one.age).collect();
    let expected = [(1, 2), (3, 4), (3, 4), (0, 0), (4, 5), (3, 4), (4, 5), (5, 6)];
    assert_eq!(ages, expected.map(|(from, to)| seconds(from, to)));
    let forger = &list.containers[7];
    assert_eq!(forger.labels.get("exitCode").map(String::as_str), Some("0"));
    assert_eq!((forger.network_mode.as_str(), forger.image.as_str(), forger.id.len()), ("none", "bb:1", 64));
    assert_eq!(forger.created, Some(UNIX_EPOCH + Duration::from_secs(1_795_553_582)));
}

#[test]
fn since_api_1_52_the_health_has_a_field_of_its_own() {
    let list = list(API_1_52);
    assert_eq!(
        shown(&list),
        [
            ("web", "paused", Some("unhealthy"), None),
            ("db", "running", None, None),
            ("new", "running", Some("starting"), None)
        ]
    );
    assert_eq!(list.containers[1].network_mode, "container:0123");
}

#[test]
fn podman_has_states_and_nulls_of_its_own() {
    let list = list(PODMAN);
    assert_eq!(shown(&list), [("web", "running", None, None), ("old", "stopped", None, Some(143))]);
    assert_eq!(list.undecodable, 0);
    assert!(list.containers[1].labels.is_empty());
}

#[test]
fn what_is_odd_in_one_item_does_not_cost_the_others() {
    let list = list(ODD);
    assert_eq!(
        shown(&list),
        [
            ("web", "frobnicating", None, None),
            // Without a name of its own it has the short id.
            ("000000000000", "", None, None),
            ("linked", "running", None, None),
        ]
    );
    assert_eq!(list.undecodable, 3);
    assert_eq!(list.containers[0].labels, BTreeMap::from([("good".to_owned(), "yes".to_owned())]));
    assert_eq!(list.containers[1].created, None);
}

#[test]
fn the_words_for_time_spans_are_read_as_the_engine_rounds_them() {
    let hour = 3600;
    let day = 24 * hour;
    for (status, expected) in [
        ("Up Less than a second", seconds(0, 1)),
        ("Up 1 second", seconds(1, 2)),
        ("Up 59 seconds (healthy)", seconds(59, 60)),
        ("Up About a minute (Paused)", seconds(60, 120)),
        ("Up 2 minutes (health: starting)", seconds(120, 180)),
        ("Up About an hour", seconds(hour / 2, 2 * hour)),
        ("Up 3 hours", seconds(3 * hour - hour / 2, 4 * hour)),
        ("Up 2 days", seconds(2 * day - hour / 2, 3 * day)),
        ("Exited (0) 2 weeks ago", seconds(14 * day - hour / 2, 21 * day)),
        ("Exited (137) 3 months ago", seconds(90 * day - hour / 2, 120 * day)),
        ("Restarting (1) Less than a second ago", seconds(0, 1)),
        ("Exited (-1) 2 years ago", seconds(730 * day - hour / 2, 1095 * day)),
        ("Created", None),
        ("Dead", None),
        ("Removal In Progress", None),
        ("", None),
        ("Up", None),
        ("Up ", None),
        ("Up a while", None),
        ("Up 99999999999 seconds", None),
        ("Up 4294967295 years", None),
        ("Exited (0) 3 fortnights ago", None),
        ("Exited 3 seconds ago", None),
    ] {
        assert_eq!(age_in(status), expected, "{status}");
    }
    for (status, expected) in [
        ("Exited (137) 3 seconds ago", Some(137)),
        ("Exited (-1) 2 years ago", Some(-1)),
        ("Restarting (1) 1 second ago", Some(1)),
        ("Exited (3221225786) 1 second ago", Some(3_221_225_786)),
        ("Up 3 seconds (1)", None),
        ("Exited (x) 1 second ago", None),
        ("Exited (", None),
    ] {
        assert_eq!(exit_code_in(status), expected, "{status}");
    }
}

#[test]
fn cut_anywhere_it_is_an_error() {
    for end in 0..DOCKER_20_10.trim_ascii().len() {
        assert!(serde_json::from_slice::<List>(&DOCKER_20_10[..end]).is_err(), "{end}");
    }
    for body in [&b"{}"[..], b"null", b"[", b"\"list\""] {
        assert!(serde_json::from_slice::<List>(body).is_err());
    }
    assert_eq!(list(b"[null, 1, {}, {\"Id\": \"\"}, []]"), List { containers: Vec::new(), undecodable: 5 });
}

proptest::proptest! {
    #[test]
    fn any_bytes_and_any_status_are_taken(bytes: Vec<u8>, status: String) {
        let _ = serde_json::from_slice::<List>(&bytes);
        let _ = (age_in(&status), exit_code_in(&status), health_in(&status));
        let json = serde_json::json!([{"Id": "a", "Status": status, "State": status, "Names": [status]}]);
        proptest::prop_assert_eq!(list(json.to_string().as_bytes()).containers.len(), 1);
    }
}
