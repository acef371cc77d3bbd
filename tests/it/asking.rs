//! What a question may cost that goes wrong: its own numbers, for as long as it goes wrong, and never the target.

mod bounds;
mod limits;
mod proxies;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::agent::{Agent, target};
use crate::support::exposition::Exposition;
use crate::support::fake::{Answer, Fake};
use crate::support::missing::missing;
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};

/// Commands by `redis_command_supported`.
fn supported(seen: &Exposition, value: f64) -> BTreeSet<String> {
    let all = seen.series("redis_command_supported", &[]);
    let with_value = all.iter().filter(|sample| (sample.value - value).abs() < 0.5);
    with_value.map(|sample| sample.labels["command"].clone()).collect()
}

/// The notes on a target.
fn notes(agent: &Agent, name: &str) -> Vec<String> {
    let state = agent.state(name);
    let notes = state["notes"].as_array().cloned().unwrap_or_default();
    notes.iter().map(|note| note.as_str().unwrap().to_owned()).collect()
}

fn failures(seen: &Exposition) -> f64 {
    seen.series("manometer_poll_failures_total", &[]).iter().map(|sample| sample.value).sum()
}

/// A number of each question.
const NUMBERS: [(&str, &str); 6] = [
    ("PING", "redis_ping_ms"),
    ("CONFIG GET", "redis_config_maxclients"),
    ("LATENCY HISTOGRAM", "redis_commands_latencies_usec_count"),
    ("SLOWLOG LEN", "redis_slowlog_length"),
    ("SLOWLOG GET", "redis_slowlog_missed_entries_total"),
    ("CLIENT LIST", "redis_stale_connections"),
];

fn has(seen: &Exposition, family: &str) -> bool {
    let family = family.strip_suffix("_count").unwrap_or(family);
    seen.families.iter().any(|known| known.name == family)
}

#[test]
fn an_error_that_may_pass_costs_one_poll() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let commands = ["INFO", "PING", "CONFIG GET", "LATENCY HISTOGRAM", "SLOWLOG LEN", "SLOWLOG GET", "CLIENT LIST"];
    let bad = Arc::new(AtomicBool::new(false));
    let proxies = commands.map(|command| {
        let is_bad = Arc::clone(&bad);
        Fake::before(redis.address(), move |asked| {
            let hit = is_bad.load(Ordering::Relaxed) && asked.starts_with(command);
            hit.then(|| Answer::Reply(b"-ERR upstream failure\r\n".to_vec()))
        })
    });
    let targets =
        commands.iter().zip(&proxies).map(|(command, proxy)| target(&command.replace(' ', "-"), &proxy.url()));
    let agent = Agent::run(&targets.collect::<String>());
    let each = |look: &dyn Fn(&str, &str, &Exposition)| {
        let polls = |name: &str| agent.scrape(name).value("manometer_polls_total", &[]);
        let names = commands.map(|command| command.replace(' ', "-"));
        // The poll that may be under way now is one too early.
        let enough: Vec<f64> = names.iter().map(|name| polls(name) + 2.0).collect();
        for ((command, name), enough) in commands.iter().zip(&names).zip(enough) {
            until(SOON, "two more polls", || (polls(name) >= enough).then_some(()));
            look(command, name, &agent.scrape(name));
        }
    };
    bad.store(true, Ordering::Relaxed);
    each(&|command, name, seen| {
        if command == "INFO" {
            seen.assert("redis_up", &[], 0.0);
            let state = agent.state(name);
            assert_eq!(state["lastErrorReason"], "status", "{state}");
            assert!(
                state["lastError"].as_str().unwrap().contains("\"ERR upstream failure\"; it is asked again"),
                "{state}"
            );
            return;
        }
        seen.assert("redis_up", &[], 1.0);
        for (question, family) in NUMBERS {
            assert_eq!(has(seen, family), question != command, "{command}: {family}");
        }
        assert_eq!(notes(&agent, name), [format!("{command} failed in the last poll: ERR upstream failure")]);
        assert_eq!(supported(seen, 0.0), BTreeSet::new(), "it says nothing about rights");
    });
    bad.store(false, Ordering::Relaxed);
    each(&|command, name, seen| {
        seen.assert("redis_up", &[], 1.0);
        assert!(NUMBERS.iter().all(|(_, family)| has(seen, family)), "{command}");
        assert_eq!(notes(&agent, name), [""; 0]);
    });
}

#[test]
fn a_right_that_is_granted_later_is_seen_on_a_reload_and_on_a_new_connection() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("user watcher on >swordfish +ping +info +client|setname").start();
    let agent = Agent::run(&(target("main", &redis.url()) + "username = \"watcher\"\npassword = \"swordfish\"\n"));
    let refused = [
        "CLIENT LIST",
        "CONFIG GET",
        "LATENCY HISTOGRAM",
        "LATENCY LATEST",
        "MEMORY STATS",
        "SLOWLOG GET",
        "SLOWLOG LEN",
    ];
    assert_eq!(supported(&agent.next_poll("main"), 0.0), refused.map(str::to_owned).into());
    assert!(notes(&agent, "main")[0].starts_with("CLIENT LIST is refused: NOPERM "), "{:?}", notes(&agent, "main"));
    let refusals = || redis.info("errorstat_NOPERM").unwrap();
    assert_eq!(refusals(), "count=7", "each question once");
    agent.next_poll("main");
    assert_eq!(refusals(), "count=7");
    assert_eq!(agent.reload().status, 200);
    agent.next_poll("main");
    assert_eq!(refusals(), "count=14", "and once more after a reload");
    redis.command::<()>(&["ACL", "SETUSER", "watcher", "+slowlog|get", "+slowlog|len"]);
    assert_eq!(agent.reload().status, 200);
    let seen = agent.next_poll("main");
    seen.assert("redis_slowlog_length", &[], 0.0);
    assert_eq!(refusals(), "count=19");
    redis.command::<()>(&["ACL", "SETUSER", "watcher", "+@all"]);
    redis.command::<()>(&["CLIENT", "KILL", "USER", "watcher"]);
    let seen = agent.next_poll("main");
    assert_eq!(supported(&seen, 0.0), BTreeSet::new());
    seen.assert("redis_config_maxclients", &[], 10_000.0);
    assert_eq!(refusals(), "count=19");
    let logged = agent.log().lines().filter(|line| line.contains("SLOWLOG GET") && line.contains("refused")).count();
    assert_eq!(logged, 1, "{}", agent.log());
}

/// Commands at which a proxy closes the connection.
const BREAKING: [&str; 4] = ["CLIENT SETNAME", "CONFIG GET", "LATENCY LATEST", "CLIENT LIST"];

#[test]
fn a_command_that_breaks_the_connection_costs_itself_alone() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let bad = Arc::new(AtomicBool::new(true));
    let is_bad = Arc::clone(&bad);
    let proxy = Fake::before(redis.address(), move |asked| {
        let hit = is_bad.load(Ordering::Relaxed) && BREAKING.iter().any(|command| asked.starts_with(command));
        hit.then_some(Answer::Close)
    });
    let agent = Agent::run(&target("main", &proxy.url()));
    // The first poll already has all that the others tell.
    let seen = agent.scrape("main");
    seen.assert("redis_up", &[], 1.0);
    assert!(has(&seen, "redis_slowlog_length") && has(&seen, "redis_ping_ms"));
    assert_eq!(supported(&seen, 0.0), BREAKING.map(str::to_owned).into());
    let connections = |seen: &Exposition| seen.value("redis_connections_received_total", &[]);
    let before = connections(&agent.next_poll("main"));
    let seen = agent.next_poll("main");
    assert!(connections(&seen) - before < 0.5, "what broke it is not asked again");
    assert!(failures(&seen) < 0.5, "{}", agent.log());
    let why = "is left out for some minutes: it broke the connection: the server closed it";
    let listed = notes(&agent, "main");
    assert_eq!(listed.len(), 4, "{listed:?}");
    assert_eq!(listed[2], format!("CONFIG GET {why}; commands = {{ config = false }} leaves it alone"));
    assert_eq!(listed[0], format!("CLIENT LIST {why}; client_list = false leaves it alone"));
    // A reload makes them due at once, one a poll, each on a connection of its own.
    bad.store(false, Ordering::Relaxed);
    assert_eq!(agent.reload().status, 200);
    agent.until("main", "all are answered", |seen| supported(seen, 0.0).is_empty().then_some(()));
    let seen = agent.next_poll("main");
    assert!(NUMBERS.iter().all(|(_, family)| has(&seen, family)));
    assert_eq!(notes(&agent, "main"), [""; 0]);
    assert!(redis.command::<String>(&["CLIENT", "LIST"]).contains(" name=manometer "), "it has its name again");
    assert!(failures(&seen) < 0.5, "{}", agent.log());
}

#[test]
fn a_trial_that_breaks_its_own_connection_does_not_hurt_the_poll() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let proxy = Fake::before(redis.address(), |asked| (asked == "CLIENT LIST").then_some(Answer::Close));
    let agent = Agent::run(&target("main", &proxy.url()));
    assert_eq!(supported(&agent.scrape("main"), 0.0), BTreeSet::from(["CLIENT LIST".to_owned()]));
    let before = agent.next_poll("main").value("redis_connections_received_total", &[]);
    assert_eq!(agent.reload().status, 200);
    agent.next_poll("main");
    let seen = agent.next_poll("main");
    seen.assert("redis_connections_received_total", &[], before + 1.0);
    seen.assert("redis_command_supported", &[("command", "CLIENT LIST")], 0.0);
    assert!(has(&seen, "redis_slowlog_length") && failures(&seen) < 0.5, "{}", agent.log());
    assert!(redis.command::<String>(&["CLIENT", "LIST"]).contains(" name=manometer "), "the poll's connection stands");
}

#[test]
fn a_command_that_is_late_twice_running_is_left_out() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let proxy = Fake::before(redis.address(), |asked| (asked == "CLIENT LIST").then_some(Answer::Nothing));
    let agent = Agent::run(&target("main", &proxy.url()));
    let seen = agent.scrape("main");
    seen.assert("redis_up", &[], 1.0);
    assert!(has(&seen, "redis_slowlog_length") && has(&seen, "redis_config_maxclients"), "what was heard counts");
    assert!(!has(&seen, "redis_stale_connections"));
    let late = |seen: &Exposition| seen.get("redis_command_supported", &[("command", "CLIENT LIST")]).is_some();
    agent.until("main", "it is left out", |seen| late(seen).then_some(()));
    let seen = agent.next_poll("main");
    seen.assert("redis_command_supported", &[("command", "CLIENT LIST")], 0.0);
    assert!(seen.value("manometer_poll_duration_seconds", &[]) < 0.7, "nobody waits for it any more");
    let why = "CLIENT LIST is left out for some minutes: no answer within 900ms; client_list = false leaves it alone";
    assert_eq!(notes(&agent, "main"), [why]);
    assert!(failures(&seen) < 0.5, "{}", agent.log());
}

#[test]
fn a_name_that_is_never_answered_costs_a_poll_and_then_itself() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let proxy = Fake::before(redis.address(), |asked| asked.starts_with("CLIENT SETNAME").then_some(Answer::Nothing));
    let agent = Agent::run(&target("main", &proxy.url()));
    agent.until("main", "it is up", |seen| seen.get("redis_up", &[]).filter(|up| *up > 0.5));
    let seen = agent.until("main", "the name is left out", |seen| {
        supported(seen, 0.0).contains("CLIENT SETNAME").then(|| agent.next_poll("main"))
    });
    assert!(NUMBERS.iter().all(|(_, family)| has(&seen, family)));
    // On a busy machine more polls than one are late before it is left out; then none.
    let again = agent.next_poll("main");
    assert!(failures(&again) < failures(&seen) + 0.5, "{}", agent.log());
    // A server that hung for a while is not blamed for the name: a trial shows that it is answered.
    let agent = Agent::run(&target("main", &redis.url()));
    redis.freeze();
    agent.until("main", "it is down", |seen| seen.get("redis_up", &[]).filter(|up| *up < 0.5));
    agent.next_poll("main");
    redis.thaw();
    agent.until("main", "it is up", |seen| seen.get("redis_up", &[]).filter(|up| *up > 0.5));
    // Were it blamed, the name would be left out for a minute.
    agent.until("main", "the name is answered", |seen| {
        (seen.get("redis_command_supported", &[("command", "CLIENT SETNAME")]) == Some(1.0)).then_some(())
    });
    until(SOON, "one connection has the name", || {
        let named = redis.command::<String>(&["CLIENT", "LIST"]).matches(" name=manometer ").count();
        (named == 1).then_some(())
    });
}

#[test]
fn a_user_who_may_not_ask_info_until_he_may() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("user watcher on >swordfish -@all +ping").start();
    let agent = Agent::run(&(target("main", &redis.url()) + "username = \"watcher\"\npassword = \"swordfish\"\n"));
    let seen = agent.next_poll("main");
    seen.assert("redis_up", &[], 0.0);
    seen.assert("redis_server_state", &[("state", "unknown")], 1.0);
    assert_eq!(agent.state("main")["lastErrorReason"], "acl");
    // INFO is never given up: a right that is given later is found at the next poll.
    redis.command::<()>(&["ACL", "SETUSER", "watcher", "+info"]);
    agent.next_poll("main").assert("redis_up", &[], 1.0);
    redis.command::<()>(&["ACL", "SETUSER", "watcher", "-info"]);
    agent.next_poll("main").assert("redis_up", &[], 0.0);
    // On each new connection INFO and CLIENT SETNAME, and nothing else.
    let refused = || redis.info("errorstat_NOPERM").unwrap().trim_start_matches("count=").parse::<u64>().unwrap();
    let polls = || agent.scrape("main").value("manometer_polls_total", &[]);
    let (refused_before, polls_before) = (refused(), polls());
    agent.next_poll("main");
    let (more, polls) = (refused() - refused_before, polls() - polls_before);
    assert!(more as f64 <= 2.0 * (polls + 1.0), "{more} refusals in {polls} polls");
}
