//! Names of metrics: from the keys on the way to a value, in base units.

use std::collections::HashSet;

use super::classify::{Kind, Meaning};
use super::leaves::Leaf;
use super::write::{Rule, quoted};
use crate::unit::{Dimension, Unit};
use metric::vocabulary;

/// Keys around a whole body that say nothing.
const WRAPPERS: [&str; 5] = ["data", "result", "response", "payload", "body"];

/// Last words that only counters and histograms may have.
const RESERVED_ENDINGS: [&str; 4] = ["total", "count", "sum", "bucket"];

/// Names given so far.
pub(super) struct Names {
    prefix: String,
    used: HashSet<String>,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), used: HashSet::new() }
    }

    /// A name that no other value has, of these words and with this ending.
    fn give(&mut self, stem: &[String], ending: &str) -> String {
        let stem = format!("{}{}", self.prefix, stem.join("_"));
        let mut name = format!("{stem}{ending}");
        let mut number = 2;
        while vocabulary::find(&name).is_some() || !self.used.insert(name.clone()) {
            name = format!("{stem}_{number}{ending}");
            number += 1;
        }
        name
    }
}

/// `hitRatio (1m)` as `hit_ratio_1m`.
pub(super) fn snake(text: &str) -> String {
    let mut out = String::new();
    let mut previous = ' ';
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            // "hitRatio", but not "HTTP".
            if character.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit()) {
                out.push('_');
            }
            out.push(character.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        previous = character;
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// The words of a key.
pub(super) fn words(key: &str) -> Vec<String> {
    snake(key).split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// One of what a plural names.
pub(super) fn singular(plural: &str) -> String {
    let is_plain = |stem: &str| ["s", "x", "z", "ch", "sh"].iter().any(|ending| stem.ends_with(ending));
    if let Some(stem) = plural.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match plural.strip_suffix("es") {
        Some(stem) if is_plain(stem) && stem != "cach" => stem.to_owned(),
        _ if plural.ends_with("ss") || plural.ends_with("us") => plural.to_owned(),
        _ => plural.strip_suffix('s').unwrap_or(plural).to_owned(),
    }
}

/// The rule for a value that the vocabulary has no name for.
pub(super) fn rule(leaf: &Leaf<'_>, meaning: Meaning, names: &mut Names) -> Rule {
    let mut words = path_words(leaf);
    let mut lines = Vec::new();
    let mut notes = vec![meaning.evidence];
    let mut ending = String::new();
    match meaning.kind {
        Kind::Number => {
            if let Some(hint) = of_key(&mut words) {
                lines.extend(hint.unit.map(|unit| format!("unit = {}", quoted(unit))));
                notes.push(hint.note);
                ending = format!("_{}", hint.base);
            }
        }
        Kind::Quantity { suffix, unit } => {
            lines.push("parse = \"quantity\"".to_owned());
            let hint = of_key(&mut words);
            let hinted = hint.as_ref().and_then(|hint| hint.unit).and_then(|unit| unit.parse::<Unit>().ok());
            if let Some(suffix) = &suffix {
                lines.push(format!("suffix = {}", quoted(suffix)));
            }
            if suffix.is_some() || unit.is_none() {
                lines.extend(unit.or(hinted).map(|unit| format!("unit = {}", quoted(&unit.to_string()))));
            }
            let base = unit.map(|unit| base(unit.dimension())).or(hint.map(|hint| hint.base));
            ending = base.map(|base| format!("_{base}")).unwrap_or_default();
            if suffix.is_some() && unit.is_some() {
                notes.push(BINARY);
            }
        }
        Kind::Duration => {
            lines.push("parse = \"duration\"".to_owned());
            of_key(&mut words);
            "_seconds".clone_into(&mut ending);
        }
        Kind::Timestamp => {
            lines.push("parse = \"timestamp\"".to_owned());
            strip(&mut words, &["timestamp", "time", "at", "ts", "date", "epoch", "unix", "ms", "seconds", "utc"]);
            let stem = if words.is_empty() { "timestamp_seconds" } else { "_timestamp_seconds" };
            stem.clone_into(&mut ending);
        }
        Kind::Bool => lines.push("parse = \"bool\"".to_owned()),
        Kind::Length => lines.push("parse = \"length\"".to_owned()),
        Kind::States(states) => {
            let states: Vec<String> = states.iter().map(|state| quoted(state)).collect();
            lines.extend(["type = \"stateset\"".to_owned(), format!("states = [{}]", states.join(", "))]);
            notes.push("add the states that were not seen");
        }
    }
    if meaning.counter {
        lines.insert(0, "type = \"counter\"".to_owned());
        strip(&mut words, &["total", "count", "counter"]);
        words.retain(|word| word != "total");
        ending.push_str("_total");
    } else if ending.is_empty() {
        strip(&mut words, &RESERVED_ENDINGS);
    }
    let only_ending = words.is_empty() && !ending.is_empty();
    if words.is_empty() && ending.is_empty() {
        words.push("value".to_owned());
    }
    let ending = if only_ending { ending.trim_start_matches('_') } else { &ending };
    Rule::of_leaf(leaf, names.give(&words, ending), lines, &notes)
}

/// The words of all keys on the way, each said once.
fn path_words(leaf: &Leaf<'_>) -> Vec<String> {
    let says_nothing = |key: &String| leaf.path.len() > 1 && WRAPPERS.contains(&key.as_str());
    let keys = leaf.path.iter().enumerate().filter(|(index, key)| *index > 0 || !says_nothing(key));
    let mut words: Vec<String> = keys.flat_map(|(_, key)| words(key)).collect();
    words.dedup();
    words
}

fn strip(words: &mut Vec<String>, endings: &[&str]) {
    while words.last().is_some_and(|word| endings.contains(&word.as_str())) {
        words.pop();
    }
}

const BINARY: &str = "taken for multiples of 1024, as most services count; else write kB, MB or GB";

/// The unit that a key names at its end.
struct Hint {
    /// As the mapping writes it; `None` if it is the base unit.
    unit: Option<&'static str>,
    /// What the metric's name ends in.
    base: &'static str,
    note: &'static str,
}

/// Takes the unit off the words, if they end in one. A rate keeps its `per_sec`.
fn of_key(words: &mut Vec<String>) -> Option<Hint> {
    let plain = |unit, base| Some(Hint { unit, base, note: "" });
    let hint = match words.last()?.as_str() {
        _ if words.iter().rev().nth(1).is_some_and(|word| word == "per") => None,
        "ms" | "millis" | "msec" | "milliseconds" => plain(Some("ms"), "seconds"),
        "us" | "micros" | "usec" | "microseconds" => plain(Some("us"), "seconds"),
        "ns" | "nanos" | "nanoseconds" => plain(Some("ns"), "seconds"),
        "s" | "sec" | "secs" | "seconds" => plain(None, "seconds"),
        "minutes" | "mins" => plain(Some("min"), "seconds"),
        "hours" => plain(Some("h"), "seconds"),
        "days" => plain(Some("d"), "seconds"),
        "bytes" => plain(None, "bytes"),
        "kib" => plain(Some("KiB"), "bytes"),
        "mib" => plain(Some("MiB"), "bytes"),
        "gib" => plain(Some("GiB"), "bytes"),
        "kb" => Some(Hint { unit: Some("KiB"), base: "bytes", note: BINARY }),
        "mb" => Some(Hint { unit: Some("MiB"), base: "bytes", note: BINARY }),
        "gb" => Some(Hint { unit: Some("GiB"), base: "bytes", note: BINARY }),
        "percent" | "pct" | "percentage" => plain(Some("percent"), "ratio"),
        "ratio" => plain(None, "ratio"),
        _ => None,
    };
    if hint.is_some() {
        words.pop();
    }
    hint
}

const fn base(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Time => "seconds",
        Dimension::Size => "bytes",
        Dimension::Share => "ratio",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_words() {
        assert_eq!(snake("hitRatio (1m)"), "hit_ratio_1m");
        assert_eq!(snake("HTTPErrors"), "httperrors");
        assert_eq!(snake("__a--b__"), "a_b");
        assert_eq!(snake("\u{e9}t\u{e9}"), "t");
        assert_eq!(words("p95LatencyMs"), ["p95", "latency", "ms"]);
    }

    #[test]
    fn plurals_become_one() {
        for (plural, one) in [
            ("accounts", "account"),
            ("dependencies", "dependency"),
            ("statuses", "status"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("queues", "queue"),
            ("batches", "batch"),
            ("caches", "cache"),
            ("status", "status"),
            ("latency", "latency"),
        ] {
            assert_eq!(singular(plural), one);
        }
    }

    #[test]
    fn a_name_is_given_once_and_never_one_of_the_vocabulary() {
        let mut names = Names::new("pool_");
        let stem = |word: &str| vec![word.to_owned()];
        assert_eq!(names.give(&stem("time"), "_seconds_total"), "pool_time_seconds_total");
        assert_eq!(names.give(&stem("time"), "_seconds_total"), "pool_time_2_seconds_total");
        assert_eq!(names.give(&stem("waiting"), ""), "pool_waiting_2");
    }

    #[test]
    fn units_leave_the_name() {
        let unit = |key: &str| {
            let mut words = words(key);
            let hint = of_key(&mut words);
            (words.join("_"), hint.as_ref().and_then(|hint| hint.unit), hint.map(|hint| hint.base))
        };
        assert_eq!(unit("latencyMs"), ("latency".to_owned(), Some("ms"), Some("seconds")));
        assert_eq!(unit("memory_mb"), ("memory".to_owned(), Some("MiB"), Some("bytes")));
        assert_eq!(unit("uptime_seconds"), ("uptime".to_owned(), None, Some("seconds")));
        assert_eq!(unit("cpu_pct"), ("cpu".to_owned(), Some("percent"), Some("ratio")));
        assert_eq!(unit("ticks_per_sec"), ("ticks_per_sec".to_owned(), None, None));
        assert_eq!(unit("orders"), ("orders".to_owned(), None, None));
    }
}
