//! Applying the rules of one endpoint to one body.

mod labels;
mod value;

use std::borrow::Cow;
use std::slice;

use serde_json::Value as Json;

use super::body::BodyFormat;
use super::elements::Located;
use super::merging::Fold;
use super::miss::{Miss, MissReason};
use super::model::{LabelSource, Mapping, Missing, Rule, Value};
use super::pointer::Pointer;
use labels::{Labels, label_place, labels, shorten};
use metric::OTHER;

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
    // Most rules give something, and the reading of a page is no time to grow step by step.
    let mut evaluation = Evaluation { points: Vec::with_capacity(mapping.rules.len()), misses: Vec::new() };
    let format = mapping.endpoints.get(endpoint).map_or(BodyFormat::Json, |endpoint| endpoint.format);
    let whole = Located::whole(tree);
    for (index, rule) in mapping.rules.iter().enumerate().filter(|(_, rule)| rule.endpoint == endpoint) {
        let mut of_rule = OfRule { index, rule, format, misses: Vec::new() };
        let points = match &rule.each {
            Some(each) => each.find_all(tree).map(|elements| of_rule.points(&elements)),
            None => Some(of_rule.points(slice::from_ref(&whole))),
        };
        match points {
            Some(points) if points.is_empty() => {}
            Some(points) => evaluation.points.push((index, points)),
            None => of_rule.miss(MissReason::Missing, || rule.each.clone().unwrap_or_default()),
        }
        evaluation.misses.append(&mut of_rule.misses);
    }
    evaluation
}

/// What a rule gives of one element, at most one point.
pub(super) fn evaluate_one(rule: &Rule, format: BodyFormat, element: &Located<'_>) -> (Option<DataPoint>, Vec<Miss>) {
    let mut of_rule = OfRule { index: 0, rule, format, misses: Vec::new() };
    let point = of_rule.points(slice::from_ref(element)).pop();
    (point, of_rule.misses)
}

/// The elements that a rule looks at: the members that `each` leads to, or the whole body. `None` if what `each` goes
/// through is not there.
#[must_use]
pub fn locate<'v>(rule: &Rule, tree: &'v Json) -> Option<Vec<Located<'v>>> {
    match &rule.each {
        Some(each) => each.find_all(tree),
        None => Some(vec![Located::whole(tree)]),
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
        Some(each) => each.at_keys(element.keys()).join(at),
        None => at.clone(),
    }
}

/// One rule at work.
struct OfRule<'m> {
    index: usize,
    rule: &'m Rule,
    /// How the body is written.
    format: BodyFormat,
    /// One for each reason.
    misses: Vec<Miss>,
}

/// What was read of one element.
struct Read<'a, 'e> {
    labels: Labels<'a>,
    reading: Reading,
    element: &'e Located<'a>,
    /// Another one has the same labels, and they cannot be merged.
    is_duplicate: bool,
}

impl Read<'_, '_> {
    fn point(self) -> DataPoint {
        DataPoint { labels: self.labels.into_iter().map(Cow::into_owned).collect(), reading: self.reading }
    }
}

impl<'a> OfRule<'a> {
    /// At most `limit` points, and one for the rest.
    fn points(&mut self, elements: &[Located<'a>]) -> Vec<DataPoint> {
        // Most rules have no `each`: there is nothing to order, to merge or to leave out then.
        if let [element] = elements {
            let mut points: Vec<DataPoint> = self.read(element).map(Read::point).into_iter().collect();
            shorten(&mut points);
            return points;
        }
        let mut read: Vec<Read<'a, '_>> = elements.iter().filter_map(|element| self.read(element)).collect();
        // Stable: of the same labels the first one of the body is the first one still.
        read.sort_by(|a, b| a.labels.cmp(&b.labels));
        let merged = self.merged(read);
        let is_fixed = |label: &LabelSource| matches!(label, LabelSource::Fixed(_));
        if elements.is_empty() && self.rule.counts() && self.rule.labels.iter().all(is_fixed) {
            // No elements are 0 of them, where that does not depend on a label that none of them has.
            let label = |source: &LabelSource| match source {
                LabelSource::Fixed(text) => text.clone(),
                LabelSource::Key(_) | LabelSource::At(_) | LabelSource::Above(..) => String::new(),
            };
            let labels = self.rule.labels.iter().map(label).collect();
            return vec![DataPoint { labels, reading: Reading::Number(0.0) }];
        }
        self.bounded(merged)
    }

    fn read<'e>(&mut self, element: &'e Located<'a>) -> Option<Read<'a, 'e>> {
        let rule = self.rule;
        let labels = match labels(rule, element) {
            Ok(labels) => labels,
            // Whatever a missing value means, a label cannot be made up.
            Err((MissReason::Missing, _)) if rule.missing == Missing::Ignore => return None,
            Err((reason, label)) => {
                self.note(reason, || label_place(rule, element, label));
                return None;
            }
        };
        let at = || place(rule, element);
        let reading = match value::value(rule, element.value) {
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
                // Where the value itself is there, it is what it is divided by that is not.
                let divisor = rule.divisor().filter(|_| find(rule, element.value).is_some());
                let divisor = divisor.filter(|_| reason == MissReason::Missing);
                self.miss(reason, || divisor.map_or_else(at, |divisor| within(rule, element, divisor)));
                return None;
            }
        };
        Some(Read { labels, reading, element, is_duplicate: false })
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
        // Of a text nothing is there but what was captured.
        let is_unmatched = reason == MissReason::Missing && self.format == BodyFormat::Text;
        let reason = if is_unmatched { MissReason::Unmatched } else { reason };
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
        let mut points: Vec<DataPoint> = read.into_iter().map(Read::point).collect();
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
            LabelSource::Key(_) | LabelSource::At(_) | LabelSource::Above(..) => OTHER.to_owned(),
        };
        let labels = all.labels.into_iter().zip(&self.rule.labels).map(label).collect();
        Some(DataPoint { labels, reading: all.reading })
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod endpoints;
