//! A master that Sentinels watch, with its replicas: one target, over failovers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::agent::{Agent, config_file, output, stderr};
use crate::support::cluster::Group;
use crate::support::exposition::Exposition;
use crate::support::fake::{Answer, Fake};
use crate::support::missing::missing;
use crate::support::redis::RedisServer;
use crate::support::tls::Certificates;
use crate::support::wait::{SOON, until};

fn config(sentinels: &str) -> String {
    format!("[[redis]]\nname = \"main\"\nsentinel = [{sentinels}]\nmaster = \"main\"\ninterval = \"1s\"\n")
}

fn of(seen: &Exposition, name: &str, address: &str, labels: &[(&str, &str)]) -> Option<f64> {
    seen.get(name, &[&[("target", "main"), ("node", address)], labels].concat())
}

#[track_caller]
fn waited<T>(agent: &Agent, what: &str, mut look: impl FnMut(&Exposition) -> Option<T>) -> T {
    until(SOON, format!("{what}; the log:\n{}", agent.log()), || look(&agent.metrics()))
}

fn all_up(seen: &Exposition, servers: &[RedisServer]) -> bool {
    servers.iter().all(|server| of(seen, "redis_up", &server.address(), &[]) == Some(1.0))
}

/// Who is needed: the primary.
fn needed(seen: &Exposition) -> Vec<String> {
    let series = seen.series("redis_node_needed", &[("target", "main")]);
    series.iter().filter(|sample| sample.value > 0.0).map(|sample| sample.labels["node"].clone()).collect()
}

#[test]
fn a_failover_goes_on_under_the_same_target() {
    if missing(&["redis-server"]) {
        return;
    }
    let mut group = Group::start(2);
    let agent = Agent::spawn(&config(&group.sentinels()), &[]);
    let seen = waited(&agent, "all servers are up", |seen| all_up(seen, &group.servers).then(|| agent.metrics()));
    assert_eq!(seen.series("redis_up", &[("target", "main")]).len(), 3);
    assert_eq!(needed(&seen), [group.servers[0].address()]);

    // By hand; the old master becomes a replica.
    group.sentinels[0].command::<()>(&["SENTINEL", "FAILOVER", "main"]);
    let first = until(SOON, "another master", || Some(group.master()).filter(|now| *now != group.servers[0].address()));
    waited(&agent, "the promotion is seen", |seen| {
        let promoted = of(seen, "redis_promotions_total", &first, &[]) == Some(1.0);
        (promoted && needed(seen) == [first.clone()] && all_up(seen, &group.servers)).then_some(())
    });

    // By death.
    until(SOON, "the failover is over", || {
        let state = group.sentinels[0].info("master0")?;
        state.contains("status=ok").then_some(())
    });
    let at = group.servers.iter().position(|server| server.address() == first).unwrap();
    group.servers[at].kill();
    let second = until(SOON, "another master again", || Some(group.master()).filter(|now| *now != first));
    let seen = waited(&agent, "the promotion is seen", |seen| {
        (needed(seen) == [second.clone()] && of(seen, "redis_up", &first, &[]) == Some(0.0)).then(|| agent.metrics())
    });
    assert_eq!(seen.series("redis_up", &[("target", "main")]).len(), 3, "the dead one is known, and down");

    // Who is forgotten is gone.
    for sentinel in &group.sentinels {
        sentinel.command::<()>(&["SENTINEL", "RESET", "main"]);
    }
    waited(&agent, "it is forgotten", |seen| of(seen, "redis_up", &first, &[]).is_none().then_some(()));
}

/// A Sentinel that says of the master and its replicas what it is told to once `lies`.
fn liar(honest: &RedisServer, lies: &Arc<AtomicBool>, address: &str) -> Fake {
    let lies = Arc::clone(lies);
    let (host, port) = address.rsplit_once(':').map(|(host, port)| (host.to_owned(), port.to_owned())).unwrap();
    Fake::before(honest.address(), move |command| {
        let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
        let server = format!("*4\r\n{}{}{}{}", bulk("ip"), bulk(&host), bulk("port"), bulk(&port));
        match command {
            _ if !lies.load(Ordering::Relaxed) => None,
            "SENTINEL MASTER main" => Some(Answer::Reply(server.into_bytes())),
            "SENTINEL SLAVES main" => Some(Answer::Reply(b"*0\r\n".to_vec())),
            _ => None,
        }
    })
}

#[test]
fn a_sentinel_that_lies_costs_nobody_his_history() {
    if missing(&["redis-server"]) {
        return;
    }
    let group = Group::start(1);
    // A master, and of something else.
    let stranger = RedisServer::start();
    let (lies, dead) = (Arc::new(AtomicBool::new(false)), crate::support::port::free());
    let [false_friend, of_the_dead] =
        [stranger.address(), format!("127.0.0.1:{dead}")].map(|address| liar(&group.sentinels[0], &lies, &address));
    let honest = format!("{:?}, {:?}", group.sentinels[1].address(), group.sentinels[2].address());
    for liar in [false_friend, of_the_dead] {
        lies.store(false, Ordering::Relaxed);
        let agent = Agent::spawn(&config(&format!("\"{}\", {honest}", liar.address())), &[]);
        waited(&agent, "both servers are up", |seen| all_up(seen, &group.servers).then_some(()));
        lies.store(true, Ordering::Relaxed);
        let replica = group.servers[1].address();
        let polls = || of(&agent.metrics(), "manometer_polls_total", &replica, &[]).unwrap_or(0.0);
        let before = polls();
        until(SOON, "some polls have gone by", || (polls() > before + 3.0).then_some(()));
        let seen = agent.metrics();
        assert!(all_up(&seen, &group.servers), "{}", agent.log());
        assert_eq!(seen.series("redis_up", &[("target", "main")]).len(), 2, "{}", agent.log());
        assert_eq!(needed(&seen), [group.servers[0].address()]);
        assert!(!agent.log().contains("a node is gone"), "{}", agent.log());
    }
}

#[test]
fn a_sentinel_that_hangs_keeps_nobody_from_being_followed() {
    if missing(&["redis-server"]) {
        return;
    }
    let group = Group::start(1);
    let agent = Agent::spawn(&config(&group.sentinels()), &[]);
    waited(&agent, "both servers are up", |seen| all_up(seen, &group.servers).then_some(()));
    group.sentinels[0].freeze();
    group.sentinels[1].command::<()>(&["SENTINEL", "FAILOVER", "main"]);
    let replica = group.servers[1].address();
    waited(&agent, "the replica is needed", |seen| (needed(seen) == [replica.clone()]).then_some(()));
}

#[test]
fn a_failover_is_followed_where_certificates_have_names_alone() {
    if missing(&["redis-server"]) {
        return;
    }
    let certificates = Certificates::for_names(&["localhost"]);
    let server = || RedisServer::builder().tls(&certificates, false);
    let (first, second) = (server().start(), server().start());
    let ports = [&first, &second].map(|server| server.tls_port.unwrap());
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    // No real Sentinel says without a failover of its own who the master is.
    let sentinel = Fake::answering_over_tls(&certificates, move |command| {
        let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
        let server = |port: u16| {
            let (host, port) = (bulk("localhost"), bulk(&port.to_string()));
            format!("*4\r\n{}{host}{}{port}", bulk("ip"), bulk("port"))
        };
        let at = usize::from(over.load(Ordering::Relaxed));
        match command {
            "SENTINEL MASTER main" => Some(server(ports[at]).into_bytes()),
            "SENTINEL SLAVES main" => Some(format!("*1\r\n{}", server(ports[1 - at])).into_bytes()),
            _ => None,
        }
    });
    let text = config(&format!("\"localhost:{}\"", sentinel.address().port()));
    let agent = Agent::spawn(&format!("{text}[redis.tls]\nca_file = {:?}\n", certificates.file("ca.crt")), &[]);
    let addresses = ports.map(|port| format!("127.0.0.1:{port}"));
    let are_up = |seen: &Exposition| addresses.iter().all(|address| of(seen, "redis_up", address, &[]) == Some(1.0));
    waited(&agent, "the first is needed", |seen| {
        (are_up(seen) && needed(seen) == [addresses[0].clone()]).then_some(())
    });
    is_over.store(true, Ordering::Relaxed);
    waited(&agent, "the second is needed", |seen| {
        (are_up(seen) && needed(seen) == [addresses[1].clone()]).then_some(())
    });
}

#[test]
fn one_poll_shows_the_group_and_credentials_are_told_apart() {
    if missing(&["redis-server"]) {
        return;
    }
    let master = RedisServer::builder().password("swordfish").start();
    let sentinel = RedisServer::builder()
        .sentinel_of(&master)
        .line("sentinel auth-pass main swordfish")
        .password("catfish")
        .start();
    let text = |sentinel_password: &str| {
        config(&format!("{:?}", sentinel.address()))
            + &format!("password = \"swordfish\"\nsentinel_password = \"{sentinel_password}\"\n")
    };
    let (_dir, file) = config_file(&text("catfish"));
    let file = file.to_str().unwrap();
    let polled = output(&["poll", "--config", file]);
    assert_eq!(polled.status.code(), Some(0), "{}", stderr(&polled));
    let seen = Exposition::of(&String::from_utf8_lossy(&polled.stdout));
    assert_eq!(of(&seen, "redis_up", &master.address(), &[]), Some(1.0));
    let shown = output(&["config", "show", "--config", file]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let expected = format!("sentinel = [\"{}\"]\nmaster = \"main\"\nsentinel_password = ", sentinel.address());
    assert!(shown.contains(&expected) && !shown.contains("fish") && !shown.contains("url ="), "{shown}");

    let (_dir, file) = config_file(&text("swordfish"));
    let polled = output(&["poll", "--config", file.to_str().unwrap()]);
    let said = stderr(&polled);
    assert_eq!(polled.status.code(), Some(1));
    let words = format!("asking Sentinel of main at {} who the nodes of main are: ", sentinel.address());
    assert!(said.contains(&words) && said.contains("wrong user or password"), "{said}");
}

#[test]
fn what_is_wrong_with_such_a_table_is_said() {
    for (table, words) in [
        ("sentinel = [\"10.0.0.1\"]\n", "redis[0].master: is missing"),
        ("sentinel = []\nmaster = \"m\"\n", "redis[0].sentinel: names no Sentinel"),
        ("sentinel = [\"redis://10.0.0.1\"]\nmaster = \"m\"\n", "must be host:port"),
        ("sentinel = [\"10.0.0.1\"]\nmaster = \"m\"\nurl = \"redis://h\"\n", "redis[0].url: says where a server is"),
        ("sentinel = [\"10.0.0.1\"]\nmaster = \"m\"\ncluster = true\n", "redis[0].cluster: a cluster has no Sentinels"),
        ("url = \"redis://h\"\nmaster = \"m\"\n", "redis[0].master: belongs to sentinel"),
        ("url = \"redis://h\"\nseeds = [\"h:1\"]\n", "redis[0].seeds: are nodes of a cluster"),
        ("url = \"unix:///run/redis.sock\"\ncluster = true\n", "redis[0].cluster: needs a url with a host"),
        (
            "url = \"redis://h\"\ncluster = true\ninstances = \"resolved\"\n",
            "redis[0].instances: its nodes are found by",
        ),
    ] {
        let (_dir, file) = config_file(&format!("[[redis]]\nname = \"main\"\n{table}"));
        let checked = output(&["config", "check", file.to_str().unwrap()]);
        let said = stderr(&checked);
        assert!(said.contains(words) && said.lines().count() <= 2, "{table}: {said}");
    }
}
