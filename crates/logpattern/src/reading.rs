//! The numbers that log lines name.

use regex::bytes::Regex;

use mapping::{Body, BodyFormat};

/// Which number a pattern's line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capture {
    /// None.
    None,
    /// That of the group `value`.
    Value,
    /// `(latency=2.31ms)`.
    Latency,
    /// Per cent of a pool, in the group `value`.
    Percent,
    /// The dictionary of a pool.
    Pool,
}

/// A number that a line named. It is finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// Of the group `value`.
    Value(f64),
    /// The latency of a publish, in seconds.
    PublishLatency(f64),
    /// The part of a pool that is used.
    PoolUsage(f64),
    /// A connection pool.
    Pool(Pool),
}

/// A connection pool as a log line shows it; what the line does not say is absent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pool {
    /// The most connections that it may open.
    pub max: Option<f64>,
    /// Connections in use.
    pub in_use: Option<f64>,
    /// Connections that are open and free.
    pub idle: Option<f64>,
}

impl Pool {
    /// The part that is in use.
    #[must_use]
    pub fn usage(&self) -> Option<f64> {
        let (in_use, max) = (self.in_use?, self.max?);
        (max > 0.0).then(|| in_use / max)
    }
}

/// Bytes of a line in which a pool's dictionary is looked for.
const POOL_BYTES: usize = 2048;

impl Capture {
    /// The number in a line that `regex` matches.
    pub(super) fn read(self, regex: &Regex, line: &[u8]) -> Option<Reading> {
        match self {
            Self::None => None,
            Self::Value => value(regex, line).map(Reading::Value),
            Self::Latency => latency(line).map(Reading::PublishLatency),
            Self::Percent => value(regex, line).map(|percent| Reading::PoolUsage(percent / 100.0)),
            Self::Pool => pool(regex, line).map(Reading::Pool),
        }
    }
}

fn value(regex: &Regex, line: &[u8]) -> Option<f64> {
    number(regex.captures(line)?.name("value")?.as_bytes())
}

/// A finite number written in ASCII; a unit or a thousands separator makes it none.
fn number(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    // `inf` and `nan` are numbers to the parser.
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The number behind `latency=` or `latency: `, in seconds: the unit is us, ms or s, and ms if there is none.
fn latency(line: &[u8]) -> Option<f64> {
    let start = memchr::memmem::find(line, b"latency")? + b"latency".len();
    let rest = line[start..].trim_ascii_start();
    let rest = rest.strip_prefix(b"=").or_else(|| rest.strip_prefix(b":"))?.trim_ascii_start();
    let length = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(rest.len());
    let number = number(&rest[..length])?;
    let unit = rest[length..].trim_ascii_start();
    let unit = &unit[..unit.iter().position(|byte| byte.is_ascii_punctuation() || *byte == b' ').unwrap_or(unit.len())];
    match unit {
        b"us" | b"\xc2\xb5s" => Some(number / 1e6),
        b"ms" | b"" => Some(number / 1e3),
        b"s" => Some(number),
        _ => None,
    }
}

fn pool(regex: &Regex, line: &[u8]) -> Option<Pool> {
    let start = regex.find(line)?.end().saturating_sub(1);
    let text = String::from_utf8_lossy(&line[start..line.len().min(start + POOL_BYTES)]);
    let tree = Body::read(BodyFormat::Python, text.as_bytes()).ok()?.tree;
    let field = |names: &[&str]| {
        let number = names.iter().find_map(|name| tree.get(name)).and_then(serde_json::Value::as_f64);
        number.filter(|number| number.is_finite() && *number >= 0.0)
    };
    let pool = Pool {
        max: field(&["max_connections"]),
        in_use: field(&["in_use_connections"]),
        idle: field(&["available_connections"]),
    };
    (pool != Pool::default()).then_some(pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_several_units() {
        let read = |line: &str| latency(line.as_bytes());
        assert_eq!(read("Published to a (latency=2.31ms)"), Some(0.002_31));
        assert_eq!(read("Published to a latency: 250 us, ok"), Some(0.000_25));
        assert_eq!(read("Published to a (latency=1.5s)"), Some(1.5));
        assert_eq!(read("Published to a latency=7"), Some(0.007));
        assert_eq!(read("Published to a (latency=2.31 parsecs)"), None);
        assert_eq!(read("Published to a (latency=1.2.3ms)"), None);
        assert_eq!(read("Published to a (latency=)"), None);
        assert_eq!(read("Published to a"), None);
    }

    #[test]
    fn only_finite_numbers_are_readings() {
        let regex = Regex::new("took (?<value>.+)").unwrap();
        let read = |line: &str| Capture::Value.read(&regex, line.as_bytes());
        assert_eq!(read("took 12.5"), Some(Reading::Value(12.5)));
        assert_eq!(read("took -3e2 "), Some(Reading::Value(-300.0)));
        for none in ["took inf", "took NaN", "took 1e999", "took long", "took 5ms", "took \u{661}"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn a_pool_as_a_dictionary() {
        let regex = Regex::new("pool metrics: \\{").unwrap();
        let read = |line: &str| Capture::Pool.read(&regex, line.as_bytes());
        let line = "Redis pool metrics: {'max_connections': 50, 'created_connections': 12, 'available_connections': 8, \
                    'in_use_connections': 4}";
        let pool = Pool { max: Some(50.0), in_use: Some(4.0), idle: Some(8.0) };
        assert_eq!(read(line), Some(Reading::Pool(pool)));
        assert_eq!(pool.usage(), Some(0.08));
        assert_eq!(Pool { max: Some(0.0), ..pool }.usage(), None);
        assert_eq!(
            read(r#"pool metrics: {"max_connections": 50, "in_use_connections": -1}"#),
            Some(Reading::Pool(Pool { max: Some(50.0), ..Pool::default() }))
        );
        assert_eq!(read("pool metrics: {'max_connections': 50"), None);
        assert_eq!(read("pool metrics: {'a': 1}"), None);
    }
}
