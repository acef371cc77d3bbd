//! A real Prometheus that scrapes the agent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::agent::write;
use super::http::Request;
use super::port;
use super::process::Process;
use super::wait::{SOON, until};

/// Service discovery and a first scrape take their time.
const FIRST_SCRAPE: Duration = Duration::from_secs(20);

/// A running Prometheus. It ends when it is dropped.
pub(crate) struct Prometheus {
    _process: Process,
    _dir: TempDir,
    address: SocketAddr,
}

/// One element of an instant vector.
#[derive(Debug, PartialEq)]
pub(crate) struct Element {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Prometheus {
    /// Starts it with these `scrape_configs`, each scraped every second.
    pub(crate) fn start(scrape_configs: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let global = "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n";
        let config = write(dir.path(), "prometheus.yml", &format!("{global}{scrape_configs}"));
        let address = SocketAddr::from(([127, 0, 0, 1], port::free()));
        let process = Process::spawn(
            Command::new("prometheus")
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
                .arg(format!("--web.listen-address={address}"))
                .arg("--log.level=error")
                .stdout(Stdio::null())
                .stderr(Stdio::inherit()),
        );
        until(SOON, "Prometheus is ready", || {
            Request::get("/-/ready").try_send(address).ok().filter(|response| response.status == 200)
        });
        Self { _process: process, _dir: dir, address }
    }

    /// Evaluates an expression now.
    #[track_caller]
    pub(crate) fn query(&self, expression: &str) -> Vec<Element> {
        let query: String = url::form_urlencoded::byte_serialize(expression.as_bytes()).collect();
        let answer = Request::get(&format!("/api/v1/query?query={query}")).send(self.address).json();
        assert_eq!(answer["status"], "success", "{answer}");
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
        until(FIRST_SCRAPE, &format!("job {job} is up: {:?}", self.query("up")), || {
            let up = self.query(&format!("up{{job={job:?}}} == 1"));
            (up.len() == targets).then_some(())
        });
    }
}
