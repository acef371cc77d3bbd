//! What no single answer says: rates, ratios and losses, from what the counters of several polls grew by.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::merge::Sample;
use crate::collector::window::Window;
use crate::metric::vocabulary::{backpressure as pressure, resources};
use crate::metric::{Families, Kind, Metric, OTHER};

/// The counters of one service over the last polls.
#[derive(Debug)]
pub(super) struct Derive {
    fates: Tracked<3>,
    accounts: Tracked<5>,
    lookups: Tracked<2>,
    /// The last moment at which all of `accounts` were read, for the rates.
    last: Option<(Instant, Accounts)>,
    rates: Option<Rates>,
}

/// Values over a window, all of one source: the difference between what two endpoints count is no growth.
#[derive(Debug)]
struct Tracked<const N: usize> {
    window: Window<N>,
    sources: Option<[Option<usize>; N]>,
}

/// Where messages came from and went to, but for those that are under way.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Accounts {
    received: f64,
    published: f64,
    dropped: f64,
    sampled_out: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Rates {
    ingest: f64,
    publish: f64,
    sampling: Option<f64>,
}

/// What one poll adds to the samples.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Derived {
    pub(super) window: Duration,
    pub(super) ingest_rate: Option<f64>,
    pub(super) publish_rate: Option<f64>,
    pub(super) rate_ratio: Option<f64>,
    pub(super) sampling_ratio: Option<f64>,
    pub(super) drop_ratio: Option<f64>,
    pub(super) unaccounted: Option<f64>,
    pub(super) unaccounted_ratio: Option<f64>,
    pub(super) hit_ratio: Option<f64>,
    /// Usage of each pool whose mapping does not say it.
    pub(super) pools: Vec<(String, f64)>,
    has_messages: bool,
    has_lookups: bool,
}

impl Derive {
    pub(super) const fn new(window: Duration) -> Self {
        Self {
            fates: Tracked::new(window, 3),
            accounts: Tracked::new(window, 4),
            lookups: Tracked::new(window, 2),
            last: None,
            rates: None,
        }
    }

    /// Takes the samples of a poll that was made at `now`.
    pub(super) fn observe(&mut self, samples: &[Sample], now: Instant) -> Derived {
        let seen = Seen(samples);
        let mut derived = Derived { window: self.fates.window.span(), ..Derived::default() };
        self.messages(&seen, now, &mut derived);
        let lookups = seen.all([&resources::CACHE_HITS, &resources::CACHE_MISSES]);
        derived.has_lookups = lookups.is_some();
        self.lookups.observe(lookups.as_ref(), now);
        derived.hit_ratio = self.lookups.growth().and_then(|[hits, misses]| ratio(hits, hits + misses));
        derived.pools = pools(samples);
        derived
    }

    fn messages(&mut self, seen: &Seen<'_>, now: Instant, derived: &mut Derived) {
        let [published, dropped, sampled_out] = [&pressure::PUBLISHED, &pressure::DROPPED, &pressure::SAMPLED_OUT];
        self.fates.observe(seen.all([published, dropped, sampled_out]).as_ref(), now);
        let accounts = seen.all([&pressure::RECEIVED, published, dropped, sampled_out, &pressure::PENDING]);
        if self.accounts.is_elsewhere(accounts.as_ref()) {
            // What was once computed is not served on when its source has gone.
            (self.last, self.rates) = (None, None);
        }
        if let Some(Values { numbers: [received, published, dropped, sampled_out, _], fresh: true, .. }) = accounts {
            self.take_rates(Accounts { received, published, dropped, sampled_out }, now);
        }
        self.accounts.observe(accounts.as_ref(), now);
        derived.has_messages = seen.value(published).is_some();
        derived.drop_ratio = self.fates.growth().and_then(|by| ratio(by[1], by.iter().sum()));
        self.loss(derived);
        // A rate that the service computes may be of a window of its own, or capped: its counters know better.
        let rates = self.rates;
        let rate = |of: fn(Rates) -> f64, metric: &Metric<0>| rates.map(of).or_else(|| seen.value(metric));
        derived.ingest_rate = rate(|rates| rates.ingest, &pressure::INGEST_RATE);
        derived.publish_rate = rate(|rates| rates.publish, &pressure::PUBLISH_RATE);
        derived.sampling_ratio = rates.and_then(|rates| rates.sampling);
        derived.rate_ratio = derived.publish_rate.zip(derived.ingest_rate).and_then(|(out, into)| ratio(out, into));
    }

    /// All counters of one moment.
    fn take_rates(&mut self, now_has: Accounts, now: Instant) {
        self.rates = self.last.and_then(|(before, had)| now_has.since(&had, now.saturating_duration_since(before)));
        self.last = Some((now, now_has));
    }

    /// What was received over the window and is nowhere.
    fn loss(&self, derived: &mut Derived) {
        let Some([received, published, dropped, sampled_out, pending]) = self.accounts.growth() else { return };
        let unaccounted = received - published - dropped - sampled_out - pending;
        derived.unaccounted = Some(unaccounted);
        derived.unaccounted_ratio = ratio(unaccounted, received);
    }
}

impl<const N: usize> Tracked<N> {
    const fn new(span: Duration, counters: usize) -> Self {
        Self { window: Window::new(span, counters), sources: None }
    }

    /// Whether the values are of other sources than those before, or have gone.
    fn is_elsewhere(&self, values: Option<&Values<N>>) -> bool {
        self.sources != values.map(|values| values.sources)
    }

    /// Takes the values of one moment. Differences are taken between moments, not between memories: values of an earlier
    /// poll are not taken again.
    fn observe(&mut self, values: Option<&Values<N>>, now: Instant) {
        if self.is_elsewhere(values) {
            self.window.restart();
            self.sources = values.map(|values| values.sources);
        }
        if let Some(values) = values.filter(|values| values.fresh) {
            self.window.observe(now, values.numbers);
        }
    }

    fn growth(&self) -> Option<[f64; N]> {
        self.window.growth().map(|growth| growth.by)
    }
}

impl Accounts {
    /// The rates since an earlier moment; `None` if a counter fell or no time has passed.
    fn since(&self, earlier: &Self, elapsed: Duration) -> Option<Rates> {
        let received = self.received - earlier.received;
        let published = self.published - earlier.published;
        let sampled_out = self.sampled_out - earlier.sampled_out;
        let seconds = elapsed.as_secs_f64();
        let whole = received >= 0.0 && published >= 0.0 && sampled_out >= 0.0 && self.dropped >= earlier.dropped;
        (whole && seconds > 0.0).then(|| Rates {
            ingest: received / seconds,
            publish: published / seconds,
            sampling: ratio(sampled_out, received).map(|left_out| (1.0 - left_out).clamp(0.0, 1.0)),
        })
    }
}

/// A part of a whole; undefined where there is no whole, or next to none.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole).filter(|ratio| ratio.is_finite())
}

/// Samples by metric.
struct Seen<'s>(&'s [Sample]);

impl Seen<'_> {
    fn sample(&self, metric: &Metric<0>) -> Option<&Sample> {
        self.0.iter().find(|sample| sample.definition.name == metric.info().name)
    }

    fn value(&self, metric: &Metric<0>) -> Option<f64> {
        self.sample(metric).map(|sample| sample.value)
    }

    /// The values of several metrics; `None` if one of them is not there.
    fn all<const N: usize>(&self, metrics: [&Metric<0>; N]) -> Option<Values<N>> {
        let mut found = Values { numbers: [0.0; N], sources: [None; N], fresh: true };
        for (at, metric) in metrics.into_iter().enumerate() {
            if let Some(sample) = self.sample(metric) {
                found.numbers[at] = sample.value;
                // How many wait is the same whoever says it; two counters may have begun at different times.
                found.sources[at] = (sample.definition.kind == Kind::Counter).then_some(sample.rule);
                found.fresh &= sample.fresh;
            } else if metric.info().name != pressure::SAMPLED_OUT.info().name {
                // A service that does not sample leaves nothing out; of everything else 0 would be a guess.
                return None;
            }
        }
        Some(found)
    }
}

/// Several values that are there.
struct Values<const N: usize> {
    numbers: [f64; N],
    /// The rule of each counter.
    sources: [Option<usize>; N],
    /// Whether all of them were read in this poll.
    fresh: bool,
}

/// Connections in use by the most that there may be, of each pool that says both and not the ratio.
fn pools(samples: &[Sample]) -> Vec<(String, f64)> {
    let of = |name: &str| samples.iter().filter(move |sample| sample.definition.name == name).collect::<Vec<_>>();
    let told: BTreeSet<&String> =
        of(resources::POOL_USAGE_RATIO.info().name).iter().filter_map(|sample| sample.labels.first()).collect();
    let limits: BTreeMap<&String, f64> = of(resources::POOL_MAX_CONNECTIONS.info().name)
        .into_iter()
        .filter_map(|sample| Some((sample.labels.first()?, sample.value)))
        .collect();
    let mut usages = Vec::new();
    for sample in of(resources::POOL_CONNECTIONS.info().name) {
        if let [pool, state] = sample.labels.as_slice()
            && state == "in_use"
            // The rest by connections is not the rest by limits.
            && pool != OTHER
            && !told.contains(pool)
            && let Some(usage) = limits.get(pool).and_then(|max| ratio(sample.value, *max))
        {
            usages.push((pool.clone(), usage));
        }
    }
    usages
}

impl Derived {
    /// Names what is defined.
    pub(super) fn export(&self, out: &mut Families) {
        for (metric, value) in self.values() {
            if let Some(value) = value {
                out.push(metric, [], value);
            }
        }
        for (pool, usage) in &self.pools {
            out.push(&resources::POOL_USAGE_RATIO, [pool], *usage);
        }
    }

    /// Whether a sample of that name is replaced by one of these.
    pub(super) fn replaces(&self, name: &str) -> bool {
        self.values().iter().any(|(metric, value)| value.is_some() && metric.info().name == name)
    }

    fn values(&self) -> [(&'static Metric<0>, Option<f64>); 10] {
        [
            (&pressure::INGEST_RATE, self.ingest_rate),
            (&pressure::PUBLISH_RATE, self.publish_rate),
            (&pressure::RATE_RATIO, self.rate_ratio),
            (&pressure::SAMPLING_RATIO, self.sampling_ratio),
            (&pressure::DROP_RATIO, self.drop_ratio),
            (&pressure::UNACCOUNTED, self.unaccounted),
            (&pressure::UNACCOUNTED_RATIO, self.unaccounted_ratio),
            (&pressure::WINDOW, self.has_messages.then_some(self.window.as_secs_f64())),
            (&resources::CACHE_HIT_RATIO, self.hit_ratio),
            (&resources::CACHE_HIT_RATIO_WINDOW, self.has_lookups.then_some(self.window.as_secs_f64())),
        ]
    }
}

#[cfg(test)]
mod tests;
