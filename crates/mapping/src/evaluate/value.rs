//! The value of one element.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{Reading, find};
use crate::convert::{self, Parse};
use crate::miss::MissReason;
use crate::model::{Rule, Value};
use crate::pointer::is_text;
use crate::states::States;
use metric::Kind;

/// The value of an element, and why to be wary of it.
pub(super) fn value(rule: &Rule, element: &Json) -> Result<(Reading, Option<MissReason>), MissReason> {
    let found = find(rule, element).map_or(&Json::Null, |(_, value)| value);
    match &rule.value {
        Value::Number { parse: Parse::Bool | Parse::Count, words, .. } if !words.is_empty() => match found {
            Json::Null => Err(MissReason::Missing),
            Json::Array(_) | Json::Object(_) => Err(MissReason::Type),
            value => Ok((Reading::Number(f64::from(words.iter().any(|word| is_text(value, word)))), None)),
        },
        Value::Number { parse: Parse::Count, .. } if found.is_null() => Err(MissReason::Missing),
        Value::Info | Value::Number { parse: Parse::Count, .. } => Ok((Reading::Number(1.0), None)),
        Value::Number { parse, unit, suffix, scale, divisor, .. } => {
            let read = |value| convert::number(value, *parse, *unit, suffix.as_deref());
            let (number, exact) = read(found)?;
            let divisor = match divisor {
                // A limit of 0 is mostly none: of that there is no share.
                Some(at) => match read(at.find(element).unwrap_or(&Json::Null))? {
                    (0.0, _) => return Err(MissReason::Missing),
                    (divisor, _) => divisor,
                },
                None => 1.0,
            };
            let number = number * scale.unwrap_or(1.0) / divisor;
            if !number.is_finite() {
                return Err(MissReason::NotFinite);
            }
            if number < 0.0 && rule.definition.kind == Kind::Counter {
                return Err(MissReason::Negative);
            }
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

/// The text of a number, of 2.0 as of 2.
fn whole(number: &serde_json::Number) -> String {
    number
        .as_f64()
        .filter(|value| value.fract() == 0.0)
        .map_or_else(|| number.to_string(), |value| format!("{value:.0}"))
}
