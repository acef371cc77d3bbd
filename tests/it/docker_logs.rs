//! `[docker.logs]` on a real engine: which lines of which containers are counted, and that each of them is counted once.

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

/// A script that prints lines in colour, by turns on standard output and standard error.
fn in_colour(lines: &[&str]) -> String {
    let mut script = String::new();
    for (at, line) in lines.iter().enumerate() {
        let _ = writeln!(script, "printf '\\033[3{}m%s\\033[0m\\n' {} >&{}", at % 8, shell_words(&[line]), 1 + at % 2);
    }
    script + STAY
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of lines and of what they count as")]
fn every_pattern_of_every_set_is_counted() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = agent(&docker, "");
    let lines = [
        "2025-11-02 10:00:00 ERROR Redis publish failed: boom",
        "2025-11-02 10:00:00 ERROR Redis publish timeout on ticker:options:256265",
        "2025-11-02 10:00:00 ERROR Connection timeout",
        "2025-11-02 10:00:00 WARNING Redis connection failed, continuing without Redis",
        "2025-11-02 10:00:00 INFO Redis connected",
        "2025-11-02 10:00:00 INFO Connected to Redis redis:6379 (pool: max_connections=50, timeout=5s)",
        "TimeoutError: Operation timed out",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "1:M 02 Nov 2025 10:00:00.123 # Client id=7 name=ws omem=33554432 closed for overcoming of output buffer limits.",
        "12 of 40 channels over capacity in group chat_1",
        "DEBUG Published to ticker:options:256265 (latency=2.31ms)",
        "INFO Published 3 mock ticks",
        "WARNING Received 250 ticks, sampling to 100",
        "INFO Backpressure level changed: healthy -> warning (rate_ratio=0.91, latency=12.00ms, pending=120)",
        "ERROR Circuit breaker threshold reached (10 failures)",
        "ERROR Batch publish timeout - dropping 120 messages",
        "Reducing batch size to 400",
        "Server backpressure: waiting 2.5s (attempt 3)",
        "DEBUG Dropped old metric: 1730541600.1",
        "MaxRetriesExceeded: Failed after 5 attempts",
        "java.lang.OutOfMemoryError: heap",
        "Traceback (most recent call last):",
        "thread 'main' panicked at src/main.rs:2:5:",
        "INFO Redis pool metrics: {'max_connections': 50, 'created_connections': 48, 'available_connections': 1, \
         'in_use_connections': 47}",
        "WARNING Redis pool near capacity: 94.0%",
        "redis.exceptions.ConnectionError: Too many connections",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
        "NOAUTH Authentication required.",
        "connect ECONNREFUSED 10.0.0.1:9999",
        "MASTERDOWN Link with MASTER is down",
    ];
    docker.run_script("web", &["--network", "none"], &in_colour(&lines));
    let expected: BTreeMap<&str, f64> = [
        ("redis_error", 3.0),
        ("redis_publish_failed", 1.0),
        ("redis_publish_timeout", 1.0),
        ("redis_connection_failed", 1.0),
        ("redis_connected", 1.0),
        ("connection_timeout", 1.0),
        ("operation_timeout", 1.0),
        ("timeout", 4.0),
        ("redis_out_of_memory", 1.0),
        ("output_buffer_limit", 1.0),
        ("channels_over_capacity", 1.0),
        ("redis_server_warning", 1.0),
        ("published", 1.0),
        ("mock_published", 1.0),
        ("ticks_sampled", 1.0),
        ("backpressure_level_changed", 1.0),
        ("circuit_opened", 1.0),
        ("batch_dropped", 1.0),
        ("message_dropped", 1.0),
        ("auth_failed", 1.0),
        ("connection_failed", 1.0),
        ("readonly_or_failover", 1.0),
        ("batch_reduced", 1.0),
        ("client_backoff", 1.0),
        ("metric_dropped", 1.0),
        ("retries_exceeded", 1.0),
        ("out_of_memory", 1.0),
        ("traceback", 1.0),
        ("panic", 1.0),
        ("pool_metrics", 1.0),
        ("pool_near_capacity", 1.0),
        ("pool_exhausted", 1.0),
        ("stale_connection", 1.0),
        ("severity_error", 11.0),
        ("severity_warning", 3.0),
    ]
    .into();
    assert_matches(&agent, "web", "readonly_or_failover", 1.0);
    let seen = agent.next_poll("engine");
    let found = seen.series("container_log_matches_total", &[("name", "web")]);
    let found: BTreeMap<&str, f64> =
        found.iter().map(|sample| (sample.labels["pattern"].as_str(), sample.value)).collect();
    assert_eq!(found, expected);
    let web = [("name", "web")];
    seen.assert("container_log_lines_total", &[("name", "web"), ("stream", "stdout")], 15.0);
    seen.assert("container_log_lines_total", &[("name", "web"), ("stream", "stderr")], 15.0);
    seen.assert("container_log_follow_up", &web, 1.0);
    seen.assert("container_log_publish_latency_seconds", &web, 0.002_31);
    seen.assert("pool_max_connections", &[("pool", "web")], 50.0);
    seen.assert("pool_connections", &[("pool", "web"), ("state", "in_use")], 47.0);
    seen.assert("pool_connections", &[("pool", "web"), ("state", "idle")], 1.0);
    seen.assert("pool_usage_ratio", &[("pool", "web")], 0.94);
    for (pattern, value) in [
        ("ticks_sampled", 250.0),
        ("batch_dropped", 120.0),
        ("batch_reduced", 400.0),
        ("client_backoff", 2.5),
        ("channels_over_capacity", 12.0),
    ] {
        seen.assert("container_log_value", &[("name", "web"), ("pattern", pattern)], value);
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let last = seen.value("container_log_last_line_timestamp_seconds", &web);
    assert!((now - 120.0..=now).contains(&last), "{last} {now}");
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
