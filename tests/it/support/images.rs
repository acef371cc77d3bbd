//! Images of programs of this machine, for engines that can pull none.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::docker::{Docker, busybox};
use super::ticker;

/// `redis:test`: this machine's redis-server, which writes nothing down, and redis-cli.
pub(crate) fn redis(docker: &Docker) {
    let entry = r#"ENTRYPOINT ["/redis-server", "--protected-mode", "no", "--save", ""]"#;
    import(docker, "redis:test", &[&installed("redis-server"), &installed("redis-cli")], entry);
}

/// `ticker:test`: the example service, and a shell.
pub(crate) fn ticker(docker: &Docker) {
    let program = ticker::program("ticker");
    import(docker, "ticker:test", &[program.to_str().unwrap()], r#"ENTRYPOINT ["/ticker"]"#);
}

/// Programs at the root of an image, by the names of their files, with the libraries that they need and a busybox.
#[track_caller]
fn import(docker: &Docker, tag: &str, programs: &[&str], entry: &str) {
    let root = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-a").arg(busybox().join(".")).arg(root.path()).status().unwrap();
    assert!(copied.success());
    for program in programs {
        // The program may be a link to one of another name, and does what its own name says.
        let name = Path::new(program).file_name().unwrap();
        std::fs::copy(program, root.path().join(name)).unwrap();
        copy_libraries(Path::new(program), root.path());
    }
    docker.import(root.path(), tag, &[entry]);
}

/// The shared libraries that a program needs, the loader among them; none where it is static.
pub(crate) fn libraries(program: &Path) -> Vec<PathBuf> {
    let ldd = String::from_utf8(Command::new("ldd").arg(program).output().unwrap().stdout).unwrap();
    ldd.lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(PathBuf::from)
        .collect()
}

/// Copies them below `root`, where the loader finds them if that is the root.
pub(crate) fn copy_libraries(program: &Path, root: &Path) {
    for library in libraries(program) {
        let copy = root.join(library.strip_prefix("/").unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(library, copy).unwrap();
    }
}

fn installed(program: &str) -> String {
    let output = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
