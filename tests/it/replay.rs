//! Every query of every panel, asked of a real Prometheus that scrapes a real agent on real servers.
//!
//! A query may be right in every way that can be read off it and still yield nothing: a state that is called otherwise, a
//! label that two sides do not share, a division by 0. That shows only where it is asked.

mod others;
mod ways;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use manometer::app;
use manometer::policy;
use manometer::policy::render::Catalog;
use manometer::policy::render::dashboard::{Expression, expressions};

use self::world::World;
use crate::support::missing::missing;
use crate::support::prometheus::{Element, Prometheus};
use crate::support::wait::until;

/// Services are polled every five seconds, and a rate needs two polls. A machine that does much else needs minutes.
const ANSWERED: Duration = Duration::from_mins(10);

/// What may be empty, and is so even here: no target has TLS, Prometheus scrapes the agent alone, an older
/// Redis does not count whom it cuts off, nobody watches a cluster or a Sentinel, and the server records no latency spikes. Nor is
/// there a proxy, a broker, a `MongoDB` or an API with a histogram.
const STAY_EMPTY: [&str; 38] = [
    "agent.certificates",
    "agent.configuration",
    "agent.discovered",
    "agent.discovery",
    "agent.notifications",
    "agent.receivers",
    "agent.rules",
    "clients.cut-off",
    "edge.alarms",
    "edge.connections",
    "edge.lag",
    "edge.lag-growth",
    "edge.lag-seconds",
    "edge.latency",
    "edge.mongo-connections",
    "edge.open",
    "edge.poll-interval",
    "edge.requests",
    "edge.up",
    "overview.follows",
    "overview.incident",
    "queues.prefetch",
    "redis.cluster-failing",
    "redis.cluster-nodes",
    "redis.cluster-slots",
    "redis.cluster",
    "redis.failovers",
    "redis.nodes-down",
    "redis.quorum",
    "redis.sentinel-ok",
    "redis.sentinel-peers",
    "redis.sentinel-status",
    "redis.sentinel",
    "redis.slots-open",
    "redis.slots-uncovered",
    "redis.unreplicated",
    "redis.spikes",
    "redis.tilt",
];

/// What only a Docker engine has to say.
const OF_CONTAINERS: [&str; 4] = ["container_", "docker_up", "manometer_docker_", "manometer_log_"];

/// What Grafana would send for a choice of everything.
fn chosen(expr: &str) -> String {
    let values = [
        ("$__rate_interval", "30s"),
        ("$job", "manometer"),
        ("$instance", ".+"),
        ("$site", ".*"),
        ("$target", ".+"),
        ("$node", ".*"),
    ];
    values.iter().fold(expr.to_owned(), |expr, (variable, value)| expr.replace(variable, value))
}

/// Every query that can be answered, with or without an engine.
fn queries(with_engine: bool) -> Vec<Expression> {
    let policy = policy::shipped().unwrap();
    let mut all = expressions(&policy, &Catalog::new(&app::metrics()));
    all.retain(|query| with_engine || !OF_CONTAINERS.iter().any(|start| query.expr.contains(start)));
    all
}

fn ask(prometheus: &Prometheus, query: &Expression) -> Vec<Element> {
    prometheus.query(&chosen(&query.expr))
}

fn is_finite(answer: &[Element]) -> bool {
    answer.iter().all(|element| element.value.is_finite())
}

#[test]
fn no_panel_is_empty_where_there_is_something_to_see() {
    if missing(&["redis-server", "prometheus"]) {
        return;
    }
    let mut world = World::start();
    let all = queries(world.has_engine());
    assert!(all.len() > 150, "{}", all.len());
    let mut pending: Vec<&Expression> =
        all.iter().filter(|query| !STAY_EMPTY.contains(&query.panel.as_str())).collect();
    let mut open = String::new();
    until(ANSWERED, "every query is answered", || {
        world.go_on();
        pending.retain(|query| {
            let answer = ask(&world.prometheus, query);
            answer.is_empty() || !is_finite(&answer)
        });
        let now: Vec<String> = pending.iter().map(|query| format!("{} {}", query.panel, query.ref_id)).collect();
        if now.join("\n") != open {
            open = now.join("\n");
            eprintln!("{} queries are open: {}", now.len(), now.join(", "));
        }
        pending.is_empty().then_some(())
    });
    // All at once, as a dashboard asks. A slow machine may miss a scrape, and then there is nothing: they are asked again. An
    // answer that is no number stays a fault.
    until(ANSWERED, "all have their answers at once", || {
        world.go_on();
        let is_missing = |query: &&Expression| {
            let answer = ask(&world.prometheus, query);
            assert!(is_finite(&answer), "{} {}: {}: {answer:?}", query.panel, query.ref_id, query.expr);
            answer.is_empty() && query.may_be_empty.is_none()
        };
        let empty: Vec<&Expression> = all.iter().filter(is_missing).collect();
        for query in &empty {
            eprintln!("nothing for {} {}: {}", query.panel, query.ref_id, query.expr);
        }
        empty.is_empty().then_some(())
    });
}

#[test]
fn what_may_be_empty_has_a_reason_and_what_is_empty_everywhere_is_named() {
    let all = queries(true);
    let panels: BTreeSet<&str> = all.iter().map(|query| query.panel.as_str()).collect();
    for panel in STAY_EMPTY {
        assert!(panels.contains(panel), "{panel}");
        // The lines at which an alert fires are there whatever it compares.
        let is_line = |query: &&Expression| query.expr.contains("manometer_threshold");
        let mut shown = all.iter().filter(|query| query.panel == panel).filter(|query| !is_line(query));
        assert!(shown.all(|query| query.may_be_empty.is_some()), "{panel}");
    }
    assert!(all.iter().filter_map(|query| query.may_be_empty).all(|why| why.len() > 10));
}
