//! Numbers as people read them.
//!
//! Annotations are filled in by Prometheus, whose template functions are these: [`Unit::rendered`] says what becomes of a
//! number there, so that the tests of the rules can expect whole texts.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::time::Duration;

/// Milliseconds, the largest unit first.
const DURATIONS: [(u128, &str); 5] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];

metric::words! {
    /// The unit of a threshold and of what is compared with it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Unit {
        /// A number of things.
        Count = "count",
        /// A part of a whole.
        Ratio = "ratio",
        /// A multiple.
        Factor = "factor",
        /// Seconds.
        Seconds = "seconds",
        /// Milliseconds.
        Milliseconds = "milliseconds",
        /// Bytes.
        Bytes = "bytes",
        /// Things a second.
        Rate = "rate",
        /// Things a minute.
        PerMinute = "per-minute",
    }
}

impl Unit {
    /// `$value` in an annotation of a rule. The texts of the policy say what is counted and in which time.
    #[must_use]
    pub const fn template(self) -> &'static str {
        match self {
            Self::Count => r#"{{ printf "%.0f" $value }}"#,
            Self::Ratio => "{{ $value | humanizePercentage }}",
            Self::Factor => r#"{{ printf "%.4g" $value }}"#,
            Self::Seconds => "{{ $value | humanizeDuration }}",
            Self::Milliseconds => r#"{{ printf "%.1f" $value }} ms"#,
            Self::Bytes => "{{ $value | humanize1024 }}B",
            // Neither rounds one thing in five minutes to none.
            Self::Rate => r#"{{ printf "%.3f" $value }}"#,
            Self::PerMinute => r#"{{ printf "%.1f" $value }}"#,
        }
    }

    /// What Prometheus makes of [`Unit::template`].
    #[must_use]
    pub fn rendered(self, value: f64) -> String {
        match self {
            Self::Count => fixed(value, 0),
            Self::Ratio => format!("{}%", general(value * 100.0)),
            Self::Factor => general(value),
            Self::Seconds => humanize_duration(value),
            Self::Milliseconds => format!("{} ms", fixed(value, 1)),
            Self::Bytes => format!("{}B", humanize_1024(value)),
            Self::Rate => fixed(value, 3),
            Self::PerMinute => fixed(value, 1),
        }
    }

    /// A number of the policy in a text for people: `80 %`, `2 GiB`, `4h`, `100 ms`, `10 a minute`.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Count | Self::Factor => short(value),
            Self::Ratio => format!("{} %", short(value * 100.0)),
            Self::Seconds if value == 0.0 || value.abs() >= 1.0 => seconds(value),
            Self::Seconds => format!("{} ms", short(value * 1000.0)),
            Self::Milliseconds => format!("{} ms", short(value)),
            Self::Bytes => {
                let (value, prefix) = scale_down(value, 1024.0, &["Ki", "Mi", "Gi", "Ti", "Pi"]);
                format!("{} {prefix}B", short(value))
            }
            Self::Rate => format!("{} a second", short(value)),
            Self::PerMinute => format!("{} a minute", short(value)),
        }
    }
}

/// At most six digits after the point, and none that says nothing: 0.55 * 100 is 55.
fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    match trim(&text) {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

/// A duration as Prometheus reads it and people do: `4h`, `1m30s`, `500ms`.
#[must_use]
pub fn duration(time: Duration) -> String {
    let mut rest = time.as_millis();
    let mut text = String::new();
    for (length, unit) in DURATIONS {
        if rest >= length {
            let _ = write!(text, "{}{unit}", rest / length);
            rest %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// A duration in a sentence: `2 minutes`, `1 hour 30 minutes`, `a moment`.
#[must_use]
pub fn in_words(time: Duration) -> String {
    let mut rest = time.as_secs();
    let mut words = Vec::new();
    for (length, unit) in [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")] {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            words.push(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if words.is_empty() { "a moment".to_owned() } else { words.join(" ") }
}

/// A number of seconds; what is below a second is kept with them.
fn seconds(value: f64) -> String {
    match Duration::try_from_secs_f64(value) {
        Ok(time) if value.fract() == 0.0 => duration(time),
        _ => format!("{}s", short(value)),
    }
}

/// Divides as often as it helps, and says by which prefix.
fn scale_down<'a>(mut value: f64, base: f64, prefixes: &[&'a str]) -> (f64, &'a str) {
    let mut prefix = "";
    for next in prefixes {
        if value.abs() < base {
            break;
        }
        prefix = next;
        value /= base;
    }
    (value, prefix)
}

fn humanize_1024(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return general(value);
    }
    let (value, prefix) = scale_down(value, 1024.0, &["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]);
    format!("{}{prefix}", general(value))
}

fn humanize_duration(value: f64) -> String {
    if !value.is_finite() {
        return general(value);
    }
    if value == 0.0 {
        return format!("{}s", general(value));
    }
    if value.abs() >= 1.0 {
        let sign = if value < 0.0 { "-" } else { "" };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "Prometheus cuts the fraction off, too"
        )]
        let whole = value.abs() as u64;
        let (seconds, minutes, hours, days) = (whole % 60, whole / 60 % 60, whole / 3600 % 24, whole / 86_400);
        return match (days, hours, minutes) {
            (0, 0, 0) => format!("{sign}{}s", general(value.abs())),
            (0, 0, _) => format!("{sign}{minutes}m {seconds}s"),
            (0, ..) => format!("{sign}{hours}h {minutes}m {seconds}s"),
            _ => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
        };
    }
    let (mut value, mut prefix) = (value, "");
    for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
        if value.abs() >= 1.0 {
            break;
        }
        prefix = next;
        value *= 1000.0;
    }
    format!("{}{prefix}s", general(value))
}

/// `%.<digits>f` of Go.
fn fixed(value: f64, digits: usize) -> String {
    if value.is_finite() { format!("{value:.digits$}") } else { not_finite(value) }
}

/// `%.4g` of Go: four digits that count, an exponent where the number is very large or very small.
fn general(value: f64) -> String {
    if !value.is_finite() {
        return not_finite(value);
    }
    let scientific = format!("{value:.3e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(exponent) = exponent.parse::<i32>() else { return scientific };
    // Down to 0.0001, which has seven digits after the point.
    if let Ok(places @ 0..=7) = usize::try_from(3 - exponent) {
        return trim(&format!("{value:.places$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(digits), exponent.unsigned_abs())
}

fn not_finite(value: f64) -> String {
    let text = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "+Inf"
    } else {
        "-Inf"
    };
    text.to_owned()
}

/// Without zeros at the end that are behind the point, and without a point that ends it.
fn trim(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}
