//! Applying the rules of one endpoint to one body.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value as Json;

use super::convert;
use super::merging::Fold;
use super::miss::{Miss, MissReason};
use super::model::{LabelSource, Mapping, Missing, Rule, Value};
use super::pointer::{Located, Pointer};
use super::states::States;
use metric::text::cut;
use metric::{MAX_LABEL_BYTES, OTHER};

/// What a rule reads in one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// A number, in its base unit.
    Number(f64),
    /// The index of one of the rule's states.
    State(usize),
    /// A state that is none of the rule's; apart from the known ones, so that a reading stays as small as its number.
    UnknownState,
}

impl Reading {
    /// Whether it says anything: an unknown state does not.
    #[must_use]
    pub const fn is_known(self) -> bool {
        !matches!(self, Self::UnknownState)
    }

    /// The number, unless it is a state.
    #[must_use]
    pub const fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::State(_) | Self::UnknownState => None,
        }
    }

    /// Two as one. States are never merged: the first one stays.
    fn merge(&mut self, how: Fold, other: Self) {
        if let (Self::Number(a), Self::Number(b)) = (self, other) {
            *a = how.of(*a, b);
        }
    }
}

/// A reading with the values of the rule's labels.
#[derive(Debug, Clone, PartialEq)]
pub struct DataPoint {
    /// In the order of the rule's labels.
    pub labels: Vec<String>,
    /// What was read.
    pub reading: Reading,
}

/// What one endpoint's rules gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// The index of each rule that gave something, with what it gave; ascending.
    pub points: Vec<(usize, Vec<DataPoint>)>,
    /// What went wrong.
    pub misses: Vec<Miss>,
}

impl Evaluation {
    /// What the rule with that index gave.
    #[must_use]
    pub fn of_rule(&self, rule: usize) -> &[DataPoint] {
        self.points.binary_search_by_key(&rule, |(index, _)| *index).map_or(&[], |at| &self.points[at].1)
    }
}

/// Applies the rules of the endpoint with that index to its body. Never fails: what cannot be read is a miss.
#[must_use]
pub fn evaluate(mapping: &Mapping, endpoint: usize, tree: &Json) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for (index, rule) in mapping.rules.iter().enumerate().filter(|(_, rule)| rule.endpoint == endpoint) {
        let mut of_rule = OfRule { index, rule, misses: Vec::new() };
        match locate(rule, tree) {
            Some(elements) => {
                let points = of_rule.points(&elements);
                if !points.is_empty() {
                    evaluation.points.push((index, points));
                }
            }
            None => of_rule.miss(MissReason::Missing, || rule.each.clone().unwrap_or_default()),
        }
        evaluation.misses.append(&mut of_rule.misses);
    }
    evaluation
}

/// The elements that a rule looks at: the members that `each` leads to, or the whole body. `None` if what `each` goes
/// through is not there.
#[must_use]
pub fn locate<'v>(rule: &Rule, tree: &'v Json) -> Option<Vec<Located<'v>>> {
    match &rule.each {
        Some(each) => each.find_all(tree),
        None => Some(vec![Located { key: Cow::Borrowed(""), value: tree }]),
    }
}

/// The value of a rule in one element, and the pointer that led to it. Null is no value.
#[must_use]
pub fn find<'r, 'v>(rule: &'r Rule, element: &'v Json) -> Option<(&'r Pointer, &'v Json)> {
    rule.at.iter().find_map(|at| Some((at, at.find(element).filter(|value| !value.is_null())?)))
}

/// Where a rule's value of one element stands, or would stand, in the body.
#[must_use]
pub fn place(rule: &Rule, element: &Located<'_>) -> Pointer {
    let at = find(rule, element.value).map(|(at, _)| at).or(rule.at.first());
    within(rule, element, at.unwrap_or(&Pointer::default()))
}

/// Where in the body a pointer leads that is relative to an element.
fn within(rule: &Rule, element: &Located<'_>, at: &Pointer) -> Pointer {
    match &rule.each {
        Some(each) => each.at_key(&element.key).join(at),
        None => at.clone(),
    }
}

/// One rule at work.
struct OfRule<'m> {
    index: usize,
    rule: &'m Rule,
    /// One for each reason.
    misses: Vec<Miss>,
}

/// The values of a rule's labels, in the body where it has them: they are copied only for those that are left in the end.
type Labels<'a> = Vec<Cow<'a, str>>;

/// What was read of one element.
struct Read<'a, 'e> {
    labels: Labels<'a>,
    reading: Reading,
    element: &'e Located<'a>,
    /// Another one has the same labels, and they cannot be merged.
    is_duplicate: bool,
}

impl<'a> OfRule<'a> {
    /// At most `limit` points, and one for the rest.
    fn points(&mut self, elements: &[Located<'a>]) -> Vec<DataPoint> {
        let mut read: Vec<Read<'a, '_>> = elements.iter().filter_map(|element| self.read(element)).collect();
        // Stable: of the same labels the first one of the body is the first one still.
        read.sort_by(|a, b| a.labels.cmp(&b.labels));
        let merged = self.merged(read);
        self.bounded(merged)
    }

    fn read<'e>(&mut self, element: &'e Located<'a>) -> Option<Read<'a, 'e>> {
        let rule = self.rule;
        let labels = match labels(rule, element) {
            Ok(labels) => labels,
            // Whatever a missing value means, a label cannot be made up.
            Err((MissReason::Missing, _)) if rule.missing == Missing::Ignore => return None,
            Err((reason, at)) => {
                self.note(reason, || within(rule, element, at));
                return None;
            }
        };
        let at = || place(rule, element);
        let reading = match self.value(element.value) {
            Ok((reading, reason)) => {
                if let Some(reason) = reason {
                    self.note(reason, at);
                }
                reading
            }
            Err(MissReason::Missing) if rule.missing == Missing::Zero => match rule.value {
                Value::States { .. } => Reading::State(0),
                Value::Number { .. } | Value::Info => Reading::Number(0.0),
            },
            Err(reason) => {
                self.miss(reason, at);
                return None;
            }
        };
        Some(Read { labels, reading, element, is_duplicate: false })
    }

    /// The value of an element, and why to be wary of it.
    fn value(&self, element: &Json) -> Result<(Reading, Option<MissReason>), MissReason> {
        let found = find(self.rule, element).map_or(&Json::Null, |(_, value)| value);
        match &self.rule.value {
            Value::Info => Ok((Reading::Number(1.0), None)),
            Value::Number { parse, unit, suffix } => {
                let (number, exact) = convert::number(found, *parse, *unit, suffix.as_deref())?;
                Ok((Reading::Number(number), (!exact).then_some(MissReason::Precision)))
            }
            Value::States { states, .. } => {
                let word = match found {
                    Json::Null => return Err(MissReason::Missing),
                    Json::String(text) => Cow::Borrowed(text.as_str()),
                    Json::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
                    // Gauges of a service's own exposition: 2 is half_open, if the aliases say so.
                    Json::Number(number) => Cow::Owned(whole(number)),
                    Json::Array(_) | Json::Object(_) => return Err(MissReason::Type),
                };
                let state = states.find(&word);
                // A service that says that it does not know its state is not a mistake of the mapping.
                let is_miss = state.is_none() && !States::is_unknown(&word);
                Ok((state.map_or(Reading::UnknownState, Reading::State), is_miss.then_some(MissReason::State)))
            }
        }
    }

    /// One of each labels. They come in the order of their labels.
    fn merged<'e>(&mut self, read: Vec<Read<'a, 'e>>) -> Vec<Read<'a, 'e>> {
        let (rule, how) = (self.rule, self.rule.merging.same);
        let mut merged: Vec<Read<'a, 'e>> = Vec::with_capacity(read.len());
        for one in read {
            match (merged.last_mut().filter(|last| last.labels == one.labels), how) {
                (None, _) => merged.push(one),
                (Some(last), Some(how)) => last.reading.merge(how, one.reading),
                (Some(last), None) => {
                    last.is_duplicate = true;
                    self.note(MissReason::Duplicate, || place(rule, one.element));
                }
            }
        }
        merged.retain(|one| !one.is_duplicate);
        merged
    }

    fn miss(&mut self, reason: MissReason, at: impl FnOnce() -> Pointer) {
        if reason != MissReason::Missing || self.rule.missing == Missing::Absent {
            self.note(reason, at);
        }
    }

    fn note(&mut self, reason: MissReason, at: impl FnOnce() -> Pointer) {
        match self.misses.iter_mut().find(|miss| miss.reason == reason) {
            Some(miss) => miss.times += 1,
            None => self.misses.push(Miss::new(self.index, reason, at())),
        }
    }

    /// The largest ones of numbers, the first ones by label of states, and one for the rest.
    fn bounded(&mut self, mut read: Vec<Read<'a, '_>>) -> Vec<DataPoint> {
        let mut rest = None;
        if let Some(each) = self.rule.each.as_ref().filter(|_| read.len() > self.rule.limit) {
            if !matches!(self.rule.value, Value::States { .. }) {
                // Of equal ones the first by label.
                let number = |read: &Read<'_, '_>| read.reading.number().unwrap_or(0.0);
                read.sort_by(|a, b| number(b).total_cmp(&number(a)));
            }
            let beyond = read.split_off(self.rule.limit);
            match self.rule.merging.rest {
                Some(how) => rest = self.rest(beyond, how).map(|rest| (rest, how)),
                None => self.note(MissReason::Limit, || each.clone()),
            }
        }
        let owned = |read: Read<'_, '_>| {
            let labels = read.labels.into_iter().map(Cow::into_owned).collect();
            DataPoint { labels, reading: read.reading }
        };
        let mut points: Vec<DataPoint> = read.into_iter().map(owned).collect();
        if let Some((rest, how)) = rest {
            // A service may have an element of that very name.
            match points.iter_mut().find(|point| point.labels == rest.labels) {
                Some(present) => present.reading.merge(how, rest.reading),
                None => points.push(rest),
            }
        }
        shorten(&mut points);
        points
    }

    /// One point for all that are beyond the limit.
    fn rest(&self, beyond: Vec<Read<'_, '_>>, how: Fold) -> Option<DataPoint> {
        let all = beyond.into_iter().reduce(|mut all, one| {
            all.reading.merge(how, one.reading);
            all
        })?;
        let label = |(label, source): (Cow<'_, str>, &LabelSource)| match source {
            LabelSource::Fixed(_) => label.into_owned(),
            LabelSource::Key | LabelSource::At(_) => OTHER.to_owned(),
        };
        let labels = all.labels.into_iter().zip(&self.rule.labels).map(label).collect();
        Some(DataPoint { labels, reading: all.reading })
    }
}

/// The labels of an element; the error says where the one that is missing would stand.
fn labels<'a>(rule: &'a Rule, element: &Located<'a>) -> Result<Labels<'a>, (MissReason, &'a Pointer)> {
    let label = |source: &'a LabelSource| match source {
        LabelSource::Fixed(text) => Ok(Cow::Borrowed(text.as_str())),
        LabelSource::Key => Ok(element.key.clone()),
        LabelSource::At(pointer) => match pointer.find(element.value) {
            Some(Json::String(text)) => Ok(Cow::Borrowed(text.as_str())),
            Some(Json::Number(number)) => Ok(Cow::Owned(number.to_string())),
            Some(Json::Bool(value)) => Ok(Cow::Borrowed(if *value { "true" } else { "false" })),
            Some(Json::Null) | None => Err((MissReason::Missing, pointer)),
            Some(_) => Err((MissReason::Type, pointer)),
        },
    };
    rule.labels.iter().map(label).collect()
}

/// Cuts labels that are too long: here, at the end, so that only what is the same was merged. Of those that only the cut
/// would make the same, each ends in a short hash of the whole.
fn shorten(points: &mut [DataPoint]) {
    let is_long = |label: &String| label.len() > MAX_LABEL_BYTES;
    if !points.iter().any(|point| point.labels.iter().any(is_long)) {
        return;
    }
    let short = |point: &DataPoint| -> Vec<String> {
        point.labels.iter().map(|label| cut(label, MAX_LABEL_BYTES).to_owned()).collect()
    };
    let mut times: HashMap<Vec<String>, usize> = HashMap::new();
    for point in points.iter() {
        *times.entry(short(point)).or_default() += 1;
    }
    for point in points {
        let short = short(point);
        let collides = times.get(&short).is_some_and(|times| *times > 1);
        for (label, short) in point.labels.iter_mut().zip(short).filter(|(label, _)| is_long(label)) {
            *label = if collides { hashed(label) } else { short };
        }
    }
}

/// The beginning of a label and a hash of all of it (FNV-1a): the same in every process, as names of series must be.
fn hashed(label: &str) -> String {
    let hash = label.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{}~{hash:08x}", cut(label, MAX_LABEL_BYTES - 9))
}

/// The text of a number, of 2.0 as of 2.
fn whole(number: &serde_json::Number) -> String {
    number
        .as_f64()
        .filter(|value| value.fract() == 0.0)
        .map_or_else(|| number.to_string(), |value| format!("{value:.0}"))
}

#[cfg(test)]
mod tests;
