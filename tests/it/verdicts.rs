//! Numbers that the agent makes of what a server says and is configured to.

use std::path::Path;

use crate::support::agent::{Agent, target};
use crate::support::missing::missing;
use crate::support::redis::RedisServer;

#[test]
fn what_memory_must_stay_below_depends_on_what_may_be_evicted() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("maxmemory 100mb").line("maxmemory-policy allkeys-lru").start();
    let agent = Agent::run(&(target("main", &redis.url()) + &target("store", &redis.url()) + "evictable = false\n"));
    let until = |name: &str, what: &str, limit: Option<f64>, evictable: f64| {
        agent.until(name, what, |seen| {
            let shown = (seen.get("redis_memory_limit_bytes", &[]), seen.get("redis_evictable", &[]));
            (shown == (limit, Some(evictable))).then_some(())
        });
    };
    let limit = Some(100.0 * 1024.0 * 1024.0);
    until("main", "a cache has no limit", None, 1.0);
    until("store", "what must not be evicted has one", limit, 0.0);
    redis.command::<()>(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    until("main", "it is no cache any more", limit, 0.0);
    redis.command::<()>(&["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "allkeys-lru"]);
    let machine = redis.info("total_system_memory").unwrap().parse().ok();
    until("main", "without a limit it is the machine's", machine, 1.0);
    let seen = agent.next_poll("main");
    assert!(seen.value("redis_cpu_main_thread_seconds_total", &[]) > 0.0);
}

#[test]
fn a_dump_is_late_when_it_cannot_be_made() {
    if missing(&["redis-server"]) {
        return;
    }
    // A dump is due a second after the first change, and cannot take the place of a folder.
    let redis = RedisServer::builder().line("save 1 1").line("dbfilename taken").start();
    let dir: Vec<String> = redis.command(&["CONFIG", "GET", "dir"]);
    std::fs::create_dir(Path::new(&dir[1]).join("taken")).unwrap();
    let agent = Agent::run(&target("main", &redis.url()));
    assert_eq!(agent.next_poll("main").get("redis_rdb_save_age_ratio", &[]), None, "nothing has changed");
    redis.command::<()>(&["SET", "a", "1"]);
    let seen = agent.until("main", "writes are refused", |seen| {
        (seen.get("redis_server_state", &[("state", "misconf")]) == Some(1.0)).then(|| agent.scrape("main"))
    });
    seen.assert("redis_rdb_last_bgsave_status", &[], 0.0);
    agent.until("main", "the last dump is old", |seen| {
        seen.get("redis_rdb_save_age_ratio", &[]).filter(|age| *age > 3.0)
    });
}
