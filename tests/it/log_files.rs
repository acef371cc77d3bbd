//! `[[log]]`: files that are rotated, the journal, standard input, and what outlives a restart.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::support::agent::{self, Agent};
use crate::support::exposition::Exposition;
use crate::support::missing::{installed, missing};
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};

/// A `[[log]]` table with a poll a second.
fn table(keys: &str) -> String {
    format!("[[log]]\nname = \"logs\"\ninterval = \"1s\"\ndeadline = \"900ms\"\n{keys}")
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// What is counted of the log `log` once it has `lines` lines.
#[track_caller]
fn counted(agent: &Agent, log: &str, lines: f64) -> Exposition {
    agent.until("logs", &format!("{lines} lines of {log}"), |seen| {
        let count = seen.get("log_lines_total", &[("log", log)])?;
        assert!(count <= lines, "{count} lines instead of {lines}");
        (count >= lines).then_some(())
    });
    agent.scrape("logs")
}

/// Holds how many events of a server's warnings were counted.
#[track_caller]
fn assert_warnings(seen: &Exposition, log: &str, expected: f64) {
    seen.assert("log_matches_total", &[("log", log), ("pattern", "redis_server_warning")], expected);
}

const WARNING: &str = "1:M 02 Nov 2025 10:00:00.123 # WARNING overcommit_memory is set to 0!\n";

#[test]
fn a_redis_servers_own_log_is_counted_over_rotations_and_a_restart() {
    if missing(&["redis-server"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("redis-server.log");
    let log = path.to_str().unwrap();
    let redis = RedisServer::builder().line(format!("logfile {log}")).start();
    let keys = format!("files = [\"{}/*.log\"]\nsets = [\"redis\"]\n", folder.path().display());
    let state = folder.path().join("state");
    let config = format!("state_dir = {:?}\n{}", state.to_str().unwrap(), table(&keys));
    let mut agent = Agent::run(&config);
    let seen = agent.scrape("logs");
    seen.assert("log_up", &[], 1.0);
    seen.assert("log_follow_up", &[("log", log)], 1.0);
    seen.assert("log_lines_total", &[("log", log)], 0.0);
    assert_warnings(&seen, log, 0.0);
    // DEBUG LOG writes what the server itself would write at level warning.
    let warn = |text: &str| drop(redis.command::<String>(&["DEBUG", "LOG", text]));
    let line = "Asynchronous AOF fsync is taking too long (disk is busy?)";
    warn(line);
    let lines = |path: &Path| fs::read_to_string(path).unwrap().matches('\n').count() as f64;
    agent.until("logs", "a warning", |seen| {
        (seen.get("log_matches_total", &[("log", log), ("pattern", "redis_server_warning")])? >= 1.0).then_some(())
    });
    let seen = agent.scrape("logs");
    seen.assert("log_read_lag_bytes", &[("log", log)], 0.0);
    seen.assert("log_read_position_bytes", &[("log", log)], fs::metadata(&path).unwrap().len() as f64);
    let one = seen.value("log_lines_total", &[("log", log)]);

    // By rename: the server opens its file for each line.
    fs::rename(&path, folder.path().join("redis-server.log.1")).unwrap();
    warn(line);
    let two = one + lines(&path);
    let seen = counted(&agent, log, two);
    seen.assert("log_rotations_total", &[("log", log), ("kind", "rename")], 1.0);
    // By copying and truncation.
    fs::copy(&path, folder.path().join("redis-server.log.2")).unwrap();
    OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
    warn(line);
    let three = two + lines(&path);
    let seen = counted(&agent, log, three);
    seen.assert("log_rotations_total", &[("log", log), ("kind", "truncate")], 1.0);
    assert_warnings(&seen, log, 3.0);
    agent.next_poll("logs");
    assert!(agent.terminate(SOON).success());

    // What is written and rotated while the agent is away.
    let before = lines(&path);
    warn(line);
    fs::rename(&path, folder.path().join("redis-server.log.3")).unwrap();
    warn(line);
    warn(line);
    let away = lines(&folder.path().join("redis-server.log.3")) - before + lines(&path);
    let agent = Agent::run(&config);
    let seen = counted(&agent, log, away);
    assert_warnings(&seen, log, 3.0);
    agent.metrics().assert("manometer_state_kept", &[], 1.0);
    agent.next_poll("logs").assert("log_lines_total", &[("log", log)], away);
}

#[test]
fn a_save_that_fails_is_counted_from_the_servers_own_words() {
    if missing(&["redis-server"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("redis-server.log");
    let log = path.to_str().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let redis = RedisServer::builder()
        .line(format!("logfile {log}"))
        .line(format!("dir {}", data.display()))
        .line("client-output-buffer-limit pubsub 100kb 0 0")
        .start();
    let agent = Agent::run(&table(&format!("files = {log:?}\n")));
    assert_warnings(&agent.scrape("logs"), log, 0.0);
    let lines = || fs::read_to_string(&path).unwrap();
    let before = lines().lines().count();
    let save = |result: &str| {
        redis.command::<String>(&["BGSAVE"]);
        until(SOON, "the save has ended", || {
            (redis.info("rdb_bgsave_in_progress")? == "0").then_some(())?;
            (redis.info("rdb_last_bgsave_status")? == result).then_some(())
        });
    };
    save("ok");
    // The folder goes away below the server, as with a mount that is lost.
    fs::remove_dir_all(&data).unwrap();
    save("err");
    // A subscriber that does not read is cut off.
    let mut slow = TcpStream::connect(redis.address()).unwrap();
    slow.write_all(b"SUBSCRIBE quotes\r\n").unwrap();
    let message = "x".repeat(1 << 20);
    until(SOON, "the subscriber is cut off", || {
        redis.command::<i64>(&["PUBLISH", "quotes", &message]);
        lines().contains("overcoming of output buffer limits").then_some(())
    });
    let seen = counted(&agent, log, (lines().lines().count() - before) as f64);
    // The child that could not open its file, the server's own word, and the client.
    assert_warnings(&seen, log, 3.0);
    let named = |pattern: &str, expected| {
        seen.assert("log_matches_total", &[("log", log), ("pattern", pattern)], expected);
    };
    named("output_buffer_limit", 1.0);
    named("severity_error", 2.0);
    for pattern in ["redis_connection_failed", "readonly_or_failover", "severity_warning"] {
        named(pattern, 0.0);
    }
}

#[test]
fn without_a_state_reading_begins_at_the_end_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, WARNING.repeat(5)).unwrap();
    let log = path.to_str().unwrap();
    let agent = Agent::run(&table(&format!("files = {log:?}\n")));
    append(&path, WARNING);
    counted(&agent, log, 1.0);
    assert_eq!(agent.log().matches("nothing is kept over a restart").count(), 1);
    agent.metrics().assert("manometer_state_kept", &[], 0.0);
    // A reload with another configuration goes on where reading was.
    append(&path, WARNING);
    counted(&agent, log, 2.0);
    agent.next_poll("logs");
    agent.write_config(&table(&format!("files = {log:?}\nsets = [\"pool\"]\n")));
    assert_eq!(agent.reload().status, 200);
    agent.until("logs", "the new counters", |seen| {
        (seen.get("log_lines_total", &[("log", log)]) == Some(0.0)).then_some(())
    });
    append(&path, WARNING);
    counted(&agent, log, 1.0);
}

#[test]
fn a_second_agent_and_a_full_disk_cost_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, "").unwrap();
    let log = path.to_str().unwrap();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    let config = format!("state_dir = {:?}\n{}", state.to_str().unwrap(), table(&format!("files = {log:?}\n")));
    // A disk of one page, which the first file fills.
    let mount = "mount -t tmpfs -o size=4k,mode=700 tmpfs \"$0\" && head -c 4096 /dev/zero >\"$0\"/full; exec \"$@\"";
    let agent = Agent::run_changed(&config, |command| {
        let program = command.get_program().to_owned();
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let mut wrapped = std::process::Command::new("unshare");
        wrapped
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", mount])
            .arg(&state)
            .arg(program)
            .args(arguments);
        for (variable, _) in command.get_envs() {
            wrapped.env_remove(variable);
        }
        wrapped.stdin(Stdio::null());
        *command = wrapped;
    });
    append(&path, WARNING);
    counted(&agent, log, 1.0);
    until(SOON, "a failed write of the state", || {
        (agent.metrics().value("manometer_state_write_failures_total", &[]) >= 2.0).then_some(())
    });
    assert_eq!(agent.log().matches("the state cannot be written").count(), 1, "{}", agent.log());
    append(&path, WARNING);
    counted(&agent, log, 2.0);
    drop(agent);

    let first = Agent::run(&config);
    first.metrics().assert("manometer_state_kept", &[], 1.0);
    let second = Agent::run(&config);
    second.metrics().assert("manometer_state_kept", &[], 0.0);
    assert!(second.log().contains("another agent keeps its state there; give each its own state_dir"));
    append(&path, WARNING);
    counted(&second, log, 1.0);
}

#[test]
fn what_may_not_be_read_is_said_with_the_right_that_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("redis.log");
    fs::write(&path, WARNING).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let log = path.to_str().unwrap();
    let gone = folder.path().join("gone.log");
    let config = table(&format!("files = [{log:?}, {:?}]\n", gone.to_str().unwrap()));
    // Root may read anything, so the agent is another user here; a user that is not root is the agent's own.
    let is_root = fs::read_to_string("/proc/self/status").unwrap().contains("Uid:\t0\t");
    let agent = Agent::run_changed(&config, |command| {
        if is_root {
            let config = command.get_args().last().unwrap().to_owned();
            let parent = Path::new(&config).parent().unwrap();
            fs::set_permissions(parent, fs::Permissions::from_mode(0o755)).unwrap();
            std::os::unix::process::CommandExt::uid(command, 65_534);
        } else {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        }
    });
    agent.until("logs", "the refusal", |seen| {
        (seen.get("log_read_errors_total", &[("log", log), ("reason", "permission")])? >= 1.0).then_some(())
    });
    let seen = agent.scrape("logs");
    seen.assert("log_up", &[], 0.0);
    seen.assert("log_follow_up", &[("log", log)], 0.0);
    seen.assert("manometer_target_up", &[("collector", "log")], 0.0);
    let notes = agent.state("logs")["notes"].to_string();
    let refusal = format!(
        "opening {log}: Permission denied (os error 13); the agent's user needs r on the file and x on its folders: add it \
         to the file's group, or use setfacl"
    );
    assert!(notes.contains(&refusal), "{notes}");
    assert!(notes.contains("gone.log: there is no such file"), "{notes}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    agent.until("logs", "the file is read", |seen| (seen.get("log_up", &[]) == Some(1.0)).then_some(()));
    // What stood there before is old.
    append(&path, WARNING);
    counted(&agent, log, 1.0);
    append(&gone, &WARNING.repeat(3));
    counted(&agent, gone.to_str().unwrap(), 3.0);
}

#[test]
fn standard_input_is_read_until_it_ends() {
    let mut agent = Agent::run_changed(&table("stdin = true\n"), |command| {
        command.stdin(Stdio::piped());
    });
    let mut input = agent.stdin();
    input.write_all(WARNING.as_bytes()).unwrap();
    input.write_all(b"an open line").unwrap();
    let seen = counted(&agent, "stdin", 1.0);
    seen.assert("log_up", &[], 1.0);
    // Another configuration takes over, half a line and all.
    agent.write_config(&table("stdin = true\nsets = [\"redis\"]\n"));
    assert_eq!(agent.reload().status, 200);
    agent.next_poll("logs").assert("log_lines_total", &[("log", "stdin")], 0.0);
    input.write_all(b" ends here\n").unwrap();
    counted(&agent, "stdin", 1.0);
    drop(input);
    agent.until("logs", "the end", |seen| (seen.get("log_up", &[]) == Some(0.0)).then_some(()));
    let error = agent.state("logs").to_string();
    assert!(error.contains("reading standard input"), "{error}");
}

/// A journalctl that has a file for its journal: systemd does not run in a container, so the real one has nothing to say there.
const JOURNALCTL: &str = r#"#!/bin/sh
# The entries of $JOURNAL are messages, one a line; the cursor of each is its number.
echo "$@" >>"$JOURNAL.calls"
[ -e "$JOURNAL.refused" ] && { echo "No journal files were opened due to insufficient permissions." >&2; exit 1; }
from=0
for argument; do case $argument in --after-cursor=*) from=${argument#*=};; esac; done
tail --pid=$$ -n +$((from + 1)) -f "$JOURNAL" | while IFS= read -r line; do
  from=$((from + 1))
  printf '{"__CURSOR":"%d","MESSAGE":%s}\n' "$from" "$line"
done
"#;

#[test]
fn the_journal_is_followed_from_its_cursor_on() {
    if missing(&["tail"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (bin, journal) = (folder.path().join("bin"), folder.path().join("journal"));
    fs::create_dir(&bin).unwrap();
    let program = agent::write(&bin, "journalctl", JOURNALCTL);
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&journal, "").unwrap();
    fs::write(folder.path().join("journal.refused"), "").unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let state = folder.path().join("state");
    let config = format!("state_dir = {:?}\n{}", state.to_str().unwrap(), table("units = [\"redis-server\"]\n"));
    let run = || {
        Agent::run_changed(&config, |command| {
            command.env("PATH", &path).env("JOURNAL", &journal);
        })
    };
    let (mut agent, unit) = (run(), "redis-server.service");
    agent.until("logs", "the refusal", |seen| (seen.get("log_up", &[]) == Some(0.0)).then_some(()));
    let error = agent.state("logs").to_string();
    assert!(error.contains("following the journal of redis-server.service by journalctl"), "{error}");
    assert!(error.contains("add the agent's user to the group systemd-journal"), "{error}");
    fs::remove_file(folder.path().join("journal.refused")).unwrap();
    // A message of two lines, one of bytes, and one that is no JSON.
    let failed = r#""1:M 02 Nov 2025 10:00:00.123 # WARNING overcommit_memory is set to 0!""#;
    append(&journal, &format!("{failed}\n\"one\\ntwo\"\n[255,97]\nbroken\n"));
    let seen = counted(&agent, unit, 4.0);
    seen.assert("log_up", &[], 1.0);
    assert_warnings(&seen, unit, 1.0);
    agent.until("logs", "the broken entry", |seen| {
        (seen.get("log_read_errors_total", &[("log", unit), ("reason", "format")]) == Some(1.0)).then_some(())
    });
    agent.next_poll("logs");
    assert!(agent.terminate(SOON).success());
    // It was the third entry that counted last, and the fourth was none.
    append(&journal, &format!("{failed}\n{failed}\n"));
    let agent = run();
    let seen = counted(&agent, unit, 2.0);
    assert_warnings(&seen, unit, 2.0);
    let calls = fs::read_to_string(folder.path().join("journal.calls")).unwrap();
    let last = calls.lines().last().unwrap();
    let common =
        "--follow --no-tail --all --no-pager --output=json --output-fields=MESSAGE --unit=redis-server.service";
    assert_eq!(last, format!("{common} --after-cursor=3"));
    assert!(calls.lines().next().unwrap().starts_with(&format!("{common} --since=20")), "{calls}");
}

#[test]
fn without_a_journal_it_is_said_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let keys = "units = [\"redis-server\"]\n";
    let agent = Agent::run_changed(&table(keys), |command| {
        command.env("PATH", folder.path());
    });
    agent.until("logs", "the error", |seen| (seen.get("log_up", &[]) == Some(0.0)).then_some(()));
    let error = agent.state("logs").to_string();
    assert!(error.contains("install systemd's journalctl where the agent runs"), "{error}");
    drop(agent);
    // The real one, which has no journal to read here: an error or silence, and nothing else that stands still.
    if installed("journalctl") {
        let agent = Agent::run(&table(keys));
        agent.next_poll("logs").assert("log_lines_total", &[("log", "redis-server.service")], 0.0);
    }
}

#[test]
fn ten_thousand_files_and_odd_ones_hold_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..10_000 {
        fs::write(folder.path().join(format!("{number}.log")), "").unwrap();
    }
    assert!(std::process::Command::new("mkfifo").arg(folder.path().join("fifo.log")).status().unwrap().success());
    fs::create_dir(folder.path().join("folder.log")).unwrap();
    fs::write(folder.path().join("old.log.gz"), "").unwrap();
    let config = table(&format!("files = \"{}/*.log*\"\nsets = [\"pool\"]\n", folder.path().display()));
    // With time for it on a machine that does much else.
    let agent = Agent::run(&config.replace("\"1s\"", "\"10s\"").replace("900ms", "9s"));
    let seen = agent.scrape("logs");
    seen.assert("manometer_logs_followed", &[], 100.0);
    for (reason, count) in [("limit", 9_900.0), ("type", 2.0), ("compressed", 1.0)] {
        seen.assert("manometer_log_files_skipped", &[("reason", reason)], count);
    }
    assert_eq!(seen.label_values("log_follow_up", "log").len(), 100);
    let one = seen.label_values("log_follow_up", "log").into_iter().next().unwrap();
    append(Path::new(&one), &format!("{}\n{WARNING}", "x".repeat(20 << 20)));
    let seen = counted(&agent, &one, 2.0);
    seen.assert("log_lines_truncated_total", &[("log", &one)], 1.0);
    seen.assert("manometer_poll_failures_total", &[("collector", "log"), ("reason", "timeout")], 0.0);
    assert!(agent.resident_bytes() < 100 << 20, "{}", agent.resident_bytes());
}
