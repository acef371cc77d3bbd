//! The metrics that the agent computes from others: what the collector's `derive` does, in words.

use std::fmt::Write as _;

use super::{Explained, is_of, label_text};
use crate::model::Value;
use crate::shown::shown_pointer;
use metric::MetricInfo;
use metric::vocabulary::backpressure::{
    DROP_RATIO, DROPPED, INGEST_RATE, PENDING, PUBLISH_RATE, PUBLISH_RATIO, PUBLISHED, RATE_RATIO, RECEIVED,
    SAMPLED_OUT, SAMPLING_RATIO, UNACCOUNTED, UNACCOUNTED_RATIO, UNACCOUNTED_TOTAL, WINDOW,
};
use metric::vocabulary::resources::{
    CACHE_HIT_RATIO, CACHE_HIT_RATIO_WINDOW, CACHE_HITS, CACHE_MISSES, POOL_CONNECTIONS, POOL_MAX_CONNECTIONS,
    POOL_USAGE_RATIO,
};

/// How a metric is computed.
pub(super) struct Computed {
    name: &'static str,
    /// What it is computed from.
    from: &'static [&'static MetricInfo],
    /// How.
    how: &'static str,
    /// Whether it takes what something grew by, and so two polls.
    grows: bool,
}

/// A row each: the metric, whether it takes what others grew by or one poll is enough, what it is computed from, and how.
macro_rules! computed {
    (growth) => { true };
    (at_once) => { false };
    ($($metric:ident $polls:ident [$($from:ident)*] $how:literal)*) => {
        [$(Computed {
            name: $metric.info().name,
            from: &[$($from.info()),*],
            how: $how,
            grows: computed!($polls),
        }),*]
    };
}

/// Every metric that is computed: the service collector's `derive` in words.
const COMPUTED: [Computed; 13] = computed! {
    INGEST_RATE growth [RECEIVED PUBLISHED DROPPED PENDING]
        "what backpressure_received_total grew by since the fetch before, a second, if all of these are read; else what a rule gives"
    PUBLISH_RATE growth [RECEIVED PUBLISHED DROPPED PENDING]
        "what backpressure_published_total grew by since the fetch before, a second, if all of these are read; else what a rule gives"
    RATE_RATIO at_once [PUBLISH_RATE INGEST_RATE]
        "backpressure_publish_rate divided by backpressure_ingest_rate; absent while nothing is received"
    PUBLISH_RATIO growth [RECEIVED PUBLISHED SAMPLED_OUT]
        "what backpressure_published_total grew by over the window, divided by what backpressure_received_total grew by less what was sampled out; without these counters of the rates that rules give"
    SAMPLING_RATIO growth [RECEIVED PUBLISHED DROPPED SAMPLED_OUT PENDING]
        "1 less what backpressure_sampled_out_total grew by since the fetch before, divided by what backpressure_received_total grew by"
    DROP_RATIO growth [PUBLISHED DROPPED SAMPLED_OUT]
        "what backpressure_dropped_total grew by over the window, divided by what all of these together grew by; without backpressure_sampled_out_total it counts as 0"
    UNACCOUNTED growth [RECEIVED PUBLISHED DROPPED SAMPLED_OUT PENDING]
        "what backpressure_received_total grew by over the window, less what the others grew by"
    UNACCOUNTED_RATIO growth [RECEIVED PUBLISHED DROPPED SAMPLED_OUT PENDING]
        "backpressure_unaccounted_messages divided by what backpressure_received_total grew by over the window"
    UNACCOUNTED_TOTAL growth [RECEIVED PUBLISHED DROPPED SAMPLED_OUT PENDING]
        "what backpressure_received_total grew by since the first fetch, less what the others grew by; it never falls"
    WINDOW at_once [PUBLISHED]
        "the setting window, if this is read"
    CACHE_HIT_RATIO growth [CACHE_HITS CACHE_MISSES]
        "what redis_cache_hits grew by over the window, divided by what both grew by; absent without lookups in it"
    CACHE_HIT_RATIO_WINDOW at_once [CACHE_HITS CACHE_MISSES]
        "the setting window, if both of these are read"
    POOL_USAGE_RATIO at_once [POOL_CONNECTIONS POOL_MAX_CONNECTIONS]
        "pool_connections with state=\"in_use\" divided by pool_max_connections, for each pool that has both and no rule of its own"
};

/// What the agent knows of computing that metric.
pub(super) fn find(metric: &str) -> Option<&'static Computed> {
    COMPUTED.iter().find(|computed| computed.name == metric)
}

/// The metric and, down to the last, those that it is computed from.
pub(super) fn sources(metric: &str) -> Vec<&str> {
    let mut names = vec![metric];
    let mut at = 0;
    while let Some(name) = names.get(at) {
        let from = find(name).map_or(&[][..], |computed| computed.from);
        let new: Vec<&str> = from.iter().map(|info| info.name).filter(|name| !names.contains(name)).collect();
        names.extend(new);
        at += 1;
    }
    names
}

impl Explained<'_> {
    /// What the metric is computed from, with the values at hand.
    pub(super) fn computed(&self, text: &mut String, computed: &Computed) {
        let _ = writeln!(text, "\nComputed: {}.", computed.how);
        for info in computed.from {
            let rules: Vec<usize> =
                (0..self.mapping.rules.len()).filter(|index| is_of(&self.mapping.rules[*index], info.name)).collect();
            let mut values = Vec::new();
            for &index in &rules {
                values.extend(self.won(index));
            }
            let what = match (values.is_empty(), rules.len()) {
                (false, _) => values.join("; "),
                (true, 0) if find(info.name).is_some() => "no rule, but it is computed itself".to_owned(),
                (true, 0) => "no rule of this mapping gives it".to_owned(),
                (true, 1) => format!("1 rule{}", self.without_value()),
                (true, count) => format!("{count} rules{}", self.without_value()),
            };
            let _ = writeln!(text, "  {}: {what}", info.name);
        }
        if computed.grows && self.evaluations.iter().any(Option::is_some) {
            text.push_str("  A growth takes two polls: one body does not tell it.\n");
        }
    }

    fn without_value(&self) -> &'static str {
        if self.evaluations.iter().any(Option::is_some) { ", no value" } else { "" }
    }

    /// The values that the rule gives to the metric, in words.
    fn won(&self, index: usize) -> Vec<String> {
        let rule = &self.mapping.rules[index];
        let endpoint = &self.mapping.endpoints[rule.endpoint].name;
        let place = rule.each.as_ref().or(rule.at.first()).map(shown_pointer).unwrap_or_default();
        let is_number = matches!(rule.value, Value::Number { .. });
        let points = self.points(index).iter().filter(|point| {
            let key = (rule.definition.name.to_string(), point.labels.clone());
            is_number && self.winners.get(&key) == Some(&index)
        });
        points
            .take(super::SHOWN)
            .filter_map(|point| {
                let labels = label_text(rule, &point.labels);
                let space = if labels.is_empty() { "" } else { " " };
                Some(format!("{labels}{space}{} ({endpoint} {place})", point.reading.number()?))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metric::vocabulary;

    #[test]
    fn everything_that_is_computed_can_be_explained() {
        for info in vocabulary::metrics().iter().filter(|info| info.source == "computed") {
            assert!(find(info.name).is_some(), "{} is not in the table", info.name);
        }
    }

    #[test]
    fn the_sources_of_a_source_are_sources() {
        assert_eq!(
            sources("backpressure_rate_ratio"),
            [
                "backpressure_rate_ratio",
                "backpressure_publish_rate",
                "backpressure_ingest_rate",
                "backpressure_received_total",
                "backpressure_published_total",
                "backpressure_dropped_total",
                "backpressure_pending_publishes",
            ]
        );
        assert_eq!(sources("queue_size"), ["queue_size"]);
    }
}
