//! What the mapping of a service leaves out.

use super::{ServiceTarget, pass_through};
use crate::mapping::profile::PROFILES;
use crate::mapping::{Mapping, Rule};
use crate::metric::part_of;
use crate::metric::vocabulary::service::MAX_CONNECTIONS;
use crate::metric::vocabulary::{self, backpressure as pressure, resources};

/// The line that would bring a metric, if no rule of the mapping gives it.
pub(super) fn left_out(target: &ServiceTarget, metric: &str) -> Option<String> {
    let family = part_of(metric).map_or(metric, |(family, _)| family);
    if pass_through::metrics().iter().any(|info| info.name == family) {
        let line = format!("pass_through = [{family:?}] at an endpoint of [[service]] with format = \"prometheus\"");
        return (!gives(&target.mapping, family)).then_some(line);
    }
    let is_vocabulary = vocabulary::metrics().iter().any(|info| info.name == metric);
    if !is_vocabulary || gives(&target.mapping, metric) {
        return None;
    }
    if metric == MAX_CONNECTIONS.info().name {
        return target.max_connections.is_none().then(|| "max_connections of [[service]]".to_owned());
    }
    let shipped = PROFILES.iter().find(|profile| profile.mapping().is_ok_and(|mapping| gives(&mapping, metric)));
    Some(match shipped {
        Some(profile) => format!("[[service]] with profile = {:?}, or [[service.metric]]", profile.name),
        None => "[[service.metric]]".to_owned(),
    })
}

/// Whether a mapping gives a metric, or what it is computed from.
fn gives(mapping: &Mapping, metric: &str) -> bool {
    let endpoints = || mapping.endpoints.iter().filter(|endpoint| !endpoint.skipped);
    let has = |name: &str| {
        let rules = mapping.rules.iter().filter(|rule| !mapping.endpoints[rule.endpoint].skipped);
        rules.flat_map(Rule::definitions).any(|definition| definition.name == *name)
            || endpoints().any(|endpoint| endpoint.pass_through.matches(name))
    };
    let counters = |all: &[&str]| all.iter().all(|name| has(name));
    let [received, published, dropped, pending] =
        [&pressure::RECEIVED, &pressure::PUBLISHED, &pressure::DROPPED, &pressure::PENDING].map(|it| it.info().name);
    let rates = [&pressure::INGEST_RATE, &pressure::PUBLISH_RATE].map(|it| it.info().name);
    let is = |other: &'static str| metric == other;
    has(metric)
        || (is(resources::CACHE_HIT_RATIO.info().name)
            && counters(&[resources::CACHE_HITS.info().name, resources::CACHE_MISSES.info().name]))
        || (is(resources::POOL_USAGE_RATIO.info().name)
            && counters(&[resources::POOL_CONNECTIONS.info().name, resources::POOL_MAX_CONNECTIONS.info().name]))
        || (is(pressure::DROP_RATIO.info().name) && counters(&[published, dropped]))
        || (is(pressure::RATE_RATIO.info().name) && counters(&rates))
        || ([&pressure::UNACCOUNTED, &pressure::UNACCOUNTED_RATIO, &pressure::INGEST_RATE, &pressure::RATE_RATIO]
            .iter()
            .any(|it| is(it.info().name))
            && counters(&[received, published, dropped, pending]))
}
