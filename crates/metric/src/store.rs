//! Where the samples of one target are kept: of all families together, so that a poll allocates a few times and not for
//! each family, and what is kept between polls is small.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Range;

use foldhash::quality::RandomState;

use crate::family::Label;
use crate::{Kind, MetricInfo, Suffix, text};

/// Bytes of one label value before it is cut: a label is read by people, and a foreign name has no length limit.
pub const MAX_LABEL_BYTES: usize = 256;

/// The set without names, which is not kept: most families have one sample and no label.
const NO_LABELS: u16 = u16::MAX;

/// The names of the labels of a sample, in their order.
type LabelSet = Box<[Cow<'static, str>]>;

/// Families and their samples.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) heads: Vec<Head>,
    pub(crate) rows: Vec<Row>,
    label_sets: Vec<LabelSet>,
    /// The label values of all samples, one behind the other.
    values: String,
    /// Where each value ends, counted from the first one of its sample.
    ends: Vec<u32>,
}

/// What a family is, without its samples.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) about: About,
    /// The places of the two sets of label names that its last samples had: a histogram has one with `le` and one without.
    recent: [u16; 2],
    /// Where its samples are, once they are in the order of the families.
    pub(crate) rows: Range<u32>,
}

/// What the header of a family says. The heads of all targets are kept, hundreds each: what the catalog has is pointed at.
#[derive(Debug)]
pub(crate) enum About {
    Fixed(&'static MetricInfo),
    /// Name, help and type.
    Foreign(Box<(Box<str>, Box<str>, Kind)>),
}

/// One sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) value: f64,
    /// Where its label values begin.
    start: u32,
    /// The place of the first of them among the ends.
    first: u32,
    pub(crate) family: u32,
    set: u16,
    pub(crate) suffix: Suffix,
}

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

/// The places of the sets of label names, by a hash of them.
pub(crate) type SetsByHash = HashMap<u64, u16, RandomState>;

impl Head {
    pub(crate) const fn new(about: About) -> Self {
        Self { about, recent: [NO_LABELS; 2], rows: 0..0 }
    }
}

impl About {
    pub(crate) fn foreign(name: &str, kind: Kind, help: &str) -> Self {
        Self::Foreign(Box::new((name.into(), help.into(), kind)))
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Fixed(info) => info.name,
            Self::Foreign(about) => &about.0,
        }
    }

    pub(crate) fn help(&self) -> &str {
        match self {
            Self::Fixed(info) => info.help,
            Self::Foreign(about) => &about.1,
        }
    }

    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Fixed(info) => info.kind,
            Self::Foreign(about) => about.2,
        }
    }
}

// A buffer over 4 GiB cannot come about: the series limit times the label limit is far below it.
fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Store {
    /// Adds a sample to a family and returns its place. What identifies it is handed to `is_new` first: the sample is left out
    /// again if that says no.
    pub(crate) fn add<'l>(
        &mut self,
        family: usize,
        suffix: Suffix,
        labels: impl Iterator<Item = (Label<'l>, &'l str)> + Clone,
        value: f64,
        (hasher, known): (&RandomState, &mut SetsByHash),
        is_new: impl FnOnce(Identity<'_>) -> bool,
    ) -> Option<usize> {
        let set = self.set_of(family, labels.clone().map(|(name, _)| name), hasher, known)?;
        let (start, first) = (self.values.len(), self.ends.len());
        for (_, value) in labels {
            self.values.push_str(text::cut(value, MAX_LABEL_BYTES));
            self.ends.push(offset(self.values.len() - start));
        }
        if !is_new(Identity { suffix, set, values: &self.values[start..], ends: &self.ends[first..] }) {
            self.values.truncate(start);
            self.ends.truncate(first);
            return None;
        }
        let (start, first, family) = (offset(start), offset(first), offset(family));
        self.rows.push(Row { value, start, first, family, set, suffix });
        Some(self.rows.len() - 1)
    }

    /// The place of the set of these names; `None` where there are 65,535 others, which only a service that makes names up can
    /// reach.
    fn set_of<'l>(
        &mut self,
        family: usize,
        names: impl Iterator<Item = Label<'l>> + Clone,
        hasher: &RandomState,
        known: &mut SetsByHash,
    ) -> Option<u16> {
        if names.clone().next().is_none() {
            return Some(NO_LABELS);
        }
        let is_same = |set: &LabelSet| set.iter().map(AsRef::as_ref).eq(names.clone().map(Label::text));
        let recent = self.heads[family].recent;
        let same = recent.into_iter().find(|place| self.label_sets.get(usize::from(*place)).is_some_and(is_same));
        if same.is_some() {
            return same;
        }
        let mut hash = hasher.build_hasher();
        names.clone().for_each(|name| name.text().hash(&mut hash));
        let place = match known.get(&hash.finish()) {
            Some(place) if is_same(&self.label_sets[usize::from(*place)]) => *place,
            _ => {
                let place = u16::try_from(self.label_sets.len()).ok().filter(|place| *place != NO_LABELS)?;
                self.label_sets.push(names.map(Label::kept).collect());
                known.insert(hash.finish(), place);
                place
            }
        };
        self.heads[family].recent = [place, recent[0]];
        Some(place)
    }

    /// Puts the families that have a sample in the order of their names, and the samples, in theirs, behind one another by
    /// family.
    pub(crate) fn sort(&mut self) {
        let mut counts = vec![0_u32; self.heads.len()];
        self.rows.iter().for_each(|row| counts[row.family as usize] += 1);
        let heads = std::mem::take(&mut self.heads).into_iter().enumerate();
        let mut order: Vec<(usize, Head)> = heads.filter(|(family, _)| counts[*family] > 0).collect();
        order.sort_unstable_by(|(_, one), (_, other)| one.about.name().cmp(other.about.name()));
        self.heads.reserve_exact(order.len());
        // From here on, where the next sample of a family goes.
        let mut next = counts;
        let mut start = 0;
        for (family, head) in order {
            let end = start + next[family];
            self.heads.push(Head { rows: start..end, ..head });
            next[family] = start;
            start = end;
        }
        let mut rows = self.rows.clone();
        for row in &self.rows {
            let place = &mut next[row.family as usize];
            rows[*place as usize] = *row;
            *place += 1;
        }
        self.rows = rows;
        self.label_sets.shrink_to_fit();
        self.values.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// The labels of a sample, unescaped.
    pub(crate) fn labels(&self, row: Row) -> impl Iterator<Item = (&str, &str)> {
        let names = self.label_sets.get(usize::from(row.set)).map_or(&[][..], |set| set);
        let ends = &self.ends[row.first as usize..];
        let mut rest = &self.values[row.start as usize..];
        let mut begin = 0;
        names.iter().zip(ends).map(move |(name, end)| {
            let value;
            (value, rest) = rest.split_at((end - begin) as usize);
            begin = *end;
            (name.as_ref(), value)
        })
    }
}
