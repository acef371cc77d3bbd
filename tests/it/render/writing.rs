//! Folders that cannot be written.

use super::*;
use crate::support::agent::command;

/// A limit on the size of files is what a full disk is to a program: some fit, one does not.
#[test]
fn a_folder_that_is_full_keeps_what_it_had() {
    let folder = folder();
    rendered(folder.path(), &[]);
    let before = tree(folder.path());
    std::fs::write(
        folder.path().join("config.toml"),
        target("main", "redis://a:6379") + "[thresholds]\njob = \"other\"\n",
    )
    .unwrap();
    let binary = command(&[]).get_program().to_owned();
    let mut shell = Command::new("sh");
    // Blocks of 512 bytes; without the signal that a program is otherwise killed by.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\""]).arg(binary);
    shell.args(["render", "--out"]).arg(folder.path()).arg("--config").arg(folder.path().join("config.toml"));
    let output = shell.output().unwrap();
    assert_eq!(output.status.code(), Some(70), "{}", stdout(&output));
    let said = stderr(&output);
    assert!(
        said.contains("cannot write ") && said.contains("File too large (os error 27); nothing was changed"),
        "{said}"
    );
    let mut after = tree(folder.path());
    after.insert("config.toml".to_owned(), before["config.toml"].clone());
    assert_eq!(after, before);
}

/// The real thing, where the machine lets the tests mount one.
#[test]
fn a_disk_that_is_full_keeps_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(folder.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln!("SKIPPED: this user cannot mount a file system");
        return;
    }
    std::fs::write(folder.path().join("config.toml"), "").unwrap();
    let output = render(folder.path(), &[]);
    let after = tree(folder.path());
    let unmounted = Command::new("umount").arg(folder.path()).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(output.status.code(), Some(70), "{}", stdout(&output));
    assert!(stderr(&output).contains("No space left on device"), "{}", stderr(&output));
    assert_eq!(after.into_keys().collect::<Vec<_>>(), ["config.toml"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("alerts"), "no folder").unwrap();
    let output = render(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(70));
    assert!(stderr(&output).contains("/alerts/causes.rules.yml: "), "{}", stderr(&output));
    assert_eq!(tree(folder.path()).into_keys().collect::<Vec<_>>(), ["alerts", "config.toml"]);
}
