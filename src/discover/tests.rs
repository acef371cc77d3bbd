use std::net::IpAddr;
use std::path::Path;

use super::*;
use crate::collector::KINDS;
use crate::collector::redis::RedisTarget;
use crate::config::Target;
use crate::net::Reached;
use crate::topology::{ContainerSight, Role, Said, Sight};

/// What a test's configuration is in: the folder of its files.
fn config(folder: &Path, text: &str) -> Config {
    Config::parse(text, &folder.join("config.toml"), &env, KINDS).unwrap_or_else(|error| panic!("{error}"))
}

fn env(name: &str) -> Option<String> {
    (name == "SECRET").then(|| "hunter2".to_owned())
}

fn discovery(config: &Config, hub: &Arc<Hub>) -> Discovery {
    let mut discovery = Discovery { env, ..Discovery::new(KINDS, Arc::clone(hub)) };
    discovery.configured(config);
    discovery
}

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(|_| {}))
}

fn container(name: &str, address: &str, labels: &[(&str, &str)]) -> ContainerSight {
    let address: IpAddr = address.parse().unwrap();
    ContainerSight {
        name: name.to_owned(),
        runs: true,
        addresses: vec![address],
        project: Some("shop".to_owned()),
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        ..ContainerSight::default()
    }
}

/// The engine `docker` runs these containers.
fn runs(hub: &Hub, containers: Vec<ContainerSight>) {
    let engine = Said { name: "docker".to_owned(), collector: "docker", role: Role::Engine, ..Said::default() };
    hub.topology().configure(vec![engine]);
    let sight = Sight { reached: Some(Reached::Socket), containers, ..Sight::default() };
    hub.topology().polled("docker", None, Some(sight));
}

/// Each target: kind, name, address, source.
fn found(discovery: &Discovery) -> Vec<String> {
    let shown = |target: &Arc<dyn Target>| {
        let settings = target.settings();
        let of = settings.found.as_ref().unwrap();
        format!("{} {} {:?} {}", target.said().collector, settings.name, of.addresses, of.source)
    };
    discovery.targets().iter().map(shown).collect()
}

fn refused(discovery: &Discovery) -> Vec<String> {
    discovery.told().refused.iter().map(|refused| format!("{} {}", refused.reason.as_str(), refused.text)).collect()
}

const FILE: &str = "targets_files = [\"*.json\"]\n";

#[tokio::test]
async fn a_file_names_targets_and_one_that_is_cut_in_half_leaves_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.json");
    let whole = r#"[{"targets": ["127.0.0.1:6379", "[::1]:6380"], "labels": {"team": "shop", "job": "redis", "__x": "y"}},
        {"targets": ["127.0.0.2:8000"], "labels": {"manometer_kind": "service", "manometer_profile": "ticker", "manometer_name": "web", "manometer_uses": "127.0.0.1:6379"}}]"#;
    std::fs::write(&file, whole).unwrap();
    let text =
        "[[discover]]\nmatch = [\"127.0.0.0/8\", \"::1\"]\n[discover.redis]\npassword = \"x$$y\"\ninterval = \"7s\"\n";
    let config = config(dir.path(), &(FILE.to_owned() + text));
    let mut discovery = discovery(&config, &hub());
    assert!(discovery.look().await);
    let source = format!("file {}", file.display());
    let all = [
        format!("redis 127.0.0.1:6379 [127.0.0.1] {source}"),
        format!("redis [::1]:6380 [::1] {source}"),
        format!("service web [127.0.0.2] {source}"),
    ];
    assert_eq!((found(&discovery), refused(&discovery)), (all.to_vec(), vec![]));
    let targets = discovery.targets();
    let redis: &RedisTarget = (targets[0].as_ref() as &dyn std::any::Any).downcast_ref().unwrap();
    assert_eq!(redis.password.as_ref().unwrap().first().reveal(), "x$y");
    assert_eq!(redis.labels.as_ref(), [("team".to_owned(), "shop".to_owned())]);
    assert_eq!(redis.interval.length(), Duration::from_secs(7));
    assert_eq!(targets[2].settings().uses, Some(vec!["127.0.0.1:6379".to_owned()]));
    assert!(!discovery.look().await, "nothing has changed");
    assert!(discovery.targets()[0].is_same(targets[0].as_ref()));

    // What is being written is read when it stays as it is.
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(!discovery.look().await);
    assert!(discovery.look().await, "it is told");
    assert_eq!(found(&discovery), all);
    let told = discovery.told();
    let error = told.sources[0].error.clone().unwrap();
    assert!(error.starts_with("is not a targets file: EOF while parsing"), "{error}");
    assert_eq!(told.lines(), [format!("{}: {error}; the targets that it named before stay", file.display())]);
    let mut out = crate::metric::Families::new();
    export(told, &mut out);
    let values = |name: &str| out.get(name).unwrap().values().map(|(_, value)| value).collect::<Vec<_>>();
    assert_eq!(values("manometer_discovery_source_last_read_successful"), [0.0]);
    assert_eq!(values("manometer_discovered_targets"), [3.0, 0.0, 0.0]);

    std::fs::write(&file, r#"[{"targets": ["127.0.0.1:6379"]}]"#).unwrap();
    discovery.look().await;
    assert!(discovery.look().await);
    assert_eq!(found(&discovery), all[..1]);
    assert_eq!(discovery.told().lines(), [""; 0]);
    std::fs::remove_file(&file).unwrap();
    assert!(discovery.look().await);
    assert_eq!(found(&discovery), [""; 0]);
}

#[tokio::test]
async fn nothing_is_watched_that_no_match_allows_and_nobody_else_gives_a_password() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub();
    let labels = |redis: &'static str| [("redis", redis), ("label.pass", "${SECRET}")];
    let config = |text: &str| config(dir.path(), &format!("[[docker]]\nname = \"docker\"\n{text}"));
    runs(
        &hub,
        vec![
            container("shop-redis-1", "172.31.1.2", &labels(":6379")),
            container("other", "172.31.1.3", &labels(":6379")),
            container("liar", "172.31.1.4", &labels("10.9.9.9:6379")),
            container("plain", "172.31.1.5", &[]),
        ],
    );
    // Labels alone make nobody connect anywhere.
    let mut none = discovery(&config(""), &hub);
    assert!(!none.look().await);
    assert_eq!((found(&none).len(), none.told().lines().len()), (0, 0));

    let text = "[[discover]]\nmatch = \"container:shop-*\"\n[discover.redis]\npassword = \"${SECRET}\"\n\
                [[discover]]\nmatch = [\"172.31.1.3\", \"container:liar\"]\n";
    let config = config(text);
    let mut discovery = discovery(&config, &hub);
    discovery.look().await;
    assert_eq!(
        found(&discovery),
        [
            "redis other [172.31.1.3] container docker/other",
            "redis shop-redis-1 [172.31.1.2] container docker/shop-redis-1"
        ]
    );
    assert_eq!(
        refused(&discovery),
        [
            "not_allowed liar of container docker/liar: no [[discover]] allows 10.9.9.9; add its network, or its container, to \
          match of one"
        ]
    );
    let redis = |at: usize| {
        let target = Arc::clone(&discovery.targets()[at]);
        (target.as_ref() as &dyn std::any::Any).downcast_ref::<RedisTarget>().cloned().unwrap()
    };
    assert_eq!(redis(0).password, None, "its entry has none");
    assert_eq!(redis(0).container.as_deref(), Some("docker/other"), "it is said which container it is");
    assert_eq!(redis(0).labels.as_ref(), [("pass".to_owned(), "${SECRET}".to_owned())], "a label refers to nothing");
    assert_eq!(redis(1).password.unwrap().first().reveal(), "hunter2");
    assert_eq!(redis(1).endpoint.to_string(), "172.31.1.2:6379");
}

#[tokio::test]
async fn a_container_that_stops_stays_and_one_that_is_removed_goes() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub();
    let config = config(dir.path(), "[[docker]]\nname = \"docker\"\n[[discover]]\nmatch = \"project:shop\"\n");
    let mut discovery = discovery(&config, &hub);
    let redis = container("redis", "172.31.1.2", &[("redis", ":6379"), ("name", "main"), ("queues", "list:a")]);
    runs(&hub, vec![ContainerSight { runs: false, addresses: vec![], ..redis.clone() }]);
    discovery.look().await;
    assert_eq!(found(&discovery), [""; 0], "it has not run yet");
    let plain = ContainerSight { labels: redis.labels[..2].to_vec(), ..redis.clone() };
    runs(&hub, vec![plain.clone()]);
    assert!(discovery.look().await);
    let there = ["redis main [172.31.1.2] container docker/redis"];
    assert_eq!(found(&discovery), there);
    runs(&hub, vec![ContainerSight { runs: false, addresses: vec![], ..plain.clone() }]);
    assert!(!discovery.look().await);
    assert_eq!(found(&discovery), there);
    // A re-created one goes on under the same name, wherever it is.
    runs(&hub, vec![container("redis", "172.31.1.9", &[("redis", ":6379"), ("name", "main")])]);
    assert!(discovery.look().await);
    assert_eq!(found(&discovery), ["redis main [172.31.1.9] container docker/redis"]);
    runs(&hub, vec![ContainerSight { is_removed: true, runs: false, ..plain }]);
    assert!(discovery.look().await);
    assert_eq!(found(&discovery), [""; 0]);
}

#[tokio::test]
async fn names_are_taken_once_and_there_are_not_too_many() {
    let dir = tempfile::tempdir().unwrap();
    let groups = r#"[{"targets": ["127.0.0.1:1"], "labels": {"manometer_name": "main"}}, {"targets": ["127.0.0.1:2", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"]},
        {"targets": ["127.0.0.1:5"], "labels": {"manometer_kind": "docker"}}, {"targets": ["127.0.0.1:6"], "labels": {"manometer_kin": "x"}},
        {"targets": ["127.0.0.1:7"], "labels": {"alertname": "x"}}, {"targets": ["127.0.0.1"]}]"#;
    std::fs::write(dir.path().join("a.json"), groups).unwrap();
    let text = format!(
        "{FILE}max_discovered = 2\n[[redis]]\nname = \"main\"\nurl = \"redis://127.0.0.1:1\"\n[[discover]]\nmatch = \"127.0.0.0/8\"\n"
    );
    let mut discovery = discovery(&config(dir.path(), &text), &hub());
    discovery.look().await;
    let names: Vec<String> = discovery.targets().iter().map(|target| target.settings().name.clone()).collect();
    assert_eq!(names, ["127.0.0.1:2", "127.0.0.1:3"]);
    let of = format!("of file {}", dir.path().join("a.json").display());
    let told = [
        "limit 5 more targets of targets_files: over the limit of 2; raise max_discovered".to_owned(),
        format!("name_taken main {of}: the configuration has this name too; give one of the two another name"),
        format!(
            "name_taken 127.0.0.1:2 {of}: file {} has this name too; give one of the two another name",
            dir.path().join("a.json").display()
        ),
    ];
    assert_eq!(refused(&discovery), told);

    let wide = config(dir.path(), &text.replace("max_discovered = 2", "max_discovered = 3"));
    discovery.configured(&wide);
    assert_eq!(discovery.targets().len(), 3, "without a look");
    let wide = config(dir.path(), &text.replace("max_discovered = 2\n", ""));
    discovery.configured(&wide);
    assert_eq!(
        refused(&discovery)[..2],
        [
            format!(
                "invalid 127.0.0.1:6 {of}: label manometer_kin: means nothing; there are manometer_kind, manometer_name, \
                 manometer_profile, manometer_uses, manometer_queues"
            ),
            format!(
                "invalid 127.0.0.1 {of}: is not a host and a port; write it like redis-1.example.org:6379 or [fd00::7]:6379"
            ),
        ]
    );
    assert_eq!(
        refused(&discovery)[4..],
        [
            format!(
                "invalid 127.0.0.1:5 {of}: \"docker\" is not a kind of targets that can be found; there are redis, service"
            ),
            format!(
                "invalid 127.0.0.1:7 {of}: labels.alertname: has a meaning of its own in series and alerts; choose another name"
            ),
        ]
    );
}

#[tokio::test]
async fn a_host_is_looked_up_and_watched_at_those_addresses_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.json"), r#"[{"targets": ["localhost:6379", "no.such.invalid:1"]}]"#).unwrap();
    let text = format!("{FILE}[[discover]]\nmatch = [\"127.0.0.1\"]\n");
    let mut discovery = discovery(&config(dir.path(), &text), &hub());
    discovery.look().await;
    let [target] = &discovery.targets()[..] else { panic!("{:?}", found(&discovery)) };
    // Of the addresses of the name those that are allowed.
    assert_eq!(target.settings().found.as_ref().unwrap().addresses.as_ref(), ["127.0.0.1".parse::<IpAddr>().unwrap()]);
    let lost = refused(&discovery);
    assert!(lost.len() == 1 && lost[0].starts_with("unresolved no.such.invalid:1 of file "), "{lost:?}");
}

#[tokio::test]
async fn what_is_watched_keeps_its_name_and_its_place_whoever_comes() {
    let dir = tempfile::tempdir().unwrap();
    let named = |address: &str| format!(r#"[{{"targets": ["{address}"], "labels": {{"manometer_name": "main"}}}}]"#);
    std::fs::write(dir.path().join("b.json"), named("127.0.0.1:2")).unwrap();
    let text = format!("{FILE}max_discovered = 1\n[[discover]]\nmatch = \"127.0.0.0/8\"\n");
    let config = config(dir.path(), &text);
    let mut discovery = discovery(&config, &hub());
    discovery.look().await;
    let b = dir.path().join("b.json");
    let there = [format!("redis main [127.0.0.1] file {}", b.display())];
    assert_eq!(found(&discovery), there);
    let target = Arc::clone(&discovery.targets()[0]);
    let a = dir.path().join("a.json");
    let other = r#"[{"targets": ["127.0.0.1:3"]}]"#;
    for (text, told) in [
        (
            named("127.0.0.1:1"),
            format!(
                "name_taken main of file {}: file {} has this name too; give one of the two another name",
                a.display(),
                b.display()
            ),
        ),
        (
            other.to_owned(),
            format!("limit 127.0.0.1:3 of file {}: over the limit of 1; raise max_discovered", a.display()),
        ),
    ] {
        std::fs::write(&a, text).unwrap();
        discovery.look().await;
        discovery.look().await;
        assert_eq!((found(&discovery), refused(&discovery)), (there.to_vec(), vec![told.clone()]));
        discovery.configured(&config);
        assert_eq!((found(&discovery), refused(&discovery)), (there.to_vec(), vec![told]), "a reload changes nothing");
        assert!(discovery.targets()[0].is_same(target.as_ref()));
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_up_to_a_bound_and_counted_whole() {
    let dir = tempfile::tempdir().unwrap();
    let targets: Vec<String> = (0..5_000).map(|at| format!("{at}{}", "x".repeat(200))).collect();
    std::fs::write(dir.path().join("a.json"), serde_json::json!([{"targets": targets}]).to_string()).unwrap();
    let text = format!("{FILE}[[discover]]\nmatch = \"127.0.0.0/8\"\n");
    let mut discovery = discovery(&config(dir.path(), &text), &hub());
    discovery.look().await;
    let refused = refused(&discovery);
    let count =
        |reason| discovery.told().refused.iter().filter(|of| of.reason == reason).map(|of| of.count).sum::<usize>();
    assert_eq!((refused.len(), count(Refusal::Limit), count(Refusal::Invalid)), (101, 3_000, 2_000));
    let source = dir.path().join("a.json");
    assert_eq!(
        (refused[1].as_str(), refused[100].as_str()),
        (
            format!(
                "invalid 0{}… of file {}: is not a host and a port; write it like redis-1.example.org:6379 or [fd00::7]:6379",
                "x".repeat(99),
                source.display()
            )
            .as_str(),
            "invalid and 1901 more for the reason invalid"
        )
    );
}
