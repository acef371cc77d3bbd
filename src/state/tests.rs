use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A state whose section `a` is 1, written; its text.
fn written(folder: &Path) -> String {
    let state = State::open(Some(folder));
    state.put("a", json!({ "at": 1 }));
    state.write();
    fs::read_to_string(state.file().unwrap()).unwrap()
}

/// The state of a folder that nobody else has any more. A process that another test starts holds what is locked until it runs
/// its program.
fn reopened(folder: &Path) -> State {
    let mut tries = std::iter::repeat_with(|| State::open(Some(folder))).take(100_000);
    tries.find(State::is_kept).expect("the lock is free")
}

fn section_after(text: &[u8]) -> Option<Value> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("state.json"), text).unwrap();
    let state = State::open(Some(folder.path()));
    assert!(state.is_kept());
    state.section("a")
}

#[test]
fn what_was_handed_in_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder");
    let text = written(&path);
    assert!(text.starts_with(r#"{"format":"manometer state","version":1,"sections":{"a":{"written":"#), "{text}");
    let state = reopened(&path);
    assert_eq!((state.section("a"), state.section("b")), (Some(json!({ "at": 1 })), None));
    state.put("b", json!([2]));
    assert_eq!(state.section("b"), Some(json!([2])));
    state.write();
    assert_eq!(state.written().unwrap().1, fs::metadata(state.file().unwrap()).unwrap().len());
    drop(state);
    let state = reopened(&path);
    assert_eq!((state.section("a"), state.section("b")), (Some(json!({ "at": 1 })), Some(json!([2]))));
    assert!(!path.join("state.json.new").exists());
}

#[test]
fn without_a_folder_nothing_is_kept() {
    let state = State::open(None);
    state.put("a", json!(1));
    state.write();
    assert_eq!((state.is_kept(), state.failures(), state.written()), (false, 0, None));
    assert_eq!(state.section("a"), Some(json!(1)), "a reload goes on with it");
    assert_eq!(State::open(None).section("a"), None);
}

#[test]
fn what_has_not_changed_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(Some(folder.path()));
    state.write();
    assert!(!state.file().unwrap().exists());
    state.put("a", json!(1));
    state.write();
    fs::remove_file(state.file().unwrap()).unwrap();
    state.put("a", json!(1));
    state.write();
    assert!(!state.file().unwrap().exists());
}

#[test]
fn a_second_agent_keeps_nothing_there_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let first = State::open(Some(folder.path()));
    first.put("a", json!(1));
    first.write();
    let second = State::open(Some(folder.path()));
    assert_eq!((second.is_kept(), second.section("a")), (false, None));
    second.put("a", json!(2));
    second.write();
    drop(first);
    assert_eq!(reopened(folder.path()).section("a"), Some(json!(1)));
}

#[test]
fn a_file_that_is_none_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let text = written(folder.path());
    assert_eq!(section_after(text.as_bytes()), Some(json!({ "at": 1 })));
    for cut in 0..text.len() {
        assert_eq!(section_after(&text.as_bytes()[..cut]), None, "{cut}");
    }
    for (from, to) in [("manometer state", "other"), ("\"version\":1", "\"version\":2"), ("{\"written\"", "{\"wrong\"")]
    {
        assert_eq!(section_after(text.replace(from, to).as_bytes()), None, "{to}");
    }
    let odd = tempfile::tempdir().unwrap();
    fs::create_dir(odd.path().join("state.json")).unwrap();
    assert_eq!(State::open(Some(odd.path())).section("a"), None);
    // What nobody has handed in for a month is of a part that is gone.
    let written_at = &text[text.find("\"written\":").unwrap() + 10..text.find(",\"data\"").unwrap()];
    assert_eq!(section_after(text.replace(written_at, "1").as_bytes()), None);
}

#[test]
fn a_folder_that_takes_nothing_costs_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(!State::open(Some(&file)).is_kept());
    let path = folder.path().join("state");
    let state = State::open(Some(&path));
    fs::remove_dir_all(&path).unwrap();
    state.put("a", json!(1));
    state.write();
    state.write();
    assert_eq!((state.failures(), state.written()), (2, None));
    fs::create_dir(&path).unwrap();
    state.write();
    assert_eq!(state.failures(), 2);
    assert!(state.written().is_some());
}

proptest! {
    #[test]
    fn any_bytes_are_no_state_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(file::parse(&bytes).is_ok(), false);
    }
}
