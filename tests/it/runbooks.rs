//! docs/runbooks: a page for each alert, of which every command was run.

mod command;
mod mistakes;
mod page;
mod stage;

use std::collections::BTreeSet;

use regex::Regex;

use self::command::refused;
use self::page::{Kind, Page, all};
use self::stage::{Stage, failure};
use crate::support::missing::missing;

const HEADINGS: [&str; 7] = [
    "What it means",
    "How to see it",
    "Likely causes",
    "What to do",
    "What not to do",
    "When to escalate",
    "When it is over",
];

/// Pages that are about no alert.
const OTHERS: [&str; 2] = ["first-minutes", "mistakes"];

/// What commands look for that nobody on the stage tells of: the servers are not there.
const ELSEWHERE: [&str; 5] =
    ["kafka_", "mongodb_", "service_alarm", "nginx_connections", "http_request_duration_seconds"];

/// Of a histogram that a service tells itself, and the agent passes on.
const PASSED_ON: [&str; 3] = [
    "http_request_duration_seconds_bucket",
    "http_request_duration_seconds_count",
    "http_request_duration_seconds_sum",
];

/// The alerts of the policy, as tables.
fn alerts() -> Vec<toml::Table> {
    let policy: toml::Table = manometer::policy::SHIPPED.parse().unwrap();
    let alerts = policy["alert"].as_array().unwrap();
    alerts.iter().map(|alert| alert.as_table().unwrap().clone()).collect()
}

fn pages_of_alerts() -> Vec<Page> {
    all().into_iter().filter(|page| !OTHERS.contains(&page.name.as_str())).collect()
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_alert_has_a_page_and_every_page_an_alert() {
    let alerts: BTreeSet<String> = alerts().iter().map(|alert| alert["name"].as_str().unwrap().to_owned()).collect();
    let pages: BTreeSet<String> = pages_of_alerts().into_iter().map(|page| page.name).collect();
    assert_eq!(pages, alerts);
}

#[test]
fn every_page_is_built_alike() {
    let alerts = alerts();
    let mut problems = Vec::new();
    for page in pages_of_alerts() {
        let alert = alerts.iter().find(|alert| alert["name"].as_str() == Some(&page.name)).unwrap();
        let (dashboard, panel) = alert["panel"].as_str().unwrap().split_once('.').unwrap();
        if page.headings() != HEADINGS {
            problems.push(format!("{}: {:?}", page.name, page.headings()));
        }
        if !page.has_rendered_part() {
            problems.push(format!("{}: no rendered part below the title", page.name));
        }
        let seen = page.prose.split("## How to see it\n\n").nth(1).unwrap_or_default();
        if !seen.starts_with(&format!("Dashboard `{dashboard}`, panel `{panel}`")) {
            problems.push(format!("{}: the panel is {dashboard}.{panel}", page.name));
        }
        if page.lines() > 90 {
            problems.push(format!("{}: longer than 90 lines", page.name));
        }
    }
    assert_none(&problems);
}

/// Numbers of the policy are rendered into a page. In its prose they would stay when one is changed.
#[test]
fn no_threshold_is_written_by_hand() {
    let number =
        Regex::new(r"\b[0-9][0-9.,]* ?(%|ms\b|[KMG]i?B\b|percent\b|minutes?\b|seconds?\b|milliseconds?\b)").unwrap();
    let mut problems = Vec::new();
    for page in pages_of_alerts() {
        let words = page.words();
        problems.extend(number.find_iter(&words).map(|found| format!("{}: {}", page.name, found.as_str())));
    }
    assert_none(&problems);
}

#[test]
fn every_command_is_of_the_kind_that_its_block_says() {
    let mut problems = Vec::new();
    for page in all() {
        for kind in [Kind::Run, Kind::Look, Kind::Change, Kind::Destructive] {
            for (place, command) in page.commands(kind) {
                problems.extend(refused(command, kind).map(|reason| format!("{place}: {command}: {reason}")));
            }
        }
        for block in &page.blocks {
            let warned = match block.kind {
                Kind::Run | Kind::Look => true,
                Kind::Change => block.before.contains("**Changes**"),
                Kind::Destructive => block.before.contains("**Destructive.**"),
            };
            if !warned {
                problems.push(format!("{}.md:{}: not said before it: {:?}", page.name, block.line, block.before));
            }
        }
        // What destroys is never the first step, and comes after something to look at.
        for (at, block) in page.blocks.iter().enumerate().filter(|(_, block)| block.kind == Kind::Destructive) {
            let looked = page.blocks[..at].iter().any(|earlier| earlier.kind == Kind::Run);
            if block.heading != "What to do" || block.before.starts_with("1.") || !looked {
                problems.push(format!("{}.md:{}: too early on the page", page.name, block.line));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn every_metric_is_in_the_catalog() {
    let groups = manometer::app::catalog();
    let catalog: BTreeSet<&str> = groups.iter().flat_map(|group| &group.metrics).map(|metric| metric.name).collect();
    // Names of log patterns look alike.
    let patterns: BTreeSet<String> = Regex::new(r"pattern = \[(.*)\]")
        .unwrap()
        .captures_iter(manometer::policy::SHIPPED)
        .flat_map(|list| list[1].split(", ").map(|name| name.trim_matches('"').to_owned()).collect::<Vec<_>>())
        .collect();
    let metric = Regex::new(
        r"^((?:redis|backpressure|service|pool|queue|container|docker|manometer|process)_[a-z0-9_]+)(\{.*\})?$",
    );
    let metric = metric.unwrap();
    let (mut problems, mut seen) = (Vec::new(), 0);
    for page in all() {
        for code in page.code() {
            let Some(name) = metric.captures(code).map(|found| found.get(1).unwrap().as_str()) else { continue };
            seen += 1;
            let known = catalog.contains(name) || patterns.contains(name);
            if !known {
                problems.push(format!("{}: {name}", page.name));
            }
        }
    }
    assert_none(&problems);
    assert!(seen > 200, "only {seen} names were found");
}

#[test]
fn every_link_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)]+)\)").unwrap();
    let mut problems = Vec::new();
    for page in all() {
        for found in link.captures_iter(&page.text).filter(|found| !found[1].starts_with("http")) {
            let (file, anchor) = found[1].split_once('#').unwrap_or((&found[1], ""));
            let path = page.path.parent().unwrap().join(file);
            if !path.is_file() || !anchor.is_empty() {
                problems.push(format!("{}: {}", page.name, &found[1]));
            }
        }
    }
    assert_none(&problems);
}

/// Whether what a command looks for on the agent's page is a metric that the agent can have.
fn finds_a_metric(command: &str) -> bool {
    let groups = manometer::app::catalog();
    let mut names = groups.iter().flat_map(|group| &group.metrics).map(|metric| metric.name).chain(PASSED_ON);
    let pattern = command.split_once("grep -E '").and_then(|(_, rest)| rest.split_once('\''));
    pattern.is_some_and(|(pattern, _)| {
        let pattern = Regex::new(pattern).unwrap();
        names.any(|name| pattern.is_match(name))
    })
}

#[test]
fn every_command_that_reads_works() {
    if missing(&["redis-server", "redis-cli", "prometheus", "bash", "curl", "jq"]) {
        return;
    }
    let stage = Stage::start();
    let (mut problems, mut done) = (Vec::new(), BTreeSet::new());
    for page in all() {
        for (place, command) in page.commands(Kind::Run) {
            let filled = stage.fill(command, &[]);
            assert_eq!(refused(command, Kind::Run), None, "{place}");
            if ELSEWHERE.iter().any(|name| command.contains(name)) {
                problems.extend((!finds_a_metric(command)).then(|| format!("{place}: {command}: finds no metric")));
                continue;
            }
            let of_containers = command.starts_with("docker ") || command.contains("grep '^container_");
            if (stage.docker.is_none() && of_containers) || !done.insert(filled.clone()) {
                continue;
            }
            problems.extend(failure(&stage.shell(&filled)).map(|how| format!("{place}: {filled}: {how}")));
        }
    }
    assert_none(&problems);
    assert!(done.len() > 60, "only {} commands were run", done.len());
}

/// What changes or destroys something is run as well, where nobody misses it.
#[test]
fn every_other_command_does_what_it_says() {
    if missing(&["redis-server", "redis-cli", "prometheus", "bash", "curl", "jq"]) {
        return;
    }
    // Endpoints that the example service lacks, and servers that are not here.
    let elsewhere =
        ["systemctl", "amtool", "localhost:9090", "instrument-refresh", "reset-circuit-breaker", "redis/clear"];
    let stage = Stage::start();
    let mut victim = stage.redis.connect();
    let id: u64 = redis::cmd("CLIENT").arg("ID").query(&mut victim).unwrap();
    let id = id.to_string();
    let more = [
        ("<client-id>", id.as_str()),
        ("<bytes>", "1073741824"),
        ("<clients>", "5000"),
        ("<instrument-token>", "256265"),
        // As much as any machine has.
        ("--cpus 4", "--cpus 1"),
        ("4g", "64m"),
    ];
    let (mut problems, mut done) = (Vec::new(), BTreeSet::new());
    for page in all() {
        for (place, command) in page.commands(Kind::Change).chain(page.commands(Kind::Destructive)) {
            let filled = stage.fill(command, &more);
            let here = !elsewhere.iter().any(|what| command.contains(what));
            if !here || (stage.docker.is_none() && command.starts_with("docker ")) || !done.insert(filled.clone()) {
                continue;
            }
            if let (Some(docker), Some(name)) = (&stage.docker, filled.strip_prefix("docker unpause ")) {
                docker.cli(&["pause", name]);
            }
            let output = stage.shell(&filled);
            // Debian's redis-server is built without the allocator that this needs, and the page says so.
            let refused = String::from_utf8_lossy(&output.stdout).contains("Active defragmentation cannot be enabled");
            problems.extend(failure(&output).filter(|_| !refused).map(|how| format!("{place}: {filled}: {how}")));
        }
    }
    assert_none(&problems);
    assert!(done.len() > 10, "only {} commands were run", done.len());
    assert!(redis::cmd("PING").query::<String>(&mut victim).is_err(), "the client was not cut off");
    let kept: Vec<String> = stage.redis.command(&["CONFIG", "GET", "maxmemory"]);
    assert_eq!(kept, ["maxmemory", "1073741824"]);
}
