mod thresholds;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reader::testing::assert_refused;

use super::*;
use crate::collector::docker::DockerTarget;
use crate::collector::host::{HostTarget, HostWhen};
use crate::collector::kafka::KafkaTarget;
use crate::collector::log::LogTarget;
use crate::collector::redis::RedisTarget;
use crate::collector::service::ServiceTarget;
use crate::collector::{KINDS, TargetKind};
use crate::logpattern::{LogCount, LogStreams};
use crate::net::Endpoint;
use clientlist::Peer;

fn no_env(_: &str) -> Option<String> {
    None
}

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("config.toml"), &no_env, KINDS).unwrap()
}

/// The first target of a kind.
fn first<K: TargetKind>(config: &Config) -> K {
    config.targets_of().next().cloned().unwrap()
}

#[test]
fn a_target_with_queues_evicts_no_keys_unless_it_says_so() {
    const URL: &str = "[[redis]]\nname = \"a\"\nurl = \"redis://h\"\n";
    const QUEUE: &str = "[[redis.queue]]\nkind = \"list\"\nname = \"jobs\"\n";
    let evictable = |text: &str| first::<RedisTarget>(&parse(text)).evictable;
    assert_eq!(evictable(URL), None);
    assert_eq!(evictable(&format!("{URL}{QUEUE}")), Some(false));
    assert_eq!(evictable(&format!("{URL}evictable = true\n{QUEUE}")), Some(true));
}

/// One file for each way to be wrong.
#[test]
fn bad_files_are_refused_with_their_exact_messages() {
    let error = |text: &str| Config::parse(text, Path::new("config.toml"), &no_env, KINDS).err();
    assert_eq!(
        assert_refused(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/bad"), error),
        72,
        "a bad file was added or lost"
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Path::new("/does/not/exist.toml"), KINDS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/does/not/exist.toml: cannot be read: No such file or directory (os error 2); create the file, readable by the agent"
    );
}

#[test]
fn a_configuration_that_is_no_file_or_too_large_is_refused() {
    let error = Config::load(Path::new("/dev/zero"), KINDS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/dev/zero: is not a regular file; give the path of one, not of a folder, a pipe or a device"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(16 * 1024 * 1024 + 1).unwrap();
    let error = Config::load(file.path(), KINDS).unwrap_err();
    let expected = format!("{}: is larger than 16384 KiB; is it the right file?", file.path().display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_documented_example_is_valid_and_shows_every_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let example = Config::parse(&text, &path, &no_env, KINDS).unwrap();
    let minimal = parse("[[redis]]\nname = \"redis\"\nurl = \"redis://127.0.0.1:6379\"\n");
    assert_eq!(example, minimal, "what config.toml sets must be the defaults, for they are documented there");
}

/// The keys that the example documents from `start` to `end`, without those of lines that hold one of `examples`, which
/// have no default.
fn documented(text: &str, start: &str, end: &str, examples: &[&str]) -> String {
    let part = &text[text.find(start).unwrap()..];
    let part = &part[..part.find(end).unwrap_or(part.len())];
    // Keys that are commented out have no space behind the #; sentences have one.
    let keys = part.lines().filter(|line| !line.starts_with("# ")).map(|line| line.trim_start_matches('#'));
    keys.filter(|line| !examples.iter().any(|example| line.contains(example))).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_service_is_valid_and_shows_every_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let documented = documented(&text, "#[[service]]", "\n#[[docker]]", &["service.tls", "ca_file", "max_connections"]);
    let key = |name: &str| (name == "TICKER_API_KEY").then(|| "hunter2".to_owned());
    let mut example: ServiceTarget = first(&Config::parse(&documented, &path, &key, KINDS).unwrap());
    assert_eq!(example.headers, [("X-API-Key".to_owned(), Secret::new("hunter2").into())]);
    let orders = example.mapping.endpoints.last().unwrap();
    assert_eq!((orders.name.as_str(), orders.path.as_str()), ("orders", "/stats/orders"));
    assert_eq!(orders.timeout, Duration::from_secs(2));
    assert_eq!(example.mapping.rules[0].definition.name, "orders_pending");
    let minimal = parse("[[service]]\nname = \"ticker\"\nurl = \"http://127.0.0.1:8080\"\nprofile = \"ticker\"\n");
    let minimal: ServiceTarget = first(&minimal);
    example.headers.clear();
    example.mapping = Arc::clone(&minimal.mapping);
    assert_eq!(example, minimal, "what config.toml sets must be the defaults, for they are documented there");
}

#[test]
fn the_documented_engine_and_host_are_valid_and_show_every_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let examples = ["docker.tls", "ca_file", "concurrency", "bandwidth_bits_per_second", "disk_usage_interval"];
    let docker = documented(&text, "#[[docker]]", "\n#[[kafka]]", &examples);
    let mut example: DockerTarget = first(&parse(&docker));
    let pattern = example.logs.as_mut().unwrap().patterns.remove(0);
    assert_eq!((pattern.name.as_str(), pattern.exclude.as_deref()), ("order_rejected", Some("dry run")));
    assert_eq!((pattern.stream, pattern.ignore_case), (LogStreams::default(), false));
    let event = example.logs.as_mut().unwrap().events.remove(0);
    assert_eq!((event.start.as_str(), pattern.count), (r"^\d{4}-", LogCount::default()));
    let minimal: DockerTarget = first(&parse("[[docker]]\nname = \"docker\"\n[docker.logs]\n"));
    assert_eq!(example, minimal, "what config.toml sets must be the defaults, for they are documented there");
    let examples =
        ["kafka.tls", "ca_file", "username", "password", "sasl", "groups =", "topics =", "max_poll_interval"];
    let kafka: KafkaTarget = first(&parse(&documented(&text, "#[[kafka]]", "\n# A log that is not", &examples)));
    let minimal = "[[kafka]]\nname = \"events\"\nbrokers = [\"10.0.0.7:9092\", \"10.0.0.8:9092\"]\n";
    assert_eq!(
        kafka,
        first(&parse(minimal)),
        "what config.toml sets must be the defaults, for they are documented there"
    );
    let log = parse(&documented(&text, "#[[log]]", "\n#[host]", &[]));
    let minimal = parse("[[log]]\nname = \"redis-log\"\nfiles = [\"/var/log/redis/*.log\"]\n");
    assert_eq!(first::<LogTarget>(&log), first(&minimal));
    let host = parse(&documented(&text, "#[host]", "\n#[thresholds]", &[]));
    assert_eq!(first::<HostTarget>(&host), first(&parse("[host]\n")));
    let whole = documented(&text, "#[[docker]]", "\n#[thresholds]", &[&["docker.tls"], &examples[..]].concat());
    let docker: DockerTarget = first(&parse(&whole));
    assert_eq!(docker.concurrency, Some(8));
    assert_eq!(docker.bandwidth_bits_per_second, Some(10_000_000));
}

#[test]
fn the_documented_thresholds_are_valid_and_show_every_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let targets = "[[redis]]\nname = \"redis\"\nurl = \"redis://a:6379\"\n\
                   [[redis]]\nname = \"far-redis\"\nurl = \"redis://b:6379\"\n";
    let documented = documented(&text, "#[thresholds]", "\n#[[none]]", &[]);
    let (defaults, _) = documented.split_once("[[thresholds").unwrap();
    let example = parse(&format!("{targets}{defaults}"));
    assert_eq!(example.policy, policy::shipped().unwrap(), "what config.toml sets must be the defaults");
    let levels = parse(&format!("{targets}{documented}")).policy.alert("RedisPingHigh").unwrap().levels.clone();
    let scopes: Vec<Vec<&str>> =
        levels.iter().map(|level| level.scopes.iter().map(|scope| scope.targets[0].as_str()).collect()).collect();
    assert_eq!(scopes, [vec!["far-redis"], vec!["redis", "far-redis"], vec!["far-redis"]]);
}

#[test]
fn every_key_of_the_host_reaches_its_setting() {
    let host = |keys: &str| first::<HostTarget>(&parse(&format!("[host]\n{keys}\n")));
    let second = Duration::from_secs(1);
    let settings = |name: &str, interval, deadline, series_limit| TargetSettings {
        interval: Interval::Every(interval),
        deadline,
        series_limit,
        ..TargetSettings::new(name.to_owned(), &Defaults::USUAL)
    };
    assert_eq!(Defaults::USUAL.interval, 15 * second);
    let named = HostTarget {
        common: settings("db-1", 4 * second, second, 300),
        when: HostWhen::Always,
        processes: vec!["redis-server".to_owned(), "ticker".to_owned()],
    };
    let keys = "name = \"db-1\"\nwhen = \"always\"\ninterval = \"4s\"\ndeadline = \"1s\"\n\
                processes = [\"redis-server\", \"ticker\"]\nseries_limit = 300";
    assert_eq!(host(keys), named);
    let default = HostTarget {
        common: TargetSettings::new("host".to_owned(), &Defaults::USUAL),
        when: HostWhen::Auto,
        processes: Vec::new(),
    };
    assert_eq!(host(""), default);
    assert_eq!(host("interval = \"4s\"").deadline, 2 * second);
    assert_eq!(parse("[[docker]]\nname = \"d\"\n").targets_of::<HostTarget>().next(), None);
}

#[test]
fn every_key_reaches_its_setting() {
    let config = parse(
        r#"
        environment = "production"
        [web]
        listen_address = ["0.0.0.0:9121", "[::1]:9121"]
        config_file = "web.yml"
        max_connections = 100
        max_requests = 10
        enable_lifecycle = true
        [log]
        level = "debug"
        format = "json"
        [[redis]]
        name = "main"
        url = "rediss://u:p%40ss@[::1]:6380/3"
        interval = "30s"
        deadline = "2s"
        connect_timeout = "500ms"
        ping_samples = 5
        client_list = false
        client_list_max_clients = 7
        latency_histogram = false
        top_k = 3
        stale_after = "1h"
        hit_ratio_window = "10m"
        evictable = false
        pubsub_patterns = ["ticker:*", "chat:?"]
        canary = true
        canary_channel = "c"
        series_limit = 1000
        [redis.tls]
        ca_file = "/etc/ca.crt"
        server_name = "redis.internal"
        [[redis.pool]]
        name = "web"
        match = "web-*"
        user = ["svc-*", "web"]
        db = 1
        lib = "redis-py*"
        address = ["10.0.0.0/8", "fd00::/8", "unix"]
        max = 20
        idle_after = "5s"
        [[redis.queue]]
        kind = "celery"
        name = "celery"
        as = "jobs"
        db = 1
        prefix = "app:"
        priorities = [9, 0, 5]
        separator = ":"
        [[redis.queue]]
        kind = "asgi"
        name = ["a", "b"]
        groups = ["lobby"]
        capacity = 1500
        channel_capacity = { "notifications.*" = 500, "chat.*" = 2_000 }
        "#,
    );
    assert_eq!(config.environment.as_deref(), Some("production"));
    assert_eq!(config.web.listen_addresses, ["0.0.0.0:9121".parse().unwrap(), "[::1]:9121".parse().unwrap()]);
    assert_eq!(config.web.config_file.as_deref(), Some(Path::new("web.yml")));
    assert_eq!((config.web.max_connections, config.web.max_requests), (100, 10));
    assert!(config.web.enable_lifecycle);
    assert_eq!(config.log, LogSettings { level: LogLevel::Debug, format: LogFormat::Json });
    let target: RedisTarget = first(&config);
    assert_eq!(target.endpoint, Endpoint::Tcp { host: "::1".to_owned(), port: 6380 });
    assert_eq!((target.username.as_deref(), target.password.as_ref().unwrap().first().reveal()), (Some("u"), "p@ss"));
    assert_eq!(target.database, 3);
    assert_eq!((target.interval.length(), target.deadline), (Duration::from_secs(30), Duration::from_secs(2)));
    assert_eq!((target.connect_timeout, target.ping_samples), (Duration::from_millis(500), 5));
    assert_eq!((target.client_list, target.client_list_max_clients, target.latency_histogram), (false, 7, false));
    assert_eq!((target.top_k, target.stale_after), (3, Duration::from_hours(1)));
    assert_eq!((target.hit_ratio_window, target.series_limit), (Duration::from_mins(10), 1000));
    assert_eq!(target.evictable, Some(false));
    assert_eq!(target.pubsub_patterns, ["ticker:*", "chat:?"]);
    assert_eq!((target.canary, target.canary_channel.as_str()), (true, "c"));
    let tls = target.tls.as_ref().unwrap();
    assert_eq!(tls.ca_file.as_deref(), Some(Path::new("/etc/ca.crt")));
    assert_eq!(tls.server_name.as_deref(), Some("redis.internal"));
    let [celery, asgi] = &target.queues[..] else { panic!("two tables of queues") };
    assert_eq!(
        serde_json::to_value(celery).unwrap(),
        serde_json::json!({"kind": "celery", "name": ["celery"], "as": "jobs", "db": 1, "prefix": "app:",
            "priorities": [0, 5, 9], "separator": ":"})
    );
    assert_eq!(
        serde_json::to_value(asgi).unwrap(),
        serde_json::json!({"kind": "asgi", "name": ["a", "b"], "prefix": "asgi", "capacity": 1500, "groups": ["lobby"],
            "channel_capacity": [["notifications.*", 500], ["chat.*", 2000]]})
    );
    let pool = &target.pools[0];
    assert_eq!((pool.name.as_str(), pool.max, pool.idle_after), ("web", Some(20), Duration::from_secs(5)));
    assert!(pool.names.matches("web-7") && !pool.names.matches("job-7"));
    assert!(pool.users.matches("svc-a") && pool.users.matches("web") && pool.libraries.matches("redis-py(x)"));
    assert_eq!(pool.databases, [1]);
    let addresses = ["10.0.0.0/8", "fd00::/8", "unix"].map(|text| text.parse::<Peer>().unwrap());
    assert_eq!(pool.addresses, addresses);
}

#[test]
fn logging_gives_way_to_logs() {
    let debug = LogSettings { level: LogLevel::Debug, ..LogSettings::default() };
    let target = "[[log]]\nname = \"a\"\nfiles = \"/a\"\n";
    let both = parse(&format!("[logging]\nlevel = \"debug\"\n{target}"));
    assert_eq!((both.log, both.targets_of::<LogTarget>().count()), (debug, 1));
    assert!(both.to_toml().unwrap().contains("[logging]\nlevel = \"debug\"\n"));
    let shown = parse(&both.to_toml().unwrap());
    assert_eq!(Config { origin: both.origin.clone(), ..shown }, both);
    assert_eq!(parse("[log]\nlevel = \"debug\"\n[host]\n").log, debug);
    let twice = "[log]\n[logging]\n[host]\n";
    let refused = Config::parse(twice, Path::new("c.toml"), &no_env, KINDS).unwrap_err().to_string();
    assert!(refused.contains("logging: [log] is the same table; keep one of the two"), "{refused}");
}

#[test]
fn the_folder_of_the_state_is_the_one_that_systemd_gives_unless_another_is_set() {
    let of = |keys: &str, folders: Option<&str>| {
        let env = |name: &str| (name == "STATE_DIRECTORY").then_some(folders?.to_owned());
        Config::parse(&format!("{keys}[host]\n"), Path::new("/etc/c.toml"), &env, KINDS).unwrap().state_dir
    };
    let path = |text: &str| Some(PathBuf::from(text));
    assert_eq!(of("", None), None);
    assert_eq!(of("", Some("/var/lib/a:/var/lib/b")), path("/var/lib/a"));
    assert_eq!(of("", Some("relative")), None);
    assert_eq!(of("state_dir = \"/srv\"\n", Some("/var/lib/a")), path("/srv"));
    assert_eq!(of("state_dir = \"state\"\n", None), path("/etc/state"));
}

#[test]
fn a_short_interval_shortens_the_default_deadline() {
    let target: RedisTarget = first(&parse("[[redis]]\nname = \"a\"\nurl = \"h\"\ninterval = \"2s\"\n"));
    assert_eq!(target.deadline, Duration::from_secs(1));
    assert_eq!(target.connect_timeout, Duration::from_secs(1));
}

#[test]
fn a_long_interval_lengthens_the_default_window() {
    let window = |keys: &str| {
        let config = parse(&format!("[[redis]]\nname = \"a\"\nurl = \"h\"\n{keys}\n"));
        first::<RedisTarget>(&config).hit_ratio_window
    };
    assert_eq!(window("interval = \"2m\""), Duration::from_mins(5));
    assert_eq!(window("interval = \"5m\""), Duration::from_mins(10));
    assert_eq!(window("interval = \"1day\""), Duration::from_hours(48));
    assert_eq!(window("interval = \"1day\"\nhit_ratio_window = \"2days\""), Duration::from_hours(48));
    assert_eq!(window("interval = \"1m\"\nhit_ratio_window = \"2m\""), Duration::from_mins(2));
}

#[test]
fn an_empty_credential_is_none() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let of = |url: &str, keys: &str| {
        let target: RedisTarget = first(&parse(&format!("[[redis]]\nname = \"a\"\nurl = {url:?}\n{keys}")));
        (target.username, target.password.map(|password| password.first().reveal().to_owned()))
    };
    let password_file = format!("password_file = {:?}\n", file.path());
    assert_eq!(of("h", "username = \"${USER_OF_REDIS:-}\"\npassword = \"${REDIS_PASSWORD:-}\"\n"), (None, None));
    std::fs::write(&file, "\r\n").unwrap();
    assert_eq!(of("h", &password_file), (None, None));
    std::fs::write(&file, " of file\n").unwrap();
    assert_eq!(of("h", &password_file), (None, Some(" of file".to_owned())));
    assert_eq!(of("h", &format!("password = \"\"\n{password_file}")), (None, Some(" of file".to_owned())));
    assert_eq!(of("h", "password = \"inline\"\npassword_file = \"\"\n"), (None, Some("inline".to_owned())));
    assert_eq!(
        of("redis://u:of-url@h", "username = \"\"\npassword = \"\"\n"),
        (Some("u".to_owned()), Some("of-url".to_owned()))
    );
    std::fs::write(&file, "x".repeat(64 * 1024 + 1)).unwrap();
    let text = format!("[[redis]]\nname = \"a\"\nurl = \"h\"\n{password_file}");
    assert_eq!(
        Config::parse(&text, Path::new("config.toml"), &no_env, KINDS).unwrap_err().to_string(),
        format!(
            "config.toml:4: redis[0].password_file = {:?}: is larger than 64 KiB; is it the right file?",
            file.path()
        )
    );
}

#[test]
fn secrets_are_neither_printed_nor_serialised() {
    let config = parse("[[redis]]\nname = \"a\"\nurl = \"redis://u:hunter2@h:6379\"\n");
    let shown = config.to_toml().unwrap();
    assert!(shown.contains("password = \"<redacted>\""), "{shown}");
    assert!(shown.contains("url = \"h:6379\""), "{shown}");
    assert!(!format!("{config:?}{shown}").contains("hunter2"));
}

#[test]
fn what_is_shown_of_a_target_with_tls_can_be_read() {
    for tls in ["", "[redis.tls]\nfingerprint = \"sha256 Fingerprint=FP\"\nserver_name = \"redis\""] {
        let text = format!("[[redis]]\nname = \"a\"\nurl = \"rediss://h/2?ssl_ca_certs=/ca\"\n{tls}");
        let config = parse(&text.replace("FP", &["0A"; 32].join(":")));
        let shown = config.to_toml().unwrap();
        assert!(shown.contains("url = \"h:6379\"") && shown.contains("[redis.tls]"), "{shown}");
        assert_eq!(parse(&shown), config, "{shown}");
        let trusted = first::<RedisTarget>(&config).tls.unwrap();
        assert_eq!(
            (trusted.ca_file.is_some(), trusted.fingerprints.len()),
            (tls.is_empty(), usize::from(!tls.is_empty()))
        );
    }
}
