//! From what several endpoints said to one set of samples.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::mapping::{Evaluation, Mapping, Miss, MissReason, Reading, Rule, Value};
use crate::metric::{Definition, Kind, OTHER};

/// What one endpoint said when it was last asked, and is still good for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) evaluation: Evaluation,
    /// Whether it was given in this poll.
    pub(super) fresh: bool,
}

/// One series of a poll.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) definition: Arc<Definition>,
    pub(super) labels: Vec<String>,
    pub(super) value: f64,
    /// The index of the rule that it is of: numbers of two sources have no difference.
    pub(super) rule: usize,
    /// Whether it was read in this poll.
    pub(super) fresh: bool,
}

/// Mapping errors so far by endpoint, metric and reason.
pub(super) type MissCounts = BTreeMap<(usize, String, &'static str), u64>;

/// The samples of a mapping: of several rules for one series the first one that has a value of this poll, else the first
/// one that has a value. A state that is not known is none as long as another rule knows it.
pub(super) fn merge(mapping: &Mapping, answers: &[Option<&Answer>]) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut seen: HashSet<(&str, &[String])> = HashSet::new();
    for (is_known, is_fresh) in [(true, true), (true, false), (false, true), (false, false)] {
        for (index, rule) in mapping.rules.iter().enumerate() {
            let Some(answer) = answers[rule.endpoint].filter(|answer| answer.fresh == is_fresh) else { continue };
            let readings = readings(&answer.evaluation, index).iter();
            for reading in readings.filter(|reading| reading.value.is_some() == is_known) {
                if seen.insert((&rule.definition.name, &reading.labels)) {
                    let place = Place { rule: index, fresh: answer.fresh };
                    name(rule, reading, place, &mut samples);
                }
            }
        }
    }
    samples
}

/// Where samples come from.
#[derive(Clone, Copy)]
struct Place {
    rule: usize,
    fresh: bool,
}

/// Adds the samples of one reading.
fn name(rule: &Rule, reading: &Reading, Place { rule: index, fresh }: Place, samples: &mut Vec<Sample>) {
    let mut add = |definition: &Arc<Definition>, labels, value| {
        samples.push(Sample { definition: Arc::clone(definition), labels, value, rule: index, fresh });
    };
    match &rule.value {
        Value::Number { .. } | Value::Info => {
            add(&rule.definition, reading.labels.clone(), reading.value.unwrap_or(0.0));
        }
        Value::States { states, level } => {
            // The last label is that of an unknown state.
            let current = reading.value.unwrap_or_else(|| (states.labels().count() - 1) as f64);
            for (place, state) in states.labels().enumerate() {
                let is_current = (place as f64 - current).abs() < 0.5;
                let labels = reading.labels.iter().cloned().chain([state.to_owned()]).collect();
                add(&rule.definition, labels, f64::from(is_current));
            }
            if let (Some(level), Some(place)) = (level, reading.value) {
                add(level, reading.labels.clone(), place);
            }
        }
    }
}

fn readings(evaluation: &Evaluation, rule: usize) -> &[Reading] {
    evaluation.readings.iter().find(|(index, _)| *index == rule).map_or(&[], |(_, readings)| readings)
}

/// Counts the misses of the fresh answers. A rule without value whose series another rule supplies is no miss: that is
/// what the other rule is for. Returns those that were never seen before.
pub(super) fn count_misses(mapping: &Mapping, answers: &[Option<&Answer>], counts: &mut MissCounts) -> Vec<Miss> {
    let mut new = Vec::new();
    for miss in standing(mapping, answers) {
        let rule = &mapping.rules[miss.rule];
        let key = (rule.endpoint, rule.definition.name.to_string(), miss.reason.as_str());
        let count = counts.entry(key).or_insert(0);
        if *count == 0 {
            new.push(miss.clone());
        }
        *count += miss.times;
    }
    new
}

/// The misses of the fresh answers that no other rule makes up for.
pub(super) fn standing<'a>(mapping: &'a Mapping, answers: &'a [Option<&'a Answer>]) -> impl Iterator<Item = &'a Miss> {
    let misses = answers.iter().flatten().filter(|answer| answer.fresh).flat_map(|answer| &answer.evaluation.misses);
    misses.filter(move |miss| miss.reason.has_value() || !is_supplied(mapping, answers, miss.rule))
}

/// Whether a rule of the same series has a value.
fn is_supplied(mapping: &Mapping, answers: &[Option<&Answer>], rule: usize) -> bool {
    let of = &mapping.rules[rule];
    let same = |index: usize| {
        let other = &mapping.rules[index];
        index != rule && other.definition.name == of.definition.name && other.labels == of.labels
    };
    answers
        .iter()
        .flatten()
        .any(|answer| answer.evaluation.readings.iter().any(|(index, readings)| same(*index) && !readings.is_empty()))
}

/// Adds a miss for each rule with a counter that fell since the answer before.
pub(super) fn note_resets(mapping: &Mapping, before: &Evaluation, now: &mut Evaluation) {
    let mut resets = Vec::new();
    for (index, current) in &now.readings {
        let rule = &mapping.rules[*index];
        if rule.definition.kind != Kind::Counter {
            continue;
        }
        let previous: BTreeMap<&[String], Option<f64>> =
            readings(before, *index).iter().map(|reading| (reading.labels.as_slice(), reading.value)).collect();
        let fell = |reading: &Reading| previous.get(reading.labels.as_slice()).is_some_and(|old| reading.value < *old);
        // The rest is another rest when one of its elements has grown out of it.
        let is_rest = |reading: &Reading| reading.labels.iter().any(|label| label == OTHER);
        if current.iter().any(|reading| fell(reading) && !is_rest(reading)) {
            resets.push(Miss::new(*index, MissReason::Reset, rule.at.first().cloned().unwrap_or_default()));
        }
    }
    now.misses.append(&mut resets);
}

#[cfg(test)]
mod tests;
