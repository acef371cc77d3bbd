use std::path::Path;

use super::*;
use crate::collector::{KINDS, parsed};
use crate::config::Config;
use crate::logpattern::{LogStreams, PatternSet};
use crate::net::Endpoint;

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("/etc/manometer/config.toml"), &|_| None, KINDS).unwrap()
}

fn docker(keys: &str) -> DockerTarget {
    parsed(&format!("[[docker]]\nname = \"docker\"\n{keys}\n")).remove(0)
}

#[test]
fn a_name_is_enough() {
    let target = docker("");
    assert_eq!(target.url.endpoint(), &Endpoint::Unix("/var/run/docker.sock".into()));
    assert_eq!(target.tls, None);
    assert_eq!(
        [target.interval.length(), target.deadline, target.call_timeout],
        [15 * SECOND, 10 * SECOND, 5 * SECOND]
    );
    assert_eq!((target.concurrency, target.bandwidth_bits_per_second), (None, None));
    assert!(target.containers.is_empty() && target.exclude.is_empty());
    assert!(target.with_labels.is_empty());
    assert_eq!(target.export_labels, ["com.docker.compose.project", "com.docker.compose.service"]);
    assert_eq!(docker("export_labels = []").export_labels, [""; 0]);
    assert_eq!((target.compose, target.processes, target.cadvisor_labels), (true, false, false));
    assert_eq!(target.disk_usage_interval, Duration::ZERO);
    assert_eq!((target.max_containers, target.inspect, target.series_limit), (500, true, 50_000));
    assert_eq!(target.keep_removed, 15 * MINUTE);
    assert_eq!(target.logs, None);
}

const EVERY_KEY: &str = r#"
    url = "tcp://engine"
    interval = "30s"
    deadline = "25s"
    call_timeout = "3s"
    concurrency = 4
    containers = ["api-*", "ticker"]
    exclude = "api-test"
    with_labels = ["com.docker.compose.project=shop", "watched"]
    export_labels = ["com.docker.compose.service"]
    compose = false
    processes = true
    disk_usage_interval = "1h"
    cadvisor_labels = true
    max_containers = 20
    inspect = false
    keep_removed = "0s"
    bandwidth_bits_per_second = 10_000_000
    series_limit = 1000
    [docker.tls]
    ca_file = "ca.pem"
    cert_file = "cert.pem"
    key_file = "key.pem"
    [docker.logs]
    containers = "ticker"
    exclude = ["ticker-test"]
    sets = ["pool", "redis", "pool"]
    tty = true
    samples = true
    lines_per_second = 100
    burst = 200
    max_followed = 3
    max_gap = "1m"
    idle_refresh = "2m"
    [[docker.logs.pattern]]
    name = "order_rejected"
    regex = 'order \d+ rejected after (?P<value>\d+)ms$'
    exclude = "dry run"
    stream = "stderr"
    ignore_case = true
    containers = ["tick*"]
    [[docker.logs.pattern]]
    name = "p2"
    regex = "x"
"#;

#[test]
fn every_key_reaches_its_setting() {
    let target = docker(EVERY_KEY);
    assert_eq!(target.url.to_string(), "https://engine:2376");
    let tls = target.tls.as_ref().unwrap();
    assert_eq!(tls.ca_file.as_deref(), Some(Path::new("/etc/manometer/ca.pem")));
    assert_eq!(tls.key_file.as_deref(), Some(Path::new("/etc/manometer/key.pem")));
    assert_eq!(
        [target.interval.length(), target.deadline, target.call_timeout],
        [30 * SECOND, 25 * SECOND, 3 * SECOND]
    );
    assert_eq!((target.concurrency, target.bandwidth_bits_per_second), (Some(4), Some(10_000_000)));
    assert!(target.containers.matches("api-7") && target.containers.matches("ticker"));
    assert!(!target.containers.matches("ticker-2") && target.exclude.matches("api-test"));
    assert_eq!(target.with_labels, ["com.docker.compose.project=shop", "watched"]);
    assert_eq!(target.export_labels, ["com.docker.compose.service"]);
    assert_eq!((target.compose, target.processes, target.cadvisor_labels), (false, true, true));
    assert_eq!(target.disk_usage_interval, 60 * MINUTE);
    assert_eq!((target.max_containers, target.inspect, target.series_limit), (20, false, 1000));
    assert_eq!(target.keep_removed, Duration::ZERO);
    let logs = target.logs.unwrap();
    assert!(logs.containers.matches("ticker") && logs.exclude.matches("ticker-test"));
    assert_eq!(logs.sets, [PatternSet::Pool, PatternSet::Redis]);
    assert_eq!((logs.tty, logs.samples), (true, true));
    assert_eq!((logs.lines_per_second, logs.burst, logs.max_followed), (100, 200, 3));
    assert_eq!((logs.max_gap, logs.idle_refresh), (MINUTE, 2 * MINUTE));
    let [first, second] = logs.patterns.try_into().unwrap();
    assert_eq!(first.name, "order_rejected");
    assert_eq!(first.regex, r"order \d+ rejected after (?P<value>\d+)ms$");
    assert_eq!(
        (first.exclude.as_deref(), first.stream, first.ignore_case),
        (Some("dry run"), LogStreams::Stderr, true)
    );
    assert!(first.containers.matches("ticker"));
    assert_eq!((second.name.as_str(), second.exclude, second.stream), ("p2", None, LogStreams::Both));
    assert!(second.containers.is_empty() && !second.ignore_case);
}

#[test]
fn what_is_in_force_can_be_read_again() {
    let config = parse(&format!("[[docker]]\nname = \"docker\"\n{EVERY_KEY}\n[host]\nprocesses = \"redis-server\"\n"));
    for config in [config, parse("[[docker]]\nname = \"docker\"\nexport_labels = []\n")] {
        let shown = config.to_toml().unwrap();
        assert_eq!(parse(&shown), config, "{shown}");
    }
}

#[test]
fn a_table_of_logs_follows_them_with_every_ready_set() {
    assert_eq!(docker("[docker.logs]").logs, Some(FollowSettings::default()));
    let with_pattern = docker("[[docker.logs.pattern]]\nname = \"p\"\nregex = \"x\"").logs.unwrap();
    assert_eq!(with_pattern.sets, [PatternSet::Redis, PatternSet::Ticker, PatternSet::Pool]);
    let own_only = docker("logs = { sets = [], pattern = [{ name = \"p\", regex = \"x\" }] }").logs.unwrap();
    assert_eq!((own_only.sets.len(), own_only.patterns.len()), (0, 1));
}

#[test]
fn engines_are_addressed_as_dockers_own_tools_do_it() {
    let shown = |url: &str, rest: &str| docker(&format!("url = {url:?}\n{rest}")).url.to_string();
    let tls = "[docker.tls]\nca_file = \"ca.pem\"";
    for (url, plain) in [
        ("unix:///run/docker.sock", "unix:/run/docker.sock"),
        ("unix:/run/user/1000/docker.sock", "unix:/run/user/1000/docker.sock"),
        ("tcp://engine", "http://engine:2375"),
        ("tcp://engine:1234", "http://engine:1234"),
        ("tcp://[::1]", "http://[::1]:2375"),
        ("tcp://[::1]:1234/proxy/", "http://[::1]:1234/proxy"),
        (" tcp://u:hunter2@engine ", "http://engine:2375"),
        ("http://engine:2375", "http://engine:2375"),
        ("https://engine:2376", "https://engine:2376"),
    ] {
        assert_eq!(shown(url, ""), plain, "{url}");
    }
    assert_eq!(shown("tcp://engine", tls), "https://engine:2376");
    assert_eq!(shown("tcp://engine:1234/", tls), "https://engine:1234");
    assert_eq!(shown("https://engine", tls), "https://engine");
    assert_eq!(docker("url = \"https://engine\"").tls, Some(TlsSettings::default()));
}

#[test]
fn a_short_interval_leaves_most_of_it_to_the_sweep() {
    let times = |keys: &str| {
        let target = docker(keys);
        [target.deadline, target.call_timeout].map(|time| time.as_millis())
    };
    assert_eq!(times("interval = \"10s\""), [8_000, 5_000]);
    assert_eq!(times("interval = \"1s\""), [800, 800]);
    assert_eq!(times("interval = \"1m\""), [10_000, 5_000]);
    assert_eq!(times("deadline = \"2s\"\ncall_timeout = \"9s\""), [2_000, 2_000]);
}

#[test]
fn an_engine_may_be_two_targets() {
    let text = "[[docker]]\nname = \"a\"\ncontainers = \"a-*\"\n[[docker]]\nname = \"b\"\nexclude = \"a-*\"\n";
    let [a, b]: [DockerTarget; 2] = parsed(text).try_into().unwrap();
    assert_eq!(a.url, b.url);
}

#[test]
fn there_is_a_most_of_patterns_and_of_their_length() {
    let error = |patterns: &str| {
        let text = format!("[[docker]]\nname = \"docker\"\n{patterns}");
        Config::parse(&text, Path::new("config.toml"), &|_| None, KINDS).unwrap_err().to_string()
    };
    let pattern =
        |name: &str, regex: &str| format!("[[docker.logs.pattern]]\nname = \"{name}\"\nregex = \"{regex}\"\n");
    let many: String = (0..64).map(|n| pattern(&format!("p{n}"), "x")).collect();
    assert_eq!(docker(&many).logs.unwrap().patterns.len(), 64);
    assert_eq!(
        error(&(many + &pattern("p64", "x"))),
        "config.toml:3: docker[0].logs.pattern: there are 65 patterns; 64 are the most"
    );
    assert_eq!(docker(&pattern("p", &"x".repeat(1024))).logs.unwrap().patterns.len(), 1);
    assert_eq!(
        error(&pattern("p", &"x".repeat(1025))),
        "config.toml:5: docker[0].logs.pattern[0].regex: is 1025 bytes long; 1024 are the most"
    );
    assert_eq!(
        error(&pattern(&"p".repeat(65), "x")),
        format!(
            "config.toml:4: docker[0].logs.pattern[0].name = {:?}: must be a-z, 0-9 and _, a letter first, 64 at most",
            "p".repeat(65)
        )
    );
}
