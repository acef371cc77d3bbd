//! Values that the vocabulary has a name for, as the services name them that it was made for.

use super::classify::{Meaning, ValueClass, holds};
use super::leaves::Leaf;
use super::names;
use super::write::RuleDraft;

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
    stat: Option<&'static str>,
}

const fn row(
    (key, within): (&'static str, &'static str),
    takes: Takes,
    name: &'static str,
    lines: &'static [&'static str],
) -> Known {
    Known { key, within, takes, name, lines, stat: None }
}

/// A row of a latency of which that statistic is known.
const fn latency(key: &'static str, stat: &'static str) -> Known {
    Known { stat: Some(stat), ..row((key, ""), Takes::Number, LATENCY, MS) }
}

const NUMBER: &[&str] = &[];
const MS: &[&str] = &["unit = \"ms\""];
const TIMESTAMP: &[&str] = &["parse = \"timestamp\""];
const BOOL: &[&str] = &["parse = \"bool\""];
const CIRCUIT: &[&str] = &["type = \"stateset\"", "states = [\"closed\", \"open\", \"half_open\"]"];
const HEALTH: &[&str] = &[
    "type = \"stateset\"",
    "states = [\"ok\", \"degraded\", \"unhealthy\", \"disabled\"]",
    "aliases = { healthy = \"ok\", up = \"ok\", warning = \"degraded\", initialized_but_empty = \"degraded\", error = \"unhealthy\", down = \"unhealthy\", out_of_service = \"unhealthy\" }",
];
const PRESSURE: &[&str] = &[
    "type = \"stateset\"",
    "states = [\"healthy\", \"warning\", \"critical\", \"overload\"]",
    "level = \"backpressure_level\"",
];

const LATENCY: &str = "backpressure_publish_latency_seconds";
const LAST_FAILURE: &str = "backpressure_circuit_last_failure_timestamp_seconds";

/// Of several rows for a key the first one that fits.
const KNOWN: [Known; 33] = [
    row(("backpressure_level", ""), Takes::Pressure, "backpressure_level_state", PRESSURE),
    row(("pending_publishes", ""), Takes::Number, "backpressure_pending_publishes", NUMBER),
    row(("ticks_received_per_sec", ""), Takes::Number, "backpressure_ingest_rate", NUMBER),
    row(("ticks_published_per_sec", ""), Takes::Number, "backpressure_publish_rate", NUMBER),
    latency("avg_publish_latency_ms", "avg"),
    latency("p95_publish_latency_ms", "p95"),
    latency("p99_publish_latency_ms", "p99"),
    row(("redis_publish_errors", ""), Takes::Number, "backpressure_publish_errors_total", NUMBER),
    row(("redis_connection_errors", ""), Takes::Number, "backpressure_connection_errors_total", NUMBER),
    row(("dropped_messages", ""), Takes::Number, "backpressure_dropped_total", NUMBER),
    row(("total_published", ""), Takes::Number, "backpressure_published_total", NUMBER),
    row(("total_dropped", ""), Takes::Number, "backpressure_dropped_total", NUMBER),
    row(("total_sampled_out", ""), Takes::Number, "backpressure_sampled_out_total", NUMBER),
    row(("buffer_size", ""), Takes::Number, "backpressure_buffer_size", NUMBER),
    row(("buffer_capacity", ""), Takes::Number, "backpressure_buffer_capacity", NUMBER),
    row(("circuit_breaker_state", ""), Takes::Circuit, "backpressure_circuit_state", CIRCUIT),
    row(("circuit_state", ""), Takes::Circuit, "backpressure_circuit_state", CIRCUIT),
    row(("state", "circuit"), Takes::Circuit, "backpressure_circuit_state", CIRCUIT),
    row(("circuit_breaker_failures", ""), Takes::Number, "backpressure_circuit_failures", NUMBER),
    row(("failure_count", "circuit"), Takes::Number, "backpressure_circuit_failures", NUMBER),
    row(("success_count", "circuit"), Takes::Number, "backpressure_circuit_successes", NUMBER),
    row(("last_failure_time", "circuit"), Takes::Time, LAST_FAILURE, TIMESTAMP),
    row(("hits", "cache"), Takes::Number, "redis_cache_hits", NUMBER),
    row(("misses", "cache"), Takes::Number, "redis_cache_misses", NUMBER),
    row(("errors", "cache"), Takes::Number, "redis_cache_errors", NUMBER),
    row(("sets", "cache"), Takes::Number, "redis_cache_sets", NUMBER),
    row(("available", "redis"), Takes::Bool, "redis_connection_status", BOOL),
    row(("connected", "redis"), Takes::Bool, "redis_connection_status", BOOL),
    row(("memory_usage_mb", ""), Takes::Number, "service_memory_bytes", &["unit = \"MiB\""]),
    row(("cpu_usage_percent", ""), Takes::Number, "service_cpu_usage_ratio", &["unit = \"percent\""]),
    row(("max_concurrent_requests", ""), Takes::Number, "service_max_concurrent_requests", NUMBER),
    row(("load_ratio", ""), Takes::Number, "service_load_ratio", NUMBER),
    row(("status", ""), Takes::Health, "service_health", HEALTH),
];

/// The rule, if the vocabulary has a name for the value.
pub(super) fn rule(leaf: &Leaf<'_>, meaning: &Meaning) -> Option<RuleDraft> {
    let notes = ["a name of the vocabulary"];
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    let key = names::snake(leaf.path.last()?);
    if let Some(each) = &leaf.each {
        let is_word = leaf.at.is_root() || ["status", "state", "health"].contains(&key.as_str());
        let fits = each.label.name == "dependency" && is_word && takes(Takes::Health, meaning);
        return fits.then(|| RuleDraft::of_leaf(leaf, "service_dependency_health".to_owned(), lines(HEALTH), &notes));
    }
    let known = KNOWN.iter().find(|known| known.key == key && is_within(leaf, known) && takes(known.takes, meaning))?;
    let rule = RuleDraft::of_leaf(leaf, known.name.to_owned(), lines(known.lines), &notes);
    Some(match known.stat {
        Some(stat) => rule.label("stat", stat),
        None => rule,
    })
}

fn is_within(leaf: &Leaf<'_>, known: &Known) -> bool {
    // The state of the whole service stands at the top.
    (known.takes != Takes::Health || leaf.path.len() == 1)
        && (known.within.is_empty() || leaf.path.iter().any(|key| names::snake(key).contains(known.within)))
}

fn takes(takes: Takes, meaning: &Meaning) -> bool {
    let words = match (takes, &meaning.class) {
        (Takes::Number, ValueClass::Number)
        | (Takes::Time, ValueClass::Timestamp)
        | (Takes::Bool, ValueClass::Bool) => {
            return true;
        }
        (Takes::Circuit, _) => "closed open half_open",
        (Takes::Pressure, _) => "healthy warning critical overload",
        (Takes::Health, _) => {
            "ok degraded unhealthy disabled healthy up warning initialized_but_empty error down out_of_service"
        }
        _ => return false,
    };
    matches!(&meaning.class, ValueClass::States(seen) if seen.iter().all(|word| holds(words, word)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::discover::check::Checker;
    use crate::discover::classify::classify;
    use crate::discover::leaves::{Found, leaves};

    fn rules(body: &Json) -> Vec<Option<RuleDraft>> {
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
