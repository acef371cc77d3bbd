//! Golden files: what a real server's exposition consists of, and the page that lists every metric.
//!
//! `UPDATE_GOLDEN=1 cargo test --test it golden` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use manometer::metric::catalog;

use crate::support::agent::{Agent, target};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::promtool;
use crate::support::redis::RedisServer;

/// The server version that the golden list was made with.
const GOLDEN_VERSION: &str = "7.0.15";

/// Compares `text` with the file, or writes the file if asked to.
#[track_caller]
pub(crate) fn assert_golden(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (golden.lines().collect(), text.lines().collect());
    let gone: Vec<&&str> = old.difference(&new).collect();
    let come: Vec<&&str> = new.difference(&old).collect();
    assert!(golden == text, "{file} is not up to date (UPDATE_GOLDEN=1 writes it); gone: {gone:#?}, new: {come:#?}");
}

/// A line a family and set of label names: `name type label,label`.
fn outline(seen: &Exposition) -> String {
    let mut lines = BTreeSet::new();
    for family in &seen.families {
        for sample in &family.samples {
            let names: Vec<&str> = sample.labels.keys().map(String::as_str).collect();
            lines.insert(format!("{} {} {}", family.name, family.kind, names.join(",")).trim_end().to_owned());
        }
    }
    lines.into_iter().fold(String::new(), |mut text, line| {
        writeln!(text, "{line}").unwrap();
        text
    })
}

/// An agent on a server with the same little traffic each time.
fn standalone() -> (RedisServer, Agent) {
    let redis = RedisServer::start();
    redis.command::<()>(&["SET", "a", "1"]);
    redis.command::<()>(&["SET", "b", "1", "EX", "1000"]);
    redis.command::<Option<String>>(&["GET", "a"]);
    let agent = Agent::run(&target("main", &redis.url()));
    (redis, agent)
}

#[test]
fn the_outline_of_a_standalone_server() {
    if missing(&["redis-server"]) {
        return;
    }
    let (redis, agent) = standalone();
    let version = redis.info("redis_version").unwrap();
    if version != GOLDEN_VERSION {
        eprintln!("SKIPPED: the golden list is of Redis {GOLDEN_VERSION}, this one is {version}");
        return;
    }
    // The third poll has everything that takes two to compute.
    agent.next_poll("main");
    assert_golden("tests/golden/standalone.txt", &outline(&agent.next_poll("main")));
}

#[test]
fn promtool_finds_nothing_in_names_of_our_own() {
    if missing(&["redis-server", "promtool"]) {
        return;
    }
    let (_redis, agent) = standalone();
    let text = agent.get("/metrics").text();
    assert!(text.contains("manometer_polls_total"), "{text}");
    promtool::check_metrics(&text);
}

#[test]
fn metrics_page_is_the_catalog() {
    let groups = manometer::app::catalog();
    assert_eq!(catalog::problems(&groups), Vec::<String>::new());
    assert_golden("docs/METRICS.md", &catalog::markdown(&groups));
}

#[test]
fn logs_page_has_the_ready_patterns() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LOGS.md")).unwrap();
    let (before, rest) = page.split_once("logs_page` -->\n").expect("the beginning of what is rendered");
    let (_, after) = rest.split_once("<!-- /rendered -->").expect("its end");
    let table = manometer::logpattern::markdown();
    assert_golden("docs/LOGS.md", &format!("{before}logs_page` -->\n{table}<!-- /rendered -->{after}"));
}

#[test]
fn what_a_scrape_has_is_in_the_catalog() {
    if missing(&["redis-server"]) {
        return;
    }
    let (_redis, agent) = standalone();
    let groups = manometer::app::catalog();
    let infos: Vec<_> = groups.iter().flat_map(|group| &group.metrics).collect();
    for family in &agent.metrics().families {
        // Fields that a server makes up pass through under their own names.
        if family.name.starts_with("redis_cluster_") {
            continue;
        }
        let described = infos.iter().any(|info| info.name == family.name && info.kind.as_str() == family.kind);
        assert!(described, "{} ({}) is not in the catalog", family.name, family.kind);
    }
}
