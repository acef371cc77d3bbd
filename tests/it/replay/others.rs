//! The dashboards that people have already, 763 and 11835 of grafana.com: each of their queries is answered by the agent as
//! by `redis_exporter`, of the same server at the same time.

use std::collections::BTreeMap;

use super::ANSWERED;
use crate::support::agent::{Agent, target};
use crate::support::missing::missing;
use crate::support::peer::{self, Exporter};
use crate::support::prometheus::Prometheus;
use crate::support::redis::{RedisServer, command};
use crate::support::ticker::Ticker;
use crate::support::wait::until;

/// A query of a dashboard, with the title of its panel.
struct Query {
    title: String,
    expr: String,
}

fn queries(dashboard: &str) -> Vec<Query> {
    let text = std::fs::read_to_string(format!("tests/fixtures/dashboards/{dashboard}.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (title, expr) = line.split_once('\t').unwrap();
            Query { title: title.to_owned(), expr: expr.to_owned() }
        })
        .collect()
}

/// How far the two may be apart, as a part and in all. `None` of what is measured between the last two scrapes: they are
/// not the same two.
fn tolerance(expr: &str) -> Option<(f64, f64)> {
    if expr.contains("irate(") {
        return None;
    }
    let of = |part: &str| expr.contains(part);
    Some(if of("rate(") {
        (0.3, 0.2)
    } else if of("uptime") || of("connected_clients") {
        (0.0, 3.0)
    } else if of("memory_used") {
        (0.05, 0.0)
    } else {
        (0.0, 0.0)
    })
}

/// The answer, by labels that do not say who measured it.
fn answer(prometheus: &Prometheus, query: &Query, instance: &str) -> BTreeMap<String, f64> {
    let values = [("$namespace", ".*"), ("$instance", instance), ("$__interval", "1m")];
    let expr = values.iter().fold(query.expr.clone(), |expr, (variable, value)| expr.replace(variable, value));
    let answer = prometheus.query(&expr).into_iter().map(|mut element| {
        element.labels.retain(|name, _| !["job", "instance", "target"].contains(&name.as_str()));
        (format!("{:?}", element.labels), element.value)
    });
    answer.collect()
}

/// What differs, in words.
fn difference(query: &Query, ours: &BTreeMap<String, f64>, theirs: &BTreeMap<String, f64>) -> Option<String> {
    let finite = |answer: &BTreeMap<String, f64>| !answer.is_empty() && answer.values().all(|value| value.is_finite());
    let tolerance = tolerance(&query.expr);
    let near = |(ours, theirs): (&f64, &f64)| {
        tolerance.is_none_or(|(part, all)| (ours - theirs).abs() <= all + part * theirs.abs())
    };
    // The five most frequent commands of a moment are not those of another.
    let same_series =
        if query.expr.starts_with("topk") { ours.len() == theirs.len() } else { ours.keys().eq(theirs.keys()) };
    let same = finite(ours)
        && finite(theirs)
        && same_series
        && (tolerance.is_none() || ours.values().zip(theirs.values()).all(near));
    (!same).then(|| format!("{}: {}\n  ours: {ours:?}\n  theirs: {theirs:?}", query.title, query.expr))
}

#[test]
fn the_panels_that_people_have_are_answered_as_by_redis_exporter() {
    if missing(&["redis-server", "prometheus", peer::PROGRAM]) {
        return;
    }
    let redis = RedisServer::builder().line("maxmemory 200mb").start();
    let _ticker = Ticker::start(&redis, &[]);
    let mut connection = redis.connect();
    let mut run = |words: &[&str]| command(words).query::<redis::Value>(&mut connection).unwrap();
    for at in 0..100 {
        run(&["SET", &format!("key:{at}"), "1"]);
        run(&["SET", &format!("short:{at}"), "1", "EX", "1000"]);
    }
    run(&["GET", "key:1"]);
    run(&["GET", "none"]);
    let agent = Agent::run(&target("main", &redis.url()));
    let exporter = Exporter::start(&redis.url());
    let prometheus = Prometheus::start(&format!(
        "- job_name: ours\n  http_sd_configs:\n  - url: http://{}/sd\n    refresh_interval: 1s\n\
         - job_name: theirs\n  static_configs:\n  - targets: ['{}']\n",
        agent.address, exporter.address
    ));
    prometheus.wait_until_up("ours", 1);
    prometheus.wait_until_up("theirs", 1);
    let (ours, theirs) = (redis.address(), exporter.address.to_string());
    for dashboard in ["763", "11835"] {
        let queries = queries(dashboard);
        assert!(queries.len() >= 17, "{dashboard}");
        let mut pending: Vec<&Query> = queries.iter().collect();
        let mut open = usize::MAX;
        until(ANSWERED, format!("dashboard {dashboard} is answered alike"), || {
            run(&["GET", "key:1"]);
            let mut differences = Vec::new();
            pending.retain(|query| {
                let answers = (answer(&prometheus, query, &ours), answer(&prometheus, query, &theirs));
                let difference = difference(query, &answers.0, &answers.1);
                differences.extend(difference.clone());
                difference.is_some()
            });
            // The last that is printed is what is wrong, if it goes on.
            if differences.len() < open {
                open = differences.len();
                eprintln!("{dashboard}, {open} differences:\n{}", differences.join("\n"));
            }
            pending.is_empty().then_some(())
        });
    }
}
