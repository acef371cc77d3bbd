//! What several values become: those of elements with the same labels, and those beyond the limit.
//!
//! That depends on what a value is. Counts and sizes add up; a moment, a ratio or a latency does not, and of things that
//! are up or down one that is down is what matters.

use clap::ValueEnum;

use super::convert::Parse;
use super::model::Value;
use super::unit::{Dimension, SourceUnit};
use metric::{Definition, Kind};

/// The key `merge` of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Merge {
    /// Their sum.
    Sum,
    /// The largest one.
    Max,
    /// The smallest one.
    Min,
    /// The latest moment.
    Newest,
    /// The earliest moment.
    Oldest,
    /// Nothing, and a miss.
    Error,
}

/// How two numbers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Their sum.
    Sum,
    /// The larger one.
    Max,
    /// The smaller one.
    Min,
}

impl Fold {
    /// Two as one.
    #[must_use]
    pub const fn of(self, a: f64, b: f64) -> f64 {
        match self {
            // The sum of what is finite is finite.
            Self::Sum => (a + b).clamp(f64::MIN, f64::MAX),
            Self::Max => a.max(b),
            Self::Min => a.min(b),
        }
    }
}

/// How the values of one rule are merged; `None` where they cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merging {
    /// Those of elements with the same labels.
    pub same: Option<Fold>,
    /// Those beyond the limit.
    pub rest: Option<Fold>,
}

/// Last words of the names of what does not add up: two of them are as bad as the worse one.
const WORST: [&str; 9] = ["ratio", "percent", "percentage", "seconds", "milliseconds", "ms", "us", "latency", "age"];

impl Merging {
    const fn both(fold: Fold) -> Self {
        Self { same: Some(fold), rest: Some(fold) }
    }

    /// Not at all.
    const NONE: Self = Self { same: None, rest: None };

    /// Of two things with the same labels the newer one counts; of many in one the one that waits longest.
    const MOMENTS: Self = Self { same: Some(Fold::Max), rest: Some(Fold::Min) };

    /// What a rule says.
    #[must_use]
    pub const fn told(merge: Merge) -> Self {
        match merge {
            Merge::Sum => Self::both(Fold::Sum),
            Merge::Max | Merge::Newest => Self::both(Fold::Max),
            Merge::Min | Merge::Oldest => Self::both(Fold::Min),
            Merge::Error => Self::NONE,
        }
    }

    /// What fits the kind of value, for a rule that does not say.
    #[must_use]
    pub fn usual(definition: &Definition, value: &Value) -> Self {
        let (parse, unit, is_share) = match value {
            Value::States { .. } => return Self::NONE,
            // The constant 1 stays one.
            Value::Info => return Self::both(Fold::Max),
            Value::Number { parse, unit, divisor, .. } => (*parse, unit.map(SourceUnit::dimension), divisor.is_some()),
        };
        if definition.kind == Kind::Counter {
            return Self::both(Fold::Sum);
        }
        if is_share {
            return Self::both(Fold::Max);
        }
        if is_moment(&definition.name, parse) {
            return Self::MOMENTS;
        }
        let ends_in = |word: &&str| definition.name.strip_suffix(*word).is_some_and(|stem| stem.ends_with('_'));
        let fold = match (parse, unit) {
            (Parse::Bool, _) => Fold::Min,
            (Parse::Duration, _) | (_, Some(Dimension::Time | Dimension::Share)) => Fold::Max,
            (Parse::Length | Parse::Count, _) | (_, Some(Dimension::Size)) => Fold::Sum,
            _ if ends_in(&"up") => Fold::Min,
            _ if WORST.iter().any(ends_in) => Fold::Max,
            _ => Fold::Sum,
        };
        Self::both(fold)
    }
}

/// Whether a value is a moment: moments have no sum.
pub(crate) fn is_moment(name: &str, parse: Parse) -> bool {
    parse == Parse::Timestamp || name.ends_with("_timestamp_seconds") || name.ends_with("_timestamp")
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const fn number(parse: Parse, unit: Option<SourceUnit>) -> Value {
        Value::Number { parse, unit, suffix: None, scale: None, divisor: None, words: Vec::new() }
    }

    fn usual(name: &'static str, kind: Kind, parse: Parse, unit: Option<&str>) -> (Option<Fold>, Option<Fold>) {
        let help = Cow::Borrowed("");
        let definition = Definition { name: Cow::Borrowed(name), kind, labels: Vec::new(), help };
        let unit = unit.map(|unit| unit.parse::<SourceUnit>().unwrap());
        let merging = Merging::usual(&definition, &number(parse, unit));
        (merging.same, merging.rest)
    }

    #[test]
    fn the_kind_of_a_value_says_what_several_become() {
        let gauge = |name, parse, unit| usual(name, Kind::Gauge, parse, unit);
        let both = |fold| (Some(fold), Some(fold));
        let moments = (Some(Fold::Max), Some(Fold::Min));
        assert_eq!(gauge("app_waiting", Parse::Number, None), both(Fold::Sum));
        assert_eq!(gauge("app_memory_bytes", Parse::Number, Some("MiB")), both(Fold::Sum));
        assert_eq!(gauge("app_jobs", Parse::Length, None), both(Fold::Sum));
        assert_eq!(gauge("app_jobs_up", Parse::Count, None), both(Fold::Sum));
        assert_eq!(gauge("app_usage_ratio", Parse::Number, None), both(Fold::Max));
        assert_eq!(gauge("app_usage", Parse::Number, Some("percent")), both(Fold::Max));
        assert_eq!(gauge("app_latency", Parse::Number, None), both(Fold::Max));
        assert_eq!(gauge("app_wait_seconds", Parse::Number, None), both(Fold::Max));
        assert_eq!(gauge("app_wait", Parse::Duration, None), both(Fold::Max));
        assert_eq!(gauge("app_ready", Parse::Bool, None), both(Fold::Min));
        assert_eq!(gauge("app_up", Parse::Number, None), both(Fold::Min));
        assert_eq!(gauge("app_backup", Parse::Number, None), both(Fold::Sum));
        assert_eq!(gauge("app_last_run", Parse::Timestamp, None), moments);
        assert_eq!(gauge("app_last_run_timestamp_seconds", Parse::Number, None), moments);
        assert_eq!(usual("app_busy_seconds_total", Kind::Counter, Parse::Number, Some("ms")), both(Fold::Sum));
    }

    #[test]
    fn what_a_rule_says_is_for_both() {
        let told = |merge| (Merging::told(merge).same, Merging::told(merge).rest);
        assert_eq!(told(Merge::Oldest), (Some(Fold::Min), Some(Fold::Min)));
        assert_eq!(told(Merge::Newest), (Some(Fold::Max), Some(Fold::Max)));
        assert_eq!(told(Merge::Error), (None, None));
        assert_eq!(Some(Fold::Sum.of(f64::MAX, f64::MAX)), Some(f64::MAX));
    }
}
