//! What promtool thinks of an exposition.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use manometer::app;
use manometer::policy;
use manometer::policy::render::{Catalog, File, rules};

use super::wait::give_way;

/// Fails unless `promtool check metrics` has nothing to say of the names that are the agent's own.
///
/// Names of redis_exporter, of the Go client and of a service must stay as they are, whatever promtool thinks of them.
#[track_caller]
pub(crate) fn check_metrics(text: &str) {
    let of_others = |name: &str| ["redis_", "process_", "ticker_"].iter().any(|prefix| name.starts_with(prefix));
    let mut ours = String::new();
    for line in text.lines() {
        let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        if !of_others(name) {
            writeln!(ours, "{line}").unwrap();
        }
    }
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(ours.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// Whether files of rules are well-formed: what promtool said where one is not.
pub(crate) fn check_rules(files: &[PathBuf]) -> Result<(), String> {
    run(&["check", "rules", "--lint=all", "--lint-fatal"], files)
}

/// Runs unit tests of rules: what promtool said where one of them fails.
pub(crate) fn test_rules(files: &[PathBuf]) -> Result<(), String> {
    run(&["test", "rules"], files)
}

/// Runs `tests`, the items of a list, under the shipped rules but for those of the files `without`: each costs each step.
#[track_caller]
pub(crate) fn test_shipped_rules(without: &[&str], tests: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("alerts")).unwrap();
    let (policy, catalog) = (policy::shipped().unwrap(), Catalog::new(&app::metrics()));
    let is_left_out = |file: &File| without.iter().any(|name| file.path.ends_with(format!("{name}.rules.yml")));
    for file in rules::files(&policy, &catalog).iter().filter(|file| !is_left_out(file)) {
        std::fs::write(folder.path().join(&file.path), &file.text).unwrap();
    }
    let head = "rule_files: ['alerts/*.rules.yml']\nevaluation_interval: 15s\ntests:\n";
    let file = folder.path().join("shipped.test.yml");
    std::fs::write(&file, format!("{head}{tests}")).unwrap();
    test_rules(&[file]).unwrap_or_else(|failed| panic!("{failed}"));
}

fn run(command: &[&str], files: &[PathBuf]) -> Result<(), String> {
    give_way();
    let output = Command::new("promtool").args(command).args(files).output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}
