use std::path::Path;

use super::*;
use crate::collector::KINDS;
use crate::config::Config;
use crate::discover::Discovery;
use crate::hub::Hub;

fn entries(server: SocketAddr) -> Vec<Entry> {
    let text = format!(
        "[[discover]]\nmatch = \"127.0.0.0/8\"\nsrv = \"_redis._tcp.example.org\"\nserver = \"{server}\"\n[discover.redis]\n"
    );
    Config::parse(&text, Path::new("/config.toml"), &|_| None, KINDS).unwrap().discover.entries
}

fn servers(hosts: &[(&str, &[&str])]) -> Vec<(String, u16, Vec<IpAddr>)> {
    let of = |addresses: &[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
    hosts.iter().map(|(host, addresses)| ((*host).to_owned(), 6379, of(addresses))).collect()
}

#[tokio::test]
async fn a_question_that_nobody_answers_is_told_and_not_asked_again_at_once() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = silent.local_addr().unwrap();
    let mut names = Names::default();
    names.ask(&entries(server), Instant::now() + Duration::from_millis(50)).await;
    let told: Vec<_> = names.services().map(|(name, service)| (name, service.error.clone(), service.at)).collect();
    let error = format!(
        "asking the name server {server} for SRV _redis._tcp.example.org: no answer in time; does the name server answer others?"
    );
    assert_eq!(told, [("_redis._tcp.example.org".to_owned(), Some(error), None)]);
    let due = |names: &Names| names.services.values().next().unwrap().due.unwrap();
    assert!(due(&names) > Instant::now());
    // What there is no time for is not asked, and stays as it was.
    let mut other = Names::default();
    other.ask(&entries(server), Instant::now()).await;
    assert_eq!(other.services().count(), 0);
}

#[test]
fn what_is_due_longest_comes_first() {
    let now = Instant::now();
    let ago = |seconds| now.checked_sub(Duration::from_secs(seconds));
    let later = Some(now + Duration::from_mins(1));
    assert_eq!(in_turn([(ago(1), "b"), (later, "d"), (ago(2), "a"), (None, "new")].into_iter()), ["new", "a", "b"]);
}

#[test]
fn the_host_of_a_server_is_a_host_and_a_name_is_its_name_servers() {
    let (one, two) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
    let both = [entries(one), entries(two)].concat();
    let mut names = Names::default();
    for (server, host) in [(one, "redis-1"), (two, "user@evil/")] {
        let known = dns::Service { servers: servers(&[(host, &["127.0.0.1"])]), ..dns::Service::default() };
        let key = ("_redis._tcp.example.org".to_owned(), Some(server));
        names.services.insert(key, Service { known, ..Service::default() });
    }
    let found: Vec<_> = names.candidates(&both).into_iter().map(|of| of.map(|of| (of.of, of.name))).collect();
    let error = "is not a host and a port; write it like redis-1.example.org:6379 or [fd00::7]:6379";
    assert_eq!(
        found,
        [
            Ok((Of::Srv(0), "redis-1:6379".to_owned())),
            Err(("user@evil/:6379 of SRV _redis._tcp.example.org".to_owned(), error.to_owned())),
        ]
    );
    let shown: Vec<String> = names.services().map(|(name, _)| name).collect();
    assert_eq!(shown, ["127.0.0.1:1", "127.0.0.1:2"].map(|server| format!("_redis._tcp.example.org of {server}")));
}

#[test]
fn a_host_that_fails_has_what_it_had() {
    let had =
        dns::Service { servers: servers(&[("a", &["10.0.0.1"]), ("b", &["10.0.0.2"])]), ..dns::Service::default() };
    let service = Service { known: had, ..Service::default() };
    let failed = ["a".to_owned(), "c".to_owned()].into();
    let mut known =
        dns::Service { servers: servers(&[("a", &[]), ("b", &[]), ("c", &[])]), failed, ..dns::Service::default() };
    service.take_over(&mut known);
    assert_eq!(known.servers, servers(&[("a", &["10.0.0.1"]), ("b", &[]), ("c", &[])]));
}

#[test]
fn a_target_stays_at_addresses_of_which_its_name_tells_a_few_at_a_time() {
    let ip = |last: u8| IpAddr::from([10, 0, 0, last]);
    let start = Instant::now();
    let mut names = Names::default();
    let told = |names: &mut Names, addresses: &[u8], seconds: u64| {
        let addresses = addresses.iter().map(|last| ip(*last)).collect();
        names.hosts.entry("redis".to_owned()).or_default().take(addresses, start + Duration::from_secs(seconds));
    };
    told(&mut names, &[1, 2], 0);
    assert!(names.still_has("redis", &[ip(1), ip(2)]));
    told(&mut names, &[2, 3], 30);
    assert!(names.still_has("redis", &[ip(1), ip(2)]));
    told(&mut names, &[3], 60);
    assert!(!names.still_has("redis", &[ip(1), ip(2)]), "it has moved");
    told(&mut names, &[2, 3], 299);
    assert!(names.still_has("redis", &[ip(1), ip(2)]));
    told(&mut names, &[2, 3], 300);
    assert!(!names.still_has("redis", &[ip(1), ip(2)]), "one was last named five minutes ago");
}

#[tokio::test]
async fn a_target_whose_name_tells_another_part_of_its_addresses_is_the_same_target() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.json"), r#"[{"targets": ["localhost:6379"]}]"#).unwrap();
    let text = "targets_files = [\"*.json\"]\n[[discover]]\nmatch = \"127.0.0.0/8\"\n";
    let config = Config::parse(text, &dir.path().join("config.toml"), &|_| None, KINDS).unwrap();
    let mut discovery = Discovery::new(KINDS, Arc::new(Hub::new(|_| {})));
    discovery.configured(&config);
    assert!(discovery.look().await);
    let mut admit = |last: &[u8]| {
        let addresses = last.iter().map(|last| IpAddr::from([127, 0, 0, *last])).collect();
        discovery.names.hosts.get_mut("localhost").unwrap().take(addresses, Instant::now());
        let is_other = discovery.admit();
        let target = Arc::clone(&discovery.targets()[0]);
        (is_other, target.settings().found.as_ref().unwrap().addresses.to_vec())
    };
    let ip = |last: u8| IpAddr::from([127, 0, 0, last]);
    assert_eq!(admit(&[1, 2]), (false, vec![ip(1)]));
    assert_eq!(admit(&[2, 3]), (true, vec![ip(2), ip(3)]));
    assert_eq!(admit(&[3, 4]), (false, vec![ip(2), ip(3)]));
}
