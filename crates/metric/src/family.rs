//! The samples of one metric name, as they are pushed and as they are read.

use std::borrow::Cow;

use crate::Kind;
use crate::store::{Head, Row, Store};
#[cfg(any(test, feature = "testing"))]
use crate::text;

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

/// All samples of one metric name, borrowed from those of its target.
///
/// Label values are kept as they are and escaped when text is written.
#[derive(Debug, Clone, Copy)]
pub struct Family<'f> {
    store: &'f Store,
    head: &'f Head,
    /// Rows among which its own are. While samples are still pushed these are all.
    rows: &'f [Row],
    /// Its number in the rows.
    number: Option<u32>,
}

/// One sample, borrowed from its family.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'f> {
    store: &'f Store,
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
    pub fn labels(&self) -> impl Iterator<Item = (&'f str, &'f str)> + use<'f> {
        self.store.labels(self.row)
    }

    /// The value of one label; `None` if the sample does not have it.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&'f str> {
        self.labels().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl<'f> Family<'f> {
    /// The family of that number while samples are still pushed.
    pub(crate) fn growing(store: &'f Store, number: u32) -> Self {
        Self { store, head: &store.heads[number as usize], rows: &store.rows, number: Some(number) }
    }

    /// A family of sorted samples.
    pub(crate) fn sorted(store: &'f Store, head: &'f Head) -> Self {
        let rows = &store.rows[head.rows.start as usize..head.rows.end as usize];
        Self { store, head, rows, number: None }
    }

    /// The metric's name.
    #[must_use]
    pub fn name(&self) -> &'f str {
        self.head.about.name()
    }

    /// The metric's type.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.head.about.kind()
    }

    /// The text of `# HELP`.
    #[must_use]
    pub fn help(&self) -> &'f str {
        self.head.about.help()
    }

    /// Every sample, in the order in which they were pushed.
    pub fn samples(&self) -> impl Iterator<Item = Sample<'f>> + use<'f> {
        let Self { store, rows, number, .. } = *self;
        let rows = rows.iter().filter(move |row| number.is_none_or(|number| row.family == number));
        rows.map(move |row| Sample { store, row: *row })
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
    pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> + use<'f> {
        self.samples().filter(|sample| sample.suffix() == Suffix::None).map(|sample| {
            let mut labels = String::new();
            text::write_labels(&mut labels, 0, sample.labels());
            (&*labels.leak(), sample.value())
        })
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
    pub(crate) const fn text(self) -> &'l str {
        match self {
            Self::Fixed(name) => name,
            Self::Foreign(name) => name,
        }
    }

    pub(crate) fn kept(self) -> Cow<'static, str> {
        match self {
            Self::Fixed(name) => Cow::Borrowed(name),
            Self::Foreign(name) => Cow::Owned(name.to_owned()),
        }
    }
}
