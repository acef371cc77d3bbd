//! What was found by fuzzing runs with all other tests: what real servers send, the inputs that reached new code, and those that
//! once showed a fault.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;

use super::{TARGETS, Target};

/// Bytes of an input that is kept: what is larger is cut by `make fuzz` or is no input but a test of a limit.
const LARGEST: u64 = 256 << 10;

/// Bytes of all inputs that are kept.
const ALL: u64 = 400 << 10;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file, or the files of a folder and those below it; none if it is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Some(folder.to_owned()).filter(|path| path.is_file()).into_iter().collect();
    };
    let mut all: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect();
    all.sort_unstable();
    all
}

/// The folders with inputs of a target.
fn folders(target: &Target) -> Vec<PathBuf> {
    let kept = ["corpus", "regressions"].map(|kind| root().join("fuzz").join(kind).join(target.name));
    target.seeds.iter().map(|seeds| root().join(seeds)).chain(kept).collect()
}

/// Runs the files of folders, and returns how many there are, and those that panic.
fn replay(run: fn(&[u8]), folders: &[PathBuf]) -> (usize, Vec<PathBuf>) {
    let inputs: Vec<PathBuf> = folders.iter().flat_map(|folder| files(folder)).collect();
    let panics = |path: &&PathBuf| {
        let input = fs::read(path).unwrap();
        catch_unwind(AssertUnwindSafe(|| run(&input))).is_err()
    };
    (inputs.len(), inputs.iter().filter(panics).cloned().collect())
}

#[test]
fn every_input_that_is_kept_holds() {
    let outcomes: Vec<_> = thread::scope(|scope| {
        let run = |target: &'static Target| scope.spawn(move || (target.name, replay(target.run, &folders(target))));
        let running: Vec<_> = TARGETS.iter().map(run).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (name, (inputs, _)) in &outcomes {
        assert!(*inputs > 0, "{name} has no input");
    }
    let failed: Vec<_> = outcomes.into_iter().filter(|(_, (_, failed))| !failed.is_empty()).collect();
    assert!(failed.is_empty(), "they panic at {failed:#?}");
}

#[test]
fn an_input_that_panics_is_named() {
    fn planted(input: &[u8]) {
        assert_ne!(input, b"planted");
    }
    let folder = tempfile::tempdir().unwrap();
    let found = folder.path().join("below").join("found");
    fs::create_dir(found.parent().unwrap()).unwrap();
    fs::write(&found, "planted").unwrap();
    fs::write(folder.path().join("good"), "").unwrap();
    let folders = [folder.path().to_owned(), folder.path().join("none")];
    assert_eq!(replay(planted, &folders), (2, vec![found]));
}

#[test]
fn what_is_kept_is_small_and_each_folder_has_a_target() {
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len());
    let mut bytes = 0;
    for kind in ["corpus", "regressions"] {
        let folder = root().join("fuzz").join(kind);
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let name = entry.unwrap().file_name();
            assert!(names.contains(name.to_str().unwrap()), "no target {}", name.display());
        }
        for file in files(&folder) {
            let length = fs::metadata(&file).unwrap().len();
            assert!(length <= LARGEST, "{} has {length} bytes", file.display());
            bytes += length;
        }
    }
    assert!(bytes <= ALL, "{bytes} bytes");
    for seeds in TARGETS.iter().flat_map(|target| target.seeds) {
        assert!(!files(&root().join(seeds)).is_empty(), "{seeds}");
    }
}
