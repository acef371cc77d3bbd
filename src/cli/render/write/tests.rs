use super::*;

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.to_owned() }
}

/// Everything below a folder, with the texts of the files.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if path.is_dir() {
                all.insert(format!("{name}/"), String::new());
                folders.push(path);
            } else {
                all.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    all
}

#[test]
fn files_are_replaced_as_a_whole_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("real.yml"), "old").unwrap();
    fs::set_permissions(out.path().join("real.yml"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.yml", out.path().join("a.yml")).unwrap();
    let (a, b) = (file("a.yml", "new"), file("x/y/b.yml", "b"));
    write_all(out.path(), &[&a, &b]).unwrap();
    assert!(is_written(out.path(), &a) && is_written(out.path(), &b));
    assert!(out.path().join("a.yml").is_symlink());
    assert_eq!(fs::metadata(out.path().join("real.yml")).unwrap().permissions().mode() & 0o777, 0o640);
    let names: Vec<String> = tree(out.path()).into_keys().collect();
    assert_eq!(names, ["a.yml", "real.yml", "x/", "x/y/", "x/y/b.yml"]);
}

#[test]
fn nothing_is_changed_where_one_cannot_be_written() {
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("a.yml"), "old").unwrap();
    // A file where a folder has to be: also who may do everything cannot write below it.
    fs::write(out.path().join("docs"), "no folder").unwrap();
    let before = tree(out.path());
    let files = [file("a.yml", "new"), file("new/b.yml", "b"), file("docs/c.md", "c")];
    let error = write_all(out.path(), &files.iter().collect::<Vec<_>>()).unwrap_err();
    let expected = format!("cannot write {}: ", out.path().join("docs/c.md").display());
    assert!(error.starts_with(&expected), "{error}");
    assert!(error.ends_with("; nothing was changed: make room, or let this user write there"), "{error}");
    assert_eq!(tree(out.path()), before);
}

#[test]
fn what_was_rendered_once_is_left_over() {
    let out = tempfile::tempdir().unwrap();
    fs::create_dir_all(out.path().join("alerts")).unwrap();
    fs::create_dir_all(out.path().join("dashboards")).unwrap();
    let rendered = crate::policy::render::yaml::Yaml::Map(Vec::new()).document(HEADER);
    for (name, text) in [
        ("alerts/redis.rules.yml", rendered.as_str()),
        ("alerts/old.rules.yml", rendered.as_str()),
        ("alerts/own.rules.yml", "groups: []\n"),
        ("alerts/empty.rules.yml", ""),
        ("dashboards/manometer-old.json", "{}"),
        ("dashboards/own.json", "{}"),
    ] {
        fs::write(out.path().join(name), text).unwrap();
    }
    let files = [file("alerts/redis.rules.yml", &rendered), file("dashboards/manometer-redis.json", "{}")];
    let left = left_over(out.path(), &files);
    assert_eq!(left, ["alerts/old.rules.yml", "dashboards/manometer-old.json"].map(|name| out.path().join(name)));
}
