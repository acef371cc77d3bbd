//! `[docker.logs]` on a real engine: which lines of which containers are counted, and that each of them is counted once.

mod patterns;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::agent::Agent;
use crate::support::docker::{Docker, shell_words, unavailable};
use crate::support::exposition::Exposition;
use crate::support::wait::{SOON, pause, until};

/// Longer than anything that a test waits for.
const LONG: Duration = Duration::from_mins(2);

const FULL: &str = "ConnectionError: Too many connections";

/// Keeps a container there after its lines.
const STAY: &str = "exec sleep 100000";

/// An agent that follows logs; `more` are further lines of `[docker.logs]`.
#[track_caller]
fn agent(docker: &Docker, more: &str) -> Agent {
    let agent = Agent::run(&docker.target("engine", &format!("[docker.logs]\n{more}")));
    until(SOON, "there is a target", || (agent.get("/scrape?target=engine").status == 200).then_some(()));
    agent
}

fn matches(seen: &Exposition, name: &str, pattern: &str) -> Option<f64> {
    seen.get("container_log_matches_total", &[("name", name), ("pattern", pattern)])
}

/// Waits until so many lines of a container's standard output were counted, each an event, and looks whether it stays at
/// that. The last event is open for a moment: it may go on.
#[track_caller]
fn assert_lines(agent: &Agent, name: &str, count: f64) -> Exposition {
    let lines = |seen: &Exposition| {
        seen.get("container_log_lines_total", &[("name", name), ("stream", "stdout")]).unwrap_or(0.0)
    };
    let started = Instant::now();
    loop {
        let seen = agent.scrape("engine");
        let events = seen.get("container_log_events_total", &[("name", name), ("stream", "stdout")]).unwrap_or(0.0);
        let now = lines(&seen).min(events);
        if now >= count {
            break;
        }
        assert!(started.elapsed() < LONG, "{now} lines of {name}, not {count}; the log:\n{}", agent.log());
        pause(Duration::from_millis(50));
    }
    let seen = agent.next_poll("engine");
    assert_eq!(lines(&seen).total_cmp(&count), std::cmp::Ordering::Equal);
    seen
}

/// Waits until a pattern was found so often in a container's log, and looks whether it stays at that.
#[track_caller]
fn assert_matches(agent: &Agent, name: &str, pattern: &str, count: f64) -> Exposition {
    agent.until("engine", &format!("{pattern} of {name} is {count}"), |seen| {
        matches(seen, name, pattern).is_some_and(|now| now >= count).then_some(())
    });
    let seen = agent.next_poll("engine");
    seen.assert("container_log_matches_total", &[("name", name), ("pattern", pattern)], count);
    seen
}

#[test]
fn own_patterns_choose_streams_containers_and_numbers() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let more = "sets = []\nexclude = \"db\"\n\
                [[docker.logs.pattern]]\nname = \"slow\"\nregex = 'took (?<value>[0-9.]+) ms'\nexclude = 'dry run'\n\
                [[docker.logs.pattern]]\nname = \"of_stderr\"\nregex = 'boom'\nstream = \"stderr\"\nignore_case = true\n\
                [[docker.logs.pattern]]\nname = \"of_api\"\nregex = 'boom'\ncontainers = \"api-*\"";
    let agent = agent(&docker, more);
    let script = format!("echo boom; echo BOOM >&2; echo took 12.5 ms; echo dry run took 1 ms; {STAY}");
    for name in ["web", "api-1", "db"] {
        docker.run_script(name, &["--network", "none"], &script);
    }
    let seen = assert_lines(&agent, "api-1", 3.0);
    let count = |name, pattern| matches(&seen, name, pattern);
    assert_eq!([count("api-1", "slow"), count("api-1", "of_stderr"), count("api-1", "of_api")], [Some(1.0); 3]);
    let seen = assert_lines(&agent, "web", 3.0);
    let count = |name, pattern| matches(&seen, name, pattern);
    assert_eq!([count("web", "slow"), count("web", "of_stderr"), count("web", "of_api")], [Some(1.0), Some(1.0), None]);
    seen.assert("container_log_value", &[("name", "web"), ("pattern", "slow")], 12.5);
    assert!(seen.series("container_log_lines_total", &[("name", "db")]).is_empty());
    seen.assert("manometer_docker_logs_followed", &[], 2.0);
}

#[test]
fn what_was_logged_before_the_agent_does_not_count_and_what_comes_later_does() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let wait = "while [ ! -e /tmp/go ]; do sleep 0.05; done";
    let script = format!("for i in $(seq 100); do echo {FULL}; done; echo ready; {wait}; echo {FULL}; {STAY}");
    docker.run_script("web", &["--network", "none"], &script);
    until(SOON, "the old lines are there", || docker.cli(&["logs", "web"]).ends_with("ready").then_some(()));
    // One that ended before the agent came, and is started again afterwards.
    docker.run_script("job", &["--network", "none"], &format!("echo {FULL}"));
    docker.cli(&["wait", "job"]);
    let agent = agent(&docker, "");
    let seen = agent.next_poll("engine");
    assert_eq!(matches(&seen, "web", "pool_exhausted"), Some(0.0));
    assert_eq!(matches(&seen, "job", "pool_exhausted"), None);
    docker.cli(&["exec", "web", "touch", "/tmp/go"]);
    assert_matches(&agent, "web", "pool_exhausted", 1.0);
    docker.cli(&["start", "job"]);
    assert_matches(&agent, "job", "pool_exhausted", 1.0);
    // Later ones count from their first line on, and go on under the same name when they are created anew.
    for count in [2.0, 3.0] {
        docker.cli(&["rm", "--force", "job"]);
        docker.run_script("job", &["--network", "none"], &format!("echo {FULL}"));
        assert_matches(&agent, "job", "pool_exhausted", count);
    }
    docker.cli(&["rename", "web", "shop"]);
    docker.cli(&["restart", "--time", "0", "shop"]);
    // It finds /tmp/go, and logs all of its lines again.
    assert_matches(&agent, "shop", "pool_exhausted", 101.0);
    assert_matches(&agent, "web", "pool_exhausted", 1.0);
}

#[test]
fn a_container_that_is_restarted_again_and_again_counts_each_line_once() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = agent(&docker, "");
    let options = ["--network", "none", "--restart", "on-failure:5"];
    docker.run_script("web", &options, &format!("echo {FULL}; echo {FULL}; printf '{FULL}'; exit 1"));
    until(SOON, "five restarts", || (docker.inspect("web")["RestartCount"] == 5).then_some(()));
    docker.cli(&["wait", "web"]);
    assert_matches(&agent, "web", "pool_exhausted", 18.0);
    assert_lines(&agent, "web", 18.0);
}

#[test]
fn forty_jobs_of_a_moment_are_counted_once_each() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = agent(&docker, "");
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let docker = &docker;
            scope.spawn(move || {
                for job in 0..10 {
                    let name = format!("job-{worker}-{job}");
                    // The log goes with the container: on a busy machine a shorter job is gone before it can be asked for.
                    let script = format!("echo {FULL}; sleep 1; echo {FULL}");
                    docker.run_script(&name, &["--network", "none", "--rm"], &script);
                }
            });
        }
    });
    let counts = |seen: &Exposition| -> Vec<f64> {
        let found = seen.series("container_log_matches_total", &[("pattern", "pool_exhausted")]);
        found.iter().map(|sample| sample.value).collect()
    };
    let started = Instant::now();
    loop {
        let counts = counts(&agent.scrape("engine"));
        if counts.len() == 40 && counts.iter().all(|count| *count >= 2.0) {
            break;
        }
        assert!(started.elapsed() < LONG, "{} jobs: {counts:?}", counts.len());
        pause(Duration::from_millis(50));
    }
    assert_eq!(counts(&agent.next_poll("engine")), [2.0; 40]);
}

#[test]
fn lines_are_counted_once_each_over_rotations_of_the_log() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = agent(&docker, "");
    // Ten lines at a time, so that an engine on a busy machine has read them before it throws them away. The driver `local`
    // of dockerd 20.10 is no part of this: after its second rotation whoever follows the log, `docker logs` too, is sent a
    // few lines of each file and not the others.
    let options = ["--log-opt", "max-size=10k", "--log-opt", "max-file=3", "--network", "none"];
    let script = format!(
        "i=0; while [ $i -lt 10000 ]; do i=$((i+1)); echo $i {FULL}; [ $((i%10)) -gt 0 ] || sleep 0.01; done; {STAY}"
    );
    docker.run_script("web", &options, &script);
    let seen = assert_lines(&agent, "web", 10_000.0);
    assert_eq!(matches(&seen, "web", "pool_exhausted"), Some(10_000.0));
}

#[test]
fn an_engine_that_is_killed_and_started_again_costs_no_line() {
    if unavailable() {
        return;
    }
    let mut docker = Docker::builder().argument("--live-restore").start();
    let agent = agent(&docker, "");
    docker.run_script(
        "web",
        &["--network", "none"],
        &format!("for i in $(seq 400); do echo $i {FULL}; sleep 0.02; done; {STAY}"),
    );
    agent.until("engine", "some lines", |seen| matches(seen, "web", "pool_exhausted").filter(|count| *count > 20.0));
    docker.kill();
    agent.until("engine", "the log is lost", |seen| {
        (seen.get("container_log_follow_up", &[("name", "web")]) == Some(0.0)).then_some(())
    });
    docker.start_again();
    let seen = assert_lines(&agent, "web", 400.0);
    assert_eq!(matches(&seen, "web", "pool_exhausted"), Some(400.0));
    seen.assert("container_log_follow_up", &[("name", "web")], 1.0);
    assert!(seen.value("manometer_docker_log_reconnects_total", &[("reason", "error")]) >= 1.0);
}

#[test]
fn a_line_without_end_and_bytes_that_are_no_text_do_no_harm() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = agent(&docker, "");
    let before = agent.resident_bytes();
    let script = format!("head -c 20000000 /dev/zero | tr '\\0' x; echo; echo {FULL}; {STAY}");
    docker.run_script("long", &["--network", "none"], &script);
    let script = format!("head -c 300000 /dev/urandom; echo; echo {FULL}; {STAY}");
    docker.run_script("binary", &["--network", "none"], &script);
    let seen = assert_lines(&agent, "long", 2.0);
    seen.assert("container_log_lines_truncated_total", &[("name", "long")], 1.0);
    assert!(seen.value("container_log_bytes_total", &[("name", "long")]) > 20_000_000.0);
    assert_eq!(matches(&seen, "long", "pool_exhausted"), Some(1.0));
    assert_matches(&agent, "binary", "pool_exhausted", 1.0);
    let grown = agent.resident_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes more");
}

#[test]
fn logs_that_cannot_or_need_not_be_read_are_counted() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let with = agent(&docker, "tty = true");
    let without = agent(&docker, "");
    docker.run_script("shell", &["--network", "none", "--tty"], &format!("echo {FULL}; {STAY}"));
    docker.run_script("silent", &["--network", "none", "--tty"], STAY);
    docker.run_script("none", &["--network", "none", "--log-driver", "none"], &format!("echo {FULL}; {STAY}"));
    docker.run_script("local", &["--network", "none", "--log-driver", "local"], &format!("echo {FULL}; {STAY}"));
    let skipped = |seen: &Exposition, reason| seen.get("manometer_docker_logs_skipped", &[("reason", reason)]);
    without.until("engine", "two terminals and a driver", |seen| {
        ((skipped(seen, "tty"), skipped(seen, "driver")) == (Some(2.0), Some(1.0))).then_some(())
    });
    let seen = assert_matches(&without, "local", "pool_exhausted", 1.0);
    assert_eq!(seen.label_values("container_log_lines_total", "name"), ["local".to_owned()].into());
    seen.assert("manometer_docker_logs_followed", &[], 1.0);
    let seen = assert_matches(&with, "shell", "pool_exhausted", 1.0);
    assert_eq!((skipped(&seen, "tty"), skipped(&seen, "driver")), (Some(0.0), Some(1.0)));
    let names = ["local", "shell", "silent"].map(str::to_owned);
    assert_eq!(seen.label_values("container_log_lines_total", "name"), names.into());
    // One line for people, not one for each poll.
    let told = without.log().lines().filter(|line| line.contains("log driver cannot be read")).count();
    assert_eq!(told, 1);
}

#[test]
fn a_flood_is_read_slowly_and_as_a_whole() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = agent(&docker, "lines_per_second = 200\nburst = 200\nsamples = true");
    docker.run_script("web", &["--network", "none"], &format!("yes '{FULL} password=hunter2' | head -n 2000; {STAY}"));
    let seen = assert_lines(&agent, "web", 2_000.0);
    assert_eq!(matches(&seen, "web", "pool_exhausted"), Some(2_000.0));
    let paused = seen.value("container_log_read_paused_seconds_total", &[("name", "web")]);
    // The more of it the engine's own slowness takes, the less is left to pause.
    assert!(paused > 0.0, "{paused}");
    seen.assert("manometer_log_samples_queue_capacity", &[], 1024.0);
    seen.assert("manometer_log_samples_queue_size", &[], 0.0);
    agent.assert_hidden("hunter2");
}
