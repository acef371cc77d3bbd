//! One report of several instances that answer in turn behind one address and say which one they are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::merge::Earlier;
use crate::mapping::{DataPoint, Evaluation, Fold, Mapping, Miss, Pointer, Reading};
use crate::metric::Kind;

/// Instances that are kept; of more the one that was not heard of for the longest time is forgotten.
const MOST: usize = 64;

/// A rule and the labels of one of its series.
type Key = (usize, Vec<String>);

/// The instances of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Instances {
    heard: BTreeMap<String, (Instant, Evaluation)>,
    /// What the counters of all of them grew by, upon the first value that was seen.
    totals: HashMap<Key, f64>,
}

impl Instances {
    pub(super) fn count(&self) -> usize {
        self.heard.len()
    }

    /// Takes what the instance that calls itself `name` says at `now`, and returns what all say that were heard within
    /// `memory`: counters grow by what those of each grow by, numbers are merged as those of elements are, and of states
    /// the worst counts.
    pub(super) fn observe(
        &mut self,
        mapping: &Mapping,
        name: String,
        says: Evaluation,
        now: Instant,
        memory: Duration,
    ) -> Evaluation {
        let before = self.heard.remove(&name).map(|(_, before)| before).unwrap_or_default();
        self.count_up(mapping, &before, &says);
        let misses = says.misses.clone();
        self.heard.insert(name, (now, says));
        self.heard.retain(|_, (at, _)| now.saturating_duration_since(*at) <= memory);
        while self.heard.len() > MOST {
            let oldest = self.heard.iter().min_by_key(|(_, (at, _))| *at).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.heard.remove(&name));
        }
        let together = self.together(mapping, misses);
        let known: HashSet<(usize, &[String])> = together
            .points
            .iter()
            .flat_map(|(index, points)| points.iter().map(|point| (*index, point.labels.as_slice())))
            .collect();
        self.totals.retain(|(index, labels), _| known.contains(&(*index, labels.as_slice())));
        together
    }

    /// Adds what the counters of one instance grew by. One that is heard of for the first time has counted before that.
    fn count_up(&mut self, mapping: &Mapping, before: &Evaluation, says: &Evaluation) {
        for (index, points) in &says.points {
            if mapping.rules[*index].definition.kind != Kind::Counter {
                continue;
            }
            let earlier = Earlier::of(before, *index);
            for (at, point) in points.iter().enumerate() {
                let Some(value) = point.reading.number() else { continue };
                let growth = match earlier.number(at, &point.labels) {
                    Some(earlier) if value >= earlier => value - earlier,
                    // It was restarted.
                    Some(_) => value,
                    None => 0.0,
                };
                let total = self.totals.entry((*index, point.labels.clone())).or_insert(value - growth);
                *total += growth;
            }
        }
    }

    fn together(&self, mapping: &Mapping, misses: Vec<Miss>) -> Evaluation {
        let mut points: BTreeMap<usize, BTreeMap<&[String], Reading>> = BTreeMap::new();
        // The latest last: where two cannot be merged it stays.
        let mut heard: Vec<_> = self.heard.values().collect();
        heard.sort_by_key(|(at, _)| *at);
        for (index, of_rule) in heard.iter().flat_map(|(_, says)| &says.points) {
            let merged = points.entry(*index).or_default();
            for point in of_rule {
                let reading = match self.totals.get(&(*index, point.labels.clone())) {
                    Some(total) => Reading::Number(*total),
                    None => merged.get(&*point.labels).map_or(point.reading, |others| {
                        together(*others, point.reading, mapping.rules[*index].merging.same)
                    }),
                };
                merged.insert(&point.labels, reading);
            }
        }
        let of_rule = |(index, points): (usize, BTreeMap<&[String], Reading>)| {
            let point = |(labels, reading): (&[String], Reading)| DataPoint { labels: labels.to_vec(), reading };
            (index, points.into_iter().map(point).collect())
        };
        Evaluation { points: points.into_iter().map(of_rule).collect(), misses }
    }
}

/// What two instances say, as one.
fn together(others: Reading, latest: Reading, fold: Option<Fold>) -> Reading {
    match (others, latest, fold) {
        (Reading::Number(a), Reading::Number(b), Some(fold)) => Reading::Number(fold.of(a, b)),
        (Reading::State(a), Reading::State(b), _) => Reading::State(a.max(b)),
        (known @ Reading::State(_), Reading::UnknownState, _) => known,
        _ => latest,
    }
}

/// The name that an instance gives itself in a body; empty if it gives none.
pub(super) fn name(body: &Json, at: &Pointer) -> String {
    match at.find(body) {
        Some(Json::String(name)) => name.clone(),
        Some(name @ (Json::Number(_) | Json::Bool(_))) => name.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mapping::{evaluate, testing};

    const MAPPING: &str = r#"
        [[endpoint]]
        name = "e"
        path = "/"
        instance = "/host"
        [[metric]]
        name = "app_sent_total"
        type = "counter"
        at = "/sent"
        [[metric]]
        name = "app_waiting"
        at = "/waiting"
        [[metric]]
        name = "app_lag_seconds"
        at = "/lag"
        [[metric]]
        name = "app_hit_ratio"
        at = "/hits"
        merge = "min"
        [[metric]]
        name = "app_state"
        at = "/state"
        type = "stateset"
        states = ["ok", "down"]
    "#;

    /// What the rules of the mapping come to.
    fn readings(evaluation: &Evaluation) -> Vec<Reading> {
        evaluation.points.iter().map(|(_, points)| points[0].reading).collect()
    }

    #[test]
    fn what_several_instances_say_is_the_worst_lag_and_the_right_number() {
        let mapping = testing::mapping(MAPPING);
        let (mut instances, start) = (Instances::default(), Instant::now());
        let mut said = |second: u64, body: Json| {
            let says = evaluate(&mapping, 0, &body);
            let at = mapping.endpoints[0].instance.as_ref().unwrap();
            let now = start + Duration::from_secs(second);
            let together = instances.observe(&mapping, name(&body, at), says, now, Duration::from_mins(5));
            (readings(&together), instances.count())
        };
        let a = |sent: u32| json!({"host": "a", "sent": sent, "waiting": 3, "lag": 0.5, "hits": 0.9, "state": "ok"});
        let b = |sent: u32| json!({"host": "b", "sent": sent, "waiting": 4, "lag": 7, "hits": 0.2, "state": "down"});
        let expected = |sent: f64, waiting: f64, lag: f64, hits: f64, state: usize| {
            let numbers = [sent, waiting, lag, hits].map(Reading::Number);
            [numbers.as_slice(), &[Reading::State(state)]].concat()
        };
        assert_eq!(said(0, a(100_000)), (expected(100_000.0, 3.0, 0.5, 0.9, 0), 1));
        // Who is heard of for the first time has counted before: that is no growth.
        assert_eq!(said(10, b(90_000)), (expected(100_000.0, 7.0, 7.0, 0.2, 1), 2));
        assert_eq!(said(20, a(100_200)), (expected(100_200.0, 7.0, 7.0, 0.2, 1), 2));
        assert_eq!(said(30, b(90_200)), (expected(100_400.0, 7.0, 7.0, 0.2, 1), 2));
        // A restart is of one alone.
        assert_eq!(said(40, a(50)), (expected(100_450.0, 7.0, 7.0, 0.2, 1), 2));
        // Who is not heard of any more is gone; what it counted is not.
        assert_eq!(said(331, a(60)), (expected(100_460.0, 3.0, 0.5, 0.9, 0), 1));
    }
}
