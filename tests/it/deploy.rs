//! The examples of deployment: as much of them as can be run without pulling an image.

use std::path::{Path, PathBuf};
use std::process::Command;

use manometer::app;
use manometer::policy;
use manometer::policy::render::{Catalog, File, rules};
use serde_json::Value;

use crate::support::agent::{Agent, output, stderr};
use crate::support::missing::{installed, missing};
use crate::support::port;
use crate::support::prometheus::Prometheus;
use crate::support::wait::{SOON, until};

/// Folders whose files are rendered.
const RENDERED: [&str; 2] = ["alerts", "dashboards"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rules() -> Vec<File> {
    rules::files(&policy::shipped().unwrap(), &Catalog::new(&app::metrics()))
}

#[test]
fn prometheus_takes_its_configuration_and_every_rule_is_healthy() {
    if missing(&["promtool", "prometheus"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rules = rules();
    for file in &rules {
        std::fs::create_dir_all(folder.path().join(&file.path).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(&file.path), &file.text).unwrap();
    }
    std::fs::create_dir(folder.path().join("deploy")).unwrap();
    let config = folder.path().join("deploy/prometheus.yml");
    std::fs::write(&config, text("deploy/prometheus.yml")).unwrap();
    let checked = Command::new("promtool").args(["check", "config"]).arg(&config).output().unwrap();
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(checked.status.success(), "{said}");
    assert!(said.contains("redis.rules.yml"), "the rules are checked with it: {said}");

    let agent = Agent::run(&crate::support::agent::target("redis", &format!("redis://127.0.0.1:{}", port::free())));
    let config = text("deploy/prometheus.yml")
        .replace("manometer:10121", &agent.address.to_string())
        .replace("alertmanager:9093", &format!("127.0.0.1:{}", port::free()))
        .replace("15s", "1s")
        .replace("10s", "1s")
        .replace("1m", "1s");
    let prometheus = Prometheus::with_config("deploy/prometheus.yml", &config, &rules);
    // The target, and the agent itself.
    prometheus.wait_until_up("manometer", 2);
    let loaded = until(SOON, "every rule has been evaluated", || {
        Some(prometheus.rules()).filter(|rules| rules.iter().all(|rule| rule.health != "unknown"))
    });
    let levels: usize = policy::shipped().unwrap().alerts.iter().map(|alert| alert.levels.len()).sum();
    assert!(loaded.len() > levels, "{} rules for {levels} levels", loaded.len());
    let ill: Vec<_> = loaded.iter().filter(|rule| rule.health != "ok").collect();
    assert!(ill.is_empty(), "{ill:?}");
    // The numbers are those of this very agent.
    let same = "count(manometer_threshold == on (alert, severity, condition, scope) manometer:threshold:rendered)";
    until(SOON, "the agent's numbers are those of the rules", || {
        prometheus.query(same).first().filter(|element| element.value >= levels as f64).map(|_| ())
    });
    // Rules and agent are not there in the same second.
    let drift = "ALERTS{alertname=\"ThresholdDrift\"}";
    until(SOON, "nothing differs", || prometheus.query(drift).is_empty().then_some(()));
}

#[test]
fn what_the_stack_mounts_and_names_is_there() {
    let compose = yaml("deploy/docker-compose.yml");
    let services = compose["services"].as_object().unwrap();
    for (name, service) in services {
        let mounts = service["volumes"].as_array().cloned().unwrap_or_default();
        for mount in mounts.iter().map(|mount| mount.as_str().unwrap()) {
            let source = mount.split(':').next().unwrap();
            if source.starts_with('.') {
                let path = Path::new("deploy").join(source);
                let is_rendered = RENDERED.iter().any(|folder| source.starts_with(&format!("../{folder}")));
                assert!(is_rendered || root().join(&path).exists(), "{name} mounts {source}");
                assert!(mount.ends_with(":ro"), "{name} could write to {source}");
            } else if !source.starts_with('/') {
                assert!(compose["volumes"].as_object().unwrap().contains_key(source), "{name}: volume {source}");
            }
        }
        if let Some(image) = service["image"].as_str() {
            let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
            assert!(tag.matches('.').count() >= 2, "{name}: {image} is not pinned");
        } else {
            let dockerfile = service["build"]["dockerfile"].as_str().unwrap_or("Dockerfile");
            assert!(root().join(dockerfile).exists(), "{name} is built from {dockerfile}");
            assert_eq!(service["build"]["context"], "..", "{name}");
        }
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name} listens on {port}");
        }
        let depends = match &service["depends_on"] {
            Value::Array(names) => names.iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
            Value::Object(names) => names.keys().cloned().collect(),
            _ => Vec::new(),
        };
        assert!(depends.iter().all(|other| services.contains_key(other)), "{name} depends on {depends:?}");
    }
    // The names by which they find each other.
    for (file, names) in [
        ("deploy/prometheus.yml", &["manometer:10121", "alertmanager:9093"][..]),
        ("deploy/manometer.toml", &["//redis:6379", "//ticker:8080", "//docker-proxy:2375"]),
        ("deploy/grafana/provisioning/datasources/manometer.yaml", &["//prometheus:9090", "//alertmanager:9093"]),
    ] {
        for name in names {
            assert!(text(file).contains(name), "{file}: {name}");
            let host = name.trim_start_matches('/').split(':').next().unwrap();
            assert!(services.contains_key(host), "{file}: {host}");
        }
    }
}

#[test]
fn grafana_finds_its_data_and_its_dashboards() {
    let sources = yaml("deploy/grafana/provisioning/datasources/manometer.yaml");
    let interval = &yaml("deploy/prometheus.yml")["global"]["scrape_interval"];
    assert_eq!(&sources["datasources"][0]["jsonData"]["timeInterval"], interval);
    assert_eq!(sources["datasources"][0]["jsonData"]["alertmanagerUid"], sources["datasources"][1]["uid"]);
    let dashboards = yaml("deploy/grafana/provisioning/dashboards/manometer.yaml");
    let folder = dashboards["providers"][0]["options"]["path"].as_str().unwrap();
    let compose = yaml("deploy/docker-compose.yml");
    let mounts = compose["services"]["grafana"]["volumes"].as_array().unwrap();
    assert!(mounts.contains(&Value::from(format!("../dashboards:{folder}:ro"))), "{mounts:?}");
}

#[test]
fn the_agent_takes_its_configuration_and_may_ask_the_engine_what_it_asks() {
    let checked = output(&["config", "check", root().join("deploy/manometer.toml").to_str().unwrap()]);
    assert!(checked.status.success(), "{}", stderr(&checked));
    let location =
        |text: &str| text.lines().find(|line| line.contains("location ~")).map(|line| line.trim().to_owned());
    let documented = location(&text("docs/SECURITY.md"));
    assert!(documented.is_some());
    assert_eq!(location(&text("deploy/docker-proxy.conf")), documented);
}

/// As docs/SECURITY.md says.
#[test]
fn the_agent_is_run_with_few_rights_and_bounded_memory() {
    let agent = &yaml("deploy/docker-compose.yml")["services"]["manometer"];
    assert_eq!(agent["cap_drop"], serde_json::json!(["ALL"]));
    assert_eq!(agent["security_opt"], serde_json::json!(["no-new-privileges:true"]));
    assert_eq!((&agent["read_only"], &agent["mem_limit"]), (&Value::from(true), &Value::from("256m")));
    let unit = text("deploy/manometer.service");
    for line in ["MemoryMax=512M", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "SystemCallFilter=@system-service"]
    {
        assert!(unit.lines().any(|other| other == line), "{line}");
    }
    if !installed("systemd-analyze") {
        eprintln!("SKIPPED, not installed: systemd-analyze");
        return;
    }
    // 2.0 of 10, where 10 is a service without any of it.
    let asked = ["security", "--offline=true", "--threshold=20", "--no-pager"];
    let said =
        Command::new("systemd-analyze").args(asked).arg(root().join("deploy/manometer.service")).output().unwrap();
    // One before systemd 250 knows no files but those that are installed.
    assert!(said.status.success() || said.stdout.is_empty(), "{}", String::from_utf8_lossy(&said.stdout));
}

/// Where Docker's own plugin is at hand, it reads the file, too.
#[test]
fn docker_compose_takes_the_stack() {
    let has_plugin =
        || Command::new("docker").args(["compose", "version"]).output().is_ok_and(|said| said.status.success());
    if !installed("docker") || !has_plugin() {
        eprintln!("SKIPPED, not installed: docker compose");
        return;
    }
    let file = root().join("deploy/docker-compose.yml");
    let said = Command::new("docker").args(["compose", "-f"]).arg(file).args(["config", "--quiet"]).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}
