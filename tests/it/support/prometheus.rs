//! A real Prometheus that scrapes the agent.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use manometer::policy::render::File;
use tempfile::TempDir;

use super::http::Request;
use super::port;
use super::process::Process;
use super::wait::{SOON, until};

/// Service discovery takes five seconds of its own, and a scrape that takes longer than its second counts as none.
const FIRST_SCRAPE: Duration = Duration::from_mins(1);

/// A running Prometheus. It ends when it is dropped.
pub(crate) struct Prometheus {
    _process: Process,
    _dir: TempDir,
    pub(crate) address: SocketAddr,
}

/// One element of an instant vector.
#[derive(Debug, PartialEq)]
pub(crate) struct Element {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// A rule as Prometheus has loaded it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Loaded {
    pub(crate) name: String,
    /// `ok`, `err` or `unknown`: that it has not been evaluated yet.
    pub(crate) health: String,
    pub(crate) error: String,
}

impl Prometheus {
    /// Starts it with these `scrape_configs`, each scraped every second.
    pub(crate) fn start(scrape_configs: &str) -> Self {
        Self::with_rules(scrape_configs, &[], None)
    }

    /// The same, with rules that are evaluated every second, and somebody who is told.
    pub(crate) fn with_rules(scrape_configs: &str, rules: &[File], alertmanager: Option<SocketAddr>) -> Self {
        let alerting = alertmanager.map_or_else(String::new, |address| {
            format!("alerting:\n  alertmanagers:\n  - static_configs:\n    - targets: ['{address}']\n")
        });
        let config = format!(
            "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  evaluation_interval: 1s\n\
             rule_files: ['alerts/*.rules.yml']\n{alerting}scrape_configs:\n{scrape_configs}"
        );
        Self::with_config("prometheus.yml", &config, rules)
    }

    /// Starts it on a whole configuration, which lies at `path` below the folder that the rules are written into.
    pub(crate) fn with_config(path: &str, config: &str, rules: &[File]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for file in rules {
            std::fs::create_dir_all(dir.path().join(&file.path).parent().unwrap()).unwrap();
            std::fs::write(dir.path().join(&file.path), &file.text).unwrap();
        }
        let config_file = dir.path().join(path);
        std::fs::create_dir_all(config_file.parent().unwrap()).unwrap();
        std::fs::write(&config_file, config).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port::free()));
        let process = Process::spawn(
            Command::new("prometheus")
                .arg(format!("--config.file={}", config_file.display()))
                .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
                .arg(format!("--web.listen-address={address}"))
                // Every evaluation tells Alertmanager; what is over is over there soon after.
                .arg("--rules.alert.resend-delay=1s")
                .arg("--log.level=error")
                .stdout(Stdio::null())
                .stderr(Stdio::inherit()),
        );
        until(SOON, "Prometheus is ready", || {
            Request::get("/-/ready").try_send(address).ok().filter(|response| response.status == 200)
        });
        Self { _process: process, _dir: dir, address }
    }

    /// Every rule that is loaded.
    #[track_caller]
    pub(crate) fn rules(&self) -> Vec<Loaded> {
        let answer = Request::get("/api/v1/rules").send(self.address).json();
        let groups = answer["data"]["groups"].as_array().expect("groups").clone();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
        rules
            .map(|rule| Loaded {
                name: text(&rule["name"]),
                health: text(&rule["health"]),
                error: text(&rule["lastError"]),
            })
            .collect()
    }

    /// Evaluates an expression now.
    #[track_caller]
    pub(crate) fn query(&self, expression: &str) -> Vec<Element> {
        let query: String = url::form_urlencoded::byte_serialize(expression.as_bytes()).collect();
        let answer = Request::get(&format!("/api/v1/query?query={query}")).send(self.address).json();
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        let result = answer["data"]["result"].as_array().expect("a vector");
        result
            .iter()
            .map(|element| Element {
                labels: serde_json::from_value(element["metric"].clone()).unwrap(),
                value: element["value"][1].as_str().unwrap().parse().unwrap(),
            })
            .collect()
    }

    /// The value of an expression that yields one element.
    #[track_caller]
    pub(crate) fn value(&self, expression: &str) -> f64 {
        match &self.query(expression)[..] {
            [element] => element.value,
            other => panic!("{expression} yields {other:?}"),
        }
    }

    /// Waits until every target of the job has been scraped well.
    #[track_caller]
    pub(crate) fn wait_until_up(&self, job: &str, targets: usize) {
        let seen = fmt::from_fn(|f| write!(f, "job {job} is up: {:?}", self.query("up")));
        until(FIRST_SCRAPE, seen, || {
            let up = self.query(&format!("up{{job={job:?}}} == 1"));
            (up.len() == targets).then_some(())
        });
    }
}
