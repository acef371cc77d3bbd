//! The samples of one poll of one target, by family.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::text;
use super::{Definition, Kind, Metric, MetricInfo};

/// Samples of one target before the rest is refused, unless the configuration says otherwise.
const DEFAULT_SERIES_LIMIT: usize = 20_000;

/// Bytes of one label value before it is cut: a label is read by people, and a foreign name has no length limit.
const MAX_LABEL_BYTES: usize = 256;

/// What follows the family's name in a sample's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suffix {
    /// A plain sample, or a quantile of a summary.
    None,
    /// A cumulative count of a histogram.
    Bucket,
    /// The sum of a histogram or summary.
    Sum,
    /// The count of a histogram or summary.
    Count,
}

impl Suffix {
    /// The text behind the family's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Bucket => "_bucket",
            Self::Sum => "_sum",
            Self::Count => "_count",
        }
    }
}

/// One sample: its escaped label text lies in its family's buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) suffix: Suffix,
    pub(super) labels: (u32, u32),
    pub(super) value: f64,
}

/// All samples of one metric name.
#[derive(Debug)]
pub struct Family {
    name: Cow<'static, str>,
    kind: Kind,
    help: Cow<'static, str>,
    label_text: String,
    samples: Vec<Sample>,
}

impl Family {
    /// The metric's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The metric's type.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The text of `# HELP`.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Each sample's name suffix, label text (`a="x",b="y"`, escaped) and value.
    pub(super) fn samples(&self) -> impl Iterator<Item = (Suffix, &str, f64)> {
        self.samples.iter().map(|sample| {
            let (start, end) = sample.labels;
            (sample.suffix, &self.label_text[start as usize..end as usize], sample.value)
        })
    }

    /// The label text and value of each plain sample (not of `_bucket`, `_sum` and `_count`).
    pub fn values(&self) -> impl Iterator<Item = (&str, f64)> {
        self.samples().filter(|(suffix, ..)| *suffix == Suffix::None).map(|(_, labels, value)| (labels, value))
    }
}

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
    entries: Vec<Family>,
    by_name: HashMap<Cow<'static, str>, usize>,
    seen: HashSet<u64>,
    hasher: RandomState,
    series: usize,
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
            entries: Vec::new(),
            by_name: HashMap::new(),
            seen: HashSet::new(),
            hasher: RandomState::new(),
            series: 0,
            limit,
            rejections: Rejections::default(),
        }
    }

    /// Adds one sample.
    pub fn push<const N: usize>(&mut self, metric: &Metric<N>, labels: [&str; N], value: f64) {
        let info = metric.info();
        let family = self.family(info);
        self.add(family, Suffix::None, info.labels, &labels, None, value);
    }

    /// Adds one sample that has `more` labels beside its own: those that the configuration names.
    pub fn push_with<const N: usize>(
        &mut self,
        metric: &Metric<N>,
        labels: [&str; N],
        more: &[(String, String)],
        value: f64,
    ) {
        let info = metric.info();
        let family = self.family(info);
        let names: Vec<&str> = info.labels.iter().copied().chain(more.iter().map(|(name, _)| name.as_str())).collect();
        let values: Vec<&str> = labels.into_iter().chain(more.iter().map(|(_, value)| value.as_str())).collect();
        self.add(family, Suffix::None, &names, &values, None, value);
    }

    /// Adds one sample of a yes or no: 1 or 0.
    pub fn push_bool<const N: usize>(&mut self, metric: &Metric<N>, labels: [&str; N], value: bool) {
        self.push(metric, labels, f64::from(value));
    }

    /// Sets the value of a plain sample that was pushed before; does nothing if there is none.
    pub fn replace<const N: usize>(&mut self, metric: &Metric<N>, labels: [&str; N], value: f64) {
        let Some(&index) = self.by_name.get(metric.info().name) else { return };
        let mut text = String::new();
        write_labels(&mut text, metric.info().labels, &labels, None);
        let family = &mut self.entries[index];
        let position = family.samples().position(|(suffix, labels, _)| suffix == Suffix::None && labels == text);
        if let Some(sample) = position.and_then(|at| family.samples.get_mut(at)) {
            sample.value = value;
        }
    }

    /// Adds one sample for each of `states`: 1 for `current`, 0 for the others.
    ///
    /// A `current` that is not among `states` is shown as `unknown`, which must be one of them.
    pub fn push_state_set(&mut self, metric: &Metric<1>, states: &[&str], current: &str) {
        let current = if states.contains(&current) { current } else { "unknown" };
        for state in states {
            self.push_bool(metric, [state], *state == current);
        }
    }

    /// Adds a summary: values by quantile (the text of the label), their sum and count.
    pub fn push_summary<const N: usize>(
        &mut self,
        metric: &Metric<N>,
        labels: [&str; N],
        quantiles: &[(&str, f64)],
        sum: f64,
        count: f64,
    ) {
        let info = metric.info();
        let family = self.family(info);
        for (quantile, value) in quantiles {
            self.add(family, Suffix::None, info.labels, &labels, Some(("quantile", quantile)), *value);
        }
        self.add(family, Suffix::Sum, info.labels, &labels, None, sum);
        self.add(family, Suffix::Count, info.labels, &labels, None, count);
    }

    /// Adds a histogram: cumulative counts by upper bound, their sum and count. The `+Inf` bucket is added here.
    pub fn push_histogram<const N: usize>(
        &mut self,
        metric: &Metric<N>,
        labels: [&str; N],
        buckets: &[(f64, f64)],
        sum: f64,
        count: f64,
    ) {
        let info = metric.info();
        let family = self.family(info);
        let mut bound_text = String::new();
        for (bound, cumulative) in buckets {
            bound_text.clear();
            text::write_value(&mut bound_text, *bound);
            self.add(family, Suffix::Bucket, info.labels, &labels, Some(("le", &bound_text)), *cumulative);
        }
        self.add(family, Suffix::Bucket, info.labels, &labels, Some(("le", "+Inf")), count);
        self.add(family, Suffix::Sum, info.labels, &labels, None, sum);
        self.add(family, Suffix::Count, info.labels, &labels, None, count);
    }

    /// Adds one sample of a metric that the configuration defines; `labels` are the values of its labels.
    pub fn push_defined(&mut self, definition: &Definition, labels: &[&str], value: f64) {
        let Some(family) = self.foreign_family(&definition.name, definition.kind, &definition.help) else { return };
        let names: Vec<&str> = definition.labels.iter().map(AsRef::as_ref).collect();
        self.add(family, Suffix::None, &names, labels, None, value);
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
        let (names, values): (Vec<&str>, Vec<&str>) = labels.iter().copied().unzip();
        self.add(family, suffix, &names, &values, None, value);
    }

    /// The family of a name from outside; `None`, counted, if the name is none or is taken by another type.
    fn foreign_family(&mut self, name: &str, kind: Kind, help: &str) -> Option<usize> {
        let known = self.by_name.get(name).copied();
        match known {
            Some(index) if self.entries[index].kind == kind => Some(index),
            None if text::is_metric_name(name) => {
                Some(self.insert(Cow::Owned(name.to_owned()), kind, Cow::Owned(help.to_owned())))
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
        self.series
    }

    /// What was refused so far.
    #[must_use]
    pub const fn rejections(&self) -> Rejections {
        self.rejections
    }

    /// The family of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Family> {
        self.by_name.get(name).map(|&index| &self.entries[index])
    }

    /// The families with at least one sample, by name.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Family> {
        let mut families = self.entries;
        families.retain(|family| !family.samples.is_empty());
        families.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        families
    }

    fn family(&mut self, info: &MetricInfo) -> usize {
        match self.by_name.get(info.name) {
            Some(&index) => index,
            None => self.insert(Cow::Borrowed(info.name), info.kind, Cow::Borrowed(info.help)),
        }
    }

    fn insert(&mut self, name: Cow<'static, str>, kind: Kind, help: Cow<'static, str>) -> usize {
        let index = self.entries.len();
        self.by_name.insert(name.clone(), index);
        self.entries.push(Family { name, kind, help, label_text: String::new(), samples: Vec::new() });
        index
    }

    fn add(
        &mut self,
        index: usize,
        suffix: Suffix,
        names: &[&str],
        values: &[&str],
        extra: Option<(&str, &str)>,
        value: f64,
    ) {
        if self.series >= self.limit {
            self.rejections.series_limit += 1;
            return;
        }
        let family = &mut self.entries[index];
        let start = family.label_text.len();
        write_labels(&mut family.label_text, names, values, extra);
        let key = self.hasher.hash_one((index, suffix, &family.label_text[start..]));
        // A buffer over 4 GiB cannot come about: the series limit times the label limit is far below it.
        let range =
            (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(family.label_text.len()).unwrap_or(u32::MAX));
        if self.seen.insert(key) {
            family.samples.push(Sample { suffix, labels: range, value });
            self.series += 1;
        } else {
            family.label_text.truncate(start);
            self.rejections.duplicate += 1;
        }
    }
}

/// Appends `a="x",b="y"`.
fn write_labels(out: &mut String, names: &[&str], values: &[&str], extra: Option<(&str, &str)>) {
    let start = out.len();
    for (name, value) in names.iter().copied().zip(values.iter().copied()).chain(extra) {
        if out.len() > start {
            out.push(',');
        }
        text::write_label(out, name, cut(value));
    }
}

/// `value` without what lies beyond the label limit, never in the middle of a character.
fn cut(value: &str) -> &str {
    if value.len() <= MAX_LABEL_BYTES {
        return value;
    }
    let mut end = MAX_LABEL_BYTES;
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}

#[cfg(test)]
mod tests;
