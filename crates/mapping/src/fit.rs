//! Which endpoint of a mapping a body is of, if nobody says so.

use std::cmp::Reverse;

use super::body::Body;
use super::evaluate::{evaluate, find, locate};
use super::model::Mapping;

/// The endpoints whose rules find most in the body: several only if they find as much and miss as little. Empty if none
/// finds anything.
#[must_use]
pub fn fitting(mapping: &Mapping, bytes: &[u8]) -> Vec<usize> {
    let endpoints = mapping.endpoints.iter().enumerate().filter(|(_, endpoint)| !endpoint.skipped);
    let scores: Vec<(usize, (usize, Reverse<usize>))> = endpoints
        .filter_map(|(index, endpoint)| Some((index, score(mapping, index, &endpoint.read(bytes).ok()?))))
        .filter(|(_, (found, _))| *found > 0)
        .collect();
    let best = scores.iter().map(|(_, score)| *score).max();
    scores.into_iter().filter(|(_, score)| Some(*score) == best).map(|(index, _)| index).collect()
}

/// The rules of an endpoint that find a value, its families that pass through, and the misses.
fn score(mapping: &Mapping, endpoint: usize, body: &Body) -> (usize, Reverse<usize>) {
    let evaluation = evaluate(mapping, endpoint, &body.tree);
    // A rule may have a value without finding one: 0.
    let finds = |index: &usize| {
        let rule = &mapping.rules[*index];
        let elements = locate(rule, &body.tree).unwrap_or_default();
        elements.iter().any(|element| find(rule, element.value).is_some())
    };
    let rules = evaluation.points.iter().filter(|(index, _)| finds(index)).count();
    let passing = body.families.iter().filter(|series| mapping.endpoints[endpoint].pass_through.matches(&series.name));
    (rules + passing.count(), Reverse(evaluation.misses.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::find;

    #[track_caller]
    fn names(of: &str, body: &str) -> Vec<String> {
        let mapping = find(of).unwrap().mapping().unwrap();
        fitting(&mapping, body.as_bytes()).into_iter().map(|index| mapping.endpoints[index].name.clone()).collect()
    }

    #[test]
    fn the_endpoint_that_finds_most_is_taken() {
        assert_eq!(names("ticker", r#"{"pending_publishes": 1, "ticks_received_per_sec": 2.5}"#), ["metrics"]);
        assert_eq!(names("ticker", r#"{"pending_publishes": 1, "ingestion_rate": "2.5 ticks/sec"}"#), ["status"]);
        assert_eq!(names("ticker", r#"{"state": "closed", "failure_count": 0}"#), ["circuit-breaker"]);
        assert_eq!(names("ticker", "ticker_ticks_received_total 5\nticker_other 1\n"), ["series"]);
        assert_eq!(names("pool", "pool: {'max_connections': 50}"), ["pool"]);
    }

    #[test]
    fn a_value_that_is_only_assumed_is_no_find() {
        assert_eq!(names("cache-api", r#"{"unrelated": true}"#), [""; 0]);
        assert_eq!(names("cache-api", "<html>"), [""; 0]);
        assert_eq!(names("cache-api", r#"{"status": "ok", "available": true}"#), ["redis-health"]);
    }
}
