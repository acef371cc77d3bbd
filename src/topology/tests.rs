use std::net::IpAddr;

use super::*;
use crate::metric::{Families, Kind, Samples, Suffix};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const DAY: Duration = Duration::from_hours(24);

fn said(name: &str, role: Role) -> Said {
    Said { name: name.to_owned(), role, ..Said::default() }
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn at(peer: &str) -> Reached {
    let peer: std::net::SocketAddr = peer.parse().unwrap();
    Reached::Address { peer, is_own: peer.ip().is_loopback() }
}

fn reached(peer: &str) -> Sight {
    Sight { reached: Some(at(peer)), ..Sight::default() }
}

fn used_from(peer: &str, clients: &[&str]) -> Sight {
    Sight { clients: ips(clients).into_iter().collect(), ..reached(peer) }
}

fn container(name: &str, address: &str, published: &[&str]) -> ContainerSight {
    ContainerSight {
        name: name.to_owned(),
        runs: true,
        service: None,
        addresses: ips(&[address]),
        gateways: ips(&["172.18.0.1"]),
        published: published.iter().map(|at| (0, at.parse().unwrap())).collect(),
        ..ContainerSight::default()
    }
}

fn engine(containers: Vec<ContainerSight>) -> Sight {
    Sight { reached: Some(Reached::Socket), containers, ..Sight::default() }
}

/// The edges of what was polled, as `from on via`.
fn edges(view: &View) -> Vec<String> {
    view.graph.edges().map(|edge| format!("{} {} {}", edge.from, edge.on, edge.via.as_str())).collect()
}

/// A topology of these targets, polled once each.
fn polled(targets: Vec<Said>, sights: &[(&str, Sight)]) -> Topology {
    let topology = Topology::default();
    topology.configure(targets);
    for (name, sight) in sights {
        topology.polled(name, None, Some(sight.clone()));
    }
    topology
}

/// Redis and the ticker in containers of an engine on this machine, by their addresses there.
fn compose() -> (Vec<Said>, Vec<(&'static str, Sight)>) {
    let targets = vec![
        said("main", Role::Server),
        said("ticker", Role::Service),
        said("docker", Role::Engine),
        said("host", Role::Machine),
    ];
    let containers = vec![container("redis-1", "172.18.0.2", &[]), container("ticker-1", "172.18.0.3", &[])];
    let sights = vec![
        ("main", used_from("172.18.0.2:6379", &["172.18.0.3"])),
        ("ticker", reached("172.18.0.3:8000")),
        ("docker", engine(containers)),
        ("host", Sight::default()),
    ];
    (targets, sights)
}

const COMPOSE: [&str; 6] = [
    "docker host socket",
    "main docker/redis-1 address",
    "ticker main clients",
    "ticker docker/ticker-1 address",
    "docker/redis-1 docker engine",
    "docker/ticker-1 docker engine",
];

#[test]
fn containers_are_known_by_their_addresses_and_services_by_their_containers() {
    let (targets, sights) = compose();
    let view = polled(targets, &sights).view(NOW);
    assert_eq!(edges(&view), COMPOSE);
    let below: Vec<String> = view.graph.below(&Node::target("ticker")).iter().map(ToString::to_string).collect();
    assert_eq!(below, ["docker", "host", "main", "docker/redis-1", "docker/ticker-1"]);
    assert_eq!(view.unknown, [""; 0]);
}

#[test]
fn a_published_port_of_this_machine_is_that_of_a_container_and_its_gateway_is_this_machine() {
    let (targets, mut sights) = compose();
    let containers = vec![container("redis-1", "172.18.0.2", &["0.0.0.0:6380", "[::]:6380"])];
    sights[0].1 = used_from("127.0.0.1:6380", &["172.18.0.1"]);
    // The ticker is a process of this machine.
    sights[1].1 = reached("127.0.0.1:8000");
    sights[2].1 = engine(containers);
    let view = polled(targets, &sights).view(NOW);
    let expected =
        ["docker host socket", "main docker/redis-1 address", "ticker main clients", "docker/redis-1 docker engine"];
    assert_eq!(edges(&view), expected);
}

#[test]
fn an_engine_of_another_machine_publishes_there() {
    let targets = vec![said("main", Role::Server), said("docker", Role::Engine)];
    let containers = vec![container("redis-1", "172.18.0.2", &["0.0.0.0:6379"])];
    let far = Sight { reached: Some(at("10.0.0.5:2376")), containers, ..Sight::default() };
    let there = polled(targets.clone(), &[("docker", far.clone()), ("main", reached("10.0.0.5:6379"))]);
    assert_eq!(edges(&there.view(NOW)), ["main docker/redis-1 address", "docker/redis-1 docker engine"]);
    let here = polled(targets, &[("docker", far), ("main", reached("127.0.0.1:6379"))]);
    assert_eq!(edges(&here.view(NOW)), [""; 0]);
}

#[test]
fn on_one_machine_the_only_service_is_meant_and_of_two_none_is() {
    let targets = |services: &[&str]| {
        let services = services.iter().map(|name| said(name, Role::Service));
        [said("main", Role::Server)].into_iter().chain(services).collect::<Vec<_>>()
    };
    let sights = [
        ("main", used_from("127.0.0.1:6379", &["127.0.0.1"])),
        ("ticker", reached("127.0.0.1:8000")),
        ("api", reached("127.0.0.1:8001")),
    ];
    let one = polled(targets(&["ticker"]), &sights[..2]).view(NOW);
    assert_eq!(edges(&one), ["ticker main clients"]);
    let two = polled(targets(&["ticker", "api"]), &sights).view(NOW);
    assert_eq!(edges(&two), [""; 0]);
    assert_eq!(two.unknown, ["api", "ticker"]);
    // Nobody but the agent is connected.
    let unused = [("main", reached("127.0.0.1:6379")), ("ticker", reached("127.0.0.1:8000"))];
    assert_eq!(edges(&polled(targets(&["ticker"]), &unused).view(NOW)), [""; 0]);
}

#[test]
fn what_is_said_wins_over_what_is_seen() {
    let (mut targets, sights) = compose();
    targets[1].uses = Some(Vec::new());
    targets[1].container = Some("other".to_owned());
    let view = polled(targets, &sights).view(NOW);
    let of_ticker: Vec<String> = edges(&view).into_iter().filter(|edge| edge.starts_with("ticker")).collect();
    assert_eq!(of_ticker, ["ticker docker/other container"]);
    assert_eq!(view.unknown, [""; 0]);
}

#[test]
fn a_replica_stands_on_its_primary() {
    let targets = vec![said("main", Role::Server), said("spare", Role::Server), said("docker", Role::Engine)];
    let replica = |host: &str| Sight { primary: Some((host.to_owned(), 6379)), ..reached("10.0.0.8:6379") };
    let by_address = [("main", reached("10.0.0.7:6379")), ("spare", replica("10.0.0.7"))];
    assert_eq!(edges(&polled(targets.clone(), &by_address).view(NOW)), ["spare main replica"]);
    let mut named = container("redis-1", "172.18.0.2", &[]);
    named.service = Some("redis".to_owned());
    let by_name = [("main", reached("172.18.0.2:6379")), ("spare", replica("redis")), ("docker", engine(vec![named]))];
    assert!(edges(&polled(targets, &by_name).view(NOW)).contains(&"spare main replica".to_owned()));
}

#[test]
fn engines_with_the_same_addresses_are_told_apart_or_not_guessed() {
    let (mut targets, mut sights) = compose();
    targets.push(said("other", Role::Engine));
    let containers = vec![container("redis-1", "172.18.0.2", &[]), container("ticker-1", "172.18.0.3", &[])];
    sights.push(("other", Sight { containers: containers.clone(), ..reached("10.0.0.5:2376") }));
    // The near engine's containers are those that the agent reaches.
    assert_eq!(edges(&polled(targets.clone(), &sights).view(NOW)), COMPOSE);
    sights.pop();
    sights.push(("other", engine(containers)));
    // Nothing says which container it is; that it is a client needs no container.
    let view = polled(targets, &sights).view(NOW);
    assert_eq!(edges(&view), ["docker host socket", "other host socket", "ticker main clients"]);
}

#[test]
fn what_was_seen_is_believed_while_an_end_is_down_and_a_day_longer() {
    let (targets, mut sights) = compose();
    let topology = polled(targets, &sights);
    let _ = topology.view(NOW);
    // The client is gone, and so is the server: it may be because of that.
    topology.polled("main", None, None);
    assert_eq!(edges(&topology.view(NOW + 3 * DAY)), COMPOSE);
    sights[0].1 = reached("172.18.0.2:6379");
    let without = |view: &View| edges(view).iter().all(|edge| edge != "ticker main clients");
    topology.polled("main", None, Some(sights[0].1.clone()));
    let _ = topology.view(NOW + 3 * DAY);
    assert!(!without(&topology.view(NOW + 4 * DAY - Duration::from_mins(2))));
    assert!(without(&topology.view(NOW + 4 * DAY + Duration::from_mins(2))));
}

#[test]
fn a_target_that_moves_to_another_container_is_that_one() {
    let (targets, mut sights) = compose();
    let topology = polled(targets, &sights);
    let _ = topology.view(NOW);
    sights[1].1 = reached("172.18.0.4:8000");
    sights[2].1.containers.push(container("ticker-2", "172.18.0.4", &[]));
    for (name, sight) in sights {
        topology.polled(name, None, Some(sight));
    }
    let of_ticker: Vec<String> =
        edges(&topology.view(NOW)).into_iter().filter(|edge| edge.starts_with("ticker")).collect();
    assert_eq!(of_ticker, ["ticker main clients", "ticker docker/ticker-2 address"]);
}

#[test]
fn what_was_seen_outlives_the_agent() {
    let (targets, sights) = compose();
    let before = polled(targets.clone(), &sights);
    let kept = serde_json::to_string(&before.to_keep(NOW).unwrap()).unwrap();
    // Nothing new is nothing to write.
    assert_eq!(before.to_keep(NOW + Duration::from_mins(30)), None);
    assert!(before.to_keep(NOW + Duration::from_mins(90)).is_some());
    let again = polled(targets, &[]);
    again.restore(serde_json::from_str(&kept).unwrap());
    let seen: Vec<&str> = COMPOSE.into_iter().filter(|edge| *edge != "docker host socket").collect();
    assert_eq!(edges(&again.view(NOW + 2 * DAY)), seen);
    // What is not watched any more is forgotten.
    again.configure(vec![said("main", Role::Server)]);
    assert_eq!(edges(&again.view(NOW)), [""; 0]);
}

#[test]
fn a_circle_of_what_is_seen_is_refused() {
    let mut targets = vec![said("a", Role::Server), said("b", Role::Server)];
    targets[0].uses = Some(vec!["b".to_owned()]);
    let replica = Sight { primary: Some(("10.0.0.7".to_owned(), 6379)), ..reached("10.0.0.8:6379") };
    let view = polled(targets, &[("a", reached("10.0.0.7:6379")), ("b", replica)]).view(NOW);
    assert_eq!(edges(&view), ["a b uses"]);
    assert_eq!(view.refused.len(), 1);
}

/// Alerts that silence themselves on what stands on them rely on it: otherwise each of the two would silence the other.
#[test]
fn of_two_targets_at_most_one_stands_on_the_other() {
    // Whatever is said (of targets that are found nobody refuses a circle) and seen: each is a replica of the next one as well.
    let names = ["a", "b", "c", "d", "e", "f"];
    let next = |at: usize, steps: usize| (at + steps) % names.len();
    let address = |at: usize| format!("10.0.0.{}", at + 1);
    for said_steps in 1..6 {
        let mut targets: Vec<Said> = names.map(|name| said(name, Role::Server)).into();
        targets.push(said("docker", Role::Engine));
        let mut sights = Vec::new();
        for (at, name) in names.iter().enumerate() {
            targets[at].uses = Some(vec![names[next(at, said_steps)].to_owned()]);
            // Two of them are one container.
            targets[at].container = Some(format!("docker/box-{}", at / 2));
            let primary = Some((address(next(at, 1)), 6379));
            sights.push((*name, Sight { primary, ..reached(&format!("{}:6379", address(at))) }));
        }
        let view = polled(targets, &sights).view(NOW);
        assert!(!view.refused.is_empty());
        let mut out = Families::new();
        export(&view, &mut out);
        let family = out.get("manometer_depends_on").unwrap();
        let pairs: BTreeSet<(String, String)> = family
            .samples()
            .filter(|sample| sample.label("name").is_none_or(str::is_empty))
            .map(|sample| ["target", "cause"].map(|label| sample.label(label).unwrap().to_owned()).into())
            .collect();
        assert!(pairs.len() > names.len(), "{pairs:?}");
        for (target, cause) in &pairs {
            assert!(!pairs.contains(&(cause.clone(), target.clone())), "{target} and {cause} in {pairs:?}");
        }
    }
}

#[test]
fn what_is_seen_is_bounded() {
    let name = |kind: &str, index: usize| format!("{kind}-{index}");
    let mut targets = Vec::new();
    let mut sights = Vec::new();
    let ip = |index: usize| format!("10.1.{}.{}", index / 250, index % 250);
    for index in 0..300 {
        targets.push(said(&name("server", index), Role::Server));
        targets.push(said(&name("service", index), Role::Service));
        let clients: Vec<String> = (0..clientlist::MAX_ADDRESSES).map(|client| ip((index + client) % 300)).collect();
        let clients: Vec<&str> = clients.iter().map(String::as_str).collect();
        sights
            .push((name("server", index), used_from(&format!("10.2.{}.{}:6379", index / 250, index % 250), &clients)));
        sights.push((name("service", index), reached(&format!("{}:8000", ip(index)))));
    }
    let topology = Topology::default();
    topology.configure(targets);
    for (name, sight) in sights {
        topology.polled(&name, None, Some(sight));
    }
    let view = topology.view(NOW);
    let most = view.targets.iter().map(|said| view.graph.of(&Node::target(&said.name)).len()).max();
    assert_eq!((view.graph.edges().count(), most), (kept::MOST, Some(kept::MOST_OF_ONE)));
    // Neither jumps.
    let again = topology.view(NOW + 2 * MAX_AGE);
    assert!(
        view.graph
            .edges()
            .map(|edge| (&edge.from, &edge.on))
            .eq(again.graph.edges().map(|edge| (&edge.from, &edge.on)))
    );
}

/// What is exported of the logs: target, source, pattern, count.
fn log_events(topology: &Topology, samples: &[(&str, &str)]) -> Vec<String> {
    let read: Vec<(&str, Samples)> = samples.iter().map(|(target, lines)| (*target, parsed(lines))).collect();
    let mut out = Families::new();
    let samples: Vec<_> = read.iter().map(|(target, samples)| (*target, samples)).collect();
    export_events(&topology.view(NOW), &samples, &mut out);
    let Some(family) = out.get("manometer_target_log_events_total") else { return Vec::new() };
    let label = |sample: &crate::metric::Sample<'_>, name| sample.label(name).unwrap_or_default().to_owned();
    let line = |sample: crate::metric::Sample<'_>| {
        let [target, source, pattern] = ["target", "source", "pattern"].map(|name| label(&sample, name));
        format!("{target} {source} {pattern} {}", sample.value())
    };
    family.samples().map(line).collect()
}

/// Families of lines `metric log pattern count`.
fn parsed(lines: &str) -> Samples {
    let mut out = Families::new();
    for line in lines.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, log, pattern, count] = words[..] else { panic!("{line}") };
        let label = if name.starts_with("container_") { "name" } else { "log" };
        let labels = [(label, log), ("pattern", pattern)];
        out.push_foreign((name, Kind::Counter, "Events."), Suffix::None, &labels, count.parse().unwrap());
    }
    out.into_sorted()
}

#[test]
fn what_a_service_logs_is_told_of_the_server_that_it_uses() {
    let (targets, sights) = compose();
    let topology = polled(targets, &sights);
    let of_docker = "container_log_matches_total ticker-1 pool_exhausted 4\n\
                     container_log_matches_total ticker-1 redis_publish_failed 9\n\
                     container_log_matches_total redis-1 output_buffer_limit 2\n\
                     container_log_matches_total other pool_exhausted 7";
    let expected = [
        "main docker/redis-1 output_buffer_limit 2",
        "main docker/ticker-1 pool_exhausted 4",
        "ticker docker/ticker-1 pool_exhausted 4",
    ];
    assert_eq!(log_events(&topology, &[("docker", of_docker)]), expected);
    // Where the server counts whom it cuts off, its log is no second witness.
    let of_redis = "redis_client_output_buffer_limit_disconnections_total - - 2";
    assert_eq!(log_events(&topology, &[("docker", of_docker), ("main", of_redis)]), expected[1..]);
}

#[test]
fn a_log_is_of_what_it_says_it_stands_on() {
    let mut log = said("log", Role::default());
    log.uses = Some(vec!["main".to_owned()]);
    let topology = polled(vec![said("main", Role::Server), said("other", Role::Server), log], &[]);
    let lines = "log_matches_total redis output_buffer_limit 3\nlog_matches_total app pool_exhausted 1";
    let expected = ["main log/app pool_exhausted 1", "main log/redis output_buffer_limit 3"];
    assert_eq!(log_events(&topology, &[("log", lines)]), expected);
}
