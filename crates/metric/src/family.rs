//! The samples of one metric name, as they are pushed and as they are read.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use crate::{Kind, text};

/// Bytes of one label value before it is cut: a label is read by people, and a foreign name has no length limit.
pub const MAX_LABEL_BYTES: usize = 256;

crate::words! {
    /// What follows the family's name in a sample's name.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Suffix {
        /// A plain sample, or a quantile of a summary.
        None = "",
        /// A cumulative count of a histogram.
        Bucket = "_bucket",
        /// The sum of a histogram or summary.
        Sum = "_sum",
        /// The count of a histogram or summary.
        Count = "_count",
    }
}

/// What a series is of a family, by its name: `x_bucket` is of the histogram `x`, if there is one.
#[must_use]
pub fn part_of(series: &str) -> Option<(&str, Suffix)> {
    let parts = [Suffix::Bucket, Suffix::Sum, Suffix::Count];
    parts.into_iter().find_map(|suffix| Some((series.strip_suffix(suffix.as_str())?, suffix)))
}

/// All samples of one metric name.
///
/// Label names are kept once a set: a metric of the catalog has one set (a histogram has a second one with `le`); a family
/// that passes through may have several. Label values are kept as they are and escaped when text is written.
#[derive(Debug)]
pub struct Family {
    name: Cow<'static, str>,
    pub(crate) kind: Kind,
    help: Cow<'static, str>,
    label_sets: Vec<Box<[Cow<'static, str>]>>,
    /// The label values of all samples, one behind the other.
    values: String,
    /// Where each value ends, counted from the first one of its sample.
    ends: Vec<u32>,
    rows: Vec<Row>,
}

/// Where a sample's parts are in its family.
#[derive(Debug, Clone, Copy)]
struct Row {
    value: f64,
    /// Where its label values begin.
    start: u32,
    /// The place of the first of them among the ends.
    first: u32,
    set: u16,
    suffix: Suffix,
}

/// The place of the set without names, which no family keeps: most families have one sample and no label.
const NO_LABELS: u16 = u16::MAX;

/// What tells the samples of a family apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'f> {
    suffix: Suffix,
    set: u16,
    values: &'f str,
    ends: &'f [u32],
}

impl Hash for Identity<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(u32::from(self.set) << 8 | self.suffix as u32);
        state.write(self.values.as_bytes());
        // The ends tell `a`, `bc` from `ab`, `c`; a single value needs none.
        if let [_, _, ..] = self.ends {
            self.ends.hash(state);
        }
    }
}

/// One sample, borrowed from its family.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'f> {
    family: &'f Family,
    row: Row,
}

impl<'f> Sample<'f> {
    /// What follows the family's name in the sample's.
    #[must_use]
    pub const fn suffix(&self) -> Suffix {
        self.row.suffix
    }

    /// Its value.
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.row.value
    }

    /// Its labels, unescaped, in the order in which they are written. `target` is not among them.
    pub fn labels(&self) -> impl Iterator<Item = (&'f str, &'f str)> {
        let names = self.family.label_sets.get(usize::from(self.row.set)).map_or(&[][..], |set| set);
        let ends = &self.family.ends[self.row.first as usize..];
        let mut rest = &self.family.values[self.row.start as usize..];
        let mut begin = 0;
        names.iter().zip(ends).map(move |(name, end)| {
            let value;
            (value, rest) = rest.split_at((end - begin) as usize);
            begin = *end;
            (name.as_ref(), value)
        })
    }

    /// The value of one label; `None` if the sample does not have it.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&'f str> {
        self.labels().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl Family {
    pub(crate) const fn new(name: Cow<'static, str>, kind: Kind, help: Cow<'static, str>) -> Self {
        Self { name, kind, help, label_sets: Vec::new(), values: String::new(), ends: Vec::new(), rows: Vec::new() }
    }

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

    /// Whether there is no sample.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every sample, in the order in which they were pushed.
    pub fn samples(&self) -> impl Iterator<Item = Sample<'_>> {
        self.rows.iter().map(|row| Sample { family: self, row: *row })
    }

    /// The value of the plain sample that has these labels, among others; `None` if there is none.
    #[must_use]
    pub fn value(&self, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |sample: &Sample<'_>| labels.iter().all(|(name, value)| sample.label(name) == Some(value));
        self.samples().find(|sample| sample.suffix() == Suffix::None && has(sample)).map(|sample| sample.value())
    }

    /// The labels of each plain sample as they are written (`a="x",b="y"`), and its value. For tests, which compare them with
    /// literals: the texts are never freed.
    #[cfg(any(test, feature = "testing"))]
    pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.samples().filter(|sample| sample.suffix() == Suffix::None).map(|sample| {
            let mut labels = String::new();
            text::write_labels(&mut labels, sample.labels());
            (&*labels.leak(), sample.value())
        })
    }

    /// Adds a sample and returns its place. What identifies it is handed to `is_new` first: the sample is left out again
    /// if that says no.
    pub(crate) fn add<'l>(
        &mut self,
        suffix: Suffix,
        labels: impl Iterator<Item = (Label<'l>, &'l str)> + Clone,
        value: f64,
        is_new: impl FnOnce(Identity<'_>) -> bool,
    ) -> Option<usize> {
        let set = self.set_of(labels.clone().map(|(name, _)| name))?;
        let (start, first) = (self.values.len(), self.ends.len());
        // A buffer over 4 GiB cannot come about: the series limit times the label limit is far below it.
        let offset = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        for (_, value) in labels {
            self.values.push_str(text::cut(value, MAX_LABEL_BYTES));
            self.ends.push(offset(self.values.len() - start));
        }
        let identity = Identity { suffix, set, values: &self.values[start..], ends: &self.ends[first..] };
        if !is_new(identity) {
            self.values.truncate(start);
            self.ends.truncate(first);
            return None;
        }
        self.rows.push(Row { value, start: offset(start), first: offset(first), set, suffix });
        Some(self.rows.len() - 1)
    }

    pub(crate) fn set_value(&mut self, place: usize, value: f64) {
        if let Some(row) = self.rows.get_mut(place) {
            row.value = value;
        }
    }

    /// The place of the set of these names; `None` where there are 65,535 others, which only a service that makes names up can
    /// reach.
    fn set_of<'l>(&mut self, names: impl Iterator<Item = Label<'l>> + Clone) -> Option<u16> {
        let is_same = |set: &[Cow<'static, str>]| set.iter().map(AsRef::as_ref).eq(names.clone().map(Label::text));
        if names.clone().next().is_none() {
            return Some(NO_LABELS);
        }
        // The last sets are the likely ones: samples of one shape come one after the other.
        if let Some(place) = self.label_sets.iter().rposition(|set| is_same(set)) {
            return u16::try_from(place).ok();
        }
        let place = u16::try_from(self.label_sets.len()).ok().filter(|place| *place != NO_LABELS)?;
        self.label_sets.push(names.map(Label::kept).collect());
        Some(place)
    }
}

/// The name of a label: of the catalog, or of a configuration, a server or a service.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Label<'l> {
    Fixed(&'static str),
    Foreign(&'l str),
}

impl<'l> Label<'l> {
    #[expect(clippy::match_same_arms, reason = "the two names live for different times")]
    const fn text(self) -> &'l str {
        match self {
            Self::Fixed(name) => name,
            Self::Foreign(name) => name,
        }
    }

    fn kept(self) -> Cow<'static, str> {
        match self {
            Self::Fixed(name) => Cow::Borrowed(name),
            Self::Foreign(name) => Cow::Owned(name.to_owned()),
        }
    }
}
