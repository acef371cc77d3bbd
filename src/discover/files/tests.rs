use super::*;

const BOTH: &str = "a:1 {} b:2 {} c:3 {\"x\": \"y\"}";

fn shown(groups: &[Group]) -> String {
    let of =
        |group: &Group| group.targets.iter().map(|target| format!("{target} {:?}", group.labels)).collect::<Vec<_>>();
    groups.iter().flat_map(of).collect::<Vec<_>>().join(" ")
}

#[test]
fn json_and_yaml_say_the_same() {
    let json = r#"[{"targets": ["a:1", "b:2"]}, {"targets": ["c:3"], "labels": {"x": "y"}}]"#;
    assert_eq!(shown(&parse(Path::new("x.json"), json).unwrap()), BOTH);
    let yaml = "- targets: [a:1, 'b:2']\n- targets:\n  - c:3\n  labels:\n    x: y\n";
    for name in ["x.yml", "x.yaml"] {
        assert_eq!(shown(&parse(Path::new(name), yaml).unwrap()), BOTH);
    }
    assert_eq!(parse(Path::new("x.yml"), "[]"), Ok(vec![]));
    assert_eq!(parse(Path::new("x.json"), "[]"), Ok(vec![]));
}

#[test]
fn what_is_cut_anywhere_is_no_list() {
    let json = r#"[{"targets": ["a:1"], "labels": {"x": "y"}}]"#;
    for end in 0..json.len() {
        assert!(parse(Path::new("x.json"), &json[..end]).is_err(), "{end}");
    }
    for (text, error) in [
        ("", "is empty; write a list of"),
        ("# a comment\n", "is empty; write a list of"),
        ("- targets: [a:1", "is not a targets file: "),
        ("- target: [a:1]\n", "is not a targets file: "),
        ("targets: [a:1]\n", "is not a targets file: "),
    ] {
        let found = parse(Path::new("x.yml"), text).unwrap_err();
        assert!(found.starts_with(error), "{text:?}: {found}");
    }
}

#[test]
fn a_pattern_means_the_files_of_a_folder_but_those_that_are_hidden() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["b.json", "a.json", ".c.json", "d.yml"] {
        std::fs::write(dir.path().join(name), r#"[{"targets": ["a:1"]}]"#).unwrap();
    }
    let look = |files: Files, name: &str| files.look(&[dir.path().join(name)]);
    let names = |files: &Files| {
        files.states().map(|(path, _)| path.file_name().unwrap().to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let files = look(Files::default(), "*.json");
    assert_eq!(names(&files), ["a.json", "b.json"]);
    assert_eq!(names(&look(files, "d.*")), ["d.yml"]);
    let none = look(Files::default(), "none.json");
    assert_eq!(
        none.states().next().unwrap().1.error.as_deref(),
        Some("is not there; create it, or take it out of targets_files")
    );
    let nowhere = Files::default().look(&[dir.path().join("no/*.json")]);
    assert_eq!((names(&nowhere).len(), nowhere.faults.len()), (0, 0));

    for at in 0..MOST {
        std::fs::write(dir.path().join(format!("x{at:03}.json")), "[]").unwrap();
    }
    let many = look(Files::default(), "*.json");
    assert_eq!(names(&many).len(), MOST);
    assert_eq!(many.faults, [format!("targets_files: {} files, of which the first {MOST} by name are read", MOST + 2)]);
}

#[test]
fn a_file_that_is_gone_names_nothing_and_one_that_cannot_be_looked_at_what_it_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.json");
    let look = |files: Files| files.look(std::slice::from_ref(&path));
    let state = |files: &Files| {
        let (_, state) = files.states().next().unwrap();
        (shown(&state.groups), state.error.clone(), state.at.is_some())
    };
    let named = "a:1 {}".to_owned();
    std::fs::write(&path, r#"[{"targets": ["a:1"]}]"#).unwrap();
    let mut files = look(Files::default());
    assert_eq!(state(&files), (named.clone(), None, true));
    // A link to itself: whether there is a file behind it cannot be said, whoever asks.
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&path, &path).unwrap();
    files = look(look(files));
    let error =
        "cannot be read: Too many levels of symbolic links (os error 40); is the path right, and the disk well?";
    assert_eq!(state(&files), (named, Some(error.to_owned()), true));
    std::fs::remove_file(&path).unwrap();
    files = look(files);
    let gone = "is not there; create it, or take it out of targets_files";
    assert_eq!(state(&files), (String::new(), Some(gone.to_owned()), false));
    std::fs::write(&path, r#"[{"targets": ["b:2"]}]"#).unwrap();
    files = look(files);
    assert_eq!(state(&files).0, "", "it is being written");
    assert_eq!(state(&look(files)), ("b:2 {}".to_owned(), None, true));
}

#[test]
fn a_file_that_is_written_anew_is_not_read_by_halves() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.yml");
    let look = |files: Files| files.look(&[dir.path().join("*.yml")]);
    let named = |files: &Files| files.states().map(|(_, state)| shown(&state.groups)).collect::<Vec<_>>();
    std::fs::write(&path, "- targets: [a:1]\n- targets: [b:2]\n").unwrap();
    let mut files = look(Files::default());
    assert_eq!(named(&files), ["a:1 {} b:2 {}"], "the first look waits for nothing");
    std::fs::remove_file(&path).unwrap();
    files = look(files);
    assert_eq!(named(&files), [""; 0]);
    std::fs::write(&path, "- targets: [a:1]\n").unwrap();
    files = look(files);
    assert_eq!((named(&files), files.count()), (vec![String::new()], 0));
    std::fs::write(&path, "- targets: [a:1]\n- targets: [b:2, c:3]\n").unwrap();
    files = look(look(files));
    assert_eq!((named(&files), files.count()), (vec!["a:1 {} b:2 {} c:3 {}".to_owned()], 3));
}
