//! A rule in words.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::convert::Parse;
use crate::evaluate::{DataPoint, Reading};
use crate::model::{LabelSource, Rule, Value};
use crate::shown::shown_pointer;
use crate::unit::{Dimension, SourceUnit};

use super::label_text;

/// Where the rule looks.
pub(super) fn places(rule: &Rule) -> String {
    let at: Vec<String> = rule.at.iter().map(shown_pointer).collect();
    let at = at.join(", else ");
    let mut text = match &rule.each {
        Some(each) if rule.at.iter().all(crate::Pointer::is_root) => format!("at each of {each}"),
        Some(each) => format!("at each of {each}, in it {at}"),
        None => format!("at {at}"),
    };
    let labels: Vec<String> = rule.definition.labels.iter().zip(&rule.labels).map(label).collect();
    if !labels.is_empty() {
        let _ = write!(text, "; labels {}", labels.join(", "));
    }
    text
}

fn label((name, source): (&std::borrow::Cow<'static, str>, &LabelSource)) -> String {
    match source {
        LabelSource::Fixed(text) => format!("{name} = {text:?}"),
        LabelSource::Key(1) => format!("{name} = the key"),
        LabelSource::Key(wildcard) => format!("{name} = the key of wildcard {wildcard}"),
        LabelSource::Above(0, pointer) => format!("{name} = the text at {pointer} of the body"),
        LabelSource::Above(wildcard, pointer) => {
            format!("{name} = the text at {pointer} of the member of wildcard {wildcard}")
        }
        LabelSource::At(pointer) => format!("{name} = the text at {pointer} of each"),
    }
}

/// What the rule makes of a value.
pub(super) fn conversion(rule: &Rule, metric: &str) -> String {
    match &rule.value {
        Value::Info => "the constant 1; the labels carry the information".to_owned(),
        Value::States { states, .. } => {
            let names: Vec<&str> = states.labels().collect();
            if rule.definition.name == metric {
                format!("a series for each of {}: 1 for the current one", names.join(", "))
            } else {
                let (_, known) = names.split_last().unwrap_or((&"", &[]));
                format!("the place of the state of {} in {}, from 0", rule.definition.name, known.join(", "))
            }
        }
        Value::Number { parse, unit, suffix, scale, divisor, words } => {
            let mut text = match parse {
                Parse::Number => "a number",
                Parse::Quantity => "a number, or a text that begins with one",
                Parse::Duration => "a duration, exported in seconds",
                Parse::Timestamp => "a date and time, exported in seconds since 1970",
                Parse::Bool => "yes or no, exported as 1 or 0",
                Parse::Length => "the number of its elements",
                Parse::Count => "1 for each element, added up",
            }
            .to_owned();
            if let Some(suffix) = suffix {
                let _ = write!(text, ", with the suffix {suffix:?}");
            }
            if let Some(unit) = unit {
                let _ = write!(text, ", in {unit}, exported {}", base(*unit));
            }
            if let Some(scale) = scale {
                let _ = write!(text, ", multiplied by {scale}");
            }
            if let Some(divisor) = divisor {
                let _ = write!(text, ", divided by what stands at {}", shown_pointer(divisor));
            }
            if !words.is_empty() {
                let how = if *parse == Parse::Count { "counted where it is" } else { "1 where it is" };
                let _ = write!(text, ", {how} {}", words.join(" or "));
            }
            text
        }
    }
}

const fn base(unit: SourceUnit) -> &'static str {
    match unit.dimension() {
        Dimension::Time => "in seconds",
        Dimension::Size => "in bytes",
        Dimension::Share => "as a ratio",
    }
}

/// What one value became.
pub(super) fn result(rule: &Rule, metric: &str, point: &DataPoint, found: Option<&Json>) -> String {
    let labels = label_text(rule, &point.labels);
    let spaced = if labels.is_empty() { String::new() } else { format!(" as {labels}") };
    let is_level = rule.definition.name != metric;
    match (point.reading, &rule.value) {
        (Reading::Number(number), _) => format!("{number}{spaced}"),
        (Reading::UnknownState, _) if is_level => "unknown, which has no place".to_owned(),
        (Reading::UnknownState, _) => format!("unknown{spaced}"),
        (Reading::State(place), Value::States { states, .. }) if !is_level => {
            let state = states.labels().nth(place).unwrap_or_default();
            let literal = found
                .and_then(Json::as_str)
                .is_some_and(|text| text.split(':').next().is_some_and(|word| word.trim().eq_ignore_ascii_case(state)));
            format!("{state}{spaced}{}", if literal { "" } else { ", by an alias" })
        }
        (Reading::State(place), _) => place.to_string(),
    }
}
