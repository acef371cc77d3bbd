//! The kinds of Redis that people run: how they are reached, and what each adds.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::support::agent::{Agent, config_file, output, stderr, target, write};
use crate::support::missing::missing;
use crate::support::redis::{RedisServer, command};
use crate::support::tls::Certificates;
use crate::support::wait::{SOON, until};

#[test]
fn a_plain_server() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    redis.command::<()>(&["SET", "a", "1"]);
    redis.command::<()>(&["SET", "b", "1", "EX", "1000"]);
    let agent = Agent::run(&target("main", &redis.url()));
    let seen = agent.scrape("main");
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_connection_status", &[], 1.0);
    seen.assert("redis_server_state", &[("state", "ok")], 1.0);
    seen.assert("redis_server_state", &[("state", "loading")], 0.0);
    seen.assert("redis_db_keys", &[("db", "db0")], 2.0);
    seen.assert("redis_db_keys_expiring", &[("db", "db0")], 1.0);
    seen.assert("redis_config_maxclients", &[], 10_000.0);
    seen.assert("redis_aof_enabled", &[], 0.0);
    seen.assert("redis_commands_total", &[("cmd", "set")], 2.0);
    let run_id = redis.info("run_id").unwrap();
    seen.assert("redis_instance_info", &[("run_id", &run_id), ("role", "master"), ("redis_mode", "standalone")], 1.0);
    let ping = seen.value("redis_ping_ms", &[]);
    assert!(ping > 0.0 && ping < 900.0, "{ping}");
    let malformed: f64 = seen.series("redis_client_list_malformed", &[]).iter().map(|sample| sample.value).sum();
    assert!(malformed.abs() < f64::EPSILON, "CLIENT LIST of a real server is understood");
    // The agent asks nothing that the server does not know.
    seen.assert("redis_command_supported", &[("command", "CLIENT LIST")], 1.0);
    assert!(seen.series("redis_command_supported", &[]).iter().all(|sample| sample.value > 0.0));
}

#[test]
fn what_it_asks_of_a_server() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let mut connection = redis.connect();
    command(&["CONFIG", "RESETSTAT"]).query::<()>(&mut connection).unwrap();
    let agent = Agent::run(&target("main", &redis.url()));
    agent.next_poll("main");
    let info: String = command(&["INFO", "everything"]).query(&mut connection).unwrap();
    let names = info.lines().filter_map(|line| Some(line.strip_prefix("cmdstat_")?.split_once(':')?.0));
    let asked: BTreeSet<&str> = names.collect();
    let expected = [
        "client|list",
        "client|setname",
        "config|get",
        "config|resetstat",
        "info",
        "latency|histogram",
        "latency|latest",
        "memory|stats",
        "ping",
        "slowlog|get",
        "slowlog|len",
    ];
    assert_eq!(asked, BTreeSet::from(expected), "it reads, and writes nothing");
    assert!(info.contains("total_connections_received:1\r"), "one connection for all polls: {info}");
}

#[test]
fn a_password_that_is_right() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().password("swordfish").start();
    let agent = Agent::run(&(target("main", &redis.url()) + "password = \"swordfish\"\n"));
    agent.scrape("main").assert("redis_up", &[], 1.0);
    agent.assert_hidden("swordfish");
}

#[test]
fn a_password_that_is_wrong_or_missing() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().password("swordfish").start();
    let config = target("wrong", &redis.url()) + "password = \"catfish\"\n" + &target("none", &redis.url());
    let agent = Agent::run(&config);
    for (name, words) in [("wrong", "WRONGPASS"), ("none", "NOAUTH")] {
        let seen = agent.scrape(name);
        seen.assert("redis_up", &[], 0.0);
        assert!(seen.value("manometer_poll_failures_total", &[("reason", "auth")]) >= 1.0);
        let state = agent.state(name);
        assert_eq!(state["lastErrorReason"], "auth");
        let error = state["lastError"].as_str().unwrap();
        assert!(error.contains(words) && error.contains("check username and password"), "{error}");
    }
    agent.assert_hidden("catfish");
}

#[test]
fn an_acl_user_who_may_do_little() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("user watcher on >swordfish +ping +info +client|setname").start();
    let agent = Agent::run(&(target("main", &redis.url()) + "username = \"watcher\"\npassword = \"swordfish\"\n"));
    let seen = agent.scrape("main");
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_connected_slaves", &[], 0.0);
    for (command, supported) in
        [("INFO", 1.0), ("PING", 1.0), ("SLOWLOG GET", 0.0), ("CONFIG GET", 0.0), ("CLIENT LIST", 0.0)]
    {
        seen.assert("redis_command_supported", &[("command", command)], supported);
    }
    assert_eq!(seen.get("redis_config_maxclients", &[]), None, "what cannot be asked is absent");
    // Each refused command is asked once, or the server's error counters (and alerts on them) would rise for ever.
    let refusals = || redis.info("errorstat_NOPERM").unwrap();
    agent.next_poll("main");
    let before = refusals();
    agent.next_poll("main");
    assert_eq!(refusals(), before);
    let logged = agent.log().lines().filter(|line| line.contains("SLOWLOG GET")).count();
    assert_eq!(logged, 1, "once, not at each poll: {}", agent.log());
}

#[test]
fn a_replica_pair() {
    if missing(&["redis-server"]) {
        return;
    }
    let master = RedisServer::start();
    let replica = RedisServer::builder().replica_of(&master).start();
    until(SOON, "the replica is in sync", || (replica.info("master_link_status")? == "up").then_some(()));
    until(SOON, "the master knows it", || master.info("slave0")?.contains("state=online").then_some(()));
    let agent = Agent::run(&(target("master", &master.url()) + &target("replica", &replica.url())));
    let port = replica.port.to_string();
    let seen = agent.until("master", "the replica has caught up", |seen| {
        let offset = seen.get("redis_connected_slave_offset_bytes", &[("slave_port", &port)])?;
        seen.get("redis_connected_slaves", &[]).filter(|slaves| *slaves > 0.0 && offset > 0.0)
    });
    assert!((seen - 1.0).abs() < f64::EPSILON);
    let seen = agent.scrape("master");
    seen.assert("redis_instance_info", &[("role", "master")], 1.0);
    let seen = agent.scrape("replica");
    let master_port = master.port.to_string();
    seen.assert("redis_master_link_up", &[("master_host", "127.0.0.1"), ("master_port", &master_port)], 1.0);
    seen.assert(
        "redis_slave_info",
        &[("master_host", "127.0.0.1"), ("master_port", &master_port), ("read_only", "1")],
        1.0,
    );
    seen.assert("redis_instance_info", &[("role", "slave")], 1.0);
}

#[test]
fn a_cluster_of_one_node() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("cluster-enabled yes").start();
    redis.command::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    until(SOON, "the cluster is ok", || {
        redis.command::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok").then_some(())
    });
    let agent = Agent::run(&target("node", &redis.url()));
    let seen = agent.next_poll("node");
    seen.assert("redis_cluster_enabled", &[], 1.0);
    seen.assert("redis_cluster_state", &[], 1.0);
    seen.assert("redis_cluster_slots_assigned", &[], 16_384.0);
    seen.assert("redis_cluster_known_nodes", &[], 1.0);
    seen.assert("redis_instance_info", &[("redis_mode", "cluster")], 1.0);
}

#[test]
fn a_full_cache_that_evicts() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("maxmemory 3mb").line("maxmemory-policy allkeys-lru").start();
    let agent = Agent::run(&target("main", &redis.url()));
    agent.scrape("main").assert("redis_memory_max_bytes", &[], 3.0 * 1024.0 * 1024.0);
    agent.scrape("main").assert("redis_evicted_keys_total", &[], 0.0);
    agent.scrape("main").assert("redis_config_maxmemory_policy", &[("policy", "allkeys-lru")], 1.0);
    let mut connection = redis.connect();
    let value = "x".repeat(100_000);
    for key in 0..100 {
        command(&["SET", &format!("k{key}"), &value]).query::<()>(&mut connection).unwrap();
    }
    let seen = agent.next_poll("main");
    let evicted: f64 = redis.info("evicted_keys").unwrap().parse().unwrap();
    assert!(evicted > 10.0, "{evicted}");
    seen.assert("redis_evicted_keys_total", &[], evicted);
    assert!(seen.value("redis_memory_used_bytes", &[]) > 1_000_000.0);
}

#[test]
fn an_append_only_file() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("appendonly yes").start();
    redis.command::<()>(&["SET", "a", &"x".repeat(1000)]);
    let agent = Agent::run(&target("main", &redis.url()));
    let seen = agent.scrape("main");
    seen.assert("redis_aof_enabled", &[], 1.0);
    seen.assert("redis_config_appendonly", &[], 1.0);
    seen.assert("redis_aof_last_write_status", &[], 1.0);
    let size: f64 = redis.info("aof_current_size").unwrap().parse().unwrap();
    assert!(size > 1000.0);
    seen.assert("redis_aof_current_size_bytes", &[], size);
}

#[test]
fn a_unix_socket() {
    if missing(&["redis-server"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("redis.sock");
    let redis = RedisServer::builder().line(format!("unixsocket {}", socket.display())).start();
    let agent = Agent::run(&target("main", &format!("unix://{}", socket.display())));
    let seen = agent.scrape("main");
    let run_id = redis.info("run_id").unwrap();
    seen.assert("redis_instance_info", &[("run_id", &run_id)], 1.0);
    assert_eq!(agent.state("main")["address"], format!("unix:{}", socket.display()));
}

#[test]
fn a_database_by_number() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&target("main", &format!("{}/3", redis.url())));
    agent.scrape("main").assert("redis_up", &[], 1.0);
    let clients: String = redis.command(&["CLIENT", "LIST"]);
    let ours = clients.lines().find(|line| line.contains(" name=manometer ")).expect("the agent names its connection");
    assert!(ours.contains(" db=3 "), "{ours}");
}

#[test]
fn a_password_file_that_changes() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().password("swordfish").start();
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "password", "catfish\n");
    let agent =
        Agent::run(&(target("main", &redis.url()) + &format!("password_file = {:?}\n", file.display().to_string())));
    agent.scrape("main").assert("redis_up", &[], 0.0);
    write(folder.path(), "password", "swordfish\n");
    let reloaded = agent.reload();
    assert_eq!((reloaded.status, reloaded.text().as_str()), (200, "configuration reloaded\n"));
    agent.until("main", "the new password is used", |seen| seen.get("redis_up", &[]).filter(|up| *up > 0.0));
    agent.assert_hidden("swordfish");
    agent.assert_hidden("catfish");
}

/// `manometer poll` of one target, its exit code and what it said.
fn polled(config: &str) -> (Option<i32>, String) {
    let (_dir, file) = config_file(config);
    let output = output(&["poll", "--config", file.to_str().unwrap()]);
    (output.status.code(), stderr(&output))
}

#[test]
fn tls_with_an_authority_and_a_client_certificate() {
    if missing(&["redis-server"]) {
        return;
    }
    let (certificates, others) = (Certificates::new(), Certificates::new());
    let redis = RedisServer::builder().tls(&certificates, true).start();
    let base = target("main", &format!("rediss://127.0.0.1:{}", redis.tls_port.unwrap())) + "[redis.tls]\n";
    let line = |key: &str, file: PathBuf| format!("{key} = {:?}\n", file.display().to_string());
    let authority = line("ca_file", certificates.file("ca.crt"));
    let client =
        line("cert_file", certificates.file("client.crt")) + &line("key_file", certificates.file("client.key"));

    assert_eq!(polled(&format!("{base}{authority}{client}")), (Some(0), String::new()));
    let named = "server_name = \"localhost\"\n";
    assert_eq!(polled(&format!("{base}{authority}{client}{named}")), (Some(0), String::new()));
    let faults = [
        // In TLS 1.3 the server's refusal arrives after the handshake, with the first reply.
        ("no client certificate", format!("{base}{authority}"), "certificate"),
        (
            "another authority",
            format!("{base}{}{client}", line("ca_file", others.file("ca.crt"))),
            "signed by an authority that is not trusted",
        ),
        ("the system's authorities", format!("{base}{client}"), "signed by an authority that is not trusted"),
        (
            "another name",
            format!("{base}{authority}{client}server_name = \"redis.example\"\n"),
            "and not for redis.example",
        ),
    ];
    for (what, config, words) in faults {
        let (code, text) = polled(&config);
        assert_eq!(code, Some(1), "{what}: {text}");
        assert!(text.to_lowercase().contains(&words.to_lowercase()), "{what}: {text}");
        let agent = Agent::run(&config);
        agent.scrape("main").assert("redis_up", &[], 0.0);
        assert_eq!(agent.state("main")["lastErrorReason"], "tls", "{what}: {}", agent.state("main"));
    }
}

#[test]
fn plain_to_a_tls_port_and_tls_to_a_plain_one() {
    if missing(&["redis-server"]) {
        return;
    }
    let certificates = Certificates::new();
    let redis = RedisServer::builder().tls(&certificates, false).start();
    let config = target("plain", &format!("redis://127.0.0.1:{}", redis.tls_port.unwrap()))
        + &target("tls", &format!("rediss://127.0.0.1:{}", redis.port));
    let agent = Agent::run(&config);
    for name in ["plain", "tls"] {
        agent.scrape(name).assert("redis_up", &[], 0.0);
    }
    let tls = agent.state("tls");
    // A plain server takes the handshake for the beginning of a command, and waits for its end.
    assert!(["tls", "timeout"].contains(&tls["lastErrorReason"].as_str().unwrap()), "{tls}");
    let plain = agent.state("plain");
    assert!(["connect", "protocol"].contains(&plain["lastErrorReason"].as_str().unwrap()), "{plain}");
}

#[test]
fn renamed_commands() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("rename-command CONFIG \"\"").line("rename-command SLOWLOG hidden").start();
    let agent = Agent::run(&target("main", &redis.url()));
    let seen = agent.next_poll("main");
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_command_supported", &[("command", "CONFIG GET")], 0.0);
    seen.assert("redis_command_supported", &[("command", "SLOWLOG GET")], 0.0);
    seen.assert("redis_command_supported", &[("command", "CLIENT LIST")], 1.0);
    assert_eq!(seen.get("redis_slowlog_length", &[]), None);
    // INFO knows the limits as well.
    seen.assert("redis_memory_max_bytes", &[], 0.0);
    let errors = redis.info("total_error_replies");
    agent.next_poll("main");
    assert_eq!(redis.info("total_error_replies"), errors, "what is unknown is asked once");
}

#[test]
fn a_sentinel() {
    if missing(&["redis-server"]) {
        return;
    }
    let master = RedisServer::start();
    let sentinel = RedisServer::builder().sentinel_of(&master).start();
    let agent = Agent::run(&target("sentinel", &sentinel.url()));
    let seen = agent.next_poll("sentinel");
    seen.assert("redis_up", &[], 1.0);
    seen.assert("redis_instance_info", &[("redis_mode", "sentinel")], 1.0);
    seen.assert("redis_sentinel_masters", &[], 1.0);
    let address = master.address();
    let of_master = [("master_name", "main"), ("master_address", address.as_str())];
    seen.assert("redis_sentinel_master_status", &[&of_master[..], &[("master_status", "ok")]].concat(), 1.0);
    seen.assert("redis_sentinel_master_sentinels", &of_master, 1.0);
    seen.assert("redis_sentinel_master_slaves", &of_master, 0.0);
    let failures: f64 = seen.series("manometer_poll_failures_total", &[]).iter().map(|sample| sample.value).sum();
    assert!(failures.abs() < f64::EPSILON, "{}", agent.log());
}

#[test]
fn a_server_that_repeats_the_password_in_its_error() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("rename-command AUTH \"\"").start();
    let agent = Agent::run(&(target("main", &redis.url()) + "password = \"swordfish\"\n"));
    agent.scrape("main").assert("redis_up", &[], 0.0);
    let state = agent.state("main");
    assert_eq!(state["lastErrorReason"], "auth");
    let words = format!(
        "AUTH on 127.0.0.1:{}: the server does not know AUTH; was it renamed?; check username and password (or \
         password_file) of the target",
        redis.port
    );
    assert_eq!(state["lastError"], words);
    agent.assert_hidden("swordfish");
}
