//! Durations and numbers, each within bounds.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::Table;

impl Table<'_> {
    /// A duration like `"15s"`, within bounds.
    pub fn duration(&mut self, key: &'static str, bounds: RangeInclusive<Duration>) -> Option<Duration> {
        let (line, text) = self.string_at(key)?;
        self.parse_duration(line, key, &text, bounds)
    }

    /// A duration within bounds, or `word`, which stands for none.
    pub fn duration_or(&mut self, key: &'static str, word: &str, bounds: RangeInclusive<Duration>) -> Option<Duration> {
        let (line, text) = self.string_at(key)?;
        if text == word { None } else { self.parse_duration(line, key, &text, bounds) }
    }

    fn parse_duration(
        &self,
        line: usize,
        key: &'static str,
        text: &str,
        bounds: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let (low, high) = (humantime::format_duration(*bounds.start()), humantime::format_duration(*bounds.end()));
        let message = match humantime::parse_duration(text) {
            Ok(duration) if bounds.contains(&duration) => return Some(duration),
            Ok(_) => format!("must be from {low} to {high}"),
            Err(_) => "is not a duration; write a number with a unit, like \"15s\" or \"5m\"".to_owned(),
        };
        self.wrong(line, key, text, message);
        None
    }

    /// A whole number within bounds.
    pub fn integer<T>(&mut self, key: &'static str, bounds: RangeInclusive<u64>) -> Option<T>
    where
        T: TryFrom<u64>,
    {
        let (line, value) = self.take(key)?;
        let Some(integer) = value.as_integer() else {
            self.mistyped(line, key, &value, "write it as a whole number without quotes");
            return None;
        };
        let number = i128::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok();
        let number = number.and_then(|number| u64::try_from(number).ok()).filter(|number| bounds.contains(number));
        let Some(number) = number else {
            let message = format!("must be from {} to {}", bounds.start(), bounds.end());
            self.problem(Some(line), key, Some(integer.as_str().to_owned()), message);
            return None;
        };
        T::try_from(number).ok()
    }

    /// A number that is not 0.
    pub fn factor(&mut self, key: &'static str) -> Option<f64> {
        let (line, value) = self.take(key)?;
        self.finite(line, key, &value, |number| number != 0.0, "must be a finite number that is not 0")
    }

    /// A finite number that is wanted; `message` is said of any other.
    pub(crate) fn finite(
        &self,
        line: usize,
        key: &str,
        value: &DeValue<'_>,
        is_wanted: impl Fn(f64) -> bool,
        message: &str,
    ) -> Option<f64> {
        let text = match value {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            other => {
                self.mistyped(line, key, other, "write it as a number without quotes");
                return None;
            }
        };
        let number = text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite() && is_wanted(*number));
        if number.is_none() {
            self.problem(Some(line), key, Some(text.to_owned()), message);
        }
        number
    }

    /// A list of whole numbers within bounds, or a single one.
    pub fn integers(&mut self, key: &'static str, bounds: RangeInclusive<u16>) -> Vec<u16> {
        let Some((line, value)) = self.take(key) else { return Vec::new() };
        let number =
            |value: &DeValue<'_>| value.as_integer()?.as_str().parse().ok().filter(|number| bounds.contains(number));
        let numbers: Option<Vec<u16>> = match &value {
            DeValue::Array(items) => items.iter().map(|item| number(item.get_ref())).collect(),
            single => number(single).map(|number| vec![number]),
        };
        numbers.filter(|numbers| !numbers.is_empty()).unwrap_or_else(|| {
            let message = format!("must be a list of whole numbers from {} to {}", bounds.start(), bounds.end());
            self.problem(Some(line), key, None, message);
            Vec::new()
        })
    }
}
