//! What the configuration says of the commands, and what messages say of them.

use super::{has, notes, supported};
use crate::support::agent::{Agent, config_file, output, stderr, stdout, target};
use crate::support::exposition::Exposition;
use crate::support::fake::{Answer, Fake};
use crate::support::missing::missing;
use crate::support::redis::RedisServer;

#[test]
fn one_poll_has_what_config_tells() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("databases 3").start();
    let (_dir, file) = config_file(&target("main", &redis.url()));
    let output = output(&["poll", "--config", file.to_str().unwrap(), "--target", "main"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let seen = Exposition::of(&stdout(&output));
    assert_eq!(seen.label_values("redis_db_keys", "db").len(), 3);
    // Against the limit that CONFIG GET tells in the same poll.
    assert!(has(&seen, "redis_client_output_buffer_limit_ratio_max"));
    seen.assert("redis_config_key_value", &[("key", "databases"), ("value", "3")], 1.0);
    seen.assert("redis_config_value", &[("key", "databases")], 3.0);
    let sums = seen.series("redis_commands_latencies_usec_sum", &[]);
    assert!(sums.iter().all(|sample| sample.value > 0.0), "no call took no time: {sums:?}");
}

#[test]
fn config_under_another_name() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("rename-command CONFIG hidden_7f3a").start();
    let agent = Agent::run(&(target("main", &redis.url()) + "config_command = \"hidden_7f3a\"\n"));
    let seen = agent.scrape("main");
    seen.assert("redis_config_maxclients", &[], 10_000.0);
    seen.assert("redis_command_supported", &[("command", "CONFIG GET")], 1.0);
    agent.assert_hidden("hidden_7f3a");
    let wrong = Agent::run(&(target("main", &redis.url()) + "config_command = \"other_9c2b\"\n"));
    assert_eq!(notes(&wrong, "main"), ["CONFIG GET is refused: ERR unknown command"]);
    wrong.assert_hidden("other_9c2b");
}

#[test]
fn every_question_has_a_switch() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    redis.command::<()>(&["CONFIG", "RESETSTAT"]);
    let off = "client_list = false\nlatency_histogram = false\ncommands = { setname = false, ping = false, config = false, \
               latency = false, slowlog = false, commandlog = false, cluster = false, \
               memory_stats = false, pubsub = false }\n";
    let agent = Agent::run(&(target("main", &redis.url()) + off));
    let seen = agent.next_poll("main");
    seen.assert("redis_up", &[], 1.0);
    assert_eq!(
        seen.label_values("redis_commands_total", "cmd").into_iter().collect::<Vec<_>>(),
        ["config|resetstat", "info"]
    );
    assert_eq!(supported(&seen, 1.0).into_iter().collect::<Vec<_>>(), ["INFO"]);
    assert!(!redis.command::<String>(&["CLIENT", "LIST"]).contains(" name=manometer "));
    let (_dir, file) = config_file(
        &(target("main", &redis.url()) + "config_command = \"\"\ncommands = { info = false, slowlogs = false }\n"),
    );
    let refused = output(&["config", "check", file.to_str().unwrap()]);
    let text = stderr(&refused);
    assert!(text.contains("redis[0].commands.slowlogs") && text.contains("did you mean slowlog?"), "{text}");
    assert!(text.contains("redis[0].commands.info"), "{text}");
    assert!(text.contains(":6: redis[0].config_command: must be one word; to leave CONFIG alone"), "{text}");
    let (_dir, file) = config_file(&(target("main", &redis.url()) + off));
    let shown: toml::Table = stdout(&output(&["config", "show", file.to_str().unwrap()])).parse().unwrap();
    assert_eq!(shown["redis"][0]["commands"]["slowlog"].as_bool(), Some(false));
}

/// The last error of a target with this more in its table.
#[track_caller]
fn error(url: &str, more: &str) -> String {
    let agent = Agent::run(&(target("main", url) + more));
    agent.scrape("main").assert("redis_up", &[], 0.0);
    let state = agent.state("main")["lastError"].as_str().unwrap().to_owned();
    state.split_once(": ").unwrap().1.to_owned()
}

#[test]
fn messages_fit_what_failed() {
    if missing(&["redis-server"]) {
        return;
    }
    let renamed = RedisServer::builder().line("rename-command INFO \"\"").start();
    assert_eq!(
        error(&renamed.url(), ""),
        "the server answered \"ERR unknown command\"; nothing is known of a server without INFO: was it renamed, or is this a \
         proxy? then point url at the servers behind it"
    );
    let full = RedisServer::builder().line("maxclients 1").start();
    let _only = full.connect();
    assert_eq!(
        error(&full.url(), ""),
        "the server answered \"ERR max number of clients reached\"; raise maxclients, or see in CLIENT LIST who holds the \
         connections"
    );
    let redis = RedisServer::start();
    assert_eq!(
        error(&format!("{}/99", redis.url()), ""),
        "the server answered \"ERR DB index is out of range\"; check database of the target"
    );
    // Redis 5 knows passwords and no users.
    let old = Fake::before(redis.address(), |asked| {
        asked
            .starts_with("AUTH")
            .then(|| Answer::Reply(b"-ERR wrong number of arguments for 'auth' command\r\n".to_vec()))
    });
    assert_eq!(
        error(&old.url(), "username = \"watcher\"\npassword = \"swordfish\"\n"),
        "the server takes a password and no user: it is older than Redis 6, or a proxy; leave out username"
    );
}
