//! What the agent says of pools, held against what the pools know of themselves: real ones of redis-py, django-redis and
//! `channels_redis`, named by `?client_name=` in their URLs.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::support::agent::{Agent, config_file, output, stderr, stdout, target};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::process::Process;
use crate::support::pypi;
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};

/// Each pool, how many connections it has opened, and the most that it may open.
const POOLS: [(&str, f64, f64); 5] = [
    ("leak", 50.0, 50.0),
    ("light", 48.0, 50.0),
    ("beat", 10.0, 10.0),
    ("blocked", 47.0, 50.0),
    ("django", 42.0, 50.0),
];

/// Those of which the busy ones differ from look to look: more than forty threads, a command or two each 50 ms, and one thread
/// that has ten connections in turn each half a second.
const UNDER_LOAD: [&str; 3] = ["light", "django", "beat"];

/// What a pool knows of itself.
#[derive(Debug, Clone, Copy)]
struct Truth {
    open: f64,
    /// Connections of which a whole use lies behind the time that was asked about.
    at_least: f64,
    /// Connections of which the end of a use does.
    at_most: f64,
}

/// What all pools know, at one moment.
#[derive(Debug)]
struct Look {
    /// By the clock of the process.
    now: f64,
    pools: BTreeMap<String, Truth>,
}

/// The process that holds the pools.
struct Applications {
    _process: Process,
    input: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Applications {
    /// Returns when all are at work.
    #[track_caller]
    fn start(redis: &RedisServer) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/pools/applications.py");
        let mut command = Command::new(pypi::python());
        command.args(["-B", script, &redis.url()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::spawn(&mut command);
        let (input, lines) = (process.stdin(), BufReader::new(process.stdout()));
        let mut applications = Self { _process: process, input, lines };
        let said = applications.read();
        assert_eq!(said["refused"], "Too many connections", "the leaking pool has no more");
        applications
    }

    /// What the pools know, and who was used since `since`.
    #[track_caller]
    fn look(&mut self, since: f64) -> Look {
        writeln!(self.input, "{since}").unwrap();
        let said = self.read();
        let number = |value: &Value| value.as_f64().unwrap();
        let truth = |(name, pool): (&String, &Value)| {
            let [open, at_least, at_most] = ["open", "at_least", "at_most"].map(|key| number(&pool[key]));
            (name.clone(), Truth { open, at_least, at_most })
        };
        Look { now: number(&said["now"]), pools: said["pools"].as_object().unwrap().iter().map(truth).collect() }
    }

    #[track_caller]
    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the applications ended: {error}"))
    }
}

fn config(redis: &RedisServer) -> String {
    let pool =
        |(name, _, max): (&str, f64, f64)| format!("[[redis.pool]]\nname = {name:?}\nmatch = {name:?}\nmax = {max}\n");
    let pools = POOLS.map(pool).concat() + "[[redis.pool]]\nname = \"channels\"\nmatch = \"channels\"\ndb = 3\n";
    target("main", &redis.url()) + &pools
}

/// Open connections are those of the application; what is busy all the time, or never, is so in each look.
#[track_caller]
fn assert_pools(seen: &Exposition, look: &Look) {
    for (name, open, max) in POOLS {
        assert!((look.pools[name].open - open).abs() < f64::EPSILON, "{name}: {look:?}");
        seen.assert("pool_open_connections", &[("pool", name)], open);
        seen.assert("pool_max_connections", &[("pool", name)], max);
        seen.assert("pool_open_ratio", &[("pool", name)], open / max);
    }
    seen.assert("pool_busy_connections", &[("pool", "leak")], 0.0);
    seen.assert("pool_busy_connections", &[("pool", "blocked")], 47.0);
    // It waits for a message, and has one or two more for what it sends.
    assert!(seen.value("pool_open_connections", &[("pool", "channels")]) >= 1.0);
    assert!(seen.value("pool_busy_connections", &[("pool", "channels")]) >= 1.0);
    assert_eq!(seen.get("pool_max_connections", &[("pool", "channels")]), None);
    // Nothing that only the pool knows is guessed.
    assert_eq!((seen.family("pool_usage_ratio").is_none(), seen.family("pool_connections").is_none()), (true, true));
}

fn busy(seen: &Exposition, pool: &str) -> f64 {
    seen.value("pool_busy_connections", &[("pool", pool)])
}

#[test]
fn by_idle_times_busy_is_who_ran_something_in_the_last_second_or_two() {
    if missing(&["redis-server"]) || pypi::missing() {
        return;
    }
    let redis = RedisServer::start();
    let mut applications = Applications::start(&redis);
    let (_dir, file) = config_file(&config(&redis));
    let poll = || {
        let output = output(&["poll", "--config", file.to_str().unwrap()]);
        assert!(output.status.success(), "{}", stderr(&output));
        Exposition::of(&stdout(&output))
    };
    // Its connections were used when they were opened.
    until(SOON, "the leak is silent", || (busy(&poll(), "leak") < 0.5).then_some(()));
    // At each moment of the server's second, for its times are whole ones.
    let begun = applications.look(0.0).now;
    loop {
        // Idle for 0 or 1 is less than two seconds, and two seconds if the server's clock lags by a tenth.
        let before = applications.look(0.0);
        let surely = applications.look(before.now - 0.5);
        let seen = poll();
        let after = applications.look(before.now - 2.2);
        assert_pools(&seen, &after);
        for pool in UNDER_LOAD {
            let busy = busy(&seen, pool);
            assert!(busy <= after.pools[pool].at_most, "{pool}: {busy} busy of {after:?}");
            // What ran within the second before the poll's end is among them.
            let in_time = after.now - before.now < 0.4;
            assert!(!in_time || busy >= surely.pools[pool].at_least, "{pool}: {busy} busy of {surely:?}");
        }
        if after.now - begun > 1.5 {
            break;
        }
    }
}

#[test]
fn by_commands_busy_is_who_ran_something_since_the_poll_before() {
    if pypi::missing() {
        return;
    }
    let redis = RedisServer::builder().program(pypi::valkey_9()).start();
    let mut applications = Applications::start(&redis);
    let agent = Agent::run(&config(&redis));
    // How many polls have read the list of clients; nobody else does.
    let lists = || -> u32 {
        let calls = redis.info("cmdstat_client|list").unwrap();
        calls.trim_start_matches("calls=").split(',').next().unwrap().parse().unwrap()
    };
    let until_list = |count| until(SOON, "the next CLIENT LIST", || (lists() >= count).then_some(()));
    for _ in 0..3 {
        let (count, before) = (lists(), applications.look(0.0));
        until_list(count + 1);
        let begun = applications.look(0.0);
        let within =
            until(SOON, "some use", || Some(applications.look(begun.now)).filter(|look| look.now > begun.now + 0.6));
        let undisturbed = lists() == count + 1;
        until_list(count + 2);
        let after = applications.look(before.now);
        let polls = |seen: &Exposition| seen.value("manometer_polls_total", &[]);
        let enough = f64::from(count + 2);
        let seen = until(SOON, "that poll", || Some(agent.scrape("main")).filter(|seen| polls(seen) >= enough));
        assert_pools(&seen, &after);
        if polls(&seen) > enough || lists() > count + 2 {
            continue;
        }
        for pool in UNDER_LOAD {
            let busy = busy(&seen, pool);
            assert!(busy <= after.pools[pool].at_most, "{pool}: {busy} busy of {after:?}");
            assert!(!undisturbed || busy >= within.pools[pool].at_least, "{pool}: {busy} busy of {within:?}");
        }
    }
}
