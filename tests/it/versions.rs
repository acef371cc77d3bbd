//! Servers of other versions than the system's: what they tell is read, and what they do not know costs nothing.

use std::path::PathBuf;

use crate::support::agent::{Agent, target};
use crate::support::pypi;
use crate::support::redis::RedisServer;

/// A server of this version with some keys, and what the agent shows of it.
fn polled(program: PathBuf) -> (RedisServer, Agent) {
    let server = RedisServer::builder().program(program).line("maxmemory 100mb").start();
    server.command::<()>(&["MSET", "a", "1", "b", "2", "c", "3"]);
    server.command::<()>(&["PEXPIRE", "c", "100000"]);
    for key in ["a", "b", "none"] {
        server.command::<Option<String>>(&["GET", key]);
    }
    let agent = Agent::run(&target("main", &server.url()));
    (server, agent)
}

#[test]
fn each_version_is_read_whole() {
    if pypi::missing() {
        return;
    }
    for (program, version, histograms) in [(pypi::redis_6_2(), "6.2.", false), (pypi::valkey_9(), "9.1.", true)] {
        let (server, agent) = polled(program);
        // The second poll has the histograms of what the first one called.
        let seen = agent.next_poll("main");
        let shown = server.info("valkey_version").or_else(|| server.info("redis_version")).unwrap();
        assert!(shown.starts_with(version), "{shown} is not {version}x");
        for (metric, labels, expected) in [
            ("redis_up", vec![], 1.0),
            ("redis_db_keys", vec![("db", "db0")], 3.0),
            ("redis_db_keys_expiring", vec![("db", "db0")], 1.0),
            ("redis_keyspace_hits_total", vec![], 2.0),
            ("redis_keyspace_misses_total", vec![], 1.0),
            ("redis_memory_max_bytes", vec![], 104_857_600.0),
            ("redis_commands_total", vec![("cmd", "mset")], 1.0),
            ("redis_config_maxmemory", vec![], 104_857_600.0),
            ("redis_command_supported", vec![("command", "CLIENT LIST")], 1.0),
            ("manometer_target_series_rejected", vec![("reason", "duplicate")], 0.0),
        ] {
            assert_eq!(seen.get(metric, &labels), Some(expected), "{metric}{labels:?} of {shown}");
        }
        // It is not asked of a server that is too old for it.
        let supported = seen.get("redis_command_supported", &[("command", "LATENCY HISTOGRAM")]);
        assert_eq!(supported, histograms.then_some(1.0), "of {shown}");
        let latencies = seen.get("redis_commands_latencies_usec_count", &[("cmd", "mset")]);
        assert_eq!(latencies, histograms.then_some(1.0), "of {shown}");
    }
}
