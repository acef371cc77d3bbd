//! Values that the vocabulary has a name for, as the services name them that it was made for.

use super::classify::{Kind, Meaning};
use super::leaves::Leaf;
use super::names;
use super::write::Rule;
use crate::states::States;

/// What kind of value a name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Number,
    Time,
    Bool,
    Circuit,
    Pressure,
    Health,
}

/// One row: a key, a word that must stand in the keys above it (or in itself), and the rule.
struct Known {
    key: &'static str,
    within: &'static str,
    takes: Takes,
    name: &'static str,
    lines: &'static [&'static str],
    label: Option<(&'static str, &'static str)>,
}

const fn row(key: &'static str, within: &'static str, takes: Takes, name: &'static str) -> Known {
    Known { key, within, takes, name, lines: &[], label: None }
}

impl Known {
    const fn with(mut self, lines: &'static [&'static str]) -> Self {
        self.lines = lines;
        self
    }

    const fn stat(mut self, stat: &'static str) -> Self {
        self.label = Some(("stat", stat));
        self
    }
}

const MS: &[&str] = &["unit = \"ms\""];
const TIMESTAMP: &[&str] = &["parse = \"timestamp\""];
const BOOL: &[&str] = &["parse = \"bool\""];
const CIRCUIT: &[&str] = &["type = \"stateset\"", "states = [\"closed\", \"open\", \"half_open\"]"];
const HEALTH: &[&str] = &[
    "type = \"stateset\"",
    "states = [\"ok\", \"degraded\", \"unhealthy\", \"disabled\"]",
    "aliases = { healthy = \"ok\", up = \"ok\", error = \"unhealthy\", down = \"unhealthy\" }",
];
const PRESSURE: &[&str] = &[
    "type = \"stateset\"",
    "states = [\"healthy\", \"warning\", \"critical\", \"overload\"]",
    "level = \"backpressure_level\"",
];

const LATENCY: &str = "backpressure_publish_latency_seconds";

/// Of several rows for a key the first one that fits.
const KNOWN: [Known; 33] = [
    row("backpressure_level", "", Takes::Pressure, "backpressure_level_state").with(PRESSURE),
    row("pending_publishes", "", Takes::Number, "backpressure_pending_publishes"),
    row("ticks_received_per_sec", "", Takes::Number, "backpressure_ingest_rate"),
    row("ticks_published_per_sec", "", Takes::Number, "backpressure_publish_rate"),
    row("avg_publish_latency_ms", "", Takes::Number, LATENCY).with(MS).stat("avg"),
    row("p95_publish_latency_ms", "", Takes::Number, LATENCY).with(MS).stat("p95"),
    row("p99_publish_latency_ms", "", Takes::Number, LATENCY).with(MS).stat("p99"),
    row("redis_publish_errors", "", Takes::Number, "backpressure_publish_errors_total"),
    row("redis_connection_errors", "", Takes::Number, "backpressure_connection_errors_total"),
    row("dropped_messages", "", Takes::Number, "backpressure_dropped_total"),
    row("total_published", "", Takes::Number, "backpressure_published_total"),
    row("total_dropped", "", Takes::Number, "backpressure_dropped_total"),
    row("total_sampled_out", "", Takes::Number, "backpressure_sampled_out_total"),
    row("buffer_size", "", Takes::Number, "backpressure_buffer_size"),
    row("buffer_capacity", "", Takes::Number, "backpressure_buffer_capacity"),
    row("circuit_breaker_state", "", Takes::Circuit, "backpressure_circuit_state").with(CIRCUIT),
    row("circuit_state", "", Takes::Circuit, "backpressure_circuit_state").with(CIRCUIT),
    row("state", "circuit", Takes::Circuit, "backpressure_circuit_state").with(CIRCUIT),
    row("circuit_breaker_failures", "", Takes::Number, "backpressure_circuit_failures"),
    row("failure_count", "circuit", Takes::Number, "backpressure_circuit_failures"),
    row("success_count", "circuit", Takes::Number, "backpressure_circuit_successes"),
    row("last_failure_time", "circuit", Takes::Time, "backpressure_circuit_last_failure_timestamp_seconds")
        .with(TIMESTAMP),
    row("hits", "cache", Takes::Number, "redis_cache_hits"),
    row("misses", "cache", Takes::Number, "redis_cache_misses"),
    row("errors", "cache", Takes::Number, "redis_cache_errors"),
    row("sets", "cache", Takes::Number, "redis_cache_sets"),
    row("available", "redis", Takes::Bool, "redis_connection_status").with(BOOL),
    row("connected", "redis", Takes::Bool, "redis_connection_status").with(BOOL),
    row("memory_usage_mb", "", Takes::Number, "service_memory_bytes").with(&["unit = \"MiB\""]),
    row("cpu_usage_percent", "", Takes::Number, "service_cpu_usage_ratio").with(&["unit = \"percent\""]),
    row("max_concurrent_requests", "", Takes::Number, "service_max_concurrent_requests"),
    row("load_ratio", "", Takes::Number, "service_load_ratio"),
    row("status", "", Takes::Health, "service_health").with(HEALTH),
];

/// The rule, if the vocabulary has a name for the value.
pub(super) fn rule(leaf: &Leaf<'_>, meaning: &Meaning) -> Option<Rule> {
    let notes = ["a name of the vocabulary"];
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    let key = names::snake(leaf.path.last()?);
    if let Some(each) = &leaf.each {
        let is_word = leaf.at.is_root() || ["status", "state", "health"].contains(&key.as_str());
        let fits = each.label.name == "dependency" && is_word && takes(Takes::Health, meaning);
        return fits.then(|| Rule::of_leaf(leaf, "service_dependency_health".to_owned(), lines(HEALTH), &notes));
    }
    let known = KNOWN.iter().find(|known| known.key == key && is_within(leaf, known) && takes(known.takes, meaning))?;
    let rule = Rule::of_leaf(leaf, known.name.to_owned(), lines(known.lines), &notes);
    Some(match known.label {
        Some((label, value)) => rule.label(label, value),
        None => rule,
    })
}

fn is_within(leaf: &Leaf<'_>, known: &Known) -> bool {
    // The state of the whole service stands at the top.
    (known.takes != Takes::Health || leaf.path.len() == 1)
        && (known.within.is_empty() || leaf.path.iter().any(|key| names::snake(key).contains(known.within)))
}

fn takes(takes: Takes, meaning: &Meaning) -> bool {
    let known: (&[&str], &[&str]) = match (takes, &meaning.kind) {
        (Takes::Number, Kind::Number) | (Takes::Time, Kind::Timestamp) | (Takes::Bool, Kind::Bool) => return true,
        (Takes::Circuit, Kind::States(_)) => (&["closed", "open", "half_open"], &[]),
        (Takes::Pressure, Kind::States(_)) => (&["healthy", "warning", "critical", "overload"], &[]),
        (Takes::Health, Kind::States(_)) => {
            (&["ok", "degraded", "unhealthy", "disabled"], &["healthy", "up", "error", "down"])
        }
        _ => return false,
    };
    let Kind::States(seen) = &meaning.kind else { return false };
    let names: Vec<String> = known.0.iter().map(|name| (*name).to_owned()).collect();
    let aliases = known.1.iter().map(|alias| ((*alias).to_owned(), names[0].clone())).collect();
    let states = States::new(names, aliases);
    seen.iter().all(|word| states.find(word).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::discover::check::Checker;
    use crate::discover::classify::classify;
    use crate::discover::leaves::{Found, leaves};

    fn rules(body: &Json) -> Vec<Option<Rule>> {
        let found = leaves(body, body);
        let leaf = |found: &Found<'_>| match found {
            Found::Leaf(leaf) => rule(leaf, &classify(leaf).unwrap()),
            Found::Left { .. } => panic!("{found:?}"),
        };
        found.iter().map(leaf).collect()
    }

    #[test]
    fn every_row_is_a_rule_that_holds() {
        for known in &KNOWN {
            let value = match known.takes {
                Takes::Number => json!(5),
                Takes::Time => json!("2025-10-31T12:00:00Z"),
                Takes::Bool => json!(true),
                Takes::Circuit => json!("HALF_OPEN"),
                Takes::Pressure => json!("critical"),
                Takes::Health => json!("healthy"),
            };
            let key = known.key;
            let body =
                if known.within.is_empty() { json!({ key: value }) } else { json!({ known.within: { key: value } }) };
            let [Some(rule)] = &rules(&body)[..] else { panic!("no rule for {key}") };
            assert_eq!(rule.name, known.name);
            assert!(metric::vocabulary::find(known.name).is_some(), "{}", known.name);
            Checker::new("e", [&body, &body]).check(rule).unwrap_or_else(|why| panic!("{key}: {why}"));
        }
    }

    #[test]
    fn a_key_alone_does_not_make_a_name_fit() {
        for body in [
            json!({"orders": {"hits": 1}}),
            json!({"pending_publishes": "many"}),
            json!({"state": "closed"}),
            json!({"worker": {"status": "ok"}}),
            json!({"status": "sleeping"}),
        ] {
            let found = leaves(&body, &body);
            let Found::Leaf(leaf) = &found[0] else { panic!("{found:?}") };
            assert_eq!(classify(leaf).ok().and_then(|meaning| rule(leaf, &meaning)), None, "{body}");
        }
    }

    #[test]
    fn what_a_service_depends_on_is_known_by_where_it_stands() {
        for body in [json!({"checks": {"redis": "ok"}}), json!({"dependencies": {"redis": {"status": "down"}}})] {
            let [Some(rule)] = &rules(&body)[..] else { panic!("{body}") };
            assert_eq!(rule.name, "service_dependency_health");
        }
    }
}
