//! The samples of one poll of one target, by family.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::time::{SystemTime, UNIX_EPOCH};

use foldhash::quality::RandomState;

use crate::family::Label;
use crate::store::{About, Head, Identity, SetsByHash, Store};
use crate::{Definition, Family, Kind, Metric, MetricInfo, Samples, Suffix, text};

/// Samples of one target before the rest is refused, unless the configuration says otherwise.
const DEFAULT_SERIES_LIMIT: usize = 20_000;

/// Samples that were refused, by reason.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Rejections {
    /// The target's series limit was reached.
    pub series_limit: u64,
    /// The same name and labels were pushed before.
    pub duplicate: u64,
    /// A name from outside is no metric name, or is taken by another type.
    pub name: u64,
}

impl Rejections {
    /// The reasons and their numbers.
    #[must_use]
    pub const fn by_reason(&self) -> [(&'static str, u64); 3] {
        [("series_limit", self.series_limit), ("duplicate", self.duplicate), ("name", self.name)]
    }
}

/// The samples of one poll of one target.
///
/// Pushing is infallible for the caller: what may not be exported (a duplicate, a sample over the series limit, a name
/// that is none) is left out and counted in [`rejections`](Self::rejections).
#[derive(Debug)]
pub struct Families {
    store: Store,
    by_name: HashMap<Cow<'static, str>, usize, RandomState>,
    sets: SetsByHash,
    seen: HashSet<u64, RandomState>,
    hasher: RandomState,
    limit: usize,
    rejections: Rejections,
}

impl Default for Families {
    fn default() -> Self {
        Self::with_limit(DEFAULT_SERIES_LIMIT)
    }
}

impl Families {
    /// An empty set with the default series limit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty set that takes at most `limit` series.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self {
            store: Store::default(),
            by_name: HashMap::default(),
            sets: SetsByHash::default(),
            seen: HashSet::default(),
            hasher: RandomState::default(),
            limit,
            rejections: Rejections::default(),
        }
    }

    /// Adds one sample.
    pub fn push<const N: usize>(&mut self, metric: &'static Metric<N>, labels: [&str; N], value: f64) {
        self.add_fixed(metric.info(), Suffix::None, labels.into_iter(), None, value);
    }

    /// Adds one sample, if its value is known.
    pub fn push_known<const N: usize>(&mut self, metric: &'static Metric<N>, labels: [&str; N], value: Option<f64>) {
        if let Some(value) = value {
            self.push(metric, labels, value);
        }
    }

    /// Adds one sample of a moment, in seconds since 1970, if it is known.
    pub fn push_time<const N: usize>(&mut self, metric: &'static Metric<N>, labels: [&str; N], at: Option<SystemTime>) {
        let since = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        self.push_known(metric, labels, since.map(|since| since.as_secs_f64()));
    }

    /// Adds one sample that has only the first of the metric's labels: the others are absent.
    pub fn push_first<const N: usize>(&mut self, metric: &'static Metric<N>, labels: &[&str], value: f64) {
        self.add_fixed(metric.info(), Suffix::None, labels.iter().copied(), None, value);
    }

    /// Adds one sample that has `more` labels beside its own: those that the configuration names.
    pub fn push_with<const N: usize>(
        &mut self,
        metric: &'static Metric<N>,
        labels: [&str; N],
        more: &[(String, String)],
        value: f64,
    ) {
        let family = self.family(metric.info());
        let own = metric.info().labels.iter().map(|name| Label::Fixed(name)).zip(labels);
        let more = more.iter().map(|(name, value)| (Label::Foreign(name.as_str()), value.as_str()));
        self.add(family, Suffix::None, own.chain(more), value);
    }

    /// Adds one sample whose value [`set`](Self::set) will give; until then it is 0.
    ///
    /// Its place under the series limit is taken now.
    pub fn reserve<const N: usize>(&mut self, metric: &'static Metric<N>, labels: [&str; N]) -> Reserved {
        Reserved(self.add_fixed(metric.info(), Suffix::None, labels.into_iter(), None, 0.0))
    }

    /// Gives a reserved sample its value.
    pub fn set(&mut self, reserved: &Reserved, value: f64) {
        if let Some(row) = reserved.0.and_then(|place| self.store.rows.get_mut(place)) {
            row.value = value;
        }
    }

    /// Adds one sample of a yes or no: 1 or 0.
    pub fn push_bool<const N: usize>(&mut self, metric: &'static Metric<N>, labels: [&str; N], value: bool) {
        self.push(metric, labels, f64::from(value));
    }

    /// Adds one sample for each of `states`: 1 for `current`, 0 for the others.
    ///
    /// A `current` that is not among `states` is shown as `unknown`, which must be one of them.
    pub fn push_state_set(&mut self, metric: &'static Metric<1>, states: &[&str], current: &str) {
        let current = if states.contains(&current) { current } else { "unknown" };
        for state in states {
            self.push_bool(metric, [state], *state == current);
        }
    }

    /// Adds a summary: values by quantile (the text of the label), their sum and count.
    pub fn push_summary<const N: usize>(
        &mut self,
        metric: &'static Metric<N>,
        labels: [&str; N],
        quantiles: &[(&str, f64)],
        sum: f64,
        count: f64,
    ) {
        let info = metric.info();
        for (quantile, value) in quantiles {
            self.add_fixed(info, Suffix::None, labels.into_iter(), Some(("quantile", quantile)), *value);
        }
        self.add_fixed(info, Suffix::Sum, labels.into_iter(), None, sum);
        self.add_fixed(info, Suffix::Count, labels.into_iter(), None, count);
    }

    /// Adds a histogram: cumulative counts by upper bound, their sum and count. The `+Inf` bucket is added here.
    pub fn push_histogram<const N: usize>(
        &mut self,
        metric: &'static Metric<N>,
        labels: [&str; N],
        buckets: &[(f64, f64)],
        sum: f64,
        count: f64,
    ) {
        let info = metric.info();
        let mut bound_text = String::new();
        for (bound, cumulative) in buckets {
            bound_text.clear();
            text::write_value(&mut bound_text, *bound);
            self.add_fixed(info, Suffix::Bucket, labels.into_iter(), Some(("le", &bound_text)), *cumulative);
        }
        self.add_fixed(info, Suffix::Bucket, labels.into_iter(), Some(("le", "+Inf")), count);
        self.add_fixed(info, Suffix::Sum, labels.into_iter(), None, sum);
        self.add_fixed(info, Suffix::Count, labels.into_iter(), None, count);
    }

    /// Adds one sample of a metric that the configuration defines; `labels` are the values of its labels.
    pub fn push_defined(&mut self, definition: &Definition, labels: &[&str], value: f64) {
        let Some(family) = self.foreign_family(&definition.name, definition.kind, &definition.help) else { return };
        let names = definition.labels.iter().map(|name| Label::Foreign(name));
        self.add(family, Suffix::None, names.zip(labels.iter().copied()), value);
    }

    /// Adds one sample of a family that comes from outside as a whole: a field of `CLUSTER INFO`, a series of a service's
    /// own exposition.
    ///
    /// The name must already have the form of a metric name; one that has not is counted and left out.
    pub fn push_foreign(
        &mut self,
        (name, kind, help): (&str, Kind, &str),
        suffix: Suffix,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let Some(family) = self.foreign_family(name, kind, help) else { return };
        self.add(family, suffix, labels.iter().map(|(name, value)| (Label::Foreign(name), *value)), value);
    }

    /// The family of a name from outside; `None`, counted, if the name is none or is taken by another type.
    fn foreign_family(&mut self, name: &str, kind: Kind, help: &str) -> Option<usize> {
        let known = self.by_name.get(name).copied();
        match known {
            Some(index) if self.store.heads[index].about.kind() == kind => Some(index),
            None if text::is_metric_name(name) => {
                Some(self.insert(Cow::Owned(name.to_owned()), About::foreign(name, kind, help)))
            }
            _ => {
                self.rejections.name += 1;
                None
            }
        }
    }

    /// The number of samples.
    #[must_use]
    pub const fn series(&self) -> usize {
        self.store.rows.len()
    }

    /// What was refused so far.
    #[must_use]
    pub const fn rejections(&self) -> Rejections {
        self.rejections
    }

    /// The family of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Family<'_>> {
        let number = u32::try_from(*self.by_name.get(name)?).ok()?;
        Some(Family::growing(&self.store, number))
    }

    /// The families with at least one sample, by name.
    #[must_use]
    pub fn into_sorted(self) -> Samples {
        Samples::of(self.store)
    }

    fn family(&mut self, info: &'static MetricInfo) -> usize {
        match self.by_name.get(info.name) {
            Some(&index) => index,
            None => self.insert(Cow::Borrowed(info.name), About::Fixed(info)),
        }
    }

    fn insert(&mut self, name: Cow<'static, str>, about: About) -> usize {
        let index = self.store.heads.len();
        self.by_name.insert(name, index);
        self.store.heads.push(Head::new(about));
        index
    }

    fn add_fixed<'l>(
        &mut self,
        info: &'static MetricInfo,
        suffix: Suffix,
        values: impl Iterator<Item = &'l str> + Clone,
        extra: Option<(&'static str, &'l str)>,
        value: f64,
    ) -> Option<usize> {
        let family = self.family(info);
        let labels = info.labels.iter().copied().zip(values).chain(extra);
        self.add(family, suffix, labels.map(|(name, value)| (Label::Fixed(name), value)), value)
    }

    /// Adds a sample to a family and returns its place, if it may be there.
    fn add<'l>(
        &mut self,
        index: usize,
        suffix: Suffix,
        labels: impl Iterator<Item = (Label<'l>, &'l str)> + Clone,
        value: f64,
    ) -> Option<usize> {
        if self.series() >= self.limit {
            self.rejections.series_limit += 1;
            return None;
        }
        let Self { store, sets, seen, hasher, .. } = self;
        let is_new = |identity: Identity<'_>| seen.insert(hasher.hash_one((index, identity)));
        let place = store.add(index, suffix, labels, value, (hasher, sets), is_new);
        if place.is_none() {
            self.rejections.duplicate += 1;
        }
        place
    }
}

/// The place of a sample whose value is not known yet; none if it was refused.
#[derive(Debug)]
#[must_use]
pub struct Reserved(Option<usize>);

#[cfg(test)]
mod tests;
