//! What no single answer says: rates, ratios and losses, from what the counters of several polls grew by.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::merge::MappedSample;
use crate::collector::window::{Growth, Window};
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
    loss: Loss,
    told: Told,
}

/// Values over a window, all of one source: the difference between what two endpoints count is not a growth.
#[derive(Debug)]
struct Tracked<const N: usize> {
    window: Window<N>,
    sources: Option<[Option<(usize, usize)>; N]>,
}

/// What is missing in the accounts, read after read.
///
/// The counters are not read at one moment, and a message that is on its way between two of them seems lost. So it counts when
/// it is missing at two readings.
#[derive(Debug, Default)]
struct Loss {
    /// What was missing at the first reading, and at the last one.
    since: Option<(f64, f64)>,
    /// What has been counted since that first reading.
    counted: f64,
    /// What was counted before.
    before: f64,
}

/// Messages by the rates that a service tells, where it has no counters: each rate is taken to hold until it is told again.
#[derive(Debug)]
struct Told {
    window: Window<2>,
    sums: [f64; 2],
    last: Option<Instant>,
}

/// What was received, published, dropped and sampled out, and what is pending.
type Accounts = [f64; 5];

#[derive(Debug, Clone, Copy, PartialEq)]
struct Rates {
    ingest: f64,
    publish: f64,
    sampling: Option<f64>,
}

/// What one poll adds to the samples.
#[derive(Debug, Default)]
pub(super) struct Derived {
    /// What is defined.
    values: Vec<(&'static Metric<0>, f64)>,
    /// Usage of each pool whose mapping does not say it.
    pools: Vec<(String, f64)>,
}

impl Derive {
    pub(super) fn new(window: Duration) -> Self {
        Self {
            fates: Tracked::new(window, 3),
            accounts: Tracked::new(window, 4),
            lookups: Tracked::new(window, 2),
            last: None,
            rates: None,
            loss: Loss::default(),
            told: Told { window: Window::new(window, 2), sums: [0.0; 2], last: None },
        }
    }

    /// Takes the samples of a poll that was made at `now`.
    pub(super) fn observe(&mut self, samples: &[MappedSample], now: Instant) -> Derived {
        let inputs = Inputs(samples);
        let mut derived = Derived { values: Vec::new(), pools: pools(samples) };
        self.messages(inputs, now, &mut derived);
        let lookups = all([inputs.of(&resources::CACHE_HITS), inputs.of(&resources::CACHE_MISSES)]);
        self.lookups.observe(lookups.as_ref(), now);
        let hit_ratio = self.lookups.growth().and_then(|[hits, misses]| ratio(hits, hits + misses));
        let lookups_of = self.lookups.window.growth().and_then(|growth| growth.per_second(growth.by.iter().sum()));
        derived.add(&resources::CACHE_HIT_RATIO, hit_ratio);
        derived.add(&resources::CACHE_LOOKUP_RATE, lookups_of);
        derived.add(&resources::CACHE_HIT_RATIO_WINDOW, lookups.map(|_| self.lookups.seconds()));
        derived
    }

    fn messages(&mut self, inputs: Inputs<'_>, now: Instant, derived: &mut Derived) {
        let [received, published, dropped, sampled_out, pending] =
            [&pressure::RECEIVED, &pressure::PUBLISHED, &pressure::DROPPED, &pressure::SAMPLED_OUT, &pressure::PENDING]
                .map(|metric| inputs.of(metric));
        // A service that does not sample leaves nothing out; of everything else 0 would be a guess.
        let sampled_out = Some(sampled_out.unwrap_or(Input::NOTHING));
        self.fates.observe(all([published, dropped, sampled_out]).as_ref(), now);
        let accounts = all([received, published, dropped, sampled_out, pending]);
        if self.accounts.is_elsewhere(accounts.as_ref()) {
            // What was once computed is not served on when its source has gone.
            (self.last, self.rates) = (None, None);
            self.loss.restart();
        }
        if let Some(fresh) = accounts.filter(are_fresh) {
            let has = fresh.map(|input| input.value);
            let rates = self.last.and_then(|(at, had)| rates(&had, &has, now.saturating_duration_since(at)));
            if rates.is_none() {
                self.loss.restart();
            }
            self.loss.observe(missing(&has));
            (self.last, self.rates) = (Some((now, has)), rates);
        }
        self.accounts.observe(accounts.as_ref(), now);
        // A rate that the service computes may be of a window of its own, or capped: its counters know better.
        let told = |metric| inputs.of(metric).map(|told| told.value);
        let ingest = self.rates.map(|rates| rates.ingest).or(told(&pressure::INGEST_RATE));
        let publish = self.rates.map(|rates| rates.publish).or(told(&pressure::PUBLISH_RATE));
        derived.add(&pressure::INGEST_RATE, ingest);
        derived.add(&pressure::PUBLISH_RATE, publish);
        derived.add(&pressure::RATE_RATIO, publish.zip(ingest).and_then(|(out, into)| ratio(out, into)));
        derived.add(&pressure::SAMPLING_RATIO, self.rates.and_then(|rates| rates.sampling));
        let drops = self.fates.growth().and_then(|by| ratio(by[1], by.iter().sum()));
        derived.add(&pressure::DROP_RATIO, drops);
        let mut published_of = self.told.observe(inputs, now);
        if let Some(Growth { by, over }) = self.accounts.window.growth() {
            let [received, published, _, sampled_out, pending] = by;
            // What was received over the window and is nowhere.
            derived.add(&pressure::UNACCOUNTED, Some(missing(&by)));
            derived.add(&pressure::UNACCOUNTED_RATIO, ratio(missing(&by), received));
            derived.add(&pressure::UNACCOUNTED_TOTAL, Some(self.loss.total()));
            // In a few seconds, as after the start, what is on its way is a large part, and neither published nor lost.
            let is_short = over < self.accounts.window.span() / 10;
            let on_its_way = if is_short { pending.max(0.0) } else { 0.0 };
            published_of = ratio(published, received - sampled_out - on_its_way);
        }
        derived.add(&pressure::PUBLISH_RATIO, published_of);
        derived.add(&pressure::WINDOW, published.map(|_| self.fates.seconds()));
    }
}

impl<const N: usize> Tracked<N> {
    const fn new(span: Duration, counters: usize) -> Self {
        Self { window: Window::new(span, counters), sources: None }
    }

    /// Whether the inputs are of other sources than those before, or have gone.
    fn is_elsewhere(&self, inputs: Option<&[Input; N]>) -> bool {
        self.sources != inputs.map(|inputs| inputs.map(|input| input.source))
    }

    /// Takes the inputs of one moment. Differences are taken between moments, not between memories: values of an earlier
    /// poll are not taken again.
    fn observe(&mut self, inputs: Option<&[Input; N]>, now: Instant) {
        if self.is_elsewhere(inputs) {
            self.window.restart();
            self.sources = inputs.map(|inputs| inputs.map(|input| input.source));
        }
        if let Some(inputs) = inputs.filter(|inputs| are_fresh(inputs)) {
            self.window.observe(now, inputs.map(|input| input.value));
        }
    }

    /// The seconds that it looks back.
    const fn seconds(&self) -> f64 {
        self.window.span().as_secs_f64()
    }

    fn growth(&self) -> Option<[f64; N]> {
        self.window.growth().map(|growth| growth.by)
    }
}

impl Loss {
    /// What is missing from now on has nothing to do with what was missing before: another source, or another run of it.
    fn restart(&mut self) {
        self.before = self.total();
        (self.since, self.counted) = (None, 0.0);
    }

    fn observe(&mut self, missing: f64) {
        let (first, last) = self.since.unwrap_or((missing, missing));
        self.counted = self.counted.max(missing.min(last) - first);
        self.since = Some((first, missing));
    }

    fn total(&self) -> f64 {
        self.before + self.counted
    }
}

impl Told {
    /// Published by received over the window.
    fn observe(&mut self, inputs: Inputs<'_>, now: Instant) -> Option<f64> {
        let rates = all([inputs.of(&pressure::INGEST_RATE), inputs.of(&pressure::PUBLISH_RATE)]);
        let Some(rates) = rates else {
            (self.last, self.sums) = (None, [0.0; 2]);
            self.window.restart();
            return None;
        };
        if are_fresh(&rates) {
            let elapsed = self.last.map_or(0.0, |last| now.saturating_duration_since(last).as_secs_f64());
            self.sums = std::array::from_fn(|at| rates[at].value.max(0.0).mul_add(elapsed, self.sums[at]));
            self.last = Some(now);
            self.window.observe(now, self.sums);
        }
        let [received, published] = self.window.growth()?.by;
        ratio(published, received)
    }
}

/// What was received and is nowhere.
fn missing([received, published, dropped, sampled_out, pending]: &Accounts) -> f64 {
    received - published - dropped - sampled_out - pending
}

/// The rates from one moment to another; `None` if a counter fell or no time has passed.
fn rates(before: &Accounts, now: &Accounts, elapsed: Duration) -> Option<Rates> {
    let [received, published, dropped, sampled_out, _] = std::array::from_fn(|at| now[at] - before[at]);
    let whole = [received, published, dropped, sampled_out].iter().all(|growth| *growth >= 0.0);
    let seconds = elapsed.as_secs_f64();
    (whole && seconds > 0.0).then(|| Rates {
        ingest: received / seconds,
        publish: published / seconds,
        sampling: ratio(sampled_out, received).map(|left_out| (1.0 - left_out).clamp(0.0, 1.0)),
    })
}

/// A part of a whole; undefined where there is no whole, or next to none.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole).filter(|ratio| ratio.is_finite())
}

/// One value that others are computed from.
#[derive(Debug, Clone, Copy)]
struct Input {
    value: f64,
    /// The rule of a counter, and its run: two counters may have begun at different times. How many wait is the same whoever says it.
    source: Option<(usize, usize)>,
    /// Whether it was read in this poll.
    fresh: bool,
}

impl Input {
    const NOTHING: Self = Self { value: 0.0, source: None, fresh: true };
}

/// The numbers of a poll, from which others are computed.
#[derive(Clone, Copy)]
struct Inputs<'s>(&'s [MappedSample]);

impl Inputs<'_> {
    fn of(self, metric: &Metric<0>) -> Option<Input> {
        let sample = self.0.iter().find(|sample| sample.definition.name == metric.info().name)?;
        let source = (sample.definition.kind == Kind::Counter).then_some((sample.rule, sample.run));
        Some(Input { value: sample.value, source, fresh: sample.fresh })
    }
}

/// All of several inputs; `None` if one of them is not there.
fn all<const N: usize>(inputs: [Option<Input>; N]) -> Option<[Input; N]> {
    inputs.iter().all(Option::is_some).then(|| inputs.map(|input| input.unwrap_or(Input::NOTHING)))
}

/// Whether all of them were read in this poll.
fn are_fresh<const N: usize>(inputs: &[Input; N]) -> bool {
    inputs.iter().all(|input| input.fresh)
}

/// Connections in use by the most that there may be, of each pool that says both and not the ratio.
fn pools(samples: &[MappedSample]) -> Vec<(String, f64)> {
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
    fn add(&mut self, metric: &'static Metric<0>, value: Option<f64>) {
        self.values.extend(value.map(|value| (metric, value)));
    }

    /// Exports what is defined.
    pub(super) fn export(&self, out: &mut Families) {
        for (metric, value) in &self.values {
            out.push(metric, [], *value);
        }
        for (pool, usage) in &self.pools {
            out.push(&resources::POOL_USAGE_RATIO, [pool], *usage);
        }
    }

    /// Whether a sample of that name is replaced by one of these.
    pub(super) fn replaces(&self, name: &str) -> bool {
        self.values.iter().any(|(metric, _)| metric.info().name == name)
    }
}

#[cfg(test)]
mod tests;
