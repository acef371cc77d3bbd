//! What the agent tells of queues, held against real jobs: of Celery with priorities, `channels_redis`, RQ and `BullMQ`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::Pipeline;

use crate::support::agent::{Agent, config_file, output, stderr, stdout, target};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::process::Process;
use crate::support::redis::{RedisServer, command};
use crate::support::wait::{SOON, until};
use crate::support::{npm, pypi};

const HOUR: Duration = Duration::from_hours(1);

const PYTHON: &str = "jobs.py";
const NODE: &str = "jobs.js";

/// `tests/it/queues/jobs.py` or `jobs.js` on that server.
fn jobs(script: &str, redis: &RedisServer, what: &[&str]) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/queues").join(script);
    let mut command = if script == PYTHON {
        let mut python = Command::new(pypi::python());
        python.arg("-B").arg(path).arg(redis.url().trim_end_matches('/'));
        python
    } else {
        let mut node = Command::new("node");
        node.env("NODE_PATH", npm::modules()).arg(path);
        node.arg(redis.address().rsplit_once(':').unwrap().1);
        node
    };
    command.args(what);
    command
}

#[track_caller]
fn put(script: &str, redis: &RedisServer, time: &str) {
    let output = jobs(script, redis, &["put", time]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn worker(script: &str, redis: &RedisServer, what: &str) -> Process {
    Process::spawn(jobs(script, redis, &[what]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()))
}

/// What one poll tells.
#[track_caller]
fn poll(redis: &RedisServer, queues: &str) -> Exposition {
    let (_dir, file) = config_file(&(target("main", &redis.url()) + queues));
    let output = output(&["poll", "--config", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    Exposition::of(&stdout(&output))
}

fn queue(name: &str) -> [(&'static str, &str); 1] {
    [("queue", name)]
}

#[test]
fn jobs_of_python() {
    const QUEUES: &str = "[[redis.queue]]\nkind = \"celery\"\nname = [\"celery\", \"mail\", \"none\"]\ndb = 1\n\
        [[redis.queue]]\nkind = \"rq\"\nname = [\"default\"]\ndb = 2\n\
        [[redis.queue]]\nkind = \"rq\"\nname = \"mail\"\nas = \"rq mail\"\ndb = 2\n\
        [[redis.queue]]\nkind = \"asgi\"\nname = \"thumbnails\"\ngroups = [\"lobby\", \"quiet\", \"none\"]\ndb = 3\n\
        capacity = 15\nchannel_capacity = { \"chat.*\" = 20, \"notifications.*\" = 5 }\n";
    const MAIL: &str = "[[redis.queue]]\nkind = \"celery\"\nname = \"mail\"\ndb = 1\n\
        [[redis.queue]]\nkind = \"rq\"\nname = \"mail\"\nas = \"rq mail\"\ndb = 2\n";
    if missing(&["redis-server"]) || pypi::missing() {
        return;
    }
    let redis = RedisServer::start();
    let hour_ago = humantime::format_rfc3339_millis(SystemTime::now() - HOUR).to_string();
    put(PYTHON, &redis, &hour_ago);
    let seen = poll(&redis, QUEUES);

    // With priorities only 3 of the 11 jobs lie in the list that has the queue's name.
    assert_eq!(redis.command::<u64>(&["LLEN", "celery"]), 0, "it is another database");
    seen.assert("queue_size", &queue("celery"), 11.0);
    seen.assert("celery_queue_length", &[("queue_name", "celery")], 11.0);
    seen.assert("queue_size", &queue("mail"), 1.0);
    seen.assert("queue_size", &queue("none"), 0.0);
    seen.assert("queue_unacked", &queue("__all__"), 0.0);
    for name in ["celery", "mail", "none"] {
        seen.assert("queue_workers", &queue(name), 0.0);
        assert_eq!(seen.get("queue_oldest_seconds", &queue(name)), None, "Celery does not tell it");
    }

    seen.assert("queue_size", &queue("default"), 4.0);
    seen.assert("queue_failed", &queue("default"), 0.0);
    let age = seen.value("queue_oldest_seconds", &queue("default"));
    assert!((3600.0..3660.0).contains(&age), "{age}");
    seen.assert("queue_size", &queue("rq mail"), 0.0);
    seen.assert("queue_failed", &queue("rq mail"), 1.0);
    seen.assert("queue_unacked", &queue("rq mail"), 0.0);
    seen.assert("queue_workers", &queue("rq mail"), 0.0);
    assert_eq!(seen.get("queue_oldest_seconds", &queue("rq mail")), None, "none waits");
    assert_eq!(seen.label_values("celery_queue_length", "queue_name").len(), 3, "others are not Celery's");

    seen.assert("queue_size", &queue("thumbnails"), 3.0);
    seen.assert("queue_capacity", &queue("thumbnails"), 15.0);
    // Seven messages were sent to two channels of a process, which has one queue for both, and five of them to a full one.
    seen.assert("queue_size", &queue("specific.*"), 7.0);
    seen.assert("queue_capacity", &queue("specific.*"), 15.0);
    seen.assert("queue_size", &queue("notifications.*"), 5.0);
    seen.assert("queue_capacity", &queue("notifications.*"), 5.0);
    seen.assert("queue_size", &queue("chat.*"), 0.0);
    seen.assert("queue_capacity", &queue("chat.*"), 20.0);
    for (group, channels, full) in [("lobby", 3.0, 1.0), ("quiet", 1.0, 0.0), ("none", 0.0, 0.0)] {
        seen.assert("redis_channel_group_channels", &[("group", group)], channels);
        seen.assert("redis_channel_group_full_channels", &[("group", group)], full);
    }
    assert_eq!(seen.get("queue_unacked", &queue("thumbnails")), None);

    // A worker of Celery that holds a job, and one of RQ that waits.
    let _workers = [worker(PYTHON, &redis, "celery-worker"), worker(PYTHON, &redis, "rq-worker")];
    let seen = until(Duration::from_secs(30), "the job is taken and both workers are there", || {
        let seen = poll(&redis, MAIL);
        let workers = ["mail", "rq mail"].map(|name| seen.get("queue_workers", &queue(name)));
        let unacked = seen.value("queue_unacked", &queue("mail"));
        (workers == [Some(1.0); 2] && unacked > 0.5).then_some(seen)
    });
    seen.assert("queue_size", &queue("mail"), 0.0);
    seen.assert("queue_unacked", &queue("mail"), 1.0);
    // Which of several queues a worker of Celery waits for is not shown.
    let seen = poll(&redis, QUEUES);
    seen.assert("queue_unacked", &queue("__all__"), 1.0);
    for name in ["celery", "mail", "none"] {
        assert_eq!(seen.get("queue_workers", &queue(name)), None, "{name}");
    }
    seen.assert("queue_size", &queue("celery"), 11.0);
}

#[test]
fn jobs_of_bullmq() {
    if missing(&["redis-server"]) || npm::missing() {
        return;
    }
    let redis = RedisServer::start();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    put(NODE, &redis, &now.saturating_sub(HOUR).as_millis().to_string());
    let _worker = worker(NODE, &redis, "worker");
    let queues =
        "[[redis.queue]]\nkind = \"bullmq\"\nname = [\"mail\", \"failing\", \"paused\", \"held\", \"none\"]\ndb = 4\n";
    let seen = until(SOON, "the workers are there", || {
        let seen = poll(&redis, queues);
        let workers = ["held", "failing"].map(|name| seen.value("queue_workers", &queue(name)));
        let held = seen.value("queue_unacked", &queue("held"));
        (workers.iter().all(|workers| *workers > 0.5) && held > 0.5).then_some(seen)
    });
    // Four wait and two have a priority; the one that is due in an hour does not wait.
    for (name, size, unacked, failed, workers) in [
        ("mail", 6.0, 0.0, 0.0, 0.0),
        ("failing", 0.0, 0.0, 2.0, 1.0),
        ("paused", 1.0, 0.0, 0.0, 0.0),
        ("held", 0.0, 1.0, 0.0, 1.0),
        ("none", 0.0, 0.0, 0.0, 0.0),
    ] {
        seen.assert("queue_size", &queue(name), size);
        seen.assert("queue_unacked", &queue(name), unacked);
        seen.assert("queue_failed", &queue(name), failed);
        seen.assert("queue_workers", &queue(name), workers);
    }
    let age = seen.value("queue_oldest_seconds", &queue("mail"));
    assert!((3600.0..3660.0).contains(&age), "{age}");
    for name in ["failing", "held", "none"] {
        assert_eq!(seen.get("queue_oldest_seconds", &queue(name)), None, "{name}: none waits");
    }
    assert!(seen.family("celery_queue_length").is_none());
}

#[test]
fn keys_that_are_something_else() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    redis.command::<()>(&["SET", "wrong", "text"]);
    redis.command::<()>(&["SET", "half\u{6}\u{16}9", "text"]);
    redis.command::<()>(&["RPUSH", "half", "a", "b"]);
    redis.command::<()>(&["RPUSH", "a name\nof two lines", "a"]);
    redis.command::<()>(&["RPUSH", "rq:queue:gone", "no such job"]);
    redis.command::<()>(&["SADD", "rq:workers:gone", "rq:worker:dead"]);
    redis.command::<()>(&["SET", "asgi:group:wrong", "text"]);
    let queues = "[[redis.queue]]\nkind = \"list\"\nname = [\"wrong\", \"a name\\nof two lines\", \"none\"]\n\
        [[redis.queue]]\nkind = \"celery\"\nname = \"half\"\n\
        [[redis.queue]]\nkind = \"rq\"\nname = \"gone\"\n\
        [[redis.queue]]\nkind = \"asgi\"\ngroups = \"wrong\"\n\
        [[redis.queue]]\nkind = \"list\"\nname = \"far\"\ndb = 99\n";
    let agent = Agent::run(&(target("main", &redis.url()) + queues));
    let seen = agent.next_poll("main");
    assert_eq!(seen.get("queue_size", &queue("wrong")), None);
    assert_eq!(seen.get("queue_size", &queue("half")), None, "a part is not the whole");
    assert_eq!(seen.get("queue_size", &queue("far")), None, "the server has no such database");
    seen.assert("queue_size", &queue("a name\nof two lines"), 1.0);
    seen.assert("queue_size", &queue("none"), 0.0);
    seen.assert("queue_size", &queue("gone"), 1.0);
    seen.assert("queue_workers", &queue("gone"), 0.0);
    assert_eq!(seen.get("queue_oldest_seconds", &queue("gone")), None, "the job is not there any more");
    assert!(seen.family("redis_channel_group_channels").is_none());
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_command_supported", &[("command", "LLEN")], 1.0);
    let notes = agent.state("main")["notes"].to_string();
    let told = "not all of [[redis.queue]] could be read: \\\"wrong\\\": WRONGTYPE Operation against a key holding the wrong \
                kind of value, and 3 more; look at kind, name, db and prefix";
    assert!(notes.contains(told), "{notes}");
}

#[test]
fn a_thousand_queues_are_two_round_trips() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let mut fill = Pipeline::new();
    let mut queues = "[[redis.queue]]\nkind = \"rq\"\ndb = 2\nname = [".to_owned();
    fill.add_command(command(&["SELECT", "2"]));
    for at in 0..1000 {
        let (name, job) = (format!("q{at}"), format!("j{at}"));
        fill.add_command(command(&["RPUSH", &format!("rq:queue:{name}"), &job]));
        fill.add_command(command(&["HSET", &format!("rq:job:{job}"), "enqueued_at", "2025-01-02T03:04:05.678901Z"]));
        write!(queues, "\"{name}\", ").unwrap();
    }
    fill.query::<()>(&mut redis.connect()).unwrap();
    queues += "]\n";
    let seen = poll(&redis, &queues);
    for at in [0, 999] {
        seen.assert("queue_size", &queue(&format!("q{at}")), 1.0);
        assert!(seen.value("queue_oldest_seconds", &queue(&format!("q{at}"))) > 25e6);
    }
    assert_eq!(seen.label_values("queue_size", "queue").len(), 1000);
    let calls = |command: &str| {
        let stats = redis.info(&format!("cmdstat_{command}")).unwrap_or_default();
        stats.split(['=', ',']).nth(1).and_then(|calls| calls.parse::<u64>().ok()).unwrap_or(0)
    };
    // To the database and back, for the first questions and for what they made necessary.
    assert_eq!(calls("select"), 1 + 4, "the test's own, and the poll's");
}
