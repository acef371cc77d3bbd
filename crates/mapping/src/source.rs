//! Sources: rules that speak of one and the same thing, where a service has several of its kind.
//!
//! A service may have two publishers and use one of them. The other one was made all the same and says what it was made
//! with: nothing published, nothing dropped, a breaker that is closed. A default is not a value: a source that has counted
//! nothing is left out while another source of the same numbers has counted something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evaluate::{DataPoint, Evaluation};
use super::model::{Mapping, Rule};
use metric::Kind;

/// The sources that are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Idle(BTreeSet<Arc<str>>);

/// What the rules of one source say.
#[derive(Default)]
struct Said<'m> {
    /// Names of its metrics.
    names: BTreeSet<&'m str>,
    /// Names of its counters, and whether one of that name is above 0.
    counters: BTreeMap<&'m str, bool>,
}

impl Said<'_> {
    fn has_counted(&self) -> bool {
        self.counters.values().any(|above| *above)
    }

    /// Whether another source has counted what this one should have: of one without counters, whether that speaks of the
    /// same things at all.
    fn is_outdone_by(&self, other: &Self) -> bool {
        if self.counters.is_empty() {
            return other.has_counted() && self.names.iter().any(|name| other.names.contains(name));
        }
        self.counters.keys().any(|name| other.counters.get(name) == Some(&true))
    }
}

impl Idle {
    /// Whether a rule is one of a source that is left out.
    #[must_use]
    pub fn has(&self, rule: &Rule) -> bool {
        !self.0.is_empty() && rule.source.as_ref().is_some_and(|source| self.0.contains(source))
    }

    /// Looks at what all endpoints say now, and returns the sources that are left out from now on. One that was left out
    /// stays so until it counts something: that the other one cannot be read makes it no truer.
    pub fn update<'s>(&mut self, mapping: &'s Mapping, evaluations: &[Option<&Evaluation>]) -> Vec<&'s str> {
        let mut sources: BTreeMap<&'s Arc<str>, Said<'s>> = BTreeMap::new();
        for (index, rule) in mapping.rules.iter().enumerate() {
            let Some(source) = &rule.source else { continue };
            let said = sources.entry(source).or_default();
            let points = evaluations.get(rule.endpoint).copied().flatten().map_or(&[][..], |of| of.of_rule(index));
            if points.is_empty() {
                continue;
            }
            said.names.insert(&rule.definition.name);
            if rule.definition.kind == Kind::Counter {
                let above = |point: &DataPoint| point.reading.number().is_some_and(|number| number > 0.0);
                *said.counters.entry(&rule.definition.name).or_default() |= points.iter().any(above);
            }
        }
        let mut new = Vec::new();
        for (name, said) in &sources {
            if said.has_counted() {
                self.0.remove(*name);
            } else if sources.iter().any(|(other, more)| other != name && said.is_outdone_by(more))
                && self.0.insert(Arc::clone(name))
            {
                new.push(&***name);
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::{evaluate, testing};

    const TWO: &str = r#"
        [[endpoint]]
        name = "new"
        path = "/new"
        [[endpoint]]
        name = "old"
        path = "/old"
        [[metric]]
        name = "app_sent_total"
        type = "counter"
        endpoint = "new"
        at = "/sent"
        source = "new"
        missing = "ignore"
        [[metric]]
        name = "app_waiting"
        endpoint = "new"
        at = "/waiting"
        source = "new"
        [[metric]]
        name = "app_sent_total"
        type = "counter"
        endpoint = "old"
        at = "/sent"
        source = "old"
        [[metric]]
        name = "app_waiting"
        endpoint = "old"
        at = "/waiting"
        source = "old"
        [[metric]]
        name = "app_lost_total"
        type = "counter"
        endpoint = "old"
        at = "/lost"
        source = "old"
        missing = "ignore"
    "#;

    /// What is left out after each of these pairs of bodies; null is one that cannot be read.
    fn left_out(bodies: &[[Json; 2]]) -> Vec<String> {
        let mapping = testing::mapping(TWO);
        let mut idle = Idle::default();
        let mut after = Vec::new();
        for bodies in bodies {
            let evaluations: Vec<Option<Evaluation>> = bodies
                .iter()
                .enumerate()
                .map(|(at, body)| (!body.is_null()).then(|| evaluate(&mapping, at, body)))
                .collect();
            idle.update(&mapping, &evaluations.iter().map(Option::as_ref).collect::<Vec<_>>());
            let out = mapping.rules.iter().filter(|rule| idle.has(rule));
            let names: BTreeSet<&str> = out.filter_map(|rule| rule.source.as_deref()).collect();
            after.push(names.into_iter().collect::<Vec<_>>().join(" "));
        }
        after
    }

    fn sent(sent: u32) -> Json {
        json!({"sent": sent, "waiting": 0})
    }

    #[test]
    fn what_has_counted_nothing_gives_way_to_what_has() {
        assert_eq!(left_out(&[[sent(0), sent(881)]]), ["new"]);
        assert_eq!(left_out(&[[sent(881), sent(0)]]), ["old"]);
        assert_eq!(left_out(&[[sent(0), sent(0)]]), [""]);
        assert_eq!(left_out(&[[sent(1), sent(881)]]), [""]);
        assert_eq!(left_out(&[[sent(0), Json::Null]]), [""]);
    }

    #[test]
    fn it_must_have_counted_the_same() {
        let lost = json!({"sent": 0, "lost": 7, "waiting": 0});
        assert_eq!(left_out(&[[sent(0), lost.clone()]]), [""]);
        // Without any counter it is enough that both speak of the same.
        assert_eq!(left_out(&[[json!({"waiting": 0}), lost.clone()]]), ["new"]);
        assert_eq!(left_out(&[[json!({}), lost]]), [""]);
    }

    #[test]
    fn what_is_left_out_stays_so_until_it_counts() {
        let course =
            [[sent(0), sent(5)], [sent(0), Json::Null], [sent(0), sent(0)], [sent(1), Json::Null], [sent(0), sent(0)]];
        assert_eq!(left_out(&course), ["new", "new", "new", "", ""]);
    }
}
