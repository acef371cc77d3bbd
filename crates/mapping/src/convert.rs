//! From a JSON value to the number that is exported.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::duration;
use super::miss::MissReason;
use super::unit::{Dimension, SourceUnit};

/// Every whole number up to it has an exact f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Above which an epoch is in nanoseconds, microseconds, milliseconds, and how many of them a second has: 1e11 seconds
/// would be the year 5138.
const EPOCH_UNITS: [(f64, f64); 3] = [(1e17, 1e9), (1e14, 1e6), (1e11, 1e3)];

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Parse {
    /// A JSON number.
    Number,
    /// A number, or a text that begins with one: `"99.70%"`, `"2.31 ms"`, `"1234.5 ticks/sec"` with its `suffix`.
    Quantity,
    /// A text like `"1h 2m"`, `"PT1H2M"` or `"1:02:00"`, or a number of the rule's unit, in seconds without one.
    Duration,
    /// A date, with a time or without, in ISO 8601 (UTC where it names no offset), or the time since 1970: seconds,
    /// milliseconds, microseconds or nanoseconds, which their size tells apart.
    Timestamp,
    /// `true` or `false`, as JSON or as a word (`yes`, `on`, `up`, `1` and their opposites).
    Bool,
    /// The number of elements of an array or members of an object.
    Length,
    /// 1 for each element of an `each`, added up.
    Count,
}

/// The number that a value means in its base unit, and whether all its digits are meant.
pub fn number(
    value: &Value,
    parse: Parse,
    unit: Option<SourceUnit>,
    suffix: Option<&str>,
) -> Result<(f64, bool), MissReason> {
    match (parse, value) {
        (_, Value::Null) => Err(MissReason::Missing),
        // Python's way of writing them into JSON; body.rs keeps them as texts.
        (_, Value::String(text)) if is_non_finite(text) => Err(MissReason::NotFinite),
        (Parse::Number | Parse::Quantity | Parse::Duration, Value::Number(_)) => {
            let number = value.as_f64().filter(|number| number.is_finite()).ok_or(MissReason::NotFinite)?;
            let exact = value.is_f64() || number.abs() < EXACT;
            Ok((in_base(number, unit)?, exact))
        }
        (Parse::Number, Value::String(text)) if text.trim().parse::<f64>().is_ok() => Err(MissReason::StringNumber),
        (Parse::Quantity, Value::String(text)) => Ok((quantity(text, unit, suffix)?, true)),
        (Parse::Duration, Value::String(text)) => {
            let bare = text.trim().parse().ok().map(|number| in_base(number, unit));
            let seconds = bare.unwrap_or_else(|| duration::seconds(text).ok_or(MissReason::Malformed))?;
            Ok((seconds, true))
        }
        (Parse::Timestamp, _) => Ok((timestamp(value)?, true)),
        (Parse::Bool, _) => Ok((f64::from(boolean(value)?), true)),
        (Parse::Length, Value::Array(items)) => Ok((items.len() as f64, true)),
        (Parse::Length, Value::Object(members)) => Ok((members.len() as f64, true)),
        _ => Err(MissReason::Type),
    }
}

fn is_non_finite(text: &str) -> bool {
    let word = text.trim().trim_start_matches(['+', '-']);
    ["nan", "inf", "infinity"].iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// A number with an optional unit or suffix behind it.
fn quantity(text: &str, unit: Option<SourceUnit>, suffix: Option<&str>) -> Result<f64, MissReason> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return in_base(number, unit);
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.,_".contains(c))).unwrap_or(text.len());
    // "1e3" and "1E-3 s": an exponent is part of the number, the e of a word is not.
    let end = exponent_end(text, end);
    let (digits, rest) = text.split_at(end);
    let number: f64 = ungrouped(digits).and_then(|digits| digits.parse().ok()).ok_or(MissReason::Malformed)?;
    let rest = rest.trim();
    if rest.is_empty() || suffix == Some(rest) {
        return in_base(number, unit);
    }
    let (prefix, is_binary) = rest.strip_suffix('i').map_or((rest, false), |prefix| (prefix, true));
    if let Some((_, power)) = PREFIXES.iter().find(|(known, _)| *known == prefix) {
        return prefixed(number, *power, is_binary, unit);
    }
    let written: SourceUnit = per_second(rest).parse().map_err(|()| MissReason::Unit)?;
    match unit {
        Some(expected) if expected.dimension() != written.dimension() => Err(MissReason::Unit),
        _ => in_base(number, Some(written)),
    }
}

/// Prefixes that stand for a unit, `1.20M`, as powers of 1000 or 1024.
const PREFIXES: [(&str, i32); 5] = [("K", 1), ("M", 2), ("G", 3), ("T", 4), ("P", 5)];

/// A number with a prefix behind it. Those of sizes count in 1024, as Redis and `ls -h` do, all others in 1000.
fn prefixed(number: f64, power: i32, is_binary: bool, unit: Option<SourceUnit>) -> Result<f64, MissReason> {
    let number = match unit.map(SourceUnit::dimension) {
        Some(Dimension::Size) => (number * 1024_f64.powi(power)).round(),
        None if is_binary => number * 1024_f64.powi(power),
        None => number * 1000_f64.powi(power),
        Some(Dimension::Time | Dimension::Share) => return Err(MissReason::Unit),
    };
    in_base(number, None)
}

/// A unit without the second that it is by.
fn per_second(unit: &str) -> &str {
    ["/s", "/sec", "/second"].iter().find_map(|by| unit.strip_suffix(by)).unwrap_or(unit)
}

/// A finite number in its base unit; a finite one may have none there.
fn in_base(number: f64, unit: Option<SourceUnit>) -> Result<f64, MissReason> {
    let number = unit.map_or(number, |unit| unit.to_base(number));
    if number.is_finite() { Ok(number) } else { Err(MissReason::NotFinite) }
}

/// The digits without the commas between groups of three. A comma elsewhere is a decimal one (`"1,5"`): without it the
/// text would be another number.
fn ungrouped(digits: &str) -> Option<String> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_grouped = whole.split(',').skip(1).all(|group| group.len() == 3);
    (is_grouped && !fraction.contains(',')).then(|| digits.replace([',', '_'], ""))
}

fn exponent_end(text: &str, end: usize) -> usize {
    let Some(rest) = text[end..].strip_prefix(['e', 'E']) else { return end };
    let sign = usize::from(rest.starts_with(['+', '-']));
    let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 { end } else { end + 1 + sign + digits }
}

fn boolean(value: &Value) -> Result<bool, MissReason> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Number(number) if number.as_f64() == Some(1.0) => Ok(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Ok(false),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "up" | "1" => Ok(true),
            "false" | "no" | "off" | "down" | "0" => Ok(false),
            _ => Err(MissReason::Malformed),
        },
        _ => Err(MissReason::Type),
    }
}

/// Seconds since 1970 of a timestamp in any of its forms.
pub fn timestamp(value: &Value) -> Result<f64, MissReason> {
    match value {
        Value::Null => Err(MissReason::Missing),
        Value::Number(_) => {
            let epoch = value.as_f64().filter(|epoch| epoch.is_finite()).ok_or(MissReason::NotFinite)?;
            Ok(of_epoch(epoch))
        }
        Value::String(text) => {
            let epoch = text.trim().parse().ok().filter(|epoch: &f64| epoch.is_finite()).map(of_epoch);
            epoch.or_else(|| instant(text)).or_else(|| day(text)).ok_or(MissReason::Malformed)
        }
        _ => Err(MissReason::Type),
    }
}

/// Seconds of the time since 1970 in whatever unit it is.
fn of_epoch(epoch: f64) -> f64 {
    let unit = EPOCH_UNITS.iter().find(|(above, _)| epoch.abs() > *above);
    unit.map_or(epoch, |(_, a_second)| epoch / a_second)
}

/// A date with its time.
pub(super) fn instant(text: &str) -> Option<f64> {
    // Python's str(datetime) separates by a space.
    let text = text.trim().replacen(' ', "T", 1);
    let moment = OffsetDateTime::parse(&text, &Iso8601::DEFAULT)
        .or_else(|_| PrimitiveDateTime::parse(&text, &Iso8601::DEFAULT).map(PrimitiveDateTime::assume_utc))
        .ok()?;
    Some(moment.unix_timestamp() as f64 + f64::from(moment.nanosecond()) / 1e9)
}

/// The midnight at which a day begins.
fn day(text: &str) -> Option<f64> {
    let day = Date::parse(text.trim(), &Iso8601::DEFAULT).ok()?;
    Some(day.midnight().assume_utc().unix_timestamp() as f64)
}

/// How long before `now` the moment `timestamp` was; a moment in the future is now.
#[must_use]
pub fn age(timestamp: f64, now: SystemTime) -> Duration {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    Duration::try_from_secs_f64((now - timestamp).max(0.0)).unwrap_or_default()
}

/// How far after `now` the moment `timestamp` is; `None` if it is not.
#[must_use]
pub fn ahead(timestamp: f64, now: SystemTime) -> Option<Duration> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    (timestamp > now).then(|| Duration::try_from_secs_f64(timestamp - now).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn read(value: &Value, parse: Parse, unit: Option<&str>, suffix: Option<&str>) -> Result<f64, MissReason> {
        number(value, parse, unit.map(|unit| unit.parse().unwrap()), suffix).map(|(number, _)| number)
    }

    #[test]
    fn a_number_is_a_json_number() {
        let number = |value| read(&value, Parse::Number, None, None);
        assert_eq!(number(json!(12)), Ok(12.0));
        assert_eq!(number(json!(-0.5)), Ok(-0.5));
        assert_eq!(number(json!("12")), Err(MissReason::StringNumber));
        assert_eq!(number(json!("twelve")), Err(MissReason::Type));
        assert_eq!(number(json!("NaN")), Err(MissReason::NotFinite));
        assert_eq!(number(json!("-Infinity")), Err(MissReason::NotFinite));
        assert_eq!(number(json!(null)), Err(MissReason::Missing));
        assert_eq!(number(json!(true)), Err(MissReason::Type));
        assert_eq!(number(json!([1])), Err(MissReason::Type));
        assert_eq!(read(&json!(5.67), Parse::Number, Some("ms"), None), Ok(0.00567));
    }

    #[test]
    fn what_is_finite_and_not_so_in_its_base_unit_is_no_value() {
        assert_eq!(read(&json!(1e308), Parse::Number, Some("h"), None), Err(MissReason::NotFinite));
        assert_eq!(read(&json!("1e308 h"), Parse::Quantity, None, None), Err(MissReason::NotFinite));
        assert_eq!(read(&json!("1e999"), Parse::Quantity, None, None), Err(MissReason::NotFinite));
        assert_eq!(read(&json!("-inf"), Parse::Quantity, None, None), Err(MissReason::NotFinite));
    }

    #[test]
    fn whole_numbers_beyond_2_to_53_are_flagged() {
        let flagged = |value| super::number(&value, Parse::Number, None, None);
        assert_eq!(flagged(json!(9_007_199_254_740_991_u64)), Ok((9_007_199_254_740_991.0, true)));
        assert_eq!(flagged(json!(9_007_199_254_740_993_u64)), Ok((9_007_199_254_740_992.0, false)));
        assert_eq!(flagged(json!(1e300)), Ok((1e300, true)));
    }

    #[test]
    fn quantities_of_real_services() {
        let quantity = |text: &str| read(&json!(text), Parse::Quantity, None, None);
        assert_eq!(quantity("99.70%"), Ok(0.997));
        assert_eq!(quantity("2.31 ms"), Ok(0.00231));
        assert_eq!(quantity("512.3 MB"), Ok(512_300_000.0));
        assert_eq!(quantity("1,234.5"), Ok(1234.5));
        assert_eq!(quantity("1e3 ms"), Ok(1.0));
        assert_eq!(quantity("  7 "), Ok(7.0));
        assert_eq!(quantity("1234.5 ticks/sec"), Err(MissReason::Unit));
        assert_eq!(quantity("n/a"), Err(MissReason::Malformed));
        assert_eq!(quantity(""), Err(MissReason::Malformed));
        assert_eq!(quantity("1.2.3"), Err(MissReason::Malformed));
        assert_eq!(quantity("1,234,567 B"), Ok(1_234_567.0));
        assert_eq!(quantity("3.5 GB/s"), Ok(3_500_000_000.0));
        assert_eq!(quantity("12 /s"), Err(MissReason::Unit));
        assert_eq!(quantity(".0201"), Ok(0.0201));
        assert_eq!(quantity("1.5e-05"), Ok(0.000_015));
        for decimal_comma in ["1,5", "1,5 ms", "12,34", "1.234,5", ","] {
            assert_eq!(quantity(decimal_comma), Err(MissReason::Malformed), "{decimal_comma}");
        }
        assert_eq!(read(&json!("1234.5 ticks/sec"), Parse::Quantity, None, Some("ticks/sec")), Ok(1234.5));
        assert_eq!(read(&json!("512.5 MB"), Parse::Quantity, Some("MiB"), Some("MB")), Ok(537_395_200.0));
        assert_eq!(read(&json!("87.50"), Parse::Quantity, Some("percent"), None), Ok(0.875));
        assert_eq!(read(&json!(87.5), Parse::Quantity, Some("percent"), None), Ok(0.875));
        assert_eq!(read(&json!("2 s"), Parse::Quantity, Some("ms"), None), Ok(2.0));
        assert_eq!(read(&json!("2 MB"), Parse::Quantity, Some("ms"), None), Err(MissReason::Unit));
    }

    #[test]
    fn a_prefix_alone_counts_in_1024_where_it_is_of_a_size() {
        let of = |text: &str, unit| read(&json!(text), Parse::Quantity, unit, None);
        assert_eq!(of("1.20M", Some("B")), Ok(1_258_291.0));
        assert_eq!(of("512.00K", Some("MiB")), Ok(524_288.0));
        assert_eq!(of("3.00G", Some("bytes")), Ok(3_221_225_472.0));
        assert_eq!(of("1.2M", None), Ok(1_200_000.0));
        assert_eq!(of("2 Ki", None), Ok(2048.0));
        assert_eq!(of("1.2M", Some("ms")), Err(MissReason::Unit));
        for text in ["1.2MM", "1.2KM", "1.2i", "1.2Mii", "1.2k"] {
            assert_eq!(of(text, None), Err(MissReason::Unit), "{text}");
        }
    }

    #[test]
    fn durations_are_seconds() {
        let duration = |value, unit| read(&value, Parse::Duration, unit, None);
        assert_eq!(duration(json!("1h 2m"), None), Ok(3720.0));
        assert_eq!(duration(json!(1500), Some("ms")), Ok(1.5));
        assert_eq!(duration(json!(2.5), None), Ok(2.5));
        assert_eq!(duration(json!("1500"), Some("ms")), Ok(1.5));
        assert_eq!(duration(json!("PT1H30M"), None), Ok(5400.0));
        assert_eq!(duration(json!("soon"), None), Err(MissReason::Malformed));
    }

    #[test]
    fn timestamps_in_all_their_forms() {
        let at = |value| read(&value, Parse::Timestamp, None, None);
        let noon = 1_761_912_000.0;
        assert_eq!(at(json!("2025-10-31T12:00:00+00:00")), Ok(noon));
        assert_eq!(at(json!("2025-10-31T17:30:00.250000+05:30")), Ok(noon + 0.25));
        assert_eq!(at(json!("2025-10-31T12:00:00Z")), Ok(noon));
        assert_eq!(at(json!("2025-10-31T12:00:00.5")), Ok(noon + 0.5));
        assert_eq!(at(json!("2025-10-31 12:00:00")), Ok(noon));
        assert_eq!(at(json!(1_761_912_000)), Ok(noon));
        assert_eq!(at(json!(1_761_912_000_500_u64)), Ok(noon + 0.5));
        assert_eq!(at(json!(1_761_912_000_500_000_u64)), Ok(noon + 0.5));
        assert_eq!(at(json!(1_761_912_000_500_000_000_u64)), Ok(noon + 0.5));
        assert_eq!(at(json!("1761912000")), Ok(noon));
        assert_eq!(at(json!("1761912000500")), Ok(noon + 0.5));
        assert_eq!(at(json!("2025-10-31")), Ok(noon - 43_200.0));
        assert_eq!(at(json!(null)), Err(MissReason::Missing));
        assert_eq!(at(json!("yesterday")), Err(MissReason::Malformed));
        assert_eq!(at(json!({})), Err(MissReason::Type));
    }

    #[test]
    fn yes_and_no_in_all_their_forms() {
        let yes = |value| read(&value, Parse::Bool, None, None);
        for value in [json!(true), json!("True"), json!("up"), json!(1)] {
            assert_eq!(yes(value.clone()), Ok(1.0), "{value}");
        }
        for value in [json!(false), json!("no"), json!("OFF"), json!(0)] {
            assert_eq!(yes(value.clone()), Ok(0.0), "{value}");
        }
        assert_eq!(yes(json!("perhaps")), Err(MissReason::Malformed));
        assert_eq!(yes(json!(2)), Err(MissReason::Type));
    }

    #[test]
    fn lengths_are_of_arrays_and_objects() {
        let length = |value| read(&value, Parse::Length, None, None);
        assert_eq!(length(json!([1, 2, 3])), Ok(3.0));
        assert_eq!(length(json!({"a": 1})), Ok(1.0));
        assert_eq!(length(json!([])), Ok(0.0));
        assert_eq!(length(json!("abc")), Err(MissReason::Type));
    }

    #[test]
    fn the_age_of_what_is_ahead_of_the_clock_is_none() {
        let now = UNIX_EPOCH + Duration::from_secs(100);
        assert_eq!(age(40.0, now), Duration::from_mins(1));
        assert_eq!(age(140.0, now), Duration::ZERO);
        assert_eq!(age(f64::MIN, now), Duration::ZERO);
        assert_eq!(ahead(140.0, now), Some(Duration::from_secs(40)));
        assert_eq!(ahead(100.0, now), None);
        assert_eq!(ahead(f64::MAX, now), Some(Duration::MAX));
    }
}
