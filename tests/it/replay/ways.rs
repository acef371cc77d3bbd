//! The ways of scraping, all at once: `/sd` by two agents, `/metrics` of both, a job without the label `target`, and
//! `redis_exporter`. Every panel shows the same whichever job is chosen, and nothing twice when all are.

use std::collections::{BTreeMap, BTreeSet};

use manometer::app;
use manometer::policy;
use manometer::policy::render::dashboard::Expression;
use manometer::policy::render::{Catalog, rules};

use super::{ANSWERED, chosen, queries};
use crate::support::agent::{Agent, target};
use crate::support::missing::missing;
use crate::support::peer::{self, Exporter};
use crate::support::port;
use crate::support::prometheus::{Element, Prometheus};
use crate::support::redis::RedisServer;
use crate::support::ticker::Ticker;
use crate::support::wait::until;

/// Each with another choice of `Job`.
const CHOICES: [&str; 3] = ["manometer", "metrics", "(manometer|metrics)"];

/// What is about a moment: it is another one for each who looks.
const MOMENTARY: [&str; 2] = ["topk(", "ALERTS"];

/// What a panel calls a series: its legend, or in a table the row.
fn name(query: &Expression, element: &Element) -> String {
    if let Some(hidden) = query.hidden {
        let row = element.labels.iter().filter(|(label, _)| !hidden.contains(&label.as_str()));
        return format!("{} {row:?}", query.legend, row = row.collect::<Vec<_>>());
    }
    let mut rest = query.legend.as_str();
    let mut name = String::new();
    while let Some((before, (label, after))) =
        rest.split_once("{{").and_then(|(before, tail)| Some((before, tail.split_once("}}")?)))
    {
        name += before;
        name += element.labels.get(label).map_or("", String::as_str);
        rest = after;
    }
    name + rest
}

/// The names of what the panel's queries answer for a choice of jobs, each as often as it is shown.
fn shown(prometheus: &Prometheus, panel: &[&Expression], (job, agents): (&str, &str)) -> BTreeMap<String, usize> {
    let mut shown = BTreeMap::new();
    for query in panel {
        let expr = query.expr.replace("$job", job).replace("$instance", agents);
        for element in prometheus.query(&chosen(&expr)) {
            *shown.entry(name(query, &element)).or_default() += 1;
        }
    }
    shown
}

#[test]
fn every_way_shows_the_same_and_nothing_is_shown_twice() {
    if missing(&["redis-server", "prometheus", peer::PROGRAM]) {
        return;
    }
    let redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &[]);
    let config = target("main", &redis.url())
        + &target("dead", &format!("redis://127.0.0.1:{}", port::free()))
        + &ticker.table("ticker", "ticker", "uses = [\"main\"]\n");
    let agents = [Agent::run(&config), Agent::run(&config)];
    let theirs = Exporter::start(&redis.url());
    let [a, b] = agents.each_ref().map(|agent| agent.address);
    // What Grafana makes of all agents; a dot of an address stands for any character, which changes nothing here.
    let agents = format!("({a}|{b})");
    // That of docs/SCRAPING.md.
    let instances = "  relabel_configs:\n  - source_labels: [__param_target, instance, __address__]\n    \
                     regex: (.+);(.+);(.+)\n    replacement: $2@$3\n    target_label: instance\n";
    let discovered = |agent, query: &str| format!("  - url: http://{agent}/sd{query}\n    refresh_interval: 1s\n");
    let jobs = format!(
        "- job_name: manometer\n  http_sd_configs:\n{}{}{instances}\
         - job_name: metrics\n  static_configs:\n  - targets: ['{a}', '{b}']\n\
         - job_name: redis\n  http_sd_configs:\n{}  relabel_configs:\n  - action: labeldrop\n    regex: target|node|site\n\
         - job_name: theirs\n  static_configs:\n  - targets: ['{}']\n",
        discovered(a, ""),
        discovered(b, ""),
        discovered(a, "?collector=redis"),
        theirs.address,
    );
    let policy = policy::shipped().unwrap();
    let rules = rules::files(&policy, &Catalog::new(&app::metrics()));
    let prometheus = Prometheus::with_rules(&jobs, &rules, None);
    for (job, targets) in [("manometer", 8), ("metrics", 2), ("redis", 2), ("theirs", 1)] {
        prometheus.wait_until_up(job, targets);
    }
    let jobs = prometheus.query("count by (job) (manometer_target_up{target!=\"\"})");
    let jobs: BTreeSet<&str> = jobs.iter().map(|element| element.labels["job"].as_str()).collect();
    assert_eq!(jobs, ["manometer", "metrics"].into());
    let all = queries(false);
    let mut panels: BTreeMap<&str, Vec<&Expression>> = BTreeMap::new();
    for query in &all {
        panels.entry(&query.panel).or_default().push(query);
    }
    let mut empty = BTreeSet::new();
    let mut open: Vec<String> = Vec::new();
    until(ANSWERED, "every panel shows the same for every job, and once", || {
        let mut faults = Vec::new();
        panels.retain(|panel, queries| {
            let answers = CHOICES.map(|job| shown(&prometheus, queries, (job, &agents)));
            let twice = answers.iter().flatten().find(|(_, times)| **times > 1);
            let [one, rest @ ..] = answers.each_ref().map(|answer| answer.keys().collect::<BTreeSet<_>>());
            let is_momentary = queries.iter().any(|query| MOMENTARY.iter().any(|part| query.expr.contains(part)));
            let same = is_momentary || rest.iter().all(|other| *other == one);
            if one.is_empty() {
                empty.insert(*panel);
            }
            let is_right = twice.is_none() && same;
            if !is_right {
                faults.push(format!("{panel}: twice {twice:?}, by job {answers:?}"));
            }
            !is_right
        });
        if faults.len() != open.len() {
            open = faults;
            eprintln!("{} panels are open:\n{}", open.len(), open.join("\n"));
        }
        panels.is_empty().then_some(())
    });
    // What this small world has, it shows.
    for panel in ["redis.up", "redis.ping", "redis.commands", "backpressure.rates", "agent.up", "overview.topology"] {
        assert!(!empty.contains(panel), "{panel} is empty");
    }
    // The agent itself is one of those that are scraped, and whether it is down is asked of it alone.
    assert!((prometheus.value("count(up{job=\"manometer\", target=\"\"})") - 2.0).abs() < f64::EPSILON);
    let thresholds = prometheus.query("count by (instance) (manometer_threshold{job=\"manometer\"})");
    let both: BTreeSet<String> = [a, b].map(|address| address.to_string()).into();
    assert_eq!(thresholds.iter().map(|element| element.labels["instance"].clone()).collect::<BTreeSet<_>>(), both);
}
