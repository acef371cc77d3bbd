use super::*;
use reader::Network;

const KINDS: [&str; 2] = ["redis", "service"];

fn container(labels: &[(&str, &str)]) -> ContainerSight {
    ContainerSight {
        name: "redis-1".to_owned(),
        runs: true,
        addresses: vec!["192.0.2.7".parse().unwrap()],
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        ..ContainerSight::default()
    }
}

fn look(container: ContainerSight) -> (Vec<Candidate>, Vec<String>) {
    let mut containers = Containers::default();
    let sight = Sight { reached: Some(Reached::Socket), containers: vec![container], ..Sight::default() };
    let wrong = containers.look(&[("docker".to_owned(), sight)], &KINDS);
    (containers.candidates().cloned().collect(), wrong.into_iter().map(|(of, what)| format!("{of}: {what}")).collect())
}

#[test]
fn a_container_may_be_a_server_and_a_service() {
    let labels =
        [("redis", ":6379"), ("service", ":8000"), ("profile", "ticker"), ("queues", "list:a"), ("label.team", "x")];
    let (found, wrong) = look(container(&labels));
    assert_eq!(wrong, [""; 0]);
    let shown: Vec<String> = found
        .iter()
        .map(|of| format!("{} {} {}:{} {}", of.kind, of.name, of.host, of.port, of.keys.to_string().replace('\n', " ")))
        .collect();
    let both = "container = \"docker/redis-1\"";
    assert_eq!(
        shown,
        [
            format!(
                "redis redis-1-redis 192.0.2.7:6379 {both}  [labels] team = \"x\"  [[queue]] kind = \"list\" name = \"a\" "
            ),
            format!("service redis-1-service 192.0.2.7:8000 {both} profile = \"ticker\"  [labels] team = \"x\" "),
        ]
    );
}

#[test]
fn a_label_that_is_wrong_is_told_and_makes_nothing() {
    let redis = ("redis", ":6379");
    for (labels, told) in [
        (
            &[("redis", "6379")][..],
            "label manometer.redis = \"6379\": is not a host and a port; write it like \
          redis-1.example.org:6379 or [fd00::7]:6379",
        ),
        (
            &[("redis", "redis://:x@:6379")],
            "label manometer.redis = \"redis://:x@:6379\": is not a host and a port; write it like \
          redis-1.example.org:6379 or [fd00::7]:6379",
        ),
        (
            &[redis, ("pasword", "x")],
            "label manometer.pasword = \"x\": means nothing; there are manometer.redis, \
          manometer.service, manometer.name, manometer.profile, manometer.uses, manometer.queues, manometer.label.",
        ),
        (
            &[redis, ("queues", "celery")],
            "label manometer.queues = \"celery\": queues = \"celery\": is not a kind and a queue; \
          write it like \"celery:celery\", several with commas",
        ),
    ] {
        assert_eq!(look(container(labels)), (vec![], vec![format!("container docker/redis-1: {told}")]));
    }
    assert_eq!(look(container(&[("profile", "ticker")])), (vec![], vec![]), "it does not say that it is a target");
}

#[test]
fn a_port_is_reached_at_the_containers_own_address_or_where_it_is_published() {
    let at = |text: &str| text.parse::<SocketAddr>().unwrap();
    let own = container(&[]);
    let here = None;
    // No network of the agent's, and nothing published: it is tried all the same.
    assert_eq!(place(here, &own, 6379), Ok(at("192.0.2.7:6379")));
    let everywhere = vec![(1, at("0.0.0.0:2")), (6379, at("0.0.0.0:7000"))];
    let published = ContainerSight { published: everywhere, ..own.clone() };
    assert_eq!(place(here, &published, 6379), Ok(at("127.0.0.1:7000")));
    let remote = Some(at("192.0.2.200:2376").ip());
    assert_eq!(place(remote, &published, 6379), Ok(at("192.0.2.200:7000")));
    let loopback = ContainerSight { published: vec![(6379, at("127.0.0.1:7000"))], ..own.clone() };
    assert_eq!(place(here, &loopback, 6379), Ok(at("127.0.0.1:7000")));
    let elsewhere = "the container is on another machine and this port is not published beyond it; publish it, or name \
                     HOST:PORT in the label";
    assert_eq!(place(remote, &loopback, 6379).unwrap_err(), elsewhere, "loopback of another machine");
    assert_eq!(place(remote, &own, 6379).unwrap_err(), elsewhere, "its private address is somebody else's here");
    let near = ContainerSight {
        addresses: vec![at("127.0.0.9:1").ip()],
        networks: vec!["127.0.0.0/8".parse::<Network>().unwrap()],
        ..published.clone()
    };
    assert_eq!(place(here, &near, 6379), Ok(at("127.0.0.9:6379")));
    let on_host = ContainerSight { addresses: vec![], is_on_host: true, ..own.clone() };
    assert_eq!(place(here, &on_host, 6379), Ok(at("127.0.0.1:6379")));
    assert_eq!(place(remote, &on_host, 6379), Ok(at("192.0.2.200:6379")));
    let nowhere = ContainerSight { addresses: vec![], ..own };
    assert_eq!(
        place(here, &nowhere, 6379).unwrap_err(),
        "the container has neither an address nor this port published; give it a network, or publish the port"
    );
}

#[test]
fn a_peer_that_is_a_container_is_not_another_machine() {
    let proxy = ContainerSight { name: "socket-proxy".to_owned(), ..container(&[]) };
    let sight = |peer: &str, is_own| Sight {
        reached: Some(Reached::Address { peer: peer.parse().unwrap(), is_own }),
        containers: vec![proxy.clone()],
        ..Sight::default()
    };
    assert_eq!(other_machine(&sight("192.0.2.7:2375", false)), None);
    assert_eq!(other_machine(&sight("192.0.2.8:2375", true)), None);
    assert_eq!(other_machine(&sight("127.0.0.1:2375", false)), None);
    assert_eq!(other_machine(&Sight { reached: Some(Reached::Socket), ..Sight::default() }), None);
    assert_eq!(other_machine(&sight("192.0.2.8:2375", false)), Some("192.0.2.8".parse().unwrap()));
}

#[test]
fn a_container_that_stops_stays_until_somebody_else_has_its_place() {
    let redis = [("redis", ":6379")];
    let ports = |host: &str| vec![(6379, host.parse::<SocketAddr>().unwrap())];
    let at_address = container(&redis);
    let at_port = ContainerSight { published: ports("0.0.0.0:7000"), ..container(&redis) };
    let on_host = ContainerSight { addresses: vec![], is_on_host: true, ..container(&redis) };
    let named = container(&[("redis", "192.0.2.7:6379")]);
    let other = |address: &str| ContainerSight {
        name: "other".to_owned(),
        addresses: vec![address.parse().unwrap()],
        ..container(&[])
    };
    let publishes = |host: &str| ContainerSight { published: ports(host), ..other("192.0.2.9") };
    let neighbour = ContainerSight { name: "other".to_owned(), ..on_host.clone() };
    let local = Some(Reached::Socket);
    let remote = Some(Reached::Address { peer: "192.0.2.200:2376".parse().unwrap(), is_own: false });
    for (stopped, next, reached, stays) in [
        (&at_address, other("192.0.2.9"), local, true),
        (&at_address, other("192.0.2.7"), local, false),
        (&at_address, other("192.0.2.7"), remote, false),
        (&at_address, ContainerSight { runs: false, ..other("192.0.2.7") }, local, true),
        (&at_port, publishes("0.0.0.0:7000"), local, false),
        (&at_port, publishes("[::]:7000"), local, false),
        (&at_port, publishes("127.0.0.1:7000"), local, false),
        (&at_port, publishes("0.0.0.0:7001"), local, true),
        (&at_port, publishes("0.0.0.0:7000"), remote, true),
        (&on_host, neighbour, local, false),
        // Where a label leads it leads whether or not the container runs.
        (&named, other("192.0.2.7"), local, true),
    ] {
        let engine = |name: &str, reached, container: &ContainerSight| {
            (name.to_owned(), Sight { reached, containers: vec![container.clone()], ..Sight::default() })
        };
        let mut containers = Containers::default();
        containers.look(&[engine("docker", local, stopped)], &KINDS);
        let gone = ContainerSight { runs: false, addresses: vec![], published: vec![], ..stopped.clone() };
        let engines = [engine("docker", local, &gone), engine("second", reached, &next)];
        containers.look(&engines, &KINDS);
        let is_there = |containers: &Containers| containers.candidates().any(|of| of.name == "redis-1");
        assert_eq!(is_there(&containers), stays, "{stopped:?} {next:?} {reached:?}");
        // It does not come back before it runs.
        containers.look(&engines[..1], &KINDS);
        assert_eq!(is_there(&containers), stays);
    }
}
